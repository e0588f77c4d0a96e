//! What appears, changes or vanishes by itself moves nothing, takes no keyboard focus, and takes no
//! click or key that was meant for something else.

use egui::Pos2;
use egui_kittest::kittest::NodeT as _;
use transom::EndReason;

use super::*;
use crate::model::calls_tests::{rings, talk, talking};
use crate::model::tests::ended;

/// Makes something appear.
type Arrive = fn(&mut State);

/// What can appear by itself, and a button on it.
const ARRIVALS: [(Arrive, &str); 5] = [
    (ring, "Answer"),
    (stranger, words::LET_IN_ONCE),
    (offered, "Accept plan.pdf"),
    (other_offered, "Accept plan.pdf"),
    (trouble, words::DISMISS),
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

/// For another page than the one that is open.
fn other_offered(state: &mut State) {
    let mut offer = offer(&Ids::new(), "plan.pdf");
    if let Notice::Offered { peer: from, .. } = &mut offer {
        *from = peer("yard");
    }
    state.apply(offer);
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
    screen.get_by_role_and_label(Role::TextInput, page::FIELD)
}

fn focused(screen: &Screen) -> Option<String> {
    let mut all = screen.root().children_recursive();
    let focus = all.find(|node| node.accesskit_node().is_focused());
    focus.and_then(|node| node.accesskit_node().label())
}

/// The page of the door.
fn at_home() -> State {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state
}

#[test]
fn what_arrives_moves_nothing() {
    for (arrives, label) in ARRIVALS {
        let mut screen = open(at_home());
        let places = |screen: &Screen| {
            let mut rows = screen.get_all_by_label_contains("yard, not seen yet");
            let row = rows.next().map(|row| row.rect());
            let rest = [
                words::ADD_SOMEBODY,
                words::CALL,
                words::SEND,
                words::SEND_FILES,
            ]
            .map(|label| screen.get_by_label(label).rect());
            (row, rest)
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
        let mut screen = open(at_home());
        comes(&mut screen, arrives);
        let at = middle(&screen, label);
        assert_eq!(tap(&mut screen, at), [], "{label}");
        pass(&mut screen);
        assert_eq!(tap(&mut screen, at).len(), 1, "{label}");
    }
}

#[test]
fn a_press_begun_too_early_counts_for_nothing_however_late_it_is_let_go() {
    let mut screen = open(at_home());
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
    let mut screen = open(at_home());
    fill(&mut screen, page::FIELD, "wait");
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
        let mut screen = open(at_home());
        assert_eq!(focused(&screen), None);
        comes(&mut screen, arrives);
        assert_eq!(focused(&screen), None, "{label}");
        for key in [Key::Enter, Key::Space] {
            assert_eq!(tap_key(&mut screen, FREE, key), [], "{label}");
        }
        // Its buttons are the last stops of Tab, and none yet.
        let mut screen = open(at_home());
        comes(&mut screen, arrives);
        tap_key(&mut screen, Modifiers::SHIFT, Key::Tab);
        assert_ne!(focused(&screen).as_deref(), Some(label));
    }
}

#[test]
fn a_call_is_declined_or_answered_from_left_to_right_and_the_camera_is_last() {
    for size in [DESK, PHONE] {
        let mut screen = open_as_large(at_home(), size);
        comes(&mut screen, ring);
        let labels = [words::DECLINE, words::ANSWER, words::ANSWER_WITH_VIDEO];
        let [decline, answer, video] = labels.map(|label| screen.get_by_label(label).rect());
        assert!(decline.right() + 20.0 < answer.left(), "{decline} {answer}");
        let is_last = answer.right() < video.left() || answer.bottom() < video.top();
        assert!(is_last, "{answer} {video}");
        assert!(decline.height() >= 44.0 && answer.height() >= 44.0);
    }
}

#[test]
fn what_went_lets_no_click_through_to_what_is_behind() {
    let mut state = talking();
    state.act(&Action::Overlay(true));
    let mut screen = open(state);
    comes(&mut screen, ring);
    pass(&mut screen);
    let at = middle(&screen, words::DECLINE);
    comes(&mut screen, |state| state.calls.incoming.clear());
    assert!(screen.query_by_label(words::DECLINE).is_none());
    let double = |screen: &mut Screen| {
        let mut taken = tap(screen, at);
        taken.extend(tap(screen, at));
        taken
    };
    assert_eq!(double(&mut screen), []);
    pass(&mut screen);
    // The picture behind it.
    assert!(double(&mut screen).contains(&Action::Fullscreen(true)));
}

#[test]
fn a_card_that_moved_into_the_place_of_another_takes_no_click() {
    let mut screen = open(at_home());
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
    let mut screen = open(at_home());
    comes(&mut screen, stranger);
    pass(&mut screen);
    let at = middle(&screen, words::LET_IN_ONCE);
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
    let at = middle(&screen, words::LET_IN_ONCE);
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
    let mut state = at_home();
    state.act(&Action::Call(peer("door")));
    state.calls.own.request = state.config.request();
    let mut screen = open(state);
    pass(&mut screen);
    // The bar gets wider by two buttons.
    let cancel = middle(&screen, words::CANCEL);
    comes(&mut screen, |state| {
        state.apply(talk("door", true, false));
    });
    assert_eq!(tap(&mut screen, cancel), []);
    pass(&mut screen);
    screen.step();
    let hang_up = middle(&screen, words::HANG_UP);
    comes(&mut screen, |state| {
        state.apply(ended("door", EndReason::Leaving));
    });
    assert_eq!(tap(&mut screen, hang_up), []);
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
        let mut screen = open(at_home());
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
    let mut screen = open(at_home());
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
    screen.get_by_label(words::DECLINE);
}

#[test]
fn a_letter_is_no_key_for_anything_but_f_over_a_picture() {
    let mut screen = open(at_home());
    for key in Key::ALL.iter().filter(|key| key.name().len() == 1) {
        assert_eq!(tap_key(&mut screen, FREE, *key), [], "{key:?}");
        assert_eq!(tap_key(&mut screen, Modifiers::SHIFT, *key), [], "{key:?}");
    }
    let mut screen = open(talking());
    assert_eq!(
        tap_key(&mut screen, FREE, Key::F),
        [Action::Fullscreen(true)]
    );
    for on in [false, true] {
        let toggled = tap_key(&mut screen, Modifiers::ALT, Key::Enter);
        assert_eq!(toggled, [Action::Fullscreen(on)]);
    }
}

#[test]
fn a_list_of_transfers_that_grows_puts_no_other_button_under_a_click() {
    let (ids, mut state) = (Ids::new(), at_home());
    let first = ids.transfer();
    state.apply(Notice::Transfer(status(first, Phase::Running, 0)));
    let mut screen = open(state);
    pass(&mut screen);
    let at = middle(&screen, "Pause holiday.mp4");
    let second = ids.transfer();
    comes(&mut screen, |state| {
        state.apply(Notice::Transfer(status(second, Phase::Running, 0)));
    });
    assert_eq!(tap(&mut screen, at), []);
}
