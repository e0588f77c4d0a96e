//! The devices of this machine, for a person to choose from.

use super::{DeviceName, system};

/// Whether a device hears or is heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeviceKind {
    /// It hears.
    Microphone,
    /// It is heard.
    Speaker,
}

/// A device that could be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// What to name it by; the name stays when the device is replugged.
    pub name: DeviceName,
    /// What it is, in words for a person.
    pub words: String,
    /// Whether it hears or is heard.
    pub kind: DeviceKind,
    /// Whether [`DeviceName::Auto`] takes this one now.
    pub is_default: bool,
    /// What a sound card does without conversion, as "44.1-48 kHz, 2 channels"; empty where a sound
    /// server converts, or where that is not known.
    pub offers: String,
    /// Why it can't be used, and what to do.
    pub usable: Result<(), String>,
}

/// The microphones and loudspeakers of this machine, those of the sound server first. It asks the
/// sound server and waits for the answer, for a second at most.
pub fn list() -> Vec<Device> {
    system::list()
}
