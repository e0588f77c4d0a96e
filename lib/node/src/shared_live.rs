//! Whether a call is live anywhere that shares our link to the network: at this station, or in
//! another program of the same owner on this machine. File data of every connection then keep the
//! queues short, since a session sees its own call only.
//!
//! Programs tell each other by a [`Mark`] in the owner's state folder and runtime folder.
//!
//! ```text
//!   our call is live     set the mark            until it is set
//!   else, files move     look at the mark        every 50 ms
//!   else                 nothing                 no system calls at all
//! ```

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom_store::Mark;

/// How often the mark is looked at while files move and no call of ours is live: two system calls a
/// file and look. A call that begins in another program waits so long at most, about one and a half
/// pictures.
const LOOK: Duration = Duration::from_millis(50);

/// A mark that was just found set is looked at again after this, since a program that looks in the
/// same moment seems to have set it.
const CONFIRM: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(crate) struct SharedLive {
    marks: Vec<Mark>,
    /// A call of ours was live in the last turn, so some marks may be set.
    had_call: bool,
    /// Whether this program has set all marks.
    is_set: bool,
    state: State,
    next_look: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    NoCall,
    /// The mark was found set once.
    Unconfirmed,
    Live,
}

impl SharedLive {
    /// Opens the marks; one that can't be opened is left out.
    pub(crate) fn new(paths: &[PathBuf]) -> Self {
        Self {
            marks: paths.iter().filter_map(|path| open(path)).collect(),
            had_call: false,
            is_set: false,
            state: State::NoCall,
            next_look: None,
        }
    }

    /// On each change, and when it is due; on a thread that may hang
    /// ([`LiveMarks`](crate::live_marks::LiveMarks)). `call`: a call of ours rings or runs;
    /// `files`: a transfer of ours is open. Tells whether a call is live anywhere.
    pub(crate) fn turn(&mut self, call: bool, files: bool, now: Instant) -> bool {
        if call {
            self.had_call = true;
            self.is_set = self.is_set || self.set();
            self.next_look = (!self.is_set).then_some(now + CONFIRM);
            self.state = State::Live;
        } else if std::mem::take(&mut self.had_call) {
            self.marks.iter().for_each(Mark::clear);
            self.is_set = false;
            self.state = State::NoCall;
            self.next_look = files.then_some(now);
        } else if !files {
            (self.state, self.next_look) = (State::NoCall, None);
        } else if self.next_look.is_none_or(|due| due <= now) {
            self.look(now);
        }
        self.state == State::Live
    }

    /// When the next turn is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.next_look
    }

    fn look(&mut self, now: Instant) {
        let is_set = self.marks.iter().any(|mark| mark.is_set().unwrap_or(false));
        self.state = match (is_set, self.state) {
            (false, _) => State::NoCall,
            (true, State::NoCall) => State::Unconfirmed,
            (true, State::Unconfirmed | State::Live) => State::Live,
        };
        let pause = match self.state {
            State::Unconfirmed => CONFIRM,
            State::NoCall | State::Live => LOOK,
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

/// The files of an owner's marks: one in the state folder, which programs with the same key share,
/// and one in the user's runtime folder, which programs with other keys share too.
pub(crate) fn marks(state: &Path) -> Vec<PathBuf> {
    let runtime = runtime_dir().map(|dir| dir.join("transom-call.lock"));
    [Some(state.join("call.lock")), runtime]
        .into_iter()
        .flatten()
        .collect()
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

        fn start(&self) -> SharedLive {
            SharedLive::new(std::slice::from_ref(&self.path))
        }

        /// Turns of a program without a call, each when it is due, for so many looks.
        fn looks(&mut self, program: &mut SharedLive, looks: u32) -> Vec<bool> {
            let look = |_| {
                self.now = program.due().unwrap_or(self.now);
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
        assert_eq!(ours.due(), None, "the mark is set, there is nothing to do");
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
        assert_eq!(programs.now - began, LOOK + CONFIRM + LOOK);
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
        assert_eq!(camera.due(), Some(programs.now + CONFIRM));
        looking.unlock().unwrap();
        camera.turn(true, false, programs.now + CONFIRM);
        assert_eq!(camera.due(), None);
        assert!(other.is_set().unwrap());
    }

    #[test]
    fn a_call_that_ends_before_all_marks_are_set_leaves_none() {
        let [one, other] = ["live-short-one", "live-short-other"].map(Programs::new);
        let mut camera = SharedLive::new(&[one.path.clone(), other.path.clone()]);
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
        assert_eq!(idle.due(), None);
        programs.looks(&mut idle, 1);
        assert!(idle.due().is_some());
        assert!(!idle.turn(false, false, programs.now));
        assert_eq!(idle.due(), None);
    }

    #[test]
    fn a_mark_that_cant_be_opened_changes_nothing() {
        let now = Instant::now();
        let mut alone = SharedLive::new(&[PathBuf::from("/nowhere/at/all")]);
        assert!(!alone.turn(false, true, now));
        assert_eq!(alone.due(), None);
        assert!(alone.turn(true, false, now));
    }
}
