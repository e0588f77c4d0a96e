//! Sound: microphones and loudspeakers, the codec, playout, echo.
//!
//! ```text
//! microphone -> 10 ms -> (echo) -> level, mute -> encode -> the peers that may hear
//! frame of a peer -> queue -> decode -> Playout per peer -> sum, clip -> loudspeaker -> echo's reference
//! ```
//!
//! All sound inside is 48 kHz, one channel, in blocks of 10 ms. The crate knows no peer, no wire
//! and starts no thread.

/// Samples per second of all sound inside transom.
pub const RATE: u32 = 48_000;
/// Samples of a block: 10 ms.
pub const BLOCK: usize = 480;

mod device;

pub use device::{
    DeviceError, DeviceName, DeviceNameError, DeviceState, Heard, KeptMicrophone, KeptSpeaker,
    Microphone, Speaker,
};
