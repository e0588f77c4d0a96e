//! Warnings, and what is wrong with files on this disk.

use std::fmt::Display;

pub(crate) const FORGET_KEY: &str =
    "let the old one be forgotten, in a terminal; it is learned anew then:";

pub(crate) fn unusable_lines(count: usize) -> String {
    let lines = if count == 1 { "line" } else { "lines" };
    format!("{count} {lines} can't be used; the others are")
}

pub(crate) const OPEN_CONTACTS_FOLDER: &str = "Open the folder of the contact list";

pub(crate) fn key_changed(name: &str) -> String {
    format!("{name} shows another key than before. Nothing is sent to them")
}

pub(crate) fn key_changed_why(name: &str) -> String {
    format!(
        "Either {name} has a new computer or was set up anew, or somebody else answers at their address. Ask {name} for their \
         fingerprint, by voice or face to face. If it is not the one shown, somebody is in between: leave it as it is. If it is:"
    )
}

pub(crate) fn change_key(file: &str) -> String {
    format!("change key= in their line of {file}, and start this window again:")
}

pub(crate) fn port_taken(why: impl Display) -> String {
    format!(
        "Others can't reach this window, it can only reach them: {why}. Close the other program at that port, or use another \
         with --listen"
    )
}

pub(crate) fn station_ended(why: &str) -> String {
    format!("The station ended ({why}); start the window again")
}

pub(crate) const NO_HOME: &str = "There is no home folder to keep the settings in";

pub(crate) fn no_text(file: &str, line: usize) -> String {
    format!("{file}:{line}: is not UTF-8 text; mend that line by hand first")
}

pub(crate) fn too_long(file: &str, max_bytes: usize) -> String {
    format!("{file} has more than {max_bytes} bytes")
}

pub(crate) fn changed_by_another(file: &str) -> String {
    format!("{file} was changed by another program; try again")
}

pub(crate) fn unwritable_folder(folder: &str, why: impl Display) -> String {
    format!("No files can be put into {folder}: {why}. Choose another folder in Settings")
}

/// Of a folder that can't be used when the window starts.
pub(crate) fn unusable_inbox(why: impl Display) -> String {
    format!("{why}. No files come until then; mend it, or choose another folder in Settings")
}

pub(crate) const DISMISS: &str = "Dismiss";
pub(crate) const KNOWN_KEY: &str = "known";
pub(crate) const SHOWN_KEY: &str = "shown";

pub(crate) fn listening(address: &str) -> String {
    format!("listening on {address}")
}
