//! Twin of `command` where pipes can't be polled.

use mio::{Registry, Token};

use super::{Capture, DeviceError, Playback};

pub(super) fn microphone(_: &str, _: &Registry, _: Token) -> Result<Box<dyn Capture>, DeviceError> {
    Err(unsupported())
}

pub(super) fn speaker(_: &str, _: &Registry, _: Token) -> Result<Box<dyn Playback>, DeviceError> {
    Err(unsupported())
}

fn unsupported() -> DeviceError {
    DeviceError::Unsupported {
        device: "cmd".to_owned(),
        why: "commands are not supported on this system; use auto",
    }
}
