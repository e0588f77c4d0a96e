//! Devices of Linux: those of the sound server, else those of the kernel. Twin of `elsewhere`.

use std::time::{Duration, Instant};

use mio::{Registry, Token};

use super::pulse::{self, Server};
use super::{Capture, Device, DeviceError, DeviceName, Playback, alsa};

/// How long a list waits for the sound server.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens one direction.
type Open<T> = (
    fn(&Server, Option<&str>, &Registry, Token) -> Result<T, DeviceError>,
    fn(Option<(&str, u32)>, &Registry, Token) -> Result<T, DeviceError>,
);

pub(super) fn microphone(
    name: &DeviceName,
    registry: &Registry,
    token: Token,
) -> Result<Box<dyn Capture>, DeviceError> {
    open(name, registry, token, (pulse::microphone, alsa::microphone))
}

pub(super) fn speaker(
    name: &DeviceName,
    registry: &Registry,
    token: Token,
) -> Result<Box<dyn Playback>, DeviceError> {
    open(name, registry, token, (pulse::speaker, alsa::speaker))
}

fn open<T>(
    name: &DeviceName,
    registry: &Registry,
    token: Token,
    (of_server, of_kernel): Open<T>,
) -> Result<T, DeviceError> {
    match name {
        DeviceName::Hardware { card, device } => of_kernel(Some((card, *device)), registry, token),
        DeviceName::Server(source) => of_server(&server()?, Some(source), registry, token),
        _ => {
            let opened = server().and_then(|server| of_server(&server, None, registry, token));
            opened.or_else(|no_server| {
                of_kernel(None, registry, token).map_err(|no_card| DeviceError::NoneFound {
                    looked: vec![no_server.to_string(), no_card.to_string()],
                })
            })
        }
    }
}

pub(super) fn list() -> Vec<Device> {
    let deadline = Instant::now() + PATIENCE;
    let of_server = server().and_then(|server| pulse::list(&server, deadline));
    let mut devices = of_server.unwrap_or_else(|why| {
        log::debug!("sound server is not listed why=\"{why}\"");
        Vec::new()
    });
    let has_server = !devices.is_empty();
    devices.extend(alsa::list(has_server));
    devices
}

fn server() -> Result<Server, DeviceError> {
    Server::of_this_user().ok_or(DeviceError::Unsupported {
        device: "sound server".to_owned(),
        why: "PULSE_SERVER names no server of this machine; set it to unix:PATH or unset it",
    })
}
