//! The contact list, and the form by which it is changed.

use std::fmt::Display;

use transom::PublicKey;

use crate::model::Presence;

use super::line;

pub(crate) const NOBODY_YET: &str =
    "Nobody yet. Add somebody by +, or write a line with a name and an address into this file:";
pub(crate) const OTHER_KEY: &str =
    "They show another key than they should, so nothing is sent to them";

pub(crate) const CONTACTS: &str = "Contacts";
pub(crate) const TO: &str = "To";
pub(crate) const NOBODY_CHOSEN_YET: &str = "nobody";
pub(crate) const EDIT: &str = "Edit…";
pub(crate) const ADD_TO_CONTACTS: &str = "Add to contacts…";
pub(crate) const VERIFIED: &str = "✔ Verified";
pub(crate) const VERIFY: &str = "Verify…";
pub(crate) const NOT_TRIED: &str = "Not tried yet";
pub(crate) const TRYING: &str = "Trying to reach them";
pub(crate) const HERE_TO_WATCH: &str = "Here. Double-click to watch";
pub(crate) const SAMPLE_LINE: &str = "door 192.168.1.20";

/// In one word.
pub(crate) fn presence(presence: &Presence) -> &'static str {
    match presence {
        Presence::Unknown => "",
        Presence::Reaching => "reaching",
        Presence::Away(_) => "away",
        Presence::Here => "here",
        Presence::Refused => "other key",
    }
}

pub(crate) const IS_CAMERA: &str = "Camera";
pub(crate) const IS_INBOX: &str = "Files";

/// What kind of contact it is, if it is no person, and what is new about it.
pub(crate) fn row(kind: &str, news: &str) -> String {
    match (kind, news) {
        ("", _) | (_, "") => format!("{kind}{news}"),
        _ => format!("{kind}, {news}"),
    }
}

pub(crate) fn away_because(why: &str) -> String {
    format!("Away: {}", line(why))
}

pub(crate) fn unread(count: usize) -> String {
    format!("{count} new")
}

pub(crate) fn is_here(name: &str) -> String {
    format!("{name} is here")
}

pub(crate) fn is_here_anew(name: &str, key: &PublicKey) -> String {
    format!(
        "{name} is here; their key {} is now known",
        key.fingerprint()
    )
}

/// Of a contact whose new address leads to a key that has another name already.
pub(crate) fn is_here_as_known(name: &str, known: &str) -> String {
    format!("{name} is online; their key is the one of {known}")
}

pub(crate) fn went(name: &str, lost: bool, why: &str) -> String {
    let verb = if lost { "was lost" } else { "left" };
    format!("{name} {verb}: {}", line(why))
}

// The form of a contact.

pub(crate) const ADD_CONTACT: &str = "Add a contact";
pub(crate) const NAME: &str = "Name";
pub(crate) const NAME_HINT: &str = "or paste the whole line of \"transom id\"";
pub(crate) const ADDRESS: &str = "Address";
pub(crate) const ADDRESS_HINT: &str = "192.168.1.20, or a name, perhaps with :port";
pub(crate) const KEY: &str = "Key";
pub(crate) const KEY_HINT: &str = "empty: the first key they show is learned";
pub(crate) const ADD: &str = "Add";
pub(crate) const SAVE: &str = "Save";
pub(crate) const REMOVE: &str = "Remove…";
pub(crate) const CANCEL_DIALOG: &str = "Cancel";
pub(crate) const COPY: &str = "Copy";
pub(crate) const IT_MAY: &str = "They may";
pub(crate) const MAY_VIEW: &str = "watch my camera without calling, with the last of these too";
pub(crate) const MAY_CALL: &str = "call me";
pub(crate) const MAY_SEND: &str = "send me files";
pub(crate) const MAY_HEAR: &str = "hear my microphone when a call is answered by itself";
pub(crate) const MAY_TALK: &str = "be heard from my loudspeaker then";
pub(crate) const MAY_UNASKED: &str = "do so without my being asked";

pub(crate) fn change(name: &str) -> String {
    format!("Change {name}")
}

pub(crate) fn added(name: &str) -> String {
    format!("{name} was added")
}

pub(crate) fn changed(name: &str) -> String {
    format!("{name} was changed")
}

pub(crate) fn remove_whom(name: &str) -> String {
    format!("Remove {name}?")
}

pub(crate) fn remove(name: &str) -> String {
    format!("Remove {name}")
}

/// What is wrong with a field, as a whole sentence.
pub(crate) fn fault(why: impl Display) -> String {
    format!("{why}.")
}

pub(crate) const NO_NAME: &str = "Give them a name.";
pub(crate) const SPACES_IN_NAME: &str = "A name has no spaces.";
pub(crate) const COMMENT_AS_NAME: &str = "A name can't begin with #, which begins a comment.";
pub(crate) const NO_ADDRESS: &str = "Say where they are: an address like 192.168.1.20, or a name.";
pub(crate) const REMOVING: &str = "Their line is taken out of your contact list, and their key is forgotten. If they come again, \
                                   they are a stranger.";

pub(crate) fn changed_meanwhile(name: &str, file: &str) -> String {
    format!("{name} was changed in {file} meanwhile; close this and look again")
}

pub(crate) fn removed(name: &str) -> String {
    format!("{name} was removed")
}

pub(crate) fn removed_but_known(name: &str, why: impl Display) -> String {
    format!("{name} was removed, but their key is still known: {why}")
}
