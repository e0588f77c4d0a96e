//! A built program as a child: what it prints is collected as it comes, and it ends with the test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long any single thing may take before a test gives up. Generous: a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running child, killed by its id when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    stderr: Receiver<String>,
}

/// A child that ended by itself.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// All it printed.
    pub stdout: String,
    /// All it complained.
    pub stderr: String,
}

impl Program {
    /// Starts it without a standard input.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program was just built");
        let lines = lines_of(child.stdout.take().expect("stdout is a pipe"));
        let stderr = text_of(child.stderr.take().expect("stderr is a pipe"));
        Self {
            child,
            lines,
            seen: Vec::new(),
            stderr,
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next object it prints whose `event` is this; others before it are passed over.
    ///
    /// # Panics
    /// When it ends, or [`PATIENCE`] does, before that.
    pub fn event(&mut self, event: &str) -> Value {
        self.event_where(event, |_| true)
    }

    /// The same, and the object is as wanted.
    ///
    /// # Panics
    /// As [`Self::event`].
    pub fn event_where(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until(event, |line| {
            let value: Value = serde_json::from_str(line).unwrap_or_default();
            (value["event"] == event && wanted(&value)).then_some(value)
        })
    }

    /// What comes of the first line that is taken.
    fn until<T>(&mut self, what: &str, take: impl Fn(&str) -> Option<T>) -> T {
        let last = Instant::now() + PATIENCE;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            let problem = match self.lines.recv_timeout(left) {
                Ok(line) => {
                    let taken = take(&line);
                    self.seen.push(line);
                    match taken {
                        Some(taken) => return taken,
                        None => continue,
                    }
                }
                Err(RecvTimeoutError::Timeout) => "too late",
                Err(RecvTimeoutError::Disconnected) => "ended",
            };
            // Killed first, so that what it complained of is complete.
            self.kill();
            let complaint = self.stderr.recv().unwrap_or_default();
            panic!("{problem} before {what}: {:#?}\n{complaint}", self.seen);
        }
    }

    /// The next line it prints that holds this text; others before it are passed over.
    ///
    /// # Panics
    /// As [`Self::event`].
    pub fn line_with(&mut self, text: &str) -> String {
        self.until(text, |line| line.contains(text).then(|| line.to_owned()))
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL: no last words, no clean-up.
    pub fn kill(&mut self) {
        // Fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end (SIGTERM), as a service manager does.
    ///
    /// # Panics
    /// As [`Self::signal`].
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it has ended and was waited for.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a child has an id"), signal).expect("the child was not waited for");
    }

    /// Waits for its own end.
    ///
    /// # Panics
    /// When [`PATIENCE`] ends first.
    pub fn finish(mut self) -> Finished {
        let status = self.wait();
        self.seen.extend(self.lines.iter());
        Finished {
            code: status.code(),
            stdout: self.seen.join("\n"),
            stderr: self.stderr.recv().unwrap_or_default(),
        }
    }

    fn wait(&mut self) -> ExitStatus {
        let last = Instant::now() + PATIENCE;
        while Instant::now() < last {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
        let lines: Vec<String> = self.lines.iter().collect();
        let complaint = self.stderr.recv().unwrap_or_default();
        panic!("it did not end: {:#?} {lines:#?}\n{complaint}", self.seen);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Finished {
    /// The only line on stderr.
    ///
    /// # Panics
    /// When there is none, or more than one.
    pub fn complaint(&self) -> &str {
        let mut lines = self.stderr.lines();
        let line = lines.next().unwrap_or_default();
        assert!(!line.is_empty(), "no complaint: {self:?}");
        assert_eq!(lines.next(), None, "more than one line: {self:?}");
        line
    }
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            // The test has its answer and listens no more.
            if sender.send(text).is_err() {
                break;
            }
            line.clear();
        }
    });
    receiver
}

fn text_of(mut output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = output.read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
