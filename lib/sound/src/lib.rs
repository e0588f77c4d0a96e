//! Sound: microphones and loudspeakers, the codec, playout, echo.
//!
//! ```text
//! microphone -> 10 ms -> (echo) -> level, mute -> encode -> the peers that may hear
//! frame of a peer -> queue -> decode -> Playout per peer -> sum, clip -> loudspeaker -> echo
//! ```
//!
//! All sound inside is 48 kHz, one channel, in blocks of 10 ms. The crate knows no peer, no wire
//! and starts no thread.

mod codec;
mod device;
mod duck;
mod echo;
mod engine;
#[doc(hidden)]
pub mod fuzzing;
mod level;
pub mod measure;
mod playout;
mod resample;
mod sinc;
mod tone;
mod wav;

use std::time::Duration;

pub use self::codec::{
    Codec, CodecError, Decoder, Encoder, Format, MAX_ENCODED_BYTES, MAX_FRAME, MIN_FRAME,
};
pub use self::device::{
    Device, DeviceError, DeviceKind, DeviceName, DeviceNameError, DeviceState, DeviceWatcher,
    Heard, KeptMicrophone, KeptSpeaker, Loss, Microphone, Speaker, list,
};
pub use self::echo::{Echo, EchoMode};
pub use self::engine::{
    Controls, Encoded, Engine, EngineSettings, Event, Frame, OwnLevel, StreamId, StreamNumbers,
    Wanted,
};
pub use self::level::{Level, SILENCE_DB, level_db};
pub use self::playout::{LipSync, MAX_LIP_SYNC, Playout, PlayoutStats, skew_ms};
pub use self::resample::{MAX_RATE, MIN_RATE, RateError, Resampler};
pub use self::tone::{Tone, ToneKind};
pub use self::wav::{WavError, WavReader, WavWriter};

/// Samples per second of all sound inside transom.
pub const RATE: u32 = 48_000;
/// Samples of a block: 10 ms.
pub const BLOCK: usize = 480;

/// How many samples play in this time, rounded down.
pub const fn samples_of(time: Duration) -> usize {
    (time.as_nanos() * RATE as u128 / 1_000_000_000) as usize
}

/// How long this many samples play.
pub const fn time_of(samples: usize) -> Duration {
    Duration::from_nanos((samples as u64).saturating_mul(1_000_000_000 / 16_000) / 3)
}
