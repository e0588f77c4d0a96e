//! What a person types to name a microphone or a loudspeaker.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A microphone or loudspeaker as the user names it. It stays valid while the device is unplugged.
///
/// ```
/// # use transom_sound::DeviceName;
/// let name: DeviceName = "hw:Headset,0".parse()?;
/// assert_eq!(name.to_string(), "hw:Headset,0");
/// # Ok::<(), transom_sound::DeviceNameError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DeviceName {
    /// The default device of the sound server, else the first sound card that opens.
    #[default]
    Auto,
    /// A program run by the shell: a microphone writes, a loudspeaker reads S16 little endian,
    /// 48 kHz, one channel.
    Command(String),
    /// A microphone that plays a WAV file once and is silent then, or a loudspeaker that writes
    /// one.
    File(PathBuf),
    /// A sound card of the kernel: its id, which stays when cards are replugged, and a device.
    Hardware {
        /// The id of the card, as in `/proc/asound/card*/id`.
        card: String,
        /// The device of the card, mostly 0.
        device: u32,
    },
    /// A microphone that plays a WAV file again and again.
    Loop(PathBuf),
    /// No device at all.
    None,
    /// A device by the name that the sound server gives it.
    Server(String),
    /// A microphone that hears nothing, or a loudspeaker that nobody hears.
    Silence,
    /// A microphone that hears the test tone.
    Tone,
}

/// A text that names no device.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is no sound device; use auto, server:NAME, hw:CARD[,DEVICE], cmd:COMMAND, file:PATH, \
     loop:PATH, tone, silence or none"
)]
pub struct DeviceNameError(String);

impl FromStr for DeviceName {
    type Err = DeviceNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = match text {
            "auto" => Some(Self::Auto),
            "none" => Some(Self::None),
            "silence" => Some(Self::Silence),
            "tone" => Some(Self::Tone),
            _ => text.split_once(':').and_then(|(kind, rest)| {
                // The kernel and the sound server end their texts at a zero byte.
                (!rest.is_empty() && !rest.contains('\0')).then_some(())?;
                match kind {
                    "cmd" => Some(Self::Command(rest.to_owned())),
                    "file" => Some(Self::File(rest.into())),
                    "hw" => hardware(rest),
                    "loop" => Some(Self::Loop(rest.into())),
                    "server" => Some(Self::Server(rest.to_owned())),
                    _ => None,
                }
            }),
        };
        name.ok_or_else(|| DeviceNameError(text.to_owned()))
    }
}

/// `CARD` or `CARD,DEVICE`. Ids of cards are letters, digits, `_` and `-`; anything else could be
/// syntax of ALSA's configuration.
fn hardware(text: &str) -> Option<DeviceName> {
    let (card, device) = match text.split_once(',') {
        Some((card, device)) => (card, device.parse().ok()?),
        None => (text, 0),
    };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (!card.is_empty() && card.bytes().all(legal)).then(|| DeviceName::Hardware {
        card: card.to_owned(),
        device,
    })
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Command(command) => write!(f, "cmd:{command}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Hardware { card, device } => write!(f, "hw:{card},{device}"),
            Self::Loop(path) => write!(f, "loop:{}", path.display()),
            Self::None => f.write_str("none"),
            Self::Server(name) => write!(f, "server:{name}"),
            Self::Silence => f.write_str("silence"),
            Self::Tone => f.write_str("tone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_they_are_written() {
        for text in [
            "auto",
            "server:alsa_input.usb-Jabra-00.mono",
            "hw:Headset,2",
            "cmd:arecord -f S16_LE -r 48000 -t raw",
            "file:a b.wav",
            "loop:/tmp/x:y.wav",
            "tone",
            "silence",
            "none",
        ] {
            let name: DeviceName = text.parse().expect(text);
            assert_eq!(name.to_string(), text);
        }
        let card: DeviceName = "hw:PCH".parse().expect("a card alone");
        assert_eq!(card.to_string(), "hw:PCH,0");
    }

    #[test]
    fn a_text_that_names_no_device_is_refused_with_the_choices() {
        for text in [
            "",
            "cmd:",
            "file:",
            "hw:",
            "hw:a,b",
            "hw:x{y}",
            "hw:a,0,1",
            "server:a\0b",
            "microphone",
            "Auto",
        ] {
            let error = text.parse::<DeviceName>().expect_err(text).to_string();
            assert!(error.contains("server:NAME"), "{error}");
        }
    }
}
