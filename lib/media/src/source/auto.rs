//! Opens the first camera that works; otherwise the error lists each device and why it can't be
//! used.

use std::path::Path;

use super::device::candidates;
use crate::{Camera, CameraError, CaptureRequest, Device, Source, open as open_source};

/// Opens the first device that can be opened. The device of the path `last` is tried last.
pub(crate) fn open(
    request: &CaptureRequest,
    last: Option<&Path>,
) -> Result<Box<dyn Camera>, CameraError> {
    first(candidates(last), |source| {
        open_source(&CaptureRequest {
            source,
            ..request.clone()
        })
    })
}

/// Opens the first device that works. The iterator examines a device only once all before it have
/// failed.
fn first(
    devices: impl Iterator<Item = Device>,
    mut open: impl FnMut(Source) -> Result<Box<dyn Camera>, CameraError>,
) -> Result<Box<dyn Camera>, CameraError> {
    let (mut looked, mut has_pi) = (Vec::new(), false);
    // Errors that say more than that no camera was found.
    let (mut failing, mut held) = (None, None);
    for device in devices {
        if device.is_pi() {
            has_pi = true;
            continue;
        }
        if let Some(problem) = &device.problem {
            looked.push(format!("{}: {problem}", device.path.display()));
            continue;
        }
        match open(Source::Device(device.stable.unwrap_or(device.path))) {
            Ok(camera) => return Ok(camera),
            Err(error) if error.wants_reset() => failing = failing.or(Some(error)),
            Err(error @ (CameraError::Busy { .. } | CameraError::Denied { .. })) => {
                held = held.or(Some(error));
            }
            Err(error) => looked.push(error.to_string()),
        }
    }
    // A ribbon cable camera has several nodes and is opened by one program.
    if has_pi {
        match open(Source::Pi) {
            Ok(camera) => return Ok(camera),
            Err(error) => looked.push(error.to_string()),
        }
    }
    let none = CameraError::NoneFound { looked };
    Err(failing.or(held).unwrap_or(none))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceProblem;

    fn device(path: &str, driver: &str, problem: Option<DeviceProblem>) -> Device {
        Device {
            path: path.into(),
            driver: driver.to_owned(),
            problem,
            ..Device::default()
        }
    }

    fn camera() -> Result<Box<dyn Camera>, CameraError> {
        let request = CaptureRequest {
            source: Source::Pattern,
            ..CaptureRequest::default()
        };
        open_source(&request)
    }

    fn webcam(path: &str) -> Source {
        Source::Device(path.into())
    }

    #[test]
    fn devices_after_the_first_that_works_are_not_examined() {
        let mut examined = 0;
        let devices = ["/dev/video0", "/dev/video1", "/dev/video2"];
        let devices = devices.into_iter().map(|path| {
            examined += 1;
            device(path, "uvcvideo", None)
        });
        let opened = first(devices, |source| match source {
            source if source == webcam("/dev/video0") => Err(CameraError::Lost {
                device: "/dev/video0".to_owned(),
            }),
            _ => camera(),
        });
        assert!(opened.is_ok());
        assert_eq!(examined, 2);
    }

    #[test]
    fn a_ribbon_cable_camera_is_tried_once_and_last() {
        let devices = [
            device("/dev/video0", "unicam", Some(DeviceProblem::RawSensor)),
            device("/dev/video1", "unicam", Some(DeviceProblem::RawSensor)),
            device("/dev/video2", "uvcvideo", None),
            device("/dev/video3", "uvcvideo", Some(DeviceProblem::NoCapture)),
        ];
        let mut tried = Vec::new();
        let error = first(devices.into_iter(), |source| {
            tried.push(source);
            let device = "a camera".to_owned();
            Err(CameraError::Lost { device })
        });
        assert_eq!(tried, [webcam("/dev/video2"), Source::Pi]);
        assert!(
            matches!(error.err(), Some(CameraError::NoneFound { looked }) if looked.len() == 3)
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_error_of_the_bus_is_returned_itself_so_that_the_device_is_reset() {
        let devices = ["/dev/video0", "/dev/video1"].map(|path| device(path, "uvcvideo", None));
        let error = first(devices.into_iter(), |source| match source {
            source if source == webcam("/dev/video0") => Err(CameraError::Io {
                device: "/dev/video0".to_owned(),
                step: "set the format",
                why: std::io::Error::from_raw_os_error(libc::EPROTO),
            }),
            _ => Err(CameraError::Busy {
                device: "/dev/video1".to_owned(),
                by: None,
            }),
        });
        assert!(matches!(error.err(), Some(CameraError::Io { .. })));
    }

    #[test]
    fn a_camera_that_another_program_has_is_no_camera_that_was_not_found() {
        let devices = ["/dev/video0", "/dev/video1"].map(|path| device(path, "uvcvideo", None));
        let error = first(devices.into_iter(), |source| match source {
            source if source == webcam("/dev/video1") => Err(CameraError::Busy {
                device: "/dev/video1".to_owned(),
                by: Some("zoom (7)".to_owned()),
            }),
            _ => Err(CameraError::Lost {
                device: "/dev/video0".to_owned(),
            }),
        });
        assert!(matches!(error.err(), Some(CameraError::Busy { .. })));
    }
}
