//! The workers of a simulated station: each job is done at once, in its order; only encoding takes
//! its time.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use transom_media::{CameraError, CaptureRequest, Frame, Picture};
use transom_net::sim::World;
use transom_wire::PeerName;

use super::camera::{Camera, Opened, encoded_bytes, encoding_time, picture};
use super::files::Files;
use crate::discovery::{Job, News};
use crate::disk;
use crate::lanes::Lane;
use crate::live_marks::{Elsewhere, Need};
use crate::load::Load;
use crate::notice::TransferId;
use crate::pairing::PairingId;
use crate::parts::Workers;
use crate::shared_live::{OwnerMarks, SharedMarks};
use crate::workers::{Opening, Report};

/// The camera that a station's next opening finds; shared with the simulation, which may change it.
pub(crate) type CameraSlot = Arc<Mutex<Option<Camera>>>;

pub(crate) struct Inline {
    world: World,
    camera: CameraSlot,
    files: Files,
    reports: VecDeque<Report>,
    last_opening: u32,
    encoding: Option<Encoding>,
    /// The newest frame that came while another one was encoded.
    waiting: Option<Encoding>,
    marks: SharedMarks,
}

/// A frame being encoded, or about to be.
struct Encoding {
    opening: Opening,
    frame: Frame,
    quality: u8,
    size: Option<(u16, u16)>,
    done: Instant,
}

impl Inline {
    pub(crate) fn new(world: World, camera: CameraSlot) -> Self {
        Self {
            world,
            camera,
            files: Files::default(),
            reports: VecDeque::new(),
            last_opening: 0,
            encoding: None,
            waiting: None,
            marks: SharedMarks::new(&OwnerMarks::default()),
        }
    }

    /// When there is a report.
    pub(crate) fn due(&self) -> Option<Instant> {
        if !self.reports.is_empty() {
            return Some(self.world.now());
        }
        let encoded = self.encoding.as_ref().map(|encoding| encoding.done);
        encoded.into_iter().chain(self.marks.due()).min()
    }

    fn reports(&mut self) -> VecDeque<Report> {
        let now = self.world.now();
        if let Some(encoding) = self.encoding.take_if(|encoding| encoding.done <= now) {
            let picture = encoding.picture(&self.world);
            self.reports
                .push_back(Report::Encoded(encoding.opening, Ok(picture)));
            self.encoding = self.waiting.take().map(|next| next.starting(now));
        }
        std::mem::take(&mut self.reports)
    }

    fn open_camera(&mut self, request: &CaptureRequest) -> Opening {
        self.last_opening += 1;
        let opening = Opening(self.last_opening);
        let camera = self.camera.lock().unwrap_or_else(PoisonError::into_inner);
        self.reports.push_back(match &*camera {
            Some(camera) => {
                let opened = Opened::new(self.world.clone(), camera, request);
                Report::Opened(opening, Box::new(opened))
            }
            None => Report::CameraFailed(opening, none()),
        });
        opening
    }

    fn encode(&mut self, opening: Opening, frame: Frame, quality: u8, size: Option<(u16, u16)>) {
        let now = self.world.now();
        let next = Encoding {
            opening,
            frame,
            quality,
            size,
            done: now,
        };
        match self.encoding {
            Some(_) => self.waiting = Some(next),
            None => self.encoding = Some(next.starting(now)),
        }
    }

    fn disk(&mut self, transfer: TransferId, job: disk::Job) {
        let reports = &mut self.reports;
        self.files.work(transfer, job, &mut |answer| {
            reports.push_back(Report::Disk(transfer, answer));
        });
    }

    /// An address as text; there are no names in a simulation.
    fn resolve(&mut self, peer: PeerName, host: &str, port: u16) {
        let found = host.parse().map(|ip| vec![SocketAddr::new(ip, port)]);
        let found = found.map_err(|_| io::ErrorKind::NotFound.into());
        self.reports.push_back(Report::Resolved(peer, found));
    }
}

impl Encoding {
    fn starting(self, now: Instant) -> Self {
        let (width, height) = self.size();
        let done = now + encoding_time(width, height);
        Self { done, ..self }
    }

    /// Smaller than the frame at most.
    fn size(&self) -> (u16, u16) {
        let own = match &self.frame {
            Frame::Jpeg(picture) => (picture.width, picture.height),
            Frame::Raw(raw) => (raw.width, raw.height),
        };
        let wanted = self.size.unwrap_or(own);
        (own.0.min(wanted.0), own.1.min(wanted.1))
    }

    fn picture(&self, world: &World) -> Picture {
        let (sequence, times) = match &self.frame {
            Frame::Jpeg(picture) => (picture.sequence, (picture.captured, picture.acquired)),
            Frame::Raw(raw) => (raw.sequence, (raw.captured, raw.acquired)),
        };
        let (width, height) = self.size();
        let bytes = encoded_bytes(width, height, self.quality);
        picture(world, bytes, (width, height), sequence, times)
    }
}

fn none() -> CameraError {
    let looked = Vec::new();
    CameraError::NoneFound { looked }
}

/// What a station asks of its workers, whichever they are.
impl Workers {
    pub(crate) fn reports(&mut self) -> VecDeque<Report> {
        match self {
            Self::Threads(threads) => threads.reports(),
            Self::Inline(inline) => inline.reports(),
        }
    }

    pub(crate) fn newest_frame(&self) -> Option<Frame> {
        match self {
            Self::Threads(threads) => threads.newest_frame(),
            Self::Inline(_) => None,
        }
    }

    pub(crate) fn open_camera(&mut self, request: CaptureRequest) -> Opening {
        match self {
            Self::Threads(threads) => threads.open_camera(request),
            Self::Inline(inline) => inline.open_camera(&request),
        }
    }

    pub(crate) fn close_camera(&mut self, camera: Box<dyn transom_media::Camera>) {
        if let Self::Threads(threads) = self {
            threads.close_camera(camera);
        }
    }

    pub(crate) fn list_cameras(&mut self) {
        match self {
            Self::Threads(threads) => threads.list_cameras(),
            Self::Inline(inline) => inline.reports.push_back(Report::Cameras(Vec::new())),
        }
    }

    pub(crate) fn release_camera(&self) {
        if let Self::Threads(threads) = self {
            threads.release_camera();
        }
    }

    pub(crate) fn encode(
        &mut self,
        opening: Opening,
        frame: Frame,
        quality: u8,
        size: Option<(u16, u16)>,
    ) {
        match self {
            Self::Threads(threads) => threads.encode(opening, frame, quality, size),
            Self::Inline(inline) => inline.encode(opening, frame, quality, size),
        }
    }

    pub(crate) fn disk(&mut self, lane: Lane, transfer: TransferId, job: disk::Job) {
        match self {
            Self::Threads(threads) => threads.disk(lane, transfer, job),
            Self::Inline(inline) => inline.disk(transfer, job),
        }
    }

    pub(crate) fn disk_for(
        &mut self,
        load: &Load,
        lane: Lane,
        transfer: TransferId,
        job: disk::Job,
    ) {
        match self {
            Self::Threads(threads) => threads.disk_for(load, lane, transfer, job),
            // Done before anything could wait.
            Self::Inline(inline) => inline.disk(transfer, job),
        }
    }

    /// A simulated station has no sound.
    #[cfg(feature = "sound")]
    pub(crate) fn start_sound(
        &mut self,
        settings: transom_sound::EngineSettings,
        inbox: Arc<crate::sound::Inbox>,
    ) -> Option<transom_sound::Controls> {
        match self {
            Self::Threads(threads) => threads.start_sound(settings, inbox),
            Self::Inline(_) => None,
        }
    }

    pub(crate) fn set_marks(&mut self, marks: OwnerMarks) {
        match self {
            Self::Threads(threads) => threads.set_marks(marks),
            Self::Inline(inline) => inline.marks = SharedMarks::new(&marks),
        }
    }

    pub(crate) fn elsewhere(&mut self, need: Need) -> Elsewhere {
        match self {
            Self::Threads(threads) => threads.elsewhere(need),
            Self::Inline(inline) => inline.marks.turn(need, inline.world.now()),
        }
    }

    #[cfg(feature = "sound")]
    pub(crate) fn list_sounds(&mut self, inbox: Arc<crate::sound::Inbox>) {
        match self {
            Self::Threads(threads) => threads.list_sounds(inbox),
            Self::Inline(_) => inbox.list(Vec::new()),
        }
    }

    pub(crate) fn resolve_candidate(&mut self, entry: PairingId, host: String, port: u16) {
        match self {
            Self::Threads(threads) => threads.resolve_candidate(entry, host, port),
            // A simulated station does not pair.
            Self::Inline(inline) => {
                let nowhere = Err(io::ErrorKind::NotFound.into());
                let report = Report::CandidateResolved(entry, nowhere);
                inline.reports.push_back(report);
            }
        }
    }

    /// A simulated network has no multicast.
    pub(crate) fn discover(&mut self, job: &Job) {
        if let Self::Threads(threads) = self {
            threads.discover(job);
        }
    }

    pub(crate) fn news(&mut self) -> Option<News> {
        match self {
            Self::Threads(threads) => threads.news(),
            Self::Inline(_) => None,
        }
    }

    pub(crate) fn resolve(&mut self, peer: PeerName, host: String, port: u16) {
        match self {
            Self::Threads(threads) => threads.resolve(peer, host, port),
            Self::Inline(inline) => inline.resolve(peer, &host, port),
        }
    }
}
