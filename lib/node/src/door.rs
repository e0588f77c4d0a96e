//! The HTTP door of the station: it shows cameras to browsers and other programs. Viewers of our
//! own camera share the places with the peers that watch it; the camera of a peer is watched while
//! a client looks at it (door/watch.rs).

mod shown;
mod uses;
mod viewers;
mod watch;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Instant;

use transom_net::HttpConfig;
use transom_net::door::{self, Access, SourceState, Token};
use transom_wire::PeerName;

pub(crate) use self::shown::DoorSources;
use self::uses::Uses;
use self::viewers::Viewers;
use self::watch::{Act, Present, Watch};
use crate::calls::Calls;
use crate::context::{Context, earlier};
use crate::links::Links;
use crate::notice::{Notice, SystemError};
use crate::settings::Settings;

/// The HTTP door of [`Settings::http`](crate::Settings::http) and of
/// [`Handle::open_door`](crate::Handle::open_door).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpSettings {
    /// Where to listen. Pictures and passes cross the network unencrypted, so that only loopback
    /// addresses keep them from others.
    pub listen: Vec<SocketAddr>,
    /// Which clients may look.
    pub access: Access,
    /// The cameras. Each is below `/NAME/`, and a single one also at `/`; of several with one name
    /// the first is shown.
    ///
    /// With our own camera among them, clients that look at any of them share its limit
    /// [`max_viewers`](crate::Settings::max_viewers) with the peers that watch it. Cameras of peers
    /// alone have a limit of their own, which is larger.
    pub sources: Vec<HttpSource>,
}

impl HttpSettings {
    /// A door at these addresses, to these cameras.
    pub fn new(listen: Vec<SocketAddr>, access: Access, sources: Vec<HttpSource>) -> Self {
        Self {
            listen,
            access,
            sources,
        }
    }
}

/// A camera that the HTTP door shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HttpSource {
    /// Our own, by the name of this station.
    Own,
    /// A peer's, by the name of the peer, to which the owner
    /// [connects](crate::Handle::connect). The station watches it while a client of the door looks,
    /// and for some seconds longer; the owner is told of no such call. A snapshot answers with a
    /// picture that was captured after the question, by the clock offset that is measured with the
    /// peer (see [`latency`](crate::latency)); in the first moment of a connection, with one whose
    /// first byte was sent after the question.
    Peer(PeerName),
}

impl HttpSource {
    fn name(self, own_name: PeerName) -> PeerName {
        match self {
            Self::Own => own_name,
            Self::Peer(peer) => peer,
        }
    }
}

/// The token of a new pass, or `None` where the system gives no random numbers.
pub fn random_token() -> Option<Token> {
    let mut random = [0; 20];
    getrandom::fill(&mut random).ok()?;
    Some(Token::from_random(random))
}

pub(crate) struct HttpDoor {
    own_name: PeerName,
    /// Most viewers of our camera, peers and clients together.
    max_viewers: usize,
    /// The cameras of the settings, until the station begins.
    first: Vec<HttpSource>,
    watched: Vec<(PeerName, Watch)>,
    uses: Uses,
    /// A port that other machines reach.
    reachable_port: Option<u16>,
    viewers: Viewers,
}

impl HttpDoor {
    pub(crate) fn new(settings: &mut Settings) -> Self {
        let first = settings.http.take().map(|http| http.sources);
        Self {
            own_name: settings.name,
            max_viewers: settings.max_viewers,
            first: first.unwrap_or_default(),
            watched: Vec::new(),
            uses: Uses::default(),
            reachable_port: None,
            viewers: Viewers::default(),
        }
    }

    /// What of the settings is the network's.
    pub(crate) fn config(settings: &Settings) -> Option<HttpConfig> {
        let http = settings.http.as_ref()?;
        Some(config(http, settings.name, settings.max_viewers))
    }

    /// Before the first turn.
    pub(crate) fn begin(&mut self, out: &mut Context) {
        let sources = std::mem::take(&mut self.first);
        self.opened(sources, out);
    }

    /// Opens the door; one that is open closes first, with all its clients.
    pub(crate) fn open(&mut self, http: HttpSettings, out: &mut Context) {
        let config = config(&http, self.own_name, self.max_viewers);
        match out.net.open_door(config) {
            Ok(()) => self.opened(http.sources, out),
            Err(error) => {
                self.reachable_port = None;
                self.follow(Vec::new(), out);
                let why = SystemError::of_bind(&error);
                out.notify(Notice::HttpNotListening { why });
            }
        }
    }

    pub(crate) fn close(&mut self, out: &mut Context) {
        out.net.close_door();
        self.reachable_port = None;
        self.follow(Vec::new(), out);
    }

    /// Shows those cameras from now on. Clients that look at one that stays go on.
    pub(crate) fn set_sources(&mut self, sources: Vec<HttpSource>, out: &mut Context) {
        if let Some((door, _)) = out.net.door() {
            door.set_sources(names(&sources, self.own_name));
            self.follow(sources, out);
        }
    }

    /// Which clients may look from now on.
    pub(crate) fn set_access(&mut self, access: Access, out: &mut Context) {
        if let Some((door, _)) = out.net.door() {
            self.uses.know(match &access {
                Access::Open { .. } => None,
                Access::Passes(passes) => Some(passes),
            });
            door.set_access(access);
        }
    }

    /// The station's name from now on, by which our camera is shown.
    pub(crate) fn rename(&mut self, name: PeerName, out: &mut Context) {
        self.own_name = name;
        out.rename_at_door(name);
    }

    /// Once a turn: peers and clients share the places of viewers, cameras of peers are watched for
    /// clients, and the owner is told which clients look and which passes are in use.
    pub(crate) fn turn(
        &mut self,
        now: Instant,
        links: &Links,
        calls: &mut Calls,
        out: &mut Context,
    ) {
        self.viewers.turn(now, out);
        self.watch(now, links, calls, out);
        self.uses.turn(now, out);
        let has_own = out.door_sources.has_own();
        let Some((door, _)) = out.net.door() else {
            return;
        };
        door.set_max_viewers(match has_own {
            true => self.max_viewers.saturating_sub(calls.served()),
            false => BRIDGE_VIEWERS,
        });
    }

    pub(crate) fn reachable_port(&self) -> Option<u16> {
        self.reachable_port
    }

    /// Tells the clients why a camera's station is away.
    pub(crate) fn note(&self, notice: &Notice, links: &Links, out: &mut Context) {
        let (peer, words) = match notice {
            Notice::Unreachable { peer, obstacle, .. } => (*peer, obstacle.to_string()),
            Notice::Left { peer, why, .. } => (*peer, why.to_string()),
            _ => return,
        };
        // It may be back in the same turn.
        if links.link_of(&peer).is_none() {
            out.tell_away(peer, &words);
        }
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        let watched = self.watched.iter();
        watched.fold(
            earlier(self.uses.due(), self.viewers.due()),
            |due, (_, watch)| earlier(due, watch.due()),
        )
    }

    fn opened(&mut self, sources: Vec<HttpSource>, out: &mut Context) {
        self.follow(sources, out);
        self.uses = Uses::default();
        if let Some((door, _)) = out.net.door() {
            self.uses.know(door.passes());
        }
        self.reachable_port = None;
        for address in out.net.door_addresses() {
            if !address.ip().to_canonical().is_loopback() {
                self.reachable_port = Some(address.port());
            }
            out.notify(Notice::HttpListening { address });
        }
    }

    /// Watches the cameras of these peers from now on, those that stay without an interruption.
    fn follow(&mut self, sources: Vec<HttpSource>, out: &mut Context) {
        out.door_sources = DoorSources::new(distinct(sources, self.own_name));
        let mut old = std::mem::take(&mut self.watched);
        for peer in out.door_sources.peers() {
            let kept = old.extract_if(.., |(watched, _)| *watched == peer).next();
            let watched = kept.unwrap_or_else(|| (peer, Watch::new()));
            self.watched.push(watched);
        }
    }

    fn watch(&mut self, now: Instant, links: &Links, calls: &mut Calls, out: &mut Context) {
        calls.leave_door_calls(|peer| self.watched.iter().all(|(it, _)| it != peer), out);
        for (peer, watch) in &mut self.watched {
            let is_connected = links.link_of(peer).is_some();
            match out.state_of(*peer) {
                Some(SourceState::Away) if is_connected => out.tell_starting(*peer),
                Some(SourceState::Starting) if !is_connected => out.tell_away(*peer, ""),
                _ => {}
            }
            let present = Present {
                has_viewers: out.viewers_of(HttpSource::Peer(*peer)) > 0,
                is_connected,
                is_refused: out.door_sources.take_refusal(peer),
                call: calls.door_call(peer),
            };
            match watch.turn(present, now) {
                Some(Act::Ring) => calls.ring_for_door(*peer, links, out),
                Some(Act::HangUp) => {
                    calls.leave_door_calls(|it| it == peer, out);
                    if is_connected {
                        out.tell_starting(*peer);
                    }
                }
                None => {}
            }
        }
    }
}

fn config(http: &HttpSettings, own_name: PeerName, max_viewers: usize) -> HttpConfig {
    let is_bridge = !http.sources.contains(&HttpSource::Own);
    let max_viewers = if is_bridge {
        BRIDGE_VIEWERS
    } else {
        max_viewers
    };
    let names = names(&http.sources, own_name);
    let door = door::Config::new(names, http.access.clone(), max_viewers);
    HttpConfig::new(http.listen.clone(), door)
}

fn names(sources: &[HttpSource], own_name: PeerName) -> Vec<String> {
    let sources = distinct(sources.to_vec(), own_name).into_iter();
    let names = sources.map(|source| source.name(own_name).to_string());
    names.collect()
}

/// These cameras without those whose name another one before them has: a name is a path.
fn distinct(mut sources: Vec<HttpSource>, own_name: PeerName) -> Vec<HttpSource> {
    let mut names = BTreeSet::new();
    sources.retain(|source| names.insert(source.name(own_name)));
    sources
}

/// Clients that look at once at cameras of peers: half of the door's connections. A peer sends each
/// picture once, however many look, so its own limit does not count here.
const BRIDGE_VIEWERS: usize = door::limits::MAX_CONNECTIONS / 2;

#[cfg(test)]
mod tests;
