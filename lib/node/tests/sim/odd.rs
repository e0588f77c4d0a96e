//! Scenarios that would measure nothing.

use transom::sim::{Act, Camera, FileTo, Link, Scenario};

use crate::{MS, SECOND};

/// The reason why a scenario is not played.
fn refusal(change: impl FnOnce(&mut Scenario)) -> String {
    let mut scenario = Scenario::row(1).unwrap();
    change(&mut scenario);
    scenario.check().unwrap_err()
}

#[test]
fn every_row_is_played() {
    for row in (1..).map_while(Scenario::row) {
        let is_by_a_program = row.file == FileTo::Program;
        assert_eq!(row.check().is_err(), is_by_a_program, "without marks");
        assert_eq!(row.alone().check(), Ok(()));
    }
}

#[test]
fn what_would_give_zeros_is_refused_in_words() {
    let camera = |camera| move |scenario: &mut Scenario| scenario.camera = Some(camera);
    let small = Link {
        fifo: 1_513,
        ..Link::mbits(20)
    };
    let found = [
        refusal(|it| (it.camera, it.file) = (None, FileTo::None)),
        refusal(camera(Camera::jpeg(0, 1))),
        refusal(camera(Camera::jpeg(30, 0))),
        refusal(camera(Camera::jpeg(30, 9_000_000))),
        refusal(camera(Camera::pixels(30, 0, 480))),
        refusal(|it| it.viewers = 0),
        refusal(|it| it.viewers = 70_000),
        refusal(|it| it.link.fifo = 0),
        refusal(|it| it.acts = vec![(SECOND, Act::Link(small))]),
        refusal(|it| it.acts = vec![(it.length, Act::EndFile)]),
        refusal(|it| it.length = 3 * SECOND - MS),
    ];
    let words = [
        "neither pictures nor a file",
        "0 pictures a second",
        "pictures of 0 bytes",
        "pictures of 9000000 bytes",
        "pictures of 0 bytes",
        "0 viewers",
        "70000 viewers",
        "a FIFO of 0 bytes",
        "a FIFO of 1513 bytes",
        "a change at 12 s",
        "less than 3 s",
    ];
    for (found, words) in found.iter().zip(words) {
        assert!(found.starts_with(words), "{found}");
    }
}
