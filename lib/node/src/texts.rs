//! Lines of text: kept until the peer has them.

use std::collections::VecDeque;

use transom_net::PeerId;
use transom_wire::{PeerName, limits};

use crate::context::Context;
use crate::links::{Gone, Links};
use crate::notice::{Notice, PeerLoss, TextFailure, TextId};

/// Texts kept for peers that are away: more than a person types.
const MAX_WAITING: usize = 256;

#[derive(Debug)]
struct Waiting {
    peer: PeerName,
    id: TextId,
    text: String,
    /// By which connection it went, and its number there. It goes again if that one is lost before
    /// the peer's word.
    sent: Option<(PeerId, u32)>,
}

#[derive(Debug, Default)]
pub(crate) struct Texts {
    waiting: VecDeque<Waiting>,
}

impl Texts {
    pub(crate) fn send(
        &mut self,
        peer: PeerName,
        id: TextId,
        text: String,
        links: &Links,
        out: &mut Context,
    ) {
        let why = match text.len() {
            0 => TextFailure::Empty,
            bytes if bytes > limits::TEXT => TextFailure::TooLong { bytes },
            _ if self.waiting.len() >= MAX_WAITING => TextFailure::TooMany,
            _ => {
                self.waiting.push_back(Waiting {
                    peer,
                    id,
                    text,
                    sent: None,
                });
                return self.joined(&peer, links, out);
            }
        };
        out.notify(Notice::TextFailed {
            peer,
            text: id,
            why,
        });
    }

    /// A peer is there: what waits for it goes, in order, as far as its queue takes it.
    pub(crate) fn joined(&mut self, peer: &PeerName, links: &Links, out: &mut Context) {
        let Some(link) = links.link_of(peer) else {
            return;
        };
        for waiting in self
            .waiting
            .iter_mut()
            .filter(|waiting| waiting.peer == *peer && waiting.sent.is_none())
        {
            match out.with(link, |session| session.text(&waiting.text)) {
                Some(Ok(number)) => waiting.sent = Some((link, number)),
                _ => return,
            }
        }
    }

    pub(crate) fn left(&mut self, link: PeerId, gone: &Gone, links: &Links, out: &mut Context) {
        let mut peers = Vec::new();
        for waiting in &mut self.waiting {
            if waiting.sent.is_some_and(|(by, _)| by == link) {
                waiting.sent = None;
                peers.push(waiting.peer);
            }
        }
        for peer in peers {
            if links.expects(&peer) {
                self.joined(&peer, links, out);
            } else {
                self.given_up(&peer, &PeerLoss::Left(gone.why.clone()), out);
            }
        }
    }

    pub(crate) fn given_up(&mut self, peer: &PeerName, why: &PeerLoss, out: &mut Context) {
        self.waiting.retain(|waiting| {
            let lost = waiting.peer == *peer;
            if lost {
                out.notify(Notice::TextFailed {
                    peer: *peer,
                    text: waiting.id,
                    why: TextFailure::Peer(why.clone()),
                });
            }
            !lost
        });
    }

    /// The peer has a text of ours; what waits behind it may go.
    pub(crate) fn arrived(&mut self, link: PeerId, number: u32, links: &Links, out: &mut Context) {
        let arrived = |waiting: &Waiting| waiting.sent == Some((link, number));
        if let Some(at) = self.waiting.iter().position(arrived)
            && let Some(waiting) = self.waiting.remove(at)
        {
            out.notify(Notice::TextArrived {
                peer: waiting.peer,
                text: waiting.id,
            });
            self.joined(&waiting.peer, links, out);
        }
    }
}
