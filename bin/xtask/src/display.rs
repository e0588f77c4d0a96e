//! A virtual display (Xvfb) on which the window is measured and screenshots are taken. xdotool
//! makes the input.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};
use crate::step;

/// How long a window may take to come up.
const WINDOW_TIMEOUT: Duration = Duration::from_secs(30);

/// Dropping it ends the server, and with it the windows on it.
pub(crate) struct Display {
    name: String,
    server: Child,
    /// The window manager, which minimises windows, if it is installed.
    manager: Option<Child>,
}

impl Display {
    /// Starts a display of this size on a free display number.
    pub(crate) fn start(width: u32, height: u32) -> Outcome<Self> {
        let size = format!("{width}x{height}x24");
        let mut server = Command::new("Xvfb")
            .args(["-noreset", "-displayfd", "1", "-nolisten", "tcp"])
            .args(["-screen", "0", &size])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb")?;
        let mut number = String::new();
        if let Some(said) = &mut server.stdout {
            BufReader::new(said)
                .read_line(&mut number)
                .context("Xvfb")?;
        }
        let name = format!(":{}", number.trim());
        match name.len() {
            1 => Err(Failure::new("Xvfb does not start here")),
            _ => {
                let manager = Command::new("openbox").env("DISPLAY", &name).spawn().ok();
                let display = Self {
                    name,
                    server,
                    manager,
                };
                display.await_manager();
                Ok(display)
            }
        }
    }

    /// Whether windows can be minimised.
    pub(crate) fn has_manager(&self) -> bool {
        self.manager.is_some()
    }

    /// Waits for the window manager: a window that opens while it starts is never shown.
    fn await_manager(&self) {
        let last = Instant::now() + WINDOW_TIMEOUT;
        while self.has_manager() && Instant::now() < last {
            if self.xdotool(&["get_num_desktops"]).is_ok() {
                thread::sleep(Duration::from_millis(300));
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Makes a command use this display, and `runtime` as its XDG_RUNTIME_DIR.
    pub(crate) fn on<'a>(&self, command: &'a mut Command, runtime: &Path) -> &'a mut Command {
        command
            .env("DISPLAY", &self.name)
            .env_remove("WAYLAND_DISPLAY")
            .env("XDG_RUNTIME_DIR", runtime)
            // In the C locale xdotool loses non-ASCII letters.
            .env("LC_ALL", "C.UTF-8")
    }

    /// Waits for the visible window of a process; returns its id.
    pub(crate) fn window_of(&self, process: u32) -> Outcome<String> {
        let last = Instant::now() + WINDOW_TIMEOUT;
        let process = process.to_string();
        while Instant::now() < last {
            let found =
                self.xdotool(&["search", "--onlyvisible", "--pid", &process, "--name", "."]);
            if let Some(id) = found
                .ok()
                .and_then(|ids| ids.lines().next().map(String::from))
            {
                return Ok(id);
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(Failure::new(format!(
            "process {process}: no window came up"
        )))
    }

    /// Runs xdotool with these arguments, and returns its output.
    pub(crate) fn xdotool(&self, words: &[&str]) -> Outcome<String> {
        let mut command = Command::new("xdotool");
        command
            .args(words)
            .env("DISPLAY", &self.name)
            .env("LC_ALL", "C.UTF-8");
        let output = command.output().context("xdotool")?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(Failure::new(format!(
                "{}: {}",
                step::written(&command),
                output.status
            ))),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Each fails only if the program has ended already.
        if let Some(manager) = &mut self.manager {
            let _ = manager.kill();
            let _ = manager.wait();
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
