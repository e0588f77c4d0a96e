//! The controller against a link that is modelled: a picture takes its bytes' time, one picture
//! waits in the slot, and a newer one replaces it. The clock is moved by hand.

use super::*;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Frames a second and bytes of a picture at each step, as of the trade-off auto: 36 Mbit/s at
/// full quality.
const STEPS: [(u32, u64); 9] = [
    (30, 150_000),
    (20, 150_000),
    (15, 150_000),
    (15, 100_000),
    (15, 77_000),
    (15, 60_000),
    (15, 38_000),
    (15, 21_000),
    (10, 21_000),
];
const BOTTOM: usize = STEPS.len() - 1;

struct Viewer {
    controller: Controller,
    start: Instant,
    now: Instant,
    /// Bytes a second of the link.
    rate: u64,
    /// Whether the sender is told that rate.
    is_measured: bool,
    files: bool,
    /// When the picture on its way is through.
    busy_until: Instant,
    /// The picture in the slot: its bytes, and since when one has been waiting there.
    slot: Option<(u64, Instant)>,
    /// When the step changed, and to which.
    changes: Vec<(Duration, usize)>,
}

impl Viewer {
    fn new(rate: u64) -> Self {
        let start = Instant::now();
        Self {
            controller: Controller::new(0, start),
            start,
            now: start,
            rate,
            is_measured: false,
            files: false,
            busy_until: start,
            slot: None,
            changes: Vec::new(),
        }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.picture();
        }
    }

    /// One picture, and the time until the next.
    fn picture(&mut self) {
        let step = self.controller.step();
        let (fps, bytes) = STEPS[step];
        self.drain();
        let waits = self.slot.map(|(_, since)| self.now - since);
        let since = self.slot.map_or(self.now, |(_, since)| since);
        let sample = Sample {
            lost: self.slot.map(|_| Bottleneck::Link),
            waits,
            rate: self.is_measured.then_some(self.rate),
            files: self.files,
        };
        self.slot = Some((bytes, since));
        self.drain();
        self.controller.handle_picture(sample, BOTTOM, self.now);
        if self.controller.step() != step {
            self.changes
                .push((self.now - self.start, self.controller.step()));
        }
        self.now += SECOND / fps;
    }

    /// What waits begins as soon as the link is free.
    fn drain(&mut self) {
        if let Some((bytes, since)) = self.slot
            && self.busy_until <= self.now
            && self.rate > 0
        {
            self.slot = None;
            let begins = self.busy_until.max(since);
            self.busy_until =
                begins + SECOND * u32::try_from(bytes).unwrap() / u32::try_from(self.rate).unwrap();
        }
    }
}

/// Bytes a second of so many Mbit/s.
fn mbit(megabits: u64) -> u64 {
    megabits * 125_000
}

fn lost() -> Sample {
    Sample {
        lost: Some(Bottleneck::Link),
        ..Sample::default()
    }
}

#[test]
fn a_gate_that_stays_shut_lowers_the_step_within_300_ms_at_every_frame_rate() {
    for (step, (fps, bytes)) in STEPS[..BOTTOM].iter().enumerate() {
        let mut viewer = Viewer::new(mbit(1000));
        viewer.controller = Controller::new(step, viewer.start);
        viewer.run(400 * MILLI);
        assert_eq!(viewer.controller.step(), step, "{fps} fps of {bytes}");
        (viewer.rate, viewer.controller.failed) = (0, None);
        let shut = viewer.now;
        while viewer.controller.step() == step {
            viewer.picture();
        }
        let time = viewer.changes[0].0 - (shut - viewer.start);
        assert!(time <= 300 * MILLI, "{fps} fps: {time:?}");
    }
}

#[test]
fn a_wait_alone_lowers_the_step_of_a_source_with_few_frames() {
    let start = Instant::now();
    let mut controller = Controller::new(0, start);
    let waits = |waits| Sample {
        waits: Some(waits),
        ..Sample::default()
    };
    controller.handle_picture(waits(SHUT - MILLI), BOTTOM, start + SECOND);
    assert_eq!(controller.step(), 0);
    controller.handle_picture(waits(SHUT), BOTTOM, start + 2 * SECOND);
    assert_eq!(controller.step(), 1);
    // The same wait goes on: it began before the step.
    controller.handle_picture(waits(2 * SHUT), BOTTOM, start + 2 * SECOND + SETTLE);
    assert_eq!(controller.step(), 1);
    controller.handle_picture(waits(3 * SHUT), BOTTOM, start + 2 * SECOND + SHUT);
    assert_eq!(
        (controller.step(), controller.bottleneck()),
        (2, Bottleneck::Link)
    );
}

#[test]
fn a_picture_lost_now_and_then_lowers_nothing_and_one_of_twenty_does() {
    for (every, wanted) in [(33, 0), (20, 1)] {
        let start = Instant::now();
        let mut controller = Controller::new(0, start);
        let mut now = start + SECOND;
        for picture in 0..40 {
            let sample = if picture % every == 0 {
                lost()
            } else {
                Sample::default()
            };
            controller.handle_picture(sample, BOTTOM, now);
            now += 33 * MILLI;
        }
        assert_eq!(controller.step(), wanted, "every {every}");
    }
}

#[test]
fn a_link_with_room_keeps_full_quality() {
    let mut viewer = Viewer::new(mbit(40));
    viewer.run(60 * SECOND);
    assert_eq!(viewer.changes, []);
}

#[test]
fn too_much_for_a_link_is_lowered_until_it_fits_and_stays_there() {
    for (rate, wanted, within) in [
        (mbit(20), 2, SECOND),
        (mbit(7), 5, 2 * SECOND),
        (mbit(3), 7, 2 * SECOND),
        (mbit(1), BOTTOM, 3 * SECOND),
    ] {
        let mut viewer = Viewer::new(rate);
        viewer.run(within);
        assert_eq!(viewer.controller.step(), wanted, "{rate}");
        viewer.run(118 * SECOND);
        // The first step up, and then one each half minute, is too much and ends soon.
        assert!(
            viewer.changes.len() <= wanted + 2 * 6,
            "{:?}",
            viewer.changes
        );
        for pair in viewer.changes.windows(2).filter(|pair| pair[0].1 < wanted) {
            let lasted = pair[1].0 - pair[0].0;
            assert!(lasted <= 800 * MILLI, "{rate}: {:?}", viewer.changes);
            assert!(
                pair[0].1 + 1 >= wanted || pair[0].0 < 2 * SECOND,
                "{:?}",
                viewer.changes
            );
        }
    }
}

#[test]
fn quality_is_full_within_10_s_after_the_path_has_become_faster() {
    let mut viewer = Viewer::new(mbit(3));
    viewer.is_measured = true;
    viewer.run(20 * SECOND);
    assert_eq!(viewer.controller.step(), 7);
    viewer.rate = mbit(40);
    viewer.run(10 * SECOND);
    assert_eq!(viewer.controller.step(), 0, "{:?}", viewer.changes);
}

#[test]
fn quality_is_full_within_10_s_after_files_that_were_beside_it_have_ended() {
    for (files, wanted) in [(true, 0), (false, 7)] {
        let mut viewer = Viewer::new(mbit(3));
        viewer.files = files;
        viewer.run(20 * SECOND);
        assert_eq!(viewer.controller.step(), 7);
        (viewer.files, viewer.rate) = (false, mbit(40));
        viewer.run(10 * SECOND);
        assert_eq!(viewer.controller.step(), wanted, "{:?}", viewer.changes);
    }
}

#[test]
fn a_step_that_failed_twice_is_tried_again_after_half_a_minute() {
    let mut viewer = Viewer::new(mbit(20));
    viewer.run(10 * SECOND);
    let last = viewer.changes.last().unwrap().0;
    viewer.rate = mbit(40);
    viewer.run(40 * SECOND);
    assert_eq!(viewer.controller.step(), 0);
    let next = viewer.changes.iter().find(|(at, _)| *at > last).unwrap().0;
    assert!(
        (MEMORY..MEMORY + SECOND).contains(&(next - last)),
        "{:?}",
        viewer.changes
    );
}

#[test]
fn a_rate_that_varies_by_a_fifth_tells_of_no_faster_path() {
    let mut viewer = Viewer::new(mbit(20));
    viewer.is_measured = true;
    viewer.run(10 * SECOND);
    let before = viewer.changes.len();
    for second in 0..10 {
        viewer.rate = mbit(if second % 2 == 0 { 22 } else { 19 });
        viewer.run(SECOND);
    }
    assert_eq!(viewer.changes.len(), before, "{:?}", viewer.changes);
}

#[test]
fn a_stall_of_a_second_costs_five_steps_and_quality_comes_back_by_itself() {
    let mut viewer = Viewer::new(mbit(40));
    viewer.run(5 * SECOND);
    viewer.rate = 0;
    viewer.run(SECOND);
    viewer.rate = mbit(40);
    viewer.run(300 * MILLI);
    assert!(
        (4..=5).contains(&viewer.controller.step()),
        "{:?}",
        viewer.changes
    );
    viewer.run(6 * SECOND);
    assert_eq!(viewer.controller.step(), 0, "{:?}", viewer.changes);
}

#[test]
fn a_new_viewer_begins_where_pictures_are_and_rises_at_once() {
    let start = Instant::now();
    let mut controller = Controller::new(3, start);
    controller.handle_picture(Sample::default(), BOTTOM, start + CLIMB - MILLI);
    assert_eq!(controller.step(), 3);
    for step in [2, 1, 0] {
        let passed = CLIMB * (3 - step);
        controller.handle_picture(Sample::default(), BOTTOM, start + passed);
        assert_eq!(controller.step(), step as usize);
    }
}

#[test]
fn after_a_step_down_the_next_one_up_waits_longer_and_a_lost_picture_begins_the_wait_anew() {
    let start = Instant::now();
    let mut controller = Controller::new(0, start);
    let down = start + SECOND;
    controller.handle_picture(lost(), BOTTOM, down);
    controller.handle_picture(lost(), BOTTOM, down);
    assert_eq!(controller.step(), 1);
    controller.handle_picture(lost(), BOTTOM, down + SECOND);
    for (after, wanted) in [(REST, 1), (SECOND + REST - MILLI, 1), (SECOND + REST, 0)] {
        controller.handle_picture(Sample::default(), BOTTOM, down + after);
        assert_eq!(controller.step(), wanted, "{after:?}");
    }
}

#[test]
fn a_viewer_that_shows_too_little_is_told_from_a_slow_link() {
    let start = Instant::now();
    let mut controller = Controller::new(0, start);
    let late = Sample {
        lost: Some(Bottleneck::Viewer),
        ..Sample::default()
    };
    for picture in 0..2 {
        controller.handle_picture(late, BOTTOM, start + SECOND + 33 * MILLI * picture);
    }
    assert_eq!(
        (controller.step(), controller.bottleneck()),
        (1, Bottleneck::Viewer)
    );
}

#[test]
fn a_ladder_that_became_shorter_is_left_at_its_last_step() {
    let start = Instant::now();
    let mut controller = Controller::new(8, start);
    controller.handle_picture(lost(), 3, start);
    assert_eq!(controller.step(), 3);
    for picture in 0..9 {
        controller.handle_picture(lost(), 3, start + SECOND * picture);
    }
    assert_eq!(controller.step(), 3);
}

#[test]
fn a_viewer_that_begins_at_a_lowered_step_has_no_known_bottleneck() {
    let now = Instant::now();
    let mut controller = Controller::new(2, now);
    assert_eq!(controller.bottleneck(), Bottleneck::Unknown);
    let shut = Sample {
        waits: Some(SHUT),
        ..Sample::default()
    };
    controller.handle_picture(shut, BOTTOM, now);
    assert_eq!(controller.bottleneck(), Bottleneck::Link);
}
