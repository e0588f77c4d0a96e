//! Keys: comparing them, strangers that connect, and contacts that show another key.

use std::net::IpAddr;

// Comparing keys.

pub(crate) const YOURS: &str = "Yours";
pub(crate) const ALL_LETTERS_MATCH: &str = "All letters match";
pub(crate) const THEY_DIFFER: &str = "They differ";
pub(crate) const NOT_NOW: &str = "Not now";
pub(crate) const NOT_SURE: &str = "Not sure any more";
pub(crate) const MATCHED: &str = "You compared the keys: they match.";
pub(crate) const ONE_LETTER_DIFFERS: &str =
    "One letter differs? Then somebody is between you. Send nothing.";

pub(crate) fn is_it_really(name: &str) -> String {
    format!("Is this really {name}?")
}

pub(crate) fn how_to_compare(name: &str) -> String {
    format!(
        "Telephone {name} or meet. Read your letters to each other. On {name}'s screen the two \
         boxes are swapped."
    )
}

pub(crate) fn theirs(name: &str) -> String {
    format!("{name}'s")
}

pub(crate) fn no_key_yet(name: &str) -> String {
    format!("{name}'s key is learned when you first connect.")
}

// Strangers.

pub(crate) const SOMEBODY_NEW: &str = "Somebody new wants to connect";
pub(crate) const IGNORE: &str = "Ignore";
pub(crate) const LET_IN_ONCE: &str = "Let in once";
pub(crate) const CONNECT_BY_CODE: &str = "Connect by code";
pub(crate) const ONCE: &str = "They may call, watch and send files until you close the window.";
pub(crate) const IGNORED: &str = "Ignored until the next start";

pub(crate) fn calls_itself(claims: Option<&str>, from: IpAddr) -> String {
    match claims {
        Some(name) => {
            format!("Calls itself \"{name}\", at {from}. That is unproven, and nothing was sent.")
        }
        None => format!("Tells no name, at {from}. Nothing was sent."),
    }
}

/// For a stranger that has the name of a contact.
pub(crate) fn namesake(name: &str) -> String {
    format!("Somebody calls itself {name}, but has another key.")
}

pub(crate) fn let_nobody_in(name: &str) -> String {
    format!("Let nobody in by that name unless {name} reads you these letters.")
}

// A contact that shows another key.

pub(crate) const YOU_KNOW: &str = "You know";
pub(crate) const SHOWN_NOW: &str = "Shown now";
pub(crate) const KEEP_BLOCKED: &str = "Keep blocked";
pub(crate) const CONNECT_ANEW: &str = "Connect anew by code";

pub(crate) fn may_not_be(name: &str) -> String {
    format!("This may not be {name}")
}

pub(crate) fn shows_another_key(name: &str) -> String {
    format!(
        "{name}'s computer shows another key than before. Nothing was sent to it, and nothing \
         will be."
    )
}

pub(crate) fn why_another_key(name: &str) -> String {
    format!(
        "{name} may have a new computer. Or somebody answers in {name}'s place. Ask {name} by \
         telephone or face to face."
    )
}

/// What to do where the key stands in the book.
pub(crate) fn change_key(name: &str, file: &str) -> String {
    format!("If it is {name}: change key= in {name}'s line of {file}, then start again.")
}

/// What to do where the key was only learned.
pub(crate) const FORGET_KEY: &str =
    "If it is: let the old key be forgotten, in a terminal. The new one is learned then.";

pub(crate) fn forget_by_command(name: &str) -> String {
    format!("transom users forget {name}")
}
