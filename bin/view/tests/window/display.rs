//! A display of its own: Xvfb with its picture in a file, and xdotool for hands.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than the slowest machine takes for one step; it is waited for only when something is
/// broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer; `None` when patience ends.
pub(crate) fn until<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        match ask() {
            Some(answer) => return Some(answer),
            None if begun.elapsed() > PATIENCE => return None,
            None => sleep(Duration::from_millis(100)),
        }
    }
}

/// The display. It and what shows on it end with it.
pub(crate) struct Display {
    /// As `DISPLAY` wants it.
    pub(crate) name: String,
    folder: PathBuf,
    server: Child,
    manager: Option<Child>,
}

impl Display {
    /// Starts one with room for one window, or says what is missing.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        Self::start_sized(folder, "1280x900x24")
    }

    /// Starts one with room for two windows side by side, or says what is missing.
    pub(crate) fn start_wide(folder: &Path) -> Result<Self, String> {
        Self::start_sized(folder, "2440x900x24")
    }

    fn start_sized(folder: &Path, screen: &str) -> Result<Self, String> {
        for program in ["Xvfb", "xdotool"] {
            if !is_installed(program) {
                return Err(format!("there is no {program} here"));
            }
        }
        let folder = folder.to_owned();
        let mut server = Command::new("Xvfb")
            .args([
                "-noreset",
                "-displayfd",
                "1",
                "-screen",
                "0",
                screen,
                "-nolisten",
                "tcp",
                "-fbdir",
            ])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("Xvfb can't be started: {error}"))?;
        let mut number = String::new();
        let told = server
            .stdout
            .as_mut()
            .map(|out| BufReader::new(out).read_line(&mut number));
        let mut display = Self {
            name: format!(":{}", number.trim()),
            folder,
            server,
            manager: None,
        };
        if !matches!(told, Some(Ok(1..))) {
            return Err("Xvfb does not start here".to_owned());
        }
        if is_installed("openbox") {
            // Without a window manager there is no focus by itself; `key` gives it, but people have
            // one.
            display.manager = display
                .program("openbox")
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .ok();
            display.await_manager();
        }
        Ok(display)
    }

    /// Waits until the manager manages. One that is just starting takes the right to show windows
    /// first and looks at the wishes for it later: a wish that comes in between is lost, and the
    /// window is never seen (one run in twenty).
    fn await_manager(&self) {
        let desktops = || {
            let asked = self.program("xdotool").arg("get_num_desktops").output();
            asked.ok().filter(|answer| answer.status.success())
        };
        drop(until(desktops));
        // It says how many desktops there are some steps before it is done.
        sleep(Duration::from_millis(300));
    }

    /// Whether windows have a manager, without which none comes to the whole screen.
    pub(crate) fn is_managed(&self) -> bool {
        self.manager.is_some()
    }

    /// The program's window, once it is visible; else what the program said at its end.
    pub(crate) fn window(&self, program: &mut Child) -> Result<String, String> {
        let found = until(|| {
            if let Ok(Some(_)) = program.try_wait() {
                let mut said = String::new();
                drop(
                    program
                        .stderr
                        .take()
                        .map(|mut stderr| stderr.read_to_string(&mut said)),
                );
                return Some(Err(said));
            }
            let out = self
                .program("xdotool")
                .args(["search", "--onlyvisible", "--all"])
                .args(["--pid", &program.id().to_string()])
                .args(["--name", "Transom"])
                .output()
                .ok()?;
            let id = String::from_utf8(out.stdout)
                .ok()?
                .lines()
                .next()?
                .to_owned();
            Some(Ok(id))
        });
        found.unwrap_or_else(|| Err("no window came up".to_owned()))
    }

    /// Makes the window that large, in the upper left corner.
    pub(crate) fn size(&self, id: &str, width: i32, height: i32) {
        self.place(id, 0, width, height);
    }

    /// Makes the window that large, at the upper edge and that far from the left one.
    pub(crate) fn place(&self, id: &str, left: i32, width: i32, height: i32) {
        self.hand(&["windowmove", id, &left.to_string(), "0"]);
        self.hand(&[
            "windowsize",
            "--sync",
            id,
            &width.to_string(),
            &height.to_string(),
        ]);
        // The new size is drawn some frames later.
        sleep(Duration::from_millis(500));
    }

    /// Makes the window that large and waits for nothing.
    pub(crate) fn resize(&self, id: &str, width: i32, height: i32) {
        self.hand(&["windowsize", id, &width.to_string(), &height.to_string()]);
        sleep(Duration::from_millis(37));
    }

    /// Clicks, from the window's upper left corner.
    pub(crate) fn click(&self, id: &str, (x, y): (i32, i32)) {
        self.hand(&["mousemove", "--window", id, &x.to_string(), &y.to_string()]);
        sleep(Duration::from_millis(200));
        self.hand(&["click", "1"]);
        sleep(Duration::from_millis(200));
    }

    /// Types text.
    pub(crate) fn write(&self, id: &str, text: &str) {
        self.hand(&["windowfocus", id]);
        self.hand(&["type", "--delay", "30", text]);
    }

    /// Presses one key.
    pub(crate) fn key(&self, id: &str, key: &str) {
        self.hand(&["windowfocus", id]);
        self.hand(&["key", key]);
    }

    /// Waits for a picture with many colours that changes, around that point.
    pub(crate) fn moves(&self, what: &str, around: (i32, i32)) {
        let moved = until(|| self.is_moving(around).then_some(()));
        self.keep(&what.replace(' ', "-"));
        assert!(moved.is_some(), "no moving picture {what}");
    }

    /// Whether there is a picture with many colours around that point that changes within 300 ms.
    pub(crate) fn is_moving(&self, around: (i32, i32)) -> bool {
        let before = self.pixels(around);
        sleep(Duration::from_millis(300));
        let mut colours = self.pixels(around);
        let changed = colours != before;
        colours.sort_unstable();
        colours.dedup();
        changed && colours.len() >= 4
    }

    /// Waits until the picture around that point is another than it was.
    pub(crate) fn differs(&self, what: &str, around: (i32, i32), before: &[u32]) {
        let changed = until(|| (self.pixels(around) != before).then_some(()));
        self.keep(&what.replace(' ', "-"));
        assert!(changed.is_some(), "nothing new to see {what}");
    }

    /// Waits until nothing changes any more around that point for a whole second: 30 pictures of a
    /// camera.
    pub(crate) fn rests(&self, what: &str, around: (i32, i32)) {
        const QUIET: Duration = Duration::from_secs(1);
        let (mut before, mut since) = (self.pixels(around), Instant::now());
        let rested = until(|| {
            let now = self.pixels(around);
            if now != before {
                (before, since) = (now, Instant::now());
            }
            (since.elapsed() > QUIET).then_some(())
        });
        self.keep(&what.replace(' ', "-"));
        assert!(rested.is_some(), "the picture still moves {what}");
    }

    /// Waits until the window is wider than that many pixels, or no longer.
    pub(crate) fn is_wider(&self, id: &str, than: i32, wanted: bool) -> bool {
        until(|| (self.width(id)? > than).eq(&wanted).then_some(())).is_some()
    }

    /// Waits until the window has that title.
    pub(crate) fn is_titled(&self, id: &str, title: &str) {
        let mut last = String::new();
        let found = until(|| {
            let asked = self.program("xdotool").args(["getwindowname", id]).output();
            last = String::from_utf8(asked.ok()?.stdout).ok()?;
            (last.trim_end() == title).then_some(())
        });
        assert!(found.is_some(), "the title is {last:?}, not {title:?}");
    }

    fn width(&self, id: &str) -> Option<i32> {
        let asked = self
            .program("xdotool")
            .args(["getwindowgeometry", "--shell", id])
            .output()
            .ok()?;
        let told = String::from_utf8(asked.stdout).ok()?;
        let width = told.lines().find_map(|line| line.strip_prefix("WIDTH="))?;
        width.parse().ok()
    }

    /// Copies the screen beside the test's other files, for a person: `convert xwd:NAME.xwd
    /// NAME.png`.
    pub(crate) fn keep(&self, name: &str) {
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("window-{name}.xwd"));
        fs::copy(self.folder.join("Xvfb_screen0"), to).unwrap();
    }

    /// The colours of a square of the screen.
    pub(crate) fn pixels(&self, (x, y): (i32, i32)) -> Vec<u32> {
        const REACH: i32 = 90;
        let file = fs::read(self.folder.join("Xvfb_screen0")).unwrap();
        // X11/XWDFile.h: words of 4 bytes, the largest digit first.
        let word =
            |at: usize| u32::from_be_bytes(file[at * 4..at * 4 + 4].try_into().unwrap()) as usize;
        let (header, line, colours) = (word(0), word(12), word(19));
        let start = header + colours * 12;
        let pixel = |x: i32, y: i32| {
            let at = start + y as usize * line + x as usize * 4;
            u32::from_le_bytes(file[at..at + 4].try_into().unwrap())
        };
        (y - REACH..y + REACH)
            .flat_map(|y| (x - REACH..x + REACH).map(move |x| (x, y)))
            .map(|(x, y)| pixel(x, y))
            .collect()
    }

    fn hand(&self, words: &[&str]) {
        let done = self.program("xdotool").args(words).output().unwrap();
        assert!(
            done.status.success(),
            "xdotool {words:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        // In the C locale xdotool loses letters.
        command
            .env("DISPLAY", &self.name)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        for child in self.manager.iter_mut().chain([&mut self.server]) {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
