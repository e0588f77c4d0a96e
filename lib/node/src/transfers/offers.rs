//! Offers of peers: each is refused by a rule, put to our user, or taken. When two connections
//! offer the same transfer, [`liveness`](crate::liveness) decides which of them has it.

use std::path::PathBuf;

use transom_net::PeerId;
use transom_proto::TransferEvent;
use transom_wire::{Failure, RefuseReason, WHOLE};

use super::receiving::Incoming;
use super::{Place, Transfers};
use crate::context::Context;
use crate::links::{Links, PeerLink};
use crate::notice::TransferId;
use crate::settings::{Accept, InboxSettings};

/// The answer to an offer of a transfer that a living connection of the same key carries already.
const SENT_ALREADY: &str = "another program of yours sends the same here already";

/// An offer that waits for the liveness check of the connection that carries the same transfer. Our
/// user has not been told of the offer.
pub(super) struct Contest {
    incoming: Incoming,
    /// The same transfer on the older connection.
    rival: TransferId,
}

impl Contest {
    pub(super) fn is_on(&self, link: PeerId) -> bool {
        self.incoming.is_on(link)
    }
}

/// What to do with an offer.
enum Verdict {
    Ask,
    Refuse(RefuseReason, &'static str),
    Take {
        into: PathBuf,
        /// Whether the offer may replace a file, if its sender asks for that.
        overwrite: bool,
    },
}

impl Transfers {
    /// A peer offers a file or folder.
    pub(super) fn offered(
        &mut self,
        incoming: Incoming,
        sender: &PeerLink,
        links: &Links,
        out: &mut Context,
    ) {
        let verdict = match self.judge(&incoming, sender) {
            Verdict::Ask | Verdict::Take { .. } if !out.paces.take(sender.key.0, out.now()) => {
                let text = "too many offers that came to nothing; wait a moment";
                Verdict::Refuse(RefuseReason::Busy, text)
            }
            verdict => verdict,
        };
        self.decide(incoming, verdict, sender, links, out);
    }

    /// Decides the contests whose liveness check has ended, or whose older transfer is over.
    pub(super) fn settle(&mut self, links: &Links, out: &mut Context) {
        let Self {
            contests, incoming, ..
        } = self;
        let is_decided = |contest: &mut Contest| {
            let rival = incoming.get(&contest.rival);
            rival.is_none_or(|rival| !out.liveness.is_checked(rival.place().link))
        };
        let decided: Vec<_> = contests.extract_if(.., is_decided).collect();
        for Contest { incoming, rival } in decided {
            let Some(sender) = links.link(incoming.place().link) else {
                continue;
            };
            let verdict = match self.incoming.contains_key(&rival) {
                true => Verdict::Refuse(RefuseReason::Busy, SENT_ALREADY),
                false => self.judge(&incoming, sender),
            };
            self.decide(incoming, verdict, sender, links, out);
        }
    }

    /// An event of an offer that is in a contest.
    pub(super) fn handle_contest(&mut self, place: Place, event: &TransferEvent) {
        let is_its = |contest: &Contest| contest.incoming.place() == place;
        match event {
            // Either ends the offer.
            TransferEvent::Cancelled(_)
            | TransferEvent::Abandoned(Failure { index: WHOLE, .. }) => {
                self.contests.retain(|contest| !is_its(contest));
            }
            TransferEvent::Paused { paused } => {
                if let Some(contest) = self.contests.iter_mut().find(|contest| is_its(contest)) {
                    contest.incoming.peer_paused(*paused);
                }
            }
            TransferEvent::Total(total) => {
                if let Some(contest) = self.contests.iter_mut().find(|contest| is_its(contest)) {
                    contest.incoming.total(*total);
                }
            }
            _ => {}
        }
    }

    /// Judges by the rules, and by our user's earlier answer to the same offer.
    fn judge(&self, incoming: &Incoming, sender: &PeerLink) -> Verdict {
        let mut remembered = self.remembered.iter();
        let known = remembered.find(|(sender, offer, _)| incoming.is_same(sender, offer));
        match (rule(sender, self.inbox.as_ref()), known) {
            (refused @ Verdict::Refuse(..), _) => refused,
            // Our user was told which file the offer would replace, and accepted.
            (_, Some((_, _, into))) => Verdict::Take {
                into: into.clone(),
                overwrite: true,
            },
            (verdict, None) => verdict,
        }
    }

    fn decide(
        &mut self,
        mut incoming: Incoming,
        verdict: Verdict,
        sender: &PeerLink,
        links: &Links,
        out: &mut Context,
    ) {
        let into = match verdict {
            Verdict::Refuse(reason, text) => return incoming.refuse_unasked(reason, text, out),
            Verdict::Ask => None,
            Verdict::Take { into, overwrite } => Some((into, overwrite)),
        };
        if let Some((rival, link)) = self.rival(&incoming) {
            if incoming.is_on(link) {
                return incoming.refuse_unasked(RefuseReason::Busy, SENT_ALREADY, out);
            }
            if !links
                .link(link)
                .is_some_and(|old| old.is_same_station(sender))
            {
                out.liveness.check(link, out.now());
                return self.contests.push(Contest { incoming, rival });
            }
            if let Some(old) = self.lost(rival) {
                old.left_behind(out);
            }
        }
        let (sender, transfer) = (incoming.sender(), incoming.offer().transfer);
        incoming.restore(self.kept_controls.take(sender, transfer), out);
        incoming.announce(into.is_none(), out);
        if let Some((into, overwrite)) = into {
            incoming.prepare(into, self.limits(), overwrite, out);
        }
        self.incoming.insert(incoming.id, incoming);
    }

    /// The running transfer of the same sender and key, and the connection that carries it.
    fn rival(&self, new: &Incoming) -> Option<(TransferId, PeerId)> {
        let mut others = self.incoming.iter();
        let (id, old) = others.find(|(_, old)| old.is_same_transfer(new))?;
        Some((*id, old.place().link))
    }
}

/// Judges by the sender's rights and our settings.
fn rule(sender: &PeerLink, inbox: Option<&InboxSettings>) -> Verdict {
    let refuse = |text| Verdict::Refuse(RefuseReason::Forbidden, text);
    let Some(inbox) = inbox else {
        return refuse("files are not taken here");
    };
    let is_free = match &inbox.accept {
        _ if !sender.rights.files => return refuse("you may not send files here"),
        Accept::Ask => sender.rights.auto,
        Accept::Known => true,
        Accept::Names(names) if names.contains(&sender.peer) => true,
        Accept::Names(_) => return refuse("files of yours are not taken here"),
    };
    match is_free {
        true => Verdict::Take {
            into: inbox.into.clone(),
            overwrite: inbox.overwrite,
        },
        false => Verdict::Ask,
    }
}
