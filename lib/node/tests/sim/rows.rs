//! The rows of `cargo xtask bench link`, with its bounds but for two. In row 1 the model gives the
//! file 93 % of what is left, where the bench asks for 95 % and real sockets give 97 %. In row 7
//! all pictures are asserted after the first second.

use std::time::Duration;

use transom::sim::{FileTo, Link, Report, Scenario, quantile};

use crate::{MS, SECOND, Scratch};

/// A row, and the same without its file.
struct Played {
    scenario: Scenario,
    alone: Report,
    report: Report,
}

fn play(row: usize) -> Played {
    Played::new(Scenario::row(row).unwrap())
}

impl Played {
    fn new(scenario: Scenario) -> Self {
        Self {
            alone: scenario.alone().play(),
            report: scenario.play(),
            scenario,
        }
    }

    /// At most so much above the latencies of the video alone.
    fn adds(&self, median: Duration, worst: Duration) {
        for (part, most) in [(0.5, median), (0.99, worst)] {
            let (alone, beside) = (self.alone.latency(part), self.report.latency(part));
            assert!(
                beside <= alone + most,
                "p{}: {beside:?} beside the file, {alone:?} alone",
                part * 100.0
            );
        }
        assert!(self.report.shown(0) > 0.999, "{}", self.report.shown(0));
    }

    /// The file gets that share of what the video leaves.
    fn file_gets(&self, share: f64) {
        // 1,448 of 1,514 bytes of a packet are payload.
        let payload = self.scenario.link.rate as f64 * 1_448.0 / 1_514.0;
        let left = payload - self.report.video_rate(self.scenario.length);
        let got = self.report.file_rate() / left;
        assert!(got >= share, "{got} of what is left");
    }
}

#[test]
fn a_file_to_the_viewer_is_hardly_felt() {
    let played = play(1);
    played.adds(7 * MS, 10 * MS);
    // The bench's bound is 95 %, see the head of this file.
    played.file_gets(0.92);
}

#[test]
fn a_file_to_another_peer_is_hardly_felt() {
    let played = play(2);
    played.adds(10 * MS, 20 * MS);
    played.file_gets(0.85);
}

#[test]
fn a_file_from_another_program_of_the_owner_is_hardly_felt() {
    let scratch = Scratch::new("program");
    let mut scenario = Scenario::row(3).unwrap();
    scenario.marks = Some(scratch.0.clone());
    let played = Played::new(scenario);
    played.adds(15 * MS, 40 * MS);
    played.file_gets(0.80);
}

#[test]
fn a_file_through_a_shallow_fifo_is_hardly_felt() {
    let played = play(4);
    played.adds(7 * MS, 12 * MS);
    played.file_gets(0.92);
}

#[test]
fn a_file_at_100_mbits_is_hardly_felt() {
    let played = play(5);
    played.adds(4 * MS, 8 * MS);
    played.file_gets(0.95);
}

#[test]
fn a_file_over_a_round_trip_of_20_ms_is_hardly_felt() {
    let played = play(6);
    played.adds(8 * MS, 15 * MS);
    played.file_gets(0.92);
}

#[test]
fn a_file_to_another_peer_gets_what_is_left_over_longer_routes_too() {
    let row = Scenario::row(6).unwrap();
    for (rtt, burst) in [(10, 8_192), (20, 8_192), (20, 0)] {
        let link = Link {
            delay: MS * rtt / 2,
            burst,
            ..row.link
        };
        let scenario = Scenario {
            file: FileTo::Other,
            ..row.over(link)
        };
        let played = Played::new(scenario);
        played.adds(10 * MS, 20 * MS);
        played.file_gets(0.80);
    }
}

#[test]
fn after_a_second_every_picture_passes_a_long_fast_path_and_the_file_keeps_its_rate() {
    let played = play(7);
    // TCP's slow start carries the first pictures for longer than one picture's time.
    assert!(played.report.shown(0) > 0.99, "{}", played.report.shown(0));
    let (from, to) = (SECOND, played.scenario.length);
    let seen = played.report.between(0, from, to);
    let (first, last) = (seen.first().unwrap(), seen.last().unwrap());
    let made = (last.sequence - first.sequence + 1) as usize;
    assert!(made == seen.len() && made > 320, "{} of {made}", seen.len());
    let mut file = played.scenario.clone();
    file.camera = None;
    let (beside, alone) = (played.report.file_rate(), file.play().file_rate());
    assert!(beside >= 0.7 * alone, "{beside} of {alone}");
}

#[test]
fn video_that_is_too_much_loses_pictures_and_not_time() {
    let report = Scenario::row(8).unwrap().play();
    let (worst, shown) = (report.latency(0.99), report.shown(0));
    assert!(worst <= 90 * MS, "{worst:?}");
    assert!(shown >= 0.48, "{shown}");
}

#[test]
fn encoded_pictures_stay_fresh_beside_a_file_and_are_whole_again_after_it() {
    let report = Scenario::row(9).unwrap().play();
    let beside = report.between(0, 5 * SECOND, 15 * SECOND);
    let worst = quantile(beside.iter().map(|seen| seen.latency), 0.99);
    assert!(worst <= 90 * MS, "{worst:?}");
    assert!(beside.len() >= 150, "{} in 10 s", beside.len());
    let after = report.between(0, 25 * SECOND, 30 * SECOND);
    let full = after.iter().map(|seen| seen.bytes).max().unwrap();
    let is_full = after
        .iter()
        .all(|seen| seen.bytes == full && seen.size == (848, 480));
    assert!(is_full && full > 70_000, "{full}");
    assert!(after.len() >= 149, "{} in 5 s", after.len());
}

#[test]
fn a_rate_that_falls_to_a_tenth_and_comes_back_is_followed() {
    let report = Scenario::row(10).unwrap().play();
    let outside = [(1, 10), (11, 20), (21, 30)];
    let seen = outside.map(|(from, to)| report.between(0, from * SECOND, to * SECOND));
    let worst = quantile(seen.iter().flatten().map(|seen| seen.latency), 0.99);
    assert!(worst <= 120 * MS, "{worst:?}");
    // Every picture 8 s after the rate is back.
    let last = report.between(0, 28 * SECOND, 30 * SECOND);
    assert!(last.len() >= 119, "{}", last.len());
}

#[test]
fn a_percent_of_loss_stalls_neither_pictures_nor_file() {
    let played = play(11);
    let worst = played.report.latency(0.99);
    assert!(worst <= 120 * MS, "{worst:?}");
    played.file_gets(0.75);
    let stall = played.report.file_stall();
    assert!(stall <= SECOND, "{stall:?}");
}
