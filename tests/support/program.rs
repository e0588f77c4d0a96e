//! A built program as a child: what it prints is collected as it comes, and it ends with the test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::Mark;

/// How long any single thing may take before a test gives up. Generous: a busy machine is no
/// failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running child, killed by its id when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    mark: Mark,
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
        Self::start_with_input(command, Stdio::null())
    }

    /// Starts it with this standard input.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start_with_input(command: &mut Command, input: impl Into<Stdio>) -> Self {
        let mark = Mark::new("TRANSOM_TEST_PROGRAM");
        mark.put_on(command).stdin(input);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program was just built");
        let lines = lines_of(child.stdout.take().expect("stdout is a pipe"));
        let stderr = text_of(child.stderr.take().expect("stderr is a pipe"));
        Self {
            child,
            mark,
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
            let complaint = self.stderr.recv_timeout(PATIENCE).unwrap_or_default();
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

    /// SIGSTOP: its connections stay open and are silent, as if its machine had lost power or
    /// cable.
    ///
    /// # Panics
    /// As [`Self::signal`].
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT: the program goes on after [`Self::freeze`].
    ///
    /// # Panics
    /// As [`Self::signal`].
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it has ended and was waited for.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a child has an id"), signal).expect("the child was not waited for");
    }

    /// Finds this program and all that descends from it, also after its end.
    pub fn mark(&self) -> Mark {
        self.mark.clone()
    }

    /// Waits for its own end, and for that of all that could still write to its output.
    ///
    /// # Panics
    /// When [`PATIENCE`] ends first.
    pub fn finish(mut self) -> Finished {
        let status = self.wait();
        let stderr = self.stderr.recv_timeout(PATIENCE);
        let left = self.mark.running();
        let stderr = stderr.unwrap_or_else(|_| panic!("{left:?} still hold its output"));
        self.seen.extend(self.lines.iter());
        Finished {
            code: status.code(),
            stdout: self.seen.join("\n"),
            stderr,
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
        let complaint = self.stderr.recv_timeout(PATIENCE).unwrap_or_default();
        let lines: Vec<String> = self.lines.try_iter().collect();
        panic!("it did not end: {:#?} {lines:#?}\n{complaint}", self.seen);
    }
}

/// Waits until something is so.
///
/// # Panics
/// When [`PATIENCE`] ends first; `what` is said then.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let last = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < last, "too late: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        // After a failure nothing has to be proven any more, and nothing may stay.
        if thread::panicking() {
            for id in self.mark.running() {
                let id = id.to_string();
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        }
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
