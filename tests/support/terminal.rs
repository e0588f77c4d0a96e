//! A terminal for programs, without a window: what they draw is collected, and it can be closed under them.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

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

    /// What is drawn from here on, until the terminal is hung up or left by its programs.
    ///
    /// # Panics
    /// When the system has no descriptor left.
    pub fn drawn(&self) -> Arc<Mutex<Vec<u8>>> {
        let drawn = Arc::<Mutex<Vec<u8>>>::default();
        let mut master = File::from(self.master.try_clone().expect("a descriptor"));
        let all = drawn.clone();
        thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(count @ 1..) = master.read(&mut part) {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.extend_from_slice(part.get(..count).unwrap_or(&[]));
            }
        });
        drawn
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
