//! What the window is outside of itself: one window for each state folder, what the desktop is told
//! while the user doesn't look at the window, its item in the tray, and what the desktop's settings
//! say. It draws nothing.

mod fonts;
#[cfg(all(unix, feature = "desktop"))]
mod motion;
#[cfg(not(all(unix, feature = "desktop")))]
#[path = "no_motion.rs"]
mod motion;
mod news;
#[cfg(all(unix, feature = "desktop"))]
mod notifications;
#[cfg(not(all(unix, feature = "desktop")))]
#[path = "no_notifications.rs"]
mod notifications;
#[cfg(unix)]
mod single;
#[cfg(not(unix))]
#[path = "several.rs"]
mod single;
#[cfg(all(test, unix, feature = "desktop"))]
mod test_bus;
#[cfg(all(unix, feature = "desktop"))]
mod tray;
#[cfg(not(all(unix, feature = "desktop")))]
#[path = "no_tray.rs"]
mod tray;

pub(crate) use fonts::{Script, ScriptFont, find as find_font, scripts};
pub(crate) use motion::watch_motion;
pub(crate) use news::{About, Choice, News, is_over, news};
pub(crate) use notifications::Desktop;
pub(crate) use single::{Claim, Requests, Single, SingleError, claim};
pub(crate) use tray::Tray;

use transom::PeerName;

/// What the item in the tray shows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct TrayView {
    /// What is said when the pointer is on it.
    pub(crate) tip: String,
    /// Whether *Do not disturb* is on.
    pub(crate) is_not_disturbed: bool,
}

/// What is chosen in the tray.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(
    not(all(unix, feature = "desktop")),
    expect(dead_code, reason = "without D-Bus there is no tray")
)]
pub(crate) enum TrayChoice {
    /// Turn *Do not disturb* on or off.
    DoNotDisturb,
    /// Bring the window to the front.
    Open,
    Quit,
}

/// Names of one request: more than a user types.
pub(crate) const MAX_NAMES: usize = 32;

/// What a second start wants of the window that is open.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Request {
    /// The contacts whose cameras are to be shown.
    pub(crate) watch: Vec<PeerName>,
    /// The contacts to call.
    pub(crate) call: Vec<PeerName>,
}
