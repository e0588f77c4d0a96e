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
