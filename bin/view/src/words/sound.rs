//! Sound.

use transom::SoundState;
use transom::sounds::{DeviceName, DeviceState};

use crate::model::OwnSound;

use super::with_words;

pub(crate) const MUTE: &str = "Mute";
pub(crate) const UNMUTE: &str = "Unmute";
pub(crate) const YOU_ARE_MUTED: &str = "You are muted";
pub(crate) const OWN_LEVEL: &str = "Your microphone";
pub(crate) const SOUND_ON: &str = "Turn sound on";
pub(crate) const SOUND_OFF: &str = "Turn sound off";
pub(crate) const SPEAK_TO_ALL: &str = "Speak to all";
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
        SoundState::NotAllowed => {
            format!("You can't hear {name}; their contact list has to give you the right to hear")
        }
        _ => return None,
    };
    Some(match state {
        SoundState::Lost => with_words(&sentence, text),
        _ => sentence,
    })
}

/// What a peer gets of our microphone.
pub(crate) fn own_sound(name: &str, own: OwnSound) -> String {
    match own {
        OwnSound::NoMicrophone => "You have no microphone".to_owned(),
        OwnSound::Unheard => format!("{name} does not hear you"),
        OwnSound::OnHold => format!("{name} is on hold"),
        OwnSound::Lost => MICROPHONE_LOST.to_owned(),
        OwnSound::Muted => format!("Muted: {name} does not hear you"),
        OwnSound::Heard => format!("{name} hears you"),
    }
}

/// A peer that hears our microphone and is not on the screen.
pub(crate) fn hears_microphone(name: &str) -> String {
    format!("{name} hears your microphone")
}

/// Gives a call the microphone.
pub(crate) fn speak_to(name: &str) -> String {
    format!("Speak to {name}")
}

/// Gives it to a camera box while the button is held.
pub(crate) fn hold_to_talk(name: &str) -> String {
    format!("Hold to talk to {name}")
}

/// Which microphone a call would have.
pub(crate) fn microphone_is(chosen: &DeviceName, state: &DeviceState) -> String {
    match (chosen, state) {
        (DeviceName::None, _) => "No microphone: you will not be heard".to_owned(),
        (_, DeviceState::Lost { words, .. }) => with_words(MICROPHONE_LOST, words),
        (_, DeviceState::On { words }) => format!("Microphone: {}", super::line(words)),
        (DeviceName::Auto, _) => "Microphone: the usual one".to_owned(),
        (name, _) => format!("Microphone: {}", super::line(&name.to_string())),
    }
}

/// From the far microphone to our loudspeaker.
pub(crate) fn sound_delay(delay: &str) -> String {
    format!("sound {delay} ms")
}

/// Sound that waits here, and what is held back against an uneven way, in milliseconds.
pub(crate) fn sound_reserve(queued: &str, reserve: &str) -> String {
    format!("  waits {queued}, reserve {reserve}")
}

/// How often nothing was there to play, and how much was left out to be on time.
pub(crate) fn sound_losses(dry_runs: u64, cut: &str) -> String {
    format!("  dry runs {dry_runs}, cut {cut} ms")
}

/// By how much sound leads its pictures.
pub(crate) fn skew(is_ahead: bool, by: &str) -> String {
    match is_ahead {
        true => format!("  {by} ms before its picture"),
        false => format!("  {by} ms after its picture"),
    }
}
