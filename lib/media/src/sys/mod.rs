//! Calls into the kernel that the standard library doesn't offer: the only unsafe code of this
//! crate. It decides nothing.

#[cfg(target_os = "linux")]
pub(crate) mod buffers;
#[cfg(target_os = "linux")]
pub(crate) mod video;

use std::os::fd::{AsRawFd, BorrowedFd};

/// Bytes of a pipe for pictures: one large picture, so that a writer isn't held up in its middle.
/// An unprivileged user may have so much.
#[cfg(target_os = "linux")]
const PIPE_BYTES: libc::c_int = 1024 * 1024;

/// Waits until a descriptor can be read, or has ended or failed: then the read says so.
pub(crate) fn wait_readable(descriptor: BorrowedFd<'_>) {
    let mut asked = libc::pollfd {
        fd: descriptor.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the descriptor is open for the length of the call, and `asked` is one pollfd.
    unsafe { libc::poll(&raw mut asked, 1, -1) };
}

/// Makes a pipe hold more, where that can be had; anything else than a pipe stays as it is.
pub(crate) fn widen_pipe(pipe: BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    // SAFETY: the descriptor is open for the length of the call, and F_SETPIPE_SZ takes a number.
    unsafe {
        libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES)
    };
    #[cfg(not(target_os = "linux"))]
    let _ = pipe.as_raw_fd();
}
