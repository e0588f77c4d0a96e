//! Files on their way, both ways, and offers waiting for an answer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use transom::{Direction, Outcome, PeerName, Phase, Shape, TransferId, TransferStatus};

use super::{Action, Dialog, News, Page, State};

/// Ended transfers that stay on the list until newer ones push them out.
const MAX_ENDED: usize = 20;
/// Maximum number of waiting offers; further offers are refused.
const MAX_OFFERS: usize = 32;

/// A transfer, running or ended.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    /// How far it is.
    pub(crate) status: TransferStatus,
    /// How it ended.
    pub(crate) outcome: Option<Outcome>,
    /// Entries that failed.
    pub(crate) failures: u64,
    /// The last of them: path and why.
    pub(crate) last_failure: Option<(String, String)>,
    /// When it began, since 1970.
    pub(crate) at: Duration,
}

/// Something a peer wants to send us.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Offer {
    /// Which transfer.
    pub(crate) transfer: TransferId,
    /// The peer that offers.
    pub(crate) peer: PeerName,
    /// As it came: `words::line` makes it fit to be shown.
    pub(crate) name: String,
    /// One file or a folder.
    pub(crate) shape: Shape,
    /// Files and folders inside.
    pub(crate) entries: u32,
    /// Bytes of all of them.
    pub(crate) bytes: u64,
    /// Whether there are no more of both.
    pub(crate) is_counted: bool,
    /// Whether it would replace what has that name.
    pub(crate) overwrites: bool,
    /// Where it goes if it is accepted.
    pub(crate) into: PathBuf,
    /// When it came, since 1970.
    pub(crate) at: Duration,
}

impl Transfer {
    /// Its progress from 0 to 1. Verified bytes count: those are at the receiver, whichever side
    /// that is.
    pub(crate) fn progress(&self) -> f32 {
        let (done, all) = match self.status.bytes {
            // Of an unknown total there is no fraction.
            _ if !self.status.is_counted => (0, 0),
            0 => (
                u64::from(self.status.files_done),
                u64::from(self.status.files),
            ),
            bytes => (self.status.verified, bytes),
        };
        match all {
            0 if self.outcome.is_some() => 1.0,
            0 => 0.0,
            all => (done as f64 / all as f64).min(1.0) as f32,
        }
    }

    /// Whether it is on its way and its sender has not counted all of it yet.
    pub(crate) fn is_counting(&self) -> bool {
        !self.status.is_counted && self.status.phase != Phase::Waiting
    }

    /// The path of what was received.
    pub(crate) fn stored(&self) -> Option<&Path> {
        match &self.outcome {
            Some(
                Outcome::Durable { path }
                | Outcome::AlreadyThere { path }
                | Outcome::Partial { path, .. },
            ) if self.status.direction == Direction::Incoming => Some(path),
            _ => None,
        }
    }

    /// Whether cancelling removes received files.
    pub(crate) fn has_begun(&self) -> bool {
        self.status.moved > 0 || self.status.verified > 0
    }

    /// Whether our user has paused it and can let it go on.
    pub(crate) fn is_paused(&self) -> bool {
        self.status.phase == Phase::Paused && self.status.paused_here
    }
}

impl State {
    /// The transfers that are not over.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Transfer> {
        self.transfers.iter().filter(|one| one.outcome.is_none())
    }

    /// The sums over all transfers that are not over: files, verified bytes, bytes in all, bytes a
    /// second. The rate in the status of a paused or waiting transfer is an old one, so it is left
    /// out.
    pub(crate) fn totals(&self) -> (usize, u64, u64, u64) {
        self.running()
            .fold((0, 0, 0, 0), |(count, done, all, rate), one| {
                let status = &one.status;
                let now = match status.phase {
                    Phase::Running => status.rate,
                    _ => 0,
                };
                let files = usize::try_from(status.files.max(1)).unwrap_or(usize::MAX);
                (
                    files.saturating_add(count),
                    status.verified.saturating_add(done),
                    status.bytes.saturating_add(all),
                    now.saturating_add(rate),
                )
            })
    }

    /// A path is on its way under that id.
    pub(crate) fn sending(&mut self, transfer: TransferId, path: PathBuf) {
        self.sources.push((transfer, path));
    }

    /// The path that a transfer of ours sends.
    pub(crate) fn source(&self, transfer: TransferId) -> Option<&Path> {
        let mut sources = self.sources.iter();
        let found = sources.find(|(id, _)| *id == transfer);
        found.map(|(_, path)| path.as_path())
    }

    pub(super) fn redirect(&mut self, transfer: TransferId, folder: &Path) {
        let mut offers = self.offers.iter_mut();
        if let Some(offer) = offers.find(|offer| offer.transfer == transfer) {
            offer.into = folder.to_owned();
        }
    }

    pub(super) fn clear(&mut self, transfer: TransferId) {
        self.transfers.retain(|one| one.status.transfer != transfer);
        self.sources.retain(|(id, _)| *id != transfer);
    }

    pub(super) fn clear_ended(&mut self) {
        let ended = self.transfers.iter().filter(|one| one.outcome.is_some());
        let ended: Vec<_> = ended.map(|one| one.status.transfer).collect();
        for transfer in ended {
            self.clear(transfer);
        }
    }

    pub(super) fn offered(&mut self, offer: Offer, asks: bool) -> Vec<Action> {
        if !asks {
            return Vec::new();
        }
        if self.offers.len() >= MAX_OFFERS {
            return vec![Action::Refuse(offer.transfer)];
        }
        if !self.reads(offer.peer) {
            let now = self.now;
            self.person(offer.peer).miss(now);
        }
        self.offers.push(offer);
        Vec::new()
    }

    pub(super) fn progress(&mut self, status: TransferStatus) {
        if status.phase != Phase::Offered {
            self.offers
                .retain(|offer| offer.transfer != status.transfer);
        }
        // An offer that waits for our answer is on the screen as such; its sender may still count.
        let mut offers = self.offers.iter_mut();
        match offers.find(|offer| offer.transfer == status.transfer) {
            Some(offer) => {
                (offer.entries, offer.bytes) = (status.files, status.bytes);
                offer.is_counted = status.is_counted;
            }
            None => drop(self.transfer(status)),
        }
    }

    pub(super) fn finished(&mut self, status: TransferStatus, outcome: Outcome) {
        self.offers
            .retain(|offer| offer.transfer != status.transfer);
        self.tell_received(&status, &outcome);
        if self.dialog == Some(Dialog::CancelTransfer(status.transfer)) {
            self.dialog = None;
        }
        self.transfer(status).outcome = Some(outcome);
        self.forget_old();
    }

    /// Tells of a received file whose conversation is not on the screen.
    fn tell_received(&mut self, status: &TransferStatus, outcome: &Outcome) {
        let Outcome::Durable { path } = outcome else {
            return;
        };
        let peer = status.peer;
        if status.direction == Direction::Incoming && self.page() != Page::Person(peer) {
            let (name, path) = (status.name.clone(), path.clone());
            self.tell(News::Received { peer, name, path });
        }
    }

    pub(super) fn entry_failed(&mut self, transfer: TransferId, path: &str, why: String) {
        if let Some(one) = self
            .transfers
            .iter_mut()
            .find(|one| one.status.transfer == transfer)
        {
            one.failures = one.failures.saturating_add(1);
            one.last_failure = Some((path.to_owned(), why));
        }
    }

    fn transfer(&mut self, status: TransferStatus) -> &mut Transfer {
        let at = self
            .transfers
            .iter()
            .position(|one| one.status.transfer == status.transfer);
        match at {
            Some(at) => {
                self.transfers[at].status = status;
                &mut self.transfers[at]
            }
            None => {
                let new = Transfer {
                    status,
                    outcome: None,
                    failures: 0,
                    last_failure: None,
                    at: self.now,
                };
                self.transfers.push(new);
                let last = self.transfers.len() - 1;
                &mut self.transfers[last]
            }
        }
    }

    fn forget_old(&mut self) {
        let ended = self.transfers.iter().filter(|one| one.outcome.is_some());
        let ended: Vec<_> = ended.map(|one| one.status.transfer).collect();
        let surplus = ended.len().saturating_sub(MAX_ENDED);
        for transfer in ended.into_iter().take(surplus) {
            self.clear(transfer);
        }
    }
}
