//! The delivery of what the spool keeps: a program that runs for long sends each item to its
//! receiver once that one is connected, in their order and one at a time, and dials receivers that
//! are away. It decides when to try again; what an item is, is the spool's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use transom::people::Contact;
use transom::{
    Capabilities, Delivering, Handle, Notice, Outcome, PeerName, PublicKey, Redial, RefuseReason,
    SendOptions, Spool, SpoolError, SpoolItem, TransferId,
};

use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::progress::Bars;
use crate::report;
use crate::words::outcome_words;

/// How often the spool is looked at: one listing of a small folder. What was added waits for so
/// long at most.
const LOOK: Duration = Duration::from_secs(2);
/// First pause before an item is tried again that was refused or failed; doubles up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// A receiver who does not want an item is asked once an hour at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// Names removed at a time: some milliseconds, since the box has other duties.
const REMOVED: u32 = 256;

/// The spool of this station, and what is on its way.
#[derive(Debug)]
pub(crate) struct Deliveries {
    place: Place,
    output: Output,
    bars: Bars,
    state: PathBuf,
    /// `None` until something was added, and while another program delivers.
    spool: Option<(Spool, Delivering)>,
    /// `None` for an item that can't be read.
    items: BTreeMap<u32, Option<Waiting>>,
    /// Connected peers that take files.
    here: BTreeMap<PublicKey, PeerName>,
    /// Receivers that are dialed until they have their items.
    dialed: BTreeMap<PublicKey, Contact>,
    /// Receivers that are no contacts any more, as was said.
    strangers: BTreeSet<PublicKey>,
    look: Instant,
    /// Whether there may be something to remove.
    is_untidy: bool,
    /// The trouble with the spool that was said last.
    trouble: String,
}

#[derive(Debug)]
struct Waiting {
    item: SpoolItem,
    sending: Option<TransferId>,
    /// The pause after the next failure.
    pause: Duration,
    /// Not tried before.
    not_before: Option<Instant>,
    /// Whether its receiver did not want it on this connection.
    is_refused: bool,
    /// Whether entries of it failed before, and were named.
    has_failed: bool,
}

impl Waiting {
    fn new(item: SpoolItem) -> Self {
        Self {
            item,
            sending: None,
            pause: FIRST_PAUSE,
            not_before: None,
            is_refused: false,
            has_failed: false,
        }
    }

    fn is_ready(&self, now: Instant) -> bool {
        !self.is_refused && self.not_before.is_none_or(|at| at <= now)
    }

    /// It was not taken.
    fn put_off(&mut self, outcome: &Outcome, now: Instant) {
        if matches!(outcome, Outcome::Lost { .. }) {
            return;
        }
        self.has_failed |= matches!(outcome, Outcome::Failed { .. } | Outcome::Partial { .. });
        self.not_before = Some(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.is_refused = lasts(outcome);
    }
}

/// Whether it would end like that again on this connection: a person who refuses is not asked again
/// while they are still there. What else is refused, for want of room for example, may pass.
fn lasts(outcome: &Outcome) -> bool {
    use RefuseReason::{Chosen, Forbidden};
    match outcome {
        Outcome::Refused { reason, .. } => matches!(reason, Chosen | Forbidden),
        outcome => matches!(outcome, Outcome::Cancelled { .. }),
    }
}

impl Deliveries {
    /// What it prints goes aside of the bars.
    pub(crate) fn new(place: &Place, output: &Output, bars: &Bars) -> Result<Self, Failure> {
        Ok(Self {
            state: place.state()?.dir().to_owned(),
            place: place.clone(),
            output: output.clone(),
            bars: bars.clone(),
            spool: None,
            items: BTreeMap::new(),
            here: BTreeMap::new(),
            dialed: BTreeMap::new(),
            strangers: BTreeSet::new(),
            look: Instant::now(),
            is_untidy: false,
            trouble: String::new(),
        })
    }

    /// When to call [`on_time`](Self::on_time).
    pub(crate) fn due(&self) -> Option<Instant> {
        Some(self.look)
    }

    /// Looks at the spool if it is time.
    pub(crate) fn on_time(&mut self, handle: &Handle) {
        let now = Instant::now();
        if now < self.look {
            return;
        }
        self.look = now + LOOK;
        match self.look_at_spool(handle) {
            Ok(()) => self.trouble.clear(),
            Err(error) => self.complain(error.text()),
        }
    }

    fn look_at_spool(&mut self, handle: &Handle) -> Result<(), SpoolError> {
        if self
            .spool
            .as_ref()
            .is_some_and(|(spool, _)| spool.is_gone())
        {
            self.spool = None;
            self.keep_items(handle, |_, _| false);
        }
        if self.spool.is_none() {
            let Some(spool) = Spool::open(&self.state)? else {
                return Ok(());
            };
            let Some(delivering) = spool.deliver()? else {
                return Ok(());
            };
            self.spool = Some((spool, delivering));
            self.is_untidy = true;
        }
        let tidied = self.tidy();
        let read = self.read_items(handle);
        self.send_next(handle);
        read.and(tidied)
    }

    /// Removes some of what there is to remove.
    fn tidy(&mut self) -> Result<(), SpoolError> {
        let Some((spool, _)) = self.spool.as_ref().filter(|_| self.is_untidy) else {
            return Ok(());
        };
        self.is_untidy = !spool.tidy_some(REMOVED)?;
        if self.is_untidy {
            self.look = Instant::now();
        }
        Ok(())
    }

    /// Drops the items that are gone, and reads new ones; gives the last trouble.
    fn read_items(&mut self, handle: &Handle) -> Result<(), SpoolError> {
        // It comes back with all that is held of it.
        let Some((spool, delivering)) = self.spool.take() else {
            return Ok(());
        };
        let read = self.read_items_of(&spool, handle);
        self.spool = Some((spool, delivering));
        read
    }

    fn read_items_of(&mut self, spool: &Spool, handle: &Handle) -> Result<(), SpoolError> {
        let numbers = spool.numbers()?;
        let mut trouble = Ok(());
        self.keep_items(handle, |number, waiting| {
            let is_there = numbers.binary_search(number).is_ok();
            is_there && waiting.is_none_or(|waiting| spool.has(&waiting.item).unwrap_or(false))
        });
        for number in numbers {
            if self.items.contains_key(&number) {
                continue;
            }
            let waiting = match spool.item(number) {
                Ok(item) => Some(Waiting::new(item)),
                // Its owner has removed it meanwhile.
                Err(SpoolError::Missing(_)) => continue,
                Err(error @ SpoolError::Damaged(_)) => {
                    self.bars.aside(|| self.output.complain(error.text()));
                    None
                }
                // It may pass: the next look reads it again.
                Err(error) => {
                    trouble = Err(error);
                    continue;
                }
            };
            self.items.insert(number, waiting);
        }
        trouble
    }

    /// Forgets the other items, and sends no more of them.
    fn keep_items(&mut self, handle: &Handle, keeps: impl Fn(&u32, Option<&Waiting>) -> bool) {
        self.items.retain(|number, waiting| {
            let is_kept = keeps(number, waiting.as_ref());
            let sending = waiting.as_ref().and_then(|waiting| waiting.sending);
            if let Some(transfer) = sending.filter(|_| !is_kept) {
                handle.cancel(transfer);
            }
            is_kept
        });
    }

    /// Sends what may be sent now, and dials the receivers of the rest.
    fn send_next(&mut self, handle: &Handle) {
        if self.items.is_empty() && self.dialed.is_empty() {
            return;
        }
        let Some(people) = self.place.people() else {
            return;
        };
        let now = Instant::now();
        let waiting = self.items.values().flatten();
        let receivers: BTreeSet<_> = waiting.map(|waiting| waiting.item.key).collect();
        self.strangers.retain(|key| receivers.contains(key));
        let mut wanted = BTreeSet::new();
        for key in &receivers {
            let Some(contact) = people.owner_of(key) else {
                self.tell_stranger(key);
                continue;
            };
            self.strangers.remove(key);
            wanted.insert(*key);
            if let Some(peer) = self.here.get(key) {
                let of_peer = |waiting: &&mut Waiting| waiting.item.key == *key;
                let own = self.items.values_mut().flatten().filter(of_peer);
                let own: Vec<_> = own.collect();
                let is_busy = own.iter().any(|waiting| waiting.sending.is_some());
                let next = own.into_iter().find(|waiting| waiting.is_ready(now));
                if let Some(waiting) = next.filter(|_| !is_busy) {
                    let item = &waiting.item;
                    let options = SendOptions {
                        on_collision: item.collision,
                        ..SendOptions::default()
                    };
                    let origin = Some(item.origin.clone());
                    waiting.sending = Some(handle.send_copy(peer, &item.path, origin, options));
                }
            } else if self.dialed.get(key) != Some(&contact) {
                handle.connect(contact.clone(), Redial::Always);
                let name = contact.name;
                let old = self.dialed.insert(*key, contact);
                if let Some(old) = old.filter(|old| old.name != name) {
                    handle.connect(old, Redial::Never);
                }
            }
        }
        // The connection stays: the peer may use it too.
        self.dialed.retain(|key, contact| {
            let is_wanted = wanted.contains(key);
            if !is_wanted {
                handle.connect(contact.clone(), Redial::Never);
            }
            is_wanted
        });
    }

    /// Follows who is connected and how transfers end. Says whether the notice was about a delivery
    /// alone, and nobody else has to print it.
    pub(crate) fn notice(&mut self, notice: &Notice) -> bool {
        match notice {
            Notice::Joined {
                peer,
                key,
                capabilities,
                ..
            } if capabilities.contains(Capabilities::FILES) => {
                self.here.insert(*key, *peer);
                let waiting = self.items.values_mut().flatten();
                for waiting in waiting.filter(|waiting| waiting.item.key == *key) {
                    waiting.is_refused = false;
                }
                self.look = Instant::now();
                false
            }
            Notice::Left { peer, .. } => {
                self.here.retain(|_, it| it != peer);
                false
            }
            Notice::Reaching { peer } | Notice::Unreachable { peer, .. } => {
                let mut dialed = self.dialed.values();
                dialed.any(|contact| contact.name == *peer)
            }
            Notice::Transfer(status) => self.number_of(status.transfer).is_some(),
            Notice::EntryFailed { transfer, .. } => {
                // Each try would say it again.
                let number = self.number_of(*transfer);
                let waiting = number.and_then(|number| self.items.get(&number)?.as_ref());
                waiting.is_some_and(|waiting| waiting.has_failed)
            }
            Notice::TransferEnded { status, outcome } => {
                let Some(number) = self.number_of(status.transfer) else {
                    return false;
                };
                if self.ended(number, outcome) {
                    self.bars.aside(|| report::tell(&self.output, notice));
                }
                true
            }
            _ => false,
        }
    }

    fn number_of(&self, transfer: TransferId) -> Option<u32> {
        let mut items = self.items.iter();
        let (number, _) = items.find(|(_, waiting)| {
            let sending = waiting.as_ref().and_then(|waiting| waiting.sending);
            sending == Some(transfer)
        })?;
        Some(*number)
    }

    /// Says whether that is news.
    fn ended(&mut self, number: u32, outcome: &Outcome) -> bool {
        let now = Instant::now();
        self.look = now;
        let Some((spool, _)) = &self.spool else {
            return true;
        };
        let Some(Some(waiting)) = self.items.get_mut(&number) else {
            return true;
        };
        waiting.sending = None;
        if !spool.has(&waiting.item).unwrap_or(true) {
            // Its owner has removed it meanwhile; the next look reads what has its number now.
            self.items.remove(&number);
            return true;
        }
        if outcome.is_success() {
            // Until it is removed it is not sent again.
            waiting.not_before = Some(now + LONGEST_PAUSE);
            match spool.remove(number) {
                Ok(()) | Err(SpoolError::Missing(_)) => drop(self.items.remove(&number)),
                Err(error) => self.complain(error.text()),
            }
            self.is_untidy = true;
            return true;
        }
        waiting.put_off(outcome, now);
        let reason = outcome_words(outcome);
        if waiting.item.reason.as_ref() == Some(&reason) {
            return false;
        }
        if let Err(error) = spool.note(number, &reason) {
            log::debug!("the reason is not kept: {}", error.text());
        }
        waiting.item.reason = Some(reason);
        true
    }

    fn tell_stranger(&mut self, key: &PublicKey) {
        if !self.strangers.insert(*key) {
            return;
        }
        let items = self.items.values().flatten();
        for Waiting { item, .. } in items.filter(|waiting| waiting.item.key == *key) {
            let SpoolItem {
                number, contact, ..
            } = item;
            let line = format!(
                "item {number} of the spool stays: {contact} is no contact any more; to remove {}: \
                 {} spool --remove {number}",
                item.name(),
                self.place.command(),
            );
            self.bars.aside(|| self.output.complain(line));
        }
    }

    /// Each trouble is said once, as long as it lasts.
    fn complain(&mut self, trouble: String) {
        if self.trouble != trouble {
            self.bars.aside(|| self.output.complain(&trouble));
            self.trouble = trouble;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_may_pass_does_not_wait_for_the_next_connection() {
        use RefuseReason::{Busy, Chosen, Forbidden, Leaving, NoSpace, Unwritable};
        let lasts = |reason| {
            lasts(&Outcome::Refused {
                reason,
                text: String::new(),
            })
        };
        assert!([Chosen, Forbidden].into_iter().all(lasts));
        assert!(![NoSpace, Busy, Unwritable, Leaving].into_iter().any(lasts));
    }
}
