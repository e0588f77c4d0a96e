//! Which class goes into the next record (wire 3.3).

use transom_wire::limits::RECORD_LIVE;

/// What is below video gets this floor, so that a saturated call can't freeze it.
pub(crate) struct Floor {
    percent: u64,
    /// Hundredths of bytes that bulk is owed.
    owed: u64,
}

/// The floor is not saved up beyond two records: bulk must not burst after a pause.
const MOST_OWED: u64 = 2 * RECORD_LIVE as u64 * 100;

impl Floor {
    pub(crate) fn new(percent: u8) -> Self {
        Self {
            percent: u64::from(percent.min(100)),
            owed: 0,
        }
    }

    /// Whether bulk goes before video now.
    pub(crate) fn is_due(&self) -> bool {
        self.owed >= RECORD_LIVE as u64 * 100
    }

    /// A record went out with so much bulk in it.
    pub(crate) fn record(&mut self, bytes: usize, bulk: usize) {
        let more = (bytes - bulk) as u64 * self.percent;
        let less = bulk as u64 * 100;
        self.owed = (self.owed + more).saturating_sub(less).min(MOST_OWED);
    }
}
