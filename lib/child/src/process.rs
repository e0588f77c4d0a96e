//! One child process, reaped without waiting for it.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::Mutex;

/// Processes whose owner is gone, until they have ended and are reaped. Bounded by how many can be
/// started within the time that a group may take to end.
static ENDING: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// A child process. If it outlives this handle, it is reaped once it has ended, when the next
/// process starts or is dropped.
pub(crate) struct Process {
    /// Taken by the drop only.
    child: Option<Child>,
    #[cfg(unix)]
    id: i32,
}

impl Process {
    /// Takes the command, so that our copies of the pipes it was given are closed.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        reap();
        let child = command.spawn()?;
        Ok(Self {
            #[cfg(unix)]
            // Process ids fit by definition: the kernel's type is the same i32.
            id: child.id().cast_signed(),
            child: Some(child),
        })
    }

    #[cfg(unix)]
    pub(crate) fn id(&self) -> i32 {
        self.id
    }

    /// For its pipes.
    pub(crate) fn child(&mut self) -> Option<&mut Child> {
        self.child.as_mut()
    }

    /// How the process ended, if it has.
    pub(crate) fn status(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().ok().flatten()
    }

    /// Waits for a process that was killed.
    pub(crate) fn wait(&mut self) {
        if let Some(child) = &mut self.child {
            // An error means that there is no such child any more.
            let _ = child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(mut ending) = ENDING.lock() {
            ending.extend(self.child.take());
        }
        reap();
    }
}

/// Forgets the processes that have ended.
fn reap() {
    if let Ok(mut ending) = ENDING.lock() {
        // An error means that there is no such child any more.
        ending.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }
}
