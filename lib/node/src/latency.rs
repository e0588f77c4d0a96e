//! How long pictures take from the sensor to the screen, stage by stage, over the last seconds. It
//! knows no connection, camera or screen.
//!
//! ```text
//!  by the sender's clock:  sensor --Capture--> frame --Encode--> JPEG --Wait--> first byte
//!  from clock to clock:    first byte --Wire--> whole picture
//!  by the viewer's clock:  whole picture --Decode--> pixels --Show--> display
//! ```
//!
//! A stage is absent, not zero, where nothing tells it: `Capture` of a source without time stamps,
//! `Encode` of a camera that gives JPEG, `Decode` and `Show` of a program without a window. `Show`
//! ends when the picture is handed to the display; when the panel lights up is not known.
//!
//! # What the clock offset can't know
//!
//! Every stage but `Wire` begins and ends by one clock and has no error of its own. `Wire` begins
//! by the sender's clock and ends by the viewer's, which are compared by pings: the peer's answer
//! is taken to be half a round trip old. How a round trip divides between its two directions can't
//! be measured from its ends. So `Wire`, and the total with it, is off by up to half of the
//! shortest round trip of the last 30 s ([`Stages::clock_error`]), and by what the clocks drifted
//! since that: usually below 0.5 ms. The error is nearly the same for all pictures of some seconds,
//! so a change of `Wire` is real.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use transom_proto as proto;
use transom_wire::PictureHead;

/// A part of a picture's way from the sensor to the screen.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// From the sensor's time stamp until the sender's program had the frame.
    Capture,
    /// Until its JPEG was ready, the wait for the encoder included.
    Encode,
    /// Until its first byte was handed to the connection.
    Wait,
    /// Until the viewer had its last byte.
    Wire,
    /// Until its pixels were there, the wait for the decoder included.
    Decode,
    /// Until it was handed to the display.
    Show,
}

impl Stage {
    /// All stages, in the order a picture passes them.
    pub const ALL: [Self; 6] = [
        Self::Capture,
        Self::Encode,
        Self::Wait,
        Self::Wire,
        Self::Decode,
        Self::Show,
    ];

    /// Its name in lower case, as `--json` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Encode => "encode",
            Self::Wait => "wait",
            Self::Wire => "wire",
            Self::Decode => "decode",
            Self::Show => "show",
        }
    }
}

/// How long one picture took in each stage.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stages {
    times: [Option<Duration>; Stage::ALL.len()],
    clock_error: Option<Duration>,
}

impl Stages {
    /// The time of a stage; `None` where it is absent or not known.
    pub fn get(&self, stage: Stage) -> Option<Duration> {
        self.times[stage as usize]
    }

    /// The time of a stage as it counts in the total: zero for a stage that this picture didn't
    /// pass, as where a stream is encoded here only in part. `None` where it is not known.
    pub fn share(&self, stage: Stage) -> Option<Duration> {
        self.get(stage)
            .or_else(|| self.total().map(|_| Duration::ZERO))
    }

    /// The same with the time of one more stage.
    #[must_use]
    pub fn with(mut self, stage: Stage, time: Duration) -> Self {
        self.times[stage as usize] = Some(time);
        self
    }

    /// The sum of all stages there are; `None` until the clocks are compared.
    pub fn total(&self) -> Option<Duration> {
        self.get(Stage::Wire)?;
        Some(self.times.iter().flatten().sum())
    }

    /// `Wire`, and so the total, is right to plus or minus this: half of the shortest round trip.
    pub fn clock_error(&self) -> Option<Duration> {
        self.clock_error
    }

    /// What the sender says of its own stages. Times out of order count as the last one.
    pub(crate) fn of_sender(head: &PictureHead) -> Self {
        let sent = head.sent_after;
        let ready = head.ready_after.min(sent);
        let acquired = head.acquired_after.min(ready);
        let micros = |span: u32| Duration::from_micros(span.into());
        let mut stages = Self::default();
        if micros(sent) > MAX_AGE {
            return stages;
        }
        if acquired > 0 {
            stages = stages.with(Stage::Capture, micros(acquired));
        }
        if ready > acquired {
            stages = stages.with(Stage::Encode, micros(ready - acquired));
        }
        stages.with(Stage::Wait, micros(sent - ready))
    }

    /// The same with the time on the wire, where both moments, by our clock, are credible.
    pub(crate) fn crossed(
        mut self,
        sent: proto::Instant,
        received: proto::Instant,
        min_rtt: Duration,
    ) -> Self {
        let clock_error = min_rtt / 2;
        // An offset that is off makes a short way negative.
        let is_credible = sent - received <= clock_error + MAX_DRIFT && received - sent <= MAX_AGE;
        if is_credible && self.get(Stage::Wait).is_some() {
            self.clock_error = Some(clock_error);
            self = self.with(Stage::Wire, received - sent);
        }
        self
    }
}

/// p50 and p99 of a duration, by nearest rank: of fewer than a hundred values p99 is the largest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spread {
    /// Half of the values are not above it.
    pub p50: Duration,
    /// 99 of a hundred values are not above it.
    pub p99: Duration,
}

impl Spread {
    /// Of these values, if there are any. Reorders them.
    pub fn of(values: &mut [Duration]) -> Option<Self> {
        let mut at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100).checked_sub(1)?;
            Some(*values.select_nth_unstable(rank).1)
        };
        Some(Self {
            p50: at(50)?,
            p99: at(99)?,
        })
    }
}

/// The stages of the pictures of the last [`LatencyWindow::SPAN`], in bounded memory.
#[derive(Clone, Debug, Default)]
pub struct LatencyWindow {
    pictures: VecDeque<(Instant, Stages)>,
}

/// What a [`LatencyWindow`] says of its pictures.
///
/// Each spread stands for itself: a p50 of the total is near the sum of the stages' p50, and equal
/// to it only where the stages don't vary.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LatencySummary {
    /// Of each stage in the order of [`Stage::ALL`]; `None` where it is absent or not known.
    pub stages: [Option<Spread>; Stage::ALL.len()],
    /// Of the sums of each picture's stages.
    pub total: Option<Spread>,
    /// `Wire` and the total are right to plus or minus this, as of the newest picture.
    pub clock_error: Option<Duration>,
}

impl LatencySummary {
    /// The stages that are known, in their order.
    pub fn known(&self) -> impl Iterator<Item = (Stage, Spread)> {
        let stages = Stage::ALL.into_iter().zip(self.stages);
        stages.filter_map(|(stage, spread)| Some((stage, spread?)))
    }
}

impl LatencyWindow {
    /// Long enough for a p99 of 150 pictures at 30 fps, short enough that one bad moment is soon
    /// forgotten.
    pub const SPAN: Duration = Duration::from_secs(5);
    /// The pictures of [`SPAN`](Self::SPAN) at 240 fps, in at most 256 KB; of a faster stream
    /// the newest.
    pub const MAX_PICTURES: usize = 1200;

    /// Takes in a picture that arrived, or was shown, now.
    pub fn add(&mut self, now: Instant, stages: Stages) {
        self.forget(now);
        if self.pictures.len() >= Self::MAX_PICTURES {
            self.pictures.pop_front();
        }
        self.pictures.push_back((now, stages));
    }

    /// p50 and p99 as of now.
    pub fn summary(&self, now: Instant) -> LatencySummary {
        let recent = |at: Instant| now.saturating_duration_since(at) <= Self::SPAN;
        let recent = || self.pictures.iter().filter(move |(at, _)| recent(*at));
        let stages = || recent().map(|(_, stages)| stages);
        let spread = |time: &dyn Fn(&Stages) -> Option<Duration>| {
            Spread::of(&mut stages().filter_map(time).collect::<Vec<_>>())
        };
        let of = |stage| {
            let is_passed = stages().any(|stages| stages.get(stage).is_some());
            is_passed
                .then(|| spread(&|stages| stages.share(stage)))
                .flatten()
        };
        LatencySummary {
            stages: Stage::ALL.map(of),
            total: spread(&Stages::total),
            clock_error: stages().next_back().and_then(Stages::clock_error),
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((at, _)) = self.pictures.front()
            && now.saturating_duration_since(*at) > Self::SPAN
        {
            self.pictures.pop_front();
        }
    }
}

/// No picture gets older than this on its way: a connection is given up after 20 s of silence. An
/// older one has a wrong time stamp.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(30);
/// What two crystals that differ by 0.1 per mille drift apart in 30 s, the age of the oldest
/// offset.
const MAX_DRIFT: Duration = Duration::from_millis(3);

#[cfg(test)]
mod tests;
