//! The disk thread's answers on a transfer to us, and what they mean for its sender and our user.

use std::path::Path;

use transom_store::path_text;
use transom_wire::{Ending, EntryKind, FailReason, Failure, Shape};

use super::super::MAX_FAILURES_TOLD;
use super::{Announced, Incoming, Stage};
use crate::context::Context;
use crate::disk::{ReceiveAnswer, ReceiveJob, Refusal};
use crate::notice::{Notice, Outcome, TransferFailure, and_more};

impl Incoming {
    /// What the disk thread says. True when that ends the transfer.
    pub(in crate::transfers) fn answered(
        &mut self,
        answer: ReceiveAnswer,
        out: &mut Context,
    ) -> bool {
        self.account.changed = true;
        match answer {
            ReceiveAnswer::Ready(Ok(held)) => {
                self.say(out, |session, place| session.accept(place.file, held));
                self.enter(Stage::Accepted);
                // More may have been counted since it was offered.
                let total = self.offer.as_offer().total();
                self.queue(ReceiveJob::Total(total), out);
            }
            ReceiveAnswer::Ready(Err(Refusal { reason, told, text })) => {
                self.say(out, |session, place| {
                    session.refuse(place.file, reason, &told)
                });
                self.account.ended(Outcome::Refused { reason, text }, out);
                return true;
            }
            ReceiveAnswer::Full(missing, limit) => {
                self.say(out, |session, place| session.disk_full(place.file, missing));
                let status = &mut self.account.status;
                (status.missing, status.full) = (missing, (missing > 0).then_some(limit));
                self.phase();
            }
            ReceiveAnswer::Begin(start) => {
                if let Some(entry) = self.announced.get_mut(&start.index) {
                    entry.unhashed = start.offset;
                }
                self.count_comparing();
                self.say(out, |session, place| session.start(place.file, &start));
            }
            ReceiveAnswer::Again(again) => {
                if !self.say(out, |session, place| session.again(place.file, &again)) {
                    // If the entry is still open, its leaves were wrong too often.
                    self.fail(
                        Failure {
                            index: again.index,
                            reason: FailReason::Corrupt,
                            errno: 0,
                            text: "its leaves were wrong too often".to_owned(),
                        },
                        out,
                    );
                }
            }
            ReceiveAnswer::Stored {
                taken,
                progress,
                held,
                spent,
            } => {
                let status = &mut self.account.status;
                status.resumed = held;
                status.verified = held + progress.verified;
                status.durable = held + progress.durable;
                let recycles = self.recycles;
                self.say(out, |session, place| {
                    if recycles {
                        session.recycle(place.file, spent);
                    }
                    session.stored(place.file, taken, progress)
                });
            }
            ReceiveAnswer::Done(done) => {
                let entry = self.settled(done.index);
                let is_file = entry.is_some_and(|entry| entry.kind != EntryKind::Folder);
                self.account.status.files_done += u32::from(is_file);
                self.say(out, |session, place| session.done(place.file, &done));
            }
            ReceiveAnswer::Failed(failure) => self.fail(failure, out),
            ReceiveAnswer::Finished(finished) => {
                self.finished(finished, out);
                return true;
            }
        }
        false
    }

    fn finished(
        &mut self,
        finished: Result<transom_store::Finished, TransferFailure>,
        out: &mut Context,
    ) {
        let (ending, outcome) = match finished {
            Ok(finished) => {
                let report = &mut self.account.status.report;
                (report.renamed, report.skipped) = (finished.renamed, finished.skipped);
                for entry in finished.unplaced {
                    let why = TransferFailure::from(&entry);
                    self.told_failed(entry.path, why, out);
                }
                let failed = finished.failed.max(self.failed);
                let of_failed = || self.failed_outcome();
                let outcome = Outcome::of(finished.ending, finished.path, failed, of_failed);
                (finished.ending, outcome)
            }
            Err(why) => (Ending::Failed, Outcome::Failed { why, more: 0 }),
        };
        let (ending, text) = match &outcome {
            Outcome::Failed { why, more } => (ending, format!("{why}{}", and_more(*more))),
            Outcome::Partial { path, .. } => (Ending::Partial, name_of(path)),
            Outcome::Durable { path }
            | Outcome::AlreadyThere { path }
            | Outcome::Skipped { path } => (ending, name_of(path)),
            _ => (ending, String::new()),
        };
        if matches!(ending, Ending::Durable | Ending::AlreadyThere) {
            let status = &mut self.account.status;
            (status.verified, status.durable) = (status.bytes, status.bytes);
            // What did not come was there.
            status.resumed = status.bytes.saturating_sub(status.moved);
        }
        self.say(out, |session, place| {
            session.finished(place.file, ending, &text)
        });
        if outcome.is_success() {
            out.paces.give_back(self.sender);
        }
        self.account.ended(outcome, out);
    }

    /// Fails an entry, unless it is over.
    fn fail(&mut self, failure: Failure<String>, out: &mut Context) {
        let is_open = self.say(out, |session, place| {
            session.failed(place.file, failure.as_str())
        });
        if is_open {
            let why = TransferFailure::here(&failure);
            self.entry_failed(failure.index, why, out);
        }
    }

    fn failed_outcome(&self) -> Outcome {
        let first = self.first_failure.clone();
        Outcome::Failed {
            why: first.unwrap_or(TransferFailure::NothingCame),
            more: self.failed.saturating_sub(1),
        }
    }

    pub(super) fn entry_failed(&mut self, index: u32, why: TransferFailure, out: &mut Context) {
        let path = match (self.settled(index), self.offer.shape) {
            (Some(entry), _) => entry.path,
            (None, Shape::File) => self.offer.name.as_str().to_owned(),
            (None, _) => format!("entry {index}"),
        };
        self.told_failed(path, why, out);
    }

    fn told_failed(&mut self, path: String, why: TransferFailure, out: &mut Context) {
        self.failed += 1;
        self.first_failure.get_or_insert_with(|| why.clone());
        // Of a single file the outcome says it.
        if self.offer.shape == Shape::File {
            return;
        }
        self.account.status.report.failed.add(&path);
        if self.failed <= MAX_FAILURES_TOLD {
            out.notify(Notice::EntryFailed {
                transfer: self.id,
                path,
                why,
            });
        }
    }

    /// An entry is done or failed. Gives it unless it was before.
    fn settled(&mut self, index: u32) -> Option<Announced> {
        let entry = self.announced.remove(&index)?;
        self.path_bytes -= entry.path.len();
        if entry.unhashed > 0 {
            self.count_comparing();
        }
        Some(entry)
    }
}

/// What the sender is told of where it lies.
fn name_of(path: &Path) -> String {
    path_text(path.file_name().unwrap_or_default().as_ref())
}
