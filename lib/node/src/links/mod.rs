//! The connections to peers: dials contacts, decides on keys, keeps the connections that are up.
//!
//! ```text
//!  connect --> Resolving --> Trying --> Up --> (lost) --> Waiting --> Resolving ...   if redialed
//!                  \------------\--> Unreachable, and then Waiting or forgotten
//! ```
//!
//! Where the addresses of the book fail, those are tried where the contact is announced, after
//! `Seeking` for an announcement (hints.rs).

mod dial;
mod door;
mod forgotten;
mod guests;
mod hints;
mod link;
mod pins;
mod share;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use transom_net::{Departure, PeerId};
use transom_proto::{Order, Side, Uplink};
use transom_users::Book;
use transom_wire::{ByeCode, Capabilities, PeerName, PublicKey};

use self::dial::{Dial, FIRST_PAUSE, Reach};
pub(crate) use self::door::Caller;
use self::forgotten::Forgotten;
use self::guests::Guests;
use self::hints::{HintDials, Hints};
pub(crate) use self::link::{Gone, Parting, PeerLink};
use self::pins::Pins;
use crate::budget::Budget;
use crate::context::{Context, earlier};
use crate::handle::Redial;
use crate::load::Loads;
use crate::notice::{LinkEnd, Notice};
use crate::parts::Machine;
use crate::settings::{Allow, Settings};

pub(crate) struct Links {
    links: BTreeMap<PeerId, PeerLink>,
    dials: BTreeMap<PeerName, Dial>,
    book: Book,
    pins: Pins,
    allow: Allow,
    guests: Guests,
    hints: Hints,
    loads: Loads,
    budget: Budget,
    own_name: PeerName,
    own_key: PublicKey,
    /// The order in which sessions send.
    order: Order,
    /// What all sessions know of the station's uplink.
    uplink: Uplink,
    /// The capabilities that our hello announces.
    capabilities: Capabilities,
    /// The random number that identifies this run of the station.
    pub(crate) session: u64,
    machine: Machine,
    knocks: Vec<(PublicKey, Instant)>,
    forgotten: Forgotten,
    /// Callers over their rate limit, whose admission is decided later; at most as many as may be
    /// in a handshake.
    waiting: Vec<(PeerId, Caller)>,
}

impl Links {
    pub(crate) fn new(settings: &mut Settings, session: u64, machine: Machine) -> Self {
        Self {
            links: BTreeMap::new(),
            dials: BTreeMap::new(),
            book: std::mem::take(&mut settings.book),
            pins: Pins::new(settings.known_peers.peers().clone()),
            allow: std::mem::take(&mut settings.allow),
            guests: Guests::default(),
            hints: Hints::new(settings.moved_patience),
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
            forgotten: Forgotten::default(),
            waiting: Vec::new(),
        }
    }

    /// What this station calls itself in the sessions that begin from now on.
    pub(crate) fn rename(&mut self, own_name: PeerName) {
        self.own_name = own_name;
    }

    /// The link to use for that peer; a link that we dialed is preferred.
    pub(crate) fn link_of(&self, peer: &PeerName) -> Option<PeerId> {
        let mut up = self.up(peer);
        let first = up.next()?;
        let dialed = |(_, link): &(&PeerId, &PeerLink)| link.side == Side::Dialer;
        let chosen = if dialed(&first) {
            first
        } else {
            up.find(dialed).unwrap_or(first)
        };
        Some(*chosen.0)
    }

    /// The link over which a call with that peer's station can continue: to the same run of the
    /// station; else one that we dialed, which leads to the run that listens; else one of a newer
    /// run that is settled.
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

    /// Whether that run of the peer's station has been replaced by a newer run, which does not know
    /// the older run's calls.
    pub(crate) fn has_restarted(&self, peer: &PeerName, key: &PublicKey, station: u64) -> bool {
        !self.reaches(key, station)
            && self
                .up(peer)
                .any(|(_, link)| link.is_settled(self.machine.now()))
    }

    /// The key of a peer that is connected or connecting.
    pub(crate) fn key_of(&self, peer: &PeerName) -> Option<PublicKey> {
        let coming = |link: &&PeerLink| link.peer == *peer && !link.closing;
        let link = self.link_of(peer).and_then(|link| self.links.get(&link));
        link.or_else(|| self.links.values().find(coming))
            .map(|link| link.key)
    }

    /// Whether any link leads to that run of a station. Both key and number must match, since all
    /// peers of a station know its number.
    pub(crate) fn reaches(&self, key: &PublicKey, station: u64) -> bool {
        let mut links = self.links.values();
        links.any(|link| (link.key, link.session) == (*key, Some(station)) && !link.closing)
    }

    /// Whether our ring yields if two rings cross on two links (glare, wire 5).
    pub(crate) fn yields_to(&self, link: &PeerLink) -> bool {
        Some(self.session) < link.session
    }

    /// Every connected peer, once.
    pub(crate) fn present(&self) -> BTreeSet<PeerName> {
        let up = self.links.values().filter(|link| link.is_up());
        up.map(|link| link.peer).collect()
    }

    fn up(&self, peer: &PeerName) -> impl Iterator<Item = (&PeerId, &PeerLink)> {
        self.links
            .iter()
            .filter(move |(_, link)| link.peer == *peer && link.is_up() && !link.closing)
    }

    /// The connections of all links.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.links.keys().copied()
    }

    pub(crate) fn link(&self, id: PeerId) -> Option<&PeerLink> {
        self.links.get(&id)
    }

    /// Whether that peer is connected, being dialed, or to be dialed again.
    pub(crate) fn expects(&self, peer: &PeerName) -> bool {
        self.dials.contains_key(peer) || self.link_of(peer).is_some()
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

    pub(crate) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// When a contact is to be dialed again, or a waiting caller's admission is to be decided.
    pub(crate) fn due(&self, out: &Context) -> Option<Instant> {
        let now = out.now();
        let waiting = self.waiting.iter();
        let waiting = waiting.map(|(_, caller)| out.paces.next(caller.key.0, now));
        self.dials
            .values()
            .fold(waiting.min(), |due, dial| match dial.reach {
                Reach::Waiting { until } | Reach::Seeking { until, .. } => {
                    earlier(due, Some(until))
                }
                _ => due,
            })
    }

    pub(crate) fn turn(&mut self, now: Instant, out: &mut Context) {
        self.decide_waiting(now, out);
        self.dial_due(now, out);
    }

    /// A peer's hello, which shows that the peer has admitted us. Closes one of two links that the
    /// stations have dialed to each other at the same time.
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
            (dial.reach, dial.pause, dial.reported_key) = (Reach::Up, FIRST_PAUSE, None);
            dial.hints = HintDials::default();
        }
        let others = |(other, link): &(&PeerId, &PeerLink)| {
            **other != id
                && link.peer == peer
                && link.key == key
                && link.session == Some(session)
                && link.side != side
        };
        let duplicate = self.links.iter().find(others).map(|(other, _)| *other);
        match duplicate {
            // Tie-break: both sides keep the link that the side with the smaller session number
            // dialed.
            Some(duplicate) if session != self.session => {
                let keep_ours = self.session < session;
                let (kept, superfluous) = match (side == Side::Dialer) == keep_ours {
                    true => (id, duplicate),
                    false => (duplicate, id),
                };
                // The older link may already be lost at the other side.
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

    /// The capabilities of all connected programs of a peer together: its `transom send` can't be
    /// called, but its window can.
    fn capabilities_of(&self, peer: &PeerName) -> Capabilities {
        let links = self.links.values().filter(|link| link.peer == *peer);
        links.fold(Capabilities::NONE, |all, link| all | link.capabilities)
    }

    /// A connection ended, in any stage.
    pub(crate) fn left(&mut self, id: PeerId, why: &Departure, out: &mut Context) -> Option<Gone> {
        self.waiting.retain(|(waiting, _)| *waiting != id);
        self.pins.forget(id);
        let link = self.links.remove(&id);
        let Some(link) = link else {
            self.try_failed(id, why, out);
            return None;
        };
        let (peer, end) = (link.peer, LinkEnd::of(why));
        if !link.is_up() {
            if link.side == Side::Dialer {
                self.handle_refusal(&link, why, out);
            }
            return None;
        }
        let parting = Parting::of(&link, why);
        let gone = Some(Gone {
            peer,
            station: link.session,
            side: link.side,
            parting,
            why: end.clone(),
        });
        let replaced =
            parting == Parting::Replaced && self.links.values().any(|link| link.peer == peer);
        if replaced || self.link_of(&peer).is_some() {
            return gone; // The peer is connected, or connecting, by another link.
        }
        let lost = parting == Parting::Lost;
        out.notify(Notice::Left {
            peer,
            why: end,
            lost,
        });
        let is_redialed = |dial: &Dial| dial.redial == Redial::Always;
        if self.dials.get(&peer).is_some_and(is_redialed) {
            self.schedule_dial(&peer);
        } else {
            self.dials.remove(&peer);
        }
        gone
    }
}
