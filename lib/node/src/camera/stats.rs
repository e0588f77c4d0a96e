//! What the camera and its viewers did, told once a second while its owner or a viewer wants to
//! know. Nothing is counted for it otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_media::{Counts, Picture};
use transom_net::PeerId;
use transom_proto::Stats;
use transom_wire::{CameraState, PeerName};

use super::OwnCamera;
use super::numbers::{CameraNumbers, FarCameraStats, MachineState, ViewerCounts};
use super::onlookers::captured;
use crate::calls::Calls;
use crate::context::Context;
use crate::latency::{LatencyWindow, Stage, Stages};
use crate::notice::{HttpViewers, Notice};
use crate::quality::Quality;

/// What our camera and its viewers did.
#[derive(Clone, Debug)]
pub struct CameraStats {
    /// How the camera is.
    pub state: CameraState,
    /// What it gives, as `MJPG 1280x720 30 fps of HD Webcam`; for the owner alone.
    pub what: Arc<str>,
    /// What viewers are told too.
    pub numbers: CameraNumbers,
    /// All peers that watch.
    pub viewers: Vec<ViewerStats>,
    /// Clients of the HTTP door.
    pub http: HttpViewers,
}

/// What a viewer got.
#[derive(Clone, Debug)]
pub struct ViewerStats {
    /// Whose.
    pub peer: PeerName,
    /// Its pictures.
    pub pictures: ViewerCounts,
    /// How it gets them.
    pub quality: Option<Quality>,
}

/// Often enough to see a change, seldom enough to read the numbers.
const PAUSE: Duration = Duration::from_secs(1);

/// What is counted while the owner or a viewer wants to know.
#[derive(Debug)]
pub(super) struct Statistics {
    next: Instant,
    /// When they were told last, and how many frames had come by then.
    last: Option<(Instant, u64)>,
    /// Whether a viewer wanted them then.
    for_viewers: bool,
    machine: MachineState,
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
            last: None,
            for_viewers: false,
            machine: MachineState::default(),
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

    /// Frames a second since they were told last.
    fn fps(&mut self, now: Instant) -> f64 {
        let came = self.counts.came();
        let last = self.last.replace((now, came));
        last.map_or(0.0, |(at, before)| {
            let seconds = now.saturating_duration_since(at).as_secs_f64();
            (came - before) as f64 / seconds.max(0.001)
        })
    }
}

impl OwnCamera {
    /// Begins to tell the owner statistics, or ends it.
    pub(crate) fn tell_stats(&mut self, on: bool, now: Instant) {
        self.owner_wants_stats = on;
        if on {
            self.statistics.get_or_insert_with(|| Statistics::new(now));
        }
    }

    /// How the machine is, for the viewers that want statistics.
    pub(crate) fn set_machine(&mut self, machine: MachineState) {
        if let Some(statistics) = &mut self.statistics {
            statistics.machine = machine;
        }
    }

    /// Tells them if it is time. They end only then too: a viewer that asks and takes it back over
    /// and over makes no work.
    pub(super) fn tell_statistics(&mut self, now: Instant, calls: &Calls, out: &mut Context) {
        let for_viewers = calls.onlookers().any(|onlooker| onlooker.gets_stats());
        if for_viewers {
            self.statistics.get_or_insert_with(|| Statistics::new(now));
        }
        let Some(statistics) = self.statistics.as_mut().filter(|it| it.next <= now) else {
            return;
        };
        statistics.next = now + PAUSE;
        if for_viewers != std::mem::replace(&mut statistics.for_viewers, for_viewers) {
            statistics.machine = MachineState::default();
            out.notify(Notice::StatsWanted { on: for_viewers });
        }
        if !for_viewers && !self.owner_wants_stats {
            self.statistics = None;
            return;
        }
        // Before a second is over there is no rate that a viewer could be told.
        let has_rate = statistics.last.is_some();
        let numbers = CameraNumbers {
            agreed_fps: self.format.fps,
            fps: statistics.fps(now),
            counts: statistics.counts,
            latency: statistics.latency.summary(now),
            machine: statistics.machine,
        };
        let viewers = self.viewer_stats(calls, out);
        if for_viewers && has_rate {
            tell_viewers(&numbers, &viewers, calls, out);
        }
        if self.owner_wants_stats {
            let http = out.http_viewers();
            out.notify(Notice::CameraStats(Box::new(CameraStats {
                state: self.camera_state,
                what: self.format.what.clone(),
                numbers,
                viewers: viewers.into_values().collect(),
                http,
            })));
        }
    }

    /// What every viewer got, by connection.
    fn viewer_stats(&mut self, calls: &Calls, out: &mut Context) -> BTreeMap<PeerId, ViewerStats> {
        let mut viewers = BTreeMap::new();
        let Some(statistics) = &mut self.statistics else {
            return viewers;
        };
        let moment = out.net.now();
        for onlooker in calls.onlookers().filter(|onlooker| onlooker.is_shown) {
            let link = onlooker.link;
            let Some(stats) = out.with(link, |session| session.stats(moment)) else {
                continue;
            };
            let watched = statistics.viewers.get(&link).copied().unwrap_or_default();
            let viewer = ViewerStats {
                peer: onlooker.peer,
                pictures: ViewerCounts {
                    sent: stats.pictures_sent,
                    dropped: stats.pictures_replaced + stats.pictures_aborted,
                    left_out: watched.left_out,
                },
                quality: self.viewers.quality((link, onlooker.call)),
            };
            viewers.insert(link, viewer);
        }
        statistics
            .viewers
            .retain(|link, _| viewers.contains_key(link));
        viewers
    }
}

/// Tells each viewer that wants to know the numbers of the camera and its own.
fn tell_viewers(
    numbers: &CameraNumbers,
    viewers: &BTreeMap<PeerId, ViewerStats>,
    calls: &Calls,
    out: &mut Context,
) {
    let all = viewers.len() + out.door_viewers();
    for onlooker in calls.onlookers().filter(|onlooker| onlooker.gets_stats()) {
        let Some(viewer) = viewers.get(&onlooker.link) else {
            continue;
        };
        let stats = FarCameraStats {
            numbers: *numbers,
            viewers: all.try_into().unwrap_or(u16::MAX),
            ours: viewer.pictures,
        };
        let told = out.with(onlooker.link, |session| {
            session.camera_stats(onlooker.call, stats.to_wire())
        });
        // The next numbers say more than these.
        if let Some(Err(error)) = told {
            log::debug!("peer={} no statistics: {error}", onlooker.peer);
        }
    }
}
