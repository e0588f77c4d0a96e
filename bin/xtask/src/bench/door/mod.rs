//! `cargo xtask bench door`: what the HTTP door of a camera box costs beside ustreamer on the same
//! fake camera. They run in turn, and the processor time of all rounds is added up.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::packages;
use crate::sandbox::{STARTING, Sandbox, User, is_event, text_field};

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
    let bench = Bench::new(&sandbox, seconds)?;
    println!(
        "processor time a picture of the door and of ustreamer: 1280x720, {} KB, {} a second",
        JPEG_BYTES / 1000,
        FakeCamera::FPS,
    );
    for (viewers, goal) in GOALS {
        let mut costs = [Way::Ustreamer, Way::Stream, Way::Next].map(|way| (way, Cost::default()));
        for _ in 0..rounds {
            for (way, cost) in &mut costs {
                cost.add(bench.cost(*way, viewers)?);
            }
        }
        let [(_, theirs), ours @ ..] = costs;
        println!("{viewers:>2} viewers  ustreamer  {}", theirs.line());
        for (way, cost) in ours {
            let ratio = cost.each() / theirs.each();
            let verdict = verdict(ratio <= goal);
            let line = cost.line();
            println!("            {way:<9}  {line}: {ratio:.2} x, goal {goal}{verdict}");
        }
    }
    let [without, with] = [0, MOST_VIEWERS].map(|viewers| bench.memory(viewers));
    let (without, with) = (without?, with?);
    let more = with.saturating_sub(without);
    println!(
        "memory with a viewer of ours {without} KB, with the door and {MOST_VIEWERS} viewers of it \
         {with} KB: {more} KB more, goal {MAX_MORE_KB}{}",
        verdict(more <= MAX_MORE_KB),
    );
    Ok(())
}

/// Viewers, and the largest ratio of our processor time to ustreamer's.
const GOALS: [(usize, f64); 3] = [(1, 0.6), (8, 0.35), (MOST_VIEWERS, 0.25)];
const MOST_VIEWERS: usize = 32;
const MAX_MORE_KB: u64 = 1024;

/// A usual picture of a webcam in this size.
const JPEG_BYTES: usize = 80_000;
const SIZE: (usize, usize) = (1280, 720);
/// The time between the first picture and the measurement.
const SETTLING: Duration = Duration::from_secs(1);

fn verdict(holds: bool) -> &'static str {
    if holds { "" } else { "  FALLS SHORT" }
}

/// The cost of one way over all rounds.
#[derive(Default)]
struct Cost {
    used: Duration,
    time: Duration,
    pictures: usize,
    viewers: usize,
    kb: u64,
    /// Latency from the capture until a viewer has received the picture: p50 and p99 of the last
    /// round in milliseconds.
    latency: [f64; 2],
}

impl Cost {
    fn add(&mut self, round: Self) {
        *self = Self {
            used: self.used + round.used,
            time: self.time + round.time,
            pictures: self.pictures + round.pictures,
            kb: self.kb.max(round.kb),
            ..round
        };
    }

    /// Pictures of the camera.
    fn frames(&self) -> f64 {
        self.time.as_secs_f64() * f64::from(FakeCamera::FPS)
    }

    /// Processor time in milliseconds for each picture of the camera.
    fn each(&self) -> f64 {
        self.used.as_secs_f64() * 1e3 / self.frames()
    }

    fn line(&self) -> String {
        let [p50, p99] = self.latency;
        let seen = self.pictures as f64 / (self.frames() * self.viewers as f64) * 100.0;
        format!(
            "{:.3} ms, {} KB, seen {seen:.0} %, p50 {p50:.2} ms, p99 {p99:.2} ms",
            self.each(),
            self.kb,
        )
    }
}

/// The camera, its picture, and the users of the box and of a viewer.
struct Bench {
    seconds: u32,
    fake: FakeCamera,
    picture: PathBuf,
    camera: User,
    viewer: User,
}

impl Bench {
    fn new(sandbox: &Sandbox, seconds: u32) -> Outcome<Self> {
        let picture = sandbox.path("picture.jpg");
        let pictures = Pictures::record(sandbox)?;
        let padded = pictures.padded_behind_its_blocks(JPEG_BYTES)?;
        fs::write(&picture, padded).context(picture.display())?;
        let bench = Self {
            seconds,
            fake: FakeCamera::new(sandbox)?,
            picture,
            camera: sandbox.user("box")?,
            viewer: sandbox.user("viewer")?,
        };
        bench.camera.knows(&bench.viewer, "127.0.0.1:9")?;
        Ok(bench)
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            kind: Kind::Mjpg,
            size: SIZE,
            picture: &self.picture,
        }
    }

    fn cost(&self, way: Way, count: usize) -> Outcome<Cost> {
        let (server, port) = match way {
            Way::Ustreamer => {
                let port = free_port()?;
                (self.fake.ustreamer(self.scene(), port)?, port)
            }
            Way::Stream | Way::Next => {
                let (camera, _, port) = self.door()?;
                (camera, port)
            }
        };
        let viewers = HttpViewers::start(way, port, count)?;
        thread::sleep(SETTLING);
        viewers.count();
        let (before, started) = (processor::used_by_threads(server.id())?, Instant::now());
        thread::sleep(Duration::from_secs(self.seconds.into()));
        let mut cost = Cost {
            used: processor::used_by_threads(server.id())? - before,
            time: started.elapsed(),
            viewers: count,
            kb: resident(server.id()),
            ..Cost::default()
        };
        // Its end is that of the viewers' connections.
        drop(server);
        let latencies = viewers.latencies()?;
        cost.pictures = latencies.len();
        let quantile = |hundredths: usize| latencies.get(latencies.len() * hundredths / 100);
        let [Some(p50), Some(p99)] = [50, 99].map(quantile) else {
            return Err(Failure::new(format!("{way}: no picture came")));
        };
        cost.latency = [*p50, *p99];
        Ok(cost)
    }

    /// Starts a box with a door; gives back its own address and the door's port too.
    fn door(&self) -> Outcome<(Background, String, u16)> {
        let door = ["--http", "127.0.0.1:0", "--http-open"];
        let (camera, address) = self.start(&door)?;
        let port = camera.line(STARTING, |line| {
            let address = text_field(line, "address");
            let address = address.filter(|_| is_event(line, "http_listening"))?;
            address.rsplit_once(':')?.1.parse().ok()
        })?;
        Ok((camera, address, port))
    }

    fn start(&self, more: &[&str]) -> Outcome<(Background, String)> {
        let camera = ["camera", "--source", FakeCamera::DEVICE, "--max-viewers"];
        let camera = [&camera[..], &["64", "--adapt", "off"], more].concat();
        self.camera
            .listen_with(&camera, self.fake.preload(self.scene()))
    }

    /// The resident memory of a box with a viewer of ours, in KB; with `count` viewers of its door
    /// beside it, if that is not 0.
    fn memory(&self, count: usize) -> Outcome<u64> {
        let (camera, address, port) = match count {
            0 => {
                let (camera, address) = self.start(&[])?;
                (camera, address, 0)
            }
            _ => self.door()?,
        };
        self.viewer.knows(&self.camera, &address)?;
        let watch = self.viewer.transom(&["watch", "box", "--json"]);
        let _viewer = Background::start(&mut { watch })?;
        let ways = match count {
            0 => vec![],
            _ => [Way::Stream, Way::Next]
                .into_iter()
                .map(|way| HttpViewers::start(way, port, count / 2))
                .collect::<Outcome<_>>()?,
        };
        thread::sleep(SETTLING + Duration::from_secs(self.seconds.into()));
        let kb = resident(camera.id());
        drop(camera);
        for viewers in ways {
            viewers.latencies()?;
        }
        Ok(kb)
    }
}
