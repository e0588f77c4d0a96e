//! The station's threads: each does what may block, and reports to the loop. No other file of this
//! crate starts one.
//!
//! | thread | does | fed by |
//! |---|---|---|
//! | `camera` | opens and closes cameras; reads those without a descriptor | one request at a time |
//! | `cameras` | looks for cameras | one request of the owner |
//! | `encode` | raw pictures to JPEG | a [`Slot`]: freshness wins |
//! | `hash` | with more than two processors: hashes the leaves that came, and hands all jobs of receiving on to `disk` in their order | [`Lanes`], one a peer, bounded by the grants of its transfers |
//! | `disk` | reads, hashes what it read, writes, syncs; tidies inboxes when idle | the same, and by the rooms of the transfers from us |
//! | `names` | looks host names up | one request per dial |
//! | `marks` | sets the owner's marks and looks at them | what the loop needs now |
//!
//! Each starts when it is first needed and ends with the station.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, available_parallelism};
use std::time::{Duration, Instant};

use transom_media::{
    Camera, CameraError, CaptureRequest, Device, Encoder, Format, Frame, ImageError, Picture, Slot,
    Wait,
};
use transom_store::Inbox;
use transom_wire::PeerName;

use crate::disk::{self, Disk};
use crate::handle::Queue;
use crate::lanes::{Lane, Lanes, Next};
use crate::live_marks::{LiveMarks, Need};
use crate::load::{Load, Share};
use crate::notice::TransferId;
use crate::shared_live::SharedLive;

/// What a worker has done.
pub(crate) enum Report {
    /// A camera to be read in the loop.
    Opened(Opening, Box<dyn Camera>),
    /// The camera could not be opened, or the one read on the thread is gone.
    CameraFailed(Opening, CameraError),
    /// A blocking camera is up; its frames lie in [`Workers::frames`].
    Blocking(Opening, Format),
    /// A blocking camera gave a picture that can't be used.
    Unusable(Opening),
    /// The cameras there are.
    Cameras(Vec<Device>),
    Encoded(Opening, Result<Picture, ImageError>),
    Disk(TransferId, disk::Answer),
    Resolved(PeerName, io::Result<Vec<SocketAddr>>),
}

/// Names one opening of a camera; the first is 1, and 0 is none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Opening(pub(crate) u32);

/// What is to be encoded and how.
struct Raw {
    opening: Opening,
    frame: Frame,
    quality: u8,
    size: Option<(u16, u16)>,
}

/// What the camera thread is to do.
enum CameraJob {
    Open(Opening, CaptureRequest),
    /// To close one may take as long as to open it: a device stops, a program ends.
    Close(Box<dyn Camera>),
}

type DiskJob = (TransferId, disk::Job, Option<Share>);

/// The reports of all workers, and the way back into the loop.
#[derive(Clone)]
struct Reports {
    sender: Sender<Report>,
    queue: Arc<Queue>,
}

impl Reports {
    fn send(&self, report: Report) {
        // The loop is gone only when the station ends; then nobody needs the report.
        if self.sender.send(report).is_ok() {
            self.queue.wake();
        }
    }
}

/// All threads of a station.
pub(crate) struct Workers {
    reports: Reports,
    inbox: Receiver<Report>,
    /// The newest frame of a blocking camera.
    frames: Arc<Slot<Frame>>,
    raw: Arc<Slot<Raw>>,
    camera: Option<Sender<CameraJob>>,
    /// Closed when the camera thread ends.
    camera_ended: Option<Receiver<()>>,
    last_opening: Opening,
    /// The number of the opening that is wanted.
    camera_wanted: Arc<AtomicU32>,
    cameras: Option<Sender<()>>,
    hash: Arc<Lanes<DiskJob>>,
    disk: Arc<Lanes<DiskJob>>,
    names: Option<Sender<(PeerName, String, u16)>>,
    mark_paths: Vec<PathBuf>,
    marks: Option<Arc<LiveMarks>>,
    /// What the marks were told last.
    need: Need,
    encodes: bool,
    threads: Vec<JoinHandle<()>>,
    /// What the disk thread works on, until that thread starts.
    ready_disk: Option<Disk>,
    hashes: bool,
    /// Whether the leaves that come have a thread of their own to be hashed on.
    hashes_apart: bool,
}

/// Two processors have enough to do with the loops and the disks of both sides. A third thread at
/// the receiver then only costs its wakes, and moves each leaf from one processor's cache to the
/// other's: measured, a file over loopback took 3 to 7 % longer.
const FEW_PROCESSORS: usize = 2;

impl Workers {
    pub(crate) fn new(queue: Arc<Queue>, disk: Disk) -> Self {
        let (sender, inbox) = channel();
        let receives = disk.receives();
        let mut workers = Self {
            reports: Reports { sender, queue },
            inbox,
            frames: Arc::default(),
            raw: Arc::default(),
            camera: None,
            camera_ended: None,
            last_opening: Opening::default(),
            camera_wanted: Arc::default(),
            cameras: None,
            hash: Arc::default(),
            disk: Arc::default(),
            names: None,
            mark_paths: Vec::new(),
            marks: None,
            need: Need::default(),
            encodes: false,
            threads: Vec::new(),
            ready_disk: Some(disk),
            hashes: false,
            hashes_apart: available_parallelism().is_ok_and(|count| count.get() > FEW_PROCESSORS),
        };
        if receives {
            // Even if nothing is ever sent here, what is too old has to go.
            workers.start_disk();
        }
        workers
    }

    /// What the workers have done since the last call.
    pub(crate) fn reports(&mut self) -> VecDeque<Report> {
        self.inbox.try_iter().collect()
    }

    /// The newest frame of a blocking camera, once.
    pub(crate) fn newest_frame(&self) -> Option<Frame> {
        self.frames.take()
    }

    /// Opens a camera on its thread, in place of any other one.
    pub(crate) fn open_camera(&mut self, wish: CaptureRequest) -> Opening {
        let opening = Opening(self.last_opening.0.wrapping_add(1).max(1));
        self.last_opening = opening;
        self.camera_wanted.store(opening.0, Ordering::Release);
        self.camera_job(CameraJob::Open(opening, wish));
        opening
    }

    /// Closes a camera on its thread; what is opened after it finds the device free.
    pub(crate) fn close_camera(&mut self, camera: Box<dyn Camera>) {
        self.camera_job(CameraJob::Close(camera));
    }

    fn camera_job(&mut self, job: CameraJob) {
        let sender = match self.camera.take() {
            Some(sender) => sender,
            None => {
                let (sender, jobs) = channel();
                let (running, ended) = channel();
                self.camera_ended = Some(ended);
                let (reports, frames, wanted) = (
                    self.reports.clone(),
                    self.frames.clone(),
                    self.camera_wanted.clone(),
                );
                self.start("camera", move || {
                    camera_thread(&jobs, &reports, &frames, &wanted);
                    drop(running);
                });
                sender
            }
        };
        // Without that thread a camera is closed here.
        self.camera = sender.send(job).is_ok().then_some(sender);
    }

    /// Looks which cameras there are.
    pub(crate) fn list_cameras(&mut self) {
        let sender = match self.cameras.take() {
            Some(sender) => sender,
            None => {
                let (sender, wanted) = channel::<()>();
                let reports = self.reports.clone();
                self.start("cameras", move || {
                    for () in wanted {
                        reports.send(Report::Cameras(transom_media::list()));
                    }
                });
                sender
            }
        };
        self.cameras = sender.send(()).is_ok().then_some(sender);
    }

    /// Nobody looks any more: a camera read on the thread is closed, one that is just opening will
    /// be.
    pub(crate) fn release_camera(&self) {
        self.camera_wanted.store(0, Ordering::Release);
    }

    /// Encodes a frame; one that still waits is replaced.
    pub(crate) fn encode(
        &mut self,
        opening: Opening,
        frame: Frame,
        quality: u8,
        size: Option<(u16, u16)>,
    ) {
        if !std::mem::replace(&mut self.encodes, true) {
            let (reports, raw) = (self.reports.clone(), self.raw.clone());
            self.start("encode", move || encode(&raw, &reports));
        }
        self.raw.put(Raw {
            opening,
            frame,
            quality,
            size,
        });
    }

    /// Queues work of our own for the disk, for that peer.
    pub(crate) fn disk(&mut self, lane: Lane, transfer: TransferId, job: disk::Job) {
        self.queue(lane, (transfer, job, None));
    }

    /// Queues work for the disk that a peer caused.
    pub(crate) fn disk_for(
        &mut self,
        load: &Load,
        lane: Lane,
        transfer: TransferId,
        job: disk::Job,
    ) {
        let share = load.add(&job);
        self.queue(lane, (transfer, job, Some(share)));
    }

    /// If a thread can't be started, that is told, and its transfers stand still.
    fn queue(&mut self, lane: Lane, job: DiskJob) {
        self.start_disk();
        if self.hashes_apart && job.1.is_receiving() {
            self.start_hash();
            self.hash.put(lane, job);
        } else {
            self.disk.put(lane, job);
        }
    }

    fn start_hash(&mut self) {
        if std::mem::replace(&mut self.hashes, true) {
            return;
        }
        let (jobs, disk) = (self.hash.clone(), self.disk.clone());
        self.start("hash", move || {
            while let Some((lane, (transfer, mut job, share))) = jobs.wait() {
                job.hash();
                disk.put(lane, (transfer, job, share));
            }
        });
    }

    fn start_disk(&mut self) {
        let Some(mut disk) = self.ready_disk.take() else {
            return;
        };
        let (jobs, reports) = (self.disk.clone(), self.reports.clone());
        self.start("disk", move || {
            serve_disk(&jobs, &mut disk, |transfer, answer| {
                reports.send(Report::Disk(transfer, answer));
            });
        });
    }

    /// Looks a host name up.
    pub(crate) fn resolve(&mut self, peer: PeerName, host: String, port: u16) {
        let sender = match self.names.take() {
            Some(sender) => sender,
            None => {
                let (sender, wanted) = channel::<(PeerName, String, u16)>();
                let reports = self.reports.clone();
                self.start("names", move || {
                    for (peer, host, port) in wanted {
                        let found = (host.as_str(), port)
                            .to_socket_addrs()
                            .map(Iterator::collect);
                        reports.send(Report::Resolved(peer, found));
                    }
                });
                sender
            }
        };
        self.names = sender.send((peer, host, port)).is_ok().then_some(sender);
    }

    /// The files of the owner's marks.
    pub(crate) fn set_marks(&mut self, paths: Vec<PathBuf>) {
        self.mark_paths = paths;
    }

    /// Whether a call is live in another program of our owner, as far as the last look knows. The
    /// loop is woken when that changes.
    pub(crate) fn is_live_elsewhere(&mut self, need: Need) -> bool {
        if need != std::mem::replace(&mut self.need, need) && !self.mark_paths.is_empty() {
            self.watched_marks().tell(need);
        }
        need.files && self.marks.as_ref().is_some_and(|marks| marks.is_live())
    }

    fn watched_marks(&mut self) -> Arc<LiveMarks> {
        if let Some(marks) = &self.marks {
            return marks.clone();
        }
        let marks = Arc::<LiveMarks>::default();
        self.marks = Some(marks.clone());
        let (watched, queue) = (marks.clone(), self.reports.queue.clone());
        let paths = self.mark_paths.clone();
        self.start("marks", move || {
            let mut shared = SharedLive::new(&paths);
            let turn = |Need { call, files }| {
                let is_live = shared.turn(call, files, Instant::now());
                (is_live && !call, shared.due())
            };
            watched.serve(turn, || queue.wake());
        });
        marks
    }

    fn join(&mut self, wanted: impl Fn(&str) -> bool) {
        let wanted = |thread: &mut JoinHandle<()>| thread.thread().name().is_some_and(&wanted);
        for thread in self.threads.extract_if(.., wanted) {
            if thread.join().is_err() {
                log::error!("a worker thread panicked");
            }
        }
    }

    fn start(&mut self, name: &str, work: impl FnOnce() + Send + 'static) {
        match std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(STACK_BYTES)
            .spawn(work)
        {
            Ok(thread) => self.threads.push(thread),
            Err(error) => log::error!("can't start the {name} thread: {error}"),
        }
    }
}

/// How long the end of a station waits for the last camera to be closed. A program that has to be
/// killed takes half a second, and was asked to end when the station was.
const CLOSING: Duration = Duration::from_millis(600);

/// Enough for a JPEG encoder and a tree walk, and a quarter of the default.
const STACK_BYTES: usize = 512 * 1024;

impl Drop for Workers {
    /// Lets every thread end, and waits for those that hold files. The camera thread has
    /// [`CLOSING`] to end a program; it and the threads `cameras`, `names` and `marks` may sit in a
    /// system call for seconds, hold nothing that could be lost, and end by themselves.
    fn drop(&mut self) {
        if let Some(marks) = &self.marks {
            marks.close();
        }
        (self.camera, self.cameras, self.names) = (None, None, None);
        self.release_camera();
        self.raw.close();
        self.hash.close();
        self.join(|name| name == "hash");
        // Now the disk has all that was handed on to it.
        self.disk.close();
        self.join(|name| matches!(name, "disk" | "encode"));
        if let Some(ended) = &self.camera_ended {
            // An error is what is waited for: the thread sends nothing.
            let _ = ended.recv_timeout(CLOSING);
        }
    }
}

/// Does all jobs until the lanes are closed. The rest of a long one waits for other transfers of
/// its peer, but not for a new one, which may be the next attempt at this very transfer.
fn serve_disk(
    jobs: &Lanes<DiskJob>,
    disk: &mut Disk,
    mut answer: impl FnMut(TransferId, disk::Answer),
) {
    let mut tidied = Instant::now();
    loop {
        let next = jobs.wait_for(Inbox::TIDY_PAUSE.saturating_sub(tidied.elapsed()));
        // Also where jobs never pause for so long, as of a station that only sends.
        if tidied.elapsed() >= Inbox::TIDY_PAUSE {
            disk.tidy();
            tidied = Instant::now();
        }
        let (lane, (transfer, job, share)) = match next {
            Next::Value(lane, job) => (lane, job),
            Next::Nothing => continue,
            Next::Closed => return,
        };
        let rest = disk.work(transfer, job, &mut |done| answer(transfer, done));
        if let Some(rest) = rest {
            jobs.put_back(lane, (transfer, rest, share), |(other, job, _)| {
                *other != transfer && !matches!(job, disk::Job::Receive { .. })
            });
        }
    }
}

/// Encodes what comes; another quality or size takes another encoder.
fn encode(raw: &Slot<Raw>, reports: &Reports) {
    let mut encoder = Encoder::new(CaptureRequest::QUALITY, None);
    let mut made_for = None;
    while let Some(Raw {
        opening,
        frame,
        quality,
        size,
    }) = raw.wait()
    {
        if made_for != Some((quality, size)) {
            encoder = Encoder::new(quality, size);
            made_for = Some((quality, size));
        }
        reports.send(Report::Encoded(opening, encoder.encode(frame)));
    }
}

fn camera_thread(
    jobs: &Receiver<CameraJob>,
    reports: &Reports,
    frames: &Slot<Frame>,
    wanted: &AtomicU32,
) {
    for job in jobs {
        let (opening, wish) = match job {
            CameraJob::Open(opening, wish) => (opening, wish),
            CameraJob::Close(camera) => {
                drop(camera);
                continue;
            }
        };
        let is_wanted = || wanted.load(Ordering::Acquire) == opening.0;
        if !is_wanted() {
            continue;
        }
        match transom_media::open(&wish) {
            // Closed here, so that whoever comes next finds the device free.
            Ok(camera) if !is_wanted() => drop(camera),
            Ok(camera) if matches!(camera.wait(), Wait::Blocking) => {
                reports.send(Report::Blocking(opening, camera.format().clone()));
                let unusable = || reports.send(Report::Unusable(opening));
                if let Err(error) = read_blocking(camera, reports, frames, unusable, is_wanted) {
                    reports.send(Report::CameraFailed(opening, error));
                }
            }
            Ok(camera) => reports.send(Report::Opened(opening, camera)),
            Err(error) => reports.send(Report::CameraFailed(opening, error)),
        }
    }
}

fn read_blocking(
    mut camera: Box<dyn Camera>,
    reports: &Reports,
    frames: &Slot<Frame>,
    unusable: impl Fn(),
    is_wanted: impl Fn() -> bool,
) -> Result<(), CameraError> {
    while is_wanted() {
        let before = camera.format().dropped.bad();
        if let Some(frame) = camera.newest()? {
            frames.put(frame);
            reports.queue.wake();
        } else if camera.format().dropped.bad() > before {
            unusable();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs::File;

    use transom_wire::Start;
    use transom_wire::limits::LEAF;

    use super::*;
    use crate::disk::{Answer, Job};

    /// A camera read on its thread whose every second picture is damaged.
    #[derive(Default)]
    struct Halting(Format, u32);

    impl Camera for Halting {
        fn wait(&self) -> Wait<'_> {
            Wait::Blocking
        }

        fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
            self.1 += 1;
            self.0.dropped.damaged += u64::from(self.1 % 2);
            Ok(None)
        }

        fn format(&self) -> &Format {
            &self.0
        }
    }

    #[test]
    fn damaged_pictures_of_a_blocking_camera_are_reported() {
        let (sender, _inbox) = channel();
        let queue = Queue::new(|| ());
        let reports = Reports { sender, queue };
        let (turns, damaged) = (Cell::new(0), Cell::new(0));
        let unusable = || damaged.set(damaged.get() + 1);
        let is_wanted = || turns.replace(turns.get() + 1) < 10;
        let camera = Box::new(Halting::default());
        read_blocking(camera, &reports, &Slot::new(), unusable, is_wanted).unwrap();
        assert_eq!(damaged.get(), 5);
    }

    #[test]
    fn a_call_of_another_program_is_noticed_while_files_move_and_its_end_too() {
        let mark = std::env::temp_dir().join(format!("transom-marks-{}", std::process::id()));
        let [mut camera, mut sender] = [(), ()].map(|()| {
            let mut workers = Workers::new(Queue::new(|| ()), Disk::default());
            workers.set_marks(vec![mark.clone()]);
            workers
        });
        let need = |call, files| Need { call, files };
        for is_live in [true, false] {
            assert!(!camera.is_live_elsewhere(need(is_live, false)));
            let end = Instant::now() + Duration::from_secs(60);
            while sender.is_live_elsewhere(need(false, true)) != is_live {
                assert!(Instant::now() < end, "{is_live}");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        std::fs::remove_file(&mark).unwrap();
    }

    #[test]
    fn a_file_is_read_while_what_is_held_of_a_bigger_one_is_checked() {
        let folder = std::env::temp_dir().join(format!("transom-checked-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // More leaves than are checked before others have their turn.
        let files = [(1, "big", 65 * LEAF as u64), (2, "small", 1)];
        let jobs = Lanes::default();
        let put = |transfer, job| jobs.put([0; 32], (TransferId(transfer), job, None));
        for (transfer, name, size) in files {
            let path = folder.join(name);
            File::create(&path).unwrap().set_len(size).unwrap();
            let (own, peer) = ([1; 32], [2; 32]);
            put(transfer, Job::Walk { path, own, peer });
        }
        for (transfer, offset) in [(1, 65 * LEAF as u64), (2, 0)] {
            let (index, proof) = (0, [0; 32]);
            put(
                transfer,
                Job::Start(Start {
                    index,
                    offset,
                    proof,
                }),
            );
        }
        let (index, leaves, spent) = (0, 1, Vec::new());
        put(
            2,
            Job::Read {
                index,
                leaves,
                spent,
            },
        );
        jobs.close();
        let mut told = Vec::new();
        serve_disk(
            &jobs,
            &mut Disk::default(),
            |transfer, answer| match answer {
                Answer::Started { .. } => told.push((transfer.0, "started")),
                Answer::Leaf(_) => told.push((transfer.0, "leaf")),
                _ => {}
            },
        );
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(told, [(2, "started"), (2, "leaf"), (1, "started")]);
    }
}
