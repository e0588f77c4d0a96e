//! Keys of the terminal in which a program runs, one by one and without echo. The terminal's mode
//! is restored on every way out but SIGKILL.
//!
//! ```text
//!   foreground: no lines, no echo --SIGTSTP, end, panic--> as it was
//!        ^                                                    |
//!        `------------ SIGCONT, `fg` (seen by polling) -------'
//! ```

use std::io::{self, stdin};
use std::panic::{set_hook, take_hook};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::process::{getpgrp, getsid};

use rustix::termios::{
    LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr,
};
use signal_hook::consts::{SIGQUIT, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// How often the reader looks whether the program is in the foreground: a shell that moves it there
/// does not always say so by a signal.
const LOOK: Duration = Duration::from_millis(250);

/// Begins a sequence of bytes that one special key sends.
const ESCAPE: u8 = 0x1b;

/// The mode of the terminal at the standard input. There is one standard input, and a panic and a
/// signal have to restore its mode from any thread.
static MODE: Mutex<Mode> = Mutex::new(Mode::Over);

enum Mode {
    /// Keys are not read, or no longer.
    Over,
    /// Keys are read, and the mode of the terminal is not ours.
    Usual,
    /// The mode is ours; as it was before.
    Keys(Box<Termios>),
}

/// Reads keys until it is dropped, while the program is in the foreground.
#[derive(Debug)]
pub struct Keys(());

impl Keys {
    /// Tells each key that is a visible character, on a thread of its own; `None` where the
    /// standard input is no terminal.
    ///
    /// # Errors
    /// When the system gives no handler, pipe or thread.
    pub fn read(tell: impl FnMut(char) + Send + 'static) -> io::Result<Option<Self>> {
        if !isatty(stdin()) {
            return Ok(None);
        }
        let mut signals = Signals::new([SIGTSTP, SIGQUIT])?;
        let act = move || signals.forever().for_each(stop);
        Builder::new().name("terminal".into()).spawn(act)?;
        let next = take_hook();
        set_hook(Box::new(move |panic| {
            mode().restore();
            next(panic);
        }));
        *mode() = Mode::Usual;
        let keys = Self(());
        let read = move || {
            // An error means that there is no terminal any more, or that this is the end.
            let _ = read_all(tell);
        };
        Builder::new().name("keys".into()).spawn(read)?;
        Ok(Some(keys))
    }

    /// Whether the user's keys come to this program now.
    pub fn is_in_front(&self) -> bool {
        is_in_front()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        end();
    }
}

/// Reads no more keys, and restores the mode of the terminal.
pub(crate) fn end() {
    let mut mode = mode();
    mode.restore();
    *mode = Mode::Over;
}

impl Mode {
    fn restore(&mut self) {
        let Self::Keys(before) = &*self else { return };
        // In the background the shell has set a mode of its own, and a change would stop us.
        if is_in_front() {
            // Fails only if the terminal has gone.
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
        *self = Self::Usual;
    }
}

/// Stops or quits as if there were no handler.
fn stop(signal: i32) {
    // The kernel stops no program that no shell would let go on: it would hang for ever.
    let is_leaders = getsid(None) == Ok(getpgrp());
    if signal == SIGTSTP && is_leaders {
        return;
    }
    // Locked until the program goes on, so that the reader does not change the mode meanwhile.
    let mut mode = mode();
    mode.restore();
    // Fails only for signals that can't be emulated.
    let _ = emulate_default_handler(signal);
}

/// Tells keys until they are no longer read, or the terminal has gone.
fn read_all(mut tell: impl FnMut(char)) -> io::Result<()> {
    let mut bytes = [0; 64];
    loop {
        if !enter()? {
            thread::sleep(LOOK);
            continue;
        }
        let input = stdin();
        let mut fds = [PollFd::new(&input, PollFlags::IN)];
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: LOOK.subsec_nanos().into(),
        };
        let count = match poll(&mut fds, Some(&timeout)) {
            Ok(0) => continue,
            Ok(_) => read(input, &mut bytes),
            Err(error) => Err(error),
        };
        match count {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => keys(bytes.get(..count).unwrap_or_default()).for_each(&mut tell),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The keys that were pressed. A special key, such as an arrow, is none.
fn keys(bytes: &[u8]) -> impl Iterator<Item = char> {
    let bytes = match bytes.contains(&ESCAPE) {
        true => &[],
        false => bytes,
    };
    let visible = bytes.iter().filter(|byte| byte.is_ascii_graphic());
    visible.map(|byte| char::from(*byte))
}

/// Makes the mode ours if the program is in the foreground; gives whether it is.
fn enter() -> io::Result<bool> {
    let mut mode = mode();
    if matches!(*mode, Mode::Over) {
        return Err(io::ErrorKind::Interrupted.into());
    }
    if !is_in_front() {
        return Ok(false);
    }
    let now = tcgetattr(stdin())?;
    let lines = LocalModes::ICANON | LocalModes::ECHO;
    if now.local_modes.intersects(lines) {
        let mut ours = now.clone();
        ours.local_modes.remove(lines);
        tcsetattr(stdin(), OptionalActions::Now, &ours)?;
        *mode = Mode::Keys(Box::new(now));
    }
    Ok(true)
}

fn is_in_front() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp())
}

fn mode() -> MutexGuard<'static, Mode> {
    MODE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visible_character_is_a_key_and_a_special_key_is_none() {
        let text = |bytes| keys(bytes).collect::<String>();
        assert_eq!(text(b"p"), "p");
        assert_eq!(text(b"c\nc+"), "cc+");
        for bytes in [&b"\x1b[A"[..], b"\x1bOc", b"\n", b"", "\u{e9}".as_bytes()] {
            assert_eq!(text(bytes), "", "{bytes:?}");
        }
    }
}
