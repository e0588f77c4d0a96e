//! Many viewers of one camera.

use transom::sim::{Link, Scenario};

use crate::MS;

#[test]
fn of_eight_viewers_the_one_on_a_slow_link_costs_the_others_nothing() {
    let scenario = Scenario {
        viewers: 8,
        slow_viewer: 2_000_000,
        ..Scenario::new(Link::mbits(1_000))
    };
    let report = scenario.play();
    let alone = Scenario::new(Link::mbits(1_000)).play();
    for viewer in 0..7 {
        let shown = report.shown(viewer);
        assert!(shown > 0.999, "viewer {viewer}: {shown}");
    }
    // Seven others' pictures stand in the same queue, 2.7 ms in all.
    let (worst, usual) = (report.latency(0.99), alone.latency(0.99));
    assert!(worst <= usual + 5 * MS, "{worst:?}, alone {usual:?}");
    // 40 KB take 167 ms at 2 Mbit/s.
    let slow = report.pictures[7].len();
    assert!((40..=75).contains(&slow), "{slow}");
}
