//! What a program writes to its standard error: always read, so that the program is never held up,
//! logged in part, and the last line kept.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::pipe::nonblocking;
use crate::{Hold, Waiter};

/// Bytes of one message; a longer line counts as several.
const MAX_MESSAGE_BYTES: usize = 512;
/// Bytes read after the end of the program: what a pipe holds. A process that outlives the program
/// may write on and on.
const MAX_LAST_BYTES: usize = 64 * 1024;
/// Messages logged in one [`WINDOW`].
const MAX_LOGGED: u32 = 10;
const WINDOW: Duration = Duration::from_secs(1);
/// Enough to read lines.
const STACK_BYTES: usize = 128 * 1024;

/// A thread that reads messages.
pub(super) struct Messages {
    hold: Hold,
    reader: JoinHandle<String>,
}

impl Messages {
    pub(super) fn read(from: impl Into<OwnedFd>) -> io::Result<Self> {
        let from = BufReader::new(io::PipeReader::from(nonblocking(from.into())?));
        let (hold, waiter) = Waiter::new()?;
        let reader = std::thread::Builder::new()
            .name("messages".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || read(from, &waiter))?;
        Ok(Self { hold, reader })
    }

    /// The last message of a program that has ended. A process that it left behind may hold the
    /// pipe open: the end of the pipe is not waited for.
    pub(super) fn last(self) -> String {
        drop(self.hold);
        self.reader.join().unwrap_or_default()
    }
}

fn read(mut from: BufReader<io::PipeReader>, waiter: &Waiter) -> String {
    let (mut line, mut last) = (Vec::new(), String::new());
    let (mut limit, mut left) = (LogLimit::new(Instant::now()), MAX_LAST_BYTES);
    let mut goes_on = true;
    while goes_on {
        let is_over = !waiter.is_held();
        let before = line.len();
        let room = (MAX_MESSAGE_BYTES - before) as u64;
        let read = from.by_ref().take(room).read_until(b'\n', &mut line);
        match read {
            Err(why) if why.kind() == ErrorKind::WouldBlock && !is_over => {
                waiter.wait_for(from.get_ref().as_fd());
                continue;
            }
            // The line begun is the last one.
            Ok(0) | Err(_) => goes_on = false,
            Ok(read) if is_over => {
                left = left.saturating_sub(read);
                goes_on = left > 0;
            }
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            last = text.trim().to_owned();
            limit.log(&last, Instant::now());
        }
        line.clear();
    }
    last
}

/// Logs at most [`MAX_LOGGED`] messages in one [`WINDOW`]: a program must not fill the log.
struct LogLimit {
    since: Instant,
    messages: u32,
}

impl LogLimit {
    fn new(since: Instant) -> Self {
        let messages = 0;
        Self { since, messages }
    }

    fn log(&mut self, message: &str, now: Instant) {
        if self.allows(now) {
            log::info!("child says={message:?}");
        }
    }

    fn allows(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= WINDOW {
            if let Some(more @ 1..) = self.messages.checked_sub(MAX_LOGGED) {
                log::info!("child messages_not_logged={more}");
            }
            *self = Self::new(now);
        }
        self.messages = self.messages.saturating_add(1);
        self.messages <= MAX_LOGGED
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_last_line_is_kept_though_the_pipe_stays_open() {
        for (text, last) in [
            ("starting\nno cameras\n\n", "no cameras"),
            ("starting\nwithout an end", "without an end"),
            ("", ""),
        ] {
            let (ours, mut theirs) = io::pipe().unwrap();
            let messages = Messages::read(ours).unwrap();
            theirs.write_all(text.as_bytes()).unwrap();
            assert_eq!(messages.last(), last);
            drop(theirs);
        }
    }

    #[test]
    fn a_process_that_writes_on_and_on_does_not_hold_up_the_end() {
        let (ours, mut theirs) = io::pipe().unwrap();
        theirs.write_all(b"more\n").unwrap();
        let messages = Messages::read(ours).unwrap();
        let writer = std::thread::spawn(move || while theirs.write_all(b"more\n").is_ok() {});
        assert_eq!(messages.last(), "more");
        writer.join().unwrap();
    }

    #[test]
    fn ten_messages_a_second_are_logged() {
        let start = Instant::now();
        let mut limit = LogLimit::new(start);
        let logged = (0..3000).filter(|at| limit.allows(start + Duration::from_millis(*at)));
        assert_eq!(logged.count(), 30);
    }
}
