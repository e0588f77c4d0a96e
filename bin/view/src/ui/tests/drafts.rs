//! What is typed or brought for one contact goes to no other.

use super::arrivals::{comes, middle, ring, tap, tap_key, text_field};
use super::*;

const FREE: Modifiers = Modifiers::NONE;

#[test]
fn a_text_meant_for_one_contact_is_sent_to_no_other() {
    let mut screen = open(watching());
    fill(&mut screen, "Text", "only for the door");
    fill(&mut screen, "Path", "/home/me/door.txt");
    comes(&mut screen, ring);
    pass(&mut screen);
    let at = middle(&screen, "Answer");
    assert_eq!(tap(&mut screen, at).len(), 1);
    screen.run();
    for field in ["Text", "Path"] {
        let field = screen.get_by_role_and_label(Role::TextInput, field);
        assert_eq!(field.value().as_deref(), Some(""));
        field.focus();
        screen.run();
        assert_eq!(tap_key(&mut screen, FREE, Key::Enter), []);
    }
    assert_eq!(
        click(&mut screen, "door here"),
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
    let path = screen.get_by_role_and_label(Role::TextInput, "Path");
    assert_eq!(path.value().as_deref(), Some("/home/me/door.txt"));
}

#[test]
fn files_go_to_whom_the_screen_named_when_they_were_brought() {
    let mut screen = open(watching());
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
