//! Sound: which peers hear us, and the choice of microphone and loudspeaker.

use transom::SoundState;
use transom::sounds::{DeviceName, DeviceState, Loss};

use crate::model::OwnSound;

use super::{line, with_words};

pub(crate) const MUTE: &str = "Mute";
pub(crate) const UNMUTE: &str = "Unmute";
pub(crate) const NO_MIC: &str = "No mic";
pub(crate) const TALKING: &str = "Talking";
pub(crate) const YOU_ARE_MUTED: &str = "You're muted";
pub(crate) const YOU_ARE_MUTED_HOLD: &str = "You're muted. Hold F7 to talk";
/// The same around the key.
pub(crate) const HOLD_TO_TALK_HINT: [&str; 2] = ["You're muted. Hold", "to talk"];
pub(crate) const OWN_LEVEL: &str = "Your microphone";
pub(crate) const SOUND_ON: &str = "Sound on";
pub(crate) const SOUND_OFF: &str = "Sound off";
pub(crate) const SPEAK_TO_ALL: &str = "Speak to all";
const MICROPHONE_LOST: &str = "Your microphone gives no sound";
const UNHEARD: &str = "No microphone: they won't hear you";
const MICROPHONE_MISSING: &str = "No microphone found";
const SPEAKER_LOST: &str = "Your loudspeaker can't be used";

pub(crate) const SOUND: &str = "Sound";
pub(crate) const MICROPHONE: &str = "Microphone";
pub(crate) const LOUDSPEAKER: &str = "Loudspeaker";
pub(crate) const USUAL_MICROPHONE: &str = "Usual microphone";
pub(crate) const USUAL_LOUDSPEAKER: &str = "Usual loudspeaker";
pub(crate) const NO_MICROPHONE: &str = "No microphone: nobody hears me";
pub(crate) const NO_LOUDSPEAKER: &str = "No loudspeaker: I hear nobody";
pub(crate) const LOOKING_FOR_DEVICES: &str = "Looking for microphones and loudspeakers";
pub(crate) const LOOK_AGAIN: &str = "Look again";
pub(crate) const TAKE_ECHO_AWAY: &str = "Remove echo";
pub(crate) const PLAY_A_TONE: &str = "Play a tone";
pub(crate) const HEAR_YOURSELF: &str = "Hear yourself";
pub(crate) const SPEAK_IT_MOVES: &str = "Speak: it should move";

/// That our microphone is lost, and why; nothing while it is not.
pub(crate) fn own_microphone_lost(state: &DeviceState) -> Option<String> {
    match state {
        DeviceState::Lost {
            loss: Loss::Missing,
            ..
        } => Some(MICROPHONE_MISSING.to_owned()),
        DeviceState::Lost { words, .. } => Some(with_words(MICROPHONE_LOST, words)),
        _ => None,
    }
}

/// The same in a call, and what it means.
pub(crate) fn microphone_lost(name: &str, loss: Loss) -> String {
    let what = match loss {
        Loss::Missing => MICROPHONE_MISSING,
        Loss::Unplugged => "Microphone unplugged",
        _ => MICROPHONE_LOST,
    };
    format!("{what}. {name} can't hear you.")
}

/// That our loudspeaker is lost, why, and what plays in its place.
pub(crate) fn speaker_lost(state: &DeviceState) -> Option<String> {
    match state {
        DeviceState::Lost { words, .. } => Some(with_words(SPEAKER_LOST, words)),
        DeviceState::Replaced { words, lost } => Some(format!(
            "{}. Now: {}.",
            with_words(SPEAKER_LOST, lost),
            line(words)
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
        SoundState::Opening => format!("{name}'s microphone is opening"),
        SoundState::NotAllowed => format!("You can't hear {name}. Its owner has to allow it."),
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
        OwnSound::NoMicrophone => UNHEARD.to_owned(),
        OwnSound::Unheard => does_not_hear(name),
        OwnSound::OnHold => format!("{name} is on hold"),
        OwnSound::Lost(Loss::Missing) => MICROPHONE_MISSING.to_owned(),
        OwnSound::Lost(_) => MICROPHONE_LOST.to_owned(),
        OwnSound::Muted => YOU_ARE_MUTED.to_owned(),
        OwnSound::Heard => format!("{name} hears you"),
    }
}

pub(crate) fn does_not_hear(name: &str) -> String {
    format!("{name} doesn't hear you")
}

/// A peer that hears our microphone and is not on the screen.
pub(crate) fn hears_microphone(name: &str) -> String {
    format!("{name} hears your microphone")
}

/// Gives a call the microphone.
pub(crate) fn speak_to(name: &str) -> String {
    format!("Speak to {name}")
}

/// Gives it to a camera while the button is held.
pub(crate) fn hold_to_talk(name: &str) -> String {
    format!("Hold to talk to {name}")
}

/// Which microphone a call would have.
pub(crate) fn microphone_is(chosen: &DeviceName, state: &DeviceState) -> String {
    match (chosen, state) {
        (DeviceName::None, _) => UNHEARD.to_owned(),
        (
            _,
            DeviceState::Lost {
                loss: Loss::Missing,
                ..
            },
        ) => UNHEARD.to_owned(),
        (_, DeviceState::Lost { words, .. }) => with_words(MICROPHONE_LOST, words),
        (_, DeviceState::On { words }) => line(words).into_owned(),
        (DeviceName::Auto, _) => USUAL_MICROPHONE.to_owned(),
        (name, _) => line(&name.to_string()).into_owned(),
    }
}

/// The device that is used unless a person chooses, and which one that is now.
pub(crate) fn usual(which: &str, now: Option<&str>) -> String {
    match now {
        Some(now) => format!("{which}: {}", line(now)),
        None => which.to_owned(),
    }
}

/// A device that can't be used, and why.
pub(crate) fn unusable(device: &str, why: &str) -> String {
    format!("{} ({})", line(device), line(why))
}

/// A device that was chosen and is not plugged in.
pub(crate) fn absent(device: &DeviceName) -> String {
    let name = device.to_string();
    format!(
        "{} (not found now; it is used when it is back)",
        line(&name)
    )
}

/// A device that is no sound card, as a program or a file.
pub(crate) fn other_device(device: &DeviceName) -> String {
    line(&device.to_string()).into_owned()
}

/// How loud a contact is heard.
pub(crate) fn volume_of(name: &str) -> String {
    format!("{name}'s volume")
}
