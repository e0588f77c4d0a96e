//! WAV files: read at any rate and width, written at ours.
//!
//! The reader takes what programs really write: chunks that nobody knows, sizes of 0 or of 4 GiB
//! where a program was killed or wrote to a pipe, files cut anywhere. The writer notes the length
//! once a second, so a killed program loses at most the last second for players that believe the
//! header, and nothing for those that read to the end.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use self::read::{WavError, WavReader};
pub use self::write::WavWriter;
