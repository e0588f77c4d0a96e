//! A running program and how it is ended.

use std::io;
use std::process::{ChildStdin, ChildStdout, Command};
use std::time::{Duration, Instant};

use crate::group::{Group, readable_without_waiting};
use crate::messages::Messages;
use crate::process::Process;

/// How long a program whose pipe has ended may take to end: then it is known how it did.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a [`Program`] and all that it started are ended when it is dropped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// The drop waits until all have ended, at most a second: what they held, such as a camera, is
    /// then free to be opened again. For a thread that may wait.
    Wait,
    /// The drop returns at once (only on Unix: elsewhere it waits). The program has this long to
    /// finish by itself before SIGTERM, as an encoder must whose input has ended.
    Background {
        /// Zero ends the program now.
        finish: Duration,
    },
}

/// A running program. Dropping it ends the program and all that it started.
pub struct Program {
    process: Process,
    group: Group,
    messages: Messages,
    /// Which pipe the caller has: named where it is told that the pipe has ended.
    pipe: &'static str,
    /// Once the pipe has ended: how long the end of the program is waited for.
    ended_by: Option<Instant>,
}

impl Program {
    /// Starts a program. The caller decides in the command which of its pipes are piped; messages
    /// are read if its standard error is (on Unix only: elsewhere they go where ours go).
    ///
    /// # Errors
    /// Those of [`Command::spawn`], and [`io::ErrorKind::Other`] if there is no `sh` to watch over
    /// the program.
    pub fn start(mut command: Command, ending: Ending) -> io::Result<Self> {
        let mut group = Group::new(ending)?;
        group.take_in(&mut command);
        let started = Process::start(command).and_then(|mut process| {
            let child = process.child();
            let pipe = child.and_then(|child| child.stderr.take());
            pipe.as_ref().map_or(Ok(()), readable_without_waiting)?;
            Ok((process, Messages::new(pipe)))
        });
        let (mut process, messages) = started.inspect_err(|_| group.kill())?;
        let reads = process.child().is_some_and(|child| child.stdin.is_some());
        Ok(Self {
            process,
            group,
            messages,
            pipe: if reads { "input" } else { "output" },
            ended_by: None,
        })
    }

    /// The pipe that the program reads.
    ///
    /// # Errors
    /// If it was not piped, or taken before.
    pub fn take_input(&mut self) -> io::Result<ChildStdin> {
        let child = self.process.child();
        let input = child.and_then(|child| child.stdin.take());
        input.ok_or_else(|| io::Error::other("its input is not piped"))
    }

    /// The pipe that the program writes.
    ///
    /// # Errors
    /// If it was not piped, or taken before.
    pub fn take_output(&mut self) -> io::Result<ChildStdout> {
        let child = self.process.child();
        let output = child.and_then(|child| child.stdout.take());
        output.ok_or_else(|| io::Error::other("its output is not piped"))
    }

    /// Reads the messages of the program and hands on each line. To be called often: a program
    /// that nobody listens to is held up once its pipe is full. Never blocks.
    pub fn listen(&mut self, heard: impl FnMut(&str)) {
        self.messages.read(heard);
    }

    /// Whether the program has ended. Its children may run on.
    pub fn has_ended(&mut self) -> bool {
        self.process.status().is_some()
    }

    /// To be asked once the pipe of the program has ended: how the program did, with its last
    /// message. `None` while the program still runs, for at most a second.
    pub fn how_it_ended(&mut self, now: Instant) -> Option<String> {
        let last = *self.ended_by.get_or_insert(now + LAST_WORDS);
        let how = match self.process.status() {
            Some(status) if status.success() => "the command ended".to_owned(),
            Some(status) => format!("the command ended with {status}"),
            None if now < last => return None,
            None => format!("the command closed its {}", self.pipe),
        };
        // After the status: whatever the program wrote is in the pipe by then.
        self.messages.read(|_| {});
        Some(match self.messages.last() {
            "" => how,
            message => format!("{how}: {message}"),
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.group.end(&mut self.process);
    }
}

/// A command of the user's, to be run by the shell.
pub fn shell(command: &str) -> Command {
    let (program, option) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let mut shell = Command::new(program);
    shell.arg(option).arg(command);
    shell
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
