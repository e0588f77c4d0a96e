//! One call, or one watched camera: from the request to the picture, through all states between.
//!
//! ```text
//!   Waiting --(it joins)--> Ringing --(it answers)--> Live <---> Interrupted
//!      ^                       |                        |             |
//!      \--(a box is lost)------+------------------------+-------------/
//!                              \--(it declines, ends)--> Ended
//! ```

use std::time::{Duration, Instant};

use transom::{CallKind, CameraState, EndReason, PeerName};

use super::pace::{Pace, Sample};
use super::pictures::Shown;
use super::sound::FarSound;

/// Peer, kind and stage of a call, and what is known of its pictures and sound.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The peer.
    pub(crate) peer: PeerName,
    /// Watching only, or both ways.
    pub(crate) kind: CallKind,
    /// How far.
    pub(crate) stage: Stage,
    /// The last good picture.
    pub(crate) shown: Option<Shown>,
    /// Why the newest picture could not be shown; `None` while pictures are good.
    pub(crate) trouble: Option<String>,
    /// Pictures that could not be shown so far.
    pub(crate) broken: u64,
    /// How the far camera says it is.
    pub(crate) far_camera: Option<(CameraState, String)>,
    /// Whether the far side records us.
    pub(crate) far_recording: bool,
    /// Whether our camera is shown to it.
    pub(crate) camera_on: bool,
    /// Whether we record it.
    pub(crate) recording: bool,
    /// Whether we rang, so that its ringing is heard here.
    pub(crate) rings_out: bool,
    /// When it began, since 1970.
    pub(crate) since: Option<Duration>,
    /// What is known of its sound.
    pub(crate) sound: FarSound,
    /// Whether we hear a camera that we watch: it is silent until its button is pressed.
    pub(crate) heard: bool,
    /// Whether we chose to speak to it.
    pub(crate) spoken_to: bool,
    /// How its pictures fare.
    pub(crate) pace: Pace,
    /// Whether it was asked again since the last picture, so that a box that ends every call isn't
    /// asked for ever.
    asked_again: bool,
    /// When its end was told.
    over: Option<Instant>,
}

/// Why a call is over, with the other side's words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    /// The peer did not take it.
    Declined { text: String },
    /// Anything else.
    Reason { reason: EndReason, text: String },
}

/// The stage of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// The peer is not connected; it is asked once it is.
    Waiting,
    /// Asked, or answered and not yet begun.
    Ringing,
    /// It runs.
    Live,
    /// The connection was lost at that time since 1970, and the station brings it back.
    Interrupted(Duration),
    /// Over, and not asked again by itself; why.
    Ended(Ending),
}

impl Call {
    /// A new call.
    pub(crate) fn new(peer: PeerName, kind: CallKind, stage: Stage) -> Self {
        Self {
            peer,
            kind,
            stage,
            shown: None,
            trouble: None,
            broken: 0,
            far_camera: None,
            far_recording: false,
            camera_on: false,
            recording: false,
            rings_out: false,
            since: None,
            sound: FarSound::default(),
            heard: false,
            spoken_to: false,
            pace: Pace::default(),
            asked_again: false,
            over: None,
        }
    }

    /// Whether the station has a call for it.
    pub(crate) fn is_open(&self) -> bool {
        matches!(
            self.stage,
            Stage::Ringing | Stage::Live | Stage::Interrupted(_)
        )
    }

    /// Whether it goes both ways.
    pub(crate) fn is_talk(&self) -> bool {
        self.kind == CallKind::Talk
    }

    /// It runs, for the first time or again.
    pub(crate) fn started(&mut self, kind: CallKind, now: Duration) {
        self.since.get_or_insert(now);
        self.kind = kind;
        self.stage = Stage::Live;
    }

    /// The call is over, from whichever side; `here` is whether the peer is still connected. Gives
    /// back whether to ask it again at once. Nothing that was known of its pictures stays.
    pub(crate) fn ended(&mut self, reason: EndReason, text: &str, here: bool) -> bool {
        self.shown = None;
        self.trouble = None;
        self.broken = 0;
        self.pace = Pace::default();
        self.far_camera = None;
        self.far_recording = false;
        self.camera_on = false;
        self.since = None;
        self.sound = FarSound::default();
        self.spoken_to = false;
        self.over = Some(Instant::now());
        let box_again = !self.is_talk() && !self.asked_again;
        self.stage = match reason {
            // One of two connections to the camera closed; the other can carry the call.
            EndReason::Leaving if here && box_again => Stage::Ringing,
            // The camera is asked again once it is back. A person is rung only by the user.
            EndReason::Leaving | EndReason::Unanswered if !here && !self.is_talk() => {
                Stage::Waiting
            }
            EndReason::Chosen if self.is_talk() && self.stage == Stage::Ringing => {
                let text = text.to_owned();
                Stage::Ended(Ending::Declined { text })
            }
            _ => {
                let text = text.to_owned();
                Stage::Ended(Ending::Reason { reason, text })
            }
        };
        let ring = self.stage == Stage::Ringing;
        self.asked_again |= ring;
        ring
    }

    /// Whether a picture belongs to this call. One that was received before the end was told, and
    /// was being decoded meanwhile, does not.
    pub(crate) fn takes(&self, shown: &Shown) -> bool {
        self.over.is_none_or(|over| shown.received > over)
    }

    /// A good picture. One after the end belongs to a call that goes on: a peer can have two.
    pub(crate) fn show(&mut self, shown: Shown) {
        if !self.takes(&shown) {
            return;
        }
        if matches!(self.stage, Stage::Ended(_)) {
            self.stage = Stage::Live;
        }
        self.shown = Some(shown);
        self.trouble = None;
        self.asked_again = false;
    }

    /// Its newest picture reached the screen.
    pub(crate) fn presented(&mut self, sample: Sample) {
        self.pace.add(sample);
        self.pace.log(self.peer, sample.presented);
    }

    /// A bad one.
    pub(crate) fn break_one(&mut self, why: String) {
        self.broken = self.broken.saturating_add(1);
        self.trouble = Some(why);
    }
}
