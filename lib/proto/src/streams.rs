//! Stream numbers: those that we may open, and those that have been open.

use alloc::collections::BTreeMap;
use core::ops::Bound::{Excluded, Unbounded};

use crate::Side;

/// Numbers are allotted in order, so that a comparison tells whether a stream has been open. Frames
/// that were in flight when their stream was closed are thus told from illegal ones, without a list
/// of closed streams.
pub(crate) struct Streams {
    side: Side,
    /// The number to try next.
    next: u16,
    /// All our numbers have been used, and are allotted again.
    wrapped: bool,
    /// The highest number the peer has opened.
    highest: u16,
}

impl Streams {
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            next: first(side),
            wrapped: false,
            highest: 0,
        }
    }

    /// One of our numbers that is not open.
    pub(crate) fn allot(&mut self, is_open: impl Fn(u16) -> bool) -> u16 {
        // Ends, since `Config` allows far fewer streams than there are numbers.
        loop {
            let stream = self.next;
            self.next = stream.checked_add(2).unwrap_or_else(|| {
                self.wrapped = true;
                first(self.side)
            });
            if !is_open(stream) {
                return stream;
            }
        }
    }

    /// Whether the peer may open that number.
    pub(crate) fn is_theirs(&self, stream: u16) -> bool {
        stream != 0 && stream % 2 != first(self.side) % 2
    }

    pub(crate) fn opened(&mut self, stream: u16) {
        self.highest = self.highest.max(stream);
    }

    /// Whether a stream that is not open has been open.
    pub(crate) fn was_open(&self, stream: u16) -> bool {
        if self.is_theirs(stream) {
            stream <= self.highest
        } else {
            stream != 0 && (self.wrapped || stream < self.next)
        }
    }
}

fn first(side: Side) -> u16 {
    match side {
        Side::Dialer => 1,
        Side::Listener => 2,
    }
}

/// The stream after `turn`, or the first one after the last: for round robin.
pub(crate) fn next_after<T>(open: &mut BTreeMap<u16, T>, turn: u16) -> Option<(u16, &mut T)> {
    let after = open.range((Excluded(turn), Unbounded)).next();
    let stream = *after.or_else(|| open.iter().next())?.0;
    Some((stream, open.get_mut(&stream)?))
}
