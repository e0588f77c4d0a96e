//! Cameras with a driver, through the folder of this system.

#[cfg(all(target_os = "linux", not(feature = "nokhwa")))]
pub(crate) use crate::linux::open;
#[cfg(target_os = "linux")]
pub(crate) use crate::linux::{candidates, holder, list, usb_speed, wants_reset};
#[cfg(not(target_os = "linux"))]
pub(crate) use crate::nokhwa::{list, open};

/// Opens a device by its path, or by its number through the backend of other systems.
#[cfg(all(target_os = "linux", feature = "nokhwa"))]
pub(crate) fn open(
    path: &std::path::Path,
    request: &crate::CaptureRequest,
) -> Result<Box<dyn crate::Camera>, crate::CameraError> {
    let by_number = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .all(u8::is_ascii_digit);
    if by_number {
        crate::nokhwa::open(path, request)
    } else {
        crate::linux::open(path, request)
    }
}

/// The devices that [`Source::Auto`](crate::Source::Auto) tries. Other systems list them all at
/// once.
#[cfg(not(target_os = "linux"))]
pub(crate) fn candidates(_: Option<&std::path::Path>) -> impl Iterator<Item = crate::Device> {
    crate::list().into_iter()
}

/// Only Linux can report which program has a device open.
#[cfg(not(target_os = "linux"))]
pub(crate) fn holder(_: &std::path::Path) -> Option<String> {
    None
}

/// Other systems reset their devices themselves.
#[cfg(not(target_os = "linux"))]
pub(crate) fn wants_reset(_: &std::io::Error) -> bool {
    false
}

/// Only Linux can report the speed of a port.
#[cfg(not(target_os = "linux"))]
pub(crate) fn usb_speed(_: &std::path::Path) -> Option<u32> {
    None
}
