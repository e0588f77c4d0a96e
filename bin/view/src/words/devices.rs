//! The choice of microphone and loudspeaker.

use transom::sounds::DeviceName;

use super::line;

pub(crate) const SOUND: &str = "Sound…";
pub(crate) const SOUND_TITLE: &str = "Sound";
pub(crate) const MICROPHONE: &str = "Microphone";
pub(crate) const LOUDSPEAKER: &str = "Loudspeaker";
pub(crate) const USUAL_MICROPHONE: &str = "The usual microphone";
pub(crate) const USUAL_LOUDSPEAKER: &str = "The usual loudspeaker";
pub(crate) const NO_MICROPHONE: &str = "No microphone: nobody hears me";
pub(crate) const NO_LOUDSPEAKER: &str = "No loudspeaker: I hear nobody";
pub(crate) const LOOKING_FOR_DEVICES: &str = "Looking for microphones and loudspeakers…";
pub(crate) const LOOK_AGAIN: &str = "Look again";
pub(crate) const AGAINST_ECHO: &str = "Against echo, with this microphone and loudspeaker";
pub(crate) const CANCEL_ECHO: &str = "Cancel the loudspeaker's echo";
pub(crate) const DUCK: &str = "Turn the microphone down while the loudspeaker speaks";
pub(crate) const HEADPHONES: &str = "Nothing: I use headphones";
pub(crate) const TEST_TONE: &str = "Play a test tone";
pub(crate) const HEAR_YOURSELF: &str = "Hear yourself, best with headphones";

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
    format!(
        "{} (not found now; it is used when it is back)",
        line(&device.to_string())
    )
}

/// A device that is no sound card, as a program or a file.
pub(crate) fn other_device(device: &DeviceName) -> String {
    line(&device.to_string()).into_owned()
}

/// How loud a contact is heard, in percent.
pub(crate) fn volume_of(name: &str) -> String {
    format!("Volume of {name}")
}
