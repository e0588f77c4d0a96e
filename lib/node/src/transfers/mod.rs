//! Transfers: between the sessions, which carry leaves, and the disk thread, which reads and writes
//! them.
//!
//! ```text
//!   disk --Leaf--> sending --leaf()--> session ~~~ session --Leaf--> receiving --> disk
//!   disk <--Start-- sending <--Started-- session ~~~ session <--start()-- receiving <--Begin-- disk
//! ```

mod account;
mod attempt;
mod control;
mod limits;
mod offers;
mod reads;
mod receiving;
mod sending;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use transom_net::PeerId;
use transom_proto::{OwnedOffer, Side, TransferEvent};
use transom_store::RoomLimits;
use transom_wire::{ByeCode, PeerName};

use self::account::Account;
use self::control::KeptControls;
use self::offers::Contest;
use self::receiving::Incoming;
use self::sending::Outgoing;
use crate::context::{Context, earlier};
use crate::disk::Answer;
use crate::links::{Gone, Links, Parting, PeerLink};
use crate::notice::{Outcome, PeerLoss, Phase, TransferId};
use crate::settings::{InboxSettings, SendOptions};

/// Transfers that were accepted and are remembered, so that one that comes back is not asked for
/// again.
const MAX_REMEMBERED: usize = 256;
/// Failed entries of one transfer that are told one by one, which is more than a user reads; the
/// others only count. A peer gives up as many as it likes of those it offered.
const MAX_FAILURES_TOLD: u32 = 1024;
/// Transfers to one peer at once, which is what its session lets be open. The others wait until one
/// of these is over.
const MAX_AT_ONCE: usize = 16;

/// A transfer on a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Place {
    link: PeerId,
    file: transom_proto::TransferId,
}

pub(crate) struct Transfers {
    outgoing: BTreeMap<TransferId, Outgoing>,
    incoming: BTreeMap<TransferId, Incoming>,
    /// Offers of transfers that an older connection carries, until its liveness check has ended.
    contests: Vec<Contest>,
    /// Walks and their answers by the number of the attempt, which names an outgoing transfer on
    /// the disk thread.
    attempts: BTreeMap<TransferId, TransferId>,
    /// One that was sent is over, so that another may have its turn.
    has_room: bool,
    /// What the owner said yes to and is not over: the sender, the offer, and where to.
    remembered: Vec<([u8; 32], OwnedOffer, PathBuf)>,
    kept_controls: KeptControls,
    inbox: Option<InboxSettings>,
    own_key: [u8; 32],
    /// How long a transfer to a peer that we don't dial may wait for that peer.
    patience: Duration,
}

impl Transfers {
    pub(crate) fn new(inbox: Option<InboxSettings>, own_key: [u8; 32], patience: Duration) -> Self {
        Self {
            outgoing: BTreeMap::new(),
            incoming: BTreeMap::new(),
            contests: Vec::new(),
            attempts: BTreeMap::new(),
            has_room: false,
            remembered: Vec::new(),
            kept_controls: KeptControls::default(),
            inbox,
            own_key,
            patience,
        }
    }

    /// Takes files elsewhere from now on, or not at all. What runs goes on where it began.
    pub(crate) fn set_inbox(&mut self, inbox: Option<InboxSettings>, out: &mut Context) {
        let into = |inbox: &Option<InboxSettings>| inbox.as_ref().map(|inbox| inbox.into.clone());
        if into(&inbox) != into(&self.inbox) {
            out.workers.close_inboxes();
        }
        self.inbox = inbox;
    }

    /// How much the inbox may take of its disk.
    fn limits(&self) -> RoomLimits {
        let inbox = self.inbox.as_ref();
        inbox.map_or(RoomLimits::default(), |inbox| inbox.room)
    }

    pub(crate) fn send(
        &mut self,
        id: TransferId,
        peer: PeerName,
        (path, origin): (PathBuf, Option<PathBuf>),
        options: SendOptions,
        links: &Links,
        out: &mut Context,
    ) {
        let mut outgoing = Outgoing::new(id, peer, path, options);
        outgoing.origin = origin;
        self.outgoing.insert(id, outgoing);
        if let Some(link) = links.link_of(&peer) {
            self.begin(id, link, links, out);
        }
    }

    /// A peer is there: transfers that wait for it begin. Transfers to it on an older connection
    /// move here if that connection is silent.
    pub(crate) fn joined(&mut self, peer: &PeerName, links: &Links, out: &mut Context) {
        let here = self.outgoing.values().filter(|one| one.peer() == peer);
        for link in here.filter_map(Outgoing::link) {
            out.liveness.check(link, out.now());
        }
        let Some(link) = links.link_of(peer) else {
            return;
        };
        let waiting = |outgoing: &Outgoing| outgoing.peer() == peer && outgoing.waits();
        let mut ids = Vec::new();
        for (id, outgoing) in self.outgoing.iter_mut().filter(|(_, one)| waiting(one)) {
            outgoing.stop_waiting();
            ids.push(*id);
        }
        for id in ids {
            self.begin(id, link, links, out);
        }
    }

    /// What waits for its turn, in the order it was sent.
    fn begin_next(&mut self, links: &Links, out: &mut Context) {
        let waiting = self.outgoing.iter().filter(|(_, one)| one.waits());
        let here = waiting.filter_map(|(id, one)| Some((*id, links.link_of(one.peer())?)));
        let here: Vec<_> = here.collect();
        let mut full = BTreeSet::new();
        for (id, link) in here {
            if !full.contains(&link) && !self.begin(id, link, links, out) {
                full.insert(link);
            }
        }
    }

    /// Begins it on that connection, unless it has to wait for its turn.
    fn begin(&mut self, id: TransferId, link: PeerId, links: &Links, out: &mut Context) -> bool {
        let here = self.outgoing.values().filter(|one| one.is_on(link));
        if here.count() >= MAX_AT_ONCE {
            return false;
        }
        let (Some(outgoing), Some(key)) = (
            self.outgoing.get_mut(&id),
            links.link(link).map(|link| link.key),
        ) else {
            return false;
        };
        let attempt = TransferId(out.queue.id());
        self.attempts.insert(attempt, id);
        outgoing.begin(attempt, link, self.own_key, key.0, out);
        true
    }

    /// A connection is gone. What we send waits for the next one if there is to be one: we dial the
    /// peer again, or the peer dialed us and did not say goodbye. What we receive stays on the
    /// disk.
    pub(crate) fn left(&mut self, link: PeerId, gone: &Gone, links: &Links, out: &mut Context) {
        let why = PeerLoss::Left(gone.why.clone());
        self.contests.retain(|contest| !contest.is_on(link));
        let here: Vec<_> = self
            .outgoing
            .iter()
            .filter(|(_, outgoing)| outgoing.is_on(link))
            .map(|(id, _)| *id)
            .collect();
        for id in here {
            let Some(outgoing) = self.outgoing.get_mut(&id) else {
                continue;
            };
            if let Some(attempt) = outgoing.left(out) {
                self.attempts.remove(&attempt);
            }
            let peer = *outgoing.peer();
            match links.link_of(&peer) {
                Some(other) => {
                    self.begin(id, other, links, out);
                }
                None if links.expects(&peer) => {}
                None if gone.side == Side::Dialer || gone.parting == Parting::Goodbye => {
                    self.end_outgoing(id, Outcome::Lost { why: why.clone() }, out);
                }
                None => outgoing.wait_until(out.now() + self.patience, why.clone()),
            }
        }
        let here: Vec<_> = self
            .incoming
            .iter()
            .filter(|(_, incoming)| incoming.is_on(link))
            .map(|(id, _)| *id)
            .collect();
        for id in here {
            let Some(incoming) = self.lost(id) else {
                continue;
            };
            match incoming.is_withdrawn(gone.parting) {
                true => incoming.withdrawn(&gone.why, out),
                false => incoming.left(why.clone(), out),
            }
        }
    }

    /// A peer can't be reached and will not be tried again.
    pub(crate) fn given_up(&mut self, peer: &PeerName, why: &PeerLoss, out: &mut Context) {
        let ids: Vec<_> = self
            .outgoing
            .iter()
            .filter(|(_, outgoing)| outgoing.peer() == peer && outgoing.waits())
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.end_outgoing(id, Outcome::Lost { why: why.clone() }, out);
        }
    }

    pub(crate) fn accept(&mut self, id: TransferId, into: Option<PathBuf>, out: &mut Context) {
        let limits = self.limits();
        let Some(incoming) = self.incoming.get_mut(&id) else {
            return;
        };
        if let Some(into) = into.or_else(|| self.inbox.as_ref().map(|inbox| inbox.into.clone())) {
            if self.remembered.len() >= MAX_REMEMBERED {
                self.remembered.remove(0);
            }
            self.remembered
                .push((incoming.sender(), incoming.offer().clone(), into.clone()));
            incoming.prepare(into, limits, true, out);
        }
    }

    pub(crate) fn refuse(&mut self, id: TransferId, out: &mut Context) {
        if let Some(incoming) = self.over(id) {
            incoming.refuse(out);
        }
    }

    pub(crate) fn pause(&mut self, id: TransferId, paused: bool, out: &mut Context) {
        if let Some(outgoing) = self.outgoing.get_mut(&id) {
            outgoing.pause(paused, out);
        } else if let Some(incoming) = self.incoming.get_mut(&id) {
            incoming.pause(paused, out);
        }
    }

    pub(crate) fn limit(&mut self, id: TransferId, rate: Option<u64>, out: &mut Context) {
        if let Some(outgoing) = self.outgoing.get_mut(&id) {
            outgoing.limit(rate, out);
        } else if let Some(incoming) = self.incoming.get_mut(&id) {
            incoming.limit(rate, out);
        }
    }

    pub(crate) fn end_follow(&mut self, id: TransferId, out: &mut Context) {
        if let Some(outgoing) = self.outgoing.get_mut(&id) {
            outgoing.end_follow(out);
        }
    }

    pub(crate) fn cancel(&mut self, id: TransferId, out: &mut Context) {
        if let Some(outgoing) = self.outgoing.get_mut(&id) {
            outgoing.cancel(out);
            self.end_outgoing(
                id,
                Outcome::Cancelled {
                    here: true,
                    text: String::new(),
                },
                out,
            );
        } else if let Some(incoming) = self.over(id) {
            incoming.cancel(out);
        }
    }

    /// An event of a transfer on a connection.
    pub(crate) fn handle(
        &mut self,
        (link, file): (PeerId, transom_proto::TransferId),
        peer: &PeerLink,
        event: TransferEvent,
        links: &Links,
        out: &mut Context,
    ) {
        if peer.load.is_too_much() {
            let text = "too many requests wait for the disk";
            return out.net.close(link, ByeCode::TooMuch, text);
        }
        let place = Place { link, file };
        if let TransferEvent::Offered(offer) = event {
            let incoming = Incoming::new(TransferId(out.queue.id()), place, peer, offer);
            return self.offered(incoming, peer, links, out);
        }
        let mut outgoing = self.outgoing.iter_mut();
        let mut incoming = self.incoming.iter_mut();
        if let Some((&id, outgoing)) = outgoing.find(|(_, one)| one.place() == Some(place)) {
            if let Some(outcome) = outgoing.handle(event, out) {
                self.end_outgoing(id, outcome, out);
            }
        } else if let Some((&id, incoming)) = incoming.find(|(_, one)| one.place() == place) {
            if incoming.handle(event, out) {
                self.over(id);
            }
        } else {
            self.handle_contest(place, &event);
        }
    }

    /// The rights of that link changed: a peer that lost the right `files` stops sending.
    pub(crate) fn rights_changed(&mut self, link: PeerId, links: &Links, out: &mut Context) {
        if links.link(link).is_some_and(|link| link.rights.files) {
            return;
        }
        let here: Vec<_> = self
            .incoming
            .iter()
            .filter(|(_, incoming)| incoming.is_on(link))
            .map(|(id, _)| *id)
            .collect();
        for id in here {
            self.cancel(id, out);
        }
    }

    /// An incoming transfer is over, not merely cut off: the next offer of it is asked for anew.
    fn over(&mut self, id: TransferId) -> Option<Incoming> {
        let incoming = self.incoming.remove(&id)?;
        self.remembered
            .retain(|(sender, offer, _)| !incoming.is_same(sender, offer));
        Some(incoming)
    }

    /// An incoming transfer has lost its connection: its control is kept for its next offer.
    fn lost(&mut self, id: TransferId) -> Option<Incoming> {
        let incoming = self.incoming.remove(&id)?;
        let (sender, transfer) = (incoming.sender(), incoming.offer().transfer);
        self.kept_controls
            .keep(sender, transfer, incoming.control());
        Some(incoming)
    }

    /// The disk thread's answer.
    pub(crate) fn answered(&mut self, number: TransferId, answer: Answer, out: &mut Context) {
        match answer {
            Answer::Receive(answer) => {
                if let Some(incoming) = self.incoming.get_mut(&number)
                    && incoming.answered(answer, out)
                {
                    self.over(number);
                }
            }
            Answer::Send(answer) => {
                if let Some(&id) = self.attempts.get(&number)
                    && let Some(outgoing) = self.outgoing.get_mut(&id)
                    && let Some(outcome) = outgoing.answered(answer, out)
                {
                    self.end_outgoing(id, outcome, out);
                }
            }
        }
    }

    /// Whether there is a transfer, be it one that waits.
    pub(crate) fn is_open(&self) -> bool {
        !self.outgoing.is_empty() || !self.incoming.is_empty()
    }

    /// When the owner is to be told of progress.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let outgoing = self
            .outgoing
            .values()
            .filter_map(|outgoing| outgoing.account.due(now));
        let incoming = self
            .incoming
            .values()
            .filter_map(|incoming| incoming.account.due(now));
        let waiting = self.outgoing.values().filter_map(Outgoing::waits_until);
        let growing = self.outgoing.values().filter_map(Outgoing::counts_at);
        outgoing
            .chain(incoming)
            .chain(waiting)
            .chain(growing)
            .fold(None, |due, at| earlier(due, Some(at)))
    }

    pub(crate) fn turn(&mut self, now: Instant, links: &Links, out: &mut Context) {
        self.end_overdue(now, out);
        self.settle(links, out);
        self.share(links, out);
        if std::mem::take(&mut self.has_room) {
            self.begin_next(links, out);
        }
        let mut over = Vec::new();
        for (id, outgoing) in &mut self.outgoing {
            outgoing.count_growth(now, out);
            over.extend(outgoing.go_on(out).map(|outcome| (*id, outcome)));
            let place = outgoing.place();
            outgoing.account.tell(place, now, out);
        }
        for (id, outcome) in over {
            self.end_outgoing(id, outcome, out);
        }
        for incoming in self.incoming.values_mut() {
            let place = incoming.place();
            incoming.account.tell(Some(place), now, out);
        }
    }

    /// Whether file data move, in either direction.
    pub(crate) fn is_moving(&self) -> bool {
        let outgoing = self.outgoing.values().map(|one| &one.account);
        let incoming = self.incoming.values().map(|one| &one.account);
        let mut all = outgoing.chain(incoming);
        all.any(|account| account.status.phase == Phase::Running)
    }

    /// Ends transfers whose peer did not come back in time.
    fn end_overdue(&mut self, now: Instant, out: &mut Context) {
        let overdue = |(id, one): (&TransferId, &Outgoing)| Some((*id, one.overdue(now)?.clone()));
        for (id, why) in self.outgoing.iter().filter_map(overdue).collect::<Vec<_>>() {
            self.end_outgoing(id, Outcome::Lost { why }, out);
        }
    }

    fn end_outgoing(&mut self, id: TransferId, outcome: Outcome, out: &mut Context) {
        if let Some(mut outgoing) = self.outgoing.remove(&id) {
            if let Some(attempt) = outgoing.left(out) {
                self.attempts.remove(&attempt);
            }
            outgoing.account.ended(outcome, out);
            self.has_room = true;
        }
    }
}
