use transom_wire::{Codec, Orientation};

use super::*;

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn head(acquired_after: u32, ready_after: u32, sent_after: u32) -> PictureHead {
    PictureHead {
        sequence: 0,
        captured: 0,
        acquired_after,
        ready_after,
        sent_after,
        width: 1,
        height: 1,
        orientation: Orientation::Upright,
        codec: Codec::Jpeg,
        total: 1,
    }
}

fn times(stages: &Stages) -> [Option<u128>; 6] {
    Stage::ALL.map(|stage| Some(stages.get(stage)?.as_micros()))
}

#[test]
fn the_sender_tells_its_stages_and_each_is_as_long_as_it_took() {
    let stages = Stages::of_sender(&head(3000, 5000, 6000));
    let own = [Some(3000), Some(2000), Some(1000), None, None, None];
    assert_eq!(times(&stages), own);
    assert_eq!(stages.total(), None, "the clocks are not compared");
    let rtt = Duration::from_micros(300);
    let whole = stages.crossed(proto::Instant(50_000), proto::Instant(56_000), rtt);
    assert_eq!(whole.get(Stage::Wire), Some(millis(6)));
    assert_eq!(whole.total(), Some(millis(12)));
    assert_eq!(whole.clock_error(), Some(Duration::from_micros(150)));
    let shown = whole
        .with(Stage::Decode, millis(4))
        .with(Stage::Show, millis(2));
    assert_eq!(shown.total(), Some(millis(18)));
}

#[test]
fn stages_that_a_camera_has_not_are_absent_and_not_zero() {
    let passed_through = Stages::of_sender(&head(3000, 3000, 3000));
    let no_encoder = [Some(3000), None, Some(0), None, None, None];
    assert_eq!(times(&passed_through), no_encoder);
    let without_stamps = Stages::of_sender(&head(0, 2000, 2500));
    let no_capture = [None, Some(2000), Some(500), None, None, None];
    assert_eq!(times(&without_stamps), no_capture);
}

#[test]
fn times_out_of_order_or_absurd_make_no_absurd_stages() {
    let swapped = Stages::of_sender(&head(9000, 4000, 1000));
    assert_eq!(
        times(&swapped),
        [Some(1000), None, Some(0), None, None, None]
    );
    let ancient = Stages::of_sender(&head(7, 8, u32::MAX));
    assert_eq!(ancient, Stages::default());
    let now = proto::Instant(100_000_000);
    assert_eq!(ancient.crossed(now, now, millis(1)), Stages::default());
    let stages = Stages::of_sender(&head(1, 2, 3));
    for sent in [0, 69_000_000, 100_004_000, u64::MAX] {
        let crossed = stages.crossed(proto::Instant(sent), now, millis(1));
        assert_eq!(crossed, stages, "sent at {sent}");
    }
}

#[test]
fn an_offset_that_is_off_within_its_error_makes_a_short_way_zero() {
    let stages = Stages::of_sender(&head(1, 2, 3));
    let received = proto::Instant(10_000_000);
    let crossed = stages.crossed(proto::Instant(10_000_400), received, millis(1));
    assert_eq!(crossed.get(Stage::Wire), Some(Duration::ZERO));
}

#[test]
fn a_window_tells_the_last_seconds_only() {
    let (start, mut window) = (Instant::now(), LatencyWindow::default());
    let wait = |count| Stages::default().with(Stage::Wait, millis(count));
    window.add(start, wait(500));
    for number in 1..=100 {
        window.add(start + millis(50) * number, wait(number.into()));
    }
    let at = |now| window.summary(start + now).stages[Stage::Wait as usize];
    let spread = |p50, p99| {
        Some(Spread {
            p50: millis(p50),
            p99: millis(p99),
        })
    };
    assert_eq!(at(millis(5000)), spread(51, 100));
    assert_eq!(at(millis(5001)), spread(50, 99));
    assert_eq!(at(millis(9950)), spread(99, 100));
    assert_eq!(at(millis(10_001)), None);
    let summary = window.summary(start + millis(10_001));
    assert_eq!((summary.total, summary.clock_error), (None, None));
}

#[test]
fn a_window_of_any_stream_has_a_bounded_size() {
    let (now, mut window) = (Instant::now(), LatencyWindow::default());
    for _ in 0..10 * LatencyWindow::MAX_PICTURES {
        window.add(now, Stages::default());
    }
    assert_eq!(window.pictures.len(), LatencyWindow::MAX_PICTURES);
    assert!(window.pictures.capacity() <= 2 * LatencyWindow::MAX_PICTURES);
}

#[test]
fn the_total_is_of_the_sums_and_a_stage_that_only_some_passed_counts_zero_for_the_others() {
    let (now, mut window) = (Instant::now(), LatencyWindow::default());
    let rtt = millis(2);
    for (acquired, wire) in [(4000, 1000), (0, 9000), (2000, 3000), (0, 0)] {
        let sender = Stages::of_sender(&head(acquired, acquired, acquired + 1000));
        let received = proto::Instant(1_000_000 + wire);
        window.add(
            now,
            sender.crossed(proto::Instant(1_000_000), received, rtt),
        );
    }
    let summary = window.summary(now);
    let p50 = |stage| summary.stages[stage as usize].map(|spread| spread.p50);
    assert_eq!(p50(Stage::Capture), Some(Duration::ZERO));
    assert_eq!(p50(Stage::Encode), None, "none was encoded");
    assert_eq!(p50(Stage::Wire), Some(millis(1)));
    assert_eq!(summary.total.map(|total| total.p50), Some(millis(6)));
    assert_eq!(summary.clock_error, Some(millis(1)));
}
