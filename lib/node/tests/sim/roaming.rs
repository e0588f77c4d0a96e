//! A station that moves between access points: the path gets longer or shorter, with the same rate.

use transom::sim::{Act, FileTo, Link, Scenario};

use crate::{MS, SECOND};

/// A file beside pictures at 20 Mbit/s; after 10 s the delay changes.
fn roams(before: u32, after: u32) -> Scenario {
    let link = Link {
        delay: MS * before,
        ..Link::mbits(20)
    };
    let other = Link {
        delay: MS * after,
        ..link
    };
    Scenario {
        file: FileTo::Viewer,
        acts: vec![(10 * SECOND, Act::Link(other))],
        length: 30 * SECOND,
        ..Scenario::new(link)
    }
}

#[test]
fn a_file_keeps_its_rate_when_the_path_gets_longer_by_15_ms() {
    let report = roams(1, 16).play();
    let before = report.file_rate_between(2 * SECOND, 10 * SECOND);
    let after = report.file_rate_between(12 * SECOND, 30 * SECOND);
    assert!(after >= 0.8 * before, "{before} and then {after}");
}

#[test]
fn pictures_stay_fresh_when_the_path_gets_shorter_by_15_ms() {
    let scenario = roams(16, 1);
    let report = scenario.play();
    let alone = scenario.over(roams(1, 1).link).alone().play();
    let seen = report.between(0, 12 * SECOND, 30 * SECOND);
    let worst = transom::sim::quantile(seen.iter().map(|seen| seen.latency), 0.99);
    assert!(worst <= alone.latency(0.99) + 15 * MS, "{worst:?}");
}
