//! Several viewers of one camera, each with a session that says what its test wants.

use super::*;

const MILLI: Duration = Duration::from_millis(1);
const HD: Full = Full {
    fps: Some(30),
    size: (1280, 720),
    quality: Some(80),
};

struct Room {
    viewers: Viewers<usize>,
    start: Instant,
    /// Frames captured so far.
    frames: u32,
    /// What each session has counted.
    stats: Vec<Stats>,
    /// Frames each viewer was given.
    given: Vec<u32>,
}

impl Room {
    fn new(viewers: usize) -> Self {
        Self::with(viewers, HD, Adaptation::default())
    }

    fn with(count: usize, full: Full, adaptation: Adaptation) -> Self {
        let mut viewers = Viewers::new(adaptation);
        viewers.set_source(full);
        Self {
            viewers,
            start: Instant::now(),
            frames: 0,
            stats: vec![Stats::default(); count],
            given: vec![0; count],
        }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_secs(1) / 30 * self.frames
    }

    /// So many seconds of frames, of which these viewers lose all.
    fn run(&mut self, seconds: u32, slow: &[usize]) {
        for _ in 0..seconds * 30 {
            for at in 0..self.stats.len() {
                self.frame(at, slow.contains(&at));
            }
            self.frames += 1;
        }
    }

    fn frame(&mut self, at: usize, is_slow: bool) {
        let now = self.now();
        if !self.viewers.wants(at, now) {
            return;
        }
        let before = Stats {
            picture_waits: is_slow.then_some(20 * MILLI),
            ..self.stats[at]
        };
        self.stats[at].pictures_replaced += u64::from(is_slow);
        self.given[at] += 1;
        let sent = SendResult {
            before,
            after: self.stats[at],
            files: false,
        };
        self.viewers.handle_picture(at, now, &sent, now);
    }

    fn words(&self, at: usize) -> String {
        self.viewers.quality(at).unwrap().to_string()
    }
}

#[test]
fn one_slow_viewer_of_eight_skips_frames_and_lowers_nobody_else() {
    let mut room = Room::new(8);
    room.run(10, &[5]);
    for at in (0..8).filter(|at| *at != 5) {
        assert_eq!(room.words(at), "30 fps, quality 80, 1280x720");
        assert_eq!(room.given[at], 300);
    }
    assert_eq!(
        room.words(5),
        "10 fps, quality 80, 1280x720: the link is slow"
    );
    assert!((100..150).contains(&room.given[5]), "{}", room.given[5]);
    let coding = room.viewers.coding(80);
    assert_eq!((coding.quality, coding.size), (80, None));
}

#[test]
fn pictures_become_coarser_and_smaller_only_once_every_viewer_suffers() {
    let mut room = Room::new(2);
    room.run(4, &[0, 1]);
    let lowest = Coding {
        quality: 35,
        size: Some((640, 360)),
    };
    assert_eq!(room.viewers.coding(80), lowest);
    assert_eq!(
        room.words(0),
        "10 fps, quality 35, 640x360: the link is slow"
    );
    // One recovers: both get what it takes, and the other one keeps its frame rate.
    room.run(8, &[1]);
    assert_eq!(room.words(0), "30 fps, quality 80, 1280x720");
    assert_eq!(
        room.words(1),
        "10 fps, quality 80, 1280x720: the link is slow"
    );
    // It leaves: pictures become as the slow one takes them.
    room.viewers.retain(|viewer| viewer == 1);
    assert_eq!(room.viewers.coding(80), lowest);
}

#[test]
fn a_viewer_that_comes_in_begins_where_the_pictures_are() {
    let mut room = Room::new(2);
    for _ in 0..120 {
        room.frame(0, true);
        room.frames += 1;
    }
    room.frame(1, false);
    assert_eq!(room.viewers.coding(80).quality, 35);
    room.run(6, &[0]);
    assert_eq!(room.words(1), "30 fps, quality 80, 1280x720");
}

#[test]
fn pictures_that_pass_as_they_are_keep_their_quality_and_size() {
    let full = Full {
        quality: None,
        ..HD
    };
    let mut room = Room::with(1, full, Adaptation::default());
    room.run(10, &[0]);
    let words = "1280x720, frames are skipped: the link is slow";
    assert_eq!((room.words(0).as_str(), room.given[0]), (words, 300));
    let evenly = Adaptation {
        trade_off: TradeOff::Smooth,
        ..Adaptation::default()
    };
    room.viewers.adapt(evenly);
    room.run(10, &[0]);
    assert_eq!(room.words(0), "10 fps, 1280x720: the link is slow");
    let coding = room.viewers.coding(80);
    assert_eq!((coding.quality, coding.size), (80, None));
}

#[test]
fn with_adaptation_off_every_frame_goes_out_whatever_becomes_of_it() {
    let off = Adaptation {
        trade_off: TradeOff::Off,
        ..Adaptation::default()
    };
    let mut room = Room::with(1, HD, off);
    room.run(10, &[0]);
    assert_eq!(room.given[0], 300);
    assert_eq!(room.words(0), "30 fps, quality 80, 1280x720");
    // A choice of the owner counts at once.
    room.viewers.adapt(Adaptation::default());
    room.run(4, &[0]);
    assert_eq!(room.viewers.coding(80).quality, 35);
    room.viewers.adapt(off);
    assert_eq!(room.viewers.coding(80).quality, 80);
    assert_eq!(room.words(0), "30 fps, quality 80, 1280x720");
}

#[test]
fn a_viewer_that_gives_no_credit_is_slow_itself_unless_pictures_are_still_on_the_way() {
    for (unacked, words) in [(100, "the viewer is slow"), (40_000, "the link is slow")] {
        let mut room = Room::new(1);
        room.frame(0, false);
        for _ in 0..30 {
            room.frames += 1;
            let now = room.now();
            let before = Stats {
                unacked,
                ..room.stats[0]
            };
            room.stats[0].pictures_replaced += 1;
            let sent = SendResult {
                before,
                after: room.stats[0],
                files: false,
            };
            room.viewers.handle_picture(0, now, &sent, now);
        }
        assert!(room.words(0).ends_with(words), "{}", room.words(0));
    }
}

#[test]
fn a_lower_quality_is_told_at_once_and_then_every_two_seconds_what_became_of_it() {
    let mut room = Room::new(1);
    let mut told = Vec::new();
    let mut tell = |room: &mut Room| {
        let now = room.now();
        if let Some(quality) = room.viewers.told(0, now)
            && told.last().is_none_or(|(_, last)| *last != quality)
        {
            told.push((now - room.start, quality));
        }
    };
    for second in 0..16 {
        for _ in 0..30 {
            room.frame(0, (1..4).contains(&second));
            room.frames += 1;
            tell(&mut room);
        }
    }
    assert_eq!(
        told[0].1.to_string(),
        "20 fps, quality 80, 1280x720: the link is slow"
    );
    assert!(told[0].0 <= Duration::from_millis(1300), "{told:?}");
    for pair in told.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= TELL_PAUSE, "{told:?}");
    }
    let (_, last) = told.last().unwrap();
    assert_eq!(last.to_string(), "30 fps, quality 80, 1280x720");
    assert_eq!(room.viewers.due(), None);
}

#[test]
fn what_changed_in_the_pause_is_told_after_it_though_no_picture_comes() {
    let mut room = Room::new(1);
    room.run(1, &[]);
    for _ in 0..30 {
        room.frame(0, true);
        room.frames += 1;
        let now = room.now();
        room.viewers.told(0, now);
    }
    let due = room.viewers.due().unwrap();
    assert!(due > room.now());
    let before = room.viewers.told(0, due - MILLI);
    assert_ne!(room.viewers.told(0, due), before);
    assert_eq!(room.viewers.due(), None);
}

#[test]
fn pictures_that_leave_the_encoder_together_say_nothing_of_the_link() {
    for (waits, wanted) in [
        (TIME_TO_GO - MILLI, None),
        (TIME_TO_GO, Some(Bottleneck::Link)),
    ] {
        let mut room = Room::new(1);
        for _ in 0..60 {
            let now = room.now();
            let before = Stats {
                picture_waits: Some(waits),
                ..room.stats[0]
            };
            room.stats[0].pictures_replaced += 1;
            let sent = SendResult {
                before,
                after: room.stats[0],
                files: false,
            };
            room.viewers.handle_picture(0, now, &sent, now);
            room.frames += 1;
        }
        assert_eq!(room.viewers.quality(0).unwrap().bottleneck, wanted);
    }
}

#[test]
fn where_files_move_too_no_cause_is_named_for_pictures_that_wait_without_credit() {
    for (files, unacked, wanted) in [
        (true, ON_THE_WAY, Bottleneck::Unknown),
        (false, ON_THE_WAY, Bottleneck::Link),
        (true, ON_THE_WAY - 1, Bottleneck::Viewer),
    ] {
        let mut room = Room::new(1);
        for _ in 0..60 {
            let now = room.now();
            let before = Stats {
                picture_waits: None,
                unacked,
                ..room.stats[0]
            };
            room.stats[0].pictures_replaced += 1;
            let sent = SendResult {
                before,
                after: room.stats[0],
                files,
            };
            room.viewers.handle_picture(0, now, &sent, now);
            room.frames += 1;
        }
        let quality = room.viewers.quality(0).unwrap();
        assert_eq!(quality.bottleneck, Some(wanted), "{quality}");
    }
}
