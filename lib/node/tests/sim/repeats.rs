//! A simulation is the same in every run of its seed.

use transom::sim::{FileTo, Link, Report, Scenario};

use crate::{MS, SECOND};

fn play(seed: u64) -> Report {
    let link = Link {
        delay: 5 * MS,
        jitter: 5 * MS,
        loss: 0.01,
        ..Link::mbits(20)
    };
    let scenario = Scenario {
        file: FileTo::Other,
        length: 5 * SECOND,
        seed,
        ..Scenario::new(link)
    };
    scenario.play()
}

#[test]
fn a_seed_repeats_every_picture_and_every_byte_and_another_does_not() {
    let [first, again, other] = [1, 1, 2].map(play);
    let told = |report: &Report| format!("{:?} {:?}", report.pictures, report.file);
    assert_eq!(told(&first), told(&again));
    assert_ne!(told(&first), told(&other));
}
