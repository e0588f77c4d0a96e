//! Which class goes into the next record (wire 3.3).

use transom_wire::limits::RECORD_LIVE;

/// What is below video gets this floor, so that a saturated call can't freeze it.
pub(crate) struct Floor {
    percent: u64,
    /// Hundredths of bytes that are owed to what is below video, at most [`DUE`].
    owed: u64,
}

/// One record: more is not saved up, so that a picture never waits behind two.
const DUE: u64 = RECORD_LIVE as u64 * 100;

impl Floor {
    pub(crate) fn new(percent: u8) -> Self {
        let percent = u64::from(percent.min(100));
        Self { percent, owed: 0 }
    }

    /// Whether what is below video goes before it now.
    pub(crate) fn is_due(&self) -> bool {
        self.owed >= DUE
    }

    /// A record went out with so many bytes below video in it.
    pub(crate) fn record(&mut self, bytes: usize, below: usize) {
        let more = bytes.saturating_sub(below) as u64 * self.percent;
        let less = below as u64 * 100;
        self.owed = (self.owed + more).min(DUE).saturating_sub(less);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of so many full records, those that are given to what is below video.
    fn given(percent: u8, records: usize) -> usize {
        let mut floor = Floor::new(percent);
        let mut given = 0;
        for _ in 0..records {
            let below = if floor.is_due() { RECORD_LIVE } else { 0 };
            given += usize::from(below > 0);
            floor.record(RECORD_LIVE, below);
        }
        given
    }

    #[test]
    fn what_is_below_video_gets_its_share_of_the_bytes() {
        // Of video's twenty records one is owed.
        assert_eq!(given(5, 2100), 100);
        assert_eq!(given(50, 300), 100);
        assert_eq!(given(0, 1000), 0);
        assert_eq!(given(100, 200), given(255, 200), "never more than as much");
    }

    #[test]
    fn records_in_parts_count_as_much() {
        let mut floor = Floor::new(5);
        let mut records = 0;
        while !floor.is_due() {
            floor.record(RECORD_LIVE / 4, 0);
            records += 1;
        }
        assert_eq!(records, 4 * 20);
    }

    #[test]
    fn a_picture_never_waits_behind_two_records_in_a_row() {
        let mut floor = Floor::new(5);
        for _ in 0..1000 {
            floor.record(RECORD_LIVE, 0);
        }
        assert!(floor.is_due());
        floor.record(RECORD_LIVE, RECORD_LIVE);
        assert!(!floor.is_due());
    }

    #[test]
    fn what_goes_without_being_due_is_no_debt() {
        let mut floor = Floor::new(5);
        for _ in 0..1000 {
            floor.record(RECORD_LIVE, RECORD_LIVE);
        }
        for _ in 0..20 {
            assert!(!floor.is_due());
            floor.record(RECORD_LIVE, 0);
        }
        assert!(floor.is_due());
    }

    #[test]
    fn what_is_below_video_owes_itself_nothing() {
        let mut floor = Floor::new(100);
        floor.record(RECORD_LIVE / 2, 0);
        floor.record(RECORD_LIVE / 4, RECORD_LIVE / 4);
        floor.record(RECORD_LIVE * 3 / 4 - 1, 0);
        assert!(!floor.is_due());
        floor.record(1, 0);
        assert!(floor.is_due());
    }
}
