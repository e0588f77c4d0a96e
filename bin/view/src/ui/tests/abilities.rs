//! What a contact can do decides what can be done with it: by labels.

use transom::Capabilities;

use super::super::calls_tests::double_click;
use super::*;

const DOOR: PublicKey = PublicKey([1; 32]);

/// The door, which can do that, and the yard, which was never met.
fn with_door(can: Capabilities) -> Screen {
    let mut state = two_boxes();
    state.apply(joined_as("door", DOOR, can));
    open(state)
}

/// Which of the ways to reach a contact there are.
fn ways(screen: &Screen) -> Vec<&'static str> {
    ["Call", "Watch", "Send text", "Send files…", "Path"]
        .into_iter()
        .filter(|label| screen.query_by_label(label).is_some())
        .collect()
}

#[test]
fn a_camera_says_so_in_its_row_and_can_only_be_watched() {
    let mut screen = with_door(Capabilities::CAMERA);
    screen.get_by_label("door Camera, here");
    assert_eq!(ways(&screen), ["Watch"]);
    assert!(
        screen
            .query_by_label("Nothing written with door yet")
            .is_none()
    );
    assert_eq!(click(&mut screen, "Watch"), [Action::Watch(peer("door"))]);
}

#[test]
fn a_camera_is_one_while_it_is_away_too() {
    let mut screen = with_door(Capabilities::CAMERA | Capabilities::FILES);
    screen.state_mut().state.apply(left("door"));
    screen.run();
    screen.get_by_label("door Camera, away");
    assert_eq!(ways(&screen), ["Watch", "Send files…", "Path"]);
}

#[test]
fn what_a_camera_wrote_can_still_be_read() {
    let mut state = two_boxes();
    state.apply(Notice::Text {
        peer: peer("door"),
        text: "battery low".into(),
    });
    state.apply(joined_as("door", DOOR, Capabilities::CAMERA));
    let screen = open(state);
    screen.get_by_label("door: battery low");
    assert_eq!(ways(&screen), ["Watch"]);
}

#[test]
fn a_person_is_called_watched_written_to_and_sent_files() {
    let screen = with_door(Capabilities::CALLS | Capabilities::FILES);
    screen.get_by_label("door here");
    let all = ["Call", "Watch", "Send text", "Send files…", "Path"];
    assert_eq!(ways(&screen), all);
}

#[test]
fn an_inbox_is_neither_called_nor_watched() {
    let mut screen = with_door(Capabilities::FILES);
    screen.get_by_label("door Files, here");
    assert_eq!(ways(&screen), ["Send text", "Send files…", "Path"]);
    double_click(&mut screen, "door Files, here");
    let taken = screen.state_mut().take();
    assert!(!taken.contains(&Action::Watch(peer("door"))), "{taken:?}");
}

#[test]
fn a_double_click_watches_a_camera() {
    let mut screen = with_door(Capabilities::CAMERA);
    double_click(&mut screen, "door Camera, here");
    let taken = screen.state_mut().take();
    assert!(taken.contains(&Action::Watch(peer("door"))), "{taken:?}");
}

#[test]
fn a_contact_that_was_never_met_may_be_anything() {
    let mut screen = with_door(Capabilities::CAMERA);
    click(&mut screen, "yard ");
    let all = ["Call", "Watch", "Send text", "Send files…", "Path"];
    assert_eq!(ways(&screen), all);
}

#[test]
fn a_program_that_only_sends_takes_nothing_from_what_its_owner_can() {
    let mut screen = with_door(Capabilities::CALLS);
    let state = &mut screen.state_mut().state;
    state.apply(left("door"));
    state.apply(joined_as("door", DOOR, Capabilities::NONE));
    screen.run();
    assert_eq!(ways(&screen), ["Call", "Watch", "Send text"]);
}

#[test]
fn a_file_dropped_on_a_camera_goes_nowhere_and_that_is_said() {
    let mut screen = with_door(Capabilities::CAMERA);
    let dropped = DroppedFile {
        path: Some("/tmp/dropped".into()),
        ..Default::default()
    };
    screen.input_mut().dropped_files.push(dropped);
    screen.step();
    let said = Action::Say("door takes no files".into());
    assert_eq!(screen.state_mut().take(), [said]);
}
