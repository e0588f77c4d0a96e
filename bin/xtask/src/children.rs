//! A program in the background that never outlives the command that started it. It is killed by its
//! process id, never by name.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};
use crate::step::written;

/// Dropping it kills the program and waits for it.
pub(crate) struct Background {
    child: Child,
    name: String,
    lines: Receiver<(Instant, String)>,
}

impl Background {
    /// Starts the program. [`Self::line`] reads its standard output.
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        let name = written(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context(&name)?;
        let (sender, lines) = mpsc::channel();
        let output = child.stdout.take();
        thread::spawn(move || {
            let lines = output.into_iter().flat_map(|o| BufReader::new(o).lines());
            for line in lines.map_while(Result::ok) {
                // Fails once the receiver is gone, after the child was killed.
                let _ = sender.send((Instant::now(), line));
            }
        });
        Ok(Self { child, name, lines })
    }

    /// Waits for the next line for which `picks` returns `Some`, at most for `timeout`.
    pub(crate) fn line<T>(
        &self,
        timeout: Duration,
        picks: impl Fn(&str) -> Option<T>,
    ) -> Outcome<T> {
        let last = Instant::now() + timeout;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            if let Some(picked) = picks(&self.next(left)?.1) {
                return Ok(picked);
            }
        }
    }

    /// Waits for the next line that `is_it` accepts. Returns the time at which it was read, too.
    pub(crate) fn timed_line(
        &self,
        timeout: Duration,
        is_it: impl Fn(&str) -> bool,
    ) -> Outcome<(Instant, String)> {
        let last = Instant::now() + timeout;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            let line = self.next(left)?;
            if is_it(&line.1) {
                return Ok(line);
            }
        }
    }

    fn next(&self, timeout: Duration) -> Outcome<(Instant, String)> {
        self.lines.recv_timeout(timeout).map_err(|why| {
            Failure::new(format!(
                "{}: the expected line did not come: {why}",
                self.name
            ))
        })
    }

    /// All lines until the program ends, or until `last`, each with the time at which it was read.
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

    /// The exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        self.child.try_wait().context(&self.name)
    }

    /// Waits until it ends; an exit status other than 0 is a failure.
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
        // Both fail only if the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
