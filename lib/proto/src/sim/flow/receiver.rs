//! The receiver of a flow: reassembles the byte stream and acks selectively (SACK, RFC 2018).

use alloc::vec::Vec;

use super::sender::Segment;

/// A cumulative ack, and the ranges received behind a gap.
#[derive(Debug)]
pub(in crate::sim) struct Ack {
    /// All bytes before this were received.
    pub(super) received: u64,
    /// Start and end of each range, in order.
    pub(super) ranges: Vec<(u64, u64)>,
}

#[derive(Default)]
pub(super) struct Receiver {
    received: u64,
    /// Ranges received behind a gap, in order.
    ranges: Vec<(u64, u64)>,
}

impl Receiver {
    /// Bytes received without a gap.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// A segment arrived. Returns the ack to send back.
    pub(super) fn handle_segment(&mut self, segment: &Segment) -> Ack {
        if segment.end() > self.received {
            let range = (segment.start, segment.end());
            let at = self.ranges.partition_point(|other| other.0 < range.0);
            self.ranges.insert(at, range);
            self.join_ranges();
        }
        Ack {
            received: self.received,
            ranges: self.ranges.clone(),
        }
    }

    /// Removes ranges that have no gap before them any more, and joins those that touch.
    fn join_ranges(&mut self) {
        let received = &mut self.received;
        self.ranges.retain(|(start, end)| {
            let is_next = start <= received;
            if is_next {
                *received = *end.max(received);
            }
            !is_next
        });
        self.ranges.dedup_by(|next, range| {
            let touches = next.0 <= range.1;
            if touches {
                range.1 = range.1.max(next.1);
            }
            touches
        });
    }
}
