//! The driver of a device node. Every call to it goes through [`Kernel`], so that a test can
//! replace the driver.

use std::ffi::c_void;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;

use v4l::v4l2::vidioc;

/// The number of an ioctl.
pub(crate) type Request = vidioc::_IOC_TYPE;

/// What the kernel offers for an open device node. Dropping it closes the node.
///
/// # Safety
///
/// [`Kernel::map`] must return the start of `length` readable bytes that stay mapped until
/// [`Kernel::unmap`].
pub(crate) unsafe trait Kernel: Send + Sync {
    /// Readable when a buffer was filled.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Calls the driver once.
    ///
    /// # Safety
    ///
    /// `argument` has to point to what `request` reads and writes, and to it alone.
    unsafe fn ioctl(&self, request: Request, argument: *mut c_void) -> io::Result<()>;

    /// Maps so many bytes of the device's memory.
    fn map(&self, length: usize, offset: u32) -> io::Result<NonNull<u8>>;

    /// Gives mapped memory back.
    ///
    /// # Safety
    ///
    /// They have to be the start and the length of one mapping of this device that was not given
    /// back, and nobody may use its memory any more.
    unsafe fn unmap(&self, start: NonNull<u8>, length: usize);
}

/// A device node of this machine.
pub(crate) struct DeviceFile(OwnedFd);

impl DeviceFile {
    /// Opens a node so that no call waits for a frame. Child processes don't inherit it: they would
    /// keep the camera busy.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK);
        Ok(Self(options.open(path)?.into()))
    }
}

// SAFETY: the kernel maps what `mmap` was asked for, and only `unmap` gives it back.
unsafe impl Kernel for DeviceFile {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    unsafe fn ioctl(&self, request: Request, argument: *mut c_void) -> io::Result<()> {
        // SAFETY: the descriptor is open, and the caller answers for the argument.
        unsafe { v4l::v4l2::ioctl(self.0.as_raw_fd(), request, argument) }
    }

    fn map(&self, length: usize, offset: u32) -> io::Result<NonNull<u8>> {
        // SAFETY: the kernel picks the place, so no memory of ours is replaced; it refuses lengths
        // and offsets that aren't its own. The driver writes there, so it has to be shared, and
        // writable for some of them.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                self.0.as_raw_fd(),
                // Buffers lie at small offsets, also where off_t is 32 bits wide.
                offset as libc::off_t,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        NonNull::new(start.cast()).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    unsafe fn unmap(&self, start: NonNull<u8>, length: usize) {
        // SAFETY: the caller answers for the mapping. An error would mean that it is none.
        unsafe { libc::munmap(start.as_ptr().cast(), length) };
    }
}
