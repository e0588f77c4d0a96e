//! `cargo xtask bench view`: 1920x1080 at 30 pictures a second in the window, compared with common
//! players, one after the other on a virtual display; then four cameras, the minimised window, and
//! memory over many calls.
//!
//! The window draws with Vulkan. Without a graphics card a software rasteriser does the work of the
//! card; the time of its threads is included, and also shown separately.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::display::Display;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::packages::{self, WINDOW, XVFB};
use crate::sandbox::{STARTING, Sandbox, User, is_event};
use crate::step;
use crate::workspace;

use super::processor::{TICKS_PER_SECOND, USER, name_and_ticks};
use super::{RELEASE, build, number, resident};

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let seconds = number(arguments, "--seconds", 20)?;
    let calls = number(arguments, "--calls", 500)?;
    packages::ensure(&[&WINDOW, &XVFB])?;
    build(RELEASE)?;
    step::run(
        "building transom-view",
        &mut workspace::cargo(["build", "--locked", "--release", "-p", "transom-view"]),
    )?;
    let sandbox = Sandbox::new()?;
    let display = Display::start(WIDTH, HEIGHT)?;
    let film = film(&sandbox, "large", "1920x1080")?;
    let time = Duration::from_secs(seconds.into());
    println!(
        "\n1920x1080 MJPEG at 30 fps in a window of {WIDTH}x{HEIGHT}, {seconds} s each, 100 % is one core"
    );
    let user = sandbox.user("user")?;
    idle(&sandbox, &display, &user, time)?;
    let ours = one(&sandbox, &display, &user, &film, time)?;
    for player in &PLAYERS {
        let theirs = player_usage(&sandbox, &display, &film, player, time)?;
        if let Some(theirs) = theirs.filter(|_| player.program == "mpv") {
            let ratio = ours.all() / theirs.all();
            let what = format!("the window's CPU to that of {}", player.name);
            bound(&what, ratio, MAX_TO_MPV, "x");
        }
    }
    four(&sandbox, &display, &user, time)?;
    memory(&sandbox, &display, &user, calls)
}

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 800;

/// The limits that the project promises on an idle machine, the software rasteriser included.
const MAX_TO_MPV: f64 = 1.0;
const MAX_START_MS: f64 = 500.0;
const MAX_IDLE: f64 = 0.1;
const MAX_ONE: f64 = 40.0;
const MAX_FOUR: f64 = 75.0;
const MAX_MINIMISED: f64 = 4.0;
/// Ratio of the median memory in the second half of the calls to that in the first half.
const MAX_GROWTH: f64 = 1.05;
/// One refresh of a display of 60 Hz, in milliseconds.
const REFRESH_MS: f64 = 1000.0 / 60.0;

/// Prints a figure and whether it is within its limit.
fn bound(what: &str, value: f64, most: f64, unit: &str) {
    let verdict = match value <= most {
        true => "holds",
        false => "FALLS SHORT",
    };
    println!("  {what}: {value:.2} {unit}, at most {most:.2}: {verdict}");
}

/// A film of the test pattern, with pictures nearly as large as a webcam's.
fn film(sandbox: &Sandbox, name: &str, size: &str) -> Outcome<String> {
    let (camera, viewer) = (
        sandbox.user(&format!("{name}-camera"))?,
        sandbox.user(&format!("{name}-viewer"))?,
    );
    camera.knows(&viewer, "127.0.0.1:9")?;
    let mut pattern = vec![
        "camera",
        "--source",
        "pattern",
        "--fps",
        "10",
        "--quality",
        "90",
    ];
    pattern.extend(["--size", size]);
    let (_box, address) = camera.listen(&pattern)?;
    viewer.knows_as("recorded", &camera, &address)?;
    let film = sandbox
        .path(&format!("{name}.mjpeg"))
        .to_string_lossy()
        .into_owned();
    let record = [
        "watch", "recorded", "--frames", "60", "--save", &film, "--json",
    ];
    Background::start(&mut viewer.transom(&record))?.finish()?;
    Ok(film)
}

/// Measures the idle window with an empty contact list.
fn idle(sandbox: &Sandbox, display: &Display, user: &User, time: Duration) -> Outcome {
    let idle = Watching::start(sandbox, display, user, &[])?;
    let started = idle.started.as_secs_f64() * 1e3;
    let usage = idle.usage(time / 4)?;
    println!("{:<34} {}", "transom-view, nothing to do", usage.line());
    bound("idle", usage.all(), MAX_IDLE, "%");
    bound("start to first frame", started, MAX_START_MS, "ms");
    Ok(())
}

/// One large stream.
fn one(
    sandbox: &Sandbox,
    display: &Display,
    user: &User,
    film: &str,
    time: Duration,
) -> Outcome<Usage> {
    let camera = Camera::start(sandbox, user, "camera", film)?;
    user.knows_all(&[(&camera.user, &camera.address)])?;
    let one = Watching::start(sandbox, display, user, &["camera"])?;
    let usage = one.usage(time)?;
    println!("\n{:<34} {}", "transom-view", usage.line());
    bound("one camera", usage.all(), MAX_ONE, "%");
    one.report(&["camera"]);
    Ok(usage)
}

/// Four streams side by side: visible, then minimised, then visible again.
fn four(sandbox: &Sandbox, display: &Display, user: &User, time: Duration) -> Outcome {
    let small = film(sandbox, "small", "1280x720")?;
    let names = ["first", "second", "third", "fourth"];
    let mut cameras = Vec::new();
    for name in names {
        cameras.push(Camera::start(sandbox, user, name, &small)?);
    }
    let all: Vec<_> = cameras
        .iter()
        .map(|camera| (&camera.user, camera.address.as_str()))
        .collect();
    user.knows_all(&all)?;
    let grid = Watching::start(sandbox, display, user, &names)?;
    let usage = grid.usage(time)?;
    println!("\n{:<34} {}", "four at 1280x720, 30 fps each", usage.line());
    bound("four cameras", usage.all(), MAX_FOUR, "%");
    grid.report(&names);
    println!("{:<34} {} MB", "memory", resident(grid.window.id()) / 1024);
    if !display.has_manager() {
        eprintln!("not minimised, no window manager is installed: apt-get install openbox");
        return Ok(());
    }
    let id = display.window_of(grid.window.id())?;
    display.xdotool(&["windowminimize", &id])?;
    thread::sleep(SETTLING);
    let usage = grid.usage(time)?;
    println!("\n{:<34} {}", "the four minimised", usage.line());
    bound("minimised", usage.all(), MAX_MINIMISED, "%");
    let before = grid.log();
    display.xdotool(&["windowmap", &id])?;
    thread::sleep(SETTLING);
    let after = grid.log().split_off(before.len());
    let alive = names.iter().filter(|name| after.contains(&own(name)));
    println!("  calls that go on afterwards: {} of 4", alive.count());
    Ok(())
}

/// Measures memory while a camera is watched for a moment, again and again.
fn memory(sandbox: &Sandbox, display: &Display, user: &User, calls: u32) -> Outcome {
    let small = film(sandbox, "tiny", "640x480")?;
    let camera = Camera::start(sandbox, user, "short", &small)?;
    user.knows_all(&[(&camera.user, &camera.address)])?;
    let window = Watching::start(sandbox, display, user, &["short"])?;
    let id = display.window_of(window.window.id())?;
    display.xdotool(&["windowfocus", "--sync", &id])?;
    let mut sizes = Vec::new();
    for call in 1..=calls {
        camera.await_event("call_started")?;
        thread::sleep(CALL_TIME);
        hang_up(display, &camera)?;
        sizes.push(resident(window.window.id()));
        if call < calls {
            // A second start passes its arguments to the open window, and ends.
            let mut again = program(sandbox, user, &["--watch", "short"]);
            Background::start(display.on(&mut again, &sandbox.path("user")))?.finish()?;
        }
    }
    // Medians, because single figures differ by a few MB with the pictures in flight.
    let half = sizes.len() / 2;
    let (early, late) = sizes.split_at_mut(half);
    let (early, late) = (median(early), median(late));
    let what = format!("memory over {calls} calls");
    println!("\n{what:<34} {} MB, then {} MB", early / 1024, late / 1024);
    bound("growth", late as f64 / early.max(1) as f64, MAX_GROWTH, "x");
    Ok(())
}

/// Hangs up by a key press, which a busy display sometimes loses.
fn hang_up(display: &Display, camera: &Camera) -> Outcome {
    let ended =
        |timeout| (camera.box_).line(timeout, |line| is_event(line, "call_ended").then_some(()));
    for _ in 1..PRESSES {
        display.xdotool(&["key", "ctrl+h"])?;
        if ended(PRESSED).is_ok() {
            return Ok(());
        }
    }
    display.xdotool(&["key", "ctrl+h"])?;
    ended(STARTING)
}

/// Limit of key presses, and how long to wait after each.
const PRESSES: u32 = 5;
const PRESSED: Duration = Duration::from_secs(2);

/// The median; 0 for an empty slice.
fn median(sizes: &mut [u64]) -> u64 {
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or_default()
}

/// How long a call of the memory run lasts.
const CALL_TIME: Duration = Duration::from_millis(150);

/// A box that plays a film to one viewer.
struct Camera {
    user: User,
    address: String,
    box_: Background,
}

impl Camera {
    fn start(sandbox: &Sandbox, viewer: &User, name: &str, film: &str) -> Outcome<Self> {
        let user = sandbox.user(name)?;
        user.knows(viewer, "127.0.0.1:9")?;
        let source = format!("file:{film}");
        let (child, address) = user.listen(&["camera", "--source", &source, "--fps", "30"])?;
        Ok(Self {
            user,
            address,
            box_: child,
        })
    }

    /// Waits until the box reports this event.
    fn await_event(&self, event: &str) -> Outcome {
        (self.box_).line(STARTING, |line| is_event(line, event).then_some(()))
    }
}

/// The window with the pictures of some cameras.
struct Watching {
    window: Background,
    /// From the start of the program to its first frame.
    started: Duration,
    log: PathBuf,
}

impl Watching {
    fn start(sandbox: &Sandbox, display: &Display, user: &User, whom: &[&str]) -> Outcome<Self> {
        let log = sandbox.path(&format!("view-{}.log", whom.join("-")));
        let mut arguments = vec!["--listen", "none", "--camera", "none"];
        arguments.extend(whom.iter().flat_map(|name| ["--watch", name]));
        let mut command = program(sandbox, user, &arguments);
        command.stderr(File::create(&log).context(log.display())?);
        let begun = Instant::now();
        let window = Background::start(display.on(&mut command, &sandbox.path("user")))?;
        while !fs::read_to_string(&log).is_ok_and(|log| log.contains(FIRST_FRAME)) {
            if begun.elapsed() > STARTING {
                let why = format!("{}: no line has: {FIRST_FRAME}", log.display());
                return Err(Failure::new(why));
            }
            thread::sleep(Duration::from_millis(5));
        }
        let started = begun.elapsed();
        fill(display, window.id())?;
        thread::sleep(SETTLING);
        Ok(Self {
            window,
            started,
            log,
        })
    }

    fn usage(&self, time: Duration) -> Outcome<Usage> {
        Usage::of(self.window.id(), time)
    }

    /// The log of the window.
    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Prints the window's statistics of each stream: medians over its seconds, and the worst
    /// second.
    fn report(&self, whom: &[&str]) {
        let log = self.log();
        for name in whom {
            let own = own(name);
            let lines: Vec<&str> = log.lines().filter(|line| line.contains(&own)).collect();
            let values = |key: &str| {
                let mut values: Vec<f64> = lines.iter().filter_map(|l| value(l, key)).collect();
                values.sort_by(f64::total_cmp);
                values
            };
            let middle = |key: &str| {
                let values = values(key);
                values.get(values.len() / 2).copied().unwrap_or_default()
            };
            println!(
                "  {name:<8} {:4.1} fps  decode p50 {:.1} ms  received to presented p50 {:.1} p99 {:.1} ms  \
                 captured to presented p50 {:.1} p99 {:.1} ms",
                middle("fps"),
                middle("decode_p50"),
                middle("window_p50"),
                middle("window_p99"),
                middle("all_p50"),
                middle("all_p99"),
            );
            let most = REFRESH_MS + middle("decode_p99");
            bound("received to presented", middle("window_p99"), most, "ms");
        }
    }
}

/// The text that each log line about a peer's pictures contains.
fn own(peer: &str) -> String {
    format!("peer={peer} ")
}

/// What the window logs when it has drawn its first frame.
const FIRST_FRAME: &str = "first frame";

/// The window, run by this user.
fn program(sandbox: &Sandbox, user: &User, arguments: &[&str]) -> Command {
    let mut command = user.program("transom-view", arguments);
    command
        .env("TRANSOM_LOG", "transom_view=info")
        .env("XDG_CONFIG_HOME", sandbox.path("config"));
    command
}

/// The number of `KEY=NUMBER` in a line of the log.
fn value(line: &str, key: &str) -> Option<f64> {
    let word = line
        .split(' ')
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    word?.parse().ok()
}

struct Player {
    name: &'static str,
    program: &'static str,
    package: &'static str,
    /// Each has several arguments, separated by spaces.
    arguments: [&'static str; 2],
}

const MPV: &str = "--no-config --no-audio --really-quiet --demuxer=lavf \
    --demuxer-lavf-format=mjpeg --demuxer-lavf-o=framerate=30 --loop-file=inf \
    --geometry=1280x800+0+0";

/// mpv with its default output without a graphics card; mpv with the software rasteriser, as the
/// window uses it; and ffplay.
const PLAYERS: [Player; 3] = [
    Player {
        name: "mpv --vo=x11",
        program: "mpv",
        package: "mpv",
        arguments: [MPV, "--vo=x11"],
    },
    Player {
        name: "mpv --vo=gpu",
        program: "mpv",
        package: "mpv",
        arguments: [MPV, "--vo=gpu --gpu-sw=yes --gpu-api=opengl"],
    },
    Player {
        name: "ffplay",
        program: "ffplay",
        package: "ffmpeg",
        arguments: [
            "-loglevel error -f mjpeg -framerate 30 -loop 0",
            "-x 1280 -y 800",
        ],
    },
];

/// The processor usage of another player; `None` if it is not installed or opens no window.
fn player_usage(
    sandbox: &Sandbox,
    display: &Display,
    film: &str,
    player: &Player,
    time: Duration,
) -> Outcome<Option<Usage>> {
    let Player {
        name,
        program,
        package,
        arguments,
    } = player;
    if machine::program(program).is_none() {
        eprintln!("left out, not installed: apt-get install {package}");
        return Ok(None);
    }
    let mut command = Command::new(program);
    command.args(arguments.iter().flat_map(|some| some.split(' ')));
    command.arg(film);
    let window = Background::start(display.on(&mut command, &sandbox.path("user")))?;
    if display.window_of(window.id()).is_err() {
        eprintln!("left out, it opens no window: {name}");
        return Ok(None);
    }
    thread::sleep(SETTLING);
    let usage = Usage::of(window.id(), time)?;
    println!("{name:<34} {}", usage.line());
    Ok(Some(usage))
}

/// Makes the window fill the screen, as the players do.
fn fill(display: &Display, process: u32) -> Outcome {
    let id = display.window_of(process)?;
    let (width, height) = (WIDTH.to_string(), HEIGHT.to_string());
    display.xdotool(&["windowmove", &id, "0", "0"])?;
    display
        .xdotool(&["windowsize", &id, &width, &height])
        .map(drop)
}

/// From the first picture until the load is steady.
const SETTLING: Duration = Duration::from_secs(3);

/// Processor usage of a process in per cent of one core.
struct Usage {
    own: f64,
    /// The part of the software rasteriser's threads.
    rasteriser: f64,
}

impl Usage {
    fn of(process: u32, time: Duration) -> Outcome<Self> {
        let (before, started) = (Ticks::of(process)?, Instant::now());
        thread::sleep(time);
        let (after, elapsed) = (Ticks::of(process)?, started.elapsed().as_secs_f64());
        let share = |ticks: u64| ticks as f64 / TICKS_PER_SECOND as f64 / elapsed * 100.0;
        Ok(Self {
            own: share(after.own - before.own),
            rasteriser: share(after.rasteriser.saturating_sub(before.rasteriser)),
        })
    }

    /// All threads together.
    fn all(&self) -> f64 {
        self.own + self.rasteriser
    }

    fn line(&self) -> String {
        match self.rasteriser > 0.0 {
            true => format!(
                "{:5.1} %  of it the rasteriser {:.1} %",
                self.all(),
                self.rasteriser
            ),
            false => format!("{:5.1} %", self.all()),
        }
    }
}

struct Ticks {
    own: u64,
    rasteriser: u64,
}

impl Ticks {
    fn of(process: u32) -> Outcome<Self> {
        let tasks = format!("/proc/{process}/task");
        let mut ticks = Self {
            own: 0,
            rasteriser: 0,
        };
        for task in machine::names_in(Path::new(&tasks)) {
            // A thread may end before its file is read.
            let stat = fs::read_to_string(format!("{tasks}/{task}/stat")).unwrap_or_default();
            let Some((name, used)) = name_and_ticks(&stat, USER) else {
                continue;
            };
            match name.starts_with("llvmpipe") {
                true => ticks.rasteriser += used,
                false => ticks.own += used,
            }
        }
        match ticks.own + ticks.rasteriser {
            0 => Err(Failure::new(format!("process {process} has ended"))),
            _ => Ok(ticks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle_of_figures_in_any_order() {
        assert_eq!(median(&mut [9, 1, 5]), 5);
        assert_eq!(median(&mut []), 0);
    }

    #[test]
    fn a_value_is_found_by_its_whole_key() {
        let line = "peer=door fps=29.7 window_p50=4.1 window_p99=9.0";
        assert_eq!(value(line, "window_p99"), Some(9.0));
        assert_eq!(value(line, "p99"), None);
    }
}
