//! Cameras: cards, one watched, all at once.

use egui::pos2;
use transom::Capabilities;

use crate::model::calls_tests::{rings, talk};
use crate::model::tests::turned_away;
use crate::model::{CodeForm, Dialog};

use super::*;

/// A door and a yard that are cameras, and a person.
fn boxes() -> State {
    let (book, _) =
        transom_users::Book::parse("door 192.168.1.20\nyard 192.168.1.21\nanna 192.168.1.22\n");
    let mut state = State::new(book.contacts(), "user_list.txt".into(), Vec::new());
    for (at, name) in ["door", "yard", "anna"].into_iter().enumerate() {
        let can = match name {
            "anna" => Capabilities::CALLS,
            _ => Capabilities::CAMERA,
        };
        state.apply(joined_as(name, PublicKey([at as u8; 32]), can));
    }
    state
}

fn watched(name: &str) -> State {
    let mut state = boxes();
    state.act(&Action::Watch(peer(name)));
    state.apply(started(name));
    state.shown(Face::Peer(peer(name)), shown());
    state
}

#[test]
fn a_click_on_a_card_watches_and_the_next_one_goes_on() {
    let mut screen = open(boxes());
    let watch = |name| Action::Watch(peer(name));
    assert_eq!(click(&mut screen, "door, camera, online"), [watch("door")]);
    screen.state_mut().state.apply(started("door"));
    screen.run();
    screen.get_by_label("door, camera, live");
    let stop = Action::HangUp(peer("door"));
    let next = click(&mut screen, "yard, camera, online");
    assert_eq!(next, [stop, watch("yard")]);
    screen.get_by_label("Asking yard for its picture");
    let person = click(&mut screen, "anna, online");
    assert_eq!(
        person,
        [Action::HangUp(peer("yard")), Action::Choose(peer("anna"))]
    );
}

#[test]
fn a_camera_is_stopped_by_button_and_by_esc_and_then_watched_again() {
    let stop = [Action::HangUp(peer("door"))];
    let mut screen = open(watched("door"));
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Escape), stop);
    assert_eq!(
        click(&mut screen, words::WATCH),
        [Action::Watch(peer("door"))]
    );
    screen.state_mut().state.apply(started("door"));
    screen.run();
    assert_eq!(click(&mut screen, words::STOP), stop);
}

#[test]
fn a_camera_that_forgot_us_says_so_and_asks_for_its_code() {
    let mut state = boxes();
    state.apply(left("door"));
    state.apply(turned_away("door"));
    let mut screen = open(state);
    click(&mut screen, "door, camera, doesn't know you");
    let said = words::does_not_know_you("door");
    screen.get_by_label_contains(&said);
    let typed = [Action::Open(Dialog::EnterCode(CodeForm::default()))];
    assert_eq!(click(&mut screen, words::CONNECT), typed);
    screen.state_mut().state.act(&Action::Close);
    click(&mut screen, words::STOP);
    screen.get_by_label_contains(&said);
    assert_eq!(click(&mut screen, words::CONNECT_BY_CODE), typed);
}

#[test]
fn what_a_camera_wrote_is_read_beside_its_picture() {
    for size in [DESK, vec2(800.0, 700.0), LEAST] {
        let mut screen = open_as_large(boxes(), size);
        assert_eq!(press(&mut screen, Modifiers::COMMAND, Key::B), []);
        screen.state_mut().state.apply(Notice::Text {
            peer: peer("door"),
            text: "The battery is low".to_owned(),
        });
        screen.run();
        let card = "door, camera, online, 1 unread";
        click(&mut screen, card);
        let written = |screen: &Screen| {
            let mut bubbles = screen.query_all_by_label_contains("The battery is low");
            bubbles.next().is_some()
        };
        for is_watched in [true, false] {
            assert!(!written(&screen));
            let chat = [Action::ShowChat(true)];
            assert_eq!(click(&mut screen, words::CHAT), chat, "{size}");
            assert!(written(&screen), "{size}");
            let unread = screen.state().state.people[0].unread;
            assert_eq!(unread, 0);
            let close = [Action::ShowChat(false)];
            assert_eq!(press(&mut screen, Modifiers::NONE, Key::Escape), close);
            if is_watched {
                click(&mut screen, words::STOP);
            }
        }
    }
}

#[test]
fn a_camera_has_its_buttons() {
    let mut screen = open(watched("door"));
    let door = peer("door");
    let snapshot = [Action::Snapshot(door)];
    assert_eq!(click(&mut screen, words::SNAPSHOT), snapshot);
    let record = [Action::Record {
        peer: door,
        on: true,
    }];
    assert_eq!(click(&mut screen, words::RECORD), record);
    screen.get_by_label(words::YOU_RECORD);
    let whole = [Action::Fullscreen(true)];
    assert_eq!(click(&mut screen, words::FULL_SCREEN), whole);
    assert!(screen.query_by_label("anna, online").is_none());
    click(&mut screen, words::LEAVE_FULL_SCREEN);
    screen.get_by_label("anna, online");
}

#[test]
fn a_camera_that_is_away_keeps_its_last_picture_and_says_since_when() {
    let mut state = watched("door");
    state.now = std::time::Duration::from_secs(3600);
    let mut screen = open(state);
    scenes::paint_one(&mut screen, "door");
    let state = &mut screen.state_mut().state;
    state.apply(left("door"));
    state.apply(Notice::CallEnded {
        peer: peer("door"),
        kind: transom::CallKind::View,
        outgoing: true,
        reason: transom::EndReason::Leaving,
        text: String::new(),
    });
    screen.run();
    screen.get_by_label("door is away");
    screen.get_by_label_contains("It comes back by itself.");
    screen.get_by_label("door, camera, away");
}

#[test]
fn all_cameras_are_watched_side_by_side_and_one_alone_and_back() {
    let mut screen = open(boxes());
    let all = click(&mut screen, "Show all");
    let watch = |name| Action::Watch(peer(name));
    assert_eq!(all, [watch("door"), watch("yard"), Action::Cameras(true)]);
    for name in ["door", "yard"] {
        let state = &mut screen.state_mut().state;
        state.apply(started(name));
        state.shown(Face::Peer(peer(name)), shown());
    }
    screen.run();
    let select = [Action::Select(peer("door"))];
    assert_eq!(click(&mut screen, "Picture of door"), select);
    // By the keyboard, as by a reader of screens.
    screen.get_by_label("Picture of yard").focus();
    screen.run();
    let alone = press(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(alone, [Action::Alone(Some(peer("yard")))]);
    assert!(screen.query_by_label("Picture of door").is_none());
    let back = press(&mut screen, Modifiers::NONE, Key::Escape);
    assert_eq!(back, [Action::Alone(None)]);
    let snapshot = click(&mut screen, &words::of(words::SNAPSHOT, "door"));
    assert_eq!(snapshot, [Action::Snapshot(peer("door"))]);
    let stops = press(&mut screen, Modifiers::NONE, Key::Escape);
    let stop = |name| Action::HangUp(peer(name));
    assert_eq!(stops, [stop("door"), stop("yard"), Action::Cameras(false)]);
    assert!(screen.query_by_label("Picture of door").is_none());
}

#[test]
fn a_call_that_is_answered_ends_what_is_watched() {
    let mut state = watched("door");
    state.apply(rings("anna"));
    let mut screen = open(state);
    let answer = Action::Answer {
        peer: peer("anna"),
        camera: false,
    };
    let answered = click(&mut screen, words::ANSWER);
    assert_eq!(answered, [Action::HangUp(peer("door")), answer]);
    screen.state_mut().state.apply(talk("anna", false, false));
    screen.run();
    screen.get_by_label("Picture of anna");
}

#[test]
fn a_picture_of_several_has_no_place_under_another() {
    let mut screen = open(boxes());
    click(&mut screen, "Show all");
    let door = screen.get_by_label("Picture of door").rect();
    let yard = screen.get_by_label("Picture of yard").rect();
    assert!(!door.intersects(yard));
    assert!(door.contains(pos2(door.center().x, door.center().y)));
}

/// Anna doesn't let us watch; her program says so in its own words.
pub(super) fn forbidden(mut state: State, name: &str) -> State {
    state.act(&Action::Watch(peer(name)));
    state.apply(Notice::CallEnded {
        peer: peer(name),
        kind: transom::CallKind::View,
        outgoing: true,
        reason: transom::EndReason::Forbidden,
        text: "you may not watch".to_owned(),
    });
    state
}

#[test]
fn who_may_not_be_watched_is_not_shown_by_a_picture_of_an_earlier_call() {
    let mut screen = open(forbidden(boxes(), "anna"));
    scenes::paint_one(&mut screen, "anna");
    pass(&mut screen);
    screen.get_by_label("You may not watch anna");
    screen.get_by_label("The other side has to allow it first.");
    assert!(screen.query_by_label_contains("you may").is_none());
    let (last, _) = screen.state().album.last(Face::Peer(peer("anna"))).unwrap();
    let mut shapes = screen.output().shapes.iter();
    assert!(!shapes.any(|shape| shape.shape.texture_id() == last.texture));
}
