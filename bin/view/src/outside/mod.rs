//! What the window is outside of itself: one window for each state folder, and what the desktop is
//! told while nobody looks at the window. It draws nothing.

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

pub(crate) use fonts::{Script, ScriptFont, find as find_font, scripts};
pub(crate) use motion::watch_motion;
pub(crate) use news::{About, Choice, News, is_over, news};
pub(crate) use notifications::Desktop;
pub(crate) use single::{Claim, Requests, Single, SingleError, claim};

use transom::PeerName;

/// Names of one request: more than anybody types.
pub(crate) const MAX_NAMES: usize = 32;

/// What a second start wants of the window that is open.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Request {
    /// Whose cameras are to be shown.
    pub(crate) watch: Vec<PeerName>,
    /// Whom to ring.
    pub(crate) call: Vec<PeerName>,
}
