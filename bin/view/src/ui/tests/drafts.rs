//! What is typed or brought for one contact goes to no other.

use super::arrivals::{comes, middle, ring, tap, tap_key, text_field};
use super::*;

const FREE: Modifiers = Modifiers::NONE;

#[test]
fn a_text_meant_for_one_contact_is_sent_to_no_other() {
    let mut screen = open(at_home());
    fill(&mut screen, page::FIELD, "only for the door");
    click(&mut screen, words::SEND_FILES);
    click(&mut screen, words::TYPE_A_PATH);
    fill(&mut screen, words::PATH, "/home/me/door.txt");
    comes(&mut screen, ring);
    pass(&mut screen);
    let at = middle(&screen, "Answer");
    assert_eq!(tap(&mut screen, at).len(), 1);
    screen.run();
    // The yard's page, when its call is over.
    screen.state_mut().state.act(&Action::HangUp(peer("yard")));
    screen.run();
    let field = words::message_to("yard");
    assert_eq!(page::value(&screen, &field), "");
    assert!(screen.query_by_label(words::PATH).is_none());
    screen
        .get_by_role_and_label(Role::TextInput, &field)
        .focus();
    screen.run();
    assert_eq!(tap_key(&mut screen, FREE, Key::Enter), []);
    assert_eq!(
        click(&mut screen, "door, not seen yet"),
        [Action::Choose(peer("door"))]
    );
    text_field(&screen).focus();
    screen.run();
    assert_eq!(
        tap_key(&mut screen, FREE, Key::Enter),
        [Action::Text {
            peer: peer("door"),
            text: "only for the door".into()
        }]
    );
    let path = screen.get_by_role_and_label(Role::TextInput, words::PATH);
    assert_eq!(path.value().as_deref(), Some("/home/me/door.txt"));
}

#[test]
fn files_go_to_whom_the_screen_named_when_they_were_brought() {
    let mut screen = open(at_home());
    screen
        .input_mut()
        .hovered_files
        .push(egui::HoveredFile::default());
    screen.step();
    comes(&mut screen, |state| {
        state.act(&Action::Choose(peer("yard")));
    });
    screen.input_mut().hovered_files.clear();
    screen.input_mut().dropped_files.push(DroppedFile {
        path: Some("/tmp/plan.pdf".into()),
        ..Default::default()
    });
    screen.step();
    let send = |to| Action::Send {
        peer: peer(to),
        path: "/tmp/plan.pdf".into(),
    };
    assert_eq!(screen.state_mut().take(), [send("door")]);
    screen.step();
    screen.input_mut().dropped_files.push(DroppedFile {
        path: Some("/tmp/plan.pdf".into()),
        ..Default::default()
    });
    screen.step();
    assert_eq!(screen.state_mut().take(), [send("yard")], "the next time");
}
