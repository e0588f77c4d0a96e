//! What appears, changes or vanishes by itself moves nothing, takes no keyboard focus, and takes no
//! click or key that was meant for something else.

use egui::Pos2;
use egui_kittest::kittest::NodeT as _;
use transom::EndReason;

use super::*;
use crate::model::Preferences;
use crate::model::calls_tests::{rings, talk, talking};
use crate::model::tests::ended;

/// Makes something appear.
type Arrive = fn(&mut State);

/// What can appear by itself, and a button on it.
const ARRIVALS: [(Arrive, &str); 6] = [
    (ring, "Answer"),
    (stranger, "Allow once"),
    (offered, "Accept"),
    (trouble, "Dismiss"),
    (changed_key, "Dismiss"),
    (missed, "Call back"),
];
const FREE: Modifiers = Modifiers::NONE;
const CHORD: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

pub(super) fn ring(state: &mut State) {
    state.apply(rings("yard"));
}

fn stranger(state: &mut State) {
    stranger_of(state, 9);
}

fn stranger_of(state: &mut State, key: u8) {
    state.apply(Notice::Knock {
        key: PublicKey([key; 32]),
        address: ([192, 168, 1, 77], 4000).into(),
        name: Some(peer("somebody")),
    });
}

fn offered(state: &mut State) {
    state.apply(offer(&Ids::new(), "plan.pdf"));
}

fn trouble(state: &mut State) {
    state.warn(Warning::Trouble("the disk is full".into()));
}

fn changed_key(state: &mut State) {
    let [pinned, offered] = [1, 2].map(|byte| PublicKey([byte; 32]));
    state.warn(Warning::KeyChanged {
        peer: peer("yard"),
        pinned,
        offered,
        in_book: false,
    });
}

fn missed(state: &mut State) {
    state.apply(rings("yard"));
    state.apply(ended("yard", EndReason::Unanswered));
}

/// Lets something come, and no time pass.
pub(super) fn comes(screen: &mut Screen, change: impl FnOnce(&mut State)) {
    change(&mut screen.state_mut().state);
    screen.run_steps(2);
}

/// A button of the mouse goes down or up at that place, in the next frame.
fn mouse(screen: &mut Screen, at: Pos2, pressed: bool) {
    let events = &mut screen.input_mut().events;
    events.push(egui::Event::PointerMoved(at));
    events.push(egui::Event::PointerButton {
        pos: at,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: FREE,
    });
}

/// A click that was on its way already.
pub(super) fn tap(screen: &mut Screen, at: Pos2) -> Vec<Action> {
    mouse(screen, at, true);
    mouse(screen, at, false);
    screen.step();
    screen.state_mut().take()
}

pub(super) fn middle(screen: &Screen, label: &str) -> Pos2 {
    screen.get_by_label(label).rect().center()
}

/// A key within one frame.
pub(super) fn tap_key(screen: &mut Screen, modifiers: Modifiers, key: Key) -> Vec<Action> {
    screen.input_mut().modifiers = modifiers;
    for pressed in [true, false] {
        screen.input_mut().events.push(egui::Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers,
        });
    }
    screen.step();
    screen.input_mut().modifiers = FREE;
    screen.state_mut().take()
}

pub(super) fn text_field(screen: &Screen) -> egui_kittest::Node<'_> {
    screen.get_by_role_and_label(Role::TextInput, "Text")
}

fn focused(screen: &Screen) -> Option<String> {
    let mut all = screen.root().children_recursive();
    let focus = all.find(|node| node.accesskit_node().is_focused());
    focus.and_then(|node| node.accesskit_node().label())
}

/// In a call with the door, its picture on the screen, and the yard is chosen.
fn at_a_picture() -> State {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    state.act(&Action::Choose(peer("yard")));
    state
}

#[test]
fn what_arrives_moves_nothing() {
    for (arrives, label) in ARRIVALS {
        let mut screen = open(watching());
        let places = |screen: &Screen| {
            [
                "door here",
                "Add a contact",
                "Call",
                "Send text",
                "Send files…",
                "Picture of door",
                "Stop watching",
            ]
            .map(|label| screen.get_by_label(label).rect())
        };
        let before = places(&screen);
        comes(&mut screen, arrives);
        screen.get_by_label(label);
        assert_eq!(places(&screen), before, "{label}");
        pass(&mut screen);
        assert_eq!(places(&screen), before, "{label}");
    }
}

#[test]
fn what_just_arrived_takes_no_click() {
    for (arrives, label) in ARRIVALS {
        let mut screen = open(watching());
        comes(&mut screen, arrives);
        let at = middle(&screen, label);
        assert_eq!(tap(&mut screen, at), [], "{label}");
        pass(&mut screen);
        assert_eq!(tap(&mut screen, at).len(), 1, "{label}");
    }
}

#[test]
fn a_press_begun_too_early_counts_for_nothing_however_late_it_is_let_go() {
    let mut screen = open(watching());
    comes(&mut screen, ring);
    let at = middle(&screen, "Answer");
    mouse(&mut screen, at, true);
    // Not so late that it is no click any more.
    screen.run_steps(3);
    mouse(&mut screen, at, false);
    screen.step();
    assert_eq!(screen.state_mut().take(), []);
    pass(&mut screen);
    assert_eq!(tap(&mut screen, at).len(), 1, "the next click counts");
}

#[test]
fn an_early_click_leaves_the_keyboard_where_it_was() {
    let mut screen = open(watching());
    fill(&mut screen, "Text", "wait");
    comes(&mut screen, ring);
    let at = middle(&screen, "Answer");
    assert_eq!(tap(&mut screen, at), []);
    assert!(text_field(&screen).is_focused());
    let sent = tap_key(&mut screen, FREE, Key::Enter);
    assert!(matches!(&sent[..], [Action::Text { .. }]), "{sent:?}");
}

#[test]
fn what_arrives_takes_the_keyboard_from_nobody() {
    for (arrives, label) in ARRIVALS {
        let mut screen = open(watching());
        assert_eq!(focused(&screen), None);
        comes(&mut screen, arrives);
        assert_eq!(focused(&screen), None, "{label}");
        for key in [Key::Enter, Key::Space] {
            assert_eq!(tap_key(&mut screen, FREE, key), [], "{label}");
        }
        // Its buttons are the last stops of Tab, and none yet.
        let mut screen = open(watching());
        comes(&mut screen, arrives);
        tap_key(&mut screen, Modifiers::SHIFT, Key::Tab);
        assert_ne!(focused(&screen).as_deref(), Some(label));
    }
}

#[test]
fn a_call_is_declined_or_answered_from_left_to_right_and_the_camera_is_last() {
    let mut state = watching();
    let preferences = Preferences {
        camera_on: true,
        ..Preferences::default()
    };
    state.act(&Action::Prefer {
        peer: peer("yard"),
        preferences,
    });
    let mut screen = open(state);
    comes(&mut screen, ring);
    let [decline, answer, video] =
        ["Decline", "Answer", "Answer with video"].map(|label| screen.get_by_label(label).rect());
    assert!(
        decline.right() + 24.0 < answer.left() && answer.right() < video.left(),
        "{decline} {answer} {video}"
    );
    pass(&mut screen);
    let answered = tap(&mut screen, answer.center());
    let without = Action::Answer {
        peer: peer("yard"),
        camera: false,
    };
    assert_eq!(answered, [without]);
}

#[test]
fn what_went_lets_no_click_through_to_what_is_behind() {
    for (arrives, label) in ARRIVALS {
        let mut screen = open(at_a_picture());
        comes(&mut screen, arrives);
        pass(&mut screen);
        let at = middle(&screen, label);
        comes(&mut screen, |state| {
            state.calls.incoming.clear();
            state.calls.missed.clear();
            state.knocks.clear();
            state.offers.clear();
            state.warnings.clear();
        });
        assert!(screen.query_by_label(label).is_none());
        assert_eq!(tap(&mut screen, at), [], "{label}");
        pass(&mut screen);
        // The picture behind it.
        let picture = screen.get_by_label("Picture of door").rect();
        assert!(picture.contains(at), "{label}");
        let chosen = [Action::Choose(peer("door"))];
        assert_eq!(tap(&mut screen, at), chosen, "{label}");
    }
}

#[test]
fn a_card_that_moved_into_the_place_of_another_takes_no_click() {
    let mut screen = open(watching());
    comes(&mut screen, |state| {
        stranger_of(state, 8);
        stranger_of(state, 9);
    });
    pass(&mut screen);
    let first = screen.get_all_by_label("Ignore").next().unwrap();
    let at = first.rect().center();
    assert_eq!(
        tap(&mut screen, at),
        [Action::Ignore(PublicKey([8; 32]))],
        "the one that came first is above"
    );
    screen.step();
    assert_eq!(
        tap(&mut screen, at),
        [],
        "the second half of a double click"
    );
    pass(&mut screen);
    assert_eq!(tap(&mut screen, at), [Action::Ignore(PublicKey([9; 32]))]);
}

#[test]
fn a_stranger_that_says_another_name_is_new() {
    let mut screen = open(watching());
    comes(&mut screen, stranger);
    pass(&mut screen);
    let at = middle(&screen, "Allow once");
    comes(&mut screen, |state| {
        state.apply(Notice::Knock {
            key: PublicKey([9; 32]),
            address: ([192, 168, 1, 77], 4001).into(),
            name: Some(peer("anna")),
        });
    });
    assert_eq!(tap(&mut screen, at), []);
    // It knocks again every few seconds, from another port each time.
    pass(&mut screen);
    let at = middle(&screen, "Allow once");
    comes(&mut screen, |state| {
        state.apply(Notice::Knock {
            key: PublicKey([9; 32]),
            address: ([192, 168, 1, 77], 4002).into(),
            name: Some(peer("anna")),
        });
    });
    assert_eq!(tap(&mut screen, at).len(), 1);
}

#[test]
fn a_call_that_is_answered_or_ended_puts_no_other_button_under_a_click() {
    let mut state = watching();
    state.act(&Action::HangUp(peer("door")));
    state.act(&Action::Call(peer("door")));
    state.calls.own.request = state.config.request();
    let mut screen = open(state);
    pass(&mut screen);
    let full_screen = middle(&screen, "Full screen");
    comes(&mut screen, |state| {
        state.apply(talk("door", true, false));
    });
    let camera = screen.get_by_label("Turn camera on").rect();
    assert!(camera.contains(full_screen), "{camera} {full_screen}");
    assert_eq!(tap(&mut screen, full_screen), []);
    pass(&mut screen);
    let hang_up = middle(&screen, "Hang up");
    comes(&mut screen, |state| {
        state.apply(ended("door", EndReason::Chosen));
    });
    assert_eq!(tap(&mut screen, hang_up), []);
    pass(&mut screen);
    assert_eq!(
        tap(&mut screen, hang_up),
        [Action::HangUp(peer("door"))],
        "what was to be ended is closed, not called again"
    );
}

#[test]
fn a_picture_that_comes_by_itself_lets_nobody_choose_another_contact() {
    let mut screen = open(at_a_picture());
    pass(&mut screen);
    let at = screen.get_by_label("Picture of door").rect().right_center() - egui::vec2(40.0, -60.0);
    // The yard may call without being asked for, and takes half of the room.
    comes(&mut screen, |state| {
        state.act(&Action::Choose(peer("door")));
        state.apply(talk("yard", false, false));
    });
    assert!(screen.get_by_label("Picture of yard").rect().contains(at));
    assert_eq!(tap(&mut screen, at), []);
    pass(&mut screen);
    assert_eq!(tap(&mut screen, at), [Action::Choose(peer("yard"))]);
}

#[test]
fn keys_of_a_ring_are_chords_and_wait_as_its_buttons_do() {
    let answer = |camera| Action::Answer {
        peer: peer("yard"),
        camera,
    };
    for (key, wanted) in [
        (Key::A, answer(false)),
        (Key::Y, answer(true)),
        (Key::D, Action::Decline(peer("yard"))),
    ] {
        let mut screen = open(watching());
        comes(&mut screen, ring);
        assert_eq!(tap_key(&mut screen, CHORD, key), [], "{key:?}");
        pass(&mut screen);
        assert_eq!(
            tap_key(&mut screen, Modifiers::COMMAND, Key::Enter),
            [],
            "elsewhere it sends"
        );
        assert_eq!(tap_key(&mut screen, CHORD, key), [wanted], "{key:?}");
    }
    // The second of two is not answered by the key that was meant for the first.
    let mut screen = open(watching());
    comes(&mut screen, |state| {
        state.apply(rings("yard"));
        state.apply(joined("friend"));
        state.apply(rings("friend"));
    });
    pass(&mut screen);
    comes(&mut screen, |state| {
        state.apply(ended("yard", EndReason::Chosen));
    });
    assert_eq!(tap_key(&mut screen, CHORD, Key::A), []);
    pass(&mut screen);
    assert_eq!(tap_key(&mut screen, CHORD, Key::A).len(), 1);
}

#[test]
fn the_key_that_hangs_up_ends_the_call_one_is_in_whoever_rings_meanwhile() {
    let mut screen = open(talking());
    comes(&mut screen, ring);
    pass(&mut screen);
    assert_eq!(
        tap_key(&mut screen, Modifiers::COMMAND, Key::H),
        [Action::HangUp(peer("door"))]
    );
    screen.get_by_label("Decline");
}

#[test]
fn a_letter_is_no_key_for_anything() {
    let mut screen = open(watching());
    for key in Key::ALL.iter().filter(|key| key.name().len() == 1) {
        assert_eq!(tap_key(&mut screen, FREE, *key), [], "{key:?}");
        assert_eq!(tap_key(&mut screen, Modifiers::SHIFT, *key), [], "{key:?}");
    }
    for on in [true, false] {
        assert_eq!(
            tap_key(&mut screen, Modifiers::ALT, Key::Enter),
            [Action::Fullscreen(on)]
        );
    }
}

#[test]
fn a_list_of_transfers_that_grows_puts_no_other_button_under_a_click() {
    let (ids, mut state) = (Ids::new(), watching());
    let first = ids.transfer();
    state.apply(Notice::Transfer(status(first, Phase::Running, 0)));
    let mut screen = open(state);
    pass(&mut screen);
    let at = middle(&screen, "Pause");
    let second = ids.transfer();
    comes(&mut screen, |state| {
        state.apply(Notice::Transfer(status(second, Phase::Running, 0)));
    });
    let moved = screen.get_all_by_label("Pause").map(|node| node.rect());
    assert!(moved.into_iter().any(|rect| rect.contains(at)));
    assert_eq!(tap(&mut screen, at), []);
}
