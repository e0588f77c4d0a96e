//! Our own camera: its state, the list of cameras, and our own small picture.

use transom::CameraState;
use transom::media::{CaptureRequest, Device, Source};

/// Our own camera.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    /// What was asked of the station; `None` for no camera.
    pub(crate) request: Option<CaptureRequest>,
    /// How it says it is.
    pub(crate) state: Option<(CameraState, String)>,
    /// The cameras of this machine; `None` while they are looked for.
    pub(crate) devices: Option<Vec<Device>>,
    /// The last good picture's Exif orientation.
    pub(crate) shown: Option<u8>,
    /// Whether the small picture was put away during calls.
    pub(crate) hidden: bool,
    /// Whether the small picture is open outside calls.
    pub(crate) open: bool,
    /// Where it is.
    pub(crate) corner: Corner,
}

/// A corner of the picture.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Corner {
    UpperLeft,
    UpperRight,
    LowerLeft,
    #[default]
    LowerRight,
}

impl Corner {
    /// From left and top.
    pub(crate) fn of(is_right: bool, is_low: bool) -> Self {
        match (is_right, is_low) {
            (false, false) => Self::UpperLeft,
            (true, false) => Self::UpperRight,
            (false, true) => Self::LowerLeft,
            (true, true) => Self::LowerRight,
        }
    }

    pub(crate) fn is_right(self) -> bool {
        matches!(self, Self::UpperRight | Self::LowerRight)
    }

    pub(crate) fn is_low(self) -> bool {
        matches!(self, Self::LowerLeft | Self::LowerRight)
    }
}

impl Own {
    /// Whether that is a camera of the list.
    pub(crate) fn is_listed(&self, source: &Source) -> bool {
        let mut devices = self.devices.iter().flatten();
        devices.any(|device| source_of(device) == *source)
    }

    /// Another camera, in the size that was chosen before.
    pub(crate) fn with_source(&self, source: Source) -> CaptureRequest {
        CaptureRequest {
            source,
            ..self.request.clone().unwrap_or_default()
        }
    }

    /// The same camera in another size.
    pub(crate) fn with_size(&self, size: Option<(u16, u16)>) -> CaptureRequest {
        CaptureRequest {
            size,
            ..self.request.clone().unwrap_or_default()
        }
    }
}

/// How a camera of the list is chosen: by the name that stays, if it has one.
pub(crate) fn source_of(device: &Device) -> Source {
    Source::Device(device.stable.as_ref().unwrap_or(&device.path).clone())
}
