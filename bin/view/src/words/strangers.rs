//! Keys that two people compare, and strangers at the door.

use std::net::IpAddr;

use transom::PublicKey;

// Two who compare their keys.

pub(crate) const MATCHED: &str = "You have compared them: they match.";

pub(crate) fn no_key_yet(name: &str) -> String {
    format!("The key of {name} is not known yet: they were never here. Compare when they are.")
}

pub(crate) fn how_to_compare(name: &str) -> String {
    format!(
        "Telephone {name} or meet, and read both to each other, every letter. There, yours stands as the other's. If one \
         letter differs, somebody is between you: send nothing."
    )
}

// Strangers.

pub(crate) const BEFORE_LETTING_IN: &str = "Nothing was sent to them. Ask whom you expect for their fingerprint before you let anybody in.";
/// For a stranger that says the name of a contact: a contact that shows another key knocks as one,
/// too.
pub(crate) fn not_the_contact(name: &str) -> String {
    format!(
        "This is not the key you know of {name}. Let them in only if {name} tells you these letters by telephone or face to face."
    )
}

pub(crate) const ONCE: &str = "They may call, watch and offer files until this window closes";
pub(crate) const IGNORED: &str = "Their knocks are not told again until the window is started anew";

pub(crate) fn stranger(from: IpAddr, claims: Option<&str>) -> String {
    match claims {
        Some(name) => {
            format!("Somebody unknown from {from} wants in. They say they are \"{name}\"")
        }
        None => format!("Somebody unknown from {from} wants in"),
    }
}

pub(crate) fn let_in(guest: &str) -> String {
    format!("{guest} is let in when they try again, until this window closes")
}

pub(crate) const YOURS: &str = "Yours";
pub(crate) const THEY_MATCH: &str = "They match";
pub(crate) const NOT_SURE: &str = "Not sure any more";
pub(crate) const ALLOW_ONCE: &str = "Allow once";
pub(crate) const ADD_STRANGER: &str = "Add…";
pub(crate) const IGNORE: &str = "Ignore";

pub(crate) fn is_it_really(name: &str) -> String {
    format!("Is this really {name}?")
}

pub(crate) fn theirs(name: &str) -> String {
    format!("{name}'s")
}

pub(crate) fn its_key(key: &PublicKey) -> String {
    format!("their key  {}", key.fingerprint())
}
