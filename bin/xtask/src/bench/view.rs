//! `cargo xtask bench view`: 1920x1080 at 30 pictures a second in the window, and what that costs beside the players
//! that people know, one after the other on one display that nobody sees.
//!
//! The window draws with Vulkan. Without a graphics card that is done by a program, whose threads are told apart: a
//! card takes them away.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::display::Display;
use crate::failure::{Failure, Outcome};
use crate::machine;
use crate::packages::{self, WINDOW, XVFB};
use crate::stage::{STARTING, Stage, is_event};
use crate::step;
use crate::workspace;

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
    let film = record(&stage)?;
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
fn record(stage: &Stage) -> Outcome<String> {
    let (camera, viewer) = (stage.person("recorded")?, stage.person("recorder")?);
    camera.knows(&viewer, "127.0.0.1:9")?;
    let pattern = "camera --source pattern --size 1920x1080 --fps 10 --quality 90".split(' ');
    let (_box, address) = camera.listen(&pattern.collect::<Vec<_>>())?;
    viewer.knows(&camera, &address)?;
    let film = stage.path("film.mjpeg").to_string_lossy().into_owned();
    let record = [
        "watch", "recorded", "--frames", "60", "--save", &film, "--json",
    ];
    Background::start(&mut viewer.transom(&record))?.finish()?;
    Ok(film)
}

fn ours(stage: &Stage, display: &Display, film: &str, time: Duration) -> Outcome {
    let (camera, person) = (stage.person("camera")?, stage.person("person")?);
    camera.knows(&person, "127.0.0.1:9")?;
    let source = format!("file:{film}");
    let (camera_box, address) = camera.listen(&["camera", "--source", &source, "--fps", "30"])?;
    person.knows(&camera, &address)?;

    let idle = ["--listen", "none"];
    let mut command = person.program("transom-view", &idle);
    let window = Background::start(display.on(&mut command, &stage.path("person")))?;
    fill(display, window.id())?;
    thread::sleep(SETTLING);
    let usage = Usage::of(window.id(), time / 4)?;
    println!("{:<34} {}", "transom-view, nothing to do", usage.line());
    drop(window);

    let call = ["--listen", "none", "--call", "camera"];
    let mut command = person.program("transom-view", &call);
    command
        .env("TRANSOM_LOG", "transom_view=info")
        .stderr(Stdio::inherit());
    let started = Instant::now();
    let window = Background::start(display.on(&mut command, &stage.path("person")))?;
    display.window_of(window.id())?;
    println!(
        "{:<34} {} ms",
        "start to window",
        started.elapsed().as_millis()
    );
    camera_box.line(STARTING, |line| {
        is_event(line, "call_started").then_some(())
    })?;
    fill(display, window.id())?;
    thread::sleep(SETTLING);
    let usage = Usage::of(window.id(), time)?;
    println!("{:<34} {}", "transom-view", usage.line());
    Ok(())
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
        let share = |ticks: u64| ticks as f64 / TICKS_PER_SECOND / elapsed * 100.0;
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

/// What Linux has counted by since long ago, whatever its own clock.
const TICKS_PER_SECOND: f64 = 100.0;

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
            let Some((name, used)) = name_and_ticks(&stat) else {
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

/// From a line of proc(5)'s stat: the name in brackets, and the 14th and 15th field together.
fn name_and_ticks(stat: &str) -> Option<(&str, u64)> {
    let (head, rest) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((name, user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_whatever_the_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 42 8 0 0 20 0 1 0 5 6 7";
        assert_eq!(name_and_ticks(stat), Some(("a) b (c", 50)));
        assert_eq!(name_and_ticks("7 (cut"), None);
    }
}
