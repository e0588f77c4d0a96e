//! The thread's place in the scheduler, above video and files: a period of a device is 5 to 20 ms,
//! and a missed one is heard. The only unsafe code of this crate.

/// Below the kernel's own sound threads, above everything that shares the machine evenly.
#[cfg(target_os = "linux")]
const REAL_TIME: libc::c_int = 5;
/// Where real time is not permitted: what a user may ask for with `LimitNICE`.
#[cfg(target_os = "linux")]
const NICE: libc::c_int = -10;

/// Raises the calling thread as far as the system permits; tells how, for the log.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library has no scheduling")]
pub(crate) fn raise() -> &'static str {
    // SAFETY: all zeros is a valid sched_param.
    let mut wanted: libc::sched_param = unsafe { std::mem::zeroed() };
    wanted.sched_priority = REAL_TIME;
    // Children, as of `cmd:`, start at the usual priority.
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // Not sched_setscheduler, which in musl, so in a static box, only fails.
    // SAFETY: the calling thread is alive, and the struct lives through the call.
    let failed =
        unsafe { libc::pthread_setschedparam(libc::pthread_self(), policy, &raw const wanted) };
    if failed == 0 {
        return "real time";
    }
    // SAFETY: numbers only; on Linux 0 is the calling thread.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) } {
        0 => "nice -10",
        _ => "as usual",
    }
}

/// Elsewhere the thread stays as it is.
#[cfg(not(target_os = "linux"))]
pub(crate) fn raise() -> &'static str {
    "as usual"
}
