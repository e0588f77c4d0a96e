//! Cameras that are programs: they give, hang, babble, exit or won't end, and none outlives its box.

use transom_media::fuzzing::sample;
use transom_tests::{FakeCamera, Mark, Mood, PATIENCE, Program, eventually};

use super::Pair;

/// A box whose camera is a pipeline with a part that ignores the polite signals, and a viewer.
fn watched_pipeline(pair: &Pair) -> (Program, Program) {
    let fake = FakeCamera::new(&pair.scratch, &sample(32, 16), Mood::Stubborn);
    let source = format!("{} | cat | cat", fake.as_command());
    let mut camera = pair.camera(&["--source", &source]);
    let watcher = pair.near.start(&["watch", "far", "--json"]);
    camera.event_where("camera", |state| state["state"] == "live");
    // The box itself, the shell, the script and two `cat`.
    eventually("the whole pipeline runs", || camera.mark().running().len() >= 5);
    (camera, watcher)
}

fn assert_none_left(mark: &Mark) {
    assert_eq!(mark.left_after(PATIENCE), Vec::<String>::new());
}

#[test]
fn no_part_of_a_camera_program_outlives_a_box_that_is_killed() {
    for signal in ["KILL", "ABRT"] {
        let pair = Pair::new();
        let (camera, _watcher) = watched_pipeline(&pair);
        let mark = camera.mark();
        camera.signal(signal);
        assert_none_left(&mark);
        assert_eq!(camera.finish().code, None);
    }
}

#[test]
fn no_part_of_a_camera_program_outlives_a_box_that_is_asked_to_end() {
    for signals in [&["TERM"][..], &["TERM", "TERM"], &["INT", "INT", "INT"]] {
        let pair = Pair::new();
        let (camera, _watcher) = watched_pipeline(&pair);
        let mark = camera.mark();
        for signal in signals {
            camera.signal(signal);
        }
        assert_none_left(&mark);
        camera.finish();
    }
}
