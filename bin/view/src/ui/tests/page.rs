//! The page of a person: texts, calls, what blocks it, and how little of it is laid out.

use std::time::Duration;

use egui::PointerButton;
use egui_kittest::kittest::NodeT as _;
use transom::{PeerLoss, TextFailure};
use transom_users::Rights;

use super::*;
use crate::model::calls_tests::{rings, talk};
use crate::model::tests::{ended, turned_away};

/// The field of the door's page.
pub(super) const FIELD: &str = "Message door";

fn text(text: &str) -> Action {
    Action::Text {
        peer: peer("door"),
        text: text.into(),
    }
}

fn hears(state: &mut State, from: &str, text: &str) {
    let (peer, text) = (peer(from), text.to_owned());
    state.apply(Notice::Text { peer, text });
}

#[test]
fn a_contact_that_forgot_us_says_so_and_offers_a_code() {
    for size in [DESK, LEAST] {
        let mut state = two_boxes();
        state.apply(joined("door"));
        state.act(&Action::Choose(peer("door")));
        state.apply(left("door"));
        let mut screen = open_as_large(state, size);
        let said = words::turned_away("door");
        assert!(screen.query_by_label(&said).is_none());
        let state = &mut screen.state_mut().state;
        state.apply(turned_away("door"));
        screen.run();
        screen.get_by_label(&said);
        let show = [Action::ShowCode(Rights::default())];
        assert_eq!(click(&mut screen, words::CONNECT_BY_CODE), show);
        let state = &mut screen.state_mut().state;
        state.act(&Action::Close);
        state.apply(joined("door"));
        screen.run();
        assert!(screen.query_by_label(&said).is_none());
    }
}

#[test]
fn text_is_sent_by_enter_and_by_button_and_never_empty() {
    let mut screen = open(two_boxes());
    fill(&mut screen, FIELD, "grüß dich");
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [text("grüß dich")]
    );
    // The field keeps the keyboard, so that one can go on.
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Enter), []);
    fill(&mut screen, FIELD, "second");
    assert_eq!(click(&mut screen, words::SEND), [text("second")]);
    assert_eq!(value(&screen, FIELD), "");
}

pub(super) fn value(screen: &Screen, field: &str) -> String {
    let field = screen.get_by_role_and_label(Role::TextInput, field);
    field.value().unwrap_or_default()
}

#[test]
fn enter_belongs_to_an_input_method_while_it_composes_a_word() {
    let mut screen = open(two_boxes());
    fill(&mut screen, FIELD, "a");
    let composes = |words: &str| {
        egui::Event::Ime(egui::ImeEvent::Preedit {
            text: words.into(),
            active_range_chars: None,
        })
    };
    screen.event(composes("kan"));
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Enter), []);
    screen.event(composes(""));
    screen.event(egui::Event::Ime(egui::ImeEvent::Commit("b".into())));
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [text("ab")]
    );
}

#[test]
fn shift_and_enter_begin_a_new_line() {
    let mut screen = open(two_boxes());
    fill(&mut screen, FIELD, "one");
    assert_eq!(press(&mut screen, Modifiers::SHIFT, Key::Enter), []);
    screen.event(egui::Event::Text("two".into()));
    screen.run();
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [text("one\ntwo")]
    );
}

#[test]
fn a_text_that_is_too_long_is_told_and_not_sent() {
    let mut screen = open(two_boxes());
    // Two bytes each on the wire.
    fill(&mut screen, FIELD, &"ü".repeat(2050));
    screen.get_by_label(&words::too_long_by(4));
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Enter), []);
}

#[test]
fn talk_shows_both_sides_and_what_arrived() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.text();
    state.said(peer("door"), id, "open please".into());
    let screen = open(state);
    screen.get_by_label("You, 00:00, waiting: open please");
    let mut state = screen.into_state().state;
    let (door, text) = (peer("door"), id);
    state.apply(Notice::TextArrived { peer: door, text });
    hears(&mut state, "door", "who\u{202e}is it");
    hears(&mut state, "yard", "hello");
    let screen = open(state);
    screen.get_by_label("You, 00:00, arrived: open please");
    screen.get_by_label("door, 00:00: who\\u{202e}is it");
    screen.get_by_label("yard, not seen yet, 1 unread");
}

#[test]
fn a_text_that_never_arrived_says_why_and_is_sent_again_by_a_click() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.text();
    state.said(peer("door"), id, "hello".into());
    let why = TextFailure::Peer(PeerLoss::Disconnected);
    let told = words::not_delivered(&why.to_string());
    let door = peer("door");
    state.apply(Notice::TextFailed {
        peer: door,
        text: id,
        why,
    });
    let mut screen = open(state);
    screen.get_by_label(&told);
    assert_eq!(click(&mut screen, words::SEND_AGAIN), [text("hello")]);
}

#[test]
fn calls_are_lines_of_the_conversation_and_a_missed_one_is_called_back() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.now = Duration::from_secs(600);
    state.act(&Action::Call(peer("door")));
    state.apply(talk("door", true, false));
    state.now += Duration::from_secs(730);
    state.act(&Action::HangUp(peer("door")));
    state.apply(ended("door", transom::EndReason::Chosen));
    state.apply(rings("door"));
    state.apply(ended("door", transom::EndReason::Chosen));
    let mut screen = open(state);
    screen.get_by_label("Call, 12 minutes, 00:22");
    screen.get_by_label("Missed call, 00:22");
    let called = click(&mut screen, words::CALL_BACK);
    assert!(called.contains(&Action::Call(peer("door"))), "{called:?}");
}

#[test]
fn what_came_meanwhile_stands_below_a_line_until_another_page_is_opened() {
    let mut state = two_boxes();
    state.now = Duration::from_secs(60);
    hears(&mut state, "yard", "before");
    state.act(&Action::Choose(peer("yard")));
    state.act(&Action::Choose(peer("door")));
    state.now = Duration::from_secs(600);
    hears(&mut state, "yard", "news");
    state.act(&Action::Choose(peer("yard")));
    let mut screen = open(state);
    let top = |screen: &Screen, label: &str| screen.get_by_label(label).rect().top();
    let new = top(&screen, words::NEW);
    assert!(top(&screen, "yard, 00:01: before") < new);
    assert!(new < top(&screen, "yard, 00:10: news"));
    screen.state_mut().state.act(&Action::Choose(peer("door")));
    screen.state_mut().state.act(&Action::Choose(peer("yard")));
    screen.run();
    assert!(screen.query_by_label(words::NEW).is_none());
}

/// A page with that many texts.
fn long(count: usize) -> State {
    let mut state = two_boxes();
    for number in 0..count {
        state.now = Duration::from_secs(60 * number as u64);
        hears(&mut state, "door", &format!("text {number} of many"));
    }
    state
}

/// What a bubble says to a screen reader.
fn words_of(node: &egui_kittest::Node<'_>) -> String {
    node.value().expect("a label has words")
}

fn texts_in_sight(screen: &Screen) -> usize {
    screen.query_all_by_label_contains("of many").count()
}

#[test]
fn of_ten_thousand_texts_only_those_in_sight_are_laid_out() {
    let mut screen = open(long(10_000));
    screen.get_by_label_contains("text 9999 of many");
    assert!(texts_in_sight(&screen) < 60, "{}", texts_in_sight(&screen));
    screen.hover_at(egui::pos2(800.0, 400.0));
    for _ in 0..20 {
        wheel(&mut screen, 400.0);
    }
    let seen = texts_in_sight(&screen);
    assert!(seen > 3 && seen < 60, "{seen}");
    assert!(
        screen
            .query_by_label_contains("text 9999 of many")
            .is_none()
    );
    click(&mut screen, words::TO_THE_NEWEST);
    screen.run();
    screen.get_by_label_contains("text 9999 of many");
}

fn wheel(screen: &mut Screen, up: f32) {
    screen.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: vec2(0.0, up),
        phase: egui::TouchPhase::Move,
        modifiers: Modifiers::NONE,
    });
    screen.run_steps(16);
}

#[test]
fn who_reads_what_was_is_told_how_much_came_meanwhile_and_stays_there() {
    let mut screen = open(long(300));
    screen.hover_at(egui::pos2(800.0, 400.0));
    wheel(&mut screen, 2000.0);
    let first = |screen: &Screen| {
        let mut all = screen.query_all_by_label_contains("of many");
        let first = all.next().expect("a text is in sight");
        (words_of(&first), first.rect().top())
    };
    let before = first(&screen);
    let state = &mut screen.state_mut().state;
    state.now += Duration::from_secs(60);
    hears(state, "door", "and one more");
    screen.run();
    assert_eq!(first(&screen), before);
    click(&mut screen, &words::to_the_newest(1));
    screen.run();
    screen.get_by_label_contains("and one more");
}

#[test]
fn a_page_keeps_its_place_when_the_window_gets_narrower() {
    let mut screen = open(long(300));
    screen.hover_at(egui::pos2(800.0, 400.0));
    wheel(&mut screen, 3000.0);
    let before: Vec<_> = screen
        .query_all_by_label_contains("of many")
        .map(|node| words_of(&node))
        .collect();
    assert!(before.len() > 3, "{before:?}");
    screen.set_size(vec2(900.0, 760.0));
    screen.run_steps(4);
    let mut after = screen.query_all_by_label_contains("of many");
    assert!(after.any(|node| before.contains(&words_of(&node))));
}

#[test]
fn a_bubble_copies_its_text_by_its_menu() {
    let mut state = two_boxes();
    hears(&mut state, "door", "hello");
    let mut screen = open(state);
    let bubble = screen.get_by_label("door, 00:00: hello");
    bubble.click_button(PointerButton::Secondary);
    screen.run();
    screen.get_by_label(words::COPY).click();
    let mut commands = Vec::new();
    for _ in 0..8 {
        screen.step();
        commands.extend(screen.output().platform_output.commands.clone());
    }
    assert_eq!(commands, [egui::OutputCommand::CopyText("hello".into())]);
}

#[test]
fn a_changed_key_blocks_that_page_alone_and_lets_nobody_in() {
    let mut state = two_boxes();
    let (pinned, offered) = (PublicKey([1; 32]), PublicKey([2; 32]));
    state.apply(joined("yard"));
    state.apply(Notice::KeyChanged {
        peer: peer("door"),
        pinned,
        offered,
        in_book: false,
    });
    let mut screen = open(state);
    screen.get_by_label(&words::may_not_be("door"));
    for (what, key) in [(words::YOU_KNOW, pinned), (words::SHOWN_NOW, offered)] {
        screen.get_by_label(&words::fact(what, &key.fingerprint().to_string()));
    }
    screen.get_by_label("transom users forget door");
    let field = screen.get_by_role_and_label(Role::TextInput, FIELD);
    assert!(field.accesskit_node().is_disabled());
    assert_eq!(
        click(&mut screen, words::KEEP_BLOCKED),
        [Action::Dismiss(0)]
    );
    assert!(screen.query_by_label(&words::may_not_be("door")).is_none());
    let field = screen.get_by_role_and_label(Role::TextInput, FIELD);
    assert!(field.accesskit_node().is_disabled(), "it stays blocked");
    screen.state_mut().state.act(&Action::Choose(peer("yard")));
    screen.run();
    let field = words::message_to("yard");
    let field = screen.get_by_role_and_label(Role::TextInput, &field);
    assert!(!field.accesskit_node().is_disabled());
}

#[test]
fn a_key_in_the_book_is_changed_by_hand() {
    let mut state = two_boxes();
    let (pinned, offered) = (PublicKey([1; 32]), PublicKey([2; 32]));
    state.apply(Notice::KeyChanged {
        peer: peer("door"),
        pinned,
        offered,
        in_book: true,
    });
    let mut screen = open(state);
    screen.get_by_label(&format!("key={offered}"));
    let shown = click(&mut screen, words::SHOW_THE_FILE);
    assert_eq!(shown, [Action::OpenFolder(".".into())]);
    let code = click(&mut screen, words::CONNECT_ANEW);
    assert!(matches!(&code[..], [Action::ShowCode(_)]), "{code:?}");
}

#[test]
fn bad_lines_are_told() {
    let (book, _) = transom_users::Book::parse("");
    let bad_lines = vec!["list.txt:3: no address".into()];
    let mut screen = open(State::new(
        book.contacts(),
        "/my/list.txt".into(),
        bad_lines,
    ));
    screen.get_by_label(&words::unusable_lines(1));
    screen.get_by_label("list.txt:3: no address");
    assert_eq!(
        click(&mut screen, words::SHOW_THE_FILE),
        [Action::OpenFolder("/my".into())]
    );
}
