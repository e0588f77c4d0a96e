//! Two windows on a virtual display, in a call with each other.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::display::Display;
use crate::failure::{Context as _, Failure, Outcome};
use crate::packages::{self, WINDOW, XVFB};
use crate::sandbox::{Sandbox, User};

use super::latency::path;

/// The windows, and the one display that both are on.
pub(super) struct Windows {
    display: Display,
    pub(super) near: Background,
    pub(super) far: Background,
}

impl Windows {
    /// Opens both: the near window calls the far one, where a key press answers.
    pub(super) fn start(sandbox: &Sandbox, near: &User, far: &User) -> Outcome<Self> {
        packages::ensure(&[&WINDOW, &XVFB])?;
        let addresses = (free_address()?, free_address()?);
        near.knows(far, &addresses.1)?;
        far.knows(near, &addresses.0)?;
        let display = Display::start(2560, 900)?;
        let far_window = open(sandbox, &display, far, &["--listen", &addresses.1])?;
        let id = display.window_of(far_window.id())?;
        let ring = ["--listen", &addresses.0, "--call", far.name()];
        let near_window = open(sandbox, &display, near, &ring)?;
        let windows = Self {
            display,
            near: near_window,
            far: far_window,
        };
        let heard = [near, far].map(|user| files(sandbox, user).1);
        let last = Instant::now() + STARTING;
        // The loudspeakers of both are open: the call has begun.
        while !heard.iter().all(|file| file.exists()) {
            if Instant::now() > last {
                return Err(Failure::new("the windows did not come to a call"));
            }
            windows.press(&id, "ctrl+shift+y")?;
            thread::sleep(Duration::from_millis(300));
        }
        Ok(windows)
    }

    /// Hangs up, and waits until both files are complete.
    pub(super) fn end(self) -> Outcome {
        let id = self.display.window_of(self.near.id())?;
        self.press(&id, "ctrl+h")?;
        thread::sleep(ENDING);
        Ok(())
    }

    fn press(&self, window: &str, key: &str) -> Outcome {
        self.display.xdotool(&["windowfocus", window])?;
        self.display.xdotool(&["key", key])?;
        Ok(())
    }
}

/// Longer than a slow machine takes until a window reacts to keys.
const STARTING: Duration = Duration::from_secs(60);
/// A loudspeaker stays open for 10 s after the last sound.
const ENDING: Duration = Duration::from_secs(12);

/// The window of a user, whose microphone and loudspeaker are files.
fn open(
    sandbox: &Sandbox,
    display: &Display,
    user: &User,
    arguments: &[&str],
) -> Outcome<Background> {
    let folder = sandbox.path(user.name());
    let settings = folder.join("config/transom/view.toml");
    fs::create_dir_all(folder.join("config/transom")).context(settings.display())?;
    let (said, heard) = files(sandbox, user);
    let (said, heard) = (path(&said)?, path(&heard)?);
    let text = format!(
        "bell = false\nmicrophone = 'loop:{said}'\nloudspeaker = 'file:{heard}'\n\
         echo = ['off loop:{said} >> file:{heard}']\n"
    );
    fs::write(&settings, text).context(settings.display())?;
    let usual = ["--camera", "none", "--name", user.name()];
    let mut command = user.program("transom-view", &[&usual, arguments].concat());
    command
        .env("TRANSOM_LOG", "transom_view=warn")
        .env("XDG_CONFIG_HOME", folder.join("config"));
    Background::start(display.on(&mut command, &folder))
}

/// The files of a user's microphone and loudspeaker.
pub(super) fn files(sandbox: &Sandbox, user: &User) -> (PathBuf, PathBuf) {
    let file = |what: &str| sandbox.path(&format!("{}-{what}.wav", user.name()));
    (file("said"), file("heard"))
}

/// A port that was free a moment ago.
fn free_address() -> Outcome<String> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    Ok(free.context("a free port")?.to_string())
}
