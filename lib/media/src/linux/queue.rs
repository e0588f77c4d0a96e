//! Which of the buffers that a driver filled is shown: the newest good one. It knows no ioctl, so
//! that tests can play the driver.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crate::{Format, ImageError};

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
    /// When the driver said that the last frame began.
    last_told: Option<Instant>,
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
            last_told: None,
        }
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.buffers.descriptor()
    }

    /// Takes buffers until the driver has no more. `judge` looks at each, with the driver's word
    /// whether it is damaged; `keep` makes something of the newest good one, and then the buffer is
    /// the driver's again.
    pub(crate) fn newest<T>(
        &mut self,
        format: &mut Format,
        mut judge: impl FnMut(&[u8], bool) -> Result<(), ImageError>,
        keep: impl FnOnce(&[u8], Stamp, &mut Format) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut held: Option<(usize, Stamp)> = None;
        for _ in 0..MAX_TAKEN {
            let filled = match self.buffers.dequeue() {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => break,
                filled => filled?,
            };
            let stamp = self.stamp(&filled, format);
            if let Err(fault) = judge(self.buffers.bytes(filled.index), filled.damaged) {
                format.refuse(fault);
                self.buffers.enqueue(filled.index)?;
                continue;
            }
            format.counts.good += 1;
            if let Some((older, _)) = held.replace((filled.index, stamp)) {
                format.counts.stale += 1;
                self.buffers.enqueue(older)?;
            }
        }
        let Some((index, stamp)) = held else {
            return Ok(None);
        };
        let kept = keep(self.buffers.bytes(index), stamp, format);
        self.buffers.enqueue(index)?;
        Ok(kept)
    }

    /// Counts what the camera skipped. Some drivers stamp with 0, repeat themselves or go back: for
    /// that frame the time is now, and the next one is believed again.
    fn stamp(&mut self, filled: &Filled, format: &mut Format) -> Stamp {
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
        format.counts.skipped += u64::from(step - 1);
        let now = Instant::now();
        let told = filled
            .age
            .filter(|age| *age <= MAX_AGE)
            .and_then(|age| now.checked_sub(age));
        let before = std::mem::replace(&mut self.last_told, told);
        let believed = told.filter(|told| before.is_none_or(|before| *told > before));
        // Never before the frame before it, which may have been stamped with a later time.
        let captured = self.last.map_or_else(
            || believed.unwrap_or(now),
            |last| believed.unwrap_or(now).max(last.captured),
        );
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

/// Decides on frames that are cut short, or that the driver marks as damaged, and could be shown
/// all the same. A camera that gives one now and then loses those; one that gives hardly any other
/// would show nothing at all, so its frames are passed on.
#[derive(Debug, Default)]
pub(crate) struct Leniency {
    /// One bit for each of the last 32 frames, the newest lowest: was it imperfect?
    imperfect: u32,
    is_told: bool,
}

impl Leniency {
    /// Takes note of a frame that could be shown, and tells whether it may pass.
    pub(crate) fn judge(&mut self, imperfect: Option<ImageError>) -> Result<(), ImageError> {
        self.imperfect = self.imperfect << 1 | u32::from(imperfect.is_some());
        let is_lenient = self.imperfect.count_ones() > u32::BITS / 2;
        match imperfect {
            Some(fault) if !is_lenient => Err(fault),
            Some(fault) => {
                if !std::mem::replace(&mut self.is_told, true) {
                    log::warn!(
                        "of most frames of this camera, {fault}; they are shown all the same"
                    );
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
