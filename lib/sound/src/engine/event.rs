//! What the engine tells its owner. Plain data, no behaviour.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::StreamId;
use crate::{Codec, DeviceState};

/// One thing that happened in the sound thread.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// 10 ms of the microphone, encoded once for all listeners that take this codec.
    Encoded(Encoded),
    /// How loud our own side is, ten times a second while the microphone is open.
    Level(OwnLevel),
    /// The person has been speaking for a second while the microphone is muted. Told once, and
    /// again when the person speaks after a pause.
    MutedSpeech,
    /// How the microphone is.
    Microphone(DeviceState),
    /// How the loudspeaker is.
    Speaker(DeviceState),
    /// What is heard of a stream, ten times a second while it plays.
    Heard(StreamNumbers),
}

/// 10 ms of the microphone.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// How it is encoded.
    pub codec: Codec,
    /// Counts the blocks of 10 ms since the thread began, the same for every codec.
    pub sequence: u32,
    /// When its first sample was captured.
    pub captured: Instant,
    /// The encoded samples.
    pub bytes: Arc<[u8]>,
    /// Whether a person seems to speak in it.
    pub speaks: bool,
}

/// How loud our own side is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnLevel {
    /// After the mute, in dB of full scale; [`SILENCE_DB`](crate::SILENCE_DB) while it is muted.
    pub dbfs: f32,
    /// Whether a person seems to speak, after the mute.
    pub speaks: bool,
}

/// What is heard of a stream. Counts run from the stream's beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamNumbers {
    /// Which stream.
    pub stream: StreamId,
    /// A sample captured then, by its sender's clock, ...
    pub captured: Option<Duration>,
    /// ... leaves the loudspeaker at this moment.
    pub heard: Instant,
    /// Sound that waits in the playout and in the loudspeaker's buffer.
    pub queued: Duration,
    /// What the playout holds back against the unevenness of the way.
    pub reserve: Duration,
    /// How often there was nothing to play.
    pub dry_runs: u64,
    /// Sound that was removed or cut to be on time again.
    pub removed: Duration,
    /// Frames that could not be decoded.
    pub undecodable: u64,
}
