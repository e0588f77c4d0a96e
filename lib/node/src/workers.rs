//! The station's threads: each does what may block, and reports to the loop. No other file of this
//! crate starts one.
//!
//! | thread | does | fed by |
//! |---|---|---|
//! | `camera` | opens, reads and closes the camera, and encodes its pictures; up to three, while others hang in a driver | the newest opening |
//! | `cameras` | looks for cameras | one request of the owner |
//! | `outbox` | reads what is sent, and hashes it | [`Lanes`](crate::lanes::Lanes), a queue a transfer, bounded by the rooms of its transfers |
//! | `inbox` | one for each folder that is received into, and confined to it: writes, syncs, tidies it | the same, bounded by the grants of its transfers |
//! | `hash` | with more than two processors, one for each `inbox`: hashes the leaves that came, and hands all jobs on in their order | the same |
//! | `pins` | reads and writes the file of pinned keys | one job at a time |
//! | `names` | looks host names up | one request per dial |
//! | `sound` | moves samples between devices, playouts and encoders | the owner's commands, and 20 frames of each call |
//! | `sounds` | looks for microphones and loudspeakers | one request of the owner |
//! | `marks` | sets the owner's marks and looks at them | what the loop needs now |
//! | `nearby` | keeps the table of stations that announce themselves | what mDNS found, in bounds |
//! | `mDNS_daemon` | sends and receives multicast DNS; the crate `mdns-sd` starts it | the loop's jobs |
//!
//! Each starts when it is first needed and ends with the station; an `inbox` ends before, once its
//! folder has not been used for a while.

mod camera;
mod disk;
#[cfg(feature = "sound")]
mod sound;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, available_parallelism};
use std::time::{Duration, Instant};

use transom_media::{CameraError, Device, Format};
use transom_wire::PeerName;

use self::camera::CameraThreads;
pub(crate) use self::camera::{News as CameraNews, Wanted, Wish};
use self::disk::{DiskQueue, OpenInbox};
use crate::discovery::{Job, Mdns, News};
use crate::disk::Answer;
use crate::handle::Queue;
use crate::live_marks::{Elsewhere, LiveMarks, Need};
use crate::notice::TransferId;
use crate::pairing::PairingId;
use crate::pins::{PinAnswer, PinJob, Pinner};
use crate::shared_live::{OwnerMarks, SharedMarks};

/// What a worker has done.
pub(crate) enum Report {
    /// The camera is open: [`Workers::camera_news`] has what it gives.
    Opened(Opening, Format),
    /// The camera could not be opened, or is gone.
    CameraFailed(Opening, CameraError),
    /// The cameras there are.
    Cameras(Vec<Device>),
    Disk(TransferId, Answer),
    Pins(PinAnswer),
    Resolved(PeerName, io::Result<Vec<SocketAddr>>),
    /// The addresses of a host that may show the code that was typed.
    CandidateResolved(PairingId, io::Result<Vec<SocketAddr>>),
}

/// Whose host name is looked up.
enum HostOf {
    Contact(PeerName),
    Candidate(PairingId),
}

/// Names one opening of a camera; the first is 1, and 0 is none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Opening(pub(crate) u32);

/// The reports of all workers, and the way back into the loop.
#[derive(Clone)]
struct Reports {
    sender: Sender<Report>,
    /// Folders whose threads have ended.
    ended: Sender<PathBuf>,
    queue: Arc<Queue>,
}

impl Reports {
    fn send(&self, report: Report) {
        self.send_all([report]);
    }

    fn inbox_ended(&self, root: PathBuf) {
        // As above.
        let _ = self.ended.send(root);
        self.queue.wake();
    }

    fn send_all(&self, reports: impl IntoIterator<Item = Report>) {
        for report in reports {
            // The loop is gone only when the station ends; then nobody needs the report.
            if self.sender.send(report).is_err() {
                return;
            }
        }
        self.queue.wake();
    }
}

/// All threads of a station.
pub(crate) struct Workers {
    reports: Reports,
    inbox: Receiver<Report>,
    camera: CameraThreads,
    cameras: Option<Sender<()>>,
    outbox: DiskQueue,
    inboxes: HashMap<PathBuf, OpenInbox>,
    /// Folders whose threads have ended.
    ended: Receiver<PathBuf>,
    pins: Option<Sender<PinJob>>,
    /// What the thread `pins` works with, until it starts.
    pinner: Option<Pinner>,
    names: Option<Sender<(HostOf, String, u16)>>,
    mdns: Mdns,
    owner_marks: OwnerMarks,
    marks: Option<Arc<LiveMarks>>,
    /// What the marks were told last.
    need: Need,
    threads: Vec<JoinHandle<()>>,
    /// The stack of each thread, [`STACK_BYTES`]. Tests ask for more than there is.
    stack_bytes: usize,
    /// Whether the leaves that come have a thread of their own to be hashed on.
    hashes_apart: bool,
    #[cfg(feature = "sound")]
    sound: sound::SoundThreads,
}

/// Two processors have enough to do with the loops and the disks of both sides. A third thread at
/// the receiver then costs its wakes, and moves each leaf from one processor's cache to the
/// other's. Measured on a noisy machine, 1 GiB over loopback in four interleaved runs of 5 to 12
/// rounds: the fastest round was 3 to 7 % faster without it, the median in three of the four.
const FEW_PROCESSORS: usize = 2;

impl Workers {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        let (sender, inbox) = channel();
        let (ended_sender, ended) = channel();
        Self {
            reports: Reports {
                sender,
                ended: ended_sender,
                queue,
            },
            inbox,
            camera: CameraThreads::default(),
            cameras: None,
            outbox: DiskQueue::default(),
            inboxes: HashMap::new(),
            ended,
            pins: None,
            pinner: Some(Pinner::default()),
            names: None,
            mdns: Mdns::default(),
            owner_marks: OwnerMarks::default(),
            marks: None,
            need: Need::default(),
            threads: Vec::new(),
            stack_bytes: STACK_BYTES,
            hashes_apart: available_parallelism().is_ok_and(|count| count.get() > FEW_PROCESSORS),
            #[cfg(feature = "sound")]
            sound: Default::default(),
        }
    }

    /// What the workers have done since the last call.
    pub(crate) fn reports(&mut self) -> VecDeque<Report> {
        let reports: VecDeque<_> = self.inbox.try_iter().collect();
        self.note_ended(reports.iter());
        reports
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

    /// The pinned keys and their file.
    pub(crate) fn set_pinner(&mut self, pinner: Pinner) {
        self.pinner = Some(pinner);
    }

    /// Has the file of pinned keys read, and those keys kept.
    pub(crate) fn pin(&mut self, job: PinJob) {
        if let Some(mut pinner) = self.pinner.take() {
            let (sender, wanted) = channel::<PinJob>();
            let reports = self.reports.clone();
            self.start("pins", move || {
                for job in wanted {
                    reports.send(Report::Pins(pinner.work(&job)));
                }
            });
            self.pins = Some(sender);
        }
        if let Some(pins) = &self.pins {
            // Without its thread, which was told, connections wait until their handshakes end.
            let _ = pins.send(job);
        }
    }

    /// Looks up the host name of a contact.
    pub(crate) fn resolve(&mut self, peer: PeerName, host: String, port: u16) {
        self.look_up(HostOf::Contact(peer), host, port);
    }

    /// Looks up the host name of a candidate for a pairing.
    pub(crate) fn resolve_candidate(&mut self, entry: PairingId, host: String, port: u16) {
        self.look_up(HostOf::Candidate(entry), host, port);
    }

    fn look_up(&mut self, of: HostOf, host: String, port: u16) {
        let sender = match self.names.take() {
            Some(sender) => sender,
            None => {
                let (sender, wanted) = channel::<(HostOf, String, u16)>();
                let reports = self.reports.clone();
                self.start("names", move || {
                    for (of, host, port) in wanted {
                        let found = (host.as_str(), port)
                            .to_socket_addrs()
                            .map(Iterator::collect);
                        reports.send(match of {
                            HostOf::Contact(peer) => Report::Resolved(peer, found),
                            HostOf::Candidate(entry) => Report::CandidateResolved(entry, found),
                        });
                    }
                });
                sender
            }
        };
        self.names = sender.send((of, host, port)).is_ok().then_some(sender);
    }

    /// What is announced and asked for from now on.
    pub(crate) fn discover(&mut self, job: &Job) {
        let queue = self.reports.queue.clone();
        if let Some(listener) = self.mdns.apply(job) {
            let queue = queue.clone();
            self.start("nearby", move || listener.run(|| queue.wake()));
        }
        // It may have failed at once.
        queue.wake();
    }

    /// What is known of the stations nearby, if that has changed.
    pub(crate) fn news(&mut self) -> Option<News> {
        self.mdns.news()
    }

    /// By which files programs of our owner tell each other what they do.
    pub(crate) fn set_marks(&mut self, marks: OwnerMarks) {
        self.owner_marks = marks;
    }

    /// What another program of our owner does, as far as the last look knows. The loop is woken
    /// when that changes.
    pub(crate) fn elsewhere(&mut self, need: Need) -> Elsewhere {
        let is_new = need != std::mem::replace(&mut self.need, need);
        if is_new && self.owner_marks != OwnerMarks::default() {
            self.watched_marks().tell(need);
        }
        // The last look may have been for another need.
        let found = self.marks.as_ref().map(|marks| marks.elsewhere());
        let found = found.unwrap_or_default();
        Elsewhere {
            call: found.call && need.files,
            files: found.files && need.call,
        }
    }

    fn watched_marks(&mut self) -> Arc<LiveMarks> {
        if let Some(marks) = &self.marks {
            return marks.clone();
        }
        let marks = Arc::<LiveMarks>::default();
        self.marks = Some(marks.clone());
        let (watched, queue) = (marks.clone(), self.reports.queue.clone());
        let owner_marks = self.owner_marks.clone();
        self.start("marks", move || {
            let mut shared = SharedMarks::new(&owner_marks);
            let turn = |need| (shared.turn(need, Instant::now()), shared.due());
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

    /// Starts a thread; says whether it did. A failure is logged.
    fn start(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> bool {
        let started = self.try_start(name, work);
        if let Err(error) = &started {
            log::error!("can't start the {name} thread: {error}");
        }
        started.is_ok()
    }

    /// Starts a thread.
    ///
    /// # Errors
    /// The process has too many threads.
    fn try_start(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(self.stack_bytes)
            .spawn(work)?;
        self.threads.retain(|thread| !thread.is_finished());
        self.threads.push(thread);
        Ok(())
    }
}

/// How long the end of a station waits for the last camera to be closed. A program that has to be
/// killed takes half a second, and was asked to end when the station was.
const CLOSING: Duration = Duration::from_millis(600);

/// Enough for a JPEG encoder and a tree walk, and a quarter of the default.
const STACK_BYTES: usize = 512 * 1024;

impl Drop for Workers {
    /// Lets every thread end, and waits for those that hold files. The camera thread has
    /// [`CLOSING`] to end a program; it and the threads `cameras`, `pins`, `names`, `marks` and
    /// `nearby` may sit in a system call for seconds, hold nothing that could be lost, and end by
    /// themselves.
    fn drop(&mut self) {
        self.mdns.close();
        if let Some(marks) = &self.marks {
            marks.close();
        }
        (self.cameras, self.pins, self.names) = (None, None, None);
        self.release_camera();
        #[cfg(feature = "sound")]
        self.sound.close();
        self.end_disk_threads();
        self.end_camera(CLOSING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_one_owner_notice_calls_and_files_of_each_other_and_their_end() {
        let path =
            |name| std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
        let marks = OwnerMarks {
            calls: vec![path("calls")],
            files: vec![path("files")],
        };
        let [mut camera, mut sender] = [(), ()].map(|()| {
            let mut workers = Workers::new(Queue::new(|| ()));
            workers.set_marks(marks.clone());
            workers
        });
        let wait_for = |workers: &mut Workers, need, found| {
            let end = Instant::now() + Duration::from_secs(60);
            while workers.elsewhere(need) != found {
                assert!(Instant::now() < end, "{found:?}");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        let nothing = Elsewhere::default();
        for (call, moves) in [(true, true), (false, true), (true, false)] {
            let calls = Need {
                call,
                ..Need::default()
            };
            let files = Need {
                files: true,
                moves,
                ..Need::default()
            };
            camera.elsewhere(calls);
            wait_for(&mut sender, files, Elsewhere { call, files: false });
            let files = call && moves;
            wait_for(&mut camera, calls, Elsewhere { files, call: false });
            // Their end.
            camera.elsewhere(Need::default());
            let still = Need {
                files: true,
                ..Need::default()
            };
            wait_for(&mut sender, still, nothing);
            camera.elsewhere(calls);
            wait_for(&mut camera, calls, nothing);
            camera.elsewhere(Need::default());
        }
        for path in marks.calls.iter().chain(&marks.files) {
            std::fs::remove_file(path).unwrap();
        }
    }
}
