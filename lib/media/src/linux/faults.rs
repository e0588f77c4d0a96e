//! A thousand scripted drivers, each with different faults at different calls. Whatever a driver
//! answers, the camera gives pictures or ends with an error; it never spins, and leaves nothing
//! open.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::camera::{WARM_UP_FRAMES, start};
use crate::sys::fake::{Call, Fake, Fault, Witness};
use crate::sys::video::Node;
use crate::{CameraError, CaptureRequest, Encoder, fuzzing::sample, repair};

/// Frames of each driver, unless a fault ends it before.
const FRAMES: u32 = 40;
/// Calls that a driver may see: to set it up, and a few for each frame.
const MAX_CALLS: u32 = 200 + FRAMES * 8;

const ERRNOS: [i32; 12] = [
    libc::EAGAIN,
    libc::EINTR,
    libc::EIO,
    libc::ENODEV,
    libc::ENXIO,
    libc::ENOSPC,
    libc::EBUSY,
    libc::EINVAL,
    libc::ENOTTY,
    libc::EPROTO,
    libc::EPIPE,
    libc::ENOMEM,
];

/// A pseudo-random generator, the same for a seed in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as u32 % sides
    }

    fn fault(&mut self) -> ((Call, u32), Fault) {
        let errno = ERRNOS[self.roll(ERRNOS.len() as u32) as usize];
        let call = Call::ALL[self.roll(Call::ALL.len() as u32) as usize];
        let nth = match call {
            // Early and late ones.
            Call::Queue | Call::Dequeue => {
                let most = [6, 60][self.roll(2) as usize];
                self.roll(most)
            }
            _ => self.roll(3),
        };
        let odd = self.roll(2) == 0;
        let fault = match call {
            Call::RequestBuffers if odd => {
                Fault::Granted([0, 1, 2, 9, 33, 1000][self.roll(6) as usize])
            }
            Call::SetFormat if odd => [
                (0, 0),
                (48, 32),
                (u32::MAX, 2),
                (65_536, 65_536),
                (16_000, 1),
            ]
            .map(|(width, height)| Fault::Size(width, height))[self.roll(5) as usize],
            Call::Dequeue if odd => match self.roll(6) {
                0 => Fault::WildIndex,
                1 => Fault::Flagged,
                2 => Fault::Used([0, 1, 100, u32::MAX][self.roll(4) as usize]),
                3 => Fault::Stamp([-1, 0, 1, i64::MAX][self.roll(4) as usize]),
                4 => Fault::Sequence([0, u32::MAX, 1 << 31][self.roll(3) as usize]),
                _ => Fault::Once(errno),
            },
            _ if self.roll(3) == 0 => Fault::Always(errno),
            _ => Fault::Once(errno),
        };
        ((call, nth), fault)
    }
}

/// Runs a camera on such a driver. Returns the numbers of good frames and of pictures, and the
/// error that ended it.
fn run(node: Node, witness: &Witness) -> (u64, u32, Option<CameraError>) {
    let request = CaptureRequest {
        controls: ["brightness=1", "power_line_frequency=60Hz"]
            .map(|setting| setting.parse().unwrap())
            .into(),
        ..CaptureRequest::default()
    };
    let mut camera = match start(node, Path::new("/dev/video9"), &request) {
        Ok(camera) => camera,
        Err(error) => return (0, 0, Some(error)),
    };
    let mut encoder = Encoder::new(80, None);
    let (mut pictures, mut last) = (0, None);
    for _ in 0..FRAMES {
        witness.take_frame();
        match camera.newest(Some(&mut encoder)) {
            Ok(None) => {}
            Ok(Some(picture)) => {
                assert!(repair(&picture.jpeg).unwrap().is_unchanged());
                assert!(picture.captured <= picture.acquired && picture.ready <= Instant::now());
                assert!(last.is_none_or(|last| last < picture.sequence));
                last = Some(picture.sequence);
                pictures += 1;
            }
            Err(error) => return (camera.format().counts.good, pictures, Some(error)),
        }
    }
    (camera.format().counts.good, pictures, None)
}

#[test]
fn a_thousand_faulty_drivers_do_no_harm() {
    let jpeg = sample(48, 32);
    let (mut whole, mut ended, mut refused) = (0, 0, 0);
    for seed in 0..1000_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
        let script: BTreeMap<_, _> = (0..=dice.roll(4)).map(|_| dice.fault()).collect();
        let (fourcc, frame) = match dice.roll(2) {
            0 => (*b"MJPG", jpeg.clone()),
            _ => (*b"YUYV", vec![90; 48 * 32 * 2]),
        };
        let told = format!("seed {seed}: {script:?}");
        let (driver, witness) = Fake::new(fourcc, (48, 32), frame, script);
        let (good, _, error) = run(Node::new(driver), &witness);
        assert_eq!(witness.mappings(), 0, "{told}");
        assert!(!witness.is_open(), "{told}");
        assert_eq!(witness.broken(), Vec::<&str>::new(), "{told}");
        assert!(
            witness.calls() <= MAX_CALLS,
            "{} calls: {told}",
            witness.calls()
        );
        match (good, error) {
            (0, Some(error)) => {
                assert!(!error.to_string().is_empty() && !error.for_viewers().is_empty());
                refused += 1;
            }
            (_, Some(_)) => ended += 1,
            (_, None) => whole += 1,
        }
    }
    // The scripts come to each of these ends.
    for (count, least) in [(whole, 200), (ended, 50), (refused, 200)] {
        assert!(
            count > least,
            "{whole} whole, {ended} ended, {refused} refused"
        );
    }
}

#[test]
fn a_list_of_controls_that_repeats_for_ever_ends() {
    let (driver, witness) = Fake::new(*b"MJPG", (48, 32), Vec::new(), BTreeMap::new());
    let controls = Node::new(driver).controls();
    let names: Vec<_> = controls.iter().map(|control| &*control.name).collect();
    let endless = "x".repeat(32);
    assert_eq!(names, ["brightness", &endless, "power_line_frequency"]);
    assert!(witness.calls() < 200, "{}", witness.calls());
}

#[test]
fn a_driver_without_faults_gives_every_frame() {
    for (fourcc, frame) in [
        (*b"MJPG", sample(48, 32)),
        (*b"YUYV", vec![90; 48 * 32 * 2]),
    ] {
        let (driver, witness) = Fake::new(fourcc, (48, 32), frame, BTreeMap::new());
        let (_, pictures, error) = run(Node::new(driver), &witness);
        assert!(pictures == FRAMES - WARM_UP_FRAMES && error.is_none());
        assert!(witness.mappings() == 0 && !witness.is_open());
        assert_eq!([7, 10].map(|id| witness.control(id)), [Some(1), Some(2)]);
    }
}

#[test]
fn a_camera_allocates_nothing_after_its_first_pictures() {
    use crate::allocations::allocations;

    let request = CaptureRequest::default();
    for (fourcc, frame) in [
        (*b"MJPG", sample(48, 32)),
        (*b"YUYV", vec![90; 48 * 32 * 2]),
    ] {
        let (driver, witness) = Fake::new(fourcc, (48, 32), frame, BTreeMap::new());
        let mut camera = start(Node::new(driver), Path::new("/dev/video9"), &request).unwrap();
        let mut encoder = Encoder::new(80, None);
        let (mut shown, mut counts) = (None, Vec::new());
        for frame in 0..FRAMES {
            witness.take_frame();
            // The one before is still shown.
            let taken = allocations(|| shown = camera.newest(Some(&mut encoder)).unwrap());
            assert_eq!(shown.is_some(), frame >= WARM_UP_FRAMES);
            counts.push(taken);
        }
        assert!(counts[WARM_UP_FRAMES as usize] > 0);
        assert_eq!(counts[6..], [0; FRAMES as usize - 6], "{fourcc:?}");
    }
}
