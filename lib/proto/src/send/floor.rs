//! The guaranteed share of the classes below media: texts, file control and file data.

/// A call that could fill the path leaves the classes below media this share of the bytes, so that
/// it can't starve them.
pub(crate) struct Floor {
    percent: u64,
    /// Hundredths of bytes that they may send, at most those of one record. More is not saved up: a
    /// picture waits behind one record of the floor, never behind two in a row.
    credit: u64,
}

impl Floor {
    pub(crate) fn new(percent: u8) -> Self {
        let percent = u64::from(percent.min(100));
        Self { percent, credit: 0 }
    }

    /// Whether there is credit for so many bytes.
    pub(crate) fn is_due(&self, bytes: usize) -> bool {
        self.credit >= bytes as u64 * 100
    }

    /// `bytes` were sent in a record that had room for `record`; `below` of them are below media.
    pub(crate) fn on_sent(&mut self, bytes: u64, below: u64, record: usize) {
        let more = bytes.saturating_sub(below) * self.percent;
        let credit = (self.credit + more).min(record as u64 * 100);
        self.credit = credit.saturating_sub(below * 100);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: usize = 16 * 1024;

    /// A record of so many bytes left, with so many of them below media.
    fn send(floor: &mut Floor, bytes: usize, below: usize) {
        floor.on_sent(bytes as u64, below as u64, RECORD);
    }

    /// Of so many full records, those that are given to what is below media.
    fn given(percent: u8, records: usize) -> usize {
        let mut floor = Floor::new(percent);
        let mut given = 0;
        for _ in 0..records {
            let below = if floor.is_due(RECORD) { RECORD } else { 0 };
            given += usize::from(below > 0);
            send(&mut floor, RECORD, below);
        }
        given
    }

    #[test]
    fn what_is_below_media_gets_its_share_of_the_bytes() {
        // Twenty records of pictures give credit for one.
        assert_eq!(given(5, 2100), 100);
        assert_eq!(given(50, 300), 100);
        assert_eq!(given(0, 1000), 0);
        assert_eq!(given(100, 200), given(255, 200), "never more than as much");
    }

    #[test]
    fn records_in_parts_count_as_much() {
        let mut floor = Floor::new(5);
        let mut records = 0;
        while !floor.is_due(RECORD) {
            send(&mut floor, RECORD / 4, 0);
            records += 1;
        }
        assert_eq!(records, 4 * 20);
    }

    #[test]
    fn a_picture_never_waits_behind_two_records_in_a_row() {
        let mut floor = Floor::new(5);
        for _ in 0..1000 {
            send(&mut floor, RECORD, 0);
        }
        assert!(floor.is_due(RECORD));
        send(&mut floor, RECORD, RECORD);
        assert!(!floor.is_due(RECORD));
    }

    #[test]
    fn bytes_sent_without_credit_are_no_debt() {
        let mut floor = Floor::new(5);
        for _ in 0..1000 {
            send(&mut floor, RECORD, RECORD);
        }
        for _ in 0..20 {
            assert!(!floor.is_due(RECORD));
            send(&mut floor, RECORD, 0);
        }
        assert!(floor.is_due(RECORD));
    }

    #[test]
    fn bytes_below_media_give_no_credit() {
        let mut floor = Floor::new(100);
        send(&mut floor, RECORD / 2, 0);
        send(&mut floor, RECORD / 4, RECORD / 4);
        send(&mut floor, RECORD * 3 / 4 - 1, 0);
        assert!(!floor.is_due(RECORD));
        send(&mut floor, 1, 0);
        assert!(floor.is_due(RECORD));
    }

    #[test]
    fn where_records_are_small_the_floor_comes_sooner() {
        let mut floor = Floor::new(5);
        floor.on_sent(20 * 5_000 - 1, 0, 5_000);
        assert!(!floor.is_due(5_000));
        floor.on_sent(1, 0, 5_000);
        assert!(floor.is_due(5_000));
        for _ in 0..100 {
            floor.on_sent(5_000, 0, 5_000);
        }
        floor.on_sent(5_000, 5_000, 5_000);
        assert!(!floor.is_due(5_000), "one record at most is saved up");
    }

    #[test]
    fn more_than_a_hundred_percent_counts_as_a_hundred() {
        for percent in [100, 101, 255] {
            let mut floor = Floor::new(percent);
            send(&mut floor, RECORD - 1, 0);
            assert!(!floor.is_due(RECORD), "{percent} %");
            send(&mut floor, 1, 0);
            assert!(floor.is_due(RECORD), "{percent} %");
        }
    }
}
