//! A child program on systems without process groups: it ends with the camera, but its own children
//! do not. It offers the same functions as `process_group`.

use std::io;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::command::End;

/// How long [`ProcessGroup::end`] may block. The camera is read on a thread that may.
const POLL: Duration = Duration::from_millis(5);

/// A running program, ended and waited for when dropped.
pub(crate) struct ProcessGroup {
    child: Child,
    end: Option<End>,
}

impl ProcessGroup {
    /// Starts a program with its output piped.
    pub(crate) fn start(mut command: Command) -> io::Result<(Self, ChildStdout)> {
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn()?;
        let output = child.stdout.take();
        let group = Self { child, end: None };
        let output = output.ok_or_else(|| io::Error::other("it has no output"))?;
        Ok((group, output))
    }

    /// How the program ended, if it has.
    pub(crate) fn end(&mut self) -> Option<&End> {
        if self.end.is_none() {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    let message = String::new();
                    self.end = Some(End { status, message });
                }
                _ => std::thread::sleep(POLL),
            }
        }
        self.end.as_ref()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // Both fail only if the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
