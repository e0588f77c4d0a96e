//! The sheet about a contact, and the dialog that adds one by address.

use std::fmt::Display;

// The sheet.

pub(crate) const COPY: &str = "Copy";
pub(crate) const RENAME: &str = "Rename";
pub(crate) const CHANGE_ADDRESS: &str = "Change the address";
pub(crate) const SAVE: &str = "Save";
pub(crate) const VIDEO: &str = "Video";
pub(crate) const COPY_KEY: &str = "Copy the key";
pub(crate) const COME_IN: &str = "Come in without asking";
pub(crate) const COME_IN_MEANS: &str = "Calls are answered and files saved at once.";
pub(crate) const SEE_MY_CAMERA: &str = "See my camera";
pub(crate) const HEAR_MY_MICROPHONE: &str = "Hear my microphone";
pub(crate) const SPEAK_HERE: &str = "Speak from my loudspeaker";
pub(crate) const LET_IN: &str = "Let in";
pub(crate) const FOR_YOUR_OWN: &str =
    "For your own devices and people you'd give a key to your home.";
pub(crate) const ADD_TO_CONTACTS: &str = "Add to contacts";
pub(crate) const FORGET: &str = "Forget";
pub(crate) const BUSY_WITH_THEM: &str = "A call or a file is on its way. Rename when it is over.";

pub(crate) fn may(name: &str) -> String {
    format!("{name} may")
}

pub(crate) fn let_in_without_asking(name: &str) -> String {
    format!("Let {name} in without asking?")
}

pub(crate) fn forget(name: &str) -> String {
    format!("Forget {name}")
}

pub(crate) fn forget_question(name: &str) -> String {
    format!("Forget {name}?")
}

pub(crate) const FORGETTING: &str =
    "Their line, key and kept texts are removed. If they come again, they're a stranger.";

pub(crate) fn changed_meanwhile() -> String {
    "Changed elsewhere meanwhile. Look again.".to_owned()
}

/// Another contact has the name.
pub(crate) fn name_taken(name: &str) -> String {
    format!("{name} is another contact.")
}

// Adding by address.

pub(crate) const NAME: &str = "Name";
pub(crate) const NAME_HINT: &str = "or paste a whole line here";
pub(crate) const ADDRESS: &str = "Address";
pub(crate) const ADDRESS_HINT: &str = "such as 192.168.1.20";
pub(crate) const KEY: &str = "Key";
pub(crate) const KEY_HINT: &str = "if you have it; else the first one is learned";
pub(crate) const ADD: &str = "Add";
pub(crate) const NO_NAME: &str = "Give a name.";
pub(crate) const COMMENT_AS_NAME: &str = "A name can't begin with #.";
pub(crate) const NO_ADDRESS: &str = "Say where: an address like 192.168.1.20, or a name.";

/// What is wrong with a field, as a whole sentence.
pub(crate) fn fault(why: impl Display) -> String {
    format!("{why}.")
}
