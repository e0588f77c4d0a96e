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
pub(crate) fn raise() -> &'static str {
    match schedule(libc::SCHED_RR, REAL_TIME) {
        true => "real time",
        false => raise_nice(),
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library has no scheduling")]
fn raise_nice() -> &'static str {
    // The usual policy, for the sake of its children.
    if !schedule(libc::SCHED_OTHER, 0) {
        return "as usual";
    }
    // SAFETY: numbers only; on Linux 0 is the calling thread.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) } {
        0 => "nice -10",
        _ => "as usual",
    }
}

/// Changes the calling thread's policy. Its children, as of `cmd:`, start at the usual priority,
/// whether it is this policy or the nice value that raised the thread.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library has no scheduling")]
fn schedule(policy: libc::c_int, priority: libc::c_int) -> bool {
    // SAFETY: all zeros is a valid sched_param.
    let mut wanted: libc::sched_param = unsafe { std::mem::zeroed() };
    wanted.sched_priority = priority;
    let policy = policy | libc::SCHED_RESET_ON_FORK;
    // Not sched_setscheduler, which in musl, so in a static box, only fails.
    // SAFETY: the calling thread is alive, and the struct lives through the call.
    unsafe { libc::pthread_setschedparam(libc::pthread_self(), policy, &raw const wanted) == 0 }
}

/// Elsewhere the thread stays as it is.
#[cfg(not(target_os = "linux"))]
pub(crate) fn raise() -> &'static str {
    "as usual"
}

#[cfg(target_os = "linux")]
#[cfg(test)]
pub(super) mod tests {
    use std::process::Command;

    use super::*;

    /// The nice value and the policy of a child of this thread.
    fn of_a_child() -> [i64; 2] {
        let stat = Command::new("cat").arg("/proc/self/stat").output().unwrap();
        let stat = String::from_utf8(stat.stdout).unwrap();
        // After the name, which may hold spaces, come the fields from the third on.
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        [19, 41].map(|field| fields[field - 3].parse().unwrap())
    }

    /// Whether [`raise`] was called on this thread: it leaves a flag also where nothing more is
    /// permitted.
    #[expect(unsafe_code, reason = "the standard library has no scheduling")]
    pub(in crate::engine) fn is_raised() -> bool {
        // SAFETY: numbers only; 0 is the calling thread.
        let policy = unsafe { libc::sched_getscheduler(0) };
        policy >= 0 && policy & libc::SCHED_RESET_ON_FORK != 0
    }

    #[test]
    fn a_child_of_the_raised_thread_has_the_usual_priority() {
        for raise in [raise, raise_nice] {
            let child = std::thread::spawn(move || {
                let how = raise();
                eprintln!("the thread runs {how}");
                of_a_child()
            });
            let usual = i64::from(libc::SCHED_OTHER);
            assert_eq!(child.join().unwrap(), [0, usual]);
        }
    }
}
