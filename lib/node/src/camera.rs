//! Our camera: opened while somebody looks, handed to every viewer, and brought back when it is
//! lost.
//!
//! ```text
//!   thread `camera`  ---- news: pictures, counts, errors --->  OwnCamera  ---> every viewer
//!                    <--- open, release, wish -------------       |
//!                                                             Supervisor: when it is opened again
//! ```
//!
//! It is wanted while a viewer is shown it, or its owner previews it. Another request closes it and
//! begins anew. It is said to be live with its first picture, and to be lost while nothing comes
//! that can be used. A viewer who comes while the camera of a box is not live gets the last picture
//! there was, which tells its age.

mod frames;
mod numbers;
mod onlookers;
mod stats;
mod supervisor;
mod words;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use transom_media::{CameraError, CaptureRequest, DeviceWatch, Format, Picture};
use transom_net::{PeerId, WatchId};
use transom_proto::CallId;
use transom_wire::CameraState;

use crate::calls::Calls;
use crate::context::{Context, earlier};
use crate::notice::Notice;
use crate::quality::{Adaptation, Quality, Viewers};
use crate::workers::{Opening, Wish};

pub use numbers::{CameraNumbers, FarCameraStats, MachineState, Throttling, ViewerCounts};
pub use stats::{CameraStats, ViewerStats};

use onlookers::Told;
use stats::Statistics;
use supervisor::{Act, Supervisor, Trouble};
use words::Words;

/// The camera of a box stays on so long without a viewer, so that a viewer that reconnects need
/// not wait for it; then its light goes out.
const LINGER: Duration = Duration::from_secs(5);
/// A person's camera goes off as it is let go of; only what follows at once, such as a call upon
/// the preview, keeps it on.
const PARTING: Duration = Duration::from_millis(300);

/// Whose camera it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Of {
    /// A box: whoever may watch it sees what it sees.
    Box,
    /// A person, who shows it to one and not to another.
    Person,
}

impl Of {
    /// How long it stays on without a viewer.
    fn linger(self) -> Duration {
        match self {
            Self::Box => LINGER,
            Self::Person => PARTING,
        }
    }
}

/// When the owner is told of the first frames that a camera lost: a few are damaged as it starts.
const FIRST_LOSSES: Duration = Duration::from_secs(10);
/// And how long after that of more of them.
const MORE_LOSSES: Duration = Duration::from_secs(60);

/// One call that shows our camera.
type ViewerId = (PeerId, CallId);

pub(crate) struct OwnCamera {
    request: Option<CaptureRequest>,
    of: Of,
    /// Whether its owner looks.
    preview: bool,
    supervisor: Supervisor,
    /// Which opening this is, so that what an earlier camera still gives is known for that.
    opening: Opening,
    /// What it gives since it was opened.
    format: Format,
    /// When its owner is next told of frames that it lost, and how many were told of.
    losses_due: Option<Instant>,
    losses_told: u64,
    unwanted_since: Option<Instant>,
    /// What its thread was told last.
    wish: Wish,
    /// While it waits for its device.
    devices: Option<(DeviceWatch, WatchId)>,
    camera_state: CameraState,
    words: Words,
    /// The last picture of a box, for viewers who come while its camera gives none. What a person
    /// showed to one is not shown to another.
    last: Option<Picture>,
    /// What each onlooker was told last.
    told: BTreeMap<ViewerId, Told>,
    changes: u32,
    viewers: Viewers<ViewerId>,
    /// While its owner or a viewer wants to know.
    statistics: Option<Statistics>,
    owner_wants_stats: bool,
    /// Whether files move at our station or in another program of its owner.
    files_move: bool,
}

impl OwnCamera {
    pub(crate) fn new(request: Option<CaptureRequest>, of: Of, adaptation: Adaptation) -> Self {
        prepare(request.as_ref());
        Self {
            supervisor: Supervisor::new(request.as_ref().map(|request| &request.source)),
            request,
            of,
            preview: false,
            opening: Opening::default(),
            format: Format::default(),
            losses_due: None,
            losses_told: 0,
            unwanted_since: None,
            wish: Wish::default(),
            devices: None,
            camera_state: CameraState::Off,
            words: Words::default(),
            last: None,
            told: BTreeMap::new(),
            changes: 0,
            viewers: Viewers::new(adaptation),
            statistics: None,
            owner_wants_stats: false,
            files_move: false,
        }
    }

    /// Lowers pictures for slow links by these rules from now on.
    pub(crate) fn adapt(&mut self, adaptation: Adaptation) {
        self.viewers.adapt(adaptation);
    }

    /// Whether files move beside the pictures, at our station or in another program of its owner.
    pub(crate) fn files_move(&mut self, files_move: bool) {
        self.files_move = files_move;
    }

    /// How the peer of that connection gets our pictures.
    pub(crate) fn quality(&self, link: PeerId, calls: &Calls) -> Option<Quality> {
        let mut viewers = calls.viewers().filter(|(on, _)| *on == link);
        viewers.find_map(|viewer| self.viewers.quality(viewer))
    }

    /// Uses another camera from now on, or none.
    pub(crate) fn choose(&mut self, request: Option<CaptureRequest>, out: &mut Context) {
        self.stop(out);
        prepare(request.as_ref());
        self.supervisor = Supervisor::new(request.as_ref().map(|request| &request.source));
        self.request = request;
        out.tell_door(self.camera_state, self.request.is_some(), "");
        self.last = None;
    }

    /// Tells a door that was just opened how the camera is.
    pub(crate) fn meet_door(&self, out: &mut Context) {
        let words = self.words.for_viewers();
        out.tell_door(self.camera_state, self.request.is_some(), words);
    }

    /// Closes it for good without a notice: the station ends.
    pub(crate) fn end(&mut self, out: &mut Context) {
        out.workers.release_camera();
        self.supervisor.stop();
        self.request = None;
    }

    /// Whether its owner wants to see it.
    pub(crate) fn preview(&mut self, on: bool) {
        self.preview = on;
    }

    /// Once a turn: starts, stops and retries it, as its viewers and the time demand.
    pub(crate) fn turn(&mut self, now: Instant, calls: &Calls, out: &mut Context) {
        let works_since = out.workers.camera_works_since(self.opening);
        self.take_news(now, calls, out);
        self.supervisor.works(works_since);
        let is_watched = calls.viewers().next().is_some() || out.door_viewers() > 0;
        let wanted = self.preview || is_watched;
        if wanted {
            self.unwanted_since = None;
            if self.supervisor.is_off() && self.request.is_some() {
                let act = self.supervisor.start(now);
                self.change(CameraState::Opening, Words::default(), out);
                self.act(act, now, out);
            }
        } else if !self.supervisor.is_off() {
            // Also one that is just opening: its light need not go on.
            let since = *self.unwanted_since.get_or_insert(now);
            if !self.supervisor.is_open() || now >= since + self.of.linger() {
                self.stop(out);
            }
        }
        while let Some(act) = self.supervisor.turn(now) {
            self.act(act, now, out);
        }
        self.tell_wish(calls, out);
        self.watch_devices(out);
        self.tell_onlookers(now, calls, out);
        self.tell_statistics(now, calls, out);
    }

    /// When [`turn`](Self::turn) has something to do though nothing happens.
    pub(crate) fn due(&self) -> Option<Instant> {
        let off = self.unwanted_since.map(|since| since + self.of.linger());
        let off = off.filter(|_| self.supervisor.is_open());
        let statistics = self.statistics.as_ref().map(Statistics::due);
        let own = earlier(off, self.supervisor.due());
        earlier(earlier(own, self.viewers.due()), statistics)
    }

    /// How long it may stay live without giving a picture.
    pub(crate) fn patience(&self) -> Duration {
        self.supervisor.patience()
    }

    /// The camera is open.
    pub(crate) fn opened(&mut self, opening: Opening, format: Format, now: Instant) {
        if opening == self.opening && self.supervisor.is_opening() {
            self.supervisor.opened(&format, now);
            self.format = format;
            self.losses_told = 0;
            self.losses_due = Some(now + FIRST_LOSSES);
        }
    }

    /// It could not be opened, or an error ended it.
    pub(crate) fn failed(
        &mut self,
        opening: Opening,
        error: &CameraError,
        calls: &Calls,
        out: &mut Context,
    ) {
        // What it gave before it failed.
        self.take_news(out.now(), calls, out);
        if opening != self.opening || self.supervisor.is_off() || self.supervisor.is_waiting() {
            return;
        }
        self.tell_losses(out);
        out.workers.release_camera();
        self.supervisor.failed(error, out.now());
        self.change(CameraState::Lost, Words::lost(error), out);
        self.tell_failure(out);
    }

    /// The loop says that a descriptor is readable.
    pub(crate) fn readable(&mut self, id: WatchId, now: Instant) {
        if let Some((devices, watch)) = &mut self.devices
            && *watch == id
            && devices.changed()
        {
            self.supervisor.devices_changed(now);
        }
    }

    fn act(&mut self, act: Act, now: Instant, out: &mut Context) {
        match act {
            Act::Open { reset } => {
                if let Some(request) = self.request.clone() {
                    self.opening = out.workers.open_camera(request, reset);
                }
            }
            Act::Tell(Trouble::Hangs(_)) if out.workers.camera_hangs() => {
                self.supervisor.start(now);
            }
            Act::Tell(trouble) => {
                let hangs = matches!(trouble, Trouble::Hangs(_));
                self.change(CameraState::Lost, self.words_of(trouble), out);
                if hangs {
                    self.tell_failure(out);
                }
            }
            Act::Close(trouble) => {
                self.tell_losses(out);
                let words = self.words_of(trouble);
                // It is closed on its thread, since that may take a while.
                out.workers.release_camera();
                self.change(CameraState::Lost, words, out);
                self.tell_failure(out);
            }
        }
    }

    fn tell_failure(&self, out: &mut Context) {
        out.notify(Notice::CameraFailed {
            failures: self.supervisor.failures(),
            retry: self.supervisor.retry(),
        });
    }

    /// Tells the owner of frames that were lost or repaired since the last time.
    fn tell_losses(&mut self, out: &mut Context) {
        let counts = self.format.counts;
        if counts.imperfect() > self.losses_told {
            self.losses_told = counts.imperfect();
            out.notify(Notice::CameraLosses { counts });
        }
    }

    fn stop(&mut self, out: &mut Context) {
        self.tell_losses(out);
        out.workers.release_camera();
        self.supervisor.stop();
        self.unwanted_since = None;
        self.change(CameraState::Off, Words::default(), out);
    }

    /// Looks at the devices of this machine while the camera may be among those that come.
    fn watch_devices(&mut self, out: &mut Context) {
        if !self.supervisor.waits_for_device() {
            if !self.supervisor.is_opening() {
                self.unwatch(out);
            }
            return;
        }
        if self.devices.is_none() {
            // Without it the camera is looked for at its pauses.
            let watched = DeviceWatch::new().and_then(|devices| {
                let watch = out.net.watch(devices.descriptor())?;
                Ok((devices, watch))
            });
            match watched {
                Ok(watched) => self.devices = Some(watched),
                Err(why) => log::debug!("watch_devices=\"{why}\""),
            }
        }
    }

    fn unwatch(&mut self, out: &mut Context) {
        if let Some((_, watch)) = self.devices.take() {
            out.net.unwatch(watch);
        }
    }

    fn change(&mut self, state: CameraState, words: Words, out: &mut Context) {
        if (state, words.for_owner()) != (self.camera_state, self.words.for_owner()) {
            let text = words.for_owner().to_owned();
            out.notify(Notice::Camera { state, text });
        }
        if (state, words.for_viewers()) != (self.camera_state, self.words.for_viewers()) {
            self.changes = self.changes.wrapping_add(1);
        }
        out.tell_door(state, self.request.is_some(), words.for_viewers());
        (self.camera_state, self.words) = (state, words);
    }
}

/// Some sources have to be read before there is a viewer.
fn prepare(request: Option<&CaptureRequest>) {
    if let Some(request) = request {
        transom_media::prepare(request);
    }
}

#[cfg(test)]
mod tests;
