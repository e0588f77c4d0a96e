//! A program in the background that never outlives the command that started it.
//! It is ended by its own id, never by a name.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};
use crate::step::written;

/// Ended and waited for when dropped.
pub(crate) struct Background {
    child: Child,
    name: String,
    lines: Receiver<(Instant, String)>,
}

impl Background {
    /// Starts it with its standard output kept for [`Self::line`].
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        let name = written(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context(&name)?;
        let (sender, lines) = mpsc::channel();
        let output = child.stdout.take();
        thread::spawn(move || {
            let lines = output.into_iter().flat_map(|o| BufReader::new(o).lines());
            for line in lines.map_while(Result::ok) {
                // Nobody reads on once the child was ended.
                let _ = sender.send((Instant::now(), line));
            }
        });
        Ok(Self { child, name, lines })
    }

    /// The next line it prints that `picks` takes, within that time.
    pub(crate) fn line<T>(
        &self,
        patience: Duration,
        picks: impl Fn(&str) -> Option<T>,
    ) -> Outcome<T> {
        let last = Instant::now() + patience;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            if let Some(picked) = picks(&self.next(left)?.1) {
                return Ok(picked);
            }
        }
    }

    /// The next line of that kind with the time of its coming.
    pub(crate) fn timed_line(
        &self,
        patience: Duration,
        is_it: impl Fn(&str) -> bool,
    ) -> Outcome<(Instant, String)> {
        let last = Instant::now() + patience;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            let line = self.next(left)?;
            if is_it(&line.1) {
                return Ok(line);
            }
        }
    }

    fn next(&self, patience: Duration) -> Outcome<(Instant, String)> {
        self.lines.recv_timeout(patience).map_err(|why| {
            Failure::new(format!("{}: did not say what it should: {why}", self.name))
        })
    }

    /// All lines until it ends, or until that time, each with the time of its coming.
    pub(crate) fn lines_until(&self, last: Instant) -> Vec<(Instant, String)> {
        let mut lines = Vec::new();
        loop {
            let left = last.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => lines.push(line),
                Err(_) => return lines,
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        self.child.try_wait().context(&self.name)
    }

    /// Waits for its end; an end that is no success is a failure.
    pub(crate) fn finish(mut self) -> Outcome {
        let status = self.child.wait().context(&self.name)?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::new(format!("{}: {status}", self.name))),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
