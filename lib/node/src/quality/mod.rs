//! Quality follows the link: how often and how good each viewer gets our pictures. It knows no
//! session and no camera; the camera asks it about each frame and tells it what became of it.
//!
//! ```text
//!            coding of the best viewer             one for each viewer
//!   camera --------------------------> encoder --> skipper --> slot of its session
//!                     ^                                              |
//!                     `------- controller <------- lost, waits ------'
//! ```
//!
//! Each viewer has a [`Controller`], whose step of the [`Ladder`] is a frame rate, a JPEG quality
//! and a size. Frames are skipped for each viewer alone. There is one encoder: pictures are coarser
//! or smaller only once *every* viewer has come to such a step, so that one slow viewer lowers
//! no other. A viewer that is slower than the best skips more frames.
//!
//! The mode of a camera is never changed. A change closes and opens the device: a second without a
//! picture, and a privacy light that blinks, for a link that may be good again in two; and what a
//! smaller mode saves is not known before. Where a camera's own JPEG passes as it is, only frames
//! are skipped, by the slot unless the user wants them skipped evenly.

mod controller;
mod ladder;
mod skipper;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use transom_proto::Stats;

use crate::context::earlier;

pub use controller::Bottleneck;
use controller::{Controller, Sample};
pub use ladder::{Adaptation, TradeOff, UnknownTradeOff};
pub(crate) use ladder::{Coding, Full};
use ladder::{Ladder, Rung};
use skipper::Skipper;

/// How a viewer gets our pictures.
///
/// ```
/// use transom::{Bottleneck, Quality};
/// let quality = Quality {
///     fps: Some(15),
///     quality: Some(60),
///     size: (640, 360),
///     bottleneck: Some(Bottleneck::Link),
/// };
/// assert_eq!(quality.to_string(), "15 fps, quality 60, 640x360: the link is slow");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quality {
    /// Most frames a second; `None` where the camera tells none and none are skipped, or where the
    /// slot skips what the link can't take.
    pub fps: Option<u32>,
    /// JPEG quality, 1 to 100; `None` where pictures pass as the camera makes them.
    pub quality: Option<u8>,
    /// Pixels across and down.
    pub size: (u16, u16),
    /// What keeps them from being better; `None` at full quality.
    pub bottleneck: Option<Bottleneck>,
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fps) = self.fps {
            write!(f, "{fps} fps, ")?;
        }
        if let Some(quality) = self.quality {
            write!(f, "quality {quality}, ")?;
        }
        write!(f, "{}x{}", self.size.0, self.size.1)?;
        f.write_str(match self.bottleneck {
            None => "",
            Some(Bottleneck::Link) if self.fps.is_none() && self.quality.is_none() => {
                ", frames are skipped: the link is slow"
            }
            Some(Bottleneck::Link) => ": the link is slow",
            Some(Bottleneck::Unknown) if self.fps.is_none() && self.quality.is_none() => {
                ", frames are skipped"
            }
            Some(Bottleneck::Unknown) => "",
            Some(Bottleneck::Viewer) => ": the viewer is slow",
        })
    }
}

/// All viewers, by an id of the caller's.
#[derive(Debug)]
pub(crate) struct Viewers<Id> {
    adaptation: Adaptation,
    /// What the camera gives; `None` before its first frame.
    source: Option<(Full, Ladder)>,
    viewers: BTreeMap<Id, Viewer>,
    /// The step of the viewer that is best off; 0 without viewers.
    best: usize,
}

#[derive(Debug)]
struct Viewer {
    controller: Controller,
    skipper: Skipper,
    /// Pictures replaced and aborted in its session so far.
    lost: u64,
    /// The quality that was told last, and when; `None` counts as full.
    told: Option<(Quality, Instant)>,
}

impl<Id: Copy + Ord> Viewers<Id> {
    pub(crate) fn new(adaptation: Adaptation) -> Self {
        Self {
            adaptation,
            source: None,
            viewers: BTreeMap::new(),
            best: 0,
        }
    }

    /// Adapts by other limits from now on.
    pub(crate) fn adapt(&mut self, adaptation: Adaptation) {
        self.adaptation = adaptation;
        if let Some((full, ladder)) = &mut self.source {
            *ladder = Ladder::new(full, &adaptation);
        }
    }

    /// What the camera gives at its best, told before each frame.
    pub(crate) fn set_source(&mut self, full: Full) {
        if self.source.as_ref().is_none_or(|(known, _)| *known != full) {
            self.source = Some((full, Ladder::new(&full, &self.adaptation)));
        }
    }

    /// Forgets all viewers but these.
    pub(crate) fn retain(&mut self, is_there: impl Fn(Id) -> bool) {
        let before = self.viewers.len();
        self.viewers.retain(|id, _| is_there(*id));
        if self.viewers.len() != before {
            self.find_best();
        }
    }

    /// How pictures are to be encoded: as the best viewer takes them.
    pub(crate) fn coding(&self, quality: u8) -> Coding {
        let rung = self.rung(self.best);
        Coding {
            quality: rung.and_then(|rung| rung.quality).unwrap_or(quality),
            size: rung.and_then(|rung| rung.size),
        }
    }

    /// Whether that viewer is to get the frame captured then.
    pub(crate) fn wants(&self, id: Id, captured: Instant) -> bool {
        let viewer = self.viewers.get(&id);
        viewer.is_none_or(|viewer| viewer.skipper.wants(captured, self.fps(viewer)))
    }

    /// When a frame has to be captured at the earliest for that viewer to get it; `None` where the
    /// viewer gets each one.
    pub(crate) fn earliest(&self, id: Id) -> Option<Instant> {
        let viewer = self.viewers.get(&id)?;
        viewer.skipper.earliest(self.fps(viewer))
    }

    /// Learns what became of a viewer's pictures as the one captured then was handed over.
    pub(crate) fn handle_picture(
        &mut self,
        id: Id,
        captured: Instant,
        sent: &SendResult,
        now: Instant,
    ) {
        let Some((_, ladder)) = &self.source else {
            return;
        };
        let viewer = self.viewers.entry(id).or_insert_with(|| Viewer {
            controller: Controller::new(self.best, now),
            skipper: Skipper::default(),
            lost: sent.lost(),
            told: None,
        });
        let before = viewer.controller.step();
        let fps = ladder.rung(before).fps;
        viewer.skipper.take(captured, fps);
        let sample = sent.sample(viewer.lost);
        viewer.lost = sent.lost();
        let controller = &mut viewer.controller;
        controller.handle_picture(sample, ladder.bottom(), now);
        if controller.step() != before {
            self.find_best();
        }
    }

    /// How that viewer gets pictures; `None` before the first one.
    pub(crate) fn quality(&self, id: Id) -> Option<Quality> {
        let viewer = self.viewers.get(&id)?;
        let (full, ladder) = self.source.as_ref()?;
        let coding = self.rung(self.best)?;
        // The ladder may have become shorter since.
        let is_lowered = viewer.controller.step().min(ladder.bottom()) > 0;
        Some(Quality {
            fps: self
                .fps(viewer)
                .or(full.fps.filter(|_| !is_lowered || full.quality.is_some())),
            quality: coding.quality,
            size: coding.size.unwrap_or(full.size),
            bottleneck: is_lowered.then(|| viewer.controller.bottleneck()),
        })
    }

    /// The quality to tell of that viewer: the newest, but at most every [`TELL_PAUSE`]. `None`
    /// while it has always been full.
    pub(crate) fn told(&mut self, id: Id, now: Instant) -> Option<Quality> {
        let quality = self.quality(id)?;
        let viewer = self.viewers.get_mut(&id)?;
        let is_new = match viewer.told {
            None => quality.bottleneck.is_some(),
            Some((told, at)) => told != quality && now >= at + TELL_PAUSE,
        };
        if is_new {
            viewer.told = Some((quality, now));
        }
        viewer.told.map(|(told, _)| told)
    }

    /// When [`told`](Self::told) has something new though no picture comes.
    pub(crate) fn due(&self) -> Option<Instant> {
        let waiting = self.viewers.iter().filter_map(|(id, viewer)| {
            let (told, at) = viewer.told?;
            (self.quality(*id)? != told).then_some(at + TELL_PAUSE)
        });
        waiting.fold(None, |due, at| earlier(due, Some(at)))
    }

    fn find_best(&mut self) {
        let steps = self.viewers.values().map(|viewer| viewer.controller.step());
        self.best = steps.min().unwrap_or(0);
    }

    fn rung(&self, step: usize) -> Option<Rung> {
        self.source.as_ref().map(|(_, ladder)| ladder.rung(step))
    }

    fn fps(&self, viewer: &Viewer) -> Option<u32> {
        self.rung(viewer.controller.step())
            .and_then(|rung| rung.fps)
    }
}

/// What a session says as a picture is handed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendResult {
    /// Before the picture was put into the slot.
    pub(crate) before: Stats,
    /// After that.
    pub(crate) after: Stats,
    /// Whether files move at our station or in another program of its owner.
    pub(crate) files: bool,
}

impl SendResult {
    /// Pictures lost so far.
    fn lost(&self) -> u64 {
        self.after.pictures_replaced + self.after.pictures_aborted
    }

    /// The same for the controller, where so many had been lost at the picture before.
    fn sample(&self, lost: u64) -> Sample {
        let waits = self.before.picture_waits;
        let is_replaced = self.after.pictures_replaced > self.before.pictures_replaced;
        let bottleneck = match waits {
            // One that is aborted was on its way.
            _ if !is_replaced => Some(Bottleneck::Link),
            // A picture without credit waits for those before it: on the way, or at the viewer.
            None if self.before.unacked < ON_THE_WAY => Some(Bottleneck::Viewer),
            // What is on the way may be file data.
            None if self.files => Some(Bottleneck::Unknown),
            None => Some(Bottleneck::Link),
            // Two pictures that left the encoder together: it had no time to go.
            Some(waits) if waits < TIME_TO_GO => None,
            Some(_) => Some(Bottleneck::Link),
        };
        Sample {
            lost: bottleneck.filter(|_| self.lost() > lost),
            waits,
            rate: self.after.rate,
            files: self.files,
        }
    }
}

/// With fewer bytes not acked nothing but pings is on the way.
const ON_THE_WAY: u64 = 4 * 1024;

/// A picture that was replaced sooner says nothing of the link. Pictures of 60 fps are 17 ms apart.
const TIME_TO_GO: Duration = Duration::from_millis(10);

/// Between two notices of a viewer's quality. While it falls or rises, each step lasts for less
/// time than a user needs to read it.
const TELL_PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
