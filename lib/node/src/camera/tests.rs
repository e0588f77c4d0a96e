//! The camera with its owner as the only viewer, and a hand-moved clock.

use transom_media::{Counts, ImageError, Source};

use super::onlookers::captured;
use super::*;
use crate::calls::Policy;
use crate::latency::MAX_AGE;
use crate::parts;
use crate::workers::{CameraNews, Wanted};
use crate::{Identity, Settings};

struct Desk {
    camera: OwnCamera,
    calls: Calls,
    out: Context,
    start: Instant,
    format: Format,
}

impl Desk {
    /// The owner of a camera that is just opening. Its thread finds no such device; what the test
    /// says comes in the place of that.
    fn new() -> Self {
        let identity = Identity::throwaway().unwrap();
        let config = transom_net::Config::new(identity.secret.clone(), Vec::new());
        let out = parts::open(config).unwrap();
        let settings = Settings::new("desk".parse().unwrap(), identity);
        let mut desk = Self {
            camera: OwnCamera::new(Some(request()), Of::Box, Adaptation::default()),
            calls: Calls::new(Policy::new(&settings)),
            out,
            start: Instant::now(),
            format: Format {
                what: "a webcam".into(),
                width: 64,
                height: 48,
                fps: 30,
                ..Format::default()
            },
        };
        desk.camera.preview(true);
        desk.turn(0);
        assert!(desk.camera.supervisor.is_opening());
        desk
    }

    /// The same, open.
    fn open() -> Self {
        let mut desk = Self::new();
        desk.opened(0);
        desk.told();
        desk
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn turn(&mut self, milliseconds: u64) {
        let now = self.at(milliseconds);
        self.camera.turn(now, &self.calls, &mut self.out);
    }

    fn opened(&mut self, milliseconds: u64) {
        let (opening, now) = (self.camera.opening, self.at(milliseconds));
        self.camera.opened(opening, self.format.clone(), now);
    }

    fn fails(&mut self, error: &CameraError) {
        let opening = self.camera.opening;
        self.camera
            .failed(opening, error, &self.calls, &mut self.out);
    }

    /// A frame comes.
    fn gives(&mut self, milliseconds: u64, frame: Result<Picture, ImageError>) {
        match &frame {
            Ok(_) => self.format.counts.good += 1,
            Err(fault) => {
                self.format.counts.unusable += 1;
                self.format.fault = Some(fault.clone());
            }
        }
        let now = self.at(milliseconds);
        let news = CameraNews {
            opening: self.camera.opening,
            format: self.format.clone(),
            good_at: frame.is_ok().then_some(now),
            picture: frame.ok(),
        };
        self.camera.take(news, now, &self.calls, &mut self.out);
        self.turn(milliseconds);
    }

    /// The thread puts a good picture, which the loop has not taken yet.
    fn puts(&mut self, milliseconds: u64) {
        self.format.counts.good += 1;
        self.out.workers.give_news(CameraNews {
            opening: self.camera.opening,
            format: self.format.clone(),
            good_at: Some(self.at(milliseconds)),
            picture: Some(picture()),
        });
    }

    /// The losses that were told since the last call, which forgets what else was.
    fn losses(&mut self) -> Option<Counts> {
        let notices = self.out.notices.drain(..);
        notices
            .filter_map(|notice| match notice {
                Notice::CameraLosses { counts } => Some(counts),
                _ => None,
            })
            .next_back()
    }

    /// The states that were told since the last call.
    fn told(&mut self) -> Vec<(CameraState, String)> {
        let notices = self.out.notices.drain(..);
        notices
            .filter_map(|notice| match notice {
                Notice::Camera { state, text, .. } => Some((state, text)),
                _ => None,
            })
            .collect()
    }
}

fn request() -> CaptureRequest {
    CaptureRequest {
        source: Source::Device("/dev/no-such-video".into()),
        ..CaptureRequest::default()
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

fn unplugged() -> CameraError {
    CameraError::Lost {
        device: "/dev/video0".to_owned(),
    }
}

#[test]
fn a_camera_that_nobody_wants_any_more_while_it_opens_goes_off() {
    let mut desk = Desk::new();
    desk.camera.preview(false);
    desk.turn(0);
    // It may have opened all the same just now.
    desk.opened(1);
    assert!(desk.camera.supervisor.is_off());
}

#[test]
fn it_is_live_with_its_first_picture_and_not_before() {
    let mut desk = Desk::open();
    desk.turn(1000);
    assert_eq!(desk.told(), []);
    desk.gives(1001, Ok(picture()));
    assert_eq!(desk.told(), [(CameraState::Live, "a webcam".to_owned())]);
}

#[test]
fn a_picture_that_comes_before_the_word_that_the_camera_is_open_is_not_lost() {
    let mut desk = Desk::new();
    desk.puts(1);
    desk.turn(1);
    desk.told();
    desk.opened(2);
    desk.turn(2);
    assert_eq!(desk.told(), [(CameraState::Live, "a webcam".to_owned())]);
}

#[test]
fn the_last_picture_before_a_failure_is_shown_and_kept() {
    let mut desk = Desk::open();
    desk.puts(1);
    desk.fails(&unplugged());
    let told = desk.told();
    assert!(
        matches!(&told[..], [(CameraState::Live, _), (CameraState::Lost, _)]),
        "{told:?}"
    );
    assert!(desk.camera.last.is_some());
}

#[test]
fn the_owner_is_told_the_size_that_a_program_gives_and_what_a_smaller_one_costs() {
    let mut desk = Desk::open();
    desk.camera.request = Some(CaptureRequest {
        source: Source::Command("secret".to_owned()),
        ..request()
    });
    desk.format.what = "cmd".into();
    desk.gives(1, Ok(picture()));
    let live = |text: &str| (CameraState::Live, text.to_owned());
    assert_eq!(desk.told(), [live("64x48 of cmd")]);

    let mut desk = Desk::open();
    (desk.format.width, desk.format.height) = (1280, 720);
    let acquired = Instant::now();
    desk.gives(
        1,
        Ok(Picture {
            acquired,
            ready: acquired + Duration::from_millis(12),
            ..picture()
        }),
    );
    let costs = "a webcam; made smaller here, to 64x48: each picture is decoded and encoded again, \
                 this one in 12 ms";
    assert_eq!(desk.told(), [live(costs)]);
}

#[test]
fn pictures_that_can_not_be_used_are_told_with_what_they_are_and_a_good_one_is_live_again() {
    let mut desk = Desk::open();
    let progressive = || Err(ImageError::Unsupported("progressive"));
    for time in [0, 1000, 1999] {
        desk.gives(time, progressive());
        assert_eq!(desk.told(), [], "{time}");
    }
    desk.turn(2000);
    let told = desk.told();
    assert!(
        matches!(&told[..], [(CameraState::Lost, text)]
            if text.contains("progressive JPEG is not supported; make the source send baseline")),
        "{told:?}"
    );
    desk.gives(9000, Ok(picture()));
    assert!(matches!(&desk.told()[..], [(CameraState::Live, _)]));
    // What an earlier camera still gives is not this one's.
    let opening = desk.camera.opening;
    desk.fails(&unplugged());
    desk.told();
    desk.camera.opened(opening, Format::default(), desk.start);
    assert!(desk.camera.supervisor.is_waiting());
}

#[test]
fn frames_that_were_lost_are_told_once_a_minute_and_at_the_end() {
    let mut desk = Desk::open();
    let mut told = Vec::new();
    for time in (0..=75_000).step_by(500) {
        desk.gives(time, Err(ImageError::Truncated));
        desk.gives(time + 250, Ok(picture()));
        told.extend(desk.losses().map(|counts| (time, counts.unusable)));
    }
    assert_eq!(told, [(10_000, 21), (70_000, 141)]);
    desk.fails(&unplugged());
    assert_eq!(desk.losses().map(|counts| counts.unusable), Some(151));
    desk.camera.preview(false);
    desk.turn(76_000);
    assert_eq!(desk.losses(), None);
}

#[test]
fn a_silent_camera_is_told_of_closed_and_opened_again() {
    let mut desk = Desk::open();
    let first = desk.camera.opening;
    desk.gives(0, Ok(picture()));
    desk.told();
    assert_eq!(desk.camera.due(), Some(desk.at(2000)));
    desk.turn(2000);
    let silent = "a webcam: no picture for 2 s".to_owned();
    assert_eq!(desk.told(), [(CameraState::Lost, silent)]);
    assert!(desk.camera.supervisor.is_opening() && desk.camera.opening != first);
    desk.opened(2100);
    desk.gives(2200, Ok(picture()));
    assert!(matches!(&desk.told()[..], [(CameraState::Live, _)]));
}

#[test]
fn a_camera_whose_picture_takes_long_to_encode_here_is_not_silent() {
    let mut desk = Desk::open();
    desk.gives(0, Ok(picture()));
    desk.told();
    desk.out.workers.give_work(desk.camera.opening, true);
    desk.turn(2000);
    desk.turn(2500);
    desk.puts(2600);
    desk.out.workers.give_work(desk.camera.opening, false);
    desk.turn(2700);
    assert_eq!(desk.told(), []);
    assert!(desk.camera.supervisor.is_open());
}

#[test]
fn a_driver_that_hangs_counts_as_a_failure_every_ten_seconds_and_is_told_once() {
    let mut desk = Desk::new();
    desk.told();
    let (mut told, mut failures) = (0, Vec::new());
    for seconds in 1..=45 {
        desk.turn(seconds * 1000);
        for notice in desk.out.notices.drain(..) {
            match notice {
                Notice::Camera { text, .. } if text.contains("has not answered") => told += 1,
                Notice::CameraFailed {
                    failures: count, ..
                } => failures.push((seconds, count)),
                _ => {}
            }
        }
    }
    assert_eq!(failures, [(10, 1), (20, 2), (30, 3), (40, 4)]);
    assert_eq!(told, 1);
}

#[test]
fn an_unplugged_camera_is_waited_for_as_long_as_somebody_looks() {
    let mut desk = Desk::open();
    desk.fails(&unplugged());
    desk.turn(0);
    assert!(desk.camera.supervisor.waits_for_device());
    assert_eq!(desk.camera.devices.is_some(), cfg!(target_os = "linux"));
    assert!(matches!(&desk.told()[..], [(CameraState::Lost, text)] if text.contains("gone")));
    desk.camera.preview(false);
    desk.turn(100);
    assert!(desk.camera.supervisor.is_off() && desk.camera.devices.is_none());
    assert_eq!(desk.told(), [(CameraState::Off, String::new())]);
}

#[test]
fn the_last_picture_of_a_box_is_kept_and_that_of_a_person_is_not() {
    for (of, keeps) in [(Of::Box, true), (Of::Person, false)] {
        let mut desk = Desk::open();
        desk.camera.of = of;
        desk.gives(0, Ok(picture()));
        assert_eq!(desk.camera.last.is_some(), keeps, "{of:?}");
    }
}

#[test]
fn a_camera_lingers_and_is_ready_without_making_pictures() {
    let mut desk = Desk::open();
    desk.gives(0, Ok(picture()));
    assert_eq!(desk.camera.wish.wanted, Wanted::All);
    desk.camera.preview(false);
    desk.turn(100);
    assert!(desk.camera.supervisor.is_open());
    assert_eq!(desk.camera.wish.wanted, Wanted::Nothing);
    assert!(desk.camera.due().is_some_and(|due| due <= desk.at(5100)));
    for time in [1000, 2000, 3000, 4000] {
        desk.gives(time, Ok(picture()));
    }
    desk.turn(5100);
    assert!(desk.camera.supervisor.is_off());
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

#[test]
fn statistics_count_all_openings_and_are_told_once_a_second_while_they_are_asked_for() {
    let mut desk = Desk::open();
    let told = |desk: &mut Desk| -> Vec<_> {
        let notices = desk.out.notices.drain(..);
        let stats = notices.filter_map(|notice| match notice {
            Notice::CameraStats(stats) => Some(stats),
            _ => None,
        });
        stats
            .map(|it| (it.numbers.counts.good, it.numbers.counts.unusable))
            .collect()
    };
    desk.gives(0, Ok(picture()));
    assert_eq!(told(&mut desk), [], "not asked for");
    let start = desk.at(10);
    desk.camera.tell_stats(true, start);
    assert_eq!(desk.camera.statistics.as_ref().unwrap().due(), start);
    desk.gives(20, Ok(picture()));
    desk.gives(30, Err(ImageError::NotJpeg));
    assert_eq!(told(&mut desk), [(1, 0)], "what was before is not counted");
    desk.fails(&unplugged());
    desk.turn(1025);
    assert_eq!(told(&mut desk), [(1, 1)]);
    // Another opening counts from zero.
    desk.format.counts = transom_media::Counts::default();
    let retry = desk.camera.supervisor.due().unwrap();
    let retry = u64::try_from(retry.duration_since(desk.start).as_millis()).unwrap() + 1;
    desk.turn(retry);
    desk.opened(retry);
    desk.gives(retry + 1500, Ok(picture()));
    assert_eq!(told(&mut desk).last(), Some(&(2, 1)));
    desk.camera.tell_stats(false, desk.at(retry + 1500));
    desk.turn(retry + 9000);
    assert_eq!(told(&mut desk), []);
}

#[test]
fn stages_of_pictures_are_told_where_they_are_known() {
    let mut desk = Desk::open();
    desk.camera.tell_stats(true, desk.at(0));
    let milli = Duration::from_millis(1);
    let mut picture = picture();
    picture.acquired = picture.captured + milli * 3;
    picture.ready = picture.acquired + milli * 2;
    desk.gives(10, Ok(picture));
    desk.turn(1500);
    let stats = desk
        .out
        .notices
        .drain(..)
        .rev()
        .find_map(|notice| match notice {
            Notice::CameraStats(stats) => Some(stats),
            _ => None,
        });
    let stages = stats.unwrap().numbers.latency.stages;
    let stages = stages.map(|spread| spread.map(|spread| spread.p50));
    assert_eq!(stages[..3], [Some(milli * 3), Some(milli * 2), None]);
}
