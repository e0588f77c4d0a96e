//! What a station tells its owner of sound, and what its owner chooses. Plain data, no behaviour.

use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_media::{FilmSound, SoundCodec, Speaker};
use transom_sound::{Device, DeviceName, DeviceState, EchoMode, OwnLevel};
use transom_wire::PeerName;

pub use transom_wire::SoundState;

/// The sound devices of a station. Without changes it neither hears nor plays anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SoundSettings {
    /// The microphone: [`DeviceName::None`] by default, since the owner must choose to be heard.
    pub microphone: DeviceName,
    /// The loudspeaker; none by default.
    pub speaker: DeviceName,
    /// What is done against the loudspeaker's echo in the microphone: ducking by default, which
    /// needs no computing time.
    pub echo: EchoMode,
}

impl Default for SoundSettings {
    fn default() -> Self {
        Self {
            microphone: DeviceName::None,
            speaker: DeviceName::None,
            echo: EchoMode::Duck,
        }
    }
}

/// Something that happened to sound.
#[derive(Debug)]
#[non_exhaustive]
pub enum SoundNotice {
    /// How our microphone is. It is open only while a peer hears it, or may.
    Microphone(DeviceState),
    /// How our loudspeaker is. It is open only while something is to be heard.
    Speaker(DeviceState),
    /// How loud our microphone is after the mute, ten times a second while it is open.
    Level(OwnLevel),
    /// The owner speaks while the microphone is muted.
    MutedSpeech,
    /// Whether a peer hears our microphone from now on, as far as it is open and not muted.
    Listening {
        /// Whether it does.
        on: bool,
        /// Which peer.
        peer: PeerName,
    },
    /// How a peer's microphone is for us.
    FarSound {
        /// Whose.
        peer: PeerName,
        /// Its state.
        state: SoundState,
        /// In words; may be empty.
        text: String,
    },
    /// Whether a peer speaks.
    Speaking {
        /// Whether it does.
        on: bool,
        /// Which peer.
        peer: PeerName,
    },
    /// A frame of sound of a call that the owner [records](crate::Handle::recording), of either
    /// side, as it was sent: what the owner hears, and what the peer was sent of our microphone.
    Recorded {
        /// The call's.
        peer: PeerName,
        /// The frame.
        sound: RecordedSound,
    },
    /// The microphones and loudspeakers of this machine, asked for by
    /// [`Handle::list_sounds`](crate::Handle::list_sounds).
    Devices(Vec<Device>),
}

/// A frame of sound for a film.
#[derive(Clone, Debug)]
pub struct RecordedSound {
    /// Whose microphone.
    pub speaker: Speaker,
    /// How its bytes are coded.
    pub codec: SoundCodec,
    /// When its first sample was captured, by this machine's clock.
    pub captured: Instant,
    /// Samples or a packet.
    pub bytes: Arc<[u8]>,
}

impl RecordedSound {
    /// As a film takes it.
    pub fn for_film(&self) -> FilmSound<'_> {
        FilmSound {
            speaker: self.speaker,
            codec: self.codec,
            captured: self.captured,
            bytes: &self.bytes,
        }
    }
}

/// What is heard of a peer. Counts run from the beginning of its call on this connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SoundNumbers {
    /// From the peer's microphone to our loudspeaker; `None` until the clocks are compared.
    pub delay: Option<Duration>,
    /// Sound that waits here to be played.
    pub queued: Duration,
    /// What is held back against the unevenness of the way.
    pub reserve: Duration,
    /// How often there was nothing to play.
    pub dry_runs: u64,
    /// Sound that was left out to be on time again.
    pub removed: Duration,
    /// Microseconds by which sound is ahead of the pictures; below zero it is behind them. `None`
    /// where there are no pictures.
    pub skew_us: Option<i64>,
}
