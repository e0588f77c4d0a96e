//! The box being watched: from the wish to the picture, through everything that can come between.
//!
//! ```text
//!   Waiting --(it joins)--> Ringing --(it answers)--> Live
//!      ^                       |  ^                     | |
//!      |                       |  \-----(it is lost)----/ |
//!      \---(it says goodbye)---+-------------------------/
//!                              \--(it declines, ends)--> Ended
//! ```

use std::time::Duration;

use transom::{EndReason, Lens, PeerName};

use super::words;

/// Whose picture is wanted, and how far it came.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// Whose.
    pub(crate) peer: PeerName,
    /// How far.
    pub(crate) stage: Stage,
    /// The last good picture.
    pub(crate) shown: Option<Shown>,
    /// Why the newest picture is not it; `None` while all is well.
    pub(crate) trouble: Option<String>,
    /// Pictures that could not be shown so far.
    pub(crate) broken: u64,
    /// How the far camera says it is.
    pub(crate) camera: Option<(Lens, String)>,
    /// Whether it was asked again since the last picture, so that a box that ends every call isn't asked for ever.
    asked_again: bool,
}

/// How far a watch came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// The box is not there; it is asked when it is.
    Waiting,
    /// Asked.
    Ringing,
    /// Pictures come.
    Live,
    /// Over, and not asked again by itself; why.
    Ended(String),
}

/// What is known of the picture on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shown {
    /// Pixels across, as decoded.
    pub(crate) width: usize,
    /// Pixels down.
    pub(crate) height: usize,
    /// How to turn it, as in Exif.
    pub(crate) orientation: u8,
    /// Pictures per second over the last second.
    pub(crate) rate: f32,
    /// From the sensor to the decoded picture, once the clocks are compared.
    pub(crate) latency: Option<Duration>,
}

impl Watch {
    /// A new wish.
    pub(crate) fn new(peer: PeerName, here: bool) -> Self {
        Self {
            peer,
            stage: if here { Stage::Ringing } else { Stage::Waiting },
            shown: None,
            trouble: None,
            broken: 0,
            camera: None,
            asked_again: false,
        }
    }

    /// Whether the station has a call for it.
    pub(crate) fn has_call(&self) -> bool {
        matches!(self.stage, Stage::Ringing | Stage::Live)
    }

    /// It answered.
    pub(crate) fn started(&mut self) {
        self.stage = Stage::Live;
    }

    /// Its connection was lost; the station brings it back.
    pub(crate) fn interrupted(&mut self) {
        self.camera = None;
        self.stage = Stage::Ringing;
    }

    /// The call is over, from whichever side; `here` is whether the box is still connected. Gives back whether to ask it again at once.
    pub(crate) fn ended(&mut self, reason: EndReason, text: &str, here: bool) -> bool {
        self.camera = None;
        let again = here && !self.asked_again;
        self.stage = match reason {
            // One of its programs left; another one is there.
            EndReason::Leaving if again => Stage::Ringing,
            // It comes back, and is asked again then.
            EndReason::Leaving | EndReason::Unanswered if !here => Stage::Waiting,
            _ => Stage::Ended(words::end(reason, text)),
        };
        let ring = self.stage == Stage::Ringing;
        self.asked_again |= ring;
        ring
    }

    /// A good picture.
    pub(crate) fn show(&mut self, shown: Shown) {
        self.shown = Some(shown);
        self.trouble = None;
        self.asked_again = false;
    }

    /// A bad one.
    pub(crate) fn break_one(&mut self, why: String) {
        self.broken = self.broken.saturating_add(1);
        self.trouble = Some(why);
    }
}
