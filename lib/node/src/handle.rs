//! The way into a running station from any thread: verbs that queue a command and wake the loop.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use transom_media::CaptureRequest;
use transom_net::PeerId;
use transom_proto::CallId;
use transom_secure::Code;
use transom_users::{Book, Contact, Rights};
use transom_wire::{CallKind, PeerName, PublicKey};

use crate::camera::MachineState;
use crate::discovery::Announce;
#[cfg(feature = "http")]
use crate::door::{HttpSettings, HttpSource};
use crate::notice::{ListenId, TextId, TransferId};
use crate::pairing::{Candidates, PairingId, PairingTerms};
use crate::quality::Adaptation;
use crate::settings::{InboxSettings, SendOptions};

/// What the owner wants done.
#[derive(Debug)]
pub(crate) enum Command {
    Connect {
        contact: Contact,
        redial: Redial,
    },
    Disconnect {
        peer: PeerName,
    },
    Ring {
        peer: PeerName,
        kind: CallKind,
    },
    Answer {
        peer: PeerName,
    },
    Decline {
        peer: PeerName,
    },
    HangUp {
        peer: PeerName,
    },
    StopViewer {
        peer: PeerName,
    },
    ShowCamera {
        peer: PeerName,
        on: bool,
    },
    SetCamera {
        request: Option<CaptureRequest>,
    },
    Adapt {
        adaptation: Adaptation,
    },
    Preview {
        on: bool,
    },
    ListCameras,
    CameraStats {
        on: bool,
    },
    WantStats {
        on: bool,
    },
    Machine {
        state: MachineState,
    },
    Recording {
        peer: PeerName,
        on: bool,
    },
    Measure {
        on: bool,
    },
    Ping,
    TakeCalls {
        on: bool,
    },
    Rename {
        name: PeerName,
    },
    AllowGuest {
        key: PublicKey,
        name: PeerName,
        may: Rights,
    },
    ShowCode {
        id: PairingId,
        code: Option<Code>,
        terms: PairingTerms,
    },
    EnterCode {
        id: PairingId,
        code: Code,
        candidates: Candidates,
        terms: PairingTerms,
    },
    EndPairing,
    SetInbox {
        inbox: Option<InboxSettings>,
    },
    Shown {
        link: PeerId,
        call: CallId,
        /// Of the picture whose credit goes back; `None` if it went back at arrival.
        credit: Option<u32>,
        /// When it was captured, by its sender's clock.
        captured: u64,
    },
    Text {
        peer: PeerName,
        id: TextId,
        text: String,
    },
    Send {
        peer: PeerName,
        id: TransferId,
        path: PathBuf,
        /// The path that it is a copy of.
        origin: Option<PathBuf>,
        options: SendOptions,
    },
    Accept {
        transfer: TransferId,
        into: Option<PathBuf>,
    },
    Refuse {
        transfer: TransferId,
    },
    Pause {
        transfer: TransferId,
        paused: bool,
    },
    Cancel {
        transfer: TransferId,
    },
    Limit {
        transfer: TransferId,
        bytes_per_second: Option<u64>,
    },
    EndFollow {
        transfer: TransferId,
    },
    Book {
        book: Book,
    },
    #[cfg(feature = "http")]
    OpenDoor {
        http: HttpSettings,
    },
    #[cfg(feature = "http")]
    CloseDoor,
    #[cfg(feature = "http")]
    DoorSources {
        sources: Vec<HttpSource>,
    },
    #[cfg(feature = "http")]
    HttpAccess {
        access: transom_net::door::Access,
    },
    Announce {
        announce: Announce,
    },
    Listen {
        id: ListenId,
        addresses: Vec<SocketAddr>,
    },
    LookNearby {
        on: bool,
    },
    #[cfg(feature = "sound")]
    Sound(crate::sound::Command),
    Stop,
}

/// Commands waiting for the loop, and how to wake it.
pub(crate) struct Queue {
    commands: Mutex<VecDeque<Command>>,
    wake: Box<dyn Fn() + Send + Sync>,
    /// Whether the loop was woken and has not looked yet: waking it again would cost a system call
    /// for nothing.
    woken: AtomicBool,
    next_id: AtomicU32,
}

impl Queue {
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            commands: Mutex::default(),
            wake: Box::new(wake),
            woken: AtomicBool::new(false),
            next_id: AtomicU32::new(1),
        })
    }

    pub(crate) fn push(&self, command: Command) {
        self.commands
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(command);
        self.wake();
    }

    /// The loop begins to look at what there is, here and in the reports: what comes from now on
    /// wakes it anew.
    pub(crate) fn take(&self) -> VecDeque<Command> {
        self.woken.store(false, Ordering::SeqCst);
        std::mem::take(&mut *self.commands.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn wake(&self) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            (self.wake)();
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

/// Speaks to a running [`Station`](crate::Station). Cheap to clone, usable from any thread; answers
/// come as notices.
///
/// A verb about a peer that is not connected does not dial: [`connect`](Self::connect) first. Calls
/// then fail with a notice; texts and transfers wait for the peer.
#[derive(Clone)]
pub struct Handle {
    pub(crate) queue: Arc<Queue>,
}

impl Handle {
    /// Dials a contact, and says whether to dial it again later.
    pub fn connect(&self, contact: Contact, redial: Redial) {
        self.queue.push(Command::Connect { contact, redial });
    }

    /// Says goodbye to a peer and stops trying to reach it.
    pub fn disconnect(&self, peer: &PeerName) {
        self.queue.push(Command::Disconnect { peer: *peer });
    }

    /// Asks for the peer's pictures ([`CallKind::View`]) or for a call both ways
    /// ([`CallKind::Talk`]). Where there is such a call already, also an interrupted one, nothing
    /// changes; a peer that rings is answered.
    pub fn ring(&self, peer: &PeerName, kind: CallKind) {
        self.queue.push(Command::Ring { peer: *peer, kind });
    }

    /// Takes the peer's call.
    pub fn answer(&self, peer: &PeerName) {
        self.queue.push(Command::Answer { peer: *peer });
    }

    /// Refuses the peer's call.
    pub fn decline(&self, peer: &PeerName) {
        self.queue.push(Command::Decline { peer: *peer });
    }

    /// Ends the call with the peer, also while it still rings or is interrupted.
    pub fn hang_up(&self, peer: &PeerName) {
        self.queue.push(Command::HangUp { peer: *peer });
    }

    /// Shows our camera no longer to a peer that watches it. A call with that peer goes on.
    pub fn stop_viewer(&self, peer: &PeerName) {
        self.queue.push(Command::StopViewer { peer: *peer });
    }

    /// Shows our camera to a peer in a call both ways with us, or stops. Off until asked for, in
    /// each call anew; peers that may watch this station as a box are served regardless
    /// ([`Settings::serve_camera`](crate::Settings)).
    pub fn show_camera(&self, peer: &PeerName, on: bool) {
        self.queue.push(Command::ShowCamera { peer: *peer, on });
    }

    /// Uses another camera, or other settings of it, from now on, also within a call; `None` for no
    /// camera at all.
    pub fn set_camera(&self, request: Option<CaptureRequest>) {
        self.queue.push(Command::SetCamera { request });
    }

    /// Lowers the pictures of our camera for slow links by these rules from now on, also within a
    /// call.
    pub fn set_adaptation(&self, adaptation: Adaptation) {
        self.queue.push(Command::Adapt { adaptation });
    }

    /// Opens our own camera for its owner to see ([`Notice::OwnPicture`](crate::Notice)), or stops.
    pub fn preview(&self, on: bool) {
        self.queue.push(Command::Preview { on });
    }

    /// Looks for the cameras of this machine; the answer is [`Notice::Cameras`](crate::Notice).
    pub fn list_cameras(&self) {
        self.queue.push(Command::ListCameras);
    }

    /// Asks once a second for what our camera and its viewers did
    /// ([`Notice::CameraStats`](crate::Notice)), or no longer. Counts are cumulative; counting
    /// began when this or a viewer asked first.
    pub fn camera_stats(&self, on: bool) {
        self.queue.push(Command::CameraStats { on });
    }

    /// Asks once a second for what the camera of each call did, at the far side
    /// ([`Notice::FarCameraStats`](crate::Notice)), or no longer. A peer of an older version tells
    /// nothing.
    pub fn want_stats(&self, on: bool) {
        self.queue.push(Command::WantStats { on });
    }

    /// How this machine is, for viewers that want to know; said anew every few seconds while
    /// [`Notice::StatsWanted`](crate::Notice) asks for it. The station itself reads no files.
    pub fn machine(&self, state: MachineState) {
        self.queue.push(Command::Machine { state });
    }

    /// Tells the peer of a call whether we record its pictures.
    pub fn recording(&self, peer: &PeerName, on: bool) {
        self.queue.push(Command::Recording { peer: *peer, on });
    }

    /// Asks for the numbers of every connection once a second
    /// ([`Notice::Measured`](crate::Notice)), or no longer.
    pub fn measure(&self, on: bool) {
        self.queue.push(Command::Measure { on });
    }

    /// Asks whether the loop turns; the answer is [`Notice::Pong`](crate::Notice).
    pub fn ping(&self) {
        self.queue.push(Command::Ping);
    }

    /// Whether calls ring here. While they don't, a peer that rings is told that we are busy.
    pub fn take_calls(&self, on: bool) {
        self.queue.push(Command::TakeCalls { on });
    }

    /// Gives this station another name of its own. Announcements, a code that is shown, and every
    /// connection made from now on have it, and so has our camera at the HTTP door, with its path.
    /// Peers that are connected learn it at their next connection: a session says its name once.
    pub fn rename(&self, name: &PeerName) {
        self.queue.push(Command::Rename { name: *name });
    }

    /// Takes connections at those addresses from now on, and no longer where it did before; those
    /// that stand stay. [`Notice::Listening`](crate::Notice) follows for each new address, or one
    /// [`Notice::NotListening`](crate::Notice), and then nothing has changed; where a listener is
    /// closed, no notice says so. Announcements name the new addresses, as codes do that are shown
    /// from then on.
    pub fn listen(&self, addresses: Vec<SocketAddr>) -> ListenId {
        let id = ListenId(self.queue.id());
        self.queue.push(Command::Listen { id, addresses });
        id
    }

    /// Lets a key in under that name for as long as the station runs, without a line in the book. A
    /// name that the book has is not given to a guest. A station keeps 64 guests: one more takes
    /// the place of the oldest that is not connected, or else of the oldest.
    pub fn allow_guest(&self, key: PublicKey, name: &PeerName, may: Rights) {
        let name = *name;
        self.queue.push(Command::AllowGuest { key, name, may });
    }

    /// Shows a code, a new one if none is given, and pairs with the peer that dials this station
    /// and knows it. The code comes as a [`PairingNotice`](crate::PairingNotice), lasts ten minutes
    /// and has three tries; a code shown before ends. The station has to listen.
    pub fn show_code(&self, code: Option<Code>, terms: PairingTerms) -> PairingId {
        let id = PairingId(self.queue.id());
        self.queue.push(Command::ShowCode { id, code, terms });
        id
    }

    /// Pairs with the station that shows this code. A [`PairingNotice`](crate::PairingNotice) tells
    /// how that ends; a code typed before is given up.
    pub fn enter_code(&self, code: Code, candidates: Candidates, terms: PairingTerms) -> PairingId {
        let id = PairingId(self.queue.id());
        self.queue.push(Command::EnterCode {
            id,
            code,
            candidates,
            terms,
        });
        id
    }

    /// Ends the code that is shown, and the search for one that was typed.
    pub fn end_pairing(&self) {
        self.queue.push(Command::EndPairing);
    }

    /// Where offered files go from now on, and whose without asking.
    pub fn set_inbox(&self, inbox: Option<InboxSettings>) {
        self.queue.push(Command::SetInbox { inbox });
    }

    /// Sends a line of text of at most 4,096 bytes.
    pub fn text(&self, peer: &PeerName, text: impl Into<String>) -> TextId {
        let id = TextId(self.queue.id());
        let text = text.into();
        self.queue.push(Command::Text {
            peer: *peer,
            id,
            text,
        });
        id
    }

    /// Sends a file or a folder. The same path to the same peer goes on where an earlier attempt
    /// ended.
    pub fn send(
        &self,
        peer: &PeerName,
        path: impl Into<PathBuf>,
        options: SendOptions,
    ) -> TransferId {
        self.send_copy(peer, path, None, options)
    }

    /// Sends a copy of the path `origin` in its place: to the receiver it is the same transfer, so
    /// it goes on where an earlier attempt to send `origin` ended.
    pub fn send_copy(
        &self,
        peer: &PeerName,
        path: impl Into<PathBuf>,
        origin: Option<PathBuf>,
        options: SendOptions,
    ) -> TransferId {
        let id = TransferId(self.queue.id());
        let path = path.into();
        self.queue.push(Command::Send {
            peer: *peer,
            id,
            path,
            origin,
            options,
        });
        id
    }

    /// Takes an offer, into that folder or else the inbox of the settings.
    pub fn accept(&self, transfer: TransferId, into: Option<PathBuf>) {
        self.queue.push(Command::Accept { transfer, into });
    }

    /// Refuses an offer. A transfer that runs already is cancelled.
    pub fn refuse(&self, transfer: TransferId) {
        self.queue.push(Command::Refuse { transfer });
    }

    /// Pauses a transfer, or lets it go on: data move while neither side has paused it. The pause
    /// outlives the connection. An incoming transfer has a new [`TransferId`] on the next
    /// connection, and is paused there.
    pub fn pause(&self, transfer: TransferId, paused: bool) {
        self.queue.push(Command::Pause { transfer, paused });
    }

    /// Ends a transfer and removes what the receiver holds of it.
    pub fn cancel(&self, transfer: TransferId) {
        self.queue.push(Command::Cancel { transfer });
    }

    /// Limits a transfer's rate; `None` lifts the limit. The limit outlives the connection, as a
    /// [`pause`](Self::pause) does.
    pub fn limit(&self, transfer: TransferId, bytes_per_second: Option<u64>) {
        self.queue.push(Command::Limit {
            transfer,
            bytes_per_second,
        });
    }

    /// Ends a transfer that [follows](crate::Follow) a file with what the file has now; the rest is
    /// sent as of any file.
    pub fn end_follow(&self, transfer: TransferId) {
        self.queue.push(Command::EndFollow { transfer });
    }

    /// Takes a new contact book; peers that lost a right lose what hangs on it.
    pub fn replace_book(&self, book: Book) {
        self.queue.push(Command::Book { book });
    }

    /// Opens the HTTP door; one that is open closes first, with all its clients.
    /// [`Notice::HttpListening`](crate::Notice) follows for each address, or one
    /// [`Notice::HttpNotListening`](crate::Notice), and then no door is open.
    #[cfg(feature = "http")]
    pub fn open_door(&self, http: HttpSettings) {
        self.queue.push(Command::OpenDoor { http });
    }

    /// Closes the HTTP door, and the connections of all its clients. No notice says so.
    #[cfg(feature = "http")]
    pub fn close_door(&self) {
        self.queue.push(Command::CloseDoor);
    }

    /// Which cameras the open HTTP door shows from now on. Clients that look at one that stays go
    /// on.
    #[cfg(feature = "http")]
    pub fn set_door_sources(&self, sources: Vec<HttpSource>) {
        self.queue.push(Command::DoorSources { sources });
    }

    /// Which clients of the HTTP door may look from now on. What is shown by a pass that is not
    /// among them ends.
    #[cfg(feature = "http")]
    pub fn replace_access(&self, access: transom_net::door::Access) {
        self.queue.push(Command::HttpAccess { access });
    }

    /// Whether the local network is told that this station exists, from now on.
    pub fn announce(&self, announce: Announce) {
        self.queue.push(Command::Announce { announce });
    }

    /// Asks the local network which stations are there, from now on or no longer. They come as
    /// [`Notice::Nearby`](crate::Notice). The question names no station.
    pub fn look_nearby(&self, on: bool) {
        self.queue.push(Command::LookNearby { on });
    }

    /// Says goodbye to all peers and ends [`Station::run`](crate::Station::run).
    pub fn stop(&self) {
        self.queue.push(Command::Stop);
    }
}

/// Whether a contact that was dialed is dialed again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Redial {
    /// Whenever the contact is away, until [`Handle::disconnect`].
    Always,
    /// Neither after a failure nor after the end of the connection.
    Never,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

/// What the owner holds of one picture. Dropping it returns the picture's credit to the peer, and
/// tells the sound of the call that the picture is shown.
pub(crate) struct Credit {
    pub(crate) queue: Arc<Queue>,
    /// Which connection it came by: after a reconnect the old credit means nothing.
    pub(crate) link: PeerId,
    pub(crate) call: CallId,
    pub(crate) kind: CreditKind,
    /// When it was captured, by its sender's clock.
    pub(crate) captured: u64,
}

#[derive(Debug)]
pub(crate) enum CreditKind {
    /// The far side's, by the number of the picture.
    Far(u32),
    /// One of as many that stay here: the far side's was returned at arrival.
    Own(#[expect(dead_code, reason = "it is counted")] Arc<()>),
}

impl Drop for Credit {
    fn drop(&mut self) {
        let Self {
            link,
            call,
            ref kind,
            captured,
            ..
        } = *self;
        let credit = match *kind {
            CreditKind::Far(sequence) => Some(sequence),
            CreditKind::Own(_) => None,
        };
        self.queue.push(Command::Shown {
            link,
            call,
            credit,
            captured,
        });
    }
}

impl std::fmt::Debug for Credit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credit({:?})", self.kind)
    }
}
