//! Opens the first camera that works; otherwise the error lists each device and why it can't be
//! used.

use crate::{Camera, CameraError, CaptureRequest, Source, list, open as open_source};

/// Opens the first device that can be opened.
pub(crate) fn open(request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
    let mut looked = Vec::new();
    for device in list() {
        let source = match (&device.problem, device.is_pi()) {
            (_, true) => Source::Pi,
            (Some(problem), false) => {
                looked.push(format!("{}: {problem}", device.path.display()));
                continue;
            }
            (None, false) => Source::Device(device.stable.unwrap_or(device.path)),
        };
        match open_source(&CaptureRequest {
            source,
            ..request.clone()
        }) {
            Ok(camera) => return Ok(camera),
            Err(error) => looked.push(error.to_string()),
        }
    }
    Err(CameraError::NoneFound { looked })
}
