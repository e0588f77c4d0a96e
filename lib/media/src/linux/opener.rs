//! Opens a camera again and again, and remembers the device: the same device is found again under
//! another node, and no other device is mistaken for it.

use super::identity::{self, DeviceIdentity};
use crate::{Camera, CameraError, CaptureRequest, Source};

/// Opens a camera again each time it was lost.
#[derive(Debug, Default)]
pub struct Opener {
    /// The requested source, and the device that was opened for it.
    known: Option<(Source, DeviceIdentity)>,
}

impl Opener {
    /// Opens the source that the request names; if it was opened before, the same device. May take
    /// seconds.
    ///
    /// # Errors
    /// Those of [`open`](crate::open); [`CameraError::Replaced`] if the device is gone and another
    /// one has its name.
    pub fn open(&mut self, request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
        self.known.take_if(|(source, _)| *source != request.source);
        let source = match &self.known {
            Some((source, known)) if !has_stable_name(source) => {
                Source::Device(identity::find(known).ok_or_else(|| gone(source, known))?)
            }
            _ => request.source.clone(),
        };
        let camera = crate::open(&CaptureRequest {
            source,
            ..request.clone()
        })?;
        if let Some(known) = camera.device().and_then(identity::identify) {
            self.known = Some((request.source.clone(), known));
        }
        Ok(camera)
    }

    /// Resets the USB device of the camera that was opened last, if this user may do that. The
    /// camera must be closed.
    pub fn reset(&mut self) {
        let Some((_, known)) = &self.known else {
            return;
        };
        match identity::find(known).map(|node| identity::reset(&node)) {
            Some(Ok(())) => log::warn!("{known}: its USB device was reset"),
            Some(Err(why)) => log::info!("{known}: its USB device can't be reset: {why}"),
            None => {}
        }
    }
}

/// Whether the source is named by a link that udev keeps for one device or one port.
fn has_stable_name(source: &Source) -> bool {
    matches!(source, Source::Device(path) if path.starts_with("/dev/v4l"))
}

/// The error for a device that is not there.
fn gone(source: &Source, known: &DeviceIdentity) -> CameraError {
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
