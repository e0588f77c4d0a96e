//! A terminal for programs, without a window: what they draw is collected, and it can be closed
//! under them.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use unicode_width::UnicodeWidthStr;

use crate::PATIENCE;

/// The outer end of a pseudo-terminal. Dropping it hangs up, as a closed window or a lost SSH
/// session does.
#[derive(Debug)]
pub struct Terminal {
    master: OwnedFd,
    path: PathBuf,
}

impl Terminal {
    /// A terminal of 24 lines of so many columns.
    ///
    /// # Panics
    /// When the system has none left.
    pub fn new(columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a terminal");
        grantpt(&master).expect("a terminal of ours");
        unlockpt(&master).expect("a terminal of ours");
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).expect("a terminal has a size");
        let path = ptsname(&master, Vec::new()).expect("a terminal has a name");
        let path = PathBuf::from(path.into_string().expect("a plain name"));
        Self { master, path }
    }

    /// The same command, as the first of a session on this terminal. What it prints goes where it
    /// went before.
    pub fn command(&self, command: &Command) -> Command {
        self.session(command, "exec \"$@\" 3<>\"$0\"")
    }

    /// The same command, and what it draws beside its results (stderr) is on this terminal.
    pub fn command_drawing(&self, command: &Command) -> Command {
        self.session(command, "exec \"$@\" 2<>\"$0\"")
    }

    /// The same command as a person uses it: it reads from this terminal and draws on it.
    pub fn command_in_front(&self, command: &Command) -> Command {
        self.session(command, "exec \"$@\" <>\"$0\" >&0 2>&0")
    }

    /// The same command, which reads from this terminal and prints where it printed before.
    pub fn command_typing(&self, command: &Command) -> Command {
        self.session(command, "exec \"$@\" 0<>\"$0\"")
    }

    /// The same, as a job of a shell: if the job is stopped, a typed line lets it go on.
    pub fn command_as_job(&self, command: &Command) -> Command {
        let script = "exec 0<>\"$0\"; set -m; \"$@\"; read -r line; fg >&2";
        self.session(command, script)
    }

    /// Types a line.
    ///
    /// # Panics
    /// When nothing has the terminal open.
    pub fn type_line(&self, text: &str) {
        self.type_keys(&format!("{text}\n"));
    }

    /// Types these keys.
    ///
    /// # Panics
    /// When nothing has the terminal open.
    pub fn type_keys(&self, keys: &str) {
        let master = self.master.try_clone().expect("a descriptor");
        let typed = File::from(master).write_all(keys.as_bytes());
        typed.expect("a terminal that is read");
    }

    /// Whether the terminal gives its program whole lines and shows what is typed, as a shell
    /// expects it.
    ///
    /// # Panics
    /// When it has no mode.
    pub fn is_in_line_mode(&self) -> bool {
        let mode = tcgetattr(&self.master).expect("a terminal has a mode");
        let lines = LocalModes::ICANON | LocalModes::ECHO;
        mode.local_modes.contains(lines)
    }

    /// What is drawn from here on, until the terminal is hung up or left by its programs.
    ///
    /// # Panics
    /// When the system has no descriptor left.
    pub fn drawing(&self) -> Drawing {
        let drawing = Drawing::default();
        let mut master = File::from(self.master.try_clone().expect("a descriptor"));
        let all = drawing.clone();
        thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(count @ 1..) = master.read(&mut part) {
                let mut all = all.0.lock().unwrap_or_else(PoisonError::into_inner);
                all.extend_from_slice(part.get(..count).unwrap_or(&[]));
            }
        });
        drawing
    }

    /// A session has no terminal until its first process opens one. Signals are as a shell of a
    /// person has them, however the tests were started.
    fn session(&self, command: &Command, script: &str) -> Command {
        let mut session = Command::new("env");
        session.args(["--default-signal=HUP,INT,TERM", "setsid", "sh", "-c"]);
        session.arg(script).arg(&self.path);
        session.arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            session.current_dir(folder);
        }
        session
    }
}

/// What programs drew on a terminal so far.
#[derive(Clone, Debug, Default)]
pub struct Drawing(Arc<Mutex<Vec<u8>>>);

impl Drawing {
    /// All of it as text.
    pub fn text(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Waits until that is on the terminal.
    ///
    /// # Panics
    /// When it does not come; all that was drawn is said then.
    pub fn until(&self, text: &str) {
        let last = Instant::now() + PATIENCE;
        while !self.text().contains(text) {
            assert!(Instant::now() < last, "no {text:?} in {}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The lines as they were drawn, one behind the other: each piece of text up to where the
    /// cursor goes back to the left.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![String::new()];
        let text = self.text();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' | '\n' => lines.push(String::new()),
                // ESC [ parameters letter: erases, colours, and moves up and down.
                '\u{1b}' => drop(letters.by_ref().skip(1).find(char::is_ascii_alphabetic)),
                letter => lines.last_mut().expect("at least one").push(letter),
            }
        }
        lines.retain(|line| !line.trim().is_empty());
        lines
    }

    /// Columns of the widest of the lines.
    pub fn columns(&self) -> usize {
        let lines = self.lines();
        lines.iter().map(|line| line.width()).max().unwrap_or(0)
    }
}
