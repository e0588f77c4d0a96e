//! Chooses which of the buffers that a driver filled is shown: the newest good one. It knows no
//! ioctl, so that a test can replace the driver.

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

    /// The filled part of a buffer that was dequeued.
    fn bytes(&self, index: usize) -> &[u8];

    /// Gives a buffer back to the driver.
    fn enqueue(&mut self, index: usize) -> io::Result<()>;
}

/// A buffer that the driver filled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Filled {
    pub(crate) index: usize,
    /// Whether the driver marked it as incomplete.
    pub(crate) damaged: bool,
    pub(crate) sequence: u32,
    /// How long ago the sensor began the frame, where the driver reports it.
    pub(crate) age: Option<Duration>,
}

/// Sequence number and times of a frame, after implausible ones were replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) sequence: u32,
    /// When the sensor began it; `acquired` where the driver does not report it.
    pub(crate) captured: Instant,
    /// When it was dequeued.
    pub(crate) acquired: Instant,
}

impl Stamp {
    /// When the sensor began the frame, where the driver reports it.
    pub(crate) fn reported(&self) -> Option<Instant> {
        (self.captured < self.acquired).then_some(self.captured)
    }
}

/// Takes the newest good frame out of a queue.
pub(crate) struct Drain<B> {
    buffers: B,
    last: Option<Stamp>,
    last_driver_sequence: Option<u32>,
    /// When the last frame began, as the driver reported it.
    last_reported: Option<Instant>,
}

/// Limit of buffers dequeued in one call. A queue has 3 or 4, so only a faulty driver reaches it.
const MAX_TAKEN: usize = 64;
/// The largest gap in sequence numbers that counts as lost frames; beyond it the counter has
/// jumped.
const MAX_GAP: u32 = 10_000;
/// The greatest plausible age of a frame; an older timestamp comes from another clock.
const MAX_AGE: Duration = Duration::from_secs(10);

impl<B: Buffers> Drain<B> {
    pub(crate) fn new(buffers: B) -> Self {
        Self {
            buffers,
            last: None,
            last_driver_sequence: None,
            last_reported: None,
        }
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.buffers.descriptor()
    }

    /// Takes buffers until the driver has no more. `judge` accepts or refuses each, given its bytes
    /// and whether the driver marked it as damaged. `keep` makes the result from the newest
    /// accepted one, whose buffer then goes back to the driver.
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

    /// Counts the frames that the camera skipped. The timestamps of some drivers are 0, repeat or
    /// go back: such a frame gets the present time, and the next timestamp is used again.
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
        let reported = filled
            .age
            .filter(|age| *age <= MAX_AGE)
            .and_then(|age| now.checked_sub(age));
        let before = std::mem::replace(&mut self.last_reported, reported);
        let plausible = reported.filter(|reported| before.is_none_or(|before| *reported > before));
        // Never earlier than the previous frame, which may have got the present time.
        let captured = self.last.map_or_else(
            || plausible.unwrap_or(now),
            |last| plausible.unwrap_or(now).max(last.captured),
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

/// Decides whether to show frames that are cut short or that the driver marks as damaged. A camera
/// that rarely sends such a frame loses it; if more than half of the last 32 frames are like that,
/// they are shown, because otherwise there would be hardly any picture.
#[derive(Debug, Default)]
pub(crate) struct DamagePolicy {
    /// One bit for each of the last 32 frames, the newest lowest: 1 if it was imperfect.
    imperfect: u32,
}

impl DamagePolicy {
    /// Records a frame that can be decoded, and decides whether it is shown.
    pub(crate) fn judge(&mut self, imperfect: Option<ImageError>) -> Result<(), ImageError> {
        self.imperfect = self.imperfect << 1 | u32::from(imperfect.is_some());
        match imperfect {
            Some(fault) if !self.shows_damaged() => Err(fault),
            _ => Ok(()),
        }
    }

    /// Whether most of the last frames were imperfect, so that such frames are shown.
    pub(crate) fn shows_damaged(&self) -> bool {
        self.imperfect.count_ones() > u32::BITS / 2
    }
}

#[cfg(test)]
mod tests;
