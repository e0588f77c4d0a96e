//! Our own camera as its owner sees it: its state, the choice of cameras, and the small picture of
//! oneself.

use transom::CameraState;
use transom::media::{CaptureRequest, Device, Source};

/// Our own camera.
#[derive(Clone, Debug)]
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
    /// Where its middle is, in thousandths of the room across and down.
    pub(crate) place: (u16, u16),
}

impl Default for Own {
    /// In the upper right corner: below are the buttons, and most of whom one talks with.
    fn default() -> Self {
        Self {
            request: None,
            state: None,
            devices: None,
            shown: None,
            hidden: false,
            open: false,
            place: (1000, 0),
        }
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
