//! Calls into the kernel that the standard library doesn't offer: the only unsafe code of this
//! crate besides the SIMD of `jpeg/baseline/lanes`, and the call in `jpeg/baseline` of a function
//! that is compiled for newer processors. It decides nothing.

#[cfg(target_os = "linux")]
pub(crate) mod buffers;
#[cfg(all(test, target_os = "linux"))]
pub(crate) mod fake;
#[cfg(target_os = "linux")]
pub(crate) mod inotify;
#[cfg(target_os = "linux")]
pub(crate) mod kernel;
#[cfg(target_os = "linux")]
pub(crate) mod usb;
#[cfg(target_os = "linux")]
pub(crate) mod video;

#[cfg(target_os = "linux")]
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
#[cfg(target_os = "linux")]
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Instant;

/// Bytes of a pipe for pictures: one large picture, so that a writer doesn't have to wait in its
/// middle. The most that an unprivileged user may have.
#[cfg(target_os = "linux")]
const PIPE_BYTES: libc::c_int = 1024 * 1024;

/// A signal for a process group.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    /// SIGTERM: programs may end in good order.
    Terminate,
    /// SIGKILL: the kernel ends them.
    Kill,
}

/// Signals all processes of a group. The caller makes sure that the id is still that group's; a
/// group without processes is no error.
pub(crate) fn signal_group(group: libc::pid_t, signal: Signal) {
    let signal = match signal {
        Signal::Terminate => libc::SIGTERM,
        Signal::Kill => libc::SIGKILL,
    };
    // SAFETY: kill takes two numbers and touches no memory of ours. The group is above 1, so it is
    // never "all processes".
    unsafe { libc::kill(-group.max(2), signal) };
}

/// Makes the kernel send the program SIGTERM when the thread that starts it ends, for whatever
/// reason: that thread must live as long as the program is wanted.
#[cfg(target_os = "linux")]
pub(crate) fn end_with_this_thread(command: &mut Command) {
    let parent = std::process::id().cast_signed();
    let ask = move || {
        // SAFETY: prctl and getppid take numbers and touch no memory of ours.
        let (asked, now) = unsafe {
            (
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM as libc::c_ulong),
                libc::getppid(),
            )
        };
        if asked != 0 {
            return Err(io::Error::last_os_error());
        }
        // The parent ended before the call above: no signal would come.
        if now != parent {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        Ok(())
    };
    // SAFETY: between fork and exec it makes two system calls and allocates nothing.
    unsafe { command.pre_exec(ask) };
}

/// Does nothing: this system has no such call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_with_this_thread(_: &mut Command) {}

/// Waits until a descriptor is readable, at its end or in error (a read then reports that). False
/// if none of these happened until `due`.
pub(crate) fn wait_readable(descriptor: BorrowedFd<'_>, due: Option<Instant>) -> bool {
    wait(&mut [asked(descriptor)], due)
}

/// Waits until the device or `end` is readable, at its end or in error, or until `due`.
pub(crate) fn wait_for(device: Option<BorrowedFd<'_>>, end: BorrowedFd<'_>, due: Option<Instant>) {
    wait(&mut [asked(end), device.map_or(NOTHING, asked)], due);
}

/// Waits until one of the entries has an event; false at `due`.
fn wait(wanted: &mut [libc::pollfd], due: Option<Instant>) -> bool {
    loop {
        let left = due.map(|due| due.saturating_duration_since(Instant::now()));
        // Rounded up, so that the wait does not end just before its time.
        let milliseconds = left.map_or(-1, |left| {
            libc::c_int::try_from(left.as_micros().div_ceil(1000)).unwrap_or(libc::c_int::MAX)
        });
        if poll(wanted, milliseconds) {
            return true;
        }
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
    }
}

/// An entry that the kernel ignores.
const NOTHING: libc::pollfd = libc::pollfd {
    fd: -1,
    events: 0,
    revents: 0,
};

fn asked(descriptor: BorrowedFd<'_>) -> libc::pollfd {
    libc::pollfd {
        fd: descriptor.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    }
}

/// True if one of the entries has an event; false after the timeout or a signal.
fn poll(wanted: &mut [libc::pollfd], milliseconds: libc::c_int) -> bool {
    let count = wanted.len() as libc::nfds_t;
    // SAFETY: the pointer is to `count` pollfds that are ours alone; their descriptors are borrowed
    // by the callers for the length of the call.
    let found = unsafe { libc::poll(wanted.as_mut_ptr(), count, milliseconds) };
    found > 0
}

/// Enlarges the buffer of a pipe, if the system allows it; other descriptors are not changed.
pub(crate) fn widen_pipe(pipe: BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    // SAFETY: the descriptor is open for the length of the call, and F_SETPIPE_SZ takes a number.
    unsafe {
        libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES)
    };
    #[cfg(not(target_os = "linux"))]
    let _ = pipe.as_raw_fd();
}
