//! What a call and a file feel of each other over modelled links: the rows of `bench link` on a
//! virtual clock, and what that bench has no link for.

#![expect(clippy::indexing_slicing, reason = "a test's panic is its verdict")]

use alloc::vec::Vec;
use core::time::Duration;

use crate::sim::{Link, Load, Outcome, Scene, Video};

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);
/// From here on all rows are measured.
const FROM: Duration = Duration::from_secs(2);
const TO: Duration = Duration::from_secs(10);
const FILE: Load = Load {
    video: None,
    sound: None,
    file: Some(S),
};

fn lan(mbits: u64) -> Link {
    let delay = Duration::from_micros(200);
    Link {
        delay,
        ..Link::mbits(mbits)
    }
}

fn far(mbits: u64, rtt: Duration) -> Link {
    let delay = rtt / 2;
    Link {
        delay,
        ..Link::mbits(mbits)
    }
}

fn video(bytes: usize) -> Load {
    Load {
        video: Some((S / 2, Video::of(bytes))),
        ..Load::default()
    }
}

fn both(bytes: usize) -> Load {
    let file = Some(S);
    Load {
        file,
        ..video(bytes)
    }
}

/// Runs the loads until then, with a change of the link in between.
fn run(link: Link, loads: &[Load], until: Duration, at: Duration, step: fn(&mut Link)) -> Scene {
    let mut scene = Scene::new(link, 1);
    for load in loads {
        scene.add(*load, |_| {});
    }
    scene.run(at);
    step(scene.link());
    scene.run(until);
    scene
}

/// The outcomes of loads on a link that stays as it is.
fn steady(link: Link, loads: &[Load]) -> Vec<Outcome> {
    let scene = run(link, loads, TO, TO, |_| {});
    let outcomes = 0..loads.len();
    outcomes.map(|load| scene.outcome(load).clone()).collect()
}

fn latencies(outcome: &Outcome) -> [Duration; 2] {
    [50, 99].map(|percent| outcome.latency(FROM, TO, percent))
}

/// A file adds no more than so much to the latencies that the video has alone, and moves so many
/// kbit/s.
fn check(link: Link, to_another: bool, added: [Duration; 2], kbits: u64) {
    let alone = latencies(&steady(link, &[video(40_000)])[0]);
    let outcomes = match to_another {
        true => steady(link, &[video(40_000), FILE]),
        false => steady(link, &[both(40_000)]),
    };
    let beside = latencies(&outcomes[0]);
    for at in 0..2 {
        let most = alone[at] + added[at];
        assert!(beside[at] <= most, "{alone:?} alone, {beside:?} beside");
    }
    let shown = outcomes[0].shown(FROM, TO);
    assert!(shown >= 239, "{shown} pictures of 240");
    let file = outcomes[usize::from(to_another)].file_kbits(FROM, TO);
    assert!(file >= kbits, "{file} kbit/s");
}

#[test]
fn a_file_to_the_viewer_is_not_felt_at_20_mbits() {
    check(lan(20), false, [7 * MS, 10 * MS], 9_000);
}

#[test]
fn a_file_to_another_peer_is_not_felt_at_20_mbits() {
    check(lan(20), true, [10 * MS, 20 * MS], 8_100);
}

#[test]
fn a_file_to_another_peer_gets_what_the_call_leaves_over_a_longer_route_too() {
    for rtt in [20, 40] {
        let link = far(20, rtt * MS);
        let alone = latencies(&steady(link, &[video(40_000)])[0]);
        let outcomes = steady(link, &[video(40_000), FILE]);
        let [p50, p99] = latencies(&outcomes[0]);
        assert!(p50 <= alone[0] + 10 * MS, "{p50:?} over {rtt} ms");
        assert!(p99 <= alone[1] + 20 * MS, "{p99:?} over {rtt} ms");
        let file = outcomes[1].file_kbits(FROM, TO);
        assert!(file >= 7_900, "{file} kbit/s of 9,500 over {rtt} ms");
    }
}

#[test]
fn a_call_that_needs_most_of_a_longer_route_loses_no_picture_to_a_file_to_another_peer() {
    let outcomes = steady(far(50, 20 * MS), &[video(166_000), FILE]);
    // The last ones are still on the way.
    let shown = outcomes[0].shown(FROM, TO - 100 * MS);
    assert!(shown >= 236, "{shown} pictures of 237");
    let file = outcomes[1].file_kbits(FROM, TO);
    assert!(file >= 4_000, "{file} kbit/s of 8,000");
}

#[test]
fn two_files_to_other_peers_over_a_longer_route_cost_no_pictures() {
    let outcomes = steady(far(20, 20 * MS), &[video(40_000), FILE, FILE]);
    let shown = outcomes[0].shown(FROM, TO);
    assert!(shown >= 235, "{shown} pictures of 240");
    let [p50, _] = latencies(&outcomes[0]);
    assert!(p50 <= 30 * MS, "{p50:?}");
}

#[test]
fn a_longer_route_shuts_no_file_at_a_high_rate() {
    let longer: fn(&mut Link) = |link| link.delay += 15 * MS;
    let loads = [video(4_000), FILE];
    let scene = run(lan(100), &loads, 12 * S, 4 * S, longer);
    let after = scene.outcome(1).file_kbits(9 * S, 12 * S);
    assert!(after >= 60_000, "{after} kbit/s");
}

#[test]
fn a_file_is_not_felt_in_front_of_a_shallow_buffer() {
    let fifo = 150_000;
    let link = Link { fifo, ..lan(20) };
    check(link, false, [7 * MS, 12 * MS], 8_700);
}

#[test]
fn a_file_is_not_felt_at_100_mbits() {
    check(lan(100), false, [4 * MS, 8 * MS], 81_500);
    check(lan(100), true, [4 * MS, 8 * MS], 81_500);
}

#[test]
fn a_file_is_not_felt_over_a_round_trip_of_20_ms() {
    check(far(20, 20 * MS), false, [8 * MS, 15 * MS], 8_700);
}

#[test]
fn three_files_to_others_are_not_felt_either() {
    let alone = latencies(&steady(lan(20), &[video(40_000)])[0]);
    let outcomes = steady(lan(20), &[video(40_000), FILE, FILE, FILE]);
    let [p50, p99] = latencies(&outcomes[0]);
    assert!(p50 <= alone[0] + 15 * MS && p99 <= alone[1] + 20 * MS);
    let files = outcomes[1..].iter();
    let files: Vec<_> = files.map(|file| file.file_kbits(FROM, TO)).collect();
    assert!(files.iter().sum::<u64>() >= 8_100, "{files:?} kbit/s");
    assert!(files.iter().all(|file| *file >= 1_500), "{files:?} kbit/s");
}

#[test]
fn on_a_long_and_fast_path_every_picture_is_shown_and_the_file_finds_its_rate() {
    let link = far(1_000, 40 * MS);
    let shown = steady(link, &[video(80_000)])[0].shown(FROM, TO);
    assert!(shown >= 239, "{shown} pictures");
    let file = steady(link, &[both(80_000)])[0].file_kbits(FROM, TO);
    assert!(file >= 300_000, "{file} kbit/s");
}

#[test]
fn video_that_is_too_much_stays_fresh() {
    let outcome = &steady(lan(20), &[video(150_000)])[0];
    let [_, p99] = latencies(outcome);
    assert!(p99 <= 90 * MS, "{p99:?}");
    let shown = outcome.shown(FROM, TO);
    assert!(shown >= 115, "{shown} pictures of 240");
}

#[test]
fn video_that_is_too_much_leaves_a_file_to_another_peer_its_floor() {
    let outcomes = steady(lan(20), &[video(150_000), FILE]);
    let [_, p99] = latencies(&outcomes[0]);
    assert!(p99 <= 110 * MS, "{p99:?}");
    let file = outcomes[1].file_kbits(FROM, TO);
    assert!(file >= 700, "{file} kbit/s");
    assert!(outcomes[1].stall(FROM, TO) <= 200 * MS);
}

#[test]
fn a_link_that_becomes_ten_times_slower_and_faster_again_is_followed_within_a_second() {
    let loads = [Load {
        video: Some((S / 2, Video::of(20_000))),
        sound: None,
        file: Some(S),
    }];
    let slower = |link: &mut Link| link.rate = 5_000_000;
    let mut scene = run(lan(50), &loads, 8 * S, 4 * S, slower);
    scene.link().rate = 50_000_000;
    scene.run(12 * S);
    let outcome = scene.outcome(0);
    for (from, to, most) in [(5, 8, 120), (9, 12, 20)] {
        let p99 = outcome.latency(S * from, S * to, 99);
        assert!(p99 <= MS * most, "{p99:?} from second {from}");
    }
    let file = outcome.file_kbits(9 * S, 12 * S);
    assert!(file >= 38_000, "{file} kbit/s of 43,000");
}

#[test]
fn lost_packets_delay_little_and_do_not_stop_the_file() {
    let loss = 0.01;
    let link = Link { loss, ..lan(20) };
    let outcome = &steady(link, &[both(40_000)])[0];
    let [_, p99] = latencies(outcome);
    assert!(p99 <= 120 * MS, "{p99:?}");
    let file = outcome.file_kbits(FROM, TO);
    assert!(file >= 7_100, "{file} kbit/s");
    assert!(outcome.stall(FROM, TO) <= S);
}

#[test]
fn a_route_that_gets_longer_costs_the_file_two_seconds() {
    let longer = |link: &mut Link| link.delay += 15 * MS;
    let scene = run(lan(20), &[both(40_000)], 10 * S, 4 * S, longer);
    let file = scene.outcome(0).file_kbits(6 * S, 10 * S);
    assert!(file >= 8_700, "{file} kbit/s after it");
    let shorter = |link: &mut Link| link.delay -= 15 * MS;
    let scene = run(far(20, 31 * MS), &[both(40_000)], 8 * S, 4 * S, shorter);
    let p99 = scene.outcome(0).latency(6 * S, 8 * S, 99);
    let [_, alone] = latencies(&steady(far(20, 16 * MS), &[video(40_000)])[0]);
    assert!(p99 <= alone + 5 * MS, "{p99:?}, {alone:?} alone");
}

#[test]
fn sound_passes_the_pictures_and_files_of_other_sessions() {
    let sound = Load {
        sound: Some(S / 2),
        ..Load::default()
    };
    let (slow, fast) = ([sound, both(4_000)], [sound, video(40_000), FILE]);
    for (mbits, loads) in [(2, &slow[..]), (20, &fast)] {
        let p99 = |loads| steady(lan(mbits), loads)[0].sound_latency(FROM, TO, 99);
        let (alone, beside) = (p99(&[sound]), p99(loads));
        assert!(beside <= alone + 12 * MS, "{beside:?}, alone {alone:?}");
    }
}

#[test]
fn on_a_slow_link_both_move() {
    let outcome = &steady(lan(2), &[both(4_000)])[0];
    let [_, p99] = latencies(outcome);
    assert!(p99 <= 40 * MS, "{p99:?}");
    let file = outcome.file_kbits(FROM, TO);
    assert!(file >= 600, "{file} kbit/s of 900");
}
