//! What the camera and its viewers did, told once a second while its owner wants to know. Nothing
//! is counted for it otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_media::{Counts, Picture};
use transom_net::PeerId;
use transom_proto::Stats;
use transom_wire::{CameraState, PeerName};

use super::OwnCamera;
use super::onlookers::captured;
use crate::calls::Calls;
use crate::context::Context;
use crate::latency::{LatencySummary, LatencyWindow, Stage, Stages};
use crate::notice::Notice;
use crate::quality::Quality;

/// What our camera and its viewers did since its owner asked for it.
#[derive(Clone, Debug)]
pub struct CameraStats {
    /// How the camera is.
    pub state: CameraState,
    /// What it gives, as `MJPG 1280x720 30 fps of HD Webcam`; for the owner alone.
    pub what: Arc<str>,
    /// Pictures a second as agreed with the device, 0 where nothing is agreed.
    pub agreed_fps: u32,
    /// Frames by what became of them, of all openings.
    pub counts: Counts,
    /// The stages `Capture`, `Encode` and `Wait`, of the last [`LatencyWindow::SPAN`].
    pub latency: LatencySummary,
    /// All of them.
    pub viewers: Vec<ViewerStats>,
}

/// What a viewer got. Sent and dropped pictures are counted from the begin of its connection.
#[derive(Clone, Debug)]
pub struct ViewerStats {
    /// Whose.
    pub peer: PeerName,
    /// Pictures sent whole.
    pub sent: u64,
    /// Pictures dropped for newer ones, before or while they were sent.
    pub dropped: u64,
    /// Pictures left out evenly for a slow link, since the owner asked.
    pub left_out: u64,
    /// How it gets them.
    pub quality: Option<Quality>,
}

/// Often enough to see a change, seldom enough to read the numbers.
const PAUSE: Duration = Duration::from_secs(1);

/// What is counted while the owner wants to know.
#[derive(Debug)]
pub(super) struct Statistics {
    next: Instant,
    counts: Counts,
    latency: LatencyWindow,
    viewers: BTreeMap<PeerId, Watched>,
}

/// Pictures of one connection.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    begun: u64,
    left_out: u64,
}

impl Statistics {
    fn new(now: Instant) -> Self {
        Self {
            next: now,
            counts: Counts::default(),
            latency: LatencyWindow::default(),
            viewers: BTreeMap::new(),
        }
    }

    pub(super) fn due(&self) -> Instant {
        self.next
    }

    pub(super) fn count(&mut self, more: &Counts) {
        self.counts += *more;
    }

    /// The camera gave a picture.
    pub(super) fn picture(&mut self, picture: &Picture, now: Instant) {
        let mut stages = Stages::default();
        let capture = picture
            .acquired
            .saturating_duration_since(captured(picture));
        let encode = picture.ready.saturating_duration_since(picture.acquired);
        for (stage, time) in [(Stage::Capture, capture), (Stage::Encode, encode)] {
            // A stage that nothing tells is absent.
            if !time.is_zero() {
                stages = stages.with(stage, time);
            }
        }
        self.latency.add(now, stages);
    }

    /// A picture was left out for the viewer of that connection.
    pub(super) fn left_out(&mut self, link: PeerId) {
        self.viewers.entry(link).or_default().left_out += 1;
    }

    /// A picture is handed to a session, which says of those before how long the last one waited.
    pub(super) fn sent(&mut self, link: PeerId, before: &Stats, now: Instant) {
        let watched = self.viewers.entry(link).or_default();
        if before.pictures_begun != std::mem::replace(&mut watched.begun, before.pictures_begun) {
            let waited = Stages::default().with(Stage::Wait, before.picture_waited);
            self.latency.add(now, waited);
        }
    }
}

impl OwnCamera {
    /// Begins to tell statistics, or ends it.
    pub(crate) fn tell_stats(&mut self, on: bool, now: Instant) {
        match on {
            true => {
                self.statistics.get_or_insert_with(|| Statistics::new(now));
            }
            false => self.statistics = None,
        }
    }

    /// Tells them if it is time.
    pub(super) fn tell_statistics(&mut self, now: Instant, calls: &Calls, out: &mut Context) {
        let Some(statistics) = self.statistics.as_mut().filter(|it| it.next <= now) else {
            return;
        };
        statistics.next = now + PAUSE;
        let mut viewers = BTreeMap::new();
        let moment = out.net.now();
        for onlooker in calls.onlookers().filter(|onlooker| onlooker.is_shown) {
            let link = onlooker.link;
            let Some(stats) = out.with(link, |session| session.stats(moment)) else {
                continue;
            };
            let watched = statistics.viewers.get(&link).copied().unwrap_or_default();
            let viewer = ViewerStats {
                peer: onlooker.peer,
                sent: stats.pictures_sent,
                dropped: stats.pictures_replaced + stats.pictures_aborted,
                left_out: watched.left_out,
                quality: self.viewers.quality((link, onlooker.call)),
            };
            viewers.insert(link, viewer);
        }
        statistics
            .viewers
            .retain(|link, _| viewers.contains_key(link));
        out.notify(Notice::CameraStats(Box::new(CameraStats {
            state: self.camera_state,
            what: self.format.what.clone(),
            agreed_fps: self.format.fps,
            counts: statistics.counts,
            latency: statistics.latency.summary(now),
            viewers: viewers.into_values().collect(),
        })));
    }
}
