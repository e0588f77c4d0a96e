//! `cargo xtask bench camera`: compares the camera box with ustreamer on the same fake camera, a
//! preloaded library (`tests/preload/fake_camera.c`). Both send each picture to each viewer; ours
//! encrypts. They run in turn, and the processor time of all rounds is added up.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::packages;
use crate::sandbox::{STARTING, Sandbox, User, is_event, number_field};
use crate::step;
use crate::workspace;

use super::film::Pictures;
use super::peers::{LISTENING, free_port};
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
const FPS: u32 = 30;
const DEVICE: &str = "/dev/video0";
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

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Mjpg,
    Yuyv,
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

    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Mjpg => "MJPG",
            Kind::Yuyv => "YUYV",
        }
    }

    fn size(&self) -> String {
        format!("{}x{}", self.width, self.height)
    }

    fn print(&self, ours: &Cost, theirs: &Cost) {
        let ratio = ours.each() / theirs.each();
        println!(
            "{} {:>9} {:>2} viewers  {:.3} and {:.3} ms: {ratio:.2} x, goal {:.2}{}",
            self.name(),
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
    library: PathBuf,
    folder: PathBuf,
    camera: User,
    viewers: Vec<User>,
}

impl Bench {
    fn new(sandbox: &Sandbox, seconds: u32) -> Outcome<Self> {
        let folder = sandbox.path("");
        let library = sandbox.path("fake_camera.so");
        let source = workspace::root().join("tests/preload/fake_camera.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(&library)
            .arg(source);
        step::run("building the fake camera", &mut cc)?;
        for row in &ROWS {
            let path = folder.join(format!("{}-{}", row.name(), row.size()));
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
            library,
            folder,
            camera: sandbox.user("box")?,
            viewers: (1..=KEYS).map(viewer).collect::<Outcome<_>>()?,
        };
        let known = bench.viewers.iter().map(|viewer| (viewer, "127.0.0.1:9"));
        bench.camera.knows_all(&known.collect::<Vec<_>>())?;
        Ok(bench)
    }

    /// The environment variables that load the fake camera of a row.
    fn preload(&self, row: &Row) -> [(&'static str, String); 2] {
        let (kind, size) = (row.name(), row.size());
        let file = self.folder.join(format!("{kind}-{size}"));
        let (width, height) = (row.width, row.height);
        let camera = format!("{DEVICE} {width} {height} {FPS} {kind} {}", file.display());
        let library = self.library.display().to_string();
        [("FAKE_CAMERA", camera), ("LD_PRELOAD", library)]
    }

    fn ours(&self, row: &Row) -> Outcome<Cost> {
        let camera = [
            "camera",
            "--source",
            DEVICE,
            "--max-viewers",
            "64",
            "--adapt",
            "off",
        ];
        let (camera, address) = self.camera.listen_with(&camera, self.preload(row))?;
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
        let mut command = Command::new("ustreamer");
        command.args(["--device", DEVICE, "--resolution", &row.size()]);
        command.args([
            "--port",
            &port.to_string(),
            "--quality",
            "80",
            "--tcp-nodelay",
        ]);
        command.args(match row.kind {
            Kind::Mjpg => ["--format", "MJPEG", "--encoder", "HW"],
            Kind::Yuyv => ["--format", "YUYV", "--encoder", "CPU"],
        });
        command.envs(self.preload(row)).stderr(Stdio::null());
        let camera = Background::start(&mut command)?;
        let counting = Arc::new(AtomicBool::new(false));
        let viewers: Vec<_> = (0..row.viewers)
            .map(|_| HttpViewer::connect(port, &counting))
            .collect::<Outcome<_>>()?;
        let viewers = viewers
            .into_iter()
            .map(|viewer| thread::spawn(|| viewer.watch()));
        let viewers: Vec<_> = viewers.collect();
        counting.store(true, Ordering::Relaxed);
        let mut cost = self.measure(camera.id())?;
        // Ending ustreamer ends the viewers' connections.
        drop(camera);
        let mut latencies = Vec::new();
        for viewer in viewers {
            let seen = viewer
                .join()
                .map_err(|_| Failure::new("a viewer panicked"))?;
            latencies.extend(seen);
        }
        latencies.sort_by(f64::total_cmp);
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

/// A viewer of ustreamer's stream.
struct HttpViewer {
    stream: BufReader<TcpStream>,
    counting: Arc<AtomicBool>,
}

impl HttpViewer {
    fn connect(port: u16, counting: &Arc<AtomicBool>) -> Outcome<Self> {
        use std::io::Write as _;
        let last = Instant::now() + LISTENING;
        let mut stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Err(_) if Instant::now() < last => thread::sleep(Duration::from_millis(20)),
                stream => break stream.context("ustreamer")?,
            }
        };
        let request = b"GET /stream?extra_headers=1 HTTP/1.0\r\n\r\n";
        stream.write_all(request).context("ustreamer")?;
        Ok(Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            counting: Arc::clone(counting),
        })
    }

    /// The latency of each picture in milliseconds, until the stream ends.
    fn watch(mut self) -> Vec<f64> {
        let mut latencies = Vec::new();
        let mut line = String::new();
        let (mut length, mut grabbed) = (None, 0.0);
        loop {
            line.clear();
            match self.stream.read_line(&mut line) {
                Ok(1..) => {}
                _ => return latencies,
            }
            let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
            match name {
                "Content-Length" => length = value.parse().ok(),
                "X-UStreamer-Grab-Time" => grabbed = value.parse().unwrap_or_default(),
                _ => {}
            }
            // An empty line ends the headers of a picture.
            let Some(bytes) = length.filter(|_| line.trim_end().is_empty()) else {
                continue;
            };
            length = None;
            let mut picture = vec![0; bytes];
            if self.stream.read_exact(&mut picture).is_err() {
                return latencies;
            }
            if self.counting.load(Ordering::Relaxed) {
                let now = clock_gettime(ClockId::Monotonic);
                let now = now.tv_sec as f64 + now.tv_nsec as f64 / 1e9;
                latencies.push((now - grabbed) * 1e3);
            }
        }
    }
}
