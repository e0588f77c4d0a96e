//! The camera with its owner as the only viewer, and a hand-moved clock.

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use transom_media::Frame;

use super::onlookers::captured;
use super::*;
use crate::calls::Policy;
use crate::disk::Disk;
use crate::latency::MAX_AGE;
use crate::parts;
use crate::{Identity, Settings};

struct Desk {
    camera: OwnCamera,
    calls: Calls,
    out: Context,
    start: Instant,
}

impl Desk {
    /// The owner of a test pattern, which is just opening.
    fn new() -> Self {
        let identity = Identity::throwaway().unwrap();
        let config = transom_net::Config::new(identity.secret.clone(), Vec::new());
        let out = parts::open(config, Disk::default()).unwrap();
        let settings = Settings::new("desk".parse().unwrap(), identity);
        let mut desk = Self {
            camera: OwnCamera::new(Some(request()), LINGER, Adaptation::default()),
            calls: Calls::new(Policy::new(&settings)),
            out,
            start: Instant::now(),
        };
        desk.camera.preview(true);
        desk.turn(0);
        assert!(matches!(desk.camera.state, State::Opening));
        desk
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn turn(&mut self, milliseconds: u64) {
        let now = self.at(milliseconds);
        self.camera.turn(now, &self.calls, &mut self.out);
    }

    fn opened(&mut self, camera: Box<dyn Camera>) {
        let opening = self.camera.opening;
        self.camera.opened(opening, camera, &mut self.out);
    }

    /// The states that were told since the last call.
    fn told(&mut self) -> Vec<(CameraState, String)> {
        let notices = self.out.notices.drain(..);
        notices
            .filter_map(|notice| match notice {
                Notice::Camera { state, text } => Some((state, text)),
                _ => None,
            })
            .collect()
    }
}

fn request() -> CaptureRequest {
    CaptureRequest {
        source: Source::Pattern,
        ..CaptureRequest::default()
    }
}

/// Gives what its test says: a good picture or one that can't be used.
#[derive(Default)]
struct Scripted {
    is_good: Arc<Mutex<VecDeque<bool>>>,
    format: Format,
}

impl Camera for Scripted {
    fn wait(&self) -> Wait<'_> {
        Wait::Blocking
    }

    fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
        match self.is_good.lock().unwrap().pop_front() {
            Some(true) => Ok(Some(Frame::Jpeg(picture()))),
            Some(false) => {
                self.format.dropped.unusable += 1;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn format(&self) -> &Format {
        &self.format
    }
}

fn picture() -> Picture {
    let now = Instant::now();
    Picture {
        jpeg: transom_media::fuzzing::sample(64, 48).into(),
        width: 64,
        height: 48,
        orientation: 1,
        sequence: 0,
        captured: now,
        acquired: now,
        ready: now,
    }
}

#[test]
fn a_camera_that_nobody_wants_any_more_while_it_opens_is_not_opened() {
    let mut desk = Desk::new();
    desk.camera.preview(false);
    desk.turn(0);
    // It may have opened all the same just now, and then is closed.
    desk.opened(transom_media::open(&request()).unwrap());
    assert!(matches!(desk.camera.state, State::Off));
}

#[test]
fn a_source_of_unusable_pictures_is_lost_after_two_seconds_and_back_with_a_good_one() {
    let mut desk = Desk::new();
    let camera = Scripted::default();
    let script = camera.is_good.clone();
    let comes = |is_good| script.lock().unwrap().push_back(is_good);
    desk.opened(Box::new(camera));
    desk.told();
    for time in [0, 1000, 1999] {
        comes(false);
        desk.turn(time);
        assert_eq!(desk.told(), [], "{time}");
    }
    assert_eq!(desk.camera.due(), Some(desk.at(2000)));
    desk.turn(2000);
    let lost = format!("none of its pictures can be used: {REFUSED}");
    assert_eq!(desk.told(), [(CameraState::Lost, lost.clone())]);
    assert_eq!(desk.camera.due(), None);
    comes(false);
    desk.turn(9000);
    assert_eq!(desk.told(), []);
    comes(true);
    desk.turn(9001);
    assert_eq!(desk.told(), [(CameraState::Live, "64x48 of ".to_owned())]);
    // A bad one now and then is no reason.
    for time in (10_000..20_000).step_by(1000) {
        comes(false);
        desk.turn(time);
        comes(true);
        desk.turn(time + 500);
    }
    assert_eq!(desk.told(), []);
    comes(false);
    desk.turn(20_000);
    desk.turn(22_000);
    assert_eq!(desk.told(), [(CameraState::Lost, lost)]);
}

#[test]
fn pictures_that_fail_to_be_encoded_are_said_with_the_reason() {
    let mut desk = Desk::new();
    desk.opened(Box::new(Scripted::default()));
    desk.told();
    let opening = desk.camera.opening;
    let before = Opening::default();
    let (first, second) = (desk.at(0), desk.at(1500));
    desk.camera.not_encoded(before, &ImageError::NotJpeg, first);
    desk.turn(4000);
    assert_eq!(desk.told(), [], "of the camera before");
    for time in [first, second] {
        desk.camera
            .not_encoded(opening, &ImageError::Panicked, time);
    }
    desk.turn(1999);
    assert_eq!(desk.told(), []);
    desk.turn(2000);
    let why = "none of its pictures can be used: the codec failed on this picture";
    assert_eq!(desk.told(), [(CameraState::Lost, why.to_owned())]);
    let Desk {
        camera, calls, out, ..
    } = &mut desk;
    camera.encoded(opening, &picture(), calls, out);
    assert!(matches!(&desk.told()[..], [(CameraState::Live, _)]));
}

#[test]
fn a_camera_read_on_its_thread_is_judged_alike() {
    let mut desk = Desk::new();
    let (opening, start) = (desk.camera.opening, desk.at(0));
    desk.camera
        .opened_on_thread(opening, Format::default(), &desk.out);
    desk.told();
    desk.camera.unusable(opening, start);
    desk.turn(2000);
    assert!(matches!(&desk.told()[..], [(CameraState::Lost, _)]));
}

/// A camera that says on which thread it was closed.
struct Closing(Box<dyn Camera>, Sender<Option<String>>);

impl Drop for Closing {
    fn drop(&mut self) {
        let thread = std::thread::current();
        let _ = self.1.send(thread.name().map(str::to_owned));
    }
}

impl Camera for Closing {
    fn wait(&self) -> Wait<'_> {
        self.0.wait()
    }

    fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
        self.0.newest()
    }

    fn format(&self) -> &transom_media::Format {
        self.0.format()
    }
}

#[test]
fn the_loop_never_waits_for_a_camera_to_close() {
    let (sender, closed) = channel();
    let Desk {
        mut camera,
        calls,
        mut out,
        ..
    } = Desk::new();
    let open = |camera: &mut OwnCamera, out: &mut Context| {
        camera.preview(true);
        camera.turn(Instant::now(), &calls, out);
        let opened = transom_media::open(&request()).unwrap();
        let opened = Box::new(Closing(opened, sender.clone()));
        camera.opened(camera.opening, opened, out);
        assert!(matches!(camera.state, State::Live { .. }));
    };
    let ways: [fn(&mut OwnCamera, &mut Context); 4] = [
        |camera, out| camera.choose(Some(request()), out),
        |camera, out| {
            camera.lost(Words::unusable("unplugged"), None, out);
            camera.stop(out);
        },
        |camera, out| {
            let late = transom_media::open(&request()).unwrap();
            camera.opened(camera.opening, late, out);
            camera.stop(out);
        },
        |camera, out| camera.end(out),
    ];
    for way in ways {
        open(&mut camera, &mut out);
        way(&mut camera, &mut out);
        assert_eq!(closed.recv().unwrap().as_deref(), Some("camera"));
    }
}

#[test]
fn a_source_that_sends_nothing_is_said_to_after_five_seconds_and_is_live_with_its_first_picture() {
    let mut desk = Desk::new();
    let camera = Scripted::default();
    let script = camera.is_good.clone();
    desk.opened(Box::new(camera));
    desk.told();
    let due = desk.camera.due().unwrap();
    assert!(due >= desk.at(5000));
    desk.camera
        .turn(due - Duration::from_millis(1), &desk.calls, &mut desk.out);
    assert_eq!(desk.told(), []);
    desk.camera.turn(due, &desk.calls, &mut desk.out);
    let told = desk.told();
    assert!(
        matches!(&told[..], [(CameraState::Lost, text)] if text.contains("no picture for 5 s")),
        "{told:?}"
    );
    script.lock().unwrap().push_back(true);
    desk.camera.turn(due, &desk.calls, &mut desk.out);
    assert_eq!(
        desk.told().first().map(|(state, _)| *state),
        Some(CameraState::Live)
    );
}

#[test]
fn a_time_stamp_of_the_future_or_long_ago_is_that_of_the_frames_arrival() {
    let now = Instant::now();
    let stamped = |stamp| {
        captured(&Picture {
            captured: stamp,
            acquired: now,
            ..picture()
        })
    };
    let credible = now - Duration::from_millis(30);
    assert_eq!(stamped(credible), credible);
    assert_eq!(stamped(now + Duration::from_secs(3600)), now);
    if let Some(ancient) = now.checked_sub(MAX_AGE + Duration::from_millis(1)) {
        assert_eq!(stamped(ancient), now);
    }
}

/// A camera on a descriptor, which counts how often it is asked.
#[cfg(unix)]
struct Counted {
    device: std::os::unix::net::UnixStream,
    format: Format,
    asked: Arc<Mutex<u32>>,
    deadline: Instant,
}

#[cfg(unix)]
impl Camera for Counted {
    fn wait(&self) -> Wait<'_> {
        Wait::Readable(std::os::fd::AsFd::as_fd(&self.device))
    }

    fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
        *self.asked.lock().unwrap() += 1;
        let mut byte = [0];
        let read = std::io::Read::read(&mut self.device, &mut byte);
        Ok(read.is_ok().then(|| Frame::Jpeg(picture())))
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.deadline)
    }

    fn format(&self) -> &Format {
        &self.format
    }
}

#[test]
#[cfg(unix)]
fn a_camera_is_asked_only_when_its_descriptor_is_readable_or_it_hangs() {
    let mut desk = Desk::new();
    let (device, mut sensor) = std::os::unix::net::UnixStream::pair().unwrap();
    device.set_nonblocking(true).unwrap();
    let asked = Arc::new(Mutex::new(0));
    let deadline = desk.at(5000);
    desk.opened(Box::new(Counted {
        device,
        format: Format::default(),
        asked: asked.clone(),
        deadline,
    }));
    let asked = || std::mem::take(&mut *asked.lock().unwrap());
    desk.turn(1);
    assert_eq!(asked(), 1, "an edge may have been before it was watched");
    for _ in 0..3 {
        desk.turn(2);
    }
    assert_eq!(asked(), 0);
    std::io::Write::write_all(&mut sensor, &[1]).unwrap();
    // The descriptor that is watched, and no other one.
    let watch = loop {
        desk.out.net.wait(Some(Instant::now() + RETRY)).unwrap();
        if let Some(transom_net::Event::Watched(watch)) = desk.out.net.next_event() {
            break watch;
        }
    };
    desk.camera.readable(watch);
    for _ in 0..3 {
        desk.turn(3);
    }
    assert_eq!(asked(), 1);
    desk.turn(4999);
    assert_eq!(asked(), 0);
    desk.turn(5000);
    assert_eq!(asked(), 1, "it may have to say that it hangs");
}
