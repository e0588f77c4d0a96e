//! Which of the buffers that a driver filled is shown: the newest good one. It knows no ioctl, so
//! that tests can play the driver.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::Dropped;

/// Buffers shared with a driver.
pub(crate) trait Buffers: Send {
    /// Readable when a buffer was filled.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Takes the next filled buffer; `WouldBlock` where there is none.
    fn dequeue(&mut self) -> io::Result<Filled>;

    /// The filled part of a buffer that is ours.
    fn bytes(&self, index: usize) -> &[u8];

    /// Gives a buffer back to the driver.
    fn enqueue(&mut self, index: usize) -> io::Result<()>;
}

/// A buffer that the driver filled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Filled {
    pub(crate) index: usize,
    /// The driver's own word that it is not whole.
    pub(crate) damaged: bool,
    pub(crate) sequence: u32,
    /// How long ago its picture began, where the driver tells.
    pub(crate) age: Option<Duration>,
}

/// Sequence number and times of a frame, made sane.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) sequence: u32,
    /// When the sensor began it; `acquired` where the driver does not tell.
    pub(crate) captured: Instant,
    /// When it was dequeued.
    pub(crate) acquired: Instant,
}

impl Stamp {
    /// When the sensor began the frame, where the driver tells.
    pub(crate) fn told(&self) -> Option<Instant> {
        (self.captured < self.acquired).then_some(self.captured)
    }
}

/// Takes the newest good frame out of a queue.
pub(crate) struct Drain<B> {
    buffers: B,
    last: Option<Stamp>,
    last_driver_sequence: Option<u32>,
}

/// Buffers taken in one call; a queue has 3 or 4, so that only a driver gone wild gets there.
const MAX_TAKEN: usize = 64;
/// A gap that is believed; a larger one is a counter that jumped.
const MAX_GAP: u32 = 10_000;
/// An age that is believed; an older stamp is of another clock.
const MAX_AGE: Duration = Duration::from_secs(10);

impl<B: Buffers> Drain<B> {
    pub(crate) fn new(buffers: B) -> Self {
        Self {
            buffers,
            last: None,
            last_driver_sequence: None,
        }
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.buffers.descriptor()
    }

    /// Takes buffers until the driver has no more. `good` looks at each, `keep` makes something of
    /// the newest good one.
    pub(crate) fn newest<T>(
        &mut self,
        dropped: &mut Dropped,
        mut good: impl FnMut(&[u8]) -> bool,
        keep: impl FnOnce(&[u8], Stamp) -> T,
    ) -> io::Result<Option<T>> {
        let mut held: Option<(usize, Stamp)> = None;
        for _ in 0..MAX_TAKEN {
            let filled = match self.buffers.dequeue() {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => break,
                filled => filled?,
            };
            let stamp = self.stamp(&filled, dropped);
            let fault = if filled.damaged {
                Some(&mut dropped.damaged)
            } else if !good(self.buffers.bytes(filled.index)) {
                Some(&mut dropped.unusable)
            } else {
                None
            };
            if let Some(count) = fault {
                *count += 1;
                self.buffers.enqueue(filled.index)?;
            } else if let Some((older, _)) = held.replace((filled.index, stamp)) {
                dropped.stale += 1;
                self.buffers.enqueue(older)?;
            }
        }
        let Some((index, stamp)) = held else {
            return Ok(None);
        };
        let kept = keep(self.buffers.bytes(index), stamp);
        self.buffers.enqueue(index)?;
        Ok(Some(kept))
    }

    /// Counts what the camera skipped. Some drivers stamp with 0, repeat themselves or go back:
    /// then the time is now.
    fn stamp(&mut self, filled: &Filled, dropped: &mut Dropped) -> Stamp {
        let step = match self.last_driver_sequence {
            Some(last) => filled.sequence.wrapping_sub(last),
            None => 1,
        };
        self.last_driver_sequence = Some(filled.sequence);
        let step = if (1..=MAX_GAP).contains(&step) {
            step
        } else {
            1
        };
        dropped.skipped += u64::from(step - 1);
        let now = Instant::now();
        let told = filled
            .age
            .filter(|age| *age <= MAX_AGE)
            .and_then(|age| now.checked_sub(age));
        let captured = told
            .filter(|told| self.last.is_none_or(|last| *told > last.captured))
            .unwrap_or(now);
        let sequence = self.last.map_or(0, |last| last.sequence.wrapping_add(step));
        let stamp = Stamp {
            sequence,
            captured,
            acquired: now,
        };
        self.last = Some(stamp);
        stamp
    }
}

/// Decides on pictures that are cut short. A camera that does it now and then loses those; one that
/// does it nearly always would show nothing at all, so its pictures are passed on, mended.
#[derive(Debug, Default)]
pub(crate) struct TruncationPolicy {
    /// One bit for each of the last 32 pictures, the newest lowest: was it cut?
    cut: u32,
    told: bool,
}

impl TruncationPolicy {
    /// Takes note of a picture and tells whether it may pass.
    pub(crate) fn passes(&mut self, cut: bool) -> bool {
        self.cut = self.cut << 1 | u32::from(cut);
        let lenient = self.cut.count_ones() > u32::BITS / 2;
        if cut && lenient && !self.told {
            self.told = true;
            log::warn!("most pictures of this camera are cut short; they are shown as they are");
        }
        !cut || lenient
    }
}

#[cfg(test)]
mod tests;
