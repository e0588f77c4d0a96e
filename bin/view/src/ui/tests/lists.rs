//! The list and the first page, in windows of every width.

use egui::pos2;
use transom::Capabilities;

use crate::model::Presence;
use crate::model::tests::refused_port;

use super::*;

#[test]
fn without_a_contact_the_first_page_is_all_there_is() {
    let mut state = State::default();
    state.own.name = "Leo".into();
    let screen = open(state);
    screen.get_by_label("Hello, Leo");
    assert!(screen.query_by_label(words::ADD_SOMEBODY).is_none());
}

#[test]
fn rows_say_who_is_there_and_what_is_new() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.act(&Action::Choose(peer("yard")));
    let text = "hello".to_owned();
    state.apply(Notice::Text {
        peer: peer("door"),
        text,
    });
    state.verified.push(PublicKey([1; 32]));
    let screen = open(state);
    screen.get_by_label("door, online, verified, 1 unread");
    screen.get_by_label("yard, not seen yet");
}

#[test]
fn people_are_in_order_and_keep_their_places_under_the_pointer() {
    let mut state = two_boxes();
    state.apply(joined("yard"));
    let mut screen = open(state);
    let tops = |screen: &Screen| {
        let top = |label: &str| {
            let rows = screen.get_all_by_label_contains(label);
            rows.map(|row| row.rect().top()).fold(f32::MAX, f32::min)
        };
        (top("door, "), top("yard, "))
    };
    let (door, yard) = tops(&screen);
    assert!(yard < door, "who is online is above");
    screen.hover_at(pos2(100.0, 300.0));
    screen.run();
    screen.state_mut().state.people[0].presence = Presence::Refused;
    screen.run();
    let (door, yard) = tops(&screen);
    assert!(yard < door, "nothing moves under the pointer");
    screen.hover_at(pos2(900.0, 300.0));
    screen.run();
    let (door, yard) = tops(&screen);
    assert!(door < yard, "who is blocked is first");
}

#[test]
fn names_are_shown_with_spaces_and_found_by_typing() {
    let lines = "front-door 10.0.0.1\nback-door 10.0.0.2\nanna 10.0.0.3\n";
    let (book, _) = transom_users::Book::parse(lines);
    let state = State::new(book.contacts(), "user_list.txt".into(), Vec::new());
    let mut screen = open(state);
    assert!(
        screen.query_by_label(words::SEARCH).is_none(),
        "few need no search"
    );
    press(&mut screen, Modifiers::COMMAND, Key::K);
    screen
        .get_by_role_and_label(Role::TextInput, words::SEARCH)
        .type_text("Door");
    screen.run();
    screen.get_by_label("front door, not seen yet");
    assert!(screen.query_by_label("anna, not seen yet").is_none());
    let first = press(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(first, [Action::Choose(peer("front-door"))]);
    screen.get_by_label("anna, not seen yet");
}

#[test]
fn a_contact_is_chosen_by_number_and_by_neighbour() {
    let mut screen = open(two_boxes());
    let choose = |name| [Action::Choose(peer(name))];
    assert_eq!(
        press(&mut screen, Modifiers::COMMAND, Key::Num2),
        choose("yard")
    );
    assert_eq!(
        press(&mut screen, Modifiers::ALT, Key::ArrowUp),
        choose("door")
    );
    assert_eq!(
        press(&mut screen, Modifiers::ALT, Key::ArrowDown),
        choose("yard")
    );
    assert_eq!(press(&mut screen, Modifiers::ALT, Key::ArrowDown), []);
}

#[test]
fn a_narrow_window_shows_the_list_or_a_page() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    let mut screen = open_as_large(state, PHONE);
    assert!(screen.query_by_label(words::CALL).is_none());
    click(&mut screen, "door, online");
    screen.get_by_label(words::CALL);
    assert!(screen.query_by_label("yard, not seen yet").is_none());
    assert_eq!(click(&mut screen, words::BACK), [Action::Back]);
    screen.get_by_label("yard, not seen yet");
}

#[test]
fn beside_a_call_the_list_comes_and_goes_and_a_camera_keeps_it() {
    let mut screen = open(crate::model::calls_tests::talking());
    assert!(screen.query_by_label("yard, online").is_none());
    let show = [Action::ShowList(true)];
    assert_eq!(press(&mut screen, Modifiers::COMMAND, Key::L), show);
    screen.get_by_label("yard, online");
    let hide = [Action::ShowList(false)];
    assert_eq!(press(&mut screen, Modifiers::COMMAND, Key::L), hide);
    // With plenty of room it stays by itself.
    let wide = vec2(1700.0, 900.0);
    let screen = open_as_large(crate::model::calls_tests::talking(), wide);
    screen.get_by_label("yard, online");
}

#[test]
fn whether_we_can_be_called_is_chosen_at_our_name() {
    let mut state = two_boxes();
    state.own.name = "Leo".into();
    let mut screen = open(state);
    click(&mut screen, "Leo, Available");
    let actions = click(&mut screen, words::DO_NOT_DISTURB);
    let [Action::SaveSettings(config)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert!(config.do_not_disturb);
}

#[test]
fn an_inbox_is_no_one_to_call() {
    let mut state = two_boxes();
    state.apply(joined_as("door", PublicKey([3; 32]), Capabilities::FILES));
    let screen = open(state);
    screen.get_by_label("About door");
    for button in [words::CALL, words::VIDEO_CALL] {
        assert!(screen.query_by_label(button).is_none(), "{button}");
    }
}

#[test]
fn every_stop_of_the_tab_key_has_a_name_and_the_list_is_first() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    let mut screen = open(state);
    let mut stops = Vec::new();
    for _ in 0..20 {
        screen.key_press(Key::Tab);
        screen.run();
        let mut all = screen.root().children_recursive();
        let focus = all.find(|node| node.accesskit_node().is_focused());
        let label = focus
            .as_ref()
            .and_then(|node| node.accesskit_node().label());
        let nameless = || {
            format!(
                "{:?}",
                focus.map(|node| (node.rect(), node.accesskit_node().role()))
            )
        };
        stops.push(label.unwrap_or_else(nameless));
    }
    assert!(stops.iter().all(|label| !label.is_empty()), "{stops:?}");
    let at = |label: &str| stops.iter().position(|stop| stop == label);
    let order = [words::ADD_SOMEBODY, "door, online", words::CALL].map(at);
    assert!(
        order[0].is_some() && order[0] < order[1] && order[1] < order[2],
        "{stops:?}"
    );
}

#[test]
fn two_hundred_contacts_draw_only_the_rows_in_sight() {
    let lines: String = (0..200)
        .map(|at| format!("c{at} 10.0.{}.{}\n", at / 250, at % 250 + 1))
        .collect();
    let (book, _) = transom_users::Book::parse(&lines);
    let state = State::new(book.contacts(), "user_list.txt".into(), Vec::new());
    let screen = open(state);
    let rows = screen.get_all_by_label_contains(", not seen yet").count();
    assert!(rows < 20, "{rows}");
}

#[test]
fn a_port_that_is_taken_is_told_in_the_list_with_the_next_port() {
    let mut state = two_boxes();
    state.own.addresses = vec!["192.168.1.5".parse().unwrap()];
    let why = "0.0.0.0:7447 is taken".to_owned();
    state.warn(Warning::PortRefused { port: 7447, why });
    let mut screen = open(state);
    screen.get_by_label(words::NOBODY_REACHES_YOU);
    let used = click(&mut screen, &words::use_port(7448));
    assert_eq!(used, [Action::UsePort(7448)]);
    assert!(screen.query_by_label(words::NOBODY_REACHES_YOU).is_none());
    let state = &mut screen.state_mut().state;
    assert_eq!(state.own.addresses[0].port(), 7447);
    // Refused as well.
    let why = "can't listen on 0.0.0.0:7448: Permission denied";
    state.apply(refused_port(why));
    screen.run();
    screen.get_by_label_contains(why);
    let used = click(&mut screen, &words::use_port(7449));
    assert_eq!(used, [Action::UsePort(7449)]);
    let state = &mut screen.state_mut().state;
    let address = ([0, 0, 0, 0], 7449).into();
    state.apply(Notice::Listening {
        request: None,
        address,
    });
    assert_eq!(state.own.addresses[0].port(), 7449);
}

#[test]
fn a_folder_that_takes_no_files_is_told_until_another_is_chosen() {
    let mut state = two_boxes();
    state.warn(Warning::Inbox("/mnt/gone can't be used".into()));
    let mut screen = open(state);
    let asked = click(&mut screen, words::ANOTHER_INBOX);
    let what = crate::model::FolderFor::Inbox;
    assert_eq!(asked, [Action::PickFolder(what)]);
    screen.state_mut().state.use_inbox("/home/me".as_ref());
    screen.run();
    assert!(screen.query_by_label(words::NO_FILES_COME).is_none());
}

#[test]
fn a_disk_that_does_not_answer_is_told_until_it_does() {
    let mut state = two_boxes();
    state.disk_answers(false);
    let mut screen = open(state);
    screen.get_by_label(words::DISK_SILENT);
    screen.get_by_label(words::DISK_SILENT_MEANS);
    screen.state_mut().state.disk_answers(true);
    screen.run();
    assert!(screen.query_by_label(words::DISK_SILENT).is_none());
}

#[test]
fn a_click_on_a_camera_opens_only_its_page_where_that_is_wished() {
    let mut state = scenes::home(crate::model::Theme::Dark);
    state.config.watch_at_click = false;
    let mut screen = open(state);
    let card = "Garden, camera, online";
    assert_eq!(click(&mut screen, card), [Action::Choose(peer("Garden"))]);
    let watch = click(&mut screen, words::WATCH);
    assert_eq!(watch, [Action::Watch(peer("Garden"))]);
}
