//! Sound.

use transom::SoundState;
use transom::sounds::DeviceState;

use super::with_words;

pub(crate) const MUTE: &str = "Mute";
pub(crate) const UNMUTE: &str = "Unmute";
pub(crate) const MICROPHONE_LOST: &str = "Your microphone gives no sound";
pub(crate) const SPEAKER_LOST: &str = "Your loudspeaker can't be used";

/// That our microphone is lost, and why; nothing while it is not.
pub(crate) fn microphone_lost(state: &DeviceState) -> Option<String> {
    match state {
        DeviceState::Lost { words, .. } => Some(with_words(MICROPHONE_LOST, words)),
        _ => None,
    }
}

/// That our loudspeaker is lost, why, and what plays in its place.
pub(crate) fn speaker_lost(state: &DeviceState) -> Option<String> {
    match state {
        DeviceState::Lost { words, .. } => Some(with_words(SPEAKER_LOST, words)),
        DeviceState::Replaced { words, lost } => Some(format!(
            "{}; {} plays in its place",
            with_words(SPEAKER_LOST, lost),
            super::line(words)
        )),
        _ => None,
    }
}

/// Why nothing is heard of a peer, with its words.
pub(crate) fn far_sound(name: &str, state: SoundState, text: &str) -> Option<String> {
    let sentence = match state {
        SoundState::NoMicrophone => format!("{name} has no microphone"),
        SoundState::Muted => format!("{name} is muted"),
        SoundState::Lost => format!("{name}'s microphone is lost"),
        SoundState::OnHold => format!("{name} has put you on hold"),
        SoundState::NotAllowed => format!(
            "You can't hear {name}; their contact list has to give you the right to hear"
        ),
        _ => return None,
    };
    Some(match state {
        SoundState::Lost => with_words(&sentence, text),
        _ => sentence,
    })
}
