//! Twin of `alsa` in a build without it.

use mio::{Registry, Token};

use super::{Capture, Device, DeviceError, Playback};

pub(super) fn microphone(
    card: Option<(&str, u32)>,
    _: &Registry,
    _: Token,
) -> Result<Box<dyn Capture>, DeviceError> {
    let why = "this build has no ALSA; use cmd:arecord -q -t raw -f S16_LE -r 48000 -c 1";
    Err(unsupported(card, why))
}

pub(super) fn speaker(
    card: Option<(&str, u32)>,
    _: &Registry,
    _: Token,
) -> Result<Box<dyn Playback>, DeviceError> {
    let why = "this build has no ALSA; use cmd:aplay -q -t raw -f S16_LE -r 48000 -c 1";
    Err(unsupported(card, why))
}

pub(super) fn list(_: bool) -> Vec<Device> {
    Vec::new()
}

fn unsupported(card: Option<(&str, u32)>, why: &'static str) -> DeviceError {
    let device = card.map_or_else(
        || "sound cards".to_owned(),
        |(card, _)| format!("hw:{card}"),
    );
    DeviceError::Unsupported { device, why }
}
