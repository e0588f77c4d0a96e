//! One transfer to us: judged, prepared on the disk, then every entry and leaf handed to the disk
//! thread and its answers to the sender.

mod answers;

use std::collections::BTreeMap;
use std::path::PathBuf;

use transom_proto::{OwnedOffer, Session, TransferEvent, UsageError};
use transom_store::RoomLimits;
use transom_wire::{Collision, EntryKind, RefuseReason, Shape, Total, WHOLE, limits};

use super::control::Control;
use super::{Account, Place};
use crate::context::Context;
use crate::disk::ReceiveJob;
use crate::links::{Parting, PeerLink};
use crate::load::Load;
use crate::notice::{
    Direction, FileError, LinkEnd, Notice, Outcome, PeerLoss, Phase, TransferFailure, TransferId,
    TransferStatus,
};

/// From [`Stage::Prepared`] on the store holds a claim on the transfer. Every end of the transfer
/// from then on has to give the disk thread a job that releases the claim.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    /// Our user has not answered.
    Offered,
    /// The offer was taken, and the disk thread has not answered.
    Prepared,
    /// The sender was told that the offer is taken.
    Accepted,
    /// All data came.
    Finishing,
}

/// An entry that the sender has announced.
#[derive(Debug)]
struct Announced {
    kind: EntryKind,
    path: String,
    /// Bytes that are there and whose hashes have not come.
    unhashed: u64,
}

pub(super) struct Incoming {
    pub(super) id: TransferId,
    pub(super) account: Account,
    place: Place,
    sender: [u8; 32],
    offer: OwnedOffer,
    stage: Stage,
    /// Our user's pause and limit, and whether the sender has paused the transfer.
    control: Control,
    peer_paused: bool,
    /// The entries announced and not yet done; at most as many as the session lets be ahead.
    announced: BTreeMap<u32, Announced>,
    /// Entries announced in all, the folders of them, and their bytes.
    entries: u32,
    folders: u32,
    bytes: u64,
    /// Bytes of the paths of `announced`.
    path_bytes: usize,
    failed: u32,
    /// What went wrong first, the reason to tell in the end.
    first_failure: Option<TransferFailure>,
    load: Load,
    /// Whether buffers of stored leaves are kept for later ones.
    pub(super) recycles: bool,
}

impl Incoming {
    pub(super) fn new(id: TransferId, place: Place, sender: &PeerLink, offer: OwnedOffer) -> Self {
        let name = offer.name.as_str().to_owned();
        let account = Account::new(TransferStatus {
            shape: offer.shape,
            phase: Phase::Offered,
            files: offer.files,
            bytes: offer.bytes,
            is_counted: offer.is_counted,
            ..TransferStatus::new(id, sender.peer, Direction::Incoming, name)
        });
        Self {
            id,
            account,
            place,
            sender: sender.key.0,
            offer,
            stage: Stage::Offered,
            control: Control::default(),
            peer_paused: false,
            announced: BTreeMap::new(),
            entries: 0,
            folders: 0,
            bytes: 0,
            path_bytes: 0,
            failed: 0,
            first_failure: None,
            load: sender.load.clone(),
            recycles: true,
        }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn is_on(&self, link: transom_net::PeerId) -> bool {
        self.place.link == link
    }

    pub(super) fn sender(&self) -> [u8; 32] {
        self.sender
    }

    pub(super) fn path_bytes(&self) -> usize {
        self.path_bytes
    }

    pub(super) fn offer(&self) -> &OwnedOffer {
        &self.offer
    }

    /// Whether the same sender offers the same again; a folder may have changed in between.
    pub(super) fn is_same(&self, sender: &[u8; 32], offer: &OwnedOffer) -> bool {
        let what = |offer: &OwnedOffer| (offer.transfer, offer.shape, offer.collision);
        self.sender == *sender
            && what(&self.offer) == what(offer)
            && self.offer.name.as_str() == offer.name.as_str()
    }

    /// Whether that is another attempt at the same.
    pub(super) fn is_same_transfer(&self, other: &Self) -> bool {
        (self.sender, self.offer.transfer) == (other.sender, other.offer.transfer)
    }

    /// Gives the disk thread something to do for this sender.
    fn queue(&self, job: ReceiveJob, out: &mut Context) {
        let key = self.offer.transfer;
        out.workers
            .receive(&self.load, self.sender, key, self.id, job);
    }

    pub(super) fn announce(&self, asks: bool, out: &mut Context) {
        let OwnedOffer {
            shape,
            collision,
            files: entries,
            bytes,
            is_counted,
            ..
        } = self.offer;
        let name = self.offer.name.as_str().to_owned();
        out.notify(Notice::Offered {
            transfer: self.id,
            peer: self.account.status.peer,
            name,
            shape,
            entries,
            bytes,
            is_counted,
            overwrites: collision == Collision::Overwrite,
            asks,
        });
    }

    /// Makes room on the disk; the offer is accepted when that was tried. Where a peer may not
    /// overwrite, both files are kept.
    pub(super) fn prepare(
        &mut self,
        into: PathBuf,
        limits: RoomLimits,
        overwrite: bool,
        out: &mut Context,
    ) {
        if self.stage != Stage::Offered {
            return;
        }
        self.enter(Stage::Prepared);
        let mut offer = self.offer.clone();
        if offer.collision == Collision::Overwrite && !overwrite {
            offer.collision = Collision::Rename;
        }
        let job = ReceiveJob::Prepare {
            into,
            limits,
            peer: self.sender,
            offer,
        };
        self.queue(job, out);
    }

    /// Refuses the offer. A transfer that runs already is cancelled.
    pub(super) fn refuse(mut self, out: &mut Context) {
        if self.stage >= Stage::Accepted {
            return self.cancel(out);
        }
        self.say(out, |session, place| {
            session.refuse(place.file, RefuseReason::Chosen, "")
        });
        self.leave_disk(ReceiveJob::Keep, out);
        self.account.ended(
            Outcome::Refused {
                reason: RefuseReason::Chosen,
                text: String::new(),
            },
            out,
        );
    }

    /// Refused by rule: the owner hears of it as a line, not as a transfer that ended.
    pub(super) fn refuse_unasked(self, reason: RefuseReason, text: &str, out: &mut Context) {
        // A log is no place for a flood either.
        if out.paces.take(self.sender, out.now()) {
            let name = self.offer.name.as_str();
            log::info!("{}: offer of {name:?} refused: {text}", self.place.link);
        }
        self.say(out, |session, place| {
            session.refuse(place.file, reason, text)
        });
    }

    /// Applies the pause and limit that our user set before the connection was lost.
    pub(super) fn restore(&mut self, control: Control, out: &mut Context) {
        self.control = control;
        self.say(out, |session, place| control.send(session, place.file));
        self.phase();
    }

    pub(super) fn control(&self) -> Control {
        self.control
    }

    pub(super) fn pause(&mut self, paused: bool, out: &mut Context) {
        self.control.paused = paused;
        self.say(out, |session, place| session.pause(place.file, paused));
        self.phase();
    }

    /// The sender pauses the transfer, or lets it go on.
    pub(super) fn peer_paused(&mut self, paused: bool) {
        self.peer_paused = paused;
        self.phase();
    }

    pub(super) fn limit(&mut self, rate: Option<u64>, out: &mut Context) {
        self.control.limit = rate;
        self.say(out, |session, place| session.limit(place.file, rate));
        self.account.changed = true;
    }

    pub(super) fn cancel(mut self, out: &mut Context) {
        self.say(out, |session, place| {
            session.cancel(place.file, RefuseReason::Chosen, "")
        });
        self.leave_disk(ReceiveJob::Discard, out);
        self.account.ended(
            Outcome::Cancelled {
                here: true,
                text: String::new(),
            },
            out,
        );
    }

    /// The sender said goodbye before our user answered: the offer is withdrawn.
    pub(super) fn is_withdrawn(&self, parting: Parting) -> bool {
        self.stage == Stage::Offered && parting == Parting::Goodbye
    }

    /// The offer is withdrawn, and nothing of it is here.
    pub(super) fn withdrawn(mut self, why: &LinkEnd, out: &mut Context) {
        let (here, text) = (false, why.to_string());
        self.account.ended(Outcome::Cancelled { here, text }, out);
    }

    /// The connection is gone. What is there waits for the sender's next attempt.
    pub(super) fn left(mut self, why: PeerLoss, out: &mut Context) {
        self.leave_disk(ReceiveJob::Keep, out);
        if self.account.status.moved > 0 {
            // It came to something, and many of them may come back at once.
            out.paces.give_back(self.sender);
        }
        self.account.ended(Outcome::Lost { why }, out);
    }

    /// The sender goes on by another connection. Both have the same key and so the same queue at
    /// the disk thread, where this one is kept before that begins.
    pub(super) fn left_behind(self, out: &mut Context) {
        self.say(out, |session, place| {
            session.cancel(place.file, RefuseReason::Leaving, "")
        });
        self.left(PeerLoss::TakenOver, out);
    }

    /// What the sender says. True when that ends the transfer.
    pub(super) fn handle(&mut self, event: TransferEvent, out: &mut Context) -> bool {
        let job = match event {
            TransferEvent::Total(total) => {
                self.total(total);
                // Before that the disk thread may wait for room for the offer itself.
                if self.stage < Stage::Accepted {
                    return false;
                }
                ReceiveJob::Total(total)
            }
            TransferEvent::Entry(entry) => {
                let path = entry.path.as_str().to_owned();
                self.path_bytes += path.len();
                let announced = Announced {
                    kind: entry.kind,
                    path,
                    unhashed: 0,
                };
                self.announced.insert(entry.index, announced);
                self.entries = self.entries.saturating_add(1);
                self.folders += u32::from(entry.kind == EntryKind::Folder);
                self.bytes = self.bytes.saturating_add(entry.size);
                self.count();
                ReceiveJob::Entry(entry)
            }
            TransferEvent::Leaf { leaf, size } => {
                let bytes = leaf.len_in(size);
                self.account.status.moved += bytes;
                if let Some(entry) = self.announced.get(&leaf.index) {
                    self.account.moves(&entry.path, size, leaf.offset + bytes);
                }
                let found = None;
                ReceiveJob::Leaf { leaf, size, found }
            }
            TransferEvent::Hashes(hashes) => {
                if let Some(entry) = self.announced.get_mut(&hashes.index) {
                    let bytes = (hashes.hashes.len() * limits::LEAF) as u64;
                    entry.unhashed = entry.unhashed.saturating_sub(bytes);
                }
                self.count_comparing();
                ReceiveJob::Hashes(hashes)
            }
            TransferEvent::Ended(end) => ReceiveJob::End(end),
            TransferEvent::Abandoned(failure) => {
                let index = failure.index;
                let why = TransferFailure::AtSender(FileError::told(failure));
                if index == WHOLE {
                    self.leave_disk(ReceiveJob::Keep, out);
                    self.account.ended(Outcome::Failed { why, more: 0 }, out);
                    return true;
                }
                // For an entry that failed here this is only the echo.
                if self.announced.contains_key(&index) {
                    self.entry_failed(index, why, out);
                }
                ReceiveJob::Abandon(index)
            }
            TransferEvent::Finish { entries } => {
                // What vanished at the sender since it was counted has never been announced. A file
                // that grew was announced without a size.
                let bytes = match self.offer.shape {
                    Shape::File => self.offer.bytes,
                    _ => self.bytes,
                };
                self.total(Total {
                    files: entries,
                    bytes,
                    is_counted: true,
                });
                self.enter(Stage::Finishing);
                ReceiveJob::Finish(entries)
            }
            TransferEvent::Cancelled(status) => {
                let (here, text) = (false, status.text);
                self.leave_disk(ReceiveJob::Discard, out);
                self.account.ended(Outcome::Cancelled { here, text }, out);
                return true;
            }
            TransferEvent::Paused { paused } => {
                self.peer_paused(paused);
                return false;
            }
            _ => return false,
        };
        self.queue(job, out);
        self.account.changed = true;
        false
    }

    /// The sender has counted more.
    pub(super) fn total(&mut self, total: Total) {
        let offer = &mut self.offer;
        (offer.files, offer.bytes, offer.is_counted) = (total.files, total.bytes, total.is_counted);
        self.count();
        self.account.changed = true;
    }

    /// Puts what is known of the counts into the status: entries may come before they are counted.
    fn count(&mut self) {
        let (offer, status) = (&self.offer, &mut self.account.status);
        status.files = offer.files.max(self.entries).saturating_sub(self.folders);
        status.bytes = offer.bytes.max(self.bytes);
        status.is_counted = offer.is_counted;
    }

    /// Puts into the status what is still to be compared.
    fn count_comparing(&mut self) {
        let unhashed = self.announced.values().map(|entry| entry.unhashed);
        self.account.status.comparing = unhashed.sum();
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.phase();
    }

    /// Sets the phase. An offer that waits for our user's answer is no paused transfer, even if its
    /// sender has paused it.
    fn phase(&mut self) {
        let is_paused = self.control.paused || self.peer_paused;
        self.account.status.paused_here = self.control.paused;
        let is_full = self.account.status.missing > 0;
        self.account.status.phase = match self.stage {
            Stage::Prepared | Stage::Accepted if is_paused => Phase::Paused,
            Stage::Prepared | Stage::Accepted | Stage::Finishing if is_full => Phase::Full,
            Stage::Offered | Stage::Prepared => Phase::Offered,
            Stage::Accepted => Phase::Running,
            Stage::Finishing => Phase::Finishing,
        };
        self.account.changed = true;
    }

    /// Releases the store's claim on a transfer that ends early. The job comes behind all jobs of
    /// the transfer, also behind the one that makes the claim.
    fn leave_disk(&self, job: ReceiveJob, out: &mut Context) {
        if self.stage != Stage::Offered {
            self.queue(job, out);
        }
    }

    /// Says something to the session; whether it took it. It does not where that crossed with what
    /// the sender said of the entry or of the transfer.
    fn say(
        &self,
        out: &mut Context,
        say: impl FnOnce(&mut Session, Place) -> Result<(), UsageError>,
    ) -> bool {
        let said = out.with(self.place.link, |session| say(session, self.place));
        if let Some(Err(error)) = &said {
            log::debug!("{}: receiving: {error}", self.place.link);
        }
        said.is_some_and(|said| said.is_ok())
    }
}
