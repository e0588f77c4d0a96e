//! The sound of a camera for clients that listen: a WAV file without an end, which is nearly as
//! short behind the microphone as the network allows. It is the form that the box has sound in:
//! every browser and player takes it, nothing is encoded, and 768 kbit/s are little beside
//! pictures.

use std::collections::VecDeque;
use std::time::Instant;

use crate::limits::{MAX_SOUND_BYTES, SILENCE};
use crate::source::SourceId;

/// Samples a second, of one channel and 16 bits.
const RATE: u32 = 48_000;

/// The newest sound of a camera, which all its listeners share.
#[derive(Debug, Default)]
pub(crate) struct Sound {
    blocks: VecDeque<Box<[u8]>>,
    bytes: usize,
    /// How many blocks came.
    came: u64,
}

impl Sound {
    /// Takes whole samples. The oldest go, so that a client that lags loses sound and costs no
    /// memory.
    pub(crate) fn push(&mut self, samples: &[u8]) {
        // Half a sample would turn all that follows into noise.
        let samples = &samples[..samples.len() & !1];
        if samples.is_empty() {
            return;
        }
        self.came += 1;
        self.bytes += samples.len();
        self.blocks.push_back(samples.into());
        while self.bytes > MAX_SOUND_BYTES
            && let Some(oldest) = self.blocks.pop_front()
        {
            self.bytes -= oldest.len();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.blocks.clear();
        self.bytes = 0;
    }

    /// What came after that many blocks and is still here.
    fn since(&self, heard: u64) -> impl Iterator<Item = &[u8]> {
        let unheard = usize::try_from(self.came - heard).unwrap_or(usize::MAX);
        let skipped = self.blocks.len().saturating_sub(unheard);
        self.blocks.iter().skip(skipped).map(|block| &**block)
    }
}

/// One client that listens.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) source: SourceId,
    /// How many of the blocks it got or lost.
    heard: u64,
    /// When it ends for want of sound.
    pub(crate) until: Instant,
}

impl Listener {
    /// A client that hears what comes from now on.
    pub(crate) fn new(source: SourceId, sound: &Sound, now: Instant) -> Self {
        Self {
            source,
            heard: sound.came,
            until: now + SILENCE,
        }
    }

    /// What it did not get yet; empty if there is nothing.
    pub(crate) fn take(&mut self, sound: &Sound, now: Instant) -> Vec<u8> {
        let samples = sound.since(self.heard).collect::<Vec<_>>().concat();
        if !samples.is_empty() {
            self.until = now + SILENCE;
        }
        self.heard = sound.came;
        samples
    }
}

/// The head of a WAV file of an unknown length.
pub(crate) fn wav_head() -> [u8; 44] {
    let mut head = *b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0rate2xrt\x02\0\x10\0data\xff\xff\xff\xff";
    head[24..28].copy_from_slice(&RATE.to_le_bytes());
    head[28..32].copy_from_slice(&(2 * RATE).to_le_bytes());
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_without_a_sample_are_not_kept() {
        let mut sound = Sound::default();
        for _ in 0..10 {
            sound.push(b"");
            sound.push(b"x");
        }
        assert_eq!((sound.blocks.len(), sound.came), (0, 0));
        sound.push(b"one");
        assert_eq!(sound.since(0).collect::<Vec<_>>(), [b"on"]);
    }
}
