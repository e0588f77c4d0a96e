//! `cargo xtask bench viewers`: measures the cost of each further viewer of a camera box on
//! loopback, and whether a viewer on a slow link affects the others.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::packages;
use crate::sandbox::{STARTING, Sandbox, User, is_event, number_field, text_field};
use crate::step;
use crate::workspace;

use super::film::Pictures;
use super::lab::{Lab, Namespace, Shape};
use super::{number, processor, programs};

pub(super) fn run(arguments: &[&str]) -> Outcome {
    let seconds = number(arguments, "--seconds", 10)?;
    packages::need_root("it makes network namespaces")?;
    packages::ensure(&[&packages::LINK])?;
    let sandbox = Sandbox::with_programs(programs(arguments)?)?;
    if !arguments.contains(&"--bin") || !workspace::release(PROGRAM).is_file() {
        let build = "build --locked --release -p transom-tests --example viewers";
        step::run(
            "building the viewers",
            &mut workspace::cargo(build.split(' ')),
        )?;
    }
    let pictures = Pictures::record(&sandbox)?;
    let bench = Bench::new(&sandbox, &pictures, seconds)?;
    println!(
        "1280x720 at 30 pictures a second of {} bytes, passed through",
        bench.bytes
    );
    println!(
        "{:>7} {:>15} {:>15} {:>16} {:>12} {:>16} {:>18}",
        "viewers",
        "processor",
        "of it a viewer",
        "memory",
        "a viewer",
        "pictures lost",
        "p50 / p99"
    );
    for viewers in [1, 8, 64, 256] {
        print(viewers, &bench.many(viewers)?);
    }
    bench.one_is_slow()
}

/// The program of the viewers, an example of transom-tests.
const PROGRAM: &str = "examples/viewers";

/// One box and the keys of its viewers.
struct Bench<'a> {
    sandbox: &'a Sandbox,
    seconds: u32,
    source: String,
    bytes: usize,
    camera: User,
    /// Several keys, because a box has at most 8 connections with each.
    viewers: Vec<User>,
}

const KEYS: usize = 256 / 8;

/// The result of a run with some number of viewers.
struct Cost {
    /// Processor usage of the box; 1 is a whole processor.
    share: f64,
    idle_kb: u64,
    busy_kb: u64,
    summary: Summary,
}

impl<'a> Bench<'a> {
    fn new(sandbox: &'a Sandbox, pictures: &Pictures, seconds: u32) -> Outcome<Self> {
        let film = sandbox.path("film.mjpeg");
        let bytes = pictures.largest();
        pictures.write(&film, bytes)?;
        let viewer = |number| sandbox.user(&format!("viewer-{number}"));
        let bench = Self {
            sandbox,
            seconds,
            source: format!("file:{}", film.display()),
            bytes,
            camera: sandbox.user("box")?,
            viewers: (1..=KEYS).map(viewer).collect::<Outcome<_>>()?,
        };
        let known: Vec<_> = bench
            .viewers
            .iter()
            .map(|viewer| (viewer, "127.0.0.1:9"))
            .collect();
        bench.camera.knows_all(&known)?;
        Ok(bench)
    }

    fn many(&self, count: usize) -> Outcome<Cost> {
        let lab = Lab::new(&Shape::LOOPBACK, false)?;
        let (namespace, host) = lab.sender();
        let (camera, contact) = self.start(namespace, host)?;
        thread::sleep(Duration::from_secs(1));
        let idle_kb = resident(camera.id())?;
        let viewers = self.viewers(namespace, &contact, count)?;
        viewers.line(STARTING * 5, |line| {
            is_event(line, "watching").then_some(())
        })?;
        let (before, started) = (processor::used_by(camera.id())?, Instant::now());
        let summary = self.summary(&viewers)?;
        let used = processor::used_by(camera.id())? - before;
        Ok(Cost {
            share: used.as_secs_f64() / started.elapsed().as_secs_f64(),
            idle_kb,
            busy_kb: resident(camera.id())?,
            summary,
        })
    }

    /// Seven viewers without a limit, and one behind 2 Mbit/s.
    fn one_is_slow(&self) -> Outcome {
        let lab = Lab::new(&Shape::new(2.0, 150_000), false)?;
        let ((near, host), (far, _)) = (lab.sender(), lab.receiver());
        let (_camera, contact) = self.start(near, host)?;
        let slow = self.viewers(far, &contact, 1)?;
        let others = self.viewers(near, &contact, 7)?;
        let others = self.summary(&others)?;
        let slow = self.summary(&slow)?;
        println!("\neight viewers, one of them behind 2 Mbit/s");
        println!("  the seven others  {}", others.line());
        println!("  the slow one      {}", slow.line());
        let verdict = match others.lost == 0.0 {
            true => "holds",
            false => "FALLS SHORT",
        };
        println!("  the others lose nothing: {verdict}");
        Ok(())
    }

    /// Starts the box. Returns the contact line for viewers too.
    fn start(&self, namespace: &Namespace, host: &str) -> Outcome<(Background, String)> {
        let listen = format!("{host}:0");
        let camera = [
            "camera",
            "--source",
            &self.source,
            "--fps",
            "30",
            "--max-viewers",
            "256",
        ];
        let camera = [
            &camera[..],
            &["--listen", &listen, "--json", "--name", "box"],
        ]
        .concat();
        let camera = Background::start(&mut namespace.inside(&self.camera.transom(&camera)))?;
        let address = camera.line(STARTING, |line| {
            is_event(line, "listening")
                .then(|| text_field(line, "address"))
                .flatten()
        })?;
        Ok((camera, self.camera.contact("box", &address)))
    }

    fn viewers(&self, namespace: &Namespace, contact: &str, count: usize) -> Outcome<Background> {
        let mut command = Command::new(workspace::release(PROGRAM));
        command.args([contact, &count.to_string(), &self.seconds.to_string()]);
        command.args(self.viewers.iter().map(User::state));
        command.current_dir(self.sandbox.path(""));
        Background::start(&mut namespace.inside(&command))
    }

    fn summary(&self, viewers: &Background) -> Outcome<Summary> {
        let timeout = Duration::from_secs(self.seconds.into()) + STARTING;
        let line = viewers.line(timeout, |line| {
            is_event(line, "summary").then(|| line.to_owned())
        })?;
        Summary::of(&line).ok_or_else(|| Failure::new(format!("a figure is missing: {line}")))
    }
}

/// The statistics of all viewers.
struct Summary {
    pictures: f64,
    lost: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Summary {
    fn of(line: &str) -> Option<Self> {
        let field = |name| number_field(line, None, name);
        Some(Self {
            pictures: field("pictures")?,
            lost: field("lost")?,
            p50_ms: field("p50_ms")?,
            p99_ms: field("p99_ms")?,
        })
    }

    fn line(&self) -> String {
        let Self {
            pictures,
            lost,
            p50_ms,
            p99_ms,
        } = self;
        format!("{pictures} pictures, {lost} lost, p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms")
    }
}

fn print(viewers: usize, cost: &Cost) {
    let each = |all: f64| all / viewers as f64;
    let Cost {
        share,
        idle_kb,
        busy_kb,
        summary,
    } = cost;
    let grown = busy_kb.saturating_sub(*idle_kb) as f64;
    println!(
        "{viewers:>7} {:>13.1} % {:>13.2} % {busy_kb:>13} KB {:>9.0} KB {:>16} {:>18}",
        share * 100.0,
        each(share * 100.0),
        each(grown),
        format!("{} of {}", summary.lost, summary.pictures + summary.lost),
        format!("{:.1} / {:.1} ms", summary.p50_ms, summary.p99_ms),
    );
}

/// Memory of a process, in KB.
fn resident(process: u32) -> Outcome<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).context(&path)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| Failure::new(format!("{path}: no VmRSS")))
}
