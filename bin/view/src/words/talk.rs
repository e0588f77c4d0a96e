//! Texts both ways, and web addresses in them.

use super::line;

pub(crate) const OPEN_LINK: &str = "Open this address in your browser?";
pub(crate) const LINK_OWNER: &str =
    "Its owner will see that somebody of your network came. Open it only if you expected it.";
pub(crate) const TEXTS_REMOVED: &str = "All kept texts are removed";

pub(crate) fn nothing_written(name: &str) -> String {
    format!("Nothing written with {name} yet")
}

pub(crate) const TEXT: &str = "Text";
pub(crate) const SEND_TEXT: &str = "Send text";
pub(crate) const ON_ITS_WAY: &str = "on its way";
pub(crate) const WAITING: &str = "waiting";
pub(crate) const ARRIVED: &str = "arrived";
pub(crate) const AS_TOLD_THEN: &str = "as told then";
pub(crate) const OPEN_LINK_BUTTON: &str = "Open link…";

pub(crate) fn not_delivered(why: &str) -> String {
    format!("not delivered: {}", line(why))
}

pub(crate) fn they_wrote(name: &str, text: &str) -> String {
    format!("{name}: {text}")
}

pub(crate) fn we_wrote(text: &str) -> String {
    format!("me: {text}")
}

pub(crate) fn wrote(name: &str) -> String {
    format!("{name} wrote")
}
