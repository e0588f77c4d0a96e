//! A wall around an inbox that the kernel guards (Landlock): a thread that is confined to a folder
//! opens, makes, moves and removes nothing outside of it, whatever a fault of ours makes it try.
//! It comes behind `dir.rs`, which refuses links and ways out by itself.
//!
//! ```text
//!            thread of an inbox                    every other thread
//!   open    read, list, write, truncate            as the user may
//!   names   make, move, remove files, folders      as the user may
//!           `--- below its inbox alone ---'
//! ```
//!
//! A thread can only be confined further, never freed, and the threads that it starts are confined
//! as well. So an inbox has a thread of its own, which ends with it. Descriptors that are open stay
//! as they are. No privilege is needed; the thread gives up gaining any (`no_new_privs`).

use std::os::fd::AsFd;
use std::sync::Once;

/// Whether the kernel can confine a thread to a folder: that of Linux 5.19 and later can, unless
/// Landlock was left out or is switched off.
pub fn can_confine() -> bool {
    sys::can_confine()
}

/// Confines the calling thread to that folder and what is below it, where the kernel can do that.
/// Where it can't, the thread may reach what it could reach before.
pub(crate) fn confine_to(folder: impl AsFd) {
    static TOLD: Once = Once::new();
    if let Err(error) = sys::confine_to(folder) {
        TOLD.call_once(|| log::debug!("the threads of inboxes are not confined error={error}"));
    }
}

#[cfg(target_os = "linux")]
mod sys {
    use std::os::fd::AsFd;

    use landlock::{
        ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset,
        RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, make_bitflags,
    };

    /// What an inbox needs. Nothing that comes is run, and nothing but files and folders is made.
    const NEEDED: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
        ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir
            | Refer
    });

    pub(super) fn can_confine() -> bool {
        ruleset().is_ok()
    }

    pub(super) fn confine_to(folder: impl AsFd) -> Result<(), RulesetError> {
        let rule = PathBeneath::new(folder, NEEDED);
        ruleset()?.add_rule(rule)?.restrict_self().map(drop)
    }

    /// Forbids everything: all that Linux 6.10 (ABI 5) can forbid, as far as the kernel knows it.
    /// Kernels without `Refer` (ABI 1) would forbid every move from a folder to another.
    fn ruleset() -> Result<RulesetCreated, RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::Refer)?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(ABI::V5))?
            .create()
    }
}

/// Elsewhere there is no such kernel.
#[cfg(not(target_os = "linux"))]
mod sys {
    use std::io;
    use std::os::fd::AsFd;

    pub(super) fn can_confine() -> bool {
        false
    }

    pub(super) fn confine_to(_: impl AsFd) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{self, File};
    use std::io;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use rustix::io::Errno;

    use super::can_confine;
    use crate::{Inbox, InboxSettings};

    /// Everything that a thread might try with the file `there` and the folder around it, and
    /// whether the system refused it for lack of a right.
    fn tried(folder: &Path, inbox: &Path) -> Vec<(&'static str, bool)> {
        let (there, ours) = (folder.join("there"), inbox.join("ours"));
        let (new, link) = (folder.join("new"), inbox.join("link"));
        let write = |path: &PathBuf| File::options().write(true).open(path).map(drop);
        let tries: [(_, io::Result<()>); 14] = [
            ("read", fs::read(&there).map(drop)),
            ("read by a link", fs::read(&link).map(drop)),
            (
                "read by a way out",
                fs::read(inbox.join("../there")).map(drop),
            ),
            ("write", write(&there)),
            ("truncate", File::create(&there).map(drop)),
            ("list", fs::read_dir(folder).map(drop)),
            ("make a file", File::create_new(&new).map(drop)),
            ("make a folder", fs::create_dir(&new)),
            ("move out", fs::rename(&ours, &new)),
            ("move in", fs::rename(&there, inbox.join("moved"))),
            ("link out", fs::hard_link(&ours, &new)),
            ("link in", fs::hard_link(&there, inbox.join("linked"))),
            ("remove", fs::remove_file(&there)),
            (
                "run",
                std::process::Command::new("/bin/true").status().map(drop),
            ),
        ];
        let is_refused = |tried: io::Result<()>| {
            let errno = tried.err().as_ref().and_then(Errno::from_io_error);
            // To move or link across the wall is as if there were two file systems.
            matches!(errno, Some(Errno::ACCESS | Errno::XDEV))
        };
        tries.map(|(what, tried)| (what, is_refused(tried))).into()
    }

    #[test]
    fn a_confined_thread_reaches_nothing_outside_its_inbox() {
        if !can_confine() {
            return println!("skipped: this kernel has no Landlock");
        }
        let folder = std::env::temp_dir().join(format!("transom-wall-{}", std::process::id()));
        let inbox = folder.join("inbox");
        fs::create_dir_all(&inbox).unwrap();
        fs::write(folder.join("there"), "there").unwrap();
        fs::write(inbox.join("ours"), "ours").unwrap();
        symlink("../there", inbox.join("link")).unwrap();
        let (at, root) = (folder.clone(), inbox.clone());
        let confined = move || {
            let mut settings = InboxSettings::new(&root);
            settings.confines_thread = true;
            let open = Inbox::open(settings).unwrap();
            let below = std::thread::scope(|scope| {
                let started = scope.spawn(|| tried(&at, &root));
                started.join().unwrap()
            });
            let node = mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::RUSR, 0);
            let inside = [
                fs::read(root.join("ours")).map(drop),
                fs::write(root.join("new"), "new"),
                fs::create_dir(root.join("sub")),
                fs::rename(root.join("new"), root.join("sub/new")),
                fs::remove_file(root.join("sub/new")),
                fs::remove_dir(root.join("sub")),
            ];
            drop(open);
            (tried(&at, &root), below, node.is_err(), inside)
        };
        let (tried, below, no_fifo, inside) = std::thread::spawn(confined).join().unwrap();
        let is_as_it_was = fs::read(folder.join("there")).unwrap() == b"there";
        fs::remove_dir_all(&folder).unwrap();
        for (what, is_refused) in tried.into_iter().chain(below) {
            assert!(is_refused, "{what}");
        }
        assert!(no_fifo, "a peer's bytes become files and folders only");
        for done in inside {
            done.unwrap();
        }
        assert!(is_as_it_was);
    }
}
