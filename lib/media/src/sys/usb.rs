//! The reset of a USB device.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// `USBDEVFS_RESET` of `linux/usbdevice_fs.h`: `_IO('U', 20)`.
const RESET: libc::c_ulong = 0x5514;

/// Resets the device whose node below `/dev/bus/usb` was opened for writing.
pub(crate) fn reset(device: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open, and this request takes no argument. For a descriptor of
    // another kind the kernel gives an error.
    let done = unsafe { libc::ioctl(device.as_raw_fd(), RESET as _, 0) };
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
