//! The process group of a program, led by the watcher.

use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::process::{ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::Ending;
use crate::process::Process;

/// From SIGTERM to SIGKILL. A box that is asked to end has less than a second.
const GRACE: Duration = Duration::from_millis(500);
/// How long a killed process may take to be gone: only one that hangs in a driver needs more.
const KILLED: Duration = Duration::from_millis(500);
/// How often a group that was asked to end is looked at.
const POLL: Duration = Duration::from_millis(10);
/// Whether the members of a group can be listed: on other systems a group has all of [`GRACE`].
const CAN_LIST: bool = cfg!(target_os = "linux");
/// What the watcher does; its arguments are the seconds before SIGTERM and before SIGKILL. Nothing
/// is ever written to its standard input, so `read` ends with the lifeline. Process group 0 is its
/// own group, so the last command also ends the watcher.
const WATCH: &str =
    "trap '' HUP INT TERM; read -r _; sleep \"$1\"; kill -TERM 0; sleep \"$2\"; kill -KILL 0";

/// A group with its watcher. A drop closes the lifeline, so that the watcher ends the group.
pub(crate) struct Group {
    watcher: Process,
    waits: bool,
    /// Never written to: open as long as the group is wanted.
    _lifeline: PipeWriter,
}

impl Group {
    pub(crate) fn new(ending: Ending) -> io::Result<Self> {
        let (waits, finish) = match ending {
            Ending::Wait => (true, Duration::ZERO),
            Ending::Background { finish } => (false, finish),
        };
        let (watched, lifeline) = io::pipe()?;
        let mut command = Command::new("sh");
        command
            .args(["-c", WATCH, "watcher"])
            .args([finish, GRACE].map(|time| time.as_secs_f32().to_string()))
            .stdin(watched)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let watcher = Process::start(command)
            .map_err(|why| io::Error::other(format!("sh, which is to watch over it: {why}")))?;
        Ok(Self {
            watcher,
            waits,
            _lifeline: lifeline,
        })
    }

    /// Makes a program that is to be started a member.
    pub(crate) fn take_in(&self, command: &mut Command) {
        command.process_group(self.id());
    }

    /// Ends all members at once.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.watcher.wait();
    }

    /// Ends the program and all that it started, if the drop is to wait for that; else the watcher
    /// does, once the lifeline is closed.
    pub(crate) fn end(&mut self, program: &mut Process) {
        if !self.waits {
            return;
        }
        // The watcher ignores this. It stays until nothing else is left: this process may be
        // killed while it waits here, and the group's id can't be given to another group.
        self.signal(Signal::TERM);
        wait_until(GRACE, || {
            program.status().is_some() && CAN_LIST && !has_members(self.id())
        });
        self.signal(Signal::KILL);
        let has_ended = wait_until(KILLED, || {
            program.status().is_some() && !(CAN_LIST && has_members(self.id()))
        });
        if !has_ended {
            log::warn!("group={} a killed program does not end", self.id());
        }
        self.watcher.wait();
    }

    pub(crate) fn id(&self) -> i32 {
        self.watcher.id()
    }

    /// The watcher is reaped last, so the id is still that of this group. A group without
    /// processes is no error.
    fn signal(&self, signal: Signal) {
        if let Some(group) = Pid::from_raw(self.id()) {
            let _ = kill_process_group(group, signal);
        }
    }
}

/// Makes reads of this pipe return instead of waiting.
pub(crate) fn readable_without_waiting(pipe: &ChildStderr) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(pipe, true)?)
}

/// Whether this came about in time.
fn wait_until(patience: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let last = Instant::now() + patience;
    loop {
        if is_so() {
            return true;
        }
        if Instant::now() >= last {
            return false;
        }
        std::thread::sleep(POLL);
    }
}

/// Whether a group has a member that runs, its leader left out.
pub(crate) fn has_members(group: i32) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    let mut ids = processes
        .flatten()
        .filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.any(|id| id != group && runs_in(id) == Some(group))
}

/// The group of a process that runs. Its `stat` is "ID (NAME) STATE PARENT GROUP ...", and a name
/// may contain anything.
pub(crate) fn runs_in(id: i32) -> Option<i32> {
    let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let is_zombie = fields.next()? == "Z";
    let group = fields.nth(1)?.parse().ok()?;
    (!is_zombie).then_some(group)
}
