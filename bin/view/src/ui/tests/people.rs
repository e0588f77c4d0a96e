//! Contacts, strangers, fingerprints and settings: the flows of a person, by labels.

use egui::accesskit::Role;
use egui_kittest::kittest::NodeT as _;
use transom_users::Contact;

use super::*;
use crate::model::tests::knock;
use crate::model::{Config, ContactForm, Dialog, Edit, FolderFor, Presence, SettingsForm, Theme};

fn save(before: Option<Contact>, contact: Contact) -> Action {
    Action::SaveContact(Box::new(Edit { before, contact }))
}

/// The one action that is no note of what was typed.
fn done(actions: Vec<Action>) -> Action {
    let mut done: Vec<_> = actions
        .into_iter()
        .filter(|action| !matches!(action, Action::Open(_)))
        .collect();
    assert_eq!(done.len(), 1, "{done:?}");
    done.remove(0)
}

fn form(screen: &Screen) -> ContactForm {
    match &screen.state().state.dialog {
        Some(Dialog::Contact(form)) => (**form).clone(),
        other => panic!("no contact is being edited: {other:?}"),
    }
}

#[test]
fn a_contact_is_added_by_typing() {
    let mut screen = open(at_home());
    click(&mut screen, "Add a contact");
    fill(&mut screen, "Name", "anna");
    screen.state_mut().take();
    assert_eq!(click(&mut screen, "Add"), [], "an address is missing");
    screen.get_by_label("Say where they are: an address like 192.168.1.20, or a name.");
    fill(&mut screen, "Address", "10.0.0.2");
    click(&mut screen, "do so without my being asked");
    let contact = "anna 10.0.0.2 may=view,call,files,auto".parse().unwrap();
    let added = done(click(&mut screen, "Add"));
    assert_eq!(added, save(None, contact));
}

#[test]
fn a_pasted_line_of_an_id_fills_the_whole_form() {
    let mut screen = open(at_home());
    click(&mut screen, "Add a contact");
    let key = PublicKey([7; 32]);
    fill(&mut screen, "Name", "anna 10");
    assert_eq!(form(&screen).name, "anna 10");
    press(&mut screen, Modifiers::COMMAND, Key::A);
    let line = format!("anna 10.0.0.2 key={key} # from work");
    screen.event(egui::Event::Paste(line));
    screen.run();
    let form = form(&screen);
    assert_eq!((form.name.as_str(), &form.key), ("anna", &key.to_string()));
    let contact = form.contact().unwrap();
    let added = done(click(&mut screen, "Add"));
    assert_eq!(added, save(None, contact));
}

#[test]
fn a_contact_is_changed_and_removed_after_a_question() {
    let mut screen = open(at_home());
    click(&mut screen, "Edit…");
    screen.get_by_label("Change door");
    click(&mut screen, "send me files");
    let before = screen.state().state.people[0].contact.clone();
    let contact = "door 192.168.1.20 may=view,call".parse().unwrap();
    let saved = done(click(&mut screen, "Save"));
    assert_eq!(saved, save(before, contact));
    click(&mut screen, "Remove…");
    screen.get_by_label("Remove door?");
    assert_eq!(
        click(&mut screen, "Remove door"),
        [Action::Remove(peer("door"))]
    );
}

#[test]
fn why_a_contact_could_not_be_saved_stands_in_its_dialog_until_it_changes() {
    let mut state = at_home();
    state.act(&Action::Open(state.contact_dialog(&peer("door")).unwrap()));
    state.refuse("list.txt can't be written: disk full".into());
    let mut screen = open(state);
    screen.get_by_label("list.txt can't be written: disk full");
    click(&mut screen, "send me files");
    assert!(
        screen
            .query_by_label("list.txt can't be written: disk full")
            .is_none()
    );
}

#[test]
fn esc_closes_the_dialog_before_it_stops_watching() {
    let mut screen = open(watching());
    click(&mut screen, "Add a contact");
    screen
        .get_by_role_and_label(Role::TextInput, "Name")
        .focus();
    screen.run();
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Escape),
        [Action::Close]
    );
    assert!(
        screen.state().state.dialog.is_none()
            && screen.state().state.calls.of(peer("door")).is_some()
    );
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Escape),
        [Action::HangUp(peer("door"))]
    );
}

#[test]
fn two_fingerprints_are_compared_and_marked_and_unmarked() {
    let mut state = at_home();
    let key = PublicKey([7; 32]);
    state.pin(peer("door"), key);
    let mut screen = open(state);
    click(&mut screen, "Verify…");
    for key in [key, PublicKey([5; 32])] {
        let fingerprint = key.fingerprint().to_string();
        let (first, second) = fingerprint.split_at(9);
        let lines = format!("{first}\n{}", second.trim_start_matches('-'));
        screen.get_by_label(&lines.replace('-', "  "));
    }
    assert_eq!(
        click(&mut screen, "They match"),
        [Action::Verify { key, on: true }, Action::Close]
    );
    screen.get_by_label("door  ✔");
    screen.state_mut().state.people[0].presence = Presence::Refused;
    screen.run();
    screen.get_by_label("door other key");
    screen.state_mut().state.people[0].presence = Presence::Here;
    screen.run();
    click(&mut screen, "✔ Verified");
    assert_eq!(
        click(&mut screen, "Not sure any more"),
        [Action::Verify { key, on: false }, Action::Close]
    );
    screen.get_by_label("Verify…");
}

#[test]
fn who_was_never_here_can_not_be_verified_yet() {
    let mut screen = open(at_home());
    click(&mut screen, "Verify…");
    assert!(screen.query_by_label("They match").is_none());
    assert_eq!(click(&mut screen, "Close"), [Action::Close]);
}

#[test]
fn a_stranger_is_let_in_once_added_or_ignored() {
    let mut state = at_home();
    let key = PublicKey([9; 32]);
    state.apply(knock([9; 32]));
    let mut screen = open(state);
    screen.get_by_label("Somebody unknown from 192.168.1.20 wants in. They say they are \"door\"");
    screen.get_by_label(&format!("their key  {}", key.fingerprint()));
    click(&mut screen, "Add…");
    let typed = form(&screen);
    assert_eq!(
        (typed.name.as_str(), typed.key),
        ("door-2", key.to_string())
    );
    press(&mut screen, Modifiers::NONE, Key::End);
    screen.event(egui::Event::Text("b".to_owned()));
    screen.run();
    assert_eq!(
        form(&screen).name,
        "door-2b",
        "the keyboard is there at once"
    );
    click(&mut screen, "Cancel");
    let name = peer("door-2");
    assert_eq!(
        click(&mut screen, "Allow once"),
        [Action::AllowGuest { key, name }]
    );
    screen.state_mut().state.apply(knock([8; 32]));
    screen.run();
    let key = PublicKey([8; 32]);
    assert_eq!(click(&mut screen, "Ignore"), [Action::Ignore(key)]);
    assert!(screen.query_by_label("Ignore").is_none());
}

#[test]
fn a_stranger_with_the_name_of_a_contact_is_told_from_it() {
    let mut state = at_home();
    state.apply(joined("door"));
    state.apply(knock([9; 32]));
    let caution = "This is not the key you know of door. Let them in only if door tells you these letters by telephone or face to face.";
    let mut screen = open(state);
    screen.get_by_label(caution);
    let is_off = |screen: &Screen| {
        screen
            .get_by_label("Allow once")
            .accesskit_node()
            .is_disabled()
    };
    assert!(is_off(&screen), "by no single click");
    screen.state_mut().state.knocks.clear();
    screen.state_mut().state.apply(Notice::Knock {
        key: PublicKey([9; 32]),
        address: ([192, 168, 1, 20], 7447).into(),
        name: Some(peer("somebody")),
    });
    screen.run();
    assert!(screen.query_by_label(caution).is_none() && !is_off(&screen));
    screen.get_by_label_contains("Nothing was sent to them");
}

#[test]
fn a_stranger_is_added_by_enter_alone() {
    let mut state = at_home();
    state.apply(knock([9; 32]));
    let mut screen = open(state);
    click(&mut screen, "Add…");
    let actions = press(&mut screen, Modifiers::NONE, Key::Enter);
    assert!(
        matches!(&actions[..], [Action::SaveContact(_)]),
        "{actions:?}"
    );
}

#[test]
fn a_guest_that_becomes_a_contact_brings_its_address() {
    let mut state = at_home();
    state.apply(joined("guest"));
    state.act(&Action::Choose(peer("guest")));
    let mut screen = open(state);
    click(&mut screen, "Add to contacts…");
    assert_eq!(form(&screen).address, "192.168.1.20");
}

#[test]
fn an_idle_screen_with_a_dialog_and_a_stranger_asks_for_no_redraw() {
    let mut state = at_home();
    state.apply(knock([9; 32]));
    let form = SettingsForm::of(&state);
    state.act(&Action::Open(Dialog::Settings(Box::new(form))));
    let mut screen = open(state);
    screen.step();
    let delay = screen.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert_eq!(delay, std::time::Duration::MAX);
}

#[test]
fn every_control_of_a_dialog_has_a_name_and_is_reached_by_tab() {
    for label in ["Settings", "Add a contact", "Edit…", "Verify…"] {
        let mut screen = open(at_home());
        click(&mut screen, label);
        for node in screen.root().children_recursive() {
            let node = node.accesskit_node();
            let named = node.label().is_some() || node.labelled_by().next().is_some();
            let control = [
                Role::Button,
                Role::CheckBox,
                Role::TextInput,
                Role::ComboBox,
                Role::RadioButton,
            ];
            assert!(
                named || !control.contains(&node.role()),
                "{label}: {node:?}"
            );
        }
        let mut reached = 0;
        for _ in 0..30 {
            screen.key_press(Key::Tab);
            screen.run();
            let focused = screen.root().children_recursive();
            reached += focused
                .filter(|node| node.accesskit_node().is_focused())
                .count();
        }
        assert!(reached >= 29, "{label}: {reached}");
    }
}

#[test]
fn settings_say_when_the_command_line_chose_another_camera() {
    let said =
        "Started with --camera pattern: that counts until you choose another here or in a call.";
    let mut state = at_home();
    let pattern = state.calls.own.with_source(transom::media::Source::Pattern);
    state.calls.own.request = Some(pattern.clone());
    let mut screen = open(state);
    click(&mut screen, "Settings");
    screen.get_by_label(said);
    // Chosen by a person it is what the settings say.
    let chosen = Action::SetCamera(Some(pattern));
    screen.state_mut().state.act(&chosen);
    screen.run();
    assert!(screen.query_by_label(said).is_none());
}

#[test]
fn settings_are_changed_by_clicks_and_typing() {
    let mut screen = open(at_home());
    click(&mut screen, "Settings");
    click(&mut screen, "Light");
    click(&mut screen, "Ring a bell when somebody calls");
    click(
        &mut screen,
        "Keep texts on this computer, and those that wait to be delivered",
    );
    fill(&mut screen, "Folder for files", "/x");
    click(&mut screen, "Keep it sharp");
    let wanted = Config {
        slow_link: transom::TradeOff::Sharp,
        theme: Theme::Light,
        bell: false,
        history: true,
        inbox: Some("/home/me/Downloads/transom/x".into()),
        ..Config::default()
    };
    let saved = done(click(&mut screen, "Save"));
    assert_eq!(saved, Action::SaveSettings(Box::new(wanted)));
    assert_eq!(
        click(&mut screen, "Choose folder…"),
        [Action::PickFolder(FolderFor::Inbox)]
    );
}

#[test]
fn kept_texts_are_removed_after_a_question_and_what_is_typed_in_settings_stays() {
    for (answer, wanted) in [
        (
            "Remove the texts",
            vec![Action::ForgetHistory, Action::Close],
        ),
        ("Cancel", vec![Action::Close]),
    ] {
        let mut screen = open(at_home());
        click(&mut screen, "Settings");
        click(&mut screen, "Light");
        let asked = click(&mut screen, "Remove all kept texts");
        assert!(!asked.contains(&Action::ForgetHistory), "{asked:?}");
        screen.get_by_label("Remove all kept texts?");
        assert_eq!(click(&mut screen, answer), wanted);
        match &screen.state().state.dialog {
            Some(Dialog::Settings(form)) => assert_eq!(form.config.theme, Theme::Light),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn our_own_line_is_copied_by_a_click() {
    let mut screen = open(at_home());
    click(&mut screen, "Settings");
    screen.get_by_label("Copy").click();
    // Each picture has its own; the click takes some.
    let mut commands = Vec::new();
    for _ in 0..8 {
        screen.step();
        commands.extend(screen.output().platform_output.commands.clone());
    }
    let line = screen.state().state.own.line.clone();
    assert_eq!(commands, [egui::OutputCommand::CopyText(line)]);
}

#[test]
fn a_name_that_can_not_be_one_is_not_saved() {
    let mut screen = open(at_home());
    click(&mut screen, "Settings");
    fill(
        &mut screen,
        "Your name, as others see it from the next start on",
        " a b",
    );
    screen.get_by_label("Your name: a name can't hold a space.");
    screen.state_mut().take();
    assert_eq!(click(&mut screen, "Save"), []);
}

#[test]
fn looks_like_settings_on_a_light_desk() {
    let mut state = at_home();
    state.config.theme = Theme::Light;
    let form = SettingsForm::of(&state);
    state.act(&Action::Open(Dialog::Settings(Box::new(form))));
    let mut screen = open(state);
    crate::ui::colour(&screen.ctx, Theme::Light);
    screen.run();
    snapshot(screen, "settings");
}

#[test]
fn looks_like_two_who_compare_their_keys() {
    let mut state = at_home();
    state.pin(peer("door"), PublicKey([7; 32]));
    state.act(&Action::Open(Dialog::Verify(peer("door"))));
    snapshot(open(state), "verify");
}

#[test]
fn looks_like_adding_somebody() {
    let mut state = at_home();
    let key = PublicKey([9; 32]);
    let form = ContactForm {
        name: "anna".into(),
        address: "10.0.0.2".into(),
        key: key.to_string(),
        ..ContactForm::default()
    };
    state.act(&Action::Open(Dialog::Contact(Box::new(form))));
    snapshot(open(state), "contact");
}
