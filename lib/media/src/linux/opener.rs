//! Opens a camera again and again, and remembers which one it was: the same device is opened again
//! under whatever name it comes back, and no other one is taken for it.

use std::path::Path;

use super::known::{self, Known};
use crate::{Camera, CameraError, CaptureRequest, Source};

/// Opens one camera after another, each time it was lost.
#[derive(Debug, Default)]
pub struct Opener {
    /// What was asked for, and the device that was found for it.
    known: Option<(Source, Known)>,
    /// What was asked for last, and the device that a reset is for: it was opened, or failed.
    resettable: Option<(Source, Known)>,
}

impl Opener {
    /// Opens what the request asks for; where that was a device before, the same one. May take
    /// seconds.
    ///
    /// # Errors
    /// Those of [`open`](crate::open); [`CameraError::Replaced`] where the device is not there and
    /// another one has taken its name.
    pub fn open(&mut self, request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
        self.known.take_if(|(source, _)| *source != request.source);
        let source = match &self.known {
            Some((source, known)) if !has_stable_name(source) => {
                Source::Device(known::find(known).ok_or_else(|| gone(source, known))?)
            }
            _ => request.source.clone(),
        };
        let opened = crate::open(&CaptureRequest {
            source,
            ..request.clone()
        });
        if let Some(known) = node(&opened).and_then(known::identify) {
            if opened.is_ok() {
                self.known = Some((request.source.clone(), known.clone()));
            }
            self.resettable = Some((request.source.clone(), known));
        }
        opened
    }

    /// Resets the USB device of the camera that was opened last for this request, or that failed,
    /// where this user may do that. It has to be closed.
    pub fn reset(&mut self, request: &CaptureRequest) {
        let Some((source, known)) = &self.resettable else {
            return;
        };
        if *source != request.source {
            return;
        }
        match known::find(known).map(|node| known::reset(&node)) {
            Some(Ok(())) => log::warn!("{known}: its USB device was reset"),
            Some(Err(why)) => log::info!("{known}: its USB device can't be reset: {why}"),
            None => {}
        }
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

/// Whether the name is one that udev gives to the same device, or the same port, each time.
fn has_stable_name(source: &Source) -> bool {
    matches!(source, Source::Device(path) if path.starts_with("/dev/v4l"))
}

/// The device that is wanted is not there.
fn gone(source: &Source, known: &Known) -> CameraError {
    match source {
        Source::Device(path) if path.exists() => CameraError::Replaced {
            device: path.display().to_string(),
            wanted: known.to_string(),
        },
        Source::Device(path) => CameraError::Lost {
            device: path.display().to_string(),
        },
        _ => CameraError::Lost {
            device: known.to_string(),
        },
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
}
