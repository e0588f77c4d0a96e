//! The workers of a simulated station: each job is done at once, in its order; only encoding takes
//! its time.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use transom_media::{CameraError, CaptureRequest, fit};
use transom_net::sim::World;
use transom_store::{InboxError, RoomLimits};
use transom_wire::{PeerName, TransferKey};

use super::camera::{Camera, Frame, Gives, Opened, encoded_bytes, encoding_time};
use super::files::Files;
use crate::discovery::{Job, News};
use crate::disk::{self, ReceiveJob, SendJob};
use crate::lanes::Lane;
use crate::live_marks::{Elsewhere, Need};
use crate::load::Load;
use crate::notice::TransferId;
use crate::pairing::PairingId;
use crate::parts::Workers;
use crate::pins::{PinJob, Pinner};
use crate::shared_live::{OwnerMarks, SharedMarks};
use crate::workers::{CameraNews, Opening, Report, Wanted, Wish};

/// The camera that a station's next opening finds; shared with the simulation, which may change it.
pub(crate) type CameraSlot = Arc<Mutex<Option<Camera>>>;

pub(crate) struct Inline {
    world: World,
    camera: CameraSlot,
    files: Files,
    reports: VecDeque<Report>,
    last_opening: u32,
    opened: Option<Opened>,
    wish: Wish,
    encoding: Option<Encoding>,
    marks: SharedMarks,
    pinner: Pinner,
}

/// A frame being encoded. Those that come meanwhile are replaced by newer ones in the camera.
struct Encoding {
    frame: Frame,
    quality: u8,
    size: (u16, u16),
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
            opened: None,
            wish: Wish::default(),
            encoding: None,
            marks: SharedMarks::new(&OwnerMarks::default()),
            pinner: Pinner::default(),
        }
    }

    /// When there is a report.
    pub(crate) fn due(&self) -> Option<Instant> {
        if !self.reports.is_empty() {
            return Some(self.world.now());
        }
        let camera = match &self.encoding {
            Some(encoding) => Some(encoding.done),
            None => self.opened.as_ref().map(Opened::due),
        };
        camera.into_iter().chain(self.marks.due()).min()
    }

    fn reports(&mut self) -> VecDeque<Report> {
        std::mem::take(&mut self.reports)
    }

    fn open_camera(&mut self, request: &CaptureRequest) -> Opening {
        self.last_opening += 1;
        let opening = Opening(self.last_opening);
        let camera = self.camera.lock().unwrap_or_else(PoisonError::into_inner);
        self.reports.push_back(match &*camera {
            Some(camera) => {
                let opened = Opened::new(self.world.clone(), camera, request);
                let format = opened.format().clone();
                self.opened = Some(opened);
                Report::Opened(opening, format)
            }
            None => Report::CameraFailed(opening, none()),
        });
        opening
    }

    fn release_camera(&mut self) {
        (self.opened, self.encoding) = (None, None);
    }

    /// What the camera and the encoder have done by now.
    fn camera_news(&mut self) -> Option<CameraNews> {
        let now = self.world.now();
        let camera = self.opened.as_mut()?;
        let picture = if let Some(encoding) = &self.encoding {
            if now < encoding.done {
                return None;
            }
            let (width, height) = encoding.size;
            let bytes = encoded_bytes(width, height, encoding.quality);
            let picture = encoding.frame.picture(&self.world, bytes, encoding.size);
            self.encoding = None;
            Some(picture)
        } else {
            let mut frame = camera.next()?;
            // Those that came while another one was encoded.
            while let Some(newer) = camera.next() {
                frame = newer;
            }
            let is_wanted = match self.wish.wanted {
                Wanted::Nothing => false,
                Wanted::All => true,
                Wanted::From(captured) => frame.captured >= captured,
            };
            match frame.gives {
                Gives::Jpeg(bytes) if is_wanted => {
                    Some(frame.picture(&self.world, bytes, frame.size))
                }
                Gives::Pixels if is_wanted => {
                    let size = self
                        .wish
                        .size
                        .map_or(frame.size, |limit| fit(frame.size, limit));
                    self.encoding = Some(Encoding {
                        frame,
                        quality: self.wish.quality,
                        size,
                        done: now + encoding_time(size.0, size.1),
                    });
                    None
                }
                _ => None,
            }
        };
        Some(CameraNews {
            opening: Opening(self.last_opening),
            format: camera.format().clone(),
            good_at: Some(now),
            picture,
        })
    }

    fn camera_works_since(&self) -> Option<Instant> {
        self.encoding.is_some().then(|| self.world.now())
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

    pub(crate) fn open_camera(&mut self, request: CaptureRequest, reset: bool) -> Opening {
        match self {
            Self::Threads(threads) => threads.open_camera(request, reset),
            Self::Inline(inline) => inline.open_camera(&request),
        }
    }

    pub(crate) fn camera_hangs(&mut self) -> bool {
        match self {
            Self::Threads(threads) => threads.camera_hangs(),
            Self::Inline(_) => false,
        }
    }

    pub(crate) fn release_camera(&mut self) {
        match self {
            Self::Threads(threads) => threads.release_camera(),
            Self::Inline(inline) => inline.release_camera(),
        }
    }

    pub(crate) fn wish(&mut self, wish: Wish) {
        match self {
            Self::Threads(threads) => threads.wish(wish),
            Self::Inline(inline) => inline.wish = wish,
        }
    }

    pub(crate) fn camera_news(&mut self) -> Option<CameraNews> {
        match self {
            Self::Threads(threads) => threads.camera_news(),
            Self::Inline(inline) => inline.camera_news(),
        }
    }

    pub(crate) fn camera_works_since(&self, opening: Opening) -> Option<Instant> {
        match self {
            Self::Threads(threads) => threads.camera_works_since(opening),
            Self::Inline(inline) => inline.camera_works_since(),
        }
    }

    #[cfg(test)]
    pub(crate) fn give_work(&self, opening: Opening, is_at_work: bool) {
        match self {
            Self::Threads(threads) => threads.give_work(opening, is_at_work),
            Self::Inline(_) => {}
        }
    }

    #[cfg(test)]
    pub(crate) fn give_news(&self, news: CameraNews) {
        match self {
            Self::Threads(threads) => threads.give_news(news),
            Self::Inline(_) => {}
        }
    }

    pub(crate) fn list_cameras(&mut self) {
        match self {
            Self::Threads(threads) => threads.list_cameras(),
            Self::Inline(inline) => inline.reports.push_back(Report::Cameras(Vec::new())),
        }
    }

    pub(crate) fn send(&mut self, lane: Lane, transfer: TransferId, job: SendJob) {
        match self {
            Self::Threads(threads) => threads.send(lane, transfer, job),
            Self::Inline(inline) => inline.disk(transfer, disk::Job::Send(job)),
        }
    }

    pub(crate) fn receive(
        &mut self,
        load: &Load,
        lane: Lane,
        key: TransferKey,
        transfer: TransferId,
        job: ReceiveJob,
    ) {
        match self {
            Self::Threads(threads) => threads.receive(load, lane, key, transfer, job),
            // Done before anything could wait.
            Self::Inline(inline) => inline.disk(transfer, disk::Job::Receive(job)),
        }
    }

    pub(crate) fn open_inbox(&mut self, root: &Path, limits: RoomLimits) -> Result<(), InboxError> {
        match self {
            Self::Threads(threads) => threads.open_inbox(root, limits),
            // Its files are in no folder.
            Self::Inline(_) => Ok(()),
        }
    }

    pub(crate) fn close_inboxes(&mut self) {
        match self {
            Self::Threads(threads) => threads.close_inboxes(),
            // As above.
            Self::Inline(_) => {}
        }
    }

    pub(crate) fn hand_over(&mut self) {
        match self {
            Self::Threads(threads) => threads.hand_over(),
            // Done already.
            Self::Inline(_) => {}
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

    pub(crate) fn set_pinner(&mut self, pinner: Pinner) {
        match self {
            Self::Threads(threads) => threads.set_pinner(pinner),
            Self::Inline(inline) => inline.pinner = pinner,
        }
    }

    pub(crate) fn pin(&mut self, job: PinJob) {
        match self {
            Self::Threads(threads) => threads.pin(job),
            Self::Inline(inline) => {
                let answer = inline.pinner.work(&job);
                inline.reports.push_back(Report::Pins(answer));
            }
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
