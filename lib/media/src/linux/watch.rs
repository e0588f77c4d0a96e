//! Reports when a device appears, vanishes, or gets other permissions.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::sys::inotify::Inotify;

/// A watch on the video devices of this machine.
#[derive(Debug)]
pub struct DeviceWatch(Inotify);

impl DeviceWatch {
    /// Watches `/dev`.
    ///
    /// # Errors
    /// The user has too many watches, or the system offers none.
    pub fn new() -> io::Result<Self> {
        Inotify::watch(c"/dev").map(Self)
    }

    /// Readable when something has changed.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Whether a video device was among what changed since the last call. Reads until there is
    /// nothing more.
    pub fn changed(&mut self) -> bool {
        let mut changed = false;
        // A lost event may have been about a video device.
        let is_about = |name: Option<&[u8]>| {
            name.is_none_or(|name| name.starts_with(b"video") || name == b"v4l")
        };
        self.0.read(|name| changed |= is_about(name));
        changed
    }
}
