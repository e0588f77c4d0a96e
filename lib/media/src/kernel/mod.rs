//! Calls into the kernel that the standard library doesn't offer: the only unsafe code of this
//! crate. It decides nothing.

#[cfg(target_os = "linux")]
pub(crate) mod buffers;
#[cfg(target_os = "linux")]
pub(crate) mod video;

use std::os::fd::{AsRawFd, BorrowedFd};
use std::process::Child;

/// Bytes of a pipe for pictures: one large picture, so that a writer isn't held up in its middle.
/// An unprivileged user may have so much.
#[cfg(target_os = "linux")]
const PIPE_BYTES: libc::c_int = 1024 * 1024;

/// What a process group is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// To end when it suits.
    Terminate,
    /// To end now.
    Kill,
}

/// Signals the group that a child leads. The child has to be ours and unreaped or its group still
/// in use; a group without processes is no error.
pub(crate) fn signal_group(leader: &Child, signal: Signal) {
    let Ok(group) = libc::pid_t::try_from(leader.id()) else {
        return;
    };
    let signal = match signal {
        Signal::Terminate => libc::SIGTERM,
        Signal::Kill => libc::SIGKILL,
    };
    // SAFETY: kill takes two numbers and touches no memory of ours. The group is above 0, so it is
    // never "all processes".
    unsafe { libc::kill(-group.max(2), signal) };
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
