//! What the window says to a person, in whole sentences, screen by screen. Numbers and endings are in the model's `words`; labels
//! stand beside their buttons.
//!
//! Names and paths that come in are escaped already.

use std::fmt::Display;
use std::net::IpAddr;

// The contact list.

pub(crate) const NOBODY_YET: &str =
    "Nobody yet. Add somebody by +, or write a line with a name and an address into this file:";
pub(crate) const OTHER_KEY: &str = "It shows another key than it should, so nothing is sent to it";

// Somebody is added or changed.

pub(crate) const NO_NAME: &str = "Give it a name.";
pub(crate) const SPACES_IN_NAME: &str = "A name has no spaces.";
pub(crate) const COMMENT_AS_NAME: &str = "A name can't begin with #, which begins a comment.";
pub(crate) const NO_ADDRESS: &str = "Say where it is: an address like 192.168.1.20, or a name.";
pub(crate) const REMOVING: &str = "Its line is taken out of your contact list, and its key is forgotten. If it comes again, it \
                                   is a stranger.";

pub(crate) fn changed_meanwhile(name: &str, file: &str) -> String {
    format!("{name} was changed in {file} meanwhile; close this and look again")
}

pub(crate) fn removed(name: &str) -> String {
    format!("{name} was removed")
}

pub(crate) fn removed_but_known(name: &str, why: impl Display) -> String {
    format!("{name} was removed, but its key is still known: {why}")
}

// Two who compare their keys.

pub(crate) const MATCHED: &str = "You have compared them: they match.";

pub(crate) fn no_key_yet(name: &str) -> String {
    format!("The key of {name} is not known yet: it was never here. Compare when it is.")
}

pub(crate) fn how_to_compare(name: &str) -> String {
    format!(
        "Call {name} or meet, and read both to each other, every letter. There, yours stands as the other's. If one letter \
         differs, somebody is between you: send nothing."
    )
}

// Strangers.

pub(crate) const BEFORE_LETTING_IN: &str =
    "Nothing was sent to it. Ask whom you expect for their fingerprint before you let anybody in.";
pub(crate) const ONCE: &str = "It may call, watch and offer files until this window closes";
pub(crate) const IGNORED: &str = "It is not told again until the window is started anew";

pub(crate) fn stranger(from: IpAddr, claims: Option<&str>) -> String {
    match claims {
        Some(name) => {
            format!("Somebody unknown from {from} wants in. It says it is \"{name}\"")
        }
        None => format!("Somebody unknown from {from} wants in"),
    }
}

pub(crate) fn let_in(guest: &str) -> String {
    format!("{guest} is let in when it tries again, until this window closes")
}

// Warnings.

pub(crate) const FORGET_KEY: &str =
    "let the old one be forgotten, in a terminal; it is learned anew then:";

pub(crate) fn unusable_lines(count: usize) -> String {
    let lines = if count == 1 { "line" } else { "lines" };
    format!("{count} {lines} can't be used; the others are")
}

pub(crate) fn key_changed(name: &str) -> String {
    format!("{name} shows another key than before. Nothing is sent to it")
}

pub(crate) fn key_changed_why(name: &str) -> String {
    format!(
        "Either {name} has a new computer or was set up anew, or somebody else answers at its address. Ask {name} for its \
         fingerprint, by voice or face to face. If it is not the one shown, somebody is in between: leave it as it is. If it is:"
    )
}

pub(crate) fn change_key(file: &str) -> String {
    format!("change key= in its line of {file}, and start this window again:")
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

// Files on this disk.

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

// Transfers.

pub(crate) const NOBODY_CHOSEN: &str = "Choose a contact first, then drop the file again";
pub(crate) const FOLDER_GONE: &str = "The folder is not there any more";
pub(crate) const NO_DIALOG: &str = "There is no file dialog here: install zenity, yad or kdialog, or type the path, or drop the \
                                    file on the window";

pub(crate) fn dialog_failed(why: impl Display) -> String {
    format!("The file dialog failed: {why}; type the path instead")
}

pub(crate) fn no_opener(program: &str, why: impl Display) -> String {
    format!("{program} can't be started: {why}; install xdg-utils")
}

// Texts.

pub(crate) const OPEN_LINK: &str = "Open this address in your browser?";
pub(crate) const LINK_OWNER: &str =
    "Its owner will see that somebody of your network came. Open it only if you expected it.";
pub(crate) const TEXTS_REMOVED: &str = "All kept texts are removed";

pub(crate) fn nothing_written(name: &str) -> String {
    format!("Nothing written with {name} yet")
}

// Settings.

pub(crate) const OWN_NAME: &str = "Your name, as others see it from the next start on";
pub(crate) const NO_FOLDER: &str = "Name a folder for the files you accept.";
pub(crate) const BELL: &str = "Ring a bell when somebody calls";
pub(crate) const SECOND_CALL: &str = "Let others ring while I am in a call";
pub(crate) const DO_NOT_DISTURB: &str = "Do not disturb: who calls hears that I am busy";
pub(crate) const KEEP_TEXTS: &str =
    "Keep texts on this computer, and those that wait to be delivered";
pub(crate) const OWN_LINE: &str = "For others, to add you to their contacts";
pub(crate) const SAVED: &str = "Settings saved";
