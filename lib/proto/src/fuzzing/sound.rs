//! Frames of sound for tests.

use transom_wire::{SoundCodec, SoundHead};

use crate::SoundFrame;

/// A frame of 10 ms of that codec and number, captured then in microseconds of the sender's clock.
/// Opus has 80 bytes, as it has at 64 kbit/s.
pub fn sound(codec: SoundCodec, sequence: u32, captured: u64) -> SoundFrame {
    let format = SoundHead::new(codec, 480);
    let bytes: &[u8] = match codec {
        SoundCodec::Pcm => &[sequence as u8; 960],
        _ => &[sequence as u8; 80],
    };
    SoundFrame {
        format,
        sequence,
        captured,
        voice: sequence % 2 == 1,
        bytes: bytes.into(),
    }
}
