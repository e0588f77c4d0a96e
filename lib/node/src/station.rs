//! The station: one loop that takes commands, events and worker results, lets each part act, and
//! tells its owner.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::{BindError, CodeId, Departure, Event, PairingEvent, PeerId};
use transom_proto as proto;
use transom_store::InboxError;
use transom_wire::ByeCode;

use crate::calls::{Calls, Policy};
use crate::camera::{Of, OwnCamera};
use crate::context::{Context, earlier};
use crate::discovery::Discovery;
use crate::door::HttpDoor;
use crate::handle::{Command, Handle};
use crate::links::{Caller, Links};
use crate::live_marks::Need;
use crate::measure::Measure;
use crate::notice::{Notice, PeerLoss, SystemError};
use crate::pairing::Pairings;
use crate::parts;
use crate::pins::Pinner;
use crate::settings::Settings;
use crate::sound::Sound;
use crate::texts::Texts;
use crate::transfers::Transfers;
use crate::workers::Report;

/// A goodbye may take so long before the station ends without it: ends are promised within a
/// second.
const FAREWELL: Duration = Duration::from_millis(700);

/// Why a station can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It can't listen, or can't make its loop.
    #[error("{}", SystemError::of_bind(.0))]
    Bind(BindError),
    /// The inbox can't be used.
    #[error("{}", .0.text())]
    Inbox(InboxError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// Why a station ended without being asked to.
#[derive(Debug, thiserror::Error)]
#[error("can't wait for sockets: {0}")]
pub struct RunError(#[from] std::io::Error);

/// A station, bound and ready to [`run`](Self::run).
pub struct Station {
    out: Context,
    links: Links,
    discovery: Discovery,
    calls: Calls,
    camera: OwnCamera,
    door: HttpDoor,
    measure: Measure,
    pairings: Pairings,
    texts: Texts,
    transfers: Transfers,
    sound: Sound,
    stopping: Option<Instant>,
}

impl Station {
    /// Binds, checks the inbox, and is ready.
    ///
    /// # Errors
    /// An address is taken, the inbox can't be used, or the system gives no random numbers.
    pub fn start(mut settings: Settings) -> Result<Self, StartError> {
        let mut out = parts::open(net_config(&mut settings)).map_err(StartError::Bind)?;
        if let Some(inbox) = &settings.inbox {
            let opened = out.workers.open_inbox(&inbox.into, inbox.room);
            opened.map_err(StartError::Inbox)?;
        }
        Self::with(settings, out)
    }

    /// The station of a machine.
    pub(crate) fn with(mut settings: Settings, mut out: Context) -> Result<Self, StartError> {
        let random = out.machine.random().ok_or(StartError::Random)?;
        let own_key = settings.identity.public_key().0;
        let links = Links::new(&mut settings, random, out.machine.clone());
        let pinner = Pinner::new(std::mem::take(&mut settings.known_peers));
        out.workers.set_pinner(pinner);
        let discovery = Discovery::new(&settings, &out.net.local_addresses());
        let policy = Policy::new(&settings);
        let door = HttpDoor::new(&mut settings);
        out.workers.set_marks(std::mem::take(&mut settings.marks));
        let of = match settings.serve_camera {
            true => Of::Box,
            false => Of::Person,
        };
        #[cfg(feature = "sound")]
        let sound = Sound::new(std::mem::take(&mut settings.sound), of);
        #[cfg(not(feature = "sound"))]
        let sound = Sound;
        Ok(Self {
            out,
            links,
            discovery,
            calls: Calls::new(policy),
            camera: OwnCamera::new(settings.camera.take(), of, settings.adaptation),
            door,
            measure: Measure::default(),
            pairings: Pairings::new(settings.name),
            texts: Texts::default(),
            transfers: Transfers::new(settings.inbox.take(), own_key, settings.call_patience),
            sound,
            stopping: None,
        })
    }

    /// The way to speak to the station while it runs.
    pub fn handle(&self) -> Handle {
        Handle {
            queue: self.out.queue.clone(),
        }
    }

    /// Where it listens, with the ports that were really bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.out.net.local_addresses()
    }

    /// Runs until [`Handle::stop`]. `on_notice` is called on this thread and must not block: the
    /// loop waits for it.
    ///
    /// # Errors
    /// When the system can't wait for sockets any more.
    pub fn run(mut self, mut on_notice: impl FnMut(Notice)) -> Result<(), RunError> {
        self.begin();
        while self.turn(&mut on_notice) {
            self.wait()?;
        }
        Ok(())
    }

    /// Before the first turn.
    pub(crate) fn begin(&mut self) {
        for address in self.addresses() {
            let request = None;
            self.out.notify(Notice::Listening { request, address });
        }
        self.door.begin(&mut self.out);
        self.camera.meet_door(&mut self.out);
    }

    /// One turn of the loop; `false` once the station has ended.
    pub(crate) fn turn(&mut self, mut on_notice: impl FnMut(Notice)) -> bool {
        self.take_commands();
        self.take_reports();
        while let Some(event) = self.out.net.next_event() {
            self.handle_event(event);
        }
        let now = self.out.now();
        self.end_silent(now);
        self.links.turn(now, &mut self.out);
        self.pairings.turn(now, &mut self.out);
        self.discovery.set_pairing(self.pairings.number_shown());
        self.discovery.set_http(self.door.reachable_port());
        self.discovery
            .seek_code(self.pairings.number_sought().is_some());
        self.discovery.turn(now, &mut self.links, &mut self.out);
        self.pairings.look(&self.discovery, &mut self.out);
        self.door
            .turn(now, &self.links, &mut self.calls, &mut self.out);
        self.calls.turn(now, &self.links, &mut self.out);
        self.camera.turn(now, &self.calls, &mut self.out);
        self.sound.turn(&self.links, &self.calls, &mut self.out);
        self.measure_peers(now);
        self.transfers.turn(now, &self.links, &mut self.out);
        self.share();
        while let Some(notice) = self.out.notices.pop_front() {
            self.note(&notice);
            on_notice(notice);
        }
        // After the notices: one of them begins the transfers that waited for a peer.
        self.out.workers.hand_over();
        let is_over = |at| at <= now || self.links.is_empty();
        !self.stopping.is_some_and(is_over)
    }

    /// Waits until there is something to do.
    pub(crate) fn wait(&mut self) -> std::io::Result<()> {
        let due = self.due();
        self.out.net.wait(due)
    }

    #[cfg(feature = "sim")]
    pub(crate) fn context(&self) -> &Context {
        &self.out
    }

    /// What a test of discovery acts on between two turns.
    #[cfg(test)]
    pub(crate) fn discovery(&mut self) -> (&mut Discovery, &mut Links, &mut Context) {
        (&mut self.discovery, &mut self.links, &mut self.out)
    }

    fn due(&self) -> Option<Instant> {
        [
            self.links.due(&self.out),
            self.discovery.due(),
            self.out.liveness.due(),
            self.calls.due(&self.out),
            self.camera.due(),
            self.door.due(),
            self.sound.due(&self.out),
            self.measure.due(),
            self.pairings.due(),
            self.transfers.due(self.out.now()),
            self.stopping,
        ]
        .into_iter()
        .fold(None, earlier)
    }

    fn take_commands(&mut self) {
        for command in self.out.queue.take() {
            self.command(command);
        }
    }

    fn command(&mut self, command: Command) {
        let Self {
            out,
            links,
            discovery,
            calls,
            camera,
            #[cfg(feature = "http")]
            door,
            measure,
            pairings,
            texts,
            transfers,
            sound,
            ..
        } = self;
        match command {
            Command::Connect { contact, redial } => links.connect(contact, redial, out),
            Command::Disconnect { peer } => {
                calls.hang_up(&peer, out);
                links.disconnect(&peer, out);
                texts.given_up(&peer, &PeerLoss::Disconnected, out);
                transfers.given_up(&peer, &PeerLoss::Disconnected, out);
            }
            Command::Ring { peer, kind } => calls.ring(peer, kind, links, out),
            Command::Answer { peer } => calls.answer(&peer, out),
            Command::Decline { peer } => calls.decline(&peer, out),
            Command::HangUp { peer } => calls.hang_up(&peer, out),
            Command::StopViewer { peer } => calls.stop_viewer(&peer, out),
            Command::ShowCamera { peer, on } => calls.show_camera(&peer, on),
            Command::SetCamera { request } => {
                calls.camera_chosen(request.is_some());
                camera.choose(request, out);
            }
            Command::Adapt { adaptation } => camera.adapt(adaptation),
            Command::Preview { on } => camera.preview(on),
            Command::CameraStats { on } => camera.tell_stats(on, out.now()),
            Command::Machine { state } => camera.set_machine(state),
            Command::WantStats { on } => calls.want_stats(on),
            Command::ListCameras => out.workers.list_cameras(),
            Command::Recording { peer, on } => calls.record(&peer, on, out),
            Command::Measure { on } => measure.ask(on, out.now()),
            Command::Ping => out.notify(Notice::Pong {
                camera_patience: camera.patience(),
            }),
            Command::TakeCalls { on } => calls.take_calls(on),
            Command::Rename { name } => {
                links.rename(name);
                pairings.rename(name);
                discovery.rename(name);
                out.net.rename(name);
                #[cfg(feature = "http")]
                door.rename(name, out);
            }
            Command::AllowGuest { key, name, may } => {
                let changed = links.allow_guest(key, name, may, out);
                self.rights_changed(&changed);
            }
            Command::ShowCode { id, code, terms } => pairings.show(id, code, terms, out),
            Command::EnterCode {
                id,
                code,
                candidates,
                terms,
            } => pairings.enter(id, code, candidates, terms, out),
            Command::EndPairing => pairings.end(out),
            Command::SetInbox { inbox } => transfers.set_inbox(inbox, out),
            Command::Shown {
                link,
                call,
                credit,
                captured,
            } => {
                if let Some(sequence) = credit {
                    out.return_credit((link, call), sequence);
                }
                sound.shown((link, call), captured, out.now());
            }
            Command::Text { peer, id, text } => texts.send(peer, id, text, links, out),
            Command::Send {
                peer,
                id,
                path,
                origin,
                options,
            } => transfers.send(id, peer, (path, origin), options, links, out),
            Command::Accept { transfer, into } => transfers.accept(transfer, into, out),
            Command::Refuse { transfer } => transfers.refuse(transfer, out),
            Command::Pause { transfer, paused } => transfers.pause(transfer, paused, out),
            Command::Cancel { transfer } => transfers.cancel(transfer, out),
            Command::Limit {
                transfer,
                bytes_per_second,
            } => transfers.limit(transfer, bytes_per_second, out),
            Command::EndFollow { transfer } => transfers.end_follow(transfer, out),
            #[cfg(feature = "http")]
            Command::OpenDoor { http } => {
                door.open(http, out);
                camera.meet_door(out);
            }
            #[cfg(feature = "http")]
            Command::CloseDoor => door.close(out),
            #[cfg(feature = "http")]
            Command::DoorSources { sources } => {
                door.set_sources(sources, out);
                camera.meet_door(out);
            }
            #[cfg(feature = "http")]
            Command::HttpAccess { access } => door.set_access(access, out),
            Command::Announce { announce } => discovery.announce(announce),
            Command::Listen { id, addresses } => match out.net.listen(&addresses) {
                Ok(bound) => {
                    discovery.listens(&out.net.local_addresses());
                    let request = Some(id);
                    for address in bound {
                        out.notify(Notice::Listening { request, address });
                    }
                }
                Err(error) => {
                    let (request, why) = (id, SystemError::of_bind(&error));
                    out.notify(Notice::NotListening { request, why });
                }
            },
            Command::LookNearby { on } => discovery.look(on, out),
            Command::Book { book } => {
                discovery.contacts_changed();
                let changed = links.replace_book(book, out);
                self.rights_changed(&changed);
            }
            #[cfg(feature = "sound")]
            Command::Sound(command) => sound.command(command, out),
            Command::Stop => {
                self.stopping.get_or_insert(out.now() + FAREWELL);
                links.close_all(out);
                // It closes while the goodbyes are said.
                camera.end(out);
            }
        }
    }

    /// The rights of these connections may have changed.
    fn rights_changed(&mut self, links: &[PeerId]) {
        for link in links {
            self.calls.rights_changed(*link, &self.links, &mut self.out);
            self.transfers
                .rights_changed(*link, &self.links, &mut self.out);
        }
    }

    fn take_reports(&mut self) {
        let Self {
            out,
            links,
            calls,
            camera,
            pairings,
            transfers,
            ..
        } = self;
        for report in out.workers.reports() {
            match report {
                Report::Opened(opening, format) => camera.opened(opening, format, out.now()),
                Report::CameraFailed(opening, error) => camera.failed(opening, &error, calls, out),
                Report::Cameras(devices) => out.notify(Notice::Cameras { devices }),
                Report::Disk(transfer, answer) => transfers.answered(transfer, answer, out),
                Report::Pins(answer) => links.pinned(answer, out),
                Report::Resolved(peer, found) => links.resolved(peer, found, out),
                Report::CandidateResolved(entry, found) => pairings.resolved(entry, found, out),
            }
        }
    }

    fn measure_peers(&mut self, now: Instant) {
        let Self {
            out,
            links,
            calls,
            camera,
            sound,
            measure,
            ..
        } = self;
        measure.turn(now, links, calls, camera, sound, out);
    }

    /// Tells other programs of our owner what we do. Tells every session whether a call is live
    /// anywhere, so that its file data keep the queues short, and the camera whether files move.
    fn share(&mut self) {
        let need = Need {
            call: self.calls.is_carried(),
            files: self.transfers.is_open(),
            moves: self.transfers.is_moving(),
        };
        let elsewhere = self.out.workers.elsewhere(need);
        self.camera.files_move(need.moves || elsewhere.files);
        let is_live = need.call || elsewhere.call;
        if is_live != std::mem::replace(&mut self.out.shared_live, is_live) {
            log::debug!("a call is live anywhere: {is_live}");
            for link in self.links.ids() {
                self.out.tell_shared_live(link);
            }
        }
    }

    /// Treats connections that failed their liveness check as lost.
    fn end_silent(&mut self, now: Instant) {
        for peer in self.out.silent(now) {
            self.out.net.close(peer, ByeCode::Silent, "");
            let why = Departure::Silent;
            self.handle_event(Event::Left { peer, why });
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::Key {
                peer,
                key,
                name,
                address,
                side,
            } => {
                let caller = Caller { key, name, address };
                self.links.decide(peer, caller, side, &mut self.out);
            }
            Event::Joined { peer, cipher } => log::debug!("{peer} cipher={cipher:?}"),
            Event::Peer { peer, event } => self.handle_session(peer, event),
            Event::Pairing {
                peer,
                address,
                code,
                event,
            } => self.handle_pairing((peer, address), code, event),
            Event::Left { peer, why } => {
                self.out.liveness.forget(peer);
                self.pairings.left(peer, &why, &mut self.out);
                if let Some(gone) = self.links.left(peer, &why, &mut self.out) {
                    log::debug!("{} left: {}", gone.peer, gone.why);
                    self.calls.left(peer, &gone, &self.links, &mut self.out);
                    self.transfers.left(peer, &gone, &self.links, &mut self.out);
                    self.texts.left(peer, &gone, &self.links, &mut self.out);
                    // By another connection it may still be there.
                    self.texts.joined(&gone.peer, &self.links, &mut self.out);
                }
            }
            Event::Watched(watch) => self.camera.readable(watch, self.out.now()),
            // What woke us lies in the queues.
            Event::Woken => {}
            _ => {}
        }
    }

    /// A peer that has proven to know the code is let in at once: its program may dial us before
    /// our owner has changed the contact book.
    fn handle_pairing(
        &mut self,
        (peer, address): (PeerId, SocketAddr),
        code: Option<CodeId>,
        event: PairingEvent,
    ) {
        let Self {
            out,
            links,
            pairings,
            ..
        } = self;
        if let Some(paired) = pairings.handle(peer, address, code, event, links, out)
            && links.is_stranger(&paired.key)
        {
            let changed = links.allow_guest(paired.key, paired.peer, paired.may, out);
            self.rights_changed(&changed);
        }
    }

    fn handle_session(&mut self, peer: PeerId, event: proto::Event) {
        let Self {
            out,
            links,
            calls,
            texts,
            transfers,
            sound,
            ..
        } = self;
        let Some(link) = links.link(peer) else { return };
        match event {
            proto::Event::Hello {
                session,
                capabilities,
                ..
            } => {
                calls.back(link.key, session, out.now());
                out.tell_shared_live(peer);
                links.hello(peer, session, capabilities, out);
            }
            proto::Event::Call(call, event) if is_of_sound(&event) => {
                sound.handle((peer, call), event, links, calls, out);
            }
            proto::Event::Call(call, event) => calls.handle((peer, call), link, event, links, out),
            proto::Event::Transfer(file, event) => {
                transfers.handle((peer, file), link, event, links, out);
            }
            proto::Event::Text { text, .. } => {
                let peer = link.peer;
                out.notify(Notice::Text { peer, text });
            }
            proto::Event::TextArrived { id } => texts.arrived(peer, id, links, out),
            _ => {}
        }
    }

    /// What a notice means for the other parts.
    fn note(&mut self, notice: &Notice) {
        self.door.note(notice, &self.links, &mut self.out);
        match notice {
            Notice::Joined {
                peer, first_use, ..
            } => {
                if *first_use {
                    self.discovery.contacts_changed();
                }
                self.transfers.joined(peer, &self.links, &mut self.out);
                self.texts.joined(peer, &self.links, &mut self.out);
            }
            Notice::Unreachable {
                peer,
                obstacle,
                retries: false,
            } => {
                let why = PeerLoss::Unreachable(obstacle.clone());
                self.transfers.given_up(peer, &why, &mut self.out);
                self.texts.given_up(peer, &why, &mut self.out);
            }
            _ => {}
        }
    }
}

impl std::fmt::Debug for Station {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Station")
            .field("addresses", &self.addresses())
            .finish_non_exhaustive()
    }
}

fn is_of_sound(event: &proto::CallEvent) -> bool {
    use proto::CallEvent::{Listen, Sound, SoundEnd, SoundState};
    matches!(event, Sound(_) | SoundEnd | SoundState(_) | Listen { .. })
}

/// What of the settings is the network's.
pub(crate) fn net_config(settings: &mut Settings) -> transom_net::Config {
    let listen = std::mem::take(&mut settings.listen);
    let mut config = transom_net::Config::new(settings.identity.secret.clone(), listen);
    #[cfg(feature = "http")]
    {
        config.http = HttpDoor::config(settings);
    }
    config.name = Some(settings.name);
    config.mark_packets = settings.mark_packets;
    config.max_peers = max_peers(config.max_peers, settings.max_viewers);
    config
}

/// Connections at once, where `usual` is the network's own number: every viewer has one, and as
/// many are left for peers that only send files, wait or knock.
fn max_peers(usual: usize, max_viewers: usize) -> usize {
    usual.max(max_viewers.saturating_mul(2))
}

#[cfg(feature = "http")]
#[cfg(test)]
mod door_tests;

#[cfg(test)]
mod tests {
    use transom_users::Book;

    use super::*;
    use crate::{Identity, Redial, SendOptions};

    fn settings(name: &str) -> Settings {
        Settings::new(name.parse().unwrap(), Identity::throwaway().unwrap())
    }

    #[test]
    fn what_waited_for_a_peer_begins_in_the_turn_in_which_it_joined() {
        let mut near = settings("near");
        near.listen = Vec::new();
        let mut far = settings("far");
        far.listen = vec!["127.0.0.1:0".parse().unwrap()];
        let key = near.identity.public_key();
        far.book = Book::parse(&format!("near 127.0.0.1:9 key={key}")).0;
        let mut near = Station::start(near).unwrap();
        let mut far = Station::start(far).unwrap();
        let peer = "far".parse().unwrap();
        let contact = format!("far {}", far.addresses()[0]);
        near.handle()
            .send(&peer, env!("CARGO_MANIFEST_DIR"), SendOptions::default());
        near.handle()
            .connect(contact.parse().unwrap(), Redial::Never);
        let end = Instant::now() + Duration::from_secs(30);
        let wait = |station: &mut Station| {
            assert!(Instant::now() < end, "it never is so");
            let soon = Instant::now() + Duration::from_millis(10);
            station.out.net.wait(Some(soon)).unwrap();
        };
        let mut has_joined = false;
        while !has_joined {
            far.turn(drop);
            near.turn(|notice| has_joined |= matches!(notice, Notice::Joined { .. }));
            wait(&mut far);
            wait(&mut near);
        }
        // The disk thread has the first job without another turn.
        while near.out.workers.reports().is_empty() {
            wait(&mut near);
        }
    }

    #[test]
    fn a_box_has_connections_for_all_its_viewers() {
        assert_eq!(max_peers(64, 8), 64);
        assert_eq!(max_peers(64, 256), 512);
        assert_eq!(max_peers(64, usize::MAX), usize::MAX);
    }
}
