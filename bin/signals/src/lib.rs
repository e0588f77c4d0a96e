//! Signals: which end a program, when at once, and which it survives; and the keys of its terminal,
//! whose mode every end of the program restores. It knows nothing of what the program does.
//!
//! A program calls [`survive_file_limit`] first, and [`watch`] as soon as it has something to end
//! in good order:
//!
//! ```no_run
//! use transom_signals::{Hangup, Wish, survive_file_limit, watch};
//! survive_file_limit()?;
//! watch(Hangup::of_a_service(), |wish| match wish {
//!     Wish::End => println!("finishes films, says goodbye, ends children"),
//!     Wish::Reload => println!("reads its settings again"),
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! | signal | meaning |
//! |---|---|
//! | SIGINT, SIGTERM | end; again within [`SAME_WISH`], the same wish; again later, end at once |
//! | SIGHUP | the terminal is gone: end; for a service without a terminal: reload |
//! | SIGHUP, ignored at the start (`nohup`) | nothing |
//! | SIGUSR1 | what the program says, such as pause or go on ([`watch_user_signal`]) |
//! | SIGTSTP, SIGQUIT | the default, after the terminal's mode is restored ([`Keys`]) |
//! | SIGXFSZ | nothing: the write fails with EFBIG |
#![cfg(unix)]
#![forbid(unsafe_code)]

mod keys;

use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};

pub use keys::Keys;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wish {
    /// End in good order. It may come more than once.
    End,
    /// Read what may have changed again, and go on.
    Reload,
}

/// What SIGHUP means to a program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hangup {
    /// The terminal is gone, and the program ends with it.
    End,
    /// There is no terminal that could go: a service is asked to reload.
    Reload,
}

impl Hangup {
    /// For a program that may run as a service: without a controlling terminal SIGHUP can only mean
    /// reload.
    pub fn of_a_service() -> Self {
        // Opens for a process with a controlling terminal and for no other.
        match File::open("/dev/tty") {
            Ok(_) => Self::End,
            Err(_) => Self::Reload,
        }
    }
}

/// Tells each wish as it comes, on a thread of its own that ends with the process: a second signal
/// then ends even a goodbye that hangs.
///
/// When a second SIGINT or SIGTERM asks for it, the process ends at once, with 128 and the signal's
/// number as its exit code: no destructor runs, whatever the other threads do. A SIGHUP that was
/// ignored at the start stays ignored, as `nohup` promises.
///
/// # Errors
/// When the system gives no handler, pipe or thread.
pub fn watch(hangup: Hangup, mut tell: impl FnMut(Wish) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if !is_ignored(SIGHUP) {
        signals.add_signal(SIGHUP)?;
    }
    let mut rule = Rule::new(hangup);
    let hear = move || {
        for signal in signals.forever() {
            match rule.hear(signal, Instant::now()) {
                Verdict::Tell(request) => tell(request),
                Verdict::Exit => {
                    keys::end();
                    low_level::exit(128 + signal)
                }
            }
        }
    };
    Builder::new().name("signals".into()).spawn(hear).map(drop)
}

/// Tells each SIGUSR1, by which a user without a terminal asks a program for something, on a thread
/// of its own. Without this the signal ends the program.
///
/// # Errors
/// When the system gives no handler, pipe or thread.
pub fn watch_user_signal(mut tell: impl FnMut() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGUSR1])?;
    let hear = move || signals.forever().for_each(|_| tell());
    Builder::new()
        .name("user signal".into())
        .spawn(hear)
        .map(drop)
}

/// Makes a write beyond the limit of `ulimit -f` fail with EFBIG, where SIGXFSZ would kill the
/// program: one file ends, with its reason, and calls, cameras and other files go on.
///
/// A handler that does nothing takes the signal, since an *ignored* signal stays ignored in every
/// child: a program started by this one begins with SIGXFSZ as usual. (The standard library does
/// the same for SIGPIPE, which it ignores here and resets in children.) Where SIGXFSZ was ignored
/// at the start, it stays so for the children too.
///
/// # Errors
/// When the system gives no handler.
pub fn survive_file_limit() -> io::Result<()> {
    if is_ignored(SIGXFSZ) {
        return Ok(());
    }
    flag::register(SIGXFSZ, Arc::default()).map(drop)
}

/// Whether the signal is ignored as of now. Only Linux tells; elsewhere none is taken to be.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignores(&status, signal)
}

fn ignores(status: &str, signal: i32) -> bool {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// What a signal means, by what came before it.
#[derive(Debug)]
struct Rule {
    hangup: Hangup,
    /// When the end was asked for first.
    since: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Tell(Wish),
    Exit,
}

impl Rule {
    fn new(hangup: Hangup) -> Self {
        let since = None;
        Self { hangup, since }
    }

    fn hear(&mut self, signal: i32, now: Instant) -> Verdict {
        if signal == SIGHUP && self.hangup == Hangup::Reload {
            return Verdict::Tell(Wish::Reload);
        }
        let since = *self.since.get_or_insert(now);
        // A terminal that goes is told by the kernel and by the shell, which may be slow.
        match signal != SIGHUP && now.saturating_duration_since(since) >= SAME_WISH {
            true => Verdict::Exit,
            false => Verdict::Tell(Wish::End),
        }
    }
}

/// Signals that ask for the end within this time of the first are one wish: `timeout`, shells and
/// service managers signal a program and then its process group.
pub const SAME_WISH: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: Verdict = Verdict::Tell(Wish::End);

    #[test]
    fn a_second_signal_ends_at_once_only_when_it_is_a_second_wish() {
        let start = Instant::now();
        for (signal, after, verdict) in [
            (SIGTERM, 0, TOLD),
            (SIGTERM, 999, TOLD),
            (SIGINT, 999, TOLD),
            (SIGTERM, 1000, Verdict::Exit),
            (SIGINT, 5000, Verdict::Exit),
            (SIGHUP, 5000, TOLD),
        ] {
            let mut rule = Rule::new(Hangup::End);
            assert_eq!(rule.hear(SIGTERM, start), TOLD);
            let now = start + Duration::from_millis(after);
            assert_eq!(rule.hear(signal, now), verdict, "{signal} after {after} ms");
        }
    }

    #[test]
    fn many_signals_in_a_row_prolong_nothing() {
        let start = Instant::now();
        let mut rule = Rule::new(Hangup::End);
        let mut hear = |millis| rule.hear(SIGINT, start + Duration::from_millis(millis));
        assert_eq!([hear(0), hear(600)], [TOLD, TOLD]);
        assert_eq!(hear(1200), Verdict::Exit);
    }

    #[test]
    fn a_hangup_ends_or_reloads_and_only_the_end_counts_as_a_wish_to_end() {
        let now = Instant::now();
        assert_eq!(Rule::new(Hangup::End).hear(SIGHUP, now), TOLD);
        let mut service = Rule::new(Hangup::Reload);
        let later = now + Duration::from_secs(9);
        assert_eq!(service.hear(SIGHUP, now), Verdict::Tell(Wish::Reload));
        assert_eq!(service.hear(SIGTERM, later), TOLD);
    }

    #[test]
    fn the_kernels_mask_of_ignored_signals_is_read() {
        let status = "Name:\tx\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000001000001\nSigCgt:\t2\n";
        assert!(ignores(status, SIGHUP) && ignores(status, SIGXFSZ));
        assert!(!ignores(status, SIGINT) && !ignores(status, SIGTERM));
        for status in ["", "SigIgn:\n", "SigIgn:\tx\n"] {
            assert!(!ignores(status, SIGHUP), "{status:?}");
        }
    }
}
