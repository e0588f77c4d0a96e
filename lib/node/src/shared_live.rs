//! What programs of one owner on this machine tell each other: that a call is live, so that file data
//! of every connection keep the queues short, and that files move, so that a camera whose pictures
//! were lowered knows when that load is gone.
//!
//! Each is a [`Mark`] in the owner's state folder and in the runtime folder.
//!
//! ```text
//!                          mark of calls            mark of files
//!   our call is live       set, until it is set     looked at every 500 ms
//!   our files move         looked at every 50 ms    set, until it is set
//!   both                   set                      set
//!   neither                nothing: no system calls at all
//! ```

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom_store::Mark;

use crate::context::earlier;
use crate::live_marks::{Elsewhere, Need};

/// How often the mark of calls is looked at while files move and no call of ours is live: two system
/// calls a file and look. A call that begins in another program waits so long at most, about one and
/// a half pictures.
const LOOK_FOR_CALLS: Duration = Duration::from_millis(50);

/// The same for the mark of files while a call of ours is live. Its answer decides whether pictures
/// are raised after seconds or half a minute.
const LOOK_FOR_FILES: Duration = Duration::from_millis(500);

/// A mark that was just found set is looked at again after this, since a program that looks in the
/// same moment seems to have set it.
const CONFIRM: Duration = Duration::from_millis(5);

/// Files by whose locks the programs of an owner tell each other what they do. Without any, they
/// tell nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnerMarks {
    /// Locked while a call is live, so that file data of other programs spare it.
    pub calls: Vec<PathBuf>,
    /// Locked while files move, so that a camera of another program knows what slows its link.
    pub files: Vec<PathBuf>,
}

impl OwnerMarks {
    /// The usual ones: in the state folder, which programs with the same key share, and in the
    /// user's runtime folder, which programs with other keys share too.
    pub(crate) fn of(state: &Path) -> Self {
        let mut marks = Self::within(state);
        if let Some(runtime) = runtime_dir() {
            marks.calls.push(runtime.join("transom-call.lock"));
            marks.files.push(runtime.join("transom-file.lock"));
        }
        marks
    }

    /// Those of that folder alone.
    pub(crate) fn within(dir: &Path) -> Self {
        Self {
            calls: vec![dir.join("call.lock")],
            files: vec![dir.join("file.lock")],
        }
    }
}

/// Both marks.
#[derive(Debug)]
pub(crate) struct SharedMarks {
    calls: SharedMark,
    files: SharedMark,
}

impl SharedMarks {
    /// Opens the marks; one that can't be opened is left out.
    pub(crate) fn new(marks: &OwnerMarks) -> Self {
        Self {
            calls: SharedMark::new(&marks.calls, LOOK_FOR_CALLS),
            files: SharedMark::new(&marks.files, LOOK_FOR_FILES),
        }
    }

    /// On each change, and when it is due; on a thread that may hang
    /// ([`LiveMarks`](crate::live_marks::LiveMarks)).
    pub(crate) fn turn(&mut self, need: Need, now: Instant) -> Elsewhere {
        let Need { call, files, moves } = need;
        Elsewhere {
            call: self.calls.turn(call, files, now) && !call,
            files: self.files.turn(moves, call, now) && !moves,
        }
    }

    /// When the next turn is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        earlier(self.calls.next_look, self.files.next_look)
    }
}

/// One mark: set while something is so at our program, looked at while it is wanted.
#[derive(Debug)]
struct SharedMark {
    marks: Vec<Mark>,
    pause: Duration,
    /// It was so here in the last turn, so some marks may be set.
    was_ours: bool,
    /// Whether this program has set all marks.
    is_set: bool,
    state: State,
    next_look: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Clear,
    /// The mark was found set once.
    Unconfirmed,
    Set,
}

impl SharedMark {
    fn new(paths: &[PathBuf], pause: Duration) -> Self {
        Self {
            marks: paths.iter().filter_map(|path| open(path)).collect(),
            pause,
            was_ours: false,
            is_set: false,
            state: State::Clear,
            next_look: None,
        }
    }

    /// `is_ours`: it is so at our program; `wanted`: our program wants to know whether it is so
    /// anywhere, which is the answer.
    fn turn(&mut self, is_ours: bool, wanted: bool, now: Instant) -> bool {
        if is_ours {
            self.was_ours = true;
            self.is_set = self.is_set || self.set();
            self.next_look = (!self.is_set).then_some(now + CONFIRM);
            self.state = State::Set;
        } else if std::mem::take(&mut self.was_ours) {
            self.marks.iter().for_each(Mark::clear);
            self.is_set = false;
            self.state = State::Clear;
            self.next_look = wanted.then_some(now);
        } else if !wanted {
            (self.state, self.next_look) = (State::Clear, None);
        } else if self.next_look.is_none_or(|due| due <= now) {
            self.look(now);
        }
        self.state == State::Set
    }

    fn look(&mut self, now: Instant) {
        let is_set = self.marks.iter().any(|mark| mark.is_set().unwrap_or(false));
        self.state = match (is_set, self.state) {
            (false, _) => State::Clear,
            (true, State::Clear) => State::Unconfirmed,
            (true, State::Unconfirmed | State::Set) => State::Set,
        };
        let pause = match self.state {
            State::Unconfirmed => CONFIRM,
            State::Clear | State::Set => self.pause,
        };
        self.next_look = (!self.marks.is_empty()).then_some(now + pause);
    }

    fn set(&self) -> bool {
        // A file system without locks will not have them later: other programs see nothing then.
        let results: Vec<_> = self.marks.iter().map(Mark::set).collect();
        results.into_iter().all(|result| result.unwrap_or(true))
    }
}

fn open(path: &Path) -> Option<Mark> {
    let mark = Mark::open(path);
    mark.inspect_err(|error| log::debug!("mark {}: {error}", path.display()))
        .ok()
}

/// `$XDG_RUNTIME_DIR` if there is such a folder (after `su` there may be none), else
/// `/run/user/UID`, else a private folder among the temporary files.
fn runtime_dir() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(named) = named.filter(|dir| dir.is_absolute() && dir.is_dir()) {
        return Some(named);
    }
    let user = user()?;
    let session = PathBuf::from(format!("/run/user/{user}"));
    if session.is_dir() {
        return Some(session);
    }
    let private = std::env::temp_dir().join(format!("transom-{user}"));
    make_private(&private, user).then_some(private)
}

/// The user that this process runs as, where the system tells it as a file's owner.
#[cfg(unix)]
fn user() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let process = std::fs::metadata("/proc/self").ok()?;
    Some(process.uid())
}

#[cfg(not(unix))]
fn user() -> Option<u32> {
    None
}

/// Makes a folder for its owner alone. One of another user, or a link, is not used.
#[cfg(unix)]
fn make_private(dir: &Path, user: u32) -> bool {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    // It may be there already.
    let _ = std::fs::DirBuilder::new().mode(0o700).create(dir);
    std::fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir() && found.uid() == user)
}

#[cfg(not(unix))]
fn make_private(_: &Path, _: u32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs that share a mark, on a hand-moved clock.
    struct Programs {
        path: PathBuf,
        now: Instant,
    }

    impl Programs {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
            let now = Instant::now();
            Self { path, now }
        }

        fn start(&self) -> SharedMark {
            SharedMark::new(std::slice::from_ref(&self.path), LOOK_FOR_CALLS)
        }

        /// Turns of a program without a call, each when it is due, for so many looks.
        fn looks(&mut self, program: &mut SharedMark, looks: u32) -> Vec<bool> {
            let look = |_| {
                self.now = program.next_look.unwrap_or(self.now);
                program.turn(false, true, self.now)
            };
            (0..looks).map(look).collect()
        }
    }

    impl Drop for Programs {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    #[test]
    fn a_call_of_ours_is_live_at_once_and_over_at_once() {
        let programs = Programs::new("live-own");
        let mut ours = programs.start();
        assert!(!ours.turn(false, true, programs.now));
        assert!(ours.turn(true, true, programs.now));
        assert_eq!(
            ours.next_look, None,
            "the mark is set, there is nothing to do"
        );
        assert!(!ours.turn(false, true, programs.now));
    }

    #[test]
    fn a_call_of_another_program_is_live_once_two_looks_agree() {
        let mut programs = Programs::new("live-other");
        let (mut camera, mut sender) = (programs.start(), programs.start());
        assert_eq!(programs.looks(&mut sender, 3), [false; 3]);
        let began = programs.now;
        camera.turn(true, false, programs.now);
        assert_eq!(programs.looks(&mut sender, 3), [false, true, true]);
        assert_eq!(programs.now - began, 2 * LOOK_FOR_CALLS + CONFIRM);
        camera.turn(false, false, programs.now);
        assert_eq!(programs.looks(&mut sender, 2), [false; 2]);
    }

    #[test]
    fn a_program_that_ends_without_a_word_leaves_no_mark() {
        let mut programs = Programs::new("live-crash");
        let (mut camera, mut sender) = (programs.start(), programs.start());
        camera.turn(true, false, programs.now);
        assert_eq!(programs.looks(&mut sender, 2), [false, true]);
        drop(camera);
        assert_eq!(programs.looks(&mut sender, 1), [false]);
    }

    #[test]
    fn two_programs_may_have_calls_and_the_last_one_counts() {
        let mut programs = Programs::new("live-two");
        let mut calls = [programs.start(), programs.start()];
        let mut sender = programs.start();
        for call in &mut calls {
            call.turn(true, false, programs.now);
        }
        assert_eq!(programs.looks(&mut sender, 2), [false, true]);
        calls[0].turn(false, false, programs.now);
        assert_eq!(programs.looks(&mut sender, 1), [true]);
    }

    #[test]
    fn a_mark_that_is_being_looked_at_is_set_a_moment_later() {
        let programs = Programs::new("live-race");
        let mut camera = programs.start();
        let mut other = Mark::open(&programs.path).unwrap();
        std::mem::swap(&mut camera.marks[0], &mut other);
        // `other` now stands for a program in the middle of a look: it holds the exclusive lock.
        let looking = std::fs::File::open(&programs.path).unwrap();
        looking.lock().unwrap();
        assert!(camera.turn(true, false, programs.now));
        assert_eq!(camera.next_look, Some(programs.now + CONFIRM));
        looking.unlock().unwrap();
        camera.turn(true, false, programs.now + CONFIRM);
        assert_eq!(camera.next_look, None);
        assert!(other.is_set().unwrap());
    }

    #[test]
    fn a_call_that_ends_before_all_marks_are_set_leaves_none() {
        let [one, other] = ["live-short-one", "live-short-other"].map(Programs::new);
        let mut camera = SharedMark::new(&[one.path.clone(), other.path.clone()], LOOK_FOR_CALLS);
        let looking = std::fs::File::open(&other.path).unwrap();
        looking.lock().unwrap();
        assert!(camera.turn(true, false, one.now));
        assert!(!camera.turn(false, false, one.now));
        assert!(!Mark::open(&one.path).unwrap().is_set().unwrap());
    }

    #[test]
    fn without_files_there_is_nothing_to_look_at() {
        let mut programs = Programs::new("live-idle");
        let mut idle = programs.start();
        assert!(!idle.turn(false, false, programs.now));
        assert_eq!(idle.next_look, None);
        programs.looks(&mut idle, 1);
        assert!(idle.next_look.is_some());
        assert!(!idle.turn(false, false, programs.now));
        assert_eq!(idle.next_look, None);
    }

    #[test]
    fn a_mark_that_cant_be_opened_changes_nothing() {
        let now = Instant::now();
        let mut alone = SharedMark::new(&[PathBuf::from("/nowhere/at/all")], LOOK_FOR_CALLS);
        assert!(!alone.turn(false, true, now));
        assert_eq!(alone.next_look, None);
        assert!(alone.turn(true, false, now));
    }
}
