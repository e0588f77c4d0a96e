//! Sound within a call, by label and key.

use std::time::Duration;

use egui::{Event, Key, Modifiers, PointerButton};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use transom::sounds::DeviceName;
use transom::{EndReason, Notice, SoundNotice, SoundState};

use crate::model::calls_tests::{rings, talking};
use crate::model::sound_tests::{
    far, level, listening, microphone_lost, microphone_on, sounding, tell, two_talks,
};
use crate::model::tests::{ended, joined, peer, started, two_boxes};
use crate::model::{Action, State};

use super::tests::{Screen, click, open, press};

const MUTE: [Action; 1] = [Action::Mute(true)];
const UNMUTE: [Action; 1] = [Action::Mute(false)];

fn told(screen: &mut Screen, notice: SoundNotice) {
    tell(&mut screen.state_mut().state, notice);
    screen.run();
}

fn is_muted(screen: &Screen) -> bool {
    screen.state().state.sound.muted
}

#[test]
fn a_call_is_muted_by_its_button_and_by_keys() {
    let mut screen = open(sounding());
    assert_eq!(click(&mut screen, "Mute"), MUTE);
    screen.get_by_label("Muted: door does not hear you");
    assert_eq!(click(&mut screen, "Unmute"), UNMUTE);
    assert_eq!(press(&mut screen, Modifiers::COMMAND, Key::M), MUTE);
    assert_eq!(press(&mut screen, Modifiers::COMMAND, Key::M), UNMUTE);
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::F7), MUTE);
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::M), []);
    let call = screen.state_mut().state.calls.open[0].peer;
    screen.state_mut().state.act(&Action::HangUp(call));
    screen.run();
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::F7), []);
    assert_eq!(press(&mut screen, Modifiers::COMMAND, Key::M), []);
}

#[test]
fn f7_held_while_muted_is_push_to_talk_and_hit_it_unmutes() {
    let mut screen = open(sounding());
    screen.state_mut().state.act(&Action::Mute(true));
    screen.run();
    screen.key_down(Key::F7);
    screen.step();
    assert!(!is_muted(&screen), "heard from the first moment");
    // Half a second passes, and the keyboard repeats the key.
    screen.key_down(Key::F7);
    screen.step();
    screen.step();
    assert!(!is_muted(&screen));
    screen.key_up(Key::F7);
    screen.run();
    assert!(is_muted(&screen));
    // A quarter of a second is a hit.
    screen.key_down(Key::F7);
    screen.step();
    screen.key_up(Key::F7);
    screen.run();
    assert!(!is_muted(&screen));
}

#[test]
fn f7_held_while_heard_only_mutes() {
    let mut screen = open(sounding());
    screen.key_down(Key::F7);
    screen.run_steps(4);
    assert!(is_muted(&screen));
    screen.key_up(Key::F7);
    screen.run();
    assert!(is_muted(&screen));
}

#[test]
fn a_window_that_loses_the_keyboard_ends_push_to_talk() {
    let mut screen = open(sounding());
    screen.state_mut().state.act(&Action::Mute(true));
    screen.run();
    screen.key_down(Key::F7);
    screen.run_steps(4);
    assert!(!is_muted(&screen));
    screen.input_mut().focused = false;
    screen.run_steps(2);
    assert!(is_muted(&screen));
}

#[test]
fn the_own_level_moves_only_while_we_are_heard() {
    let mut screen = open(sounding());
    told(&mut screen, level(-30.0));
    let bar = screen.get_by_label("Your microphone");
    assert_eq!(bar.accesskit_node().numeric_value(), Some(0.5));
    screen.get_by_label("door hears you");
    click(&mut screen, "Mute");
    assert!(screen.query_by_label("Your microphone").is_none());
    click(&mut screen, "Unmute");
    told(&mut screen, listening("door", false));
    screen.get_by_label("door does not hear you");
    assert!(screen.query_by_label("Your microphone").is_none());
}

#[test]
fn who_speaks_while_muted_is_told() {
    let mut screen = open(sounding());
    click(&mut screen, "Mute");
    assert!(screen.query_by_label("You are muted").is_none());
    told(&mut screen, SoundNotice::MutedSpeech);
    screen.get_by_label("You are muted");
    screen.state_mut().state.now += Duration::from_secs(5);
    screen.run();
    assert!(screen.query_by_label("You are muted").is_none());
}

#[test]
fn a_lost_microphone_is_told_at_both_sides() {
    let mut screen = open(sounding());
    told(&mut screen, microphone_lost());
    screen.get_by_label("Your microphone gives no sound");
    screen.get_by_label("Your microphone gives no sound: Jabra Evolve was unplugged");
    told(&mut screen, microphone_on());
    screen.get_by_label("door hears you");
    told(
        &mut screen,
        far("door", SoundState::Lost, "the microphone was unplugged"),
    );
    screen.get_by_label("door's microphone is lost: the microphone was unplugged");
}

#[test]
fn the_far_side_s_state_is_in_words() {
    let mut screen = open(sounding());
    for (state, words) in [
        (SoundState::Muted, "door is muted"),
        (SoundState::OnHold, "door has put you on hold"),
        (SoundState::NoMicrophone, "door has no microphone"),
        (
            SoundState::NotAllowed,
            "You can't hear door; their contact list has to give you the right to hear",
        ),
    ] {
        told(&mut screen, far("door", state, "x"));
        screen.get_by_label(words);
        told(&mut screen, far("door", SoundState::On, ""));
        assert!(screen.query_by_label(words).is_none());
    }
}

#[test]
fn a_call_tells_how_long_it_lasts() {
    let mut screen = open(talking());
    screen.get_by_label("door  0:00");
    screen.state_mut().state.now += Duration::from_secs(67);
    screen.run();
    screen.get_by_label("door  1:07");
}

#[test]
fn one_of_several_is_spoken_to_or_all() {
    let mut screen = open(two_talks());
    screen.get_by_label("door is on hold");
    screen.get_by_label("yard hears you");
    let to = |name| [Action::SpeakTo(Some(peer(name)))];
    assert_eq!(click(&mut screen, "Speak to door"), to("door"));
    screen.get_by_label("yard is on hold");
    assert_eq!(click(&mut screen, "Speak to all"), [Action::SpeakTo(None)]);
    screen.get_by_label("yard hears you");
    screen.get_by_label("door hears you");
    assert_eq!(click(&mut screen, "Speak to all"), to("door"));
    screen.get_by_label("yard is on hold");
}

/// Watching the yard, whose box hears and talks.
fn watching() -> State {
    let mut state = two_boxes();
    state.apply(joined("yard"));
    state.act(&Action::Watch(peer("yard")));
    state.apply(started("yard"));
    tell(&mut state, far("yard", SoundState::On, ""));
    state
}

#[test]
fn a_camera_is_silent_until_its_sound_is_turned_on() {
    let mut screen = open(watching());
    let hear = |on| {
        let peer = peer("yard");
        [Action::Hear { peer, on }]
    };
    assert_eq!(click(&mut screen, "Turn sound on"), hear(true));
    told(&mut screen, far("yard", SoundState::Muted, ""));
    screen.get_by_label("yard is muted");
    assert_eq!(click(&mut screen, "Turn sound off"), hear(false));
    assert!(screen.query_by_label("yard is muted").is_none());
    for state in [SoundState::NoMicrophone, SoundState::NotAllowed] {
        told(&mut screen, far("yard", state, ""));
        assert!(screen.query_by_label("Turn sound on").is_none());
    }
}

#[test]
fn a_box_that_lets_us_talk_hears_us_while_a_button_is_held() {
    let mut screen = open(watching());
    assert!(screen.query_by_label("Hold to talk to yard").is_none());
    told(&mut screen, listening("yard", true));
    let at = screen.get_by_label("Hold to talk to yard").rect().center();
    let pointer = |pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    screen.hover_at(at);
    screen.event(pointer(true));
    screen.run();
    let yard = peer("yard");
    assert_eq!(screen.state_mut().take(), [Action::SpeakTo(Some(yard))]);
    screen.get_by_label("yard hears you");
    // Two seconds are longer than any click.
    screen.run_steps(8);
    assert_eq!(screen.state_mut().take(), []);
    screen.event(pointer(false));
    screen.run();
    assert_eq!(screen.state_mut().take(), [Action::SpeakNoMore(yard)]);
    assert!(screen.query_by_label("yard hears you").is_none());
    screen
        .state_mut()
        .state
        .act(&Action::SetMicrophone(DeviceName::None));
    screen.run();
    assert!(screen.query_by_label("Hold to talk to yard").is_none());
}

#[test]
fn who_rings_is_answered_muted_and_with_a_named_microphone() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.apply(rings("door"));
    let mut screen = open(state);
    screen.get_by_label("Microphone: the usual one");
    assert_eq!(click(&mut screen, "Mute"), MUTE);
    told(&mut screen, microphone_on());
    screen.get_by_label("Microphone: Jabra Evolve");
    let none = Action::SetMicrophone(DeviceName::None);
    screen.state_mut().state.act(&none);
    screen.run();
    screen.get_by_label("No microphone: you will not be heard");
    assert!(screen.query_by_label("Unmute").is_none());
    screen
        .state_mut()
        .state
        .apply(ended("door", EndReason::Chosen));
}

#[test]
fn a_viewer_that_hears_us_is_named_below() {
    let mut screen = open(two_boxes());
    told(&mut screen, listening("yard", true));
    screen.get_by_label("yard hears your microphone");
    assert_eq!(press(&mut screen, Modifiers::COMMAND, Key::M), MUTE);
    assert!(
        screen
            .query_by_label("yard hears your microphone")
            .is_none()
    );
}

#[test]
fn numbers_have_those_of_sound() {
    let mut state = sounding();
    state.act(&Action::Overlay(true));
    let sound = transom::SoundNumbers {
        delay: Some(Duration::from_millis(45)),
        ..Default::default()
    };
    let numbers = transom::Numbers {
        sound: Some(sound),
        ..Default::default()
    };
    let peer = peer("door");
    state.apply(Notice::Measured { peer, numbers });
    open(state).get_by_label("sound 45.0 ms");
}
