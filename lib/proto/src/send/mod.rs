//! What is sent next (wire 3.3). This page decides it each time that the socket accepts a record.
//! Nothing is chosen earlier (late binding), so data that have become stale are never sent.
//!
//! While anything is live, at this station or in another program of its owner, the first of these
//! classes that has something to send fills the record alone: the peer decrypts a record as a
//! whole, so urgent bytes would wait for the other bytes in it.
//!
//! ```text
//!   |                         | held back by                          | how much
//! --+-------------------------+---------------------------------------+---------------------------
//! 1 | control: calls, pings   | nothing                               | what fits
//! 2 | sound                   | a path that stands still              | the newest 200 ms
//! 3 | 5 and 6, with credit    | as below, but by no picture or window | one record: the floor, 5 %
//! 4 | pictures                | media gate, viewer's credit           | one picture, then the next
//! 5 | texts, file control     | a record of them that is not acked,   | what fits
//!   |                         | and a picture at the gate             |
//! 6 | file data               | bulk window, receiver's grant, a rate,| transfers take turns
//!   |                         | and a picture at the gate             |
//!   + an ack rides along in every record
//! ```
//!
//! A record is at most 16 KiB then, and at most what the path delivers in 3 ms (in 10 ms before its
//! rate is known), so that nothing urgent waits longer behind a record. While nothing is live, a
//! record carries what fits in this order, up to 64 KiB; file data follow texts, so that an entry's
//! data never overtake its announcement.
//!
//! How many bytes may be on the way is measured and decided in [`path`](crate::path), whose tables
//! also show what each constant of this module decides.

mod floor;
mod output;
mod pictures;
mod queue;
mod record;
mod sound;

use core::time::Duration;

use transom_wire::limits::RECORD_BULK;

use crate::call::Calls;
use crate::file::Files;
use crate::path::Path;
use crate::path::ack::ACK_BYTES;
use crate::{Config, Instant, Order};
use floor::Floor;

pub(crate) use output::{Output, clip};
pub(crate) use pictures::{Gate, Outgoing};
pub(crate) use queue::QueueEnd;
pub(crate) use record::Record;

/// A path on which bytes stay unacked for this long beyond the shortest round trip stands still.
/// Sound then stays in its queue, which keeps the newest frames; the socket would keep the oldest.
/// The time is that for which sound may wait. A queue of pictures and file data is much shorter, so
/// it does not pass for a standstill.
const STANDSTILL: Duration = sound::NEWEST;

/// Fills records in the order of this page.
pub(crate) struct Scheduler {
    order: Order,
    floor: Floor,
    /// Whether file data have the next turn, in naive order.
    file_turn: bool,
}

/// Where frames wait, and the path on which they are sent.
pub(crate) struct Sources<'a> {
    pub(crate) output: &'a mut Output,
    pub(crate) calls: &'a mut Calls,
    pub(crate) files: &'a mut Files,
    pub(crate) path: &'a mut Path,
    pub(crate) now: Instant,
}

impl Scheduler {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            order: config.order,
            floor: Floor::new(config.bulk_floor),
            file_turn: false,
        }
    }

    /// Writes the next record into `out`; gives its bytes, 0 when nothing may be sent now.
    pub(crate) fn next_record(&mut self, mut from: Sources<'_>, out: &mut [u8]) -> usize {
        let limit = match self.order {
            Order::Priority => from.path.record_limit(),
            Order::Naive => RECORD_BULK,
        };
        let (out, _) = out.split_at_mut(limit.min(out.len()));
        let mut record = Record::with_reserve(out, ACK_BYTES);
        self.fill(&mut record, &mut from);
        let size = record.size();
        record.open_reserve();
        from.ack(&mut record);
        let sizes = record.sizes();
        let below = sizes.text + sizes.bulk;
        self.floor.on_sent(sizes.total(), below, size);
        let used = from.sent(&record);
        from.measure(used > 0);
        used
    }

    fn fill(&mut self, record: &mut Record<'_>, from: &mut Sources<'_>) {
        from.control(record);
        match self.order {
            Order::Priority if from.path.is_live() => self.fill_live(record, from),
            Order::Priority => {
                from.text(record);
                from.file_data(record, from.path.bulk_budget(from.now));
            }
            Order::Naive => self.fill_in_turns(record, from),
        }
    }

    /// One class, the first that has something to send.
    fn fill_live(&mut self, record: &mut Record<'_>, from: &mut Sources<'_>) {
        if record.is_empty() {
            from.sound(record);
        }
        if record.is_empty() && self.floor.is_due(from.next_below_media(record)) {
            from.text_or_file_data(record, from.path.floor_limit());
        }
        if record.is_empty() {
            from.pictures(record, from.path.media_budget(from.now));
        }
        // Anything sent while a picture waits at the gate would keep the gate shut for longer.
        if record.is_empty() && !from.calls.has_picture() {
            from.text_or_file_data(record, 0);
        }
    }

    /// The naive order, to compare ours with: pictures and file data take turns of one record each,
    /// and nothing limits either.
    fn fill_in_turns(&mut self, record: &mut Record<'_>, from: &mut Sources<'_>) {
        from.text(record);
        let before = record.used();
        for files_go in [self.file_turn, !self.file_turn] {
            if record.used() > before {
                break;
            }
            match files_go {
                true => from.file_data(record, usize::MAX),
                false => from.pictures(record, usize::MAX),
            }
        }
        self.file_turn = !self.file_turn;
    }
}

impl Sources<'_> {
    /// Writes one of the last records: what class control still has, and nothing after it.
    pub(crate) fn last_record(mut self, out: &mut [u8]) -> usize {
        let mut record = Record::new(out);
        self.output.control.pull(&mut record);
        self.sent(&record)
    }

    fn control(&mut self, record: &mut Record<'_>) {
        self.output.control.pull(record);
        self.path.pinger.pull(record, self.now);
    }

    fn sound(&mut self, record: &mut Record<'_>) {
        if !self.path.stands_still(STANDSTILL, self.now) {
            self.output.sound.pull(record, self.now);
        }
    }

    fn pictures(&mut self, record: &mut Record<'_>, budget: usize) {
        let gate = Gate {
            budget,
            rtt: self.path.pinger.min_rtt().unwrap_or_default(),
            now: self.now,
        };
        self.calls.pull(record, gate);
    }

    /// Bytes for which the floor needs credit before they are sent: those of the waiting texts, or
    /// a record of file data if no text waits.
    fn next_below_media(&self, record: &Record<'_>) -> usize {
        match self.output.text.len() {
            0 => record.size().min(self.path.floor_limit()),
            waiting => waiting.min(record.size()),
        }
    }

    /// Texts and file control, else file data, of which `floor` bytes may be sent however much is
    /// in flight.
    fn text_or_file_data(&mut self, record: &mut Record<'_>, floor: usize) {
        // A folder's entries are megabytes: a picture must not wait behind all of them.
        if self.path.text_in_flight() < record.size() as u64 {
            self.text(record);
        }
        if record.is_empty() {
            let budget = self.path.bulk_budget(self.now);
            self.file_data(record, budget.max(floor));
        }
    }

    fn text(&mut self, record: &mut Record<'_>) {
        self.files.flush(self.output, self.now);
        let was_busy = self.output.is_busy();
        self.output.text.pull(record);
        if was_busy && !self.output.is_busy() {
            self.files.tell_room(self.output);
        }
    }

    /// File data, at most about `budget` bytes. They never overtake their entry's announcement,
    /// which is a text.
    fn file_data(&mut self, record: &mut Record<'_>, budget: usize) {
        if self.output.text.len() == 0 {
            self.files.pull(record, budget, self.now, self.output);
        }
    }

    /// Adds an ack to a record that is not empty, or writes one that is due.
    fn ack(&mut self, record: &mut Record<'_>) {
        let rides = !record.is_empty();
        self.path.acks.pull(record, rides, self.now);
    }

    /// Measures what transfers wait for until the next record. After one that was written they wait
    /// for the socket, until it accepts the next one.
    fn measure(&mut self, is_written: bool) {
        let in_flight = match is_written {
            true => None,
            false => Some(self.path.bulk_in_flight()),
        };
        self.files.measure(in_flight, self.now);
    }

    fn sent(&mut self, record: &Record<'_>) -> usize {
        if !record.is_empty() {
            self.path.on_sent(record.sizes(), self.now);
        }
        record.used()
    }
}

#[cfg(test)]
mod tests {
    use transom_wire::{Message, Text};

    use super::*;

    const NOW: Instant = Instant(1_000_000);

    /// Bytes of texts that leave beside a call, while so many are not acked.
    fn texts_beside(in_flight: u64) -> u64 {
        let config = Config::new("ann".parse().unwrap(), 1, 1);
        let mut path = Path::new(&config, NOW);
        path.set_live(true, true);
        // The first ping is control, which no record of texts may follow.
        path.pinger.pull(&mut Record::new(&mut [0; 16]), NOW);
        let sizes = crate::path::Sizes {
            text: in_flight,
            ..Default::default()
        };
        path.on_sent(sizes, NOW);
        let mut output = Output::new(1_000);
        output.send(0, &Message::Text(Text { id: 0, text: "x" }));
        let sources = Sources {
            output: &mut output,
            calls: &mut Calls::new(1),
            files: &mut Files::new(&config),
            path: &mut path,
            now: NOW,
        };
        let mut out = [0; RECORD_BULK];
        Scheduler::new(&config).next_record(sources, &mut out);
        path.text_in_flight() - in_flight
    }

    #[test]
    fn beside_a_call_texts_wait_behind_a_record_of_them_that_is_not_acked() {
        // The smallest record without its ack: no rate was measured.
        let record = 8 + transom_wire::limits::SMALL_PAYLOAD as u64;
        assert_eq!(texts_beside(record - 1), 8 + 4 + 1);
        assert_eq!(texts_beside(record), 0);
    }
}
