//! Pictures as a station gives them to its owner.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::handle::Credit;
use crate::latency::Stages;

/// A picture of a peer's camera, as it was received.
///
/// While it lives it holds one of the [credits](transom_wire::limits::PICTURE_CREDIT) of its
/// call, so drop it when it has been shown or passed over: that also keeps the sound in step with
/// the pictures. While clients of the HTTP door see the call as well, a credit goes back at
/// arrival, so that the far side sees the pace of the network and not that of the owner; of the
/// pictures that come while the owner has as many as there are credits, the owner gets none.
#[derive(Debug)]
pub struct RemotePicture {
    /// One baseline JPEG image.
    pub jpeg: Arc<Vec<u8>>,
    /// Pixels across, as its sender says; the decoder checks.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// How to turn it, as in Exif: 1 upright to 8.
    pub orientation: u8,
    /// Counts the camera's pictures; gaps are pictures dropped on the way.
    pub sequence: u32,
    /// When things happened to it.
    pub timing: Timing,
    pub(crate) _credit: Credit,
}

/// A picture of our own camera, as its viewers get it.
#[derive(Clone, Debug)]
pub struct OwnPicture {
    /// One baseline JPEG image.
    pub jpeg: Arc<Vec<u8>>,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// How to turn it, as in Exif: 1 upright to 8.
    pub orientation: u8,
}

/// When a picture came, and how long it was on its way.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// When its last byte was here.
    pub received: Instant,
    /// Its stages up to then.
    pub stages: Stages,
    /// How old it was when its first byte was sent, by the sender's clock; at most 71 minutes are
    /// told.
    pub sent_after: Duration,
}

/// A picture that is older when it is sent is no live one: pictures that wait so long are replaced
/// by newer ones.
const PAST: Duration = Duration::from_secs(2);

impl Timing {
    /// When it was captured, by this machine's clock. Until the clocks are compared, which takes a
    /// moment after a call began, the time of arrival stands for it.
    pub fn captured(&self) -> Instant {
        let age = self.stages.total().unwrap_or_default();
        let age = age.max(self.sent_after);
        self.received.checked_sub(age).unwrap_or(self.received)
    }

    /// Whether it shows the past: the last picture of a camera that gives none now.
    pub fn is_past(&self) -> bool {
        self.sent_after > PAST
    }
}
