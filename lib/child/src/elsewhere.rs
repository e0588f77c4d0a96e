//! A program where there are no process groups: it is ended alone. Twin of `unix`.

use std::io;
use std::process::{ChildStderr, Command, Stdio};

use crate::Ending;
use crate::process::Process;

pub(crate) struct Group;

impl Group {
    pub(crate) fn new(_: Ending) -> io::Result<Self> {
        Ok(Self)
    }

    /// Messages can't be read here without waiting for them: they go where ours go.
    pub(crate) fn take_in(&self, command: &mut Command) {
        command.stderr(Stdio::inherit());
    }

    pub(crate) fn kill(&mut self) {}

    pub(crate) fn end(&mut self, program: &mut Process) {
        if let Some(child) = program.child() {
            // Fails only if it has ended already.
            let _ = child.kill();
        }
        program.wait();
    }
}

pub(crate) fn readable_without_waiting(_: &ChildStderr) -> io::Result<()> {
    Ok(())
}
