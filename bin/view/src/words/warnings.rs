//! Toasts: what happened, what is wrong with files on this disk, and what to do about it.

use std::fmt::Display;
use std::path::Path;

use crate::model::{News, name};

use super::{line, mishap, recorded, saved, takes_no_files};

pub(crate) const DISMISS: &str = "Dismiss";
pub(crate) const SHOW_THE_FILE: &str = "Show the file";
pub(crate) const NO_HOME: &str = "There is no home folder to keep settings in.";

/// Toasts that there is no room for.
pub(crate) fn more_toasts(count: usize) -> String {
    format!("{count} more")
}

/// What happened, in one sentence.
pub(crate) fn news(news: &News) -> String {
    let path = |path: &Path| line(&path.to_string_lossy()).into_owned();
    match news {
        News::Added(peer) => format!("{} added", name(peer)),
        News::Forgotten(peer) => format!("{} is forgotten", name(peer)),
        News::StillKnown { peer, why } => {
            let (name, why) = (name(peer), line(why));
            format!("{name} is forgotten, but the key is still stored: {why}")
        }
        News::Learned { peer, key } => {
            format!("{}'s key is learned: {}", name(peer), key.fingerprint())
        }
        News::KnownAs { peer, known } => {
            format!("{} has the same key as {}", name(peer), name(known))
        }
        News::NeedsNoCode(peer) => {
            format!("{} is connected: files come without a code.", name(peer))
        }
        News::LetIn(peer) => format!("{} is let in when they try again.", name(peer)),
        News::Received { name, .. } => line(name).into_owned(),
        News::Snapshot(at) => saved(&path(at)),
        News::Film {
            path: at,
            pictures,
            dropped,
        } => recorded(&path(at), *pictures, *dropped),
        News::NoPicture => super::NO_PICTURE.to_owned(),
        News::TextsRemoved => "All texts are removed.".to_owned(),
        News::DroppedForNobody => super::CHOOSE_FIRST.to_owned(),
        News::TakesNoFiles(peer) => takes_no_files(&name(peer)),
        News::Desktop(why) => mishap(why),
        News::Refused(why) => line(why).into_owned(),
    }
}

pub(crate) fn unusable_lines(count: usize) -> String {
    match count {
        1 => "1 line of your contacts or settings can't be used".to_owned(),
        count => format!("{count} lines of your contacts or settings can't be used"),
    }
}

pub(crate) fn port_refused(port: u16, why: &str) -> String {
    let why = line(why);
    format!("Port {port} can't be used: {why}. You can still call them.")
}

pub(crate) fn use_port(port: u16) -> String {
    format!("Use port {port}")
}

pub(crate) fn station_ended(why: &str) -> String {
    format!("The connection part stopped ({why}). Start Transom again.")
}

pub(crate) fn no_text(file: &str, line: usize) -> String {
    format!("Line {line} of {file} isn't readable text. Mend it by hand first.")
}

pub(crate) fn too_long(file: &str, max_bytes: usize) -> String {
    format!("{file} is too large: more than {max_bytes} bytes")
}

/// A history is longer than what is read of it.
pub(crate) fn older_in_file(name: &str, file: &Path) -> String {
    let file = super::line(&file.to_string_lossy()).into_owned();
    format!(
        "Only the newest texts with {name} are shown. Older ones are in {file} until the next text \
         is kept."
    )
}

pub(crate) fn changed_by_another(file: &str) -> String {
    format!("{file} was changed by another program. Try again.")
}

pub(crate) fn unwritable_folder(folder: &str, why: impl Display) -> String {
    format!("Files can't be saved in {folder}: {why}. Choose another folder.")
}

pub(crate) fn home_as_inbox(folder: &str) -> String {
    format!(
        "Files can't be saved in {folder}: your home folder is there, and programs obey files in \
         it. Choose a folder for received files only."
    )
}

pub(crate) const DISK_SILENT: &str = "The disk doesn't answer";
pub(crate) const DISK_SILENT_MEANS: &str =
    "Calls go on. What you change is saved as soon as the disk answers, and texts may wait for it.";
pub(crate) const DISK_BEHIND: &str = "The disk doesn't answer, so this is not saved.";
pub(crate) const NO_FILES_COME: &str = "Nobody can send you files";
pub(crate) const ANOTHER_INBOX: &str = "Choose another folder";
