//! Opens a camera again and again, and remembers which one it was: the same device is opened again
//! under whatever name it comes back, and no other one is taken for it.

use super::known::{self, Known};
use crate::{Camera, CameraError, CaptureRequest, Source};

/// Opens one camera after another, each time it was lost.
#[derive(Debug, Default)]
pub struct Opener {
    /// What was asked for, and the device that was found for it.
    known: Option<(Source, Known)>,
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
        let camera = crate::open(&CaptureRequest {
            source,
            ..request.clone()
        })?;
        if let Some(known) = camera.device().and_then(known::identify) {
            self.known = Some((request.source.clone(), known));
        }
        Ok(camera)
    }

    /// Resets the USB device of the camera that was open last, where this user may do that. It
    /// has to be closed.
    pub fn reset(&mut self) {
        let Some((_, known)) = &self.known else {
            return;
        };
        match known::find(known).map(|node| known::reset(&node)) {
            Some(Ok(())) => log::warn!("{known}: its USB device was reset"),
            Some(Err(why)) => log::info!("{known}: its USB device can't be reset: {why}"),
            None => {}
        }
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
