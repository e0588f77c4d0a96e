//! Cameras with a driver of the system's.

use std::path::Path;

use crate::{Camera, CameraError, Device, Wish};

/// Opens the device at this path.
pub(crate) fn open(path: &Path, _: &Wish) -> Result<Box<dyn Camera>, CameraError> {
    Err(CameraError::Unsupported {
        source_name: path.display().to_string(),
    })
}

/// Every device.
pub(crate) fn list() -> Vec<Device> {
    Vec::new()
}
