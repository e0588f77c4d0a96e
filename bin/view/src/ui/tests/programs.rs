//! Cameras in other programs of this computer: the sheet of a camera, and the settings.

use egui::OutputCommand;
use transom::{Capabilities, SystemError, Token};

use crate::model::{Dialog, Door, SettingsForm, SettingsPage};

use super::people::settings;
use super::*;

/// A door that is a camera and a yard that is a person; the links have a token.
fn boxes() -> State {
    let mut state = at_home();
    let yard = Capabilities::CAMERA | Capabilities::CALLS;
    for (name, key, can) in [("door", 1, Capabilities::CAMERA), ("yard", 2, yard)] {
        state.apply(joined_as(name, PublicKey([key; 32]), can));
    }
    state.bridge.token = Some(Token::from_random([7; 20]));
    state
}

/// The sheet about the door.
fn about_the_door() -> State {
    let mut state = boxes();
    state.act(&Action::Choose(peer("door")));
    state.act(&Action::Sheet(true));
    state
}

fn show(name: &str, on: bool) -> Action {
    let peer = peer(name);
    Action::ShowInPrograms { peer, on }
}

/// The sheet while other programs see the door's camera.
fn shown_door() -> State {
    let mut state = about_the_door();
    state.act(&show("door", true));
    state.bridge.door = Door::Open;
    state
}

fn refused(kind: std::io::ErrorKind) -> Door {
    let text = "127.0.0.1:8080: permission denied".to_owned();
    Door::Refused(SystemError { kind, text })
}

/// Brings a control of the settings into sight.
fn scroll_to(screen: &mut Screen, role: Role, label: &str) {
    screen.get_by_role_and_label(role, label).scroll_to_me();
    screen.run();
    screen.state_mut().take();
}

/// What a click on a button copies.
fn copied(screen: &mut Screen, label: &str) -> Vec<OutputCommand> {
    pass(screen);
    screen.get_by_label(label).click();
    // Each picture has its own; the click takes some.
    let mut commands = Vec::new();
    for _ in 0..8 {
        screen.step();
        commands.extend(screen.output().platform_output.commands.clone());
    }
    commands
}

#[test]
fn a_camera_is_shown_to_other_programs_by_a_switch_that_is_off_at_first() {
    let mut screen = open(about_the_door());
    assert!(screen.query_by_label(words::COPY_PAGE).is_none());
    assert_eq!(
        click(&mut screen, words::SHOW_TO_PROGRAMS),
        [show("door", true)]
    );
    screen.get_by_label(&words::opening_port(8080));
    screen.state_mut().state.bridge.door = Door::Open;
    screen.run();
    screen.get_by_label(words::in_programs(&crate::model::Presence::Here));
    assert_eq!(
        click(&mut screen, words::SHOW_TO_PROGRAMS),
        [show("door", false)]
    );
    assert!(screen.query_by_label(words::COPY_PAGE).is_none());
}

#[test]
fn links_are_shown_without_their_token_and_copied_with_it() {
    let mut screen = open(shown_door());
    let links = screen.state().state.links_to(peer("door")).unwrap();
    for (words, shown) in [
        (words::PAGE, "127.0.0.1:8080/door/"),
        (words::STREAM, "127.0.0.1:8080/door/stream"),
        (words::SNAPSHOT, "127.0.0.1:8080/door/snapshot"),
    ] {
        screen.get_by_label(&words::fact(words, shown));
    }
    for (label, link) in [
        (words::COPY_PAGE, &links.page),
        (words::COPY_STREAM, &links.stream),
        (words::COPY_SNAPSHOT, &links.snapshot),
    ] {
        let copy = OutputCommand::CopyText(link.clone());
        assert_eq!(copied(&mut screen, label), [copy]);
    }
    screen.state_mut().take();
    assert_eq!(
        click(&mut screen, words::OPEN_PAGE),
        [Action::OpenLink(links.page)]
    );
}

#[test]
fn the_last_use_of_a_link_is_told() {
    let mut state = shown_door();
    state.now = std::time::Duration::from_secs(1_795_800_900);
    state.bridge.used = Some(state.now);
    let screen = open(state);
    screen.get_by_label("Last use of a link: 17:35");
}

#[test]
fn a_camera_that_is_away_is_told_beside_its_links() {
    let mut state = shown_door();
    state.apply(left("door"));
    let screen = open(state);
    let away = crate::model::Presence::Away(None);
    screen.get_by_label(words::in_programs(&away));
}

#[test]
fn a_port_that_is_taken_is_told_and_another_one_is_a_click_away() {
    let mut state = shown_door();
    state.bridge.door = refused(std::io::ErrorKind::AddrInUse);
    let mut screen = open(state);
    screen.get_by_label("Port 8080 is used by another program.");
    assert_eq!(click(&mut screen, words::TRY_AGAIN), [Action::OpenBridge]);
    screen.get_by_label(words::COPY_STREAM);
    let denied = refused(std::io::ErrorKind::PermissionDenied);
    screen.state_mut().state.bridge.door = denied;
    screen.run();
    screen.get_by_label("Port 8080 can't be used: 127.0.0.1:8080: permission denied");
    let saved = click(&mut screen, &words::use_port(8081));
    assert!(
        matches!(&saved[..], [Action::SaveSettings(config)] if config.programs_port == 8081),
        "{saved:?}"
    );
    assert!(screen.query_by_label(words::COPY_STREAM).is_none());
    screen.state_mut().state.bridge.door = Door::Open;
    screen.run();
    screen.get_by_label(&words::fact(words::PAGE, "127.0.0.1:8081/door/"));
}

#[test]
fn the_sheet_of_a_person_has_no_links() {
    let mut state = boxes();
    state.act(&Action::Choose(peer("yard")));
    state.act(&Action::Sheet(true));
    let screen = open(state);
    assert!(screen.query_by_label(words::IN_OTHER_PROGRAMS).is_none());
}

#[test]
fn the_settings_of_the_network_show_cameras_and_change_the_port() {
    let mut screen = open(boxes());
    settings(&mut screen, SettingsPage::Network);
    let yard = words::show_in_programs("yard");
    assert!(screen.query_by_label(&yard).is_none(), "it is a person");
    let door = words::show_in_programs("door");
    scroll_to(&mut screen, Role::CheckBox, &door);
    assert_eq!(click(&mut screen, &door), [show("door", true)]);
    let refused = refused(std::io::ErrorKind::AddrInUse);
    screen.state_mut().state.bridge.door = refused;
    screen.run();
    scroll_to(&mut screen, Role::Button, words::TRY_AGAIN);
    assert_eq!(click(&mut screen, words::TRY_AGAIN), [Action::OpenBridge]);
    let field = screen.get_by_role_and_label(Role::TextInput, words::PROGRAMS_PORT);
    field.focus();
    screen.run();
    press(&mut screen, Modifiers::COMMAND, Key::A);
    screen.event(egui::Event::Text("8090".into()));
    screen.run();
    screen.state_mut().take();
    let saved = press(&mut screen, Modifiers::NONE, Key::Enter);
    assert!(
        matches!(&saved[..], [Action::SaveSettings(config)] if config.programs_port == 8090),
        "{saved:?}"
    );
}

#[test]
fn new_links_are_made_after_a_question_and_the_settings_come_back() {
    for (answer, wanted) in [
        (words::NEW_LINKS, vec![Action::NewLinks, Action::Close]),
        (words::CANCEL, vec![Action::Close]),
    ] {
        let mut screen = open(boxes());
        settings(&mut screen, SettingsPage::Network);
        scroll_to(&mut screen, Role::Button, words::NEW_LINKS);
        let asked = click(&mut screen, words::NEW_LINKS);
        assert!(!asked.contains(&Action::NewLinks), "{asked:?}");
        screen.get_by_label(words::NEW_LINKS_QUESTION);
        assert_eq!(click(&mut screen, answer), wanted);
        match &screen.state().state.dialog {
            Some(Dialog::Settings(form)) => assert_eq!(form.page, SettingsPage::Network),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn without_a_camera_the_settings_have_nothing_for_other_programs() {
    let mut screen = open(at_home());
    settings(&mut screen, SettingsPage::Network);
    assert!(screen.query_by_label(words::NEW_LINKS).is_none());
}

#[test]
fn the_sheet_leads_to_the_port() {
    let mut screen = open(shown_door());
    let form = SettingsForm::at(SettingsPage::Network, &screen.state().state);
    let opened = Action::Open(Dialog::Settings(Box::new(form)));
    assert_eq!(
        click(&mut screen, words::PORT_AND_LINKS),
        [opened, Action::ListAddresses]
    );
    screen.get_by_role_and_label(Role::TextInput, words::PROGRAMS_PORT);
}

#[test]
fn each_control_for_other_programs_has_a_name_and_is_within_a_narrow_window() {
    for size in [LEAST, vec2(420.0, 640.0), DESK] {
        let mut screen = open_as_large(shown_door(), size);
        pass(&mut screen);
        for label in [
            words::SHOW_TO_PROGRAMS,
            words::COPY_PAGE,
            words::COPY_STREAM,
            words::COPY_SNAPSHOT,
            words::OPEN_PAGE,
            words::PORT_AND_LINKS,
        ] {
            let rect = screen.get_by_label(label).rect();
            let is_within = rect.left() >= 0.0 && rect.right() <= size.x;
            assert!(is_within, "{label}: {rect:?} of {size:?}");
            assert!(rect.height() >= 26.0, "{label}: {rect:?}");
        }
        for node in screen.root().children_recursive() {
            let node = node.accesskit_node();
            let is_control = matches!(node.role(), Role::Button | Role::CheckBox);
            assert!(!is_control || node.label().is_some(), "{node:?}");
        }
    }
}
