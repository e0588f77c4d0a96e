//! A disk for tests, mounted over a folder: each call can fail, lie or take long, writeback can be
//! lost, and the power can be cut.
//!
//! ```
//! use transom_store::faults::{Disk, Op};
//! use transom_store::{Inbox, InboxSettings};
//!
//! # let folder = std::env::temp_dir().join(format!("transom-faults-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! let disk = Disk::mount(&folder);
//! disk.on(Op::MakeFolder).at(".transom-incoming").nth(1).fail(28);
//! let error = Inbox::open(InboxSettings::new(&folder)).unwrap_err();
//! assert_eq!((error.errno(), disk.faults()), (28, 1));
//! # std::fs::remove_dir_all(&folder).unwrap();
//! ```
//!
//! What the files below the folder hold is what the kernel has in memory, and every program sees
//! it. Beside it the disk keeps what was really synced, call by call and no more than POSIX
//! promises: `fsync` of a file brings its bytes and not its name, `fsync` of a folder its names and
//! not the files they name. [`Disk::cut_power`] leaves only that. Writeback errors are told as
//! Linux does (errseq): once to each descriptor that was open when it happened, and to the next one
//! that is opened if it was reported to none yet; once for `fsync` of the file, and once for
//! `syncfs`. The pages count as clean afterwards, so that a second sync succeeds and brings
//! nothing.
//!
//! Files that others make below the folder count as synced at the time of the mount, else as never.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;

use cache::Cache;

mod cache;
#[cfg(test)]
mod tests;

pub use crate::disk::Op;

/// A disk mounted over a folder until it is dropped. What was opened below it keeps to it.
#[derive(Debug)]
pub struct Disk {
    state: Arc<Mutex<State>>,
}

/// The file systems a disk can have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FileSystem {
    /// A local one, whose `syncfs` reaches every file.
    Ext4,
    /// One in user space: `syncfs` does nothing, and a file that is removed while it is open is
    /// only renamed, to `.fuse_hidden` and a number, until it is closed.
    Fuse,
}

/// A call that came to the disk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// Which.
    pub op: Op,
    /// Of what, below the folder; of a rename `from > to`.
    pub path: String,
}

/// A fault to be planned, begun by [`Disk::on`].
#[derive(Debug)]
#[must_use = "it does nothing until it is told what the call does"]
pub struct Fault<'a> {
    disk: &'a Disk,
    rule: Rule,
}

#[derive(Debug)]
struct Rule {
    op: Op,
    /// What the path must hold.
    at: String,
    /// Calls that pass before it begins, and how many it hits then.
    skip: u32,
    hits: u32,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Do,
    Fail(Errno),
    Lie,
    Lose,
    Delay(Duration),
}

#[derive(Debug)]
struct State {
    cache: Cache,
    kind: FileSystem,
    rules: Vec<Rule>,
    calls: Vec<Call>,
    faults: u32,
    /// Changes that still pass, if the disk is to stop.
    passing: Option<usize>,
}

impl Disk {
    /// Mounts a disk over a folder that is there. Everything in it counts as synced.
    ///
    /// # Panics
    /// The folder can't be read.
    pub fn mount(at: &Path) -> Self {
        let at = at.canonicalize().expect("the folder is there");
        let state = Arc::new(Mutex::new(State {
            cache: Cache::of(&at),
            kind: FileSystem::Ext4,
            rules: Vec::new(),
            calls: Vec::new(),
            faults: 0,
            passing: None,
        }));
        lock(&MOUNTED).push((at, Arc::downgrade(&state)));
        Self { state }
    }

    /// Has that file system from now on. The first is [`FileSystem::Ext4`].
    pub fn format(&self, kind: FileSystem) {
        self.state().kind = kind;
    }

    /// Plans a fault for these calls.
    pub fn on(&self, op: Op) -> Fault<'_> {
        Fault {
            disk: self,
            rule: Rule {
                op,
                at: String::new(),
                skip: 0,
                hits: u32::MAX,
                outcome: Outcome::Do,
            },
        }
    }

    /// From now on the kernel can't write back any file whose path holds that: a sync or
    /// [`Disk::write_back`] drops the bytes, and the error is told by errseq.
    pub fn lose(&self, path: &str) {
        self.state().cache.lose(path);
    }

    /// The kernel writes dirty bytes back in the background; names it does not.
    pub fn write_back(&self) {
        self.write_back_of("");
    }

    /// The same for the files whose path holds that: the kernel writes in any order.
    pub fn write_back_of(&self, path: &str) {
        self.state().cache.write_back(path);
    }

    /// After so many more changes every further one fails with EIO, as before a power cut. Looks
    /// pass.
    pub fn stop_after(&self, changes: usize) {
        self.state().passing = Some(changes);
    }

    /// Whether a change came after [`Disk::stop_after`] had counted to its end.
    pub fn has_stopped(&self) -> bool {
        self.state().passing == Some(0)
    }

    /// No more faults: forgets what was planned, lost or stopped.
    pub fn heal(&self) {
        let mut state = self.state();
        (state.rules, state.passing) = (Vec::new(), None);
        state.cache.heal();
    }

    /// Cuts the power and turns it on again: what was not synced is gone, and the disk is healed.
    /// What is still open belongs to the time before and is to be dropped.
    ///
    /// # Panics
    /// The folder can't be written.
    pub fn cut_power(&self) {
        self.heal();
        self.state()
            .cache
            .cut_power()
            .expect("the folder can be written");
    }

    /// The same, and the process ends with the power, before any further call.
    ///
    /// # Panics
    /// The folder can't be written.
    pub fn cut_power_for_good(&self) -> ! {
        let mut state = self.state();
        let cut = state.cache.cut_power();
        cut.expect("the folder can be written");
        std::process::exit(0)
    }

    /// The calls that came since the mount or the last time, in their order; those that failed too.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// How many calls failed, were lied to, lost bytes or were delayed, by plan or since the disk
    /// stopped.
    pub fn faults(&self) -> u32 {
        self.state().faults
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        lock(&MOUNTED).retain(|(_, state)| !std::ptr::eq(state.as_ptr(), Arc::as_ptr(&self.state)));
    }
}

impl Fault<'_> {
    /// Only where the path holds that.
    pub fn at(mut self, path: &str) -> Self {
        self.rule.at = path.to_owned();
        self
    }

    /// Only the nth such call from now on; the first is 1.
    pub fn nth(mut self, number: u32) -> Self {
        (self.rule.skip, self.rule.hits) = (number.saturating_sub(1), 1);
        self
    }

    /// After [`Fault::nth`]: that call and those after it, so many in all.
    pub fn times(mut self, hits: u32) -> Self {
        self.rule.hits = hits;
        self
    }

    /// The call fails with that error number and does nothing.
    pub fn fail(self, errno: i32) {
        self.plan(Outcome::Fail(Errno::from_raw_os_error(errno)));
    }

    /// The call says that it succeeded and does nothing.
    ///
    /// # Panics
    /// It is one that gives something, which no lie can.
    pub fn lie(self) {
        assert!(
            !GIVES.contains(&self.rule.op),
            "{:?} gives something",
            self.rule.op
        );
        self.plan(Outcome::Lie);
    }

    /// Right before the call the kernel fails to write back all that is dirty. The call is done.
    pub fn lose(self) {
        self.plan(Outcome::Lose);
    }

    /// The call takes so much longer, and is done then. Calls of other threads go on meanwhile.
    pub fn delay(self, time: Duration) {
        self.plan(Outcome::Delay(time));
    }

    fn plan(mut self, outcome: Outcome) {
        self.rule.outcome = outcome;
        self.disk.state().rules.push(self.rule);
    }
}

impl State {
    /// Takes note of a call and gives what is to become of it.
    fn decide(&mut self, op: Op, path: String) -> Outcome {
        let outcome = match self.stopped(op) {
            true => Outcome::Fail(Errno::IO),
            false => self.planned(op, &path),
        };
        self.faults += u32::from(outcome != Outcome::Do);
        self.calls.push(Call { op, path });
        if outcome == Outcome::Lose {
            self.cache.lose_dirty();
            return Outcome::Do;
        }
        outcome
    }

    fn stopped(&mut self, op: Op) -> bool {
        let looks = [Op::List, Op::Lock, Op::Open, Op::Read, Op::Space];
        match &mut self.passing {
            Some(passing) if !looks.contains(&op) => {
                let stopped = *passing == 0;
                *passing = passing.saturating_sub(1);
                stopped
            }
            _ => false,
        }
    }

    fn planned(&mut self, op: Op, path: &str) -> Outcome {
        let of_it = |rule: &&mut Rule| rule.op == op && path.contains(&rule.at);
        for rule in self.rules.iter_mut().filter(of_it) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.hits > 0 {
                rule.hits -= 1;
                return rule.outcome;
            }
        }
        Outcome::Do
    }
}

/// Calls that give what a lie would have to make up.
const GIVES: [Op; 6] = [
    Op::Create,
    Op::List,
    Op::Lock,
    Op::Open,
    Op::Read,
    Op::Space,
];

/// A descriptor on a disk that is mounted.
#[derive(Debug)]
pub(crate) struct Watch {
    state: Arc<Mutex<State>>,
    number: u64,
}

/// The disk that is mounted over an open file or folder.
pub(crate) fn mounted_over(file: &fs::File) -> Option<Watch> {
    let mounted = lock(&MOUNTED);
    if mounted.is_empty() {
        return None;
    }
    let path = path_of(file);
    let over = mounted.iter().rev().find(|(at, _)| path.starts_with(at));
    let state = over?.1.upgrade()?;
    let number = lock(&state).cache.opened(file, false);
    Some(Watch { state, number })
}

impl Watch {
    /// Something below was opened or made.
    pub(crate) fn opened(&self, op: Op, file: &fs::File) -> Self {
        let number = lock(&self.state).cache.opened(file, op == Op::Create);
        let state = Arc::clone(&self.state);
        Self { state, number }
    }

    /// Takes note of a call, waits if it is to be delayed, and gives what is to become of it.
    fn decide(
        &self,
        op: Op,
        path: impl FnOnce(&Cache) -> String,
    ) -> (MutexGuard<'_, State>, Outcome) {
        let mut state = lock(&self.state);
        let path = path(&state.cache);
        match state.decide(op, path) {
            Outcome::Delay(time) => {
                drop(state);
                thread::sleep(time);
                (lock(&self.state), Outcome::Do)
            }
            outcome => (state, outcome),
        }
    }

    pub(crate) fn query<T, E: From<Errno>>(
        &self,
        op: Op,
        name: &OsStr,
        file: &fs::File,
        call: impl FnOnce(&fs::File) -> Result<T, E>,
    ) -> Result<T, E> {
        // The lock is kept until the call is over.
        let (_state, outcome) = self.decide(op, |cache| cache.path(file, name));
        match outcome {
            Outcome::Fail(errno) => Err(errno.into()),
            _ => call(file),
        }
    }

    pub(crate) fn command<E: From<Errno>>(
        &self,
        op: Op,
        name: &OsStr,
        file: &fs::File,
        call: impl FnOnce(&fs::File) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut state, outcome) = self.decide(op, |cache| cache.path(file, name));
        match outcome {
            Outcome::Fail(errno) => return Err(errno.into()),
            Outcome::Lie => return Ok(()),
            _ => {}
        }
        let kind = state.kind;
        let cache = &mut state.cache;
        match (op, kind) {
            // The disk is this one, so nothing is to be brought to the one below.
            (Op::SyncFile, _) => Ok(cache.sync_file(self.number, file, true)?),
            (Op::SyncData, _) => Ok(cache.sync_file(self.number, file, false)?),
            (Op::SyncFolder, _) => Ok(cache.sync_folder(self.number, file)?),
            (Op::SyncAll, FileSystem::Ext4) => Ok(cache.sync_all(self.number)?),
            (Op::SyncAll, FileSystem::Fuse) => Ok(()),
            (Op::DropCache, _) => {
                cache.drop_pages(self.number, file);
                Ok(())
            }
            (Op::Remove, FileSystem::Fuse) if cache.hide(file, name)? => Ok(()),
            _ => {
                call(file)?;
                cache.changed(op, self.number, file, name);
                Ok(())
            }
        }
    }

    pub(crate) fn rename(
        &self,
        (from, name): (&fs::File, &OsStr),
        (to, new): (&fs::File, &OsStr),
        call: impl FnOnce(&fs::File, &fs::File) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let (_state, outcome) = self.decide(Op::Rename, |cache| {
            let old = cache.path(from, name);
            format!("{old} > {}", cache.path(to, new))
        });
        match outcome {
            Outcome::Fail(errno) => Err(errno),
            Outcome::Lie => Ok(()),
            _ => call(from, to),
        }
    }

    pub(crate) fn file_system(&self) -> u32 {
        match lock(&self.state).kind {
            FileSystem::Ext4 => 0xef53,
            FileSystem::Fuse => 0x6573_5546,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.state).cache.closed(self.number);
    }
}

type Mount = (PathBuf, Weak<Mutex<State>>);

/// The disks that are mounted; none outside of tests.
static MOUNTED: Mutex<Vec<Mount>> = Mutex::new(Vec::new());

/// A test that fails while it holds a lock is not to hide behind those of others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where an open file or folder is now; empty where the system doesn't tell.
fn path_of(file: &fs::File) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or_default()
}
