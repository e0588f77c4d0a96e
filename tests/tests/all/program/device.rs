//! The camera box on a V4L2 camera that fails in every way: the driver is a preloaded library, all
//! else is the program that people use.

use std::fs;
use std::thread;
use std::time::Duration;

use transom_media::fuzzing::sample;
use transom_tests::{DeviceMood, FakeDevice, Program, root};

use super::Pair;

/// A box with such a camera, and a viewer, both live.
struct Watched {
    pair: Pair,
    device: FakeDevice,
    station: Program,
    viewer: Program,
}

impl Watched {
    /// `None`, and a line that says so, where there is no C compiler.
    fn new() -> Option<Self> {
        let pair = Pair::new();
        let source = root().join("tests/preload/fake_camera.c");
        let (folder, picture) = (pair.scratch.folder("device"), sample(320, 240));
        let device = match FakeDevice::new(&folder, &source, &picture, (320, 240)) {
            Ok(device) => device,
            Err(why) => {
                eprintln!("skipped: the fake camera can't be compiled: {why}");
                return None;
            }
        };
        let options = ["--source", FakeDevice::NODE];
        let station = pair.listen_by("camera", &options, |command| {
            Program::start(command.envs(device.variables()))
        });
        let viewer = pair.near.start(&["watch", "far", "--json"]);
        let mut watched = Self {
            pair,
            device,
            station,
            viewer,
        };
        watched.is_live();
        Some(watched)
    }

    fn is_live(&mut self) {
        hears(&mut self.station, "camera", "live", "");
        hears(&mut self.viewer, "far_camera", "live", "");
    }

    /// Both are told; the viewer in these words.
    fn is_lost(&mut self, words: &str) {
        hears(&mut self.station, "camera", "lost", "");
        hears(&mut self.viewer, "far_camera", "lost", words);
    }

    fn replug(&mut self) {
        self.device.unplug().unwrap();
        self.is_lost("it was unplugged");
        self.device.plug_in().unwrap();
        self.is_live();
    }
}

/// Waits until a program tells this state of the camera, in words that hold this text.
fn hears(program: &mut Program, event: &str, state: &str, words: &str) {
    program.event_where(event, |told| {
        let text = told["text"].as_str().unwrap_or_default();
        told["state"] == state && text.contains(words)
    });
}

/// Of a program: descriptors, threads, and KB of memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Footprint {
    descriptors: usize,
    threads: usize,
    kb: u64,
}

impl Footprint {
    fn of(program: &Program) -> Self {
        let process = format!("/proc/{}", program.id());
        let count = |folder: &str| fs::read_dir(format!("{process}/{folder}")).unwrap().count();
        let status = fs::read_to_string(format!("{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.unwrap().trim().trim_end_matches(" kB");
        Self {
            descriptors: count("fd"),
            threads: count("task"),
            kb: kb.parse().unwrap(),
        }
    }
}

#[test]
fn a_box_tells_each_fault_of_its_camera_and_its_viewer_gets_pictures_again() {
    let Some(mut watched) = Watched::new() else {
        return;
    };
    for (mood, words) in [
        (DeviceMood::Fails, "it can't be read"),
        (DeviceMood::Silent, "it sends no pictures"),
    ] {
        watched.device.set_mood(mood).unwrap();
        watched.is_lost(words);
        watched.device.set_mood(DeviceMood::Gives).unwrap();
        watched.is_live();
    }

    watched.device.unplug().unwrap();
    watched.is_lost("it was unplugged");
    watched.device.plug_in_with(DeviceMood::Busy).unwrap();
    watched.is_lost("another program uses it");
    watched.device.set_mood(DeviceMood::Gives).unwrap();
    watched.is_live();

    // A driver that flags all its pictures is not believed.
    watched.device.set_mood(DeviceMood::Flags).unwrap();
    let arguments = ["watch", "far", "--frames", "30"];
    let end = watched.pair.near.run(&arguments);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(watched.station.is_running() && watched.viewer.is_running());
}

#[test]
fn a_box_whose_camera_comes_and_goes_twenty_times_takes_no_more_than_before() {
    let Some(mut watched) = Watched::new() else {
        return;
    };
    let mut footprints = Vec::new();
    for _ in 0..20 {
        watched.replug();
        // Its threads and buffers are those of a stream that flows.
        thread::sleep(Duration::from_millis(100));
        footprints.push(Footprint::of(&watched.station));
    }
    let (early, late) = (footprints[4], footprints[19]);
    assert_eq!(
        (late.descriptors, late.threads),
        (early.descriptors, early.threads),
        "{footprints:?}"
    );
    // Less than one frame a cycle.
    assert!(late.kb <= early.kb + 512, "{footprints:?}");
    println!("{early:?} {late:?}");
}

#[test]
fn a_camera_whose_driver_hangs_holds_nothing_up_and_is_there_when_it_answers() {
    let Some(mut watched) = Watched::new() else {
        return;
    };
    watched.device.unplug().unwrap();
    watched.is_lost("it was unplugged");
    // Opened at once, as it comes back.
    watched.device.plug_in_with(DeviceMood::Hangs).unwrap();
    watched.is_lost("its driver doesn't answer");
    watched.device.set_mood(DeviceMood::Gives).unwrap();
    watched.is_live();
}
