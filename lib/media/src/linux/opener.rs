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
    /// What was asked for; all below belongs to that.
    source: Option<Source>,
    kept: Option<Kept>,
    /// The device that a reset is for: it was opened, or failed.
    resettable: Option<DeviceIdentity>,
    /// Of those that [`Source::Auto`] may take: the one that is tried last, since it gives nothing.
    silent: Option<DeviceIdentity>,
}

/// The device that was found for what was asked for.
#[derive(Debug)]
struct Kept {
    known: DeviceIdentity,
    /// The ports of those that are like it and were there beside it: one of them may be unused, or
    /// another program's.
    others: Vec<PathBuf>,
    /// Whether it ever gave a picture that can be used.
    gave: bool,
}

impl Opener {
    /// Opens the source that the request names; if it was opened before, the same device. May take
    /// seconds.
    ///
    /// # Errors
    /// Those of [`open`](crate::open); [`CameraError::Replaced`] where the device is not there and
    /// another one is there in its place.
    pub fn open(&mut self, request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
        if self.source.as_ref() != Some(&request.source) {
            *self = Self {
                source: Some(request.source.clone()),
                ..Self::default()
            };
        }
        let source = match &mut self.kept {
            Some(kept) if !has_stable_name(&request.source) => Source::Device(
                kept.find()
                    .ok_or_else(|| gone(&request.source, &kept.known))?,
            ),
            _ => request.source.clone(),
        };
        let opened = match source {
            Source::Auto => {
                let silent = self.silent.as_ref();
                let silent = silent.and_then(|silent| identity::find(silent, &[]));
                auto::open(request, silent.as_deref())
            }
            source => crate::open(&CaptureRequest {
                source,
                ..request.clone()
            }),
        };
        if let Some(known) = node(&opened).and_then(identity::identify) {
            if opened.is_ok() {
                self.keep(known.clone());
            }
            self.resettable = Some(known);
        }
        opened
    }

    /// The camera that was opened last is about to be closed, or is lost.
    pub fn closes(&mut self, camera: &dyn Camera) {
        self.closes_after(camera.format().counts.good > 0);
    }

    /// Resets the USB device of the camera that was opened last for this request, or that failed,
    /// where this user may do that. It has to be closed. If it never gave a picture, and any other
    /// camera would do, that one is opened next.
    pub fn reset(&mut self, request: &CaptureRequest) {
        if self.source.as_ref() != Some(&request.source) {
            return;
        }
        let Some(known) = &self.resettable else {
            return;
        };
        match identity::find(known, &[]).map(|node| identity::reset(&node)) {
            Some(Ok(())) => log::warn!("{known}: its USB device was reset"),
            Some(Err(why)) => log::info!("{known}: its USB device can't be reset: {why}"),
            None => {}
        }
        if request.source == Source::Auto && self.kept.is_none() {
            self.silent = Some(known.clone());
        }
    }

    fn keep(&mut self, known: DeviceIdentity) {
        self.kept = Some(Kept {
            gave: self.kept.as_ref().is_some_and(|kept| kept.gave),
            others: identity::others(&known),
            known,
        });
    }

    fn closes_after(&mut self, gave: bool) {
        if let Some(kept) = &mut self.kept {
            kept.gave |= gave;
            // Now, since more may have been plugged in beside it.
            kept.others = identity::others(&kept.known);
        }
        let is_auto = self.source == Some(Source::Auto);
        self.kept.take_if(|kept| is_auto && !kept.gave);
    }
}

impl Kept {
    fn find(&mut self) -> Option<PathBuf> {
        let now = identity::others(&self.known);
        // What was unplugged meanwhile leaves its port to anything.
        self.others.retain(|port| now.contains(port));
        identity::find(&self.known, &self.others)
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

/// The device that is wanted is not there.
fn gone(source: &Source, known: &DeviceIdentity) -> CameraError {
    let (device, is_replaced) = match source {
        Source::Device(path) => (path.display().to_string(), path.exists()),
        _ => {
            let has_other = candidates(None).any(|device| device.problem.is_none());
            match has_other {
                true => ("auto".to_owned(), true),
                false => (known.to_string(), false),
            }
        }
    };
    match is_replaced {
        true => CameraError::Replaced {
            device,
            wanted: known.to_string(),
        },
        false => CameraError::Lost { device },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_fails_as_it_is_opened_is_known_for_its_reset() {
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
        opener.keep(identity::sample("usb1"));
        opener
    }

    #[test]
    fn the_first_camera_is_kept_only_once_it_gave_a_picture_and_else_tried_last() {
        let auto = CaptureRequest::default();
        let mut first = opener(Source::Auto);
        first.closes_after(false);
        assert!(first.kept.is_none() && first.silent.is_none());
        first.reset(&auto);
        assert!(first.silent.is_some());
        // One that gave pictures is waited for, whatever it does later.
        let mut first = opener(Source::Auto);
        first.closes_after(true);
        first.keep(identity::sample("usb1"));
        first.closes_after(false);
        first.reset(&auto);
        assert!(first.kept.is_some() && first.silent.is_none());
        // So is one that was asked for by its name.
        let mut named = opener(Source::Device("/dev/video0".into()));
        named.closes_after(false);
        assert!(named.kept.is_some());
    }
}
