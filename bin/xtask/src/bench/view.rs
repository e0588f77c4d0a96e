//! `cargo xtask bench view`: 1920x1080 at 30 pictures a second in the window, and what that costs
//! beside the players that people know, one after the other on one display that nobody sees.
//!
//! The window draws with Vulkan. Without a graphics card that is done by a program, whose threads
//! are told apart: a card takes them away.

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
use crate::stage::{Person, Stage};
use crate::step;
use crate::workspace;

use super::processor::{TICKS_PER_SECOND, USER, name_and_ticks};
use super::{build, number};

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let seconds = number(arguments, "--seconds", 20)?;
    packages::ensure(&[&WINDOW, &XVFB])?;
    build()?;
    step::run(
        "building transom-view",
        &mut workspace::cargo(["build", "--locked", "--release", "-p", "transom-view"]),
    )?;
    let stage = Stage::new()?;
    let display = Display::start(WIDTH, HEIGHT)?;
    let film = film(&stage, "large", "1920x1080")?;
    let time = Duration::from_secs(seconds.into());
    println!(
        "\n1920x1080 MJPEG at 30 fps in a window of {WIDTH}x{HEIGHT}, {seconds} s each, 100 % is one core"
    );
    ours(&stage, &display, &film, time)?;
    for player in PLAYERS {
        theirs(&stage, &display, &film, player, time)?;
    }
    Ok(())
}

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 800;

/// A film of the moving pattern, with pictures nearly as large as a webcam's.
fn film(stage: &Stage, name: &str, size: &str) -> Outcome<String> {
    let (camera, viewer) = (
        stage.person(&format!("{name}-camera"))?,
        stage.person(&format!("{name}-viewer"))?,
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
    let film = stage
        .path(&format!("{name}.mjpeg"))
        .to_string_lossy()
        .into_owned();
    let record = [
        "watch", "recorded", "--frames", "60", "--save", &film, "--json",
    ];
    Background::start(&mut viewer.transom(&record))?.finish()?;
    Ok(film)
}

/// The window alone, then with a film, then with four at once.
fn ours(stage: &Stage, display: &Display, film: &str, time: Duration) -> Outcome {
    let person = stage.person("person")?;
    let idle = Watching::start(stage, display, &person, &[])?;
    println!("{:<34} {} ms", "start to window", idle.started.as_millis());
    println!(
        "{:<34} {}",
        "transom-view, nothing to do",
        idle.usage(time / 4)?.line()
    );
    drop(idle);

    let camera = Camera::start(stage, &person, "camera", film)?;
    person.knows_all(&[(&camera.person, &camera.address)])?;
    let one = Watching::start(stage, display, &person, &["camera"])?;
    let usage = one.usage(time)?;
    println!("{:<34} {}", "transom-view", usage.line());
    one.report(&["camera"]);
    drop((one, camera));

    let small = self::film(stage, "small", "1280x720")?;
    let names = ["first", "second", "third", "fourth"];
    let mut cameras = Vec::new();
    for name in names {
        cameras.push(Camera::start(stage, &person, name, &small)?);
    }
    let all: Vec<_> = cameras
        .iter()
        .map(|camera| (&camera.person, camera.address.as_str()))
        .collect();
    person.knows_all(&all)?;
    let grid = Watching::start(stage, display, &person, &names)?;
    let usage = grid.usage(time)?;
    println!("\n{:<34} {}", "four at 1280x720, 30 fps each", usage.line());
    grid.report(&names);
    println!("{:<34} {} MB", "memory", grid.memory()? / 1024);
    if display.has_manager() {
        let id = display.window_of(grid.window.id())?;
        display.hand(&["windowminimize", &id])?;
        thread::sleep(SETTLING);
        println!("{:<34} {}", "the four minimised", grid.usage(time)?.line());
    }
    Ok(())
}

/// A box that plays a film to one person.
struct Camera {
    person: Person,
    address: String,
    _box: Background,
}

impl Camera {
    fn start(stage: &Stage, viewer: &Person, name: &str, film: &str) -> Outcome<Self> {
        let person = stage.person(name)?;
        person.knows(viewer, "127.0.0.1:9")?;
        let source = format!("file:{film}");
        let (child, address) = person.listen(&["camera", "--source", &source, "--fps", "30"])?;
        Ok(Self {
            person,
            address,
            _box: child,
        })
    }
}

/// The window with somebody's pictures in it.
struct Watching {
    window: Background,
    started: Duration,
    log: PathBuf,
}

impl Watching {
    fn start(stage: &Stage, display: &Display, person: &Person, whom: &[&str]) -> Outcome<Self> {
        let log = stage.path(&format!("view-{}.log", whom.len()));
        let mut arguments = vec!["--listen", "none", "--camera", "none"];
        arguments.extend(whom.iter().flat_map(|name| ["--watch", name]));
        let mut command = person.program("transom-view", &arguments);
        command
            .env("TRANSOM_LOG", "transom_view=info")
            .env("XDG_CONFIG_HOME", stage.path("config"))
            .stderr(File::create(&log).context(log.display())?);
        let begun = Instant::now();
        let window = Background::start(display.on(&mut command, &stage.path("person")))?;
        display.window_of(window.id())?;
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

    /// Memory that is in use, in KiB.
    fn memory(&self) -> Outcome<u64> {
        let path = format!("/proc/{}/status", self.window.id());
        let status = fs::read_to_string(&path).context(&path)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| Failure::new(format!("{path}: no VmRSS")))
    }

    /// What the window said of each stream: medians of its seconds, and the worst of them.
    fn report(&self, whom: &[&str]) {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        for name in whom {
            let own = format!("peer={name} ");
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
        }
    }
}

/// The number of `KEY=NUMBER` in a line of the log.
fn value(line: &str, key: &str) -> Option<f64> {
    let word = line
        .split(' ')
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    word?.parse().ok()
}

struct Player {
    program: &'static str,
    package: &'static str,
    arguments: &'static [&'static str],
}

const PLAYERS: &[Player] = &[
    Player {
        program: "mpv",
        package: "mpv",
        arguments: &[
            "--no-config",
            "--vo=x11",
            "--no-audio",
            "--really-quiet",
            "--demuxer=lavf",
            "--demuxer-lavf-format=mjpeg",
            "--demuxer-lavf-o=framerate=30",
            "--loop-file=inf",
            "--geometry=1280x800+0+0",
        ],
    },
    Player {
        program: "ffplay",
        package: "ffmpeg",
        arguments: &[
            "-loglevel",
            "error",
            "-f",
            "mjpeg",
            "-framerate",
            "30",
            "-loop",
            "0",
            "-x",
            "1280",
            "-y",
            "800",
        ],
    },
];

fn theirs(
    stage: &Stage,
    display: &Display,
    film: &str,
    player: &Player,
    time: Duration,
) -> Outcome {
    let Player {
        program,
        package,
        arguments,
    } = player;
    if machine::program(program).is_none() {
        eprintln!("left out, for it is not installed: apt-get install {package}");
        return Ok(());
    }
    let mut command = Command::new(program);
    command.args(*arguments).arg(film);
    let window = Background::start(display.on(&mut command, &stage.path("person")))?;
    display.window_of(window.id())?;
    thread::sleep(SETTLING);
    let usage = Usage::of(window.id(), time)?;
    println!("{program:<34} {}", usage.line());
    Ok(())
}

/// Gives the window all of the screen, as the players have it.
fn fill(display: &Display, process: u32) -> Outcome {
    let id = display.window_of(process)?;
    let (width, height) = (WIDTH.to_string(), HEIGHT.to_string());
    display.hand(&["windowmove", &id, "0", "0"])?;
    display
        .hand(&["windowsize", &id, &width, &height])
        .map(drop)
}

/// From the first picture until everything is as it stays.
const SETTLING: Duration = Duration::from_secs(3);

/// Processor time of a process over a while, in shares of one core.
struct Usage {
    own: f64,
    /// Of the threads that do a graphics card's work.
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

    fn line(&self) -> String {
        match self.rasteriser > 0.0 {
            true => format!(
                "{:5.1} %  and {:.1} % for want of a graphics card",
                self.own, self.rasteriser
            ),
            false => format!("{:5.1} %", self.own),
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
            // A thread may end while it is looked at.
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
    fn a_value_is_found_by_its_whole_key() {
        let line = "peer=door fps=29.7 window_p50=4.1 window_p99=9.0";
        assert_eq!(value(line, "window_p99"), Some(9.0));
        assert_eq!(value(line, "p99"), None);
    }
}
