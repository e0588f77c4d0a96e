//! Who is there: dials contacts, judges keys, keeps the links that are up.
//!
//! ```text
//!  connect --> Resolving --> Trying --> Up --> (lost) --> Waiting --> Resolving ...   with `keep`
//!                  \------------\--> Unreachable, and then Waiting or forgotten
//! ```

mod door;
mod guests;
mod link;
mod share;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::{Departure, PeerId};
use transom_proto::{Order, Side, Uplink};
use transom_users::{Book, Contact};
use transom_wire::{ByeCode, Capabilities, PeerName, PublicKey, Status};

pub(crate) use self::door::Caller;
use self::door::REFUSED_PAUSE;
use self::guests::Guests;
use self::link::describe;
pub(crate) use self::link::{Gone, Link, Parting};
use crate::budget::Budget;
use crate::context::{Context, earlier};
use crate::identity::KnownPeersFile;
use crate::load::Loads;
use crate::notice::{Notice, Obstacle};
use crate::parts::Machine;
use crate::settings::{Allow, Settings};

/// First pause before a contact that is away is dialed again; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A returning contact is back within this.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

#[derive(Debug)]
enum Reach {
    Resolving,
    Trying {
        link: Option<PeerId>,
        rest: Vec<SocketAddr>,
        failure: DialFailure,
    },
    Up,
    Waiting {
        until: Instant,
    },
}

#[derive(Debug)]
struct Dial {
    contact: Contact,
    keep: bool,
    reach: Reach,
    pause: Duration,
    /// The changed key that was told already.
    told: Option<PublicKey>,
}

pub(crate) struct Links {
    links: BTreeMap<PeerId, Link>,
    dials: BTreeMap<PeerName, Dial>,
    book: Book,
    known: KnownPeersFile,
    allow: Allow,
    guests: Guests,
    loads: Loads,
    budget: Budget,
    own_name: PeerName,
    own_key: PublicKey,
    /// In which order sessions send.
    order: Order,
    /// What all sessions know of the station's way out.
    uplink: Uplink,
    /// What we say that we can do.
    capabilities: Capabilities,
    /// Our random number of this run.
    pub(crate) session: u64,
    machine: Machine,
    knocks: Vec<(PublicKey, Instant)>,
    /// Who was let in too often just now, and is judged a little later; at most as many as may be
    /// in a handshake.
    waiting: Vec<(PeerId, Caller)>,
}

/// Why a peer was not reached.
#[derive(Debug)]
struct DialFailure {
    obstacle: Obstacle,
    why: String,
}

impl Links {
    pub(crate) fn new(settings: &mut Settings, session: u64, machine: Machine) -> Self {
        Self {
            links: BTreeMap::new(),
            dials: BTreeMap::new(),
            book: std::mem::take(&mut settings.book),
            known: std::mem::take(&mut settings.known_peers),
            allow: std::mem::take(&mut settings.allow),
            guests: Guests::default(),
            loads: Loads::default(),
            budget: Budget::new(settings.file_bytes_per_key),
            own_name: settings.name,
            own_key: settings.identity.public_key(),
            order: settings.order,
            uplink: Uplink::default(),
            capabilities: settings.capabilities(),
            session,
            machine,
            knocks: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// The connection to act on for that peer: one we dialed if there is one.
    pub(crate) fn link_of(&self, peer: &PeerName) -> Option<PeerId> {
        let mut up = self.up(peer);
        let first = up.next()?;
        let dialed = |(_, link): &(&PeerId, &Link)| link.side == Side::Dialer;
        let chosen = if dialed(&first) {
            first
        } else {
            up.find(dialed).unwrap_or(first)
        };
        Some(*chosen.0)
    }

    /// The connection by which a call with that peer's station can go on: one to the same run of
    /// it, or one that we dialed, where a newer run listens, or one from a newer run that has
    /// dialed us and stays.
    pub(crate) fn route(&self, peer: &PeerName, station: Option<u64>) -> Option<PeerId> {
        let mut up = self.up(peer);
        up.find(|(_, link)| link.session == station)
            .or_else(|| self.up(peer).find(|(_, link)| link.side == Side::Dialer))
            .or_else(|| {
                self.up(peer)
                    .find(|(_, link)| link.is_settled(self.machine.now()))
            })
            .map(|(id, _)| *id)
    }

    /// Whether that run of the peer's station is gone and a newer one is there, which knows nothing
    /// of the calls of the old.
    pub(crate) fn is_reborn(&self, peer: &PeerName, key: &PublicKey, station: u64) -> bool {
        !self.reaches(key, station)
            && self
                .up(peer)
                .any(|(_, link)| link.is_settled(self.machine.now()))
    }

    /// The key of a peer that is there, or about to be.
    pub(crate) fn key_of(&self, peer: &PeerName) -> Option<PublicKey> {
        let coming = |link: &&Link| link.peer == *peer && !link.closing;
        let link = self.link_of(peer).and_then(|link| self.links.get(&link));
        link.or_else(|| self.links.values().find(coming))
            .map(|link| link.key)
    }

    /// Whether any connection leads to that run of a station. Its number alone proves nothing: all
    /// its peers know it.
    pub(crate) fn reaches(&self, key: &PublicKey, station: u64) -> bool {
        let mut links = self.links.values();
        links.any(|link| (link.key, link.session) == (*key, Some(station)) && !link.closing)
    }

    /// Whether of two rings that cross on two connections ours is the one that yields.
    pub(crate) fn yields_to(&self, link: &Link) -> bool {
        Some(self.session) < link.session
    }

    /// Every peer that is there, once.
    pub(crate) fn present(&self) -> BTreeSet<PeerName> {
        let up = self.links.values().filter(|link| link.is_up());
        up.map(|link| link.peer).collect()
    }

    fn up(&self, peer: &PeerName) -> impl Iterator<Item = (&PeerId, &Link)> {
        self.links
            .iter()
            .filter(move |(_, link)| link.peer == *peer && link.is_up() && !link.closing)
    }

    /// All connections whose key was allowed.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.links.keys().copied()
    }

    pub(crate) fn link(&self, id: PeerId) -> Option<&Link> {
        self.links.get(&id)
    }

    /// Whether that peer is being reached for, or waited for.
    pub(crate) fn expects(&self, peer: &PeerName) -> bool {
        self.dials.contains_key(peer) || self.link_of(peer).is_some()
    }

    pub(crate) fn connect(&mut self, contact: Contact, keep: bool, out: &mut Context) {
        let peer = contact.name;
        if let Some(dial) = self.dials.get_mut(&peer) {
            (dial.contact, dial.keep) = (contact, keep);
            if !matches!(dial.reach, Reach::Waiting { .. }) {
                return;
            }
        } else {
            let dial = Dial {
                contact,
                keep,
                reach: Reach::Resolving,
                pause: FIRST_PAUSE,
                told: None,
            };
            self.dials.insert(peer, dial);
        }
        self.reach(peer, out);
    }

    pub(crate) fn disconnect(&mut self, peer: &PeerName, out: &mut Context) {
        let trying = match self.dials.remove(peer) {
            Some(Dial {
                reach: Reach::Trying { link, .. },
                ..
            }) => link,
            _ => None,
        };
        let links = self
            .links
            .iter()
            .filter(|(_, link)| link.peer == *peer)
            .map(|(id, _)| *id);
        for link in links.chain(trying).collect::<Vec<_>>() {
            out.net.close(link, ByeCode::Done, "");
        }
    }

    pub(crate) fn close_all(&mut self, out: &mut Context) {
        self.dials.clear();
        for link in self.links.keys() {
            out.net.close(*link, ByeCode::Leaving, "");
        }
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.links.is_empty()
    }

    /// When a contact is to be dialed again, or somebody at the door is to be judged.
    pub(crate) fn due(&self, out: &Context) -> Option<Instant> {
        let now = out.now();
        let waiting = self.waiting.iter();
        let waiting = waiting.map(|(_, caller)| out.paces.next(caller.key.0, now));
        self.dials
            .values()
            .fold(waiting.min(), |due, dial| match dial.reach {
                Reach::Waiting { until } => earlier(due, Some(until)),
                _ => due,
            })
    }

    pub(crate) fn turn(&mut self, now: Instant, out: &mut Context) {
        self.judge_waiting(now, out);
        self.dial_due(now, out);
    }

    fn dial_due(&mut self, now: Instant, out: &mut Context) {
        let due = |dial: &Dial| matches!(dial.reach, Reach::Waiting { until } if until <= now);
        let names: Vec<_> = self
            .dials
            .iter()
            .filter(|(_, dial)| due(dial))
            .map(|(name, _)| *name)
            .collect();
        for name in names {
            self.reach(name, out);
        }
    }

    fn reach(&mut self, peer: PeerName, out: &mut Context) {
        if self.link_of(&peer).is_some() {
            // It reached us first.
            if let Some(dial) = self.dials.get_mut(&peer) {
                dial.reach = Reach::Up;
            }
            return;
        }
        let Some(dial) = self.dials.get_mut(&peer) else {
            return;
        };
        out.notify(Notice::Reaching { peer });
        dial.reach = Reach::Resolving;
        let address = &dial.contact.address;
        let port = address.port();
        match address.ip() {
            Some(ip) => self.resolved(peer, Ok(vec![SocketAddr::new(ip, port)]), out),
            None => out.workers.resolve(peer, address.host().to_owned(), port),
        }
    }

    pub(crate) fn resolved(
        &mut self,
        peer: PeerName,
        found: std::io::Result<Vec<SocketAddr>>,
        out: &mut Context,
    ) {
        let Some(dial) = self.dials.get_mut(&peer) else {
            return;
        };
        let host = dial.contact.address.host();
        let (mut rest, why) = match found {
            Ok(found) => (found, format!("{host} has no address")),
            Err(error) => (
                Vec::new(),
                format!("can't find the address of {host}: {error}"),
            ),
        };
        let failure = DialFailure {
            obstacle: Obstacle::Address,
            why,
        };
        rest.reverse();
        dial.reach = Reach::Trying {
            link: None,
            rest,
            failure,
        };
        self.try_next(peer, out);
    }

    /// Dials the next address of a contact, or gives up for now.
    fn try_next(&mut self, peer: PeerName, out: &mut Context) {
        let Some(dial) = self.dials.get_mut(&peer) else {
            return;
        };
        let Reach::Trying {
            link,
            rest,
            failure,
        } = &mut dial.reach
        else {
            return;
        };
        while let Some(address) = rest.pop() {
            match out.net.dial(address) {
                Ok(id) => {
                    *link = Some(id);
                    return;
                }
                Err(error) => {
                    *failure = DialFailure {
                        obstacle: Obstacle::Network,
                        why: error.to_string(),
                    };
                }
            }
        }
        let DialFailure { obstacle, why } = failure;
        let (obstacle, why) = (*obstacle, std::mem::take(why));
        self.pause(peer, obstacle, why, None, out);
    }

    fn pause(
        &mut self,
        peer: PeerName,
        obstacle: Obstacle,
        why: String,
        pause: Option<Duration>,
        out: &mut Context,
    ) {
        let Some(dial) = self.dials.get_mut(&peer) else {
            return;
        };
        let keep = dial.keep;
        if keep {
            let pause = pause.unwrap_or(dial.pause);
            dial.pause = (dial.pause * 2).min(LONGEST_PAUSE);
            dial.reach = Reach::Waiting {
                until: out.now() + pause,
            };
        } else {
            self.dials.remove(&peer);
        }
        out.notify(Notice::Unreachable {
            peer,
            obstacle,
            why,
            retries: keep,
        });
    }

    /// A peer's hello: it is there and lets us in. Gives a link that this one makes superfluous.
    pub(crate) fn hello(
        &mut self,
        id: PeerId,
        session: u64,
        capabilities: Capabilities,
        out: &mut Context,
    ) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        (link.session, link.since) = (Some(session), Some(out.now()));
        link.capabilities = capabilities;
        let (peer, key, first_use, address, side) =
            (link.peer, link.key, link.first_use, link.address, link.side);
        let known_as = link.known_as;
        if let Some(dial) = self.dials.get_mut(&peer) {
            (dial.reach, dial.pause, dial.told) = (Reach::Up, FIRST_PAUSE, None);
        }
        let others = |(other, link): &(&PeerId, &Link)| {
            **other != id
                && link.peer == peer
                && link.key == key
                && link.session == Some(session)
                && link.side != side
        };
        let twin = self.links.iter().find(others).map(|(other, _)| *other);
        match twin {
            // Both dialed at once. Both keep the connection that the side with the smaller number
            // dialed.
            Some(twin) if session != self.session => {
                let keep_ours = self.session < session;
                let (kept, superfluous) = match (side == Side::Dialer) == keep_ours {
                    true => (id, twin),
                    false => (twin, id),
                };
                // The older of the two may be lost at the other side.
                out.liveness.check(kept, out.now());
                if let Some(link) = self.links.get_mut(&superfluous) {
                    link.closing = true;
                }
                out.net.close(superfluous, ByeCode::Replaced, "");
            }
            _ => out.notify(Notice::Joined {
                peer,
                key,
                first_use,
                known_as,
                address,
                capabilities: self.capabilities_of(&peer),
            }),
        }
    }

    /// What the programs of a peer that are here can do together: its `transom send` can't be
    /// called, and its window can.
    fn capabilities_of(&self, peer: &PeerName) -> Capabilities {
        let links = self.links.values().filter(|link| link.peer == *peer);
        links.fold(Capabilities::NONE, |all, link| all | link.capabilities)
    }

    /// A connection ended, at whatever stage.
    pub(crate) fn left(&mut self, id: PeerId, why: &Departure, out: &mut Context) -> Option<Gone> {
        self.waiting.retain(|(waiting, _)| *waiting != id);
        let link = self.links.remove(&id);
        let Some(link) = link else {
            self.try_failed(id, why, out);
            return None;
        };
        let (peer, text) = (link.peer, describe(why));
        if !link.is_up() {
            if link.side == Side::Dialer {
                self.not_let_in(&link, why, out);
            }
            return None;
        }
        let parting = Parting::of(&link, why);
        let gone = Some(Gone {
            peer,
            station: link.session,
            parting,
            why: text.clone(),
        });
        let replaced =
            parting == Parting::Replaced && self.links.values().any(|link| link.peer == peer);
        if replaced || self.link_of(&peer).is_some() {
            return gone; // By another connection it is still there, or about to be.
        }
        let lost = parting == Parting::Lost;
        out.notify(Notice::Left {
            peer,
            why: text,
            lost,
        });
        if self.dials.get(&peer).is_some_and(|dial| dial.keep) {
            self.wait_a_moment(&peer);
        } else {
            self.dials.remove(&peer);
        }
        gone
    }

    /// A connection we dialed ended before the peer's hello.
    fn not_let_in(&mut self, link: &Link, why: &Departure, out: &mut Context) {
        let (peer, text) = (link.peer, describe(why));
        match why {
            Departure::Bye(Status {
                code: ByeCode::Replaced,
                ..
            }) => self.wait_a_moment(&peer),
            Departure::Lost(_) | Departure::Closed | Departure::Refused => {
                let mut text = "they hung up: they may not know your key yet".to_owned();
                if link.first_use {
                    let print = link.key.fingerprint();
                    text.push_str(&format!(
                        " (their own, {print}, is new and now pinned: compare it)"
                    ));
                }
                self.pause(peer, Obstacle::NotLetIn, text, Some(REFUSED_PAUSE), out);
            }
            _ => self.pause(peer, Obstacle::Network, text, None, out),
        }
    }

    /// Dials again soon, unless the peer is there by then.
    fn wait_a_moment(&mut self, peer: &PeerName) {
        if let Some(dial) = self.dials.get_mut(peer) {
            let until = self.machine.now() + dial.pause;
            dial.reach = Reach::Waiting { until };
        }
    }

    fn try_failed(&mut self, id: PeerId, why: &Departure, out: &mut Context) {
        let trying = self
            .dials
            .iter_mut()
            .find_map(|(name, dial)| match &mut dial.reach {
                Reach::Trying {
                    link: Some(link),
                    failure,
                    ..
                } if *link == id => Some((*name, failure)),
                _ => None,
            });
        if let Some((name, failure)) = trying {
            let refused = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
            *failure = DialFailure {
                obstacle: match why {
                    Departure::Unreachable(error) if refused(error) => Obstacle::NobodyListens,
                    Departure::Unanswered => Obstacle::Busy,
                    _ => Obstacle::Network,
                },
                why: describe(why),
            };
            self.try_next(name, out);
        }
    }
}
