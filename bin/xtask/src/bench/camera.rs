//! `cargo xtask bench camera`: compares the camera box with ustreamer on the same fake camera, a
//! preloaded library (`tests/preload/fake_camera.c`). Both send each picture to each viewer; ours
//! encrypts. They run in turn, and the processor time of all rounds is added up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::packages;
use crate::sandbox::{STARTING, Sandbox, User, is_event, number_field};
use crate::step;
use crate::workspace;

use super::fake_camera::{FakeCamera, Kind, Scene};
use super::film::Pictures;
use super::http_viewer::{HttpViewers, Way};
use super::peers::free_port;
use super::{number, packaged_programs, processor, resident};

pub(super) fn run(arguments: &[&str]) -> Outcome {
    let seconds = number(arguments, "--seconds", 10)?;
    let rounds = number(arguments, "--rounds", 3)?;
    packages::ensure(&[&packages::USTREAMER, &packages::CC])?;
    let sandbox = Sandbox::with_programs(packaged_programs(arguments)?)?;
    if !arguments.contains(&"--bin") || !workspace::release(VIEWERS).is_file() {
        let build = "build --locked --release -p transom-tests --example viewers";
        step::run(
            "building the viewers",
            &mut workspace::cargo(build.split(' ')),
        )?;
    }
    let bench = Bench::new(&sandbox, seconds)?;
    println!("processor time a picture of the camera box and of ustreamer, {FPS} a second");
    for row in &ROWS {
        let (mut ours, mut theirs) = (Cost::default(), Cost::default());
        for _ in 0..rounds {
            ours.add(&bench.ours(row)?);
            theirs.add(&bench.theirs(row)?);
        }
        row.print(&ours, &theirs);
    }
    Ok(())
}

/// The program of the viewers, an example of transom-tests.
const VIEWERS: &str = "examples/viewers";
const FPS: u32 = FakeCamera::FPS;
/// A box has at most 8 connections with each key.
const KEYS: usize = 4;
/// The time between the first picture and the measurement.
const SETTLING: Duration = Duration::from_secs(1);

/// The pictures of the camera, and the number of viewers.
struct Row {
    kind: Kind,
    width: usize,
    height: usize,
    viewers: usize,
    /// The largest ratio of our processor time to theirs.
    goal: f64,
}

const ROWS: [Row; 5] = [
    Row::new(Kind::Mjpg, 1920, 1080, 1, 0.65),
    Row::new(Kind::Mjpg, 1920, 1080, 8, 0.7),
    Row::new(Kind::Mjpg, 1920, 1080, 32, 0.5),
    Row::new(Kind::Yuyv, 640, 480, 1, 0.9),
    Row::new(Kind::Yuyv, 1280, 720, 1, 0.9),
];

/// Limit of the resident memory of a box with 8 viewers.
const MAX_KB: u64 = 8 * 1024;

impl Row {
    const fn new(kind: Kind, width: usize, height: usize, viewers: usize, goal: f64) -> Self {
        Self {
            kind,
            width,
            height,
            viewers,
            goal,
        }
    }

    fn size(&self) -> String {
        format!("{}x{}", self.width, self.height)
    }

    fn scene<'a>(&self, picture: &'a Path) -> Scene<'a> {
        Scene {
            kind: self.kind,
            size: (self.width, self.height),
            picture,
        }
    }

    fn print(&self, ours: &Cost, theirs: &Cost) {
        let ratio = ours.each() / theirs.each();
        println!(
            "{} {:>9} {:>2} viewers  {:.3} and {:.3} ms: {ratio:.2} x, goal {:.2}{}",
            self.kind.name(),
            self.size(),
            self.viewers,
            ours.each(),
            theirs.each(),
            self.goal,
            verdict(ratio <= self.goal),
        );
        println!(
            "  memory {} and {} KB{}",
            ours.kb,
            theirs.kb,
            verdict(self.viewers != 8 || ours.kb <= MAX_KB)
        );
        let ([p50, p99], [their_p50, their_p99]) = (ours.latency(), theirs.latency());
        println!(
            "  captured to received, p50 {p50:.2} and {their_p50:.2} ms, p99 {p99:.2} and \
             {their_p99:.2} ms{}",
            verdict(self.kind == Kind::Mjpg || p50 < their_p50)
        );
        println!("  pictures {} and {}", ours.pictures, theirs.pictures);
    }
}

fn verdict(holds: bool) -> &'static str {
    if holds { "" } else { "  FALLS SHORT" }
}

/// The cost of one program over all rounds.
#[derive(Default)]
struct Cost {
    used: Duration,
    time: Duration,
    kb: u64,
    pictures: u64,
    /// Latency from the driver's timestamp until a viewer has received the picture: p50 and p99 of
    /// each round in milliseconds.
    latencies: Vec<[f64; 2]>,
}

impl Cost {
    fn add(&mut self, round: &Self) {
        self.used += round.used;
        self.time += round.time;
        self.kb = self.kb.max(round.kb);
        self.pictures += round.pictures;
        self.latencies.extend(&round.latencies);
    }

    /// Processor time in milliseconds for each picture of the camera.
    fn each(&self) -> f64 {
        self.used.as_secs_f64() * 1e3 / (self.time.as_secs_f64() * f64::from(FPS))
    }

    /// The means of p50 and p99 over the rounds.
    fn latency(&self) -> [f64; 2] {
        let sum = |at: usize| self.latencies.iter().map(|round| round[at]).sum::<f64>();
        [0, 1].map(|at| sum(at) / self.latencies.len() as f64)
    }
}

/// The fake camera, its pictures, and the users of box and viewers.
struct Bench {
    seconds: u32,
    fake: FakeCamera,
    folder: PathBuf,
    camera: User,
    viewers: Vec<User>,
}

impl Bench {
    fn new(sandbox: &Sandbox, seconds: u32) -> Outcome<Self> {
        let folder = sandbox.path("");
        for row in &ROWS {
            let path = folder.join(format!("{}-{}", row.kind.name(), row.size()));
            let picture = match row.kind {
                _ if path.exists() => continue,
                Kind::Mjpg => {
                    let pictures = Pictures::record_size(sandbox, &row.size())?;
                    pictures.padded(JPEG_BYTES)?
                }
                Kind::Yuyv => scene(row.width, row.height),
            };
            fs::write(&path, picture).context(path.display())?;
        }
        let viewer = |number| sandbox.user(&format!("viewer-{number}"));
        let bench = Self {
            seconds,
            fake: FakeCamera::new(sandbox)?,
            folder,
            camera: sandbox.user("box")?,
            viewers: (1..=KEYS).map(viewer).collect::<Outcome<_>>()?,
        };
        let known = bench.viewers.iter().map(|viewer| (viewer, "127.0.0.1:9"));
        bench.camera.knows_all(&known.collect::<Vec<_>>())?;
        Ok(bench)
    }

    /// The file with the picture of a row.
    fn picture(&self, row: &Row) -> PathBuf {
        self.folder
            .join(format!("{}-{}", row.kind.name(), row.size()))
    }

    fn ours(&self, row: &Row) -> Outcome<Cost> {
        let picture = self.picture(row);
        let camera = [
            "camera",
            "--source",
            FakeCamera::DEVICE,
            "--max-viewers",
            "64",
            "--adapt",
            "off",
        ];
        let (camera, address) = self
            .camera
            .listen_with(&camera, self.fake.preload(row.scene(&picture)))?;
        let mut viewers = Command::new(workspace::release(VIEWERS));
        let count = row.viewers.to_string();
        viewers.args([self.camera.contact("box", &address), count]);
        viewers.arg((SETTLING.as_secs() + u64::from(self.seconds) + 1).to_string());
        viewers.args(self.viewers.iter().map(User::state));
        let viewers = Background::start(viewers.current_dir(&self.folder))?;
        let timeout = Duration::from_secs(self.seconds.into()) + STARTING * 5;
        viewers.line(timeout, |line| is_event(line, "watching").then_some(()))?;
        let mut cost = self.measure(camera.id())?;
        let summary = viewers.line(timeout, |line| {
            is_event(line, "summary").then(|| line.to_owned())
        })?;
        let field = |name| {
            let field = number_field(&summary, None, name);
            field.ok_or_else(|| Failure::new(format!("no {name} in {summary}")))
        };
        cost.pictures = field("pictures")? as u64;
        cost.latencies = vec![[field("whole_p50_ms")?, field("whole_p99_ms")?]];
        Ok(cost)
    }

    fn theirs(&self, row: &Row) -> Outcome<Cost> {
        let port = free_port()?;
        let picture = self.picture(row);
        let camera = self.fake.ustreamer(row.scene(&picture), port)?;
        let viewers = HttpViewers::start(Way::Ustreamer, port, row.viewers)?;
        viewers.count();
        let mut cost = self.measure(camera.id())?;
        // Ending ustreamer ends the viewers' connections.
        drop(camera);
        let latencies = viewers.latencies()?;
        let quantile = |hundredths: usize| latencies.get(latencies.len() * hundredths / 100);
        let [Some(p50), Some(p99)] = [50, 99].map(quantile) else {
            return Err(Failure::new("ustreamer sent no picture"));
        };
        cost.pictures = latencies.len() as u64;
        cost.latencies = vec![[*p50, *p99]];
        Ok(cost)
    }

    fn measure(&self, process: u32) -> Outcome<Cost> {
        thread::sleep(SETTLING);
        let (before, started) = (processor::used_by(process)?, Instant::now());
        thread::sleep(Duration::from_secs(self.seconds.into()));
        Ok(Cost {
            used: processor::used_by(process)? - before,
            time: started.elapsed(),
            kb: resident(process),
            ..Cost::default()
        })
    }
}

/// The size of a 1080p picture of a webcam.
const JPEG_BYTES: usize = 300_000;

/// A YUYV frame of waves, edges and noise.
fn scene(width: usize, height: usize) -> Vec<u8> {
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 28) - 8.0
    };
    let mut frame = Vec::with_capacity(width * height * 2);
    for y in 0..height {
        for x in 0..width {
            let wave = ((x * x + y * y) as f64 / 4000.0).sin() * 50.0;
            let edge = if (x / 60 + y / 40) % 2 == 0 {
                40.0
            } else {
                0.0
            };
            let chroma = if x % 2 == 0 {
                x * 90 / width
            } else {
                y * 90 / height
            };
            frame.push((110.0 + wave + edge + noise()) as u8);
            frame.push(80 + chroma as u8);
        }
    }
    frame
}
