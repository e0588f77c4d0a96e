//! What the desktop is told while the window is not in front, and the words of the tray.

use transom::CallKind;

pub(crate) const ANSWER_THERE: &str = "Answer";
pub(crate) const DECLINE_THERE: &str = "Decline";
pub(crate) const OPEN_THERE: &str = "Open";
pub(crate) const ANOTHER_KEY: &str = "Another key. Nothing is sent.";
#[cfg_attr(
    not(all(unix, feature = "desktop")),
    expect(dead_code, reason = "without D-Bus there is no tray")
)]
pub(crate) const QUIT: &str = "Quit";
pub(crate) const QUIT_QUESTION: &str = "Hang up and quit?";
pub(crate) const QUITTING: &str = "The call ends when the window closes.";
pub(crate) const QUIT_ANYWAY: &str = "Hang up and quit";

// With words and names hidden.
pub(crate) const NEW_MESSAGE: &str = "New message";
pub(crate) const SOMEBODY_CALLS: &str = "Somebody is calling";
pub(crate) const SOMEBODY_OFFERS: &str = "Somebody wants to send you something";
pub(crate) const SOMETHING_RECEIVED: &str = "Something has arrived";
pub(crate) const CALL_MISSED: &str = "Missed call";
pub(crate) const KEY_QUESTION: &str = "A contact shows another key";
pub(crate) const CAMERA_AWAY: &str = "A camera is away";

/// What is said when the pointer is on the item in the tray.
pub(crate) fn tray_tip(doing: &str) -> String {
    format!("Transom: {doing}")
}

pub(crate) const TRAY_AVAILABLE: &str = "available";
pub(crate) const TRAY_NOT_DISTURBED: &str = "do not disturb";
pub(crate) const TRAY_IN_CALL: &str = "in a call";

pub(crate) fn tray_in_call_with(name: &str) -> String {
    format!("in a call with {name}")
}

pub(crate) fn tray_unread(count: usize) -> String {
    format!("{count} unread")
}

pub(crate) fn kind_of_call(kind: CallKind) -> &'static str {
    match kind {
        CallKind::View => "Wants to see your camera",
        _ => "Call",
    }
}

pub(crate) fn received(file: &str) -> String {
    format!("Received {file}")
}

pub(crate) fn from(name: &str) -> String {
    format!("From {name}")
}

pub(crate) fn missed_call_from(name: &str) -> String {
    format!("Missed call from {name}")
}
