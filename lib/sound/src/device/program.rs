//! A command run by the shell, and all that it starts, ended and reaped without blocking.
//!
//! ```text
//!                 ┌── process group ─────────────────────┐
//!   this process ─┼─ lifeline ─> watcher (group leader)   │
//!                ─┼─ pipe ─────> sh -c COMMAND ─> children │
//!                 └───────────────────────────────────────┘
//! ```
//!
//! When a [`Program`] is dropped, or this process ends in any way, the kernel closes the lifeline:
//! then the watcher sends its group SIGTERM, and SIGKILL half a second later. So a drop has nothing
//! to wait for. A program that reads has met the end of its input by then, and gets a second to
//! finish what it does, as an encoder must. Processes that have ended are reaped when the next
//! command starts or ends.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What the watcher does. Nothing is ever written to its standard input, so `read` ends with the
/// lifeline. Process group 0 is its own group, so the last line also ends the watcher. The first
/// argument is the time to finish in seconds.
const WATCH: &str =
    "trap '' HUP INT TERM; read -r _; sleep \"$1\"; kill -TERM 0; sleep 0.5; kill -KILL 0";
/// The variable that holds a pairing code for our own programs: a secret that no program that they
/// start is to have.
const CODE_VARIABLE: &str = "TRANSOM_CODE";
/// How long a program whose pipe has ended may take to end: then it is known how it did.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Bytes of a message that are kept.
const MAX_MESSAGE_BYTES: usize = 512;
/// Bytes of messages that are read at once: more wait in the pipe.
const MESSAGE_CHUNK: usize = 4096;

/// Programs that were told to end, until they are reaped. Bounded by how many can be started within
/// the time that the watcher takes.
static ENDING: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// A running program.
pub(super) struct Program {
    /// Both are taken by the drop only.
    children: Vec<Child>,
    status: Option<ExitStatus>,
    messages: Messages,
    /// Once its pipe has ended: how long the end of the program is waited for.
    ended_by: Option<Instant>,
    /// Never written to: open as long as the program is wanted.
    _lifeline: PipeWriter,
}

/// Which pipe of the program is wanted: an input is taken from the child.
pub(super) enum Wanted {
    Input,
    /// Into this pipe, which the caller has made as small as it wants.
    Output(PipeWriter),
}

impl Program {
    /// Starts a command of the user's. The caller takes the wanted pipe from the child.
    pub(super) fn start(command: &str, wanted: Wanted) -> io::Result<(Self, Child)> {
        reap();
        let (watched, lifeline) = io::pipe()?;
        let (input, output, finish) = match wanted {
            Wanted::Input => (Stdio::piped(), Stdio::null(), "1"),
            Wanted::Output(pipe) => (Stdio::null(), pipe.into(), "0"),
        };
        let watcher = watcher(watched, finish)?;
        // Process ids fit by definition: the kernel's type is the same i32.
        let group = watcher.id().cast_signed();
        let mut program = Self {
            children: vec![watcher],
            status: None,
            messages: Messages::default(),
            ended_by: None,
            _lifeline: lifeline,
        };
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(command)
            .stdin(input)
            .stdout(output)
            .stderr(Stdio::piped())
            .env_remove(CODE_VARIABLE)
            .process_group(group)
            .spawn()?;
        program.messages.listen_to(child.stderr.take())?;
        Ok((program, child))
    }

    /// Keeps the child whose pipe the caller has taken.
    pub(super) fn keep(&mut self, child: Child) {
        self.children.push(child);
    }

    /// Reads the messages of the program, so that it is never held up by them.
    pub(super) fn listen(&mut self) {
        self.messages.read();
    }

    /// Whether the program has ended. Its children may run on.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.status.is_none()
            && let Some(child) = self.children.get_mut(1)
        {
            self.status = child.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    /// The pipe of the program has ended: tells how the program did, once that is known.
    pub(super) fn end(&mut self, now: Instant) -> Option<String> {
        let last = *self.ended_by.get_or_insert(now + LAST_WORDS);
        self.has_ended();
        self.messages.read();
        let how = match self.status {
            Some(status) if status.success() => "the command ended".to_owned(),
            Some(status) => format!("the command ended with {status}"),
            None if now < last => return None,
            None => "the command closed its pipe".to_owned(),
        };
        Some(match self.messages.last() {
            "" => how,
            message => format!("{how}: {message}"),
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Ok(mut ending) = ENDING.lock() {
            ending.append(&mut self.children);
        }
        reap();
    }
}

/// Forgets the programs that have ended.
fn reap() {
    if let Ok(mut ending) = ENDING.lock() {
        // An error means that there is no such child any more.
        ending.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }
}

fn watcher(watched: PipeReader, finish: &str) -> io::Result<Child> {
    watch_command(finish).stdin(watched).spawn()
}

fn watch_command(finish: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", WATCH, "watcher", finish])
        .env_remove(CODE_VARIABLE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command
}

/// The standard error of a program, of which the last line is kept.
#[derive(Default)]
struct Messages {
    pipe: Option<ChildStderr>,
    line: Vec<u8>,
    last: String,
}

impl Messages {
    fn listen_to(&mut self, pipe: Option<ChildStderr>) -> io::Result<()> {
        if let Some(pipe) = &pipe {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        self.pipe = pipe;
        Ok(())
    }

    fn read(&mut self) {
        let mut chunk = [0; MESSAGE_CHUNK];
        let Some(pipe) = &mut self.pipe else { return };
        match pipe.read(&mut chunk) {
            Ok(0) => self.pipe = None,
            Ok(count) => self.take(&chunk[..count]),
            // None now; any other error leaves what was said before.
            Err(_) => {}
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end_line();
            } else if self.line.len() < MAX_MESSAGE_BYTES {
                self.line.push(byte);
            }
        }
    }

    fn end_line(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        // A program may send control sequences of terminals.
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        if !text.is_empty() {
            self.last = text;
        }
        self.line.clear();
    }

    fn last(&mut self) -> &str {
        self.end_line();
        &self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watcher_does_not_get_a_pairing_code() {
        let command = watch_command("1");
        let mut variables = command.get_envs();
        assert!(variables.any(|variable| variable == (CODE_VARIABLE.as_ref(), None)));
    }
}
