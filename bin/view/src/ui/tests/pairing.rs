//! Meeting somebody by a code, by names alone.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom::{
    CallKind, Capabilities, CodeEnd, Keep, Paired, PairingFailure, PairingNotice, PairingSide,
    PublicKey, Redial,
};
use transom_users::Rights;

use crate::model::tests::address;
use crate::model::{CodeForm, Dialog, Station, Theme};

use super::scenes::home;
use super::*;

fn told(screen: &mut Screen, notice: PairingNotice) -> Vec<Action> {
    let state = &mut screen.state_mut().state;
    let actions = state.apply(Notice::Pairing(Ids::new().pairing(), notice));
    for action in &actions {
        state.act(action);
    }
    screen.run_steps(2);
    actions
}

fn first_run() -> State {
    let mut state = State::default();
    state.own.name = "Leo".into();
    state.own.key = Some(PublicKey([6; 32]));
    state.own.addresses = vec!["192.168.1.5".parse().unwrap()];
    state
}

pub(super) fn code_shown() -> PairingNotice {
    PairingNotice::CodeShown {
        code: "47-otter-violin".parse().unwrap(),
        until: Instant::now() + Duration::from_secs(492),
    }
}

/// Bob has typed our code, or shown the one that was typed.
pub(super) fn paired() -> PairingNotice {
    let at: SocketAddr = "192.168.1.9:7447".parse().unwrap();
    PairingNotice::Paired(Box::new(Paired {
        peer: peer("Bob"),
        called: peer("Bob"),
        key: PublicKey([1; 32]),
        side: PairingSide::Showed,
        reached: at,
        address: at.into(),
        may: Rights::default(),
        grants: Rights::default(),
        keep: Keep::Contact,
    }))
}

#[test]
fn what_is_sent_by_a_code_that_was_typed_is_asked_for_in_a_conversation() {
    let mut screen = open(home(Theme::Dark));
    screen
        .state_mut()
        .state
        .act(&Action::Open(Dialog::EnterCode(CodeForm::default())));
    let PairingNotice::Paired(mut sender) = paired() else {
        panic!("they are paired");
    };
    sender.peer = peer("Zoe");
    sender.side = PairingSide::Entered;
    sender.keep = Keep::Once;
    let actions = told(&mut screen, PairingNotice::Paired(sender));
    let [Action::Meet(contact, Redial::Never)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(contact.address.to_string(), "192.168.1.9:7447");
    assert!(contact.may.files && !contact.may.call && !contact.may.view);
    let state = &screen.state().state;
    assert_eq!((&state.dialog, state.chosen), (&None, Some(peer("Zoe"))));
    assert!(
        state
            .people
            .iter()
            .all(|one| one.name != peer("Zoe") || one.contact.is_none())
    );
}

#[test]
fn a_code_is_shown_by_one_click_and_the_other_side_becomes_a_contact() {
    let mut screen = open(first_run());
    let show = [Action::ShowCode(Rights::default())];
    assert_eq!(click(&mut screen, words::SHOW_MY_CODE), show);
    told(&mut screen, code_shown());
    screen.get_by_label("47 otter violin, good for 9 minutes");
    screen.get_by_label(words::QR_SAID);
    screen.get_by_label("They may call you and send you files.");
    let actions = told(&mut screen, paired());
    let [Action::SavePaired(contact), Action::Verify { on: true, .. }] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(contact.to_string().split(' ').next(), Some("Bob"));
    screen.get_by_label("You and Bob are connected");
    screen.state_mut().state.now += Duration::from_secs(1);
    // The page behind has one as well.
    pass(&mut screen);
    screen
        .get_all_by_label(words::VIDEO_CALL)
        .last()
        .unwrap()
        .click();
    screen.run();
    let call = screen.state_mut().take();
    assert!(call.contains(&Action::Call(peer("Bob"))), "{call:?}");
    assert!(screen.state().state.dialog.is_none());
}

#[test]
fn a_stranger_that_was_paired_with_is_one_no_more() {
    let mut state = first_run();
    state.apply(Notice::Knock {
        key: PublicKey([1; 32]),
        address: address(),
        name: None,
    });
    assert_eq!(state.knocks.len(), 1);
    let mut screen = open(state);
    told(&mut screen, paired());
    assert!(screen.state().state.knocks.is_empty());
}

#[test]
fn an_answered_call_is_not_covered_by_the_word_that_both_are_connected() {
    let mut screen = open(first_run());
    told(&mut screen, paired());
    let answer = Action::Answer {
        peer: peer("Bob"),
        camera: true,
    };
    screen.state_mut().state.apply(Notice::Ringing {
        peer: peer("Bob"),
        kind: CallKind::Talk,
    });
    assert!(screen.state().state.dialog.is_some());
    screen.state_mut().state.act(&answer);
    assert!(screen.state().state.dialog.is_none());
}

#[test]
fn who_is_to_be_written_to_can_be_written_to_at_once() {
    let mut state = home(Theme::Dark);
    state.dialog = Some(Dialog::Connected(peer("Bob")));
    let mut screen = open(state);
    pass(&mut screen);
    let label = words::write_to("Bob");
    screen.get_all_by_label(&label).last().unwrap().click();
    screen.run();
    for action in screen.state_mut().take() {
        screen.state_mut().state.act(&action);
    }
    screen.run();
    let label = words::message_to("Bob");
    assert!(
        screen
            .get_by_role_and_label(Role::TextInput, &label)
            .is_focused()
    );
}

#[test]
fn a_camera_that_was_connected_is_watched_by_one_click() {
    let mut screen = open(first_run());
    told(&mut screen, paired());
    let camera = joined_as("Bob", PublicKey([1; 32]), Capabilities::CAMERA);
    screen.state_mut().state.apply(camera);
    screen.run_steps(2);
    pass(&mut screen);
    let watch = screen.get_all_by_label(words::WATCH).last().unwrap();
    watch.click();
    screen.run();
    let watched = screen.state_mut().take();
    assert_eq!(watched, [Action::Close, Action::Watch(peer("Bob"))]);
}

/// A computer, and a camera that shows a code.
pub(super) fn nearby() -> Vec<Station> {
    let station = |name: &str, key: u8, pairing: Option<u8>| Station {
        name: peer(name),
        contact: None,
        fingerprint: PublicKey([key; 32]).fingerprint(),
        address: Some(([192, 168, 1, key], 7447).into()),
        is_camera: pairing.is_some(),
        pairing,
    };
    vec![station("Bob", 1, None), station("Front-door", 2, Some(47))]
}

#[test]
fn who_is_nearby_is_connected_with_a_code_whose_number_is_known() {
    let mut state = first_run();
    state.meeting.nearby = nearby();
    let mut screen = open(state);
    screen.get_by_label("Front door, A camera, waiting for its code");
    click(&mut screen, &words::connect_to("Front door"));
    screen.get_by_label("Front door is showing this code");
    let field = screen.get_by_role_and_label(Role::TextInput, words::CODE_FIELD);
    assert_eq!(field.value().as_deref(), Some("47 "));
    press(&mut screen, Modifiers::NONE, Key::Escape);
    // Who tells no number is looked for at their address.
    click(&mut screen, &words::connect_to("Bob"));
    screen.run_steps(2);
    let field = screen.get_by_role_and_label(Role::TextInput, words::CODE_FIELD);
    assert!(field.is_focused(), "each time it opens");
    let field = screen.get_by_role_and_label(Role::TextInput, words::ADDRESS_FIELD);
    assert_eq!(field.value().as_deref(), Some("192.168.1.1:7447"));
    let code = screen.get_by_role_and_label(Role::TextInput, words::CODE_FIELD);
    code.type_text("47 otter violin");
    screen.run_steps(2);
    let address = screen.get_by_role_and_label(Role::TextInput, words::ADDRESS_FIELD);
    address.focus();
    screen.run_steps(2);
    let entered = press(&mut screen, Modifiers::NONE, Key::Enter);
    let is_code = |action: &Action| matches!(action, Action::EnterCode(_));
    assert!(entered.iter().any(is_code), "{entered:?}");
}

#[test]
fn other_rights_make_another_code() {
    let mut screen = open(first_run());
    click(&mut screen, words::SHOW_MY_CODE);
    told(&mut screen, code_shown());
    screen.get_by_label(words::CHANGE).click();
    screen.run_steps(3);
    screen.state_mut().take();
    screen.get_by_label(words::SEND_ME_FILES).click();
    screen.run_steps(3);
    let actions = screen.state_mut().take();
    let [Action::ShowCode(may)] = actions[..] else {
        panic!("{actions:?}");
    };
    assert!(may.call && !may.files);
}

#[test]
fn a_wrong_try_at_our_code_is_told_under_it() {
    let mut screen = open(first_run());
    click(&mut screen, words::SHOW_MY_CODE);
    told(&mut screen, code_shown());
    let guess = |tries_left| PairingNotice::WrongGuess {
        address: address(),
        tries_left,
    };
    for (left, said) in [(2, "2 tries left"), (1, "1 try left")] {
        let said = format!("Somebody typed a wrong code. {said}.");
        assert!(screen.query_by_label(&said).is_none());
        told(&mut screen, guess(left));
        screen.get_by_label(&said);
    }
    told(&mut screen, guess(0));
    let why = CodeEnd::Guessed;
    told(&mut screen, PairingNotice::CodeEnded { why });
    screen.get_by_label(words::code_ended(CodeEnd::Guessed));
    // A new code has all its tries.
    told(&mut screen, code_shown());
    assert!(screen.query_by_label(&words::wrong_guess(1)).is_none());
}

#[test]
fn a_code_that_was_guessed_at_is_dead_and_says_so() {
    let mut screen = open(first_run());
    click(&mut screen, words::SHOW_MY_CODE);
    let why = CodeEnd::Guessed;
    told(&mut screen, PairingNotice::CodeEnded { why });
    screen.get_by_label(words::code_ended(CodeEnd::Guessed));
    let new = click(&mut screen, words::NEW_CODE);
    assert!(matches!(new[..], [Action::ShowCode(_)]), "{new:?}");
}

#[test]
fn a_number_of_one_digit_is_shown_as_its_code_has_it() {
    let mut screen = open(first_run());
    click(&mut screen, words::ENTER_A_CODE);
    let field = screen.get_by_role_and_label(Role::TextInput, words::CODE_FIELD);
    field.type_text("5 otter");
    screen.run_steps(3);
    screen.get_by_label("05");
    screen.get_by_label("Nobody nearby shows number 05.");
}

#[test]
fn three_letters_of_each_word_are_enough_and_enter_connects() {
    let mut screen = open(first_run());
    click(&mut screen, words::ENTER_A_CODE);
    let field = |screen: &mut Screen, text: &str| {
        let field = screen.get_by_role_and_label(Role::TextInput, words::CODE_FIELD);
        assert!(field.is_focused(), "one types at once");
        field.type_text(text);
        screen.run_steps(3);
    };
    field(&mut screen, "47 ott xq");
    screen.get_by_label("otter");
    screen.get_by_label("Nobody nearby shows number 47.");
    screen.key_press(Key::Backspace);
    screen.key_press(Key::Backspace);
    screen.run_steps(3);
    field(&mut screen, "vio");
    screen.get_by_label("violin");
    screen.state_mut().take();
    screen.key_press(Key::Enter);
    screen.run_steps(3);
    let entered = screen.state_mut().take();
    let code = "47-otter-violin".parse().unwrap();
    assert_eq!(entered, [Action::EnterCode(code)]);
}

#[test]
fn a_wrong_code_says_how_many_tries_are_left_and_closing_ends_the_search() {
    let mut screen = open(first_run());
    click(&mut screen, words::ENTER_A_CODE);
    for left in ["2 tries left", "1 try left"] {
        let why = PairingFailure::WrongCode;
        told(&mut screen, PairingNotice::Failed { why });
        screen.get_by_label(&format!("That isn't the code. {left}."));
    }
    let why = PairingFailure::WrongCode;
    told(&mut screen, PairingNotice::Failed { why });
    screen.get_by_label("Too many wrong tries. Ask for a new code.");
    let closed = press(&mut screen, Modifiers::NONE, Key::Escape);
    assert_eq!(closed, [Action::Close, Action::EndPairing]);
    assert!(screen.state().state.dialog.is_none());
}

#[test]
fn a_word_that_is_none_of_a_code_is_named() {
    let mut screen = open(first_run());
    click(&mut screen, words::ENTER_A_CODE);
    let field = screen.get_by_role_and_label(Role::TextInput, words::CODE_FIELD);
    field.type_text("47 xqzzz");
    screen.run_steps(3);
    screen.get_by_label("\"xqzzz\" isn't a word of a code");
}

#[test]
fn the_address_is_asked_for_only_on_demand() {
    let mut screen = open(first_run());
    press(&mut screen, Modifiers::COMMAND, Key::J);
    let address = |screen: &Screen| {
        let field = screen.query_by_role_and_label(Role::TextInput, words::ADDRESS_FIELD);
        field.is_some()
    };
    assert!(!address(&screen));
    click(&mut screen, words::GIVE_ADDRESS);
    assert!(address(&screen));
    let Some(Dialog::EnterCode(form)) = &screen.state().state.dialog else {
        panic!("the dialog is open");
    };
    assert!(form.asks_address);
}

#[test]
fn who_is_nearby_is_looked_for_only_where_it_is_shown() {
    assert!(first_run().duties().nearby);
    let mut state = two_boxes();
    assert!(!state.duties().nearby);
    let form = crate::model::CodeForm::default();
    state.act(&Action::Open(Dialog::EnterCode(form)));
    assert!(state.duties().nearby);
}

#[test]
fn who_is_nearby_is_found_after_the_first_run_too() {
    let mut state = two_boxes();
    state.meeting.nearby = nearby();
    let mut screen = open(state);
    assert!(!screen.state().state.looks_nearby());
    click(&mut screen, words::ADD_SOMEBODY);
    click(&mut screen, words::NEARBY);
    assert!(screen.state().state.looks_nearby());
    click(&mut screen, &words::connect_to("Front door"));
    assert!(matches!(
        screen.state().state.dialog,
        Some(Dialog::EnterCode(_))
    ));
}

#[test]
fn a_flood_of_announcements_is_told_where_stations_are_listed() {
    let mut screen = open(first_run());
    screen.get_by_label(words::NOBODY_NEARBY);
    let state = &mut screen.state_mut().state;
    let rest = Duration::from_secs(600);
    let until = Instant::now() + rest;
    state.apply(Notice::NearbyPaused { until });
    screen.run();
    screen.get_by_label_contains("Finding is paused until 00:");
    assert!(screen.query_by_label(words::NOBODY_NEARBY).is_none());
    click(&mut screen, words::ENTER_A_CODE);
    let field = screen.get_by_role_and_label(Role::TextInput, words::CODE_FIELD);
    field.type_text("47");
    screen.run_steps(3);
    screen.get_by_label(words::NOBODY_IS_FOUND);
    screen.state_mut().state.act(&Action::Close);
    screen.state_mut().state.now += rest;
    screen.run();
    screen.get_by_label(words::NOBODY_NEARBY);
}

/// Whether those words are painted and none of them is cut off.
pub(super) fn is_whole(screen: &Screen, words: &str) -> bool {
    let mut shapes = screen.output().shapes.iter();
    shapes.any(|shape| {
        let egui::Shape::Text(text) = &shape.shape else {
            return false;
        };
        text.galley.text() == words && !text.galley.elided
    })
}

#[test]
fn the_rights_of_a_code_are_whole_in_a_narrow_window() {
    let mut state = first_run();
    let auto = true;
    let may = Rights {
        auto,
        ..Rights::default()
    };
    state.act(&Action::ShowCode(may));
    let mut screen = open_as_large(state, egui::vec2(420.0, 760.0));
    told(&mut screen, code_shown());
    assert!(is_whole(&screen, &words::they_may(true, true, true)));
    screen.get_by_label(words::CHANGE).click();
    screen.run_steps(3);
    for words in [words::CALL_ME, words::UNASKED, words::UNASKED_MEANS] {
        assert!(is_whole(&screen, words), "{words}");
    }
}

#[test]
fn rights_that_were_wider_before_the_pairing_are_told() {
    let mut state = home(Theme::Dark);
    let bob = state.people.iter_mut().find(|one| one.name == peer("Bob"));
    let contact = bob.unwrap().contact.as_mut().unwrap();
    contact.may.auto = true;
    let said = words::rights_kept("Bob", contact.may, Rights::default()).unwrap();
    state.dialog = Some(Dialog::Connected(peer("Bob")));
    let mut screen = open(state);
    screen.get_by_label(&said);
    screen.state_mut().state.meeting.may.auto = true;
    screen.run();
    assert!(screen.query_by_label(&said).is_none());
}
