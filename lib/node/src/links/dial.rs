//! Dials contacts: finds the addresses of a host, tries each, and tries again after a pause.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::{Departure, PeerId};
use transom_users::Contact;
use transom_wire::{ByeCode, PeerName, PublicKey, Status};

use super::Links;
use super::door::REFUSED_PAUSE;
use super::hints::HintDials;
use super::link::PeerLink;
use crate::addresses::link_local_last;
use crate::context::Context;
use crate::handle::Redial;
use crate::notice::{LinkEnd, Notice, Obstacle, SystemError};

/// First pause before an unreachable contact is dialed again; doubles up to [`LONGEST_PAUSE`].
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause, and so the time within which a returning contact is connected again.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub(super) enum Reach {
    Resolving,
    Trying {
        link: Option<PeerId>,
        route: Route,
        /// The next address is the last one.
        rest: Vec<SocketAddr>,
        failure: DialFailure,
    },
    /// The contact is not where the book says, and the network was asked where it is.
    Seeking {
        until: Instant,
        failure: DialFailure,
    },
    Up,
    Waiting {
        until: Instant,
    },
}

/// The source of an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Route {
    Book,
    /// An announcement's, which any machine can make.
    Announced,
}

#[derive(Debug)]
pub(super) struct Dial {
    pub(super) contact: Contact,
    pub(super) redial: Redial,
    pub(super) reach: Reach,
    pub(super) pause: Duration,
    /// The changed key that was reported to the owner.
    pub(super) reported_key: Option<PublicKey>,
    pub(super) hints: HintDials,
}

/// Why a peer was not reached where the book says that it is.
#[derive(Debug)]
pub(super) struct DialFailure {
    pub(super) obstacle: Obstacle,
    /// Another key than the pinned one was shown there.
    pub(super) other_key: Option<OtherKey>,
}

impl DialFailure {
    fn new(obstacle: Obstacle) -> Self {
        Self {
            obstacle,
            other_key: None,
        }
    }
}

impl Default for DialFailure {
    /// Of a contact that has been away for a while.
    fn default() -> Self {
        Self::new(Obstacle::NotAnnounced)
    }
}

/// A key that is not the pinned one.
#[derive(Clone, Copy, Debug)]
pub(super) struct OtherKey {
    pub(super) pinned: PublicKey,
    pub(super) offered: PublicKey,
    /// Whether the contact book says so, else the known peers.
    pub(super) in_book: bool,
}

impl Links {
    pub(crate) fn connect(&mut self, contact: Contact, redial: Redial, out: &mut Context) {
        let peer = contact.name;
        if let Some(dial) = self.dials.get_mut(&peer) {
            (dial.contact, dial.redial) = (contact, redial);
            if !matches!(dial.reach, Reach::Waiting { .. }) {
                return;
            }
        } else {
            let dial = Dial {
                contact,
                redial,
                reach: Reach::Resolving,
                pause: FIRST_PAUSE,
                reported_key: None,
                hints: HintDials::default(),
            };
            self.dials.insert(peer, dial);
        }
        self.reach(peer, out);
    }

    pub(super) fn dial_due(&mut self, now: Instant, out: &mut Context) {
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
        self.end_seeking(now, out);
    }

    /// Gives up for now on contacts that were not announced in time.
    fn end_seeking(&mut self, now: Instant, out: &mut Context) {
        let unfound: Vec<_> = self
            .dials
            .iter_mut()
            .filter_map(|(name, dial)| match &mut dial.reach {
                Reach::Seeking { until, failure } if *until <= now => {
                    Some((*name, std::mem::take(failure)))
                }
                _ => None,
            })
            .collect();
        for (name, failure) in unfound {
            self.give_up(name, failure, out);
        }
    }

    fn reach(&mut self, peer: PeerName, out: &mut Context) {
        if self.link_of(&peer).is_some() {
            // The peer has dialed us meanwhile.
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
        let (mut rest, obstacle) = match found {
            Ok(mut found) => {
                link_local_last(&mut found);
                (found, Obstacle::NoAddress)
            }
            Err(error) => (Vec::new(), Obstacle::Unresolved(SystemError::of(&error))),
        };
        let failure = DialFailure::new(obstacle);
        rest.reverse();
        dial.reach = Reach::Trying {
            link: None,
            route: Route::Book,
            rest,
            failure,
        };
        self.try_next(peer, out);
    }

    /// Dials the next address of a contact: of the book first, then where it is announced. Gives up
    /// for now after the last.
    pub(super) fn try_next(&mut self, peer: PeerName, out: &mut Context) {
        let Some(dial) = self.dials.get_mut(&peer) else {
            return;
        };
        let Reach::Trying {
            link,
            route,
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
                Err(error) if *route == Route::Book => {
                    *failure = DialFailure::new(Obstacle::of_dial(&error));
                }
                Err(error) => log::debug!("{peer} is not at {address}: {error}"),
            }
        }
        let (route, failure) = (*route, std::mem::take(failure));
        let failure = match route {
            Route::Book => self.try_hints(peer, failure, out),
            Route::Announced => Some(failure),
        };
        if let Some(failure) = failure {
            self.give_up(peer, failure, out);
        }
    }

    /// Another key than the pinned one at an address of the book. The contact may have moved, and
    /// another station may have its old address.
    pub(super) fn other_key(&mut self, peer: PeerName, key: OtherKey, out: &mut Context) {
        if let Some(Dial {
            reach: Reach::Trying { rest, failure, .. },
            ..
        }) = self.dials.get_mut(&peer)
        {
            rest.clear();
            *failure = DialFailure {
                other_key: Some(key),
                ..DialFailure::new(Obstacle::OtherKey)
            };
            self.try_next(peer, out);
        }
    }

    fn give_up(&mut self, peer: PeerName, failure: DialFailure, out: &mut Context) {
        let DialFailure {
            obstacle,
            other_key,
        } = failure;
        let Some(key) = other_key else {
            return self.pause(peer, obstacle, None, out);
        };
        let OtherKey {
            pinned,
            offered,
            in_book,
        } = key;
        let dial = self.dials.get_mut(&peer);
        if dial.is_some_and(|dial| dial.reported_key.replace(offered) != Some(offered)) {
            out.notify(Notice::KeyChanged {
                peer,
                pinned,
                offered,
                in_book,
            });
        }
        self.pause(peer, obstacle, Some(REFUSED_PAUSE), out);
    }

    pub(super) fn pause(
        &mut self,
        peer: PeerName,
        obstacle: Obstacle,
        pause: Option<Duration>,
        out: &mut Context,
    ) {
        let Some(dial) = self.dials.get_mut(&peer) else {
            return;
        };
        let retries = dial.redial == Redial::Always;
        if retries {
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
            retries,
        });
    }

    /// A connection that we dialed ended before the peer's hello.
    pub(super) fn handle_refusal(&mut self, link: &PeerLink, why: &Departure, out: &mut Context) {
        let peer = link.peer;
        match why {
            Departure::Bye(Status {
                code: ByeCode::Replaced,
                ..
            }) => self.schedule_dial(&peer),
            Departure::Lost(_) | Departure::Closed | Departure::Refused => {
                let new_key = link.first_use.then(|| link.key.fingerprint());
                let obstacle = Obstacle::NotLetIn { new_key };
                self.pause(peer, obstacle, Some(REFUSED_PAUSE), out);
            }
            _ => self.pause(peer, Obstacle::Network(LinkEnd::of(why)), None, out),
        }
    }

    /// Schedules the next dial, which is skipped if the peer is connected by then.
    pub(super) fn schedule_dial(&mut self, peer: &PeerName) {
        if let Some(dial) = self.dials.get_mut(peer) {
            let until = self.machine.now() + dial.pause;
            dial.reach = Reach::Waiting { until };
        }
    }

    pub(super) fn try_failed(&mut self, id: PeerId, why: &Departure, out: &mut Context) {
        let trying = self
            .dials
            .iter_mut()
            .find_map(|(name, dial)| match &mut dial.reach {
                Reach::Trying {
                    link: Some(link),
                    route,
                    failure,
                    ..
                } if *link == id => Some((*name, *route, failure)),
                _ => None,
            });
        let Some((name, route, failure)) = trying else {
            return;
        };
        match route {
            Route::Book => *failure = DialFailure::new(Obstacle::of_departure(why)),
            Route::Announced => log::debug!("{name} is not where it is announced: {why}"),
        }
        self.try_next(name, out);
    }
}
