//! The cameras of this machine, and what is known of each without starting a stream. The folder of
//! each system finds them.

use std::path::PathBuf;

use crate::{Control, Setting, SettingError};

/// A device that is a camera, or looks like one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Device {
    /// Its node, as `/dev/video0`.
    pub path: PathBuf,
    /// A name that stays the same when the device is plugged in again, as `/dev/v4l/by-id/…`.
    pub stable: Option<PathBuf>,
    /// What it calls itself. It comes from the device: escape it before showing it.
    pub name: String,
    /// The driver, as `uvcvideo`.
    pub driver: String,
    /// The modes that it offers: `MJPG 1280x720 30 fps`.
    pub modes: Vec<String>,
    /// The controls that can be set.
    pub controls: Vec<Control>,
    /// Why it can't be used, if it can't.
    pub problem: Option<DeviceProblem>,
}

/// Why a device gives this program no pictures.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceProblem {
    /// A sensor without an image processor, which makes pictures of its values.
    #[error("it is the raw sensor of a ribbon cable camera; use the source `pi`")]
    RawSensor,
    /// A converter or codec of the system.
    #[error("it converts pictures, it takes none")]
    Converter,
    /// It has only the multi-planar API of V4L2.
    #[error("it uses the multi-planar API of V4L2, which is not supported")]
    MultiPlanar,
    /// It has no buffers that can be mapped.
    #[error("it can't stream")]
    NoStreaming,
    /// It doesn't capture video, as the second node of a webcam.
    #[error("it takes no pictures; many cameras have a second node for their metadata")]
    NoCapture,
    /// It has no picture format that this program knows.
    #[error("no picture format that can be used")]
    NoFormat,
    /// This user has no right to open it.
    #[error("{0}")]
    Denied(String),
    /// It can't be opened, for that reason.
    #[error("{0}")]
    Failed(String),
    /// Its driver does not answer.
    #[error(
        "its driver does not answer; unplug the camera and plug it in again, or restart the machine"
    )]
    Silent,
}

impl Device {
    /// Checks that the device accepts a setting.
    ///
    /// # Errors
    /// It has no such control, or the control takes other values.
    pub fn check(&self, setting: &Setting) -> Result<(), SettingError> {
        let control = crate::control::find(&self.controls, setting)?;
        control.value_of(&setting.value).map(drop)
    }

    /// The program that has it open, by name and process id, where this user may see that. Looking
    /// at the descriptors of every process takes milliseconds.
    pub fn holder(&self) -> Option<String> {
        crate::source::device::holder(&self.path)
    }

    /// The speed of its USB port in Mbit/s, where it has one: 12, 480, 5000.
    pub fn usb_speed(&self) -> Option<u32> {
        crate::source::device::usb_speed(&self.path)
    }

    /// Whether it compresses pictures itself.
    pub fn sends_jpeg(&self) -> bool {
        let is_jpeg = |mode: &String| mode.starts_with("MJPG") || mode.starts_with("JPEG");
        self.modes.iter().any(is_jpeg)
    }

    /// True for the raw sensor of a Raspberry Pi, which is used through the source `pi`.
    pub fn is_pi(&self) -> bool {
        matches!(self.driver.as_str(), "unicam" | "rp1-cfe")
    }
}

/// Every device, the usable ones first, then by path. It takes two seconds at most: a device whose
/// driver doesn't answer has [`DeviceProblem::Silent`].
pub fn list() -> Vec<Device> {
    let mut devices = crate::source::device::list();
    devices.sort_by(|a, b| (a.problem.is_some(), &a.path).cmp(&(b.problem.is_some(), &b.path)));
    devices
}
