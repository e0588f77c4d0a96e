//! `cargo xtask soak`: runs a camera box for a given time, with viewers that come, go, stall and
//! are killed at random, and a camera that is unplugged and fails at random. At the end of each
//! minute the box is measured at rest: memory, descriptors and threads must not grow, and a viewer
//! must get every picture.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::fake_device::{DeviceMood, FakeDevice};
use crate::machine;
use crate::packages;
use crate::sandbox::{STARTING, Sandbox, User, is_event, number_field};
use crate::workspace;

use super::film::Pictures;
use super::{known, number, packaged_programs, resident};

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let options = ["--minutes", "--bin"];
    let arguments = known(arguments, &options, &[])?;
    let minutes = number(arguments, "--minutes", 60)?;
    if minutes < MIN_MINUTES {
        let why = format!("soak: --minutes takes {MIN_MINUTES} or more, to compare two of them");
        return Err(Failure::usage(why));
    }
    packages::ensure(&[&packages::CC])?;
    let sandbox = Sandbox::with_programs(packaged_programs(arguments)?)?;
    let mut soak = Soak::new(&sandbox)?;
    let mut all = Vec::new();
    for minute in 1..=minutes {
        let last = Instant::now() + DISTURBANCE;
        while Instant::now() < last {
            soak.disturb()?;
        }
        let seen = soak.measure()?;
        println!("{minute:>3} min  {seen}");
        all.push(seen);
    }
    println!("{}", soak.event_counts());
    verdict(&all)
}

/// The part of each minute with disturbances; the rest is for the measurement.
const DISTURBANCE: Duration = Duration::from_secs(48);
/// Until killed viewers have timed out and the camera is open again.
const SETTLING: Duration = Duration::from_secs(6);
const MEASURING: &str = "6";
const MOST_VIEWERS: usize = 6;
const SIZE: (u16, u16) = (640, 480);
/// The first minutes, which fill caches and pools, don't count.
const WARMING: usize = 2;
/// The shortest run that has two minutes after them.
const MIN_MINUTES: u32 = 4;
/// Limit of the growth of memory after them.
const MAX_GROWTH_KB: u64 = 1024;

/// The measurement at the end of a minute.
struct Measurement {
    kb: u64,
    descriptors: usize,
    threads: usize,
    fps: f64,
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} KB, {} descriptors, {} threads, {:.2} fps",
            self.kb, self.descriptors, self.threads, self.fps
        )
    }
}

fn verdict(all: &[Measurement]) -> Outcome {
    let [first, .., last] = all.get(WARMING..).unwrap_or_default() else {
        return Err(Failure::new("there are too few minutes to compare"));
    };
    let counts = |seen: &Measurement| (seen.descriptors, seen.threads);
    let is_known = first.kb > 0 && last.kb > 0;
    let is_flat = is_known && counts(first) == counts(last) && last.kb <= first.kb + MAX_GROWTH_KB;
    let keeps_pace = last.fps >= first.fps * 0.95;
    match is_flat && keeps_pace {
        true => Ok(()),
        false => Err(Failure::new(format!("it was {first}, and is {last}"))),
    }
}

struct Soak {
    device: FakeDevice,
    station: Background,
    users: Vec<User>,
    viewers: Vec<Background>,
    random: Random,
    /// How often each of [`EVENTS`] has happened.
    events: [u32; EVENTS.len()],
}

const EVENTS: [&str; 8] = [
    "viewers came",
    "went",
    "were killed",
    "stalled",
    "the camera was unplugged",
    "failed",
    "was silent",
    "flagged its pictures",
];

impl Soak {
    fn new(sandbox: &Sandbox) -> Outcome<Self> {
        let folder = sandbox.path("device");
        fs::create_dir(&folder).context(folder.display())?;
        let source = workspace::root().join("tests/preload/fake_camera.c");
        let picture = picture(sandbox)?;
        let device = FakeDevice::new(&folder, &source, &picture, SIZE);
        let device = device.context("the fake camera")?;
        let camera = sandbox.user("box")?;
        let user = |number| sandbox.user(&format!("viewer-{number}"));
        let users: Vec<_> = (1..=2).map(user).collect::<Outcome<_>>()?;
        let viewers: Vec<_> = users.iter().map(|user| (user, "127.0.0.1:9")).collect();
        camera.knows_all(&viewers)?;
        let arguments = [
            "camera",
            "--source",
            FakeDevice::NODE,
            "--max-viewers",
            "32",
        ];
        let (station, address) = camera.listen_with(&arguments, device.variables())?;
        for user in &users {
            user.knows(&camera, &address)?;
        }
        Ok(Self {
            device,
            station,
            users,
            viewers: Vec::new(),
            random: Random(1),
            events: [0; EVENTS.len()],
        })
    }

    /// Causes one random event, then waits up to a second.
    fn disturb(&mut self) -> Outcome {
        let event = self.random.below(EVENTS.len());
        self.events[event] += 1;
        let camera = "the camera";
        match event {
            0 => self.add_viewer()?,
            1 => self.signal_one("-TERM")?,
            2 => drop(self.take_viewer()),
            3 => self.signal_one("-STOP")?,
            4 => {
                self.device.unplug().context(camera)?;
                self.pause(3000);
                self.device.plug_in().context(camera)?;
            }
            5 => self.set_mood(DeviceMood::Fails)?,
            6 => self.set_mood(DeviceMood::Silent)?,
            _ => self.set_mood(DeviceMood::Flags)?,
        }
        let runs = |viewer: &mut Background| matches!(viewer.ended(), Ok(None));
        self.viewers.retain_mut(runs);
        // Two viewers at least, since the camera is open only while it is watched.
        while self.viewers.len() < 2 {
            self.add_viewer()?;
        }
        self.pause(1000);
        Ok(())
    }

    fn set_mood(&mut self, mood: DeviceMood) -> Outcome {
        self.device.set_mood(mood).context("the camera")?;
        self.pause(4000);
        let good = self.device.set_mood(DeviceMood::Gives);
        good.context("the camera")
    }

    fn add_viewer(&mut self) -> Outcome {
        if self.viewers.len() == MOST_VIEWERS {
            drop(self.take_viewer());
        }
        let user = &self.users[self.random.below(self.users.len())];
        let mut watch = user.transom(&["watch", "box", "--quiet"]);
        let viewer = Background::start(watch.stderr(Stdio::null()))?;
        self.viewers.push(viewer);
        Ok(())
    }

    fn take_viewer(&mut self) -> Option<Background> {
        let count = self.viewers.len();
        (count > 0).then(|| self.viewers.swap_remove(self.random.below(count)))
    }

    fn signal_one(&mut self, signal: &str) -> Outcome {
        if self.viewers.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.viewers.len());
        let id = self.viewers[at].id().to_string();
        // The viewer may have ended.
        let mut kill = Command::new("kill");
        kill.args([signal, &id]).stderr(Stdio::null());
        kill.status().context("kill")?;
        Ok(())
    }

    fn pause(&mut self, most_ms: usize) {
        let pause = self.random.below(most_ms);
        thread::sleep(Duration::from_millis(pause as u64));
    }

    /// Lets the box settle, then measures it with one viewer.
    fn measure(&mut self) -> Outcome<Measurement> {
        self.viewers.clear();
        thread::sleep(SETTLING);
        if let Some(status) = self.station.ended()? {
            return Err(Failure::new(format!("the box has ended: {status}")));
        }
        let arguments = ["watch", "box", "--seconds", MEASURING, "--stats-json"];
        let viewer = Background::start(&mut self.users[0].transom(&arguments))?;
        let fps = viewer.line(STARTING * 2, |line| {
            is_event(line, "summary").then(|| number_field(line, None, "fps"))?
        })?;
        viewer.finish()?;
        thread::sleep(Duration::from_secs(1));
        let process = PathBuf::from(format!("/proc/{}", self.station.id()));
        let count = |folder: &str| machine::names_in(&process.join(folder)).len();
        Ok(Measurement {
            kb: resident(self.station.id()),
            descriptors: count("fd"),
            threads: count("task"),
            fps,
        })
    }

    fn event_counts(&self) -> String {
        let events = EVENTS.iter().zip(self.events);
        let events: Vec<_> = events
            .map(|(name, times)| format!("{name} {times} x"))
            .collect();
        events.join(", ")
    }
}

/// One picture of the test pattern.
fn picture(sandbox: &Sandbox) -> Outcome<Vec<u8>> {
    let size = format!("{}x{}", SIZE.0, SIZE.1);
    let pictures = Pictures::record_size(sandbox, &size)?;
    pictures.padded(pictures.largest())
}

/// A pseudo-random generator, the same in each run.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % limit
    }
}
