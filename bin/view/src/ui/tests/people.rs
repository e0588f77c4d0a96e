//! Contacts, strangers, fingerprints and settings: the flows of a person, by labels.

use egui_kittest::kittest::NodeT as _;
use transom_users::{Contact, Rights};

use super::*;
use crate::model::tests::knock;
use crate::model::{
    Config, ContactForm, Dialog, Edit, FolderFor, Presence, ReducedMotion, SettingsForm,
    SettingsPage, Theme,
};

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

/// Opens the form by which somebody is added.
fn add_by_address(screen: &mut Screen) {
    click(screen, words::ADD_SOMEBODY);
    click(screen, words::ADD_BY_ADDRESS);
}

/// Opens the sheet about the chosen contact.
fn about(screen: &mut Screen) {
    pass(screen);
    let button = screen.get_all_by_label_contains("About ").next().unwrap();
    button.click();
    screen.run();
    screen.state_mut().take();
}

pub(super) fn settings(screen: &mut Screen, page: SettingsPage) {
    click(screen, words::SETTINGS);
    if page != SettingsPage::You {
        click(screen, words::page(page));
    }
    screen.state_mut().take();
}

fn form(screen: &Screen) -> ContactForm {
    match &screen.state().state.dialog {
        Some(Dialog::Contact(form)) => (**form).clone(),
        other => panic!("no contact is being added: {other:?}"),
    }
}

#[test]
fn a_contact_is_added_by_typing() {
    let mut screen = open(at_home());
    add_by_address(&mut screen);
    fill(&mut screen, words::NAME, "front door");
    screen.state_mut().take();
    assert_eq!(click(&mut screen, words::ADD), [], "an address is missing");
    fill(&mut screen, words::ADDRESS, "10.0.0.2");
    let contact = "front-door 10.0.0.2".parse().unwrap();
    let added = done(click(&mut screen, words::ADD));
    assert_eq!(added, save(None, contact));
}

#[test]
fn what_is_missing_is_told_once_a_field_is_left() {
    let mut screen = open(at_home());
    add_by_address(&mut screen);
    fill(&mut screen, words::NAME, "anna");
    assert!(screen.query_by_label(words::NO_ADDRESS).is_none());
    press(&mut screen, Modifiers::NONE, Key::Tab);
    screen.get_by_label(words::NO_ADDRESS);
}

#[test]
fn a_pasted_line_of_an_id_fills_the_whole_form() {
    let mut screen = open(at_home());
    add_by_address(&mut screen);
    let key = PublicKey([7; 32]);
    fill(&mut screen, words::NAME, "anna 10");
    assert_eq!(form(&screen).name, "anna 10");
    press(&mut screen, Modifiers::COMMAND, Key::A);
    let line = format!("anna 10.0.0.2 key={key} # from work");
    screen.event(egui::Event::Paste(line));
    screen.run();
    let form = form(&screen);
    assert_eq!((form.name.as_str(), &form.key), ("anna", &key.to_string()));
    let contact = form.contact().unwrap();
    let added = done(click(&mut screen, words::ADD));
    assert_eq!(added, save(None, contact));
}

/// The door with those rights.
fn door(may: &str) -> State {
    let (book, errors) = transom_users::Book::parse(&format!("door 192.168.1.20 {may}\n"));
    assert!(errors.is_empty());
    State::new(book.contacts(), "user_list.txt".into(), Vec::new())
}

#[test]
fn rights_are_switches_that_count_at_once_and_coming_in_is_asked_once() {
    let state = door("may=call,files");
    let before = state.people[0].contact.clone().unwrap();
    let mut screen = open(state);
    about(&mut screen);
    let with = |may: Rights| {
        save(
            Some(before.clone()),
            Contact {
                may,
                ..before.clone()
            },
        )
    };
    let may = Rights {
        files: false,
        ..before.may
    };
    assert_eq!(click(&mut screen, words::SEND_ME_FILES), [with(may)]);
    assert!(screen.query_by_label(words::SEE_MY_CAMERA).is_none());
    let asked = click(&mut screen, words::COME_IN);
    assert_eq!(asked, [Action::Open(Dialog::LetIn(peer("door")))]);
    screen.get_by_label(&words::let_in_without_asking("door"));
    let may = Rights {
        auto: true,
        ..before.may
    };
    assert_eq!(
        click(&mut screen, words::LET_IN),
        [with(may), Action::Close]
    );
    let mut screen = open(door("may=call,auto"));
    about(&mut screen);
    let taken = done(click(&mut screen, words::SEE_MY_CAMERA));
    assert!(matches!(taken, Action::SaveContact(edit) if edit.contact.may.view));
}

#[test]
fn a_contact_is_renamed_in_its_sheet() {
    let mut screen = open(at_home());
    about(&mut screen);
    let rename = |screen: &mut Screen, name: &str| {
        click(screen, words::RENAME);
        press(screen, Modifiers::COMMAND, Key::A);
        screen.event(egui::Event::Text(name.into()));
        screen.run();
        screen.state_mut().take();
        press(screen, Modifiers::NONE, Key::Enter)
    };
    assert_eq!(rename(&mut screen, "yard"), [], "that is another contact");
    screen.get_by_label(&words::name_taken("yard"));
    click(&mut screen, words::CANCEL);
    let to = peer("Front-door");
    let renamed = Action::Rename {
        peer: peer("door"),
        to,
    };
    assert_eq!(rename(&mut screen, "Front door"), [renamed]);
    screen.state_mut().state.renamed(peer("door"), to);
    screen.run();
    assert!(
        screen
            .query_all_by_label("Front door, not seen yet")
            .count()
            > 0
    );
}

#[test]
fn an_address_is_changed_in_the_sheet() {
    let mut screen = open(at_home());
    about(&mut screen);
    let before = screen.state().state.people[0].contact.clone();
    click(&mut screen, words::CHANGE_ADDRESS);
    press(&mut screen, Modifiers::COMMAND, Key::A);
    screen.event(egui::Event::Text("10.0.0.9".into()));
    screen.run();
    screen.state_mut().take();
    let contact = "door 10.0.0.9".parse().unwrap();
    let saved = press(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(saved, [save(before, contact)]);
}

#[test]
fn a_contact_is_forgotten_after_a_question() {
    let mut screen = open(at_home());
    about(&mut screen);
    click(&mut screen, &words::forget("door"));
    screen.get_by_label(&words::forget_question("door"));
    assert_eq!(
        click(&mut screen, words::FORGET),
        [Action::Remove(peer("door"))]
    );
}

#[test]
fn why_a_contact_could_not_be_added_stands_in_its_dialog_until_it_changes() {
    let mut state = at_home();
    state.act(&Action::Open(Dialog::Contact(Box::default())));
    state.refuse("list.txt can't be written: disk full".into());
    let mut screen = open(state);
    screen.get_by_label("list.txt can't be written: disk full");
    fill(&mut screen, words::NAME, "a");
    assert!(
        screen
            .query_by_label("list.txt can't be written: disk full")
            .is_none()
    );
}

#[test]
fn esc_closes_the_dialog_before_it_stops_watching() {
    let mut screen = open(watching());
    add_by_address(&mut screen);
    screen
        .get_by_role_and_label(Role::TextInput, words::NAME)
        .focus();
    screen.run();
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Escape),
        [Action::Close]
    );
    let state = &screen.state().state;
    assert!(state.dialog.is_none() && state.calls.of(peer("door")).is_some());
    let stops = [Action::HangUp(peer("door"))];
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Escape), stops);
}

#[test]
fn esc_and_a_chord_open_and_close_the_sheet() {
    let mut screen = open(at_home());
    assert_eq!(
        press(&mut screen, Modifiers::COMMAND, Key::I),
        [Action::Sheet(true)]
    );
    screen.get_by_label(&words::may("door"));
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Escape),
        [Action::Sheet(false)]
    );
}

#[test]
fn two_fingerprints_are_compared_and_marked_and_unmarked() {
    let mut state = at_home();
    let key = PublicKey([7; 32]);
    state.pin(peer("door"), key);
    let mut screen = open(state);
    about(&mut screen);
    click(&mut screen, words::COMPARE_KEYS);
    let whose = words::theirs("door");
    for (what, key) in [(whose.as_str(), key), (words::YOURS, PublicKey([5; 32]))] {
        let fingerprint = key.fingerprint().to_string();
        screen.get_by_label(&words::fact(what, &fingerprint));
    }
    assert_eq!(
        click(&mut screen, words::ALL_LETTERS_MATCH),
        [Action::Verify { key, on: true }, Action::Close]
    );
    let says = |screen: &Screen, words: &str| screen.query_all_by_label(words).count() > 0;
    assert!(says(&screen, "door, not seen yet, verified"));
    screen.state_mut().state.people[0].presence = Presence::Refused;
    screen.run();
    assert!(says(&screen, "door, another key: blocked"));
    screen.state_mut().state.people[0].presence = Presence::Here;
    screen.run();
    click(&mut screen, words::VERIFIED);
    assert_eq!(
        click(&mut screen, words::NOT_SURE),
        [Action::Verify { key, on: false }, Action::Close]
    );
    assert!(says(&screen, "door, online"));
}

#[test]
fn keys_that_differ_are_not_verified() {
    let mut state = at_home();
    let key = PublicKey([7; 32]);
    state.pin(peer("door"), key);
    state.verified.push(PublicKey([8; 32]));
    state.act(&Action::Open(Dialog::Verify(peer("door"))));
    let mut screen = open(state);
    let off = Action::Verify { key, on: false };
    assert_eq!(click(&mut screen, words::THEY_DIFFER), [off, Action::Close]);
}

#[test]
fn who_was_never_here_can_not_be_verified_yet() {
    let mut state = at_home();
    state.act(&Action::Open(Dialog::Verify(peer("door"))));
    let mut screen = open(state);
    screen.get_by_label(&words::no_key_yet("door"));
    assert!(screen.query_by_label(words::ALL_LETTERS_MATCH).is_none());
    assert_eq!(click(&mut screen, words::CLOSE), [Action::Close]);
}

#[test]
fn a_stranger_is_let_in_once_met_by_code_or_ignored() {
    let mut state = at_home();
    let key = PublicKey([9; 32]);
    state.apply(knock([9; 32]));
    let mut screen = open(state);
    screen.get_by_label(words::SOMEBODY_NEW);
    screen.get_by_label(
        "Calls itself \"door\", at 192.168.1.20. That is unproven, and nothing was sent.",
    );
    screen.get_by_label(&key.fingerprint().to_string());
    let code = click(&mut screen, words::CONNECT_BY_CODE);
    assert!(matches!(&code[..], [Action::ShowCode(_)]), "{code:?}");
    screen.state_mut().state.act(&Action::Close);
    screen.run();
    let name = peer("door-2");
    assert_eq!(
        click(&mut screen, words::LET_IN_ONCE),
        [Action::AllowGuest { key, name }]
    );
    screen.get_by_label("door 2 is let in when they try again.");
    screen.state_mut().state.apply(knock([8; 32]));
    screen.run();
    let key = PublicKey([8; 32]);
    assert_eq!(click(&mut screen, words::IGNORE), [Action::Ignore(key)]);
    assert!(screen.query_by_label(words::IGNORE).is_none());
}

#[test]
fn a_stranger_with_the_name_of_a_contact_is_told_from_it() {
    let mut state = at_home();
    state.apply(joined("door"));
    state.apply(knock([9; 32]));
    let mut screen = open(state);
    screen.get_by_label(&words::namesake("door"));
    screen.get_by_label(&words::let_nobody_in("door"));
    assert!(
        screen.query_by_label(words::LET_IN_ONCE).is_none(),
        "by no single click"
    );
    screen.state_mut().state.knocks.clear();
    screen.state_mut().state.apply(Notice::Knock {
        key: PublicKey([9; 32]),
        address: ([192, 168, 1, 20], 7447).into(),
        name: Some(peer("somebody")),
    });
    screen.run();
    assert!(screen.query_by_label(&words::namesake("door")).is_none());
    screen.get_by_label(words::LET_IN_ONCE);
}

#[test]
fn more_toasts_than_there_is_room_for_are_counted() {
    let mut state = at_home();
    for byte in 1..=5 {
        state.apply(knock([byte; 32]));
    }
    let screen = open(state);
    assert_eq!(screen.query_all_by_label(words::IGNORE).count(), 3);
    screen.get_by_label(&words::more_toasts(2));
}

#[test]
fn a_guest_that_becomes_a_contact_brings_its_address() {
    let mut state = at_home();
    state.apply(joined("guest"));
    state.act(&Action::Choose(peer("guest")));
    let mut screen = open(state);
    about(&mut screen);
    click(&mut screen, words::ADD_TO_CONTACTS);
    assert_eq!(form(&screen).address, "192.168.1.20");
}

fn delay(screen: &mut Screen) -> std::time::Duration {
    screen.run_steps(20);
    screen.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay
}

#[test]
fn an_idle_screen_with_a_dialog_a_sheet_and_a_stranger_asks_for_no_redraw() {
    for page in SettingsPage::ALL {
        let mut state = at_home();
        state.apply(knock([9; 32]));
        let form = SettingsForm {
            page,
            ..SettingsForm::of(&state)
        };
        state.act(&Action::Open(Dialog::Settings(Box::new(form))));
        let mut screen = open(state);
        assert_eq!(delay(&mut screen), std::time::Duration::MAX, "{page:?}");
    }
    let mut state = at_home();
    state.pin(peer("door"), PublicKey([7; 32]));
    state.act(&Action::Sheet(true));
    assert_eq!(delay(&mut open(state)), std::time::Duration::MAX);
    let mut state = at_home();
    state.act(&Action::Open(Dialog::Verify(peer("door"))));
    assert_eq!(delay(&mut open(state)), std::time::Duration::MAX);
}

#[test]
fn every_control_of_a_dialog_has_a_name_and_is_reached_by_tab() {
    let pages = SettingsPage::ALL.map(Some);
    for page in pages.into_iter().chain([None]) {
        let mut state = at_home();
        match page {
            Some(page) => {
                let form = SettingsForm {
                    page,
                    ..SettingsForm::of(&state)
                };
                state.act(&Action::Open(Dialog::Settings(Box::new(form))));
            }
            None => state.act(&Action::Sheet(true)),
        }
        let mut screen = open(state);
        pass(&mut screen);
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
                "{page:?}: {node:?}"
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
        assert!(reached >= 29, "{page:?}: {reached}");
    }
}

#[test]
fn settings_say_when_the_command_line_chose_another_camera() {
    let said = words::camera_from_start("pattern");
    let mut state = at_home();
    let pattern = state.calls.own.with_source(transom::media::Source::Pattern);
    state.calls.own.request = Some(pattern.clone());
    let mut screen = open(state);
    settings(&mut screen, SettingsPage::Camera);
    screen.get_by_label(&said);
    // Chosen by a person it is what the settings say.
    let chosen = Action::SetCamera(Some(pattern));
    screen.state_mut().state.act(&chosen);
    screen.run();
    assert!(screen.query_by_label(&said).is_none());
}

#[test]
fn settings_count_at_once() {
    let mut screen = open(at_home());
    type Change = (SettingsPage, &'static str, fn(&mut Config));
    let all: [Change; 17] = [
        (SettingsPage::You, words::DO_NOT_DISTURB, |it| {
            it.do_not_disturb = true
        }),
        (SettingsPage::Look, words::LIGHT, |it| {
            it.theme = Theme::Light
        }),
        (SettingsPage::Look, words::LARGER, |it| it.zoom = 1.1),
        (SettingsPage::Look, words::MOTION_REDUCED, |it| {
            it.reduced_motion = ReducedMotion::On
        }),
        (SettingsPage::Camera, words::SLOW_LINK_SHARP, |it| {
            it.slow_link = transom::TradeOff::Sharp;
        }),
        (SettingsPage::Sound, words::RING_ALOUD, |it| it.bell = false),
        (SettingsPage::Calls, words::RING_IN_CALL, |it| {
            it.second_call = false
        }),
        (SettingsPage::Calls, words::CAMERA_AS_BEFORE, |it| {
            it.camera_as_before = false
        }),
        (SettingsPage::Calls, words::WATCH_AT_CLICK, |it| {
            it.watch_at_click = false
        }),
        (SettingsPage::Files, words::ASK_WHERE, |it| {
            it.ask_where = true
        }),
        (SettingsPage::Notifications, words::HIDE_WORDS, |it| {
            it.hide_words = true
        }),
        (SettingsPage::Notifications, words::NOTIFY, |it| {
            it.notifications = false
        }),
        (SettingsPage::Notifications, words::KEEP_IN_TRAY, |it| {
            it.keep_in_tray = true
        }),
        (SettingsPage::Privacy, words::STRANGERS, |it| {
            it.strangers = false
        }),
        (SettingsPage::Privacy, words::KEEP_TEXTS, |it| {
            it.history = true
        }),
        (SettingsPage::Privacy, words::BE_SEEN, |it| {
            it.announce = true
        }),
        (SettingsPage::Network, words::MARK_PACKETS, |it| {
            it.mark_packets = false
        }),
    ];
    for (page, label, change) in all {
        settings(&mut screen, page);
        let mut wanted = screen.state().state.config.clone();
        change(&mut wanted);
        let mut taken = click(&mut screen, label);
        taken.retain(|action| !matches!(action, Action::Open(_)));
        assert_eq!(taken, [Action::SaveSettings(Box::new(wanted))], "{label}");
        click(&mut screen, words::CLOSE);
    }
}

#[test]
fn a_desktop_without_a_tray_is_told_at_the_switch() {
    let mut state = at_home();
    state.has_tray = false;
    let mut screen = open(state);
    settings(&mut screen, SettingsPage::Notifications);
    assert!(super::pairing::is_whole(&screen, words::NO_TRAY));
    let switch = screen.get_by_role_and_label(Role::CheckBox, words::KEEP_IN_TRAY);
    assert!(switch.accesskit_node().is_disabled());
    screen.state_mut().state.has_tray = true;
    screen.run();
    assert!(!super::pairing::is_whole(&screen, words::NO_TRAY));
    let switch = screen.get_by_role_and_label(Role::CheckBox, words::KEEP_IN_TRAY);
    assert!(!switch.accesskit_node().is_disabled());
}

#[test]
fn every_page_of_the_settings_is_in_sight_and_whole_in_a_narrow_window() {
    for width in [360.0, 420.0] {
        let size = vec2(width, 760.0);
        let mut screen = open_as_large(at_home(), size);
        settings(&mut screen, SettingsPage::You);
        let room = egui::Rect::from_min_size(egui::Pos2::ZERO, size);
        for page in SettingsPage::ALL {
            let mut shown = screen.get_all_by_label(words::page(page));
            let is_in_sight = shown.all(|one| room.shrink(8.0).contains_rect(one.rect()));
            assert!(is_in_sight, "{page:?}");
        }
        click(&mut screen, words::page(SettingsPage::Notifications));
        assert!(super::pairing::is_whole(&screen, words::KEEP_IN_TRAY));
    }
}

#[test]
fn a_folder_counts_when_its_field_is_left_and_is_chosen_by_a_dialog() {
    let mut screen = open(at_home());
    settings(&mut screen, SettingsPage::Files);
    fill(&mut screen, words::SAVE_FILES_IN, "/x");
    assert!(
        screen
            .state_mut()
            .take()
            .iter()
            .all(|one| matches!(one, Action::Open(_)))
    );
    let saved = done(press(&mut screen, Modifiers::NONE, Key::Enter));
    let Action::SaveSettings(config) = saved else {
        panic!("{saved:?}")
    };
    assert_eq!(config.inbox, Some("/home/me/Downloads/transom/x".into()));
    assert_eq!(
        click(&mut screen, words::CHOOSE),
        [Action::PickFolder(FolderFor::Inbox)]
    );
    let picked = screen
        .state_mut()
        .state
        .picked_folder(FolderFor::Inbox, Ok(Some("/y".into())));
    assert!(
        matches!(&picked[..], [Action::SaveSettings(_)]),
        "{picked:?}"
    );
}

#[test]
fn kept_texts_are_removed_after_a_question_and_the_settings_come_back() {
    for (answer, wanted) in [
        (
            words::REMOVE_TEXTS,
            vec![Action::ForgetHistory, Action::Close],
        ),
        (words::CANCEL, vec![Action::Close]),
    ] {
        let mut screen = open(at_home());
        settings(&mut screen, SettingsPage::Privacy);
        let asked = click(&mut screen, words::REMOVE_TEXTS);
        assert!(!asked.contains(&Action::ForgetHistory), "{asked:?}");
        screen.get_by_label(words::REMOVE_TEXTS_QUESTION);
        assert_eq!(click(&mut screen, answer), wanted);
        match &screen.state().state.dialog {
            Some(Dialog::Settings(form)) => assert_eq!(form.page, SettingsPage::Privacy),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn our_own_line_is_copied_by_a_click() {
    let mut screen = open(at_home());
    settings(&mut screen, SettingsPage::You);
    pass(&mut screen);
    screen.get_by_label(words::COPY).click();
    // Each picture has its own; the click takes some.
    let mut commands = Vec::new();
    for _ in 0..8 {
        screen.step();
        commands.extend(screen.output().platform_output.commands.clone());
    }
    let line = screen.state().state.own.line();
    assert_eq!(commands, [egui::OutputCommand::CopyText(line)]);
}

#[test]
fn our_name_counts_when_its_field_is_left_and_one_that_can_not_be_is_told() {
    let mut screen = open(at_home());
    settings(&mut screen, SettingsPage::You);
    fill(&mut screen, words::YOUR_NAME, " a b");
    screen.get_by_label("a name can't hold a space.");
    screen.state_mut().take();
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Enter), []);
    screen
        .get_by_role_and_label(Role::TextInput, words::YOUR_NAME)
        .focus();
    screen.run();
    press(&mut screen, Modifiers::COMMAND, Key::A);
    screen.event(egui::Event::Text("leo".into()));
    screen.run();
    screen.state_mut().take();
    let saved = done(press(&mut screen, Modifiers::NONE, Key::Enter));
    let Action::SaveSettings(config) = saved else {
        panic!("{saved:?}")
    };
    assert_eq!(config.name, Some(peer("leo")));
}

#[test]
fn another_port_counts_when_its_field_is_left() {
    let mut state = at_home();
    state.own.port = 7447;
    let mut screen = open(state);
    settings(&mut screen, SettingsPage::Network);
    let field = |screen: &mut Screen, port: &str| {
        let field = screen.get_by_role_and_label(Role::TextInput, words::PORT);
        field.focus();
        screen.run();
        press(screen, Modifiers::COMMAND, Key::A);
        screen.event(egui::Event::Text(port.into()));
        screen.run();
        screen.state_mut().take();
    };
    field(&mut screen, "70000");
    screen.get_by_label(words::NO_PORT);
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Enter), []);
    field(&mut screen, "7500");
    let used = done(press(&mut screen, Modifiers::NONE, Key::Enter));
    assert_eq!(used, Action::UsePort(7500));
    let state = &mut screen.state_mut().state;
    let address = ([0, 0, 0, 0], 7500).into();
    state.apply(Notice::Listening {
        request: None,
        address,
    });
    let own = state.own.line();
    assert!(own.starts_with("desk 192.168.1.5:7500 key="), "{own}");
}

#[test]
fn contacts_whose_files_come_without_a_question_are_named() {
    let (book, _) =
        transom_users::Book::parse("anna 1.2.3.4 may=files,auto\nbob 1.2.3.5 may=files\n");
    let mut screen = open(State::new(book.contacts(), "list.txt".into(), Vec::new()));
    settings(&mut screen, SettingsPage::Files);
    screen.get_by_label(&words::saved_without_asking(&["anna".to_owned()]));
}

#[test]
fn a_field_takes_clicks_up_to_its_edges_and_keeps_the_keyboard() {
    let mut screen = open(at_home());
    add_by_address(&mut screen);
    let field = |screen: &Screen| {
        screen
            .get_by_role_and_label(Role::TextInput, words::ADDRESS)
            .rect()
    };
    let rect = field(&screen);
    assert!(rect.height() > 38.0, "{rect:?}");
    for at in [
        rect.left_top() + vec2(9.0, 3.0),
        rect.right_bottom() - vec2(9.0, 3.0),
    ] {
        screen
            .get_by_role_and_label(Role::TextInput, words::NAME)
            .focus();
        screen.run();
        for pressed in [true, false] {
            screen.event(egui::Event::PointerMoved(at));
            screen.event(egui::Event::PointerButton {
                pos: at,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            screen.run();
        }
        let address = screen.get_by_role_and_label(Role::TextInput, words::ADDRESS);
        assert!(address.is_focused(), "clicked at {at:?}");
    }
}

#[test]
fn the_page_of_the_network_says_what_is_well_and_what_to_do() {
    let mut state = at_home();
    state.listening = vec!["0.0.0.0:7447".parse().unwrap()];
    let mut screen = open(state);
    settings(&mut screen, SettingsPage::Network);
    for finding in screen.state().state.findings() {
        screen.get_by_label(&words::finding(&finding));
    }
    // Announcements of others are heard while they are asked for.
    assert!(screen.state().state.looks_nearby());
    screen.get_by_label_contains("No other computer nearby is heard now");
    screen.state_mut().state.meeting.nearby = vec![super::pairing::nearby().remove(0)];
    screen.run();
    screen.get_by_label_contains("nearby is heard.");
}
