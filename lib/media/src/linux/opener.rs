//! Opens a camera again and again, and remembers the device: the same device is found again under
//! another node, and no other device is mistaken for it.

use std::path::{Path, PathBuf};

use super::devices::candidates;
use super::identity::{self, DeviceIdentity};
use crate::source::auto;
use crate::{Camera, CameraError, CaptureRequest, Source};

/// Opens a camera again each time it was lost.
#[derive(Debug, Default)]
pub struct Opener {
    /// The requested source. Another request discards all fields below.
    source: Option<Source>,
    /// The only device that is opened from now on.
    pinned: Option<PinnedDevice>,
    /// The device to reset: the last one that was opened, or whose driver refused a step.
    resettable: Option<DeviceIdentity>,
    /// A device without pictures, which [`Source::Auto`] tries after all others.
    tried_last: Option<DeviceIdentity>,
}

/// The device that was opened for a source.
#[derive(Debug)]
struct PinnedDevice {
    identity: DeviceIdentity,
    /// Ports of identical devices that were plugged in at the same time. If the pinned device is
    /// unplugged, these are not the same device at another port.
    siblings: Vec<PathBuf>,
    /// Whether it has delivered a usable picture.
    has_delivered: bool,
}

impl Opener {
    /// Opens the source that the request names; if it was opened before, the same device. May take
    /// seconds.
    ///
    /// # Errors
    /// Those of [`open`](crate::open); [`CameraError::Replaced`] if the device is gone and another
    /// one is there in its place.
    pub fn open(&mut self, request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
        if self.source.as_ref() != Some(&request.source) {
            *self = Self {
                source: Some(request.source.clone()),
                ..Self::default()
            };
        }
        let source = match &mut self.pinned {
            Some(pinned) if !has_stable_name(&request.source) => {
                let node = pinned.find();
                Source::Device(node.ok_or_else(|| gone(&request.source, &pinned.identity))?)
            }
            _ => request.source.clone(),
        };
        let opened = match source {
            Source::Auto => {
                let last = self.tried_last.as_ref();
                let last = last.and_then(|device| identity::find(device, &[]));
                auto::open(request, last.as_deref())
            }
            source => crate::open(&CaptureRequest {
                source,
                ..request.clone()
            }),
        };
        if let Some(device) = node(&opened).and_then(identity::identify) {
            if opened.is_ok() {
                self.pin(device.clone());
            }
            self.resettable = Some(device);
        }
        opened
    }

    /// To be called before the camera that was opened last is dropped. With [`Source::Auto`] its
    /// device stays pinned only if it has delivered a picture.
    pub fn closing(&mut self, camera: &dyn Camera) {
        self.closing_after(camera.format().counts.good > 0);
    }

    /// Resets the USB device of the camera that was opened last for this request, or whose driver
    /// failed, if this user may do that. The camera must be closed. With [`Source::Auto`] a device
    /// that has delivered no picture is then tried after all others.
    pub fn reset(&mut self, request: &CaptureRequest) {
        if self.source.as_ref() != Some(&request.source) {
            return;
        }
        let Some(device) = &self.resettable else {
            return;
        };
        match identity::find(device, &[]).map(|node| identity::reset(&node)) {
            Some(Ok(())) => log::warn!("{device}: its USB device was reset"),
            Some(Err(why)) => log::info!("{device}: its USB device can't be reset: {why}"),
            None => {}
        }
        if request.source == Source::Auto && self.pinned.is_none() {
            self.tried_last = Some(device.clone());
        }
    }

    fn pin(&mut self, identity: DeviceIdentity) {
        let before = self.pinned.as_ref();
        self.pinned = Some(PinnedDevice {
            has_delivered: before.is_some_and(|pinned| pinned.has_delivered),
            siblings: identity::sibling_ports(&identity),
            identity,
        });
    }

    fn closing_after(&mut self, has_delivered: bool) {
        if let Some(pinned) = &mut self.pinned {
            pinned.has_delivered |= has_delivered;
            // Another identical device may have been plugged in since the opening.
            pinned.siblings = identity::sibling_ports(&pinned.identity);
        }
        let is_auto = self.source == Some(Source::Auto);
        self.pinned
            .take_if(|pinned| is_auto && !pinned.has_delivered);
    }
}

impl PinnedDevice {
    fn find(&mut self) -> Option<PathBuf> {
        let present = identity::sibling_ports(&self.identity);
        // The port of a sibling that was unplugged may be used by the pinned device next.
        self.siblings.retain(|port| present.contains(port));
        identity::find(&self.identity, &self.siblings)
    }
}

/// The node of a camera that was opened, or whose driver refused a step.
fn node(opened: &Result<Box<dyn Camera>, CameraError>) -> Option<&Path> {
    match opened {
        Ok(camera) => camera.device(),
        Err(CameraError::Io { device, .. }) => Some(Path::new(device)),
        Err(_) => None,
    }
}

/// Whether the source is named by a link that udev keeps for one device or one port.
fn has_stable_name(source: &Source) -> bool {
    matches!(source, Source::Device(path) if path.starts_with("/dev/v4l"))
}

/// The error for a device that is not there.
fn gone(source: &Source, wanted: &DeviceIdentity) -> CameraError {
    let (device, is_replaced) = match source {
        Source::Device(path) => (path.display().to_string(), path.exists()),
        _ => match candidates(None).any(|device| device.problem.is_none()) {
            true => ("auto".to_owned(), true),
            false => (wanted.to_string(), false),
        },
    };
    match is_replaced {
        true => CameraError::Replaced {
            device,
            wanted: wanted.to_string(),
        },
        false => CameraError::Lost { device },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_whose_driver_fails_can_be_reset() {
        let device = "/dev/video3".to_owned();
        let why = std::io::Error::from_raw_os_error(libc::EPROTO);
        let step = "set the format";
        let failed = Err(CameraError::Io { device, step, why });
        assert_eq!(node(&failed), Some(Path::new("/dev/video3")));
        let lost = CameraError::Lost {
            device: "/dev/video3".to_owned(),
        };
        assert_eq!(node(&Err(lost)), None);
    }

    fn opener(source: Source) -> Opener {
        let mut opener = Opener {
            source: Some(source),
            resettable: Some(identity::sample("usb1")),
            ..Opener::default()
        };
        opener.pin(identity::sample("usb1"));
        opener
    }

    #[test]
    fn auto_pins_a_device_once_it_has_delivered_a_picture_and_tries_it_last_otherwise() {
        let auto = CaptureRequest::default();
        let mut silent = opener(Source::Auto);
        silent.closing_after(false);
        assert!(silent.pinned.is_none() && silent.tried_last.is_none());
        silent.reset(&auto);
        assert!(silent.tried_last.is_some());
        // A device that has delivered stays pinned even if it is silent later.
        let mut good = opener(Source::Auto);
        good.closing_after(true);
        good.pin(identity::sample("usb1"));
        good.closing_after(false);
        good.reset(&auto);
        assert!(good.pinned.is_some() && good.tried_last.is_none());
        // A device that was requested by its path stays pinned in any case.
        let mut named = opener(Source::Device("/dev/video0".into()));
        named.closing_after(false);
        assert!(named.pinned.is_some());
    }
}
