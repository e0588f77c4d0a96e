//! Playout on a hand-moved clock.

mod paths;

use std::time::Duration;

use super::{LipSync, MAX_LIP_SYNC, MAX_QUEUED, Playout};
use crate::measure::{Noise, speech};
use crate::{BLOCK, MAX_FRAME, time_of};

const FRAME: Duration = Duration::from_millis(10);
const PULL: usize = BLOCK / 2;

/// A peer that sends a sound, frame by frame, and a loudspeaker that takes 5 ms at a time.
struct Stage {
    playout: Playout,
    now: Duration,
    sequence: u32,
    sound: Vec<i16>,
    sent: usize,
    heard: Vec<i16>,
}

impl Stage {
    fn new(sound: Vec<i16>) -> Stage {
        Stage {
            playout: Playout::new(),
            now: Duration::ZERO,
            sequence: 0,
            sound,
            sent: 0,
            heard: Vec::new(),
        }
    }

    /// Pushes the next frame of the sound.
    fn send(&mut self) {
        let start = self.sent % (self.sound.len() - BLOCK);
        let frame = &self.sound[start..start + BLOCK];
        let captured = time_of(self.sent);
        self.playout.push(self.sequence, captured, frame, self.now);
        self.sequence += 1;
        self.sent += BLOCK;
    }

    /// Leaves the next frame of the sound out.
    fn lose(&mut self) {
        self.sequence += 1;
        self.sent += BLOCK;
    }

    /// The loudspeaker takes 5 ms, and as much time passes.
    fn pull(&mut self) {
        let mut out = [i16::MIN; PULL];
        self.playout.pull(&mut out, self.now);
        self.heard.extend(out);
        self.now += time_of(PULL);
    }

    /// Frames in time.
    fn run(&mut self, frames: usize) {
        for _ in 0..frames {
            self.send();
            self.pull();
            self.pull();
        }
    }

    /// Nothing comes.
    fn stall(&mut self, frames: usize) {
        for _ in 0..2 * frames {
            self.pull();
        }
    }
}

/// 200 Hz, which steps by at most 262 from sample to sample.
fn sine() -> Vec<i16> {
    let sample = |at| 10_000.0 * (f64::from(at) * std::f64::consts::TAU / 240.0).sin();
    (0..48_000 * 2 + 480).map(|at| sample(at) as i16).collect()
}

/// Corners have a large second difference, steps as well: of the sine it is at most 8.
fn largest_corner(sound: &[i16]) -> u32 {
    let bends = sound.windows(3).map(|three| {
        let [one, two, three] = [three[0], three[1], three[2]].map(i32::from);
        (one - 2 * two + three).unsigned_abs()
    });
    bends.max().unwrap()
}

fn largest_step(sound: &[i16]) -> u16 {
    let steps = sound.windows(2).map(|pair| pair[1].abs_diff(pair[0]));
    steps.max().unwrap()
}

#[test]
fn sound_in_time_leaves_bit_by_bit() {
    let mut stage = Stage::new(speech(10.0, 1));
    stage.run(900);
    // Two pulls of silence until the second frame is there, then a fade of 5 ms.
    let delay = BLOCK;
    assert!(stage.heard[..delay].iter().all(|sample| *sample == 0));
    let (heard, sound) = (&stage.heard[delay + 240..], &stage.sound[240..]);
    assert!(heard == &sound[..heard.len()]);
    assert_eq!(stage.playout.stats().dry_runs, 0);
}

#[test]
fn nothing_clicks_whatever_happens() {
    let mut stage = Stage::new(sine());
    stage.run(200);
    stage.lose();
    stage.run(50);
    stage.stall(3);
    for _ in 0..3 {
        stage.send();
    }
    stage.run(100);
    stage.playout.end();
    stage.stall(10);
    stage.run(70);
    // 100 ms at once, so pitch periods go; then half a second at once, which is cut.
    for burst in [10, 50] {
        for _ in 0..burst {
            stage.send();
        }
        stage.run(200);
    }
    stage.stall(30);
    let stats = stage.playout.stats();
    assert!(stats.removed > Duration::from_millis(50), "{stats:?}");
    assert!(stats.cut > Duration::from_millis(400), "{stats:?}");
    assert_eq!(stats.dry_runs, 2, "{stats:?}");
    let step = largest_step(&stage.heard);
    assert!(step < 420, "a step of {step}, the sine alone has 262");
    let corner = largest_corner(&stage.heard);
    assert!(corner < 60, "a corner of {corner}, the sine alone has 8");
}

/// Frames that are late by 10 ms find a reserve of 10 ms empty.
#[test]
fn a_short_dry_run_is_bridged() {
    let mut stage = Stage::new(sine());
    stage.run(400);
    let begun = stage.heard.len();
    stage.stall(2);
    stage.send();
    stage.send();
    stage.run(100);
    assert_eq!(stage.playout.stats().dry_runs, 1);
    for (number, piece) in stage.heard[begun..].chunks(240).enumerate() {
        let loudest = piece.iter().map(|sample| sample.unsigned_abs()).max();
        assert!(loudest > Some(4_000), "{loudest:?} in piece {number}");
    }
}

/// Played samples are dropped four frames at a time, also while nothing but the bridge plays.
#[test]
fn sound_goes_on_after_a_long_dry_run_that_begins_anywhere() {
    for more in 0..8 {
        let mut stage = Stage::new(sine());
        stage.run(300 + more);
        stage.stall(30);
        assert_eq!(stage.playout.stats().queued, Duration::ZERO);
        stage.run(50);
        let stats = stage.playout.stats();
        assert!(stats.queued < Duration::from_millis(40), "{stats:?}");
        let last = &stage.heard[stage.heard.len() - BLOCK..];
        assert!(last.iter().any(|sample| *sample > 9_000), "{more}");
    }
}

#[test]
fn the_end_is_no_dry_run_and_plays_everything() {
    let mut stage = Stage::new(speech(2.0, 2));
    stage.run(100);
    stage.playout.end();
    stage.stall(20);
    assert_eq!(stage.playout.stats().dry_runs, 0);
    assert_eq!(stage.playout.stats().captured_now, None);
    let last = stage.heard.iter().rposition(|sample| *sample != 0).unwrap();
    assert!(last > 100 * BLOCK, "{last}");
    // Ended before the reserve was there: it plays all the same.
    let mut short = Stage::new(vec![1_000; 2 * BLOCK]);
    short.send();
    short.playout.end();
    short.stall(4);
    assert!(
        short
            .heard
            .iter()
            .filter(|sample| **sample == 1_000)
            .count()
            >= BLOCK / 2
    );
    // After an end any sequence may follow.
    stage.sequence = 7;
    stage.run(10);
    assert_eq!(stage.playout.stats().dry_runs, 0);
    assert!(stage.playout.stats().captured_now.is_some());
}

#[test]
fn what_comes_again_or_late_is_ignored() {
    let mut stage = Stage::new(speech(2.0, 3));
    stage.run(50);
    let before = stage.playout.stats();
    for sequence in [49, 48, 0, u32::MAX] {
        stage.playout.push(sequence, FRAME, &[9; BLOCK], stage.now);
    }
    assert_eq!(stage.playout.stats(), before);
}

#[test]
fn a_dry_run_raises_the_reserve_but_not_early_and_not_after_a_long_stall() {
    let reserve = |stage: &Stage| stage.playout.stats().reserve.as_millis();
    let mut stage = Stage::new(speech(10.0, 4));
    stage.run(100);
    stage.stall(5);
    stage.run(300);
    assert_eq!(stage.playout.stats().dry_runs, 1);
    assert_eq!(reserve(&stage), 10, "in the first three seconds");
    stage.stall(20);
    stage.run(50);
    assert_eq!(stage.playout.stats().dry_runs, 2);
    assert_eq!(reserve(&stage), 10, "after 200 ms");
    for _ in 0..10 {
        stage.stall(reserve(&stage) as usize / 10 + 4);
        stage.run(50);
    }
    assert_eq!(reserve(&stage), 80, "the most");
    // 20 s stay, then 0.2 ms a second go: 80 ms are 8 after six minutes.
    stage.run(1_900);
    assert_eq!(reserve(&stage), 80);
    stage.run(1_000);
    assert!((77..80).contains(&reserve(&stage)), "{}", reserve(&stage));
    stage.run(36_000);
    assert_eq!(reserve(&stage), 8);
    assert_eq!(stage.playout.stats().queued.as_millis() / 10, 1);
}

#[test]
fn capture_times_follow_what_is_heard() {
    // Each sample says when it was captured, in steps of 10 ms.
    let sound: Vec<i16> = (0..480 * 600).map(|at| (at / BLOCK) as i16 * 40).collect();
    let mut stage = Stage::new(sound);
    let check = |stage: &Stage| {
        let captured = stage.playout.stats().captured_now.unwrap();
        let heard = stage.heard.last().unwrap() / 40;
        let off = captured.as_millis().abs_diff(10 * heard as u128);
        // A pull of 5 ms behind the last sample heard, and up to 10 ms of one value.
        assert!(off <= 21, "{captured:?} while {heard} is heard");
    };
    for burst in [1, 12, 1, 1, 40, 1] {
        for _ in 0..burst {
            stage.send();
        }
        stage.lose();
        for _ in 0..40 {
            stage.run(1);
            check(&stage);
        }
    }
    assert!(stage.playout.stats().cut > Duration::ZERO);
    assert!(stage.playout.stats().removed > Duration::ZERO);
}

#[test]
fn memory_is_bounded_whatever_is_pushed() {
    let mut noise = Noise::new(5);
    let mut playout = Playout::new();
    let (mut sequence, mut now) = (0_u32, Duration::ZERO);
    let mut out = [0; 700];
    for _ in 0..4_000 {
        let bits = noise.bits();
        let length = [0, 1, 120, 480, 1_920, 70_000][(bits % 6) as usize];
        let captured = Duration::from_micros(noise.bits());
        playout.push(sequence, captured, &vec![7; length], now);
        sequence = sequence.wrapping_add([1, 1, 2, 0, 1 << 30][(bits >> 8) as usize % 5]);
        if bits >> 16 & 3 == 0 {
            playout.end();
        }
        if bits >> 20 & 31 == 0 {
            playout.pull(&mut out[..(bits >> 32) as usize % 700], now);
        }
        now += Duration::from_micros(bits >> 50);
        let stats = playout.stats();
        assert!(stats.queued <= time_of(MAX_QUEUED), "{stats:?}");
        assert!(stats.reserve.as_millis() <= 140);
    }
    assert!(playout.stats().cut > Duration::from_secs(200));
}

#[test]
fn frames_and_pulls_of_any_length_play() {
    for (frame, pull) in [(120, 960), (480, 480), (MAX_FRAME, 240), (960, 1_024)] {
        let frame = usize::from(frame);
        let mut playout = Playout::new();
        let sound = speech(2.0, 6);
        let mut out = vec![0; pull];
        let (mut sent, mut pulled) = (0, 0);
        while sent + frame <= sound.len() {
            let captured = time_of(sent);
            let now = time_of(sent + frame);
            let sequence = (sent / frame) as u32;
            playout.push(sequence, captured, &sound[sent..sent + frame], now);
            sent += frame;
            while time_of(pulled) <= time_of(sent) {
                playout.pull(&mut out, time_of(pulled));
                pulled += pull;
            }
        }
        let stats = playout.stats();
        // Lengths that don't divide each other beat, which one early dry run settles.
        let beats = frame.max(pull) % frame.min(pull) != 0;
        assert!(
            stats.dry_runs <= u64::from(beats),
            "{frame} {pull} {stats:?}"
        );
        assert!(stats.queued <= Duration::from_millis(110), "{stats:?}");
    }
}

#[test]
fn early_sound_waits_for_pictures_and_gives_it_back() {
    let mut lips = LipSync::new();
    let ms = Duration::from_millis;
    let (mut now, mut delay) = (ms(0), ms(0));
    let mut watch = |lips: &mut LipSync, early: u64, late: u64, span: Duration| {
        let end = now + span;
        while now < end {
            delay = lips.update(now + ms(200 + early), now + ms(200 + late), now);
            now += ms(20);
        }
        delay
    };
    assert_eq!(watch(&mut lips, 44, 0, ms(5_000)), ms(0), "not noticed");
    assert_eq!(
        watch(&mut lips, 70, 0, ms(900)),
        ms(0),
        "not yet for a second"
    );
    assert_eq!(watch(&mut lips, 40, 0, ms(100)), ms(0), "gone by itself");
    let raised = watch(&mut lips, 70, 0, ms(1_100));
    assert!(raised.abs_diff(ms(25)) < ms(1), "{raised:?}");
    assert_eq!(watch(&mut lips, 500, 0, ms(3_000)), MAX_LIP_SYNC);
    assert_eq!(watch(&mut lips, 0, 15, ms(3_000)), MAX_LIP_SYNC);
    let lowered = watch(&mut lips, 0, 50, ms(1_100));
    assert!(lowered.abs_diff(ms(30)) < ms(1), "{lowered:?}");
    assert_eq!(watch(&mut lips, 0, 500, ms(3_000)), ms(0));
}

#[test]
fn the_raised_reserve_is_reached_and_given_back() {
    let mut stage = Stage::new(speech(10.0, 7));
    stage.run(300);
    let queued = |stage: &Stage| stage.playout.stats().queued.as_millis();
    let before = queued(&stage);
    stage.playout.raise_reserve(Duration::from_secs(9));
    stage.run(3_000);
    let raised = queued(&stage) - before;
    assert!((50..=60).contains(&raised), "{raised}");
    stage.playout.raise_reserve(Duration::ZERO);
    stage.run(3_000);
    assert!(queued(&stage) <= before + 2, "{} {before}", queued(&stage));
    assert_eq!(stage.playout.stats().dry_runs, 0);
}

#[test]
fn a_long_mute_does_not_give_back_what_dry_runs_taught() {
    let mut stage = Stage::new(speech(10.0, 4));
    stage.run(400);
    stage.stall(5);
    stage.run(200);
    let reserve = stage.playout.stats().reserve;
    assert!(reserve > Duration::from_millis(15), "{reserve:?}");
    stage.playout.end();
    stage.stall(60_000);
    stage.run(100);
    assert_eq!(stage.playout.stats().reserve, reserve);
    stage.run(3_000);
    assert!(
        stage.playout.stats().reserve < reserve,
        "it gives back while it plays"
    );
}
