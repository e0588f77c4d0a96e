//! A program and all that it starts, as one process group that never outlives this process.
//!
//! ```text
//!                  ┌── process group ─────────────────────────┐
//!   this process ──┼─ pipe ──> watcher (sh, the group leader) │
//!     thread     ──┼─ fork ──> program ──> its own children   │
//!                  └──────────────────────────────────────────┘
//! ```
//!
//! Dropping a [`ProcessGroup`] ends the group: SIGTERM, then SIGKILL after [`GRACE`]. If this
//! process ends without a drop (SIGKILL, abort, `_exit`), the kernel closes the pipe, and the
//! watcher does the same. The parent-death signal of Linux alone would not do: it reaches the
//! program but not its children. A process that leaves the group, as by `setsid`, is out of reach.
//!
//! A killed process that hangs in a driver does not end. Its group is kept in [`Unkillable`], and
//! the same command is not started again before that group has ended: it would hang too.

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::command::{CODE_VARIABLE, End};
use super::messages::Messages;
use crate::sys::{Signal, end_with_this_thread, signal_group};

/// How long a group may take to end by itself. A box that is asked to end has less than a second.
const GRACE: Duration = Duration::from_millis(500);
/// How long a killed process may take to be gone: only one that hangs in a driver needs more.
const KILLED: Duration = Duration::from_millis(500);
/// How often to check whether a group that was asked to end has ended.
const POLL: Duration = Duration::from_millis(20);
/// Whether the members of a group can be listed. On other systems a drop always waits for all of
/// [`GRACE`].
const CAN_LOOK: bool = cfg!(target_os = "linux");
/// What the watcher does. Nothing is ever written to its standard input, so `read` ends with the
/// pipe. Process group 0 is its own group, so the last line also ends the watcher.
const WATCH: &str = "trap '' HUP INT TERM; read -r _; kill -TERM 0; sleep 1; kill -KILL 0";
/// Enough for the thread of [`run`], which only waits.
const STACK_BYTES: usize = 128 * 1024;

/// Limit of groups in [`Unkillable`]. At the limit no command is started at all.
const MAX_UNKILLABLE: usize = 4;

/// A running group. Dropping it waits up to [`GRACE`] and [`KILLED`]: not in a loop.
pub(crate) struct ProcessGroup {
    /// `None` only within the drop.
    group: Option<Group>,
    /// The value received from `ends`.
    end: Option<End>,
    unkillable: &'static Unkillable,
}

impl ProcessGroup {
    /// Starts a program with its output piped. Messages are read if its standard error is piped.
    pub(crate) fn start(command: Command) -> io::Result<(Self, ChildStdout)> {
        static UNKILLABLE: Unkillable = Unkillable::new();
        Self::start_unless(&UNKILLABLE, command)
    }

    fn start_unless(
        unkillable: &'static Unkillable,
        mut command: Command,
    ) -> io::Result<(Self, ChildStdout)> {
        let command_line = command_line(&command);
        unkillable.allow(&command_line)?;
        let (watched, lifeline) = io::pipe()?;
        let watcher = watcher(watched)?;
        let (ended, ends) = sync_channel(1);
        command.stdout(Stdio::piped());
        let group = Group {
            command_line,
            watcher,
            _lifeline: lifeline,
            ends,
        };
        command.process_group(group.id());
        // From here on, dropping the group ends the watcher too.
        let group = Self {
            group: Some(group),
            end: None,
            unkillable,
        };
        let (started, start) = sync_channel(1);
        std::thread::Builder::new()
            .name("child".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || run(command, &started, &ended))?;
        let output = start.recv().map_err(io::Error::other)??;
        Ok((group, output))
    }

    /// How the program ended, if it has. Its children may run on.
    pub(crate) fn end(&mut self) -> Option<&End> {
        if let (None, Some(group)) = (&self.end, &self.group) {
            self.end = group.ends.try_recv().ok();
        }
        self.end.as_ref()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let Some(mut group) = self.group.take() else {
            return;
        };
        if group.kill() {
            group.reap_watcher();
        } else {
            log::warn!("group={} a killed program does not end", group.id());
            self.unkillable.keep(group);
        }
    }
}

/// The processes of a group, and how their end is noticed.
struct Group {
    command_line: Vec<OsString>,
    watcher: Child,
    /// Never written to: open as long as this process lives.
    _lifeline: PipeWriter,
    ends: Receiver<End>,
}

impl Group {
    fn id(&self) -> i32 {
        // Process ids fit by definition: the kernel's type is the same i32.
        self.watcher.id().cast_signed()
    }

    /// Sends SIGTERM, then SIGKILL. True if all processes but the watcher have ended in time.
    fn kill(&self) -> bool {
        let last = Instant::now() + GRACE;
        // The watcher ignores SIGTERM and stays until the end: this process may be killed while it
        // waits here, and the id of the group stays taken.
        signal_group(self.id(), Signal::Terminate);
        if self.ends_by(last) {
            self.wait_for_others(last);
        }
        signal_group(self.id(), Signal::Kill);
        self.is_over_by(Instant::now() + KILLED)
    }

    /// Reaps the watcher, which was killed with its group. This frees the id of the group.
    fn reap_watcher(&mut self) {
        let _ = self.watcher.wait();
    }

    /// Whether all processes but the watcher have ended by then.
    fn is_over_by(&self, last: Instant) -> bool {
        self.ends_by(last) && (!CAN_LOOK || self.wait_for_others(last))
    }

    /// Whether the program has ended by then, or was never started.
    fn ends_by(&self, last: Instant) -> bool {
        let left = last.saturating_duration_since(Instant::now());
        // The thread sends one value, then it ends and so closes the channel.
        !matches!(self.ends.recv_timeout(left), Err(RecvTimeoutError::Timeout))
    }

    /// Waits for all but the watcher; whether they have ended by then.
    fn wait_for_others(&self, last: Instant) -> bool {
        while !CAN_LOOK || has_members(self.id()) {
            if Instant::now() >= last {
                return false;
            }
            std::thread::sleep(POLL);
        }
        true
    }
}

/// Groups that were killed and have not ended. Their watchers are not reaped, so that no other
/// group can get their ids.
struct Unkillable(Mutex<Vec<Group>>);

impl Unkillable {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn groups(&self) -> MutexGuard<'_, Vec<Group>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, group: Group) {
        self.groups().push(group);
    }

    /// Removes the groups that have ended.
    ///
    /// # Errors
    /// A group of the same command has not ended, or there are [`MAX_UNKILLABLE`].
    fn allow(&self, command_line: &[OsString]) -> io::Result<()> {
        let (mut groups, now) = (self.groups(), Instant::now());
        for mut ended in groups.extract_if(.., |group| group.is_over_by(now)) {
            ended.reap_watcher();
        }
        let is_running = |group: &Group| group.command_line == command_line;
        if groups.len() < MAX_UNKILLABLE && !groups.iter().any(is_running) {
            return Ok(());
        }
        let why = "its previous process was killed and does not end: it hangs in a driver";
        Err(io::Error::new(io::ErrorKind::ResourceBusy, why))
    }
}

/// The program and its arguments.
fn command_line(command: &Command) -> Vec<OsString> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(Into::into).collect()
}

/// Whether a group has a member that runs, its leader left out.
fn has_members(group: i32) -> bool {
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
fn runs_in(id: i32) -> Option<i32> {
    let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let is_zombie = fields.next()? == "Z";
    let group = fields.nth(1)?.parse().ok()?;
    (!is_zombie).then_some(group)
}

fn watcher(watched: PipeReader) -> io::Result<Child> {
    watch_command()
        .stdin(watched)
        .spawn()
        .map_err(|why| io::Error::other(format!("sh, which is to watch over it: {why}")))
}

fn watch_command() -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", WATCH])
        .env_remove(CODE_VARIABLE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command
}

/// The thread of one program. The kernel ends the program with the thread that started it, so
/// this thread waits for the end of the program.
fn run(
    mut command: Command,
    started: &SyncSender<io::Result<ChildStdout>>,
    ended: &SyncSender<End>,
) {
    end_with_this_thread(&mut command);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => {
            // The other side waits for it.
            let _ = started.send(Err(why));
            return;
        }
    };
    let output = child.stdout.take();
    let _ = started.send(output.ok_or_else(|| io::Error::other("it has no output")));
    // Without a thread for it, the pipe is closed.
    let messages = child.stderr.take().map(Messages::read);
    let messages = messages.and_then(Result::ok);
    let ended_with = child.wait();
    let message = messages.map(Messages::last).unwrap_or_default();
    if let Ok(status) = ended_with {
        // Fails if the camera was dropped.
        let _ = ended.send(End { status, message });
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// A group that has done what the script does before it prints a line.
    fn started(script: &str) -> (ProcessGroup, ChildStdout) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script);
        let (group, mut output) = ProcessGroup::start(shell).unwrap();
        output.read_exact(&mut [0]).unwrap();
        (group, output)
    }

    #[test]
    fn the_watcher_does_not_get_a_pairing_code() {
        let command = watch_command();
        let mut variables = command.get_envs();
        assert!(variables.any(|variable| variable == (CODE_VARIABLE.as_ref(), None)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn all_of_a_group_ends_with_it() {
        let children = "sleep 600 | sleep 600 & (sleep 600 & sleep 600) &";
        for script in [
            &format!("{children} echo; wait"),
            &format!("trap '' TERM; {children} echo; wait"),
            &format!("{children} (trap '' TERM; sleep 600) & echo; wait"),
            &format!("{children} echo"),
        ] {
            let (group, output) = started(script);
            let id = group.group.as_ref().unwrap().id();
            assert!(has_members(id));
            drop(group);
            assert!(!has_members(id) && runs_in(id).is_none(), "{script}");
            drop(output);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_left_the_group_with_its_messages_does_not_hold_up_the_next_start() {
        // The sleep holds standard error, and is not of the group.
        let mut shell = Command::new("sh");
        shell.args(["-c", "setsid sleep 5 & echo left >&2; echo; sleep 600"]);
        shell.stderr(Stdio::piped());
        let (mut group, mut output) = ProcessGroup::start(shell).unwrap();
        output.read_exact(&mut [0]).unwrap();
        let mut group = group.group.take().unwrap();
        assert!(group.kill());
        group.reap_watcher();
    }

    #[test]
    fn a_program_that_can_not_be_started_leaves_no_watcher() {
        // Only a group that was dropped gives its error, and a drop waits for the watcher.
        let missing = ProcessGroup::start(Command::new("/no/such/program"));
        assert_eq!(missing.err().unwrap().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_command_whose_killed_program_does_not_end_is_not_started_again_before_it_does() {
        static UNKILLABLE: Unkillable = Unkillable::new();
        let start = |seconds| {
            let mut sleep = Command::new("sleep");
            sleep.arg(seconds);
            ProcessGroup::start_unless(&UNKILLABLE, sleep)
        };
        let (mut group, _output) = start("600").unwrap();
        // Stands for a group that was killed and did not end.
        let hanging = group.group.take().unwrap();
        let id = hanging.id();
        UNKILLABLE.keep(hanging);
        for _ in 0..10 {
            let refused = start("600").err().unwrap();
            assert!(refused.to_string().contains("does not end"), "{refused}");
        }
        assert!(start("601").is_ok(), "another command");
        signal_group(id, Signal::Kill);
        let end = Instant::now() + Duration::from_secs(60);
        while start("600").is_err() {
            assert!(Instant::now() < end);
            std::thread::sleep(POLL);
        }
        assert!(UNKILLABLE.groups().is_empty());
    }
}
