//! What goes into the next record (wire 3.3).

use crate::Instant;
use crate::record::Record;
use crate::session::{Session, Stage};

impl Session {
    /// A live record carries one class, since a record is opened whole and urgent bytes would wait
    /// for the others.
    pub(crate) fn fill(&mut self, record: &mut Record<'_>, now: Instant) {
        self.output.control.pull(record);
        self.path.pinger.pull(record, now);
        if !self.is_live() {
            self.fill_text(record, now);
            // File data of an entry never overtake its announcement.
            if self.output.text.len() == 0 {
                let room = self.path.bulk_budget(now);
                self.files.pull(record, room, now, &mut self.output);
            }
            return;
        }
        if record.is_empty() && self.floor.is_due() {
            self.fill_below_video(record, now);
        }
        if record.is_empty() {
            let gate = self.path.media_budget(now) > 0;
            self.calls.pull(record, gate, now);
            record.media = record.used();
        }
        if record.is_empty() {
            self.fill_below_video(record, now);
        }
    }

    fn fill_below_video(&mut self, record: &mut Record<'_>, now: Instant) {
        self.fill_text(record, now);
        if record.is_empty() {
            let room = self.path.bulk_budget(now);
            self.files.pull(record, room, now, &mut self.output);
        }
    }

    fn fill_text(&mut self, record: &mut Record<'_>, now: Instant) {
        self.files.flush(&mut self.output, now);
        let (was_busy, before) = (self.output.is_busy(), record.used());
        self.output.text.pull(record);
        record.text += record.used() - before;
        if was_busy && !self.output.is_busy() {
            self.files.tell_room(&mut self.output);
        }
    }

    /// Lets an ack ride along, or sends one that is due.
    pub(crate) fn add_ack(
        &mut self,
        out: &mut [u8],
        used: usize,
        most: usize,
        now: Instant,
    ) -> usize {
        let Some(rest) = out
            .get_mut(used..most)
            .filter(|_| self.stage == Stage::Open)
        else {
            return used;
        };
        let mut record = Record::new(rest);
        let live = self.is_live();
        self.path.acks.pull(&mut record, used > 0, live, now);
        used + record.used()
    }
}
