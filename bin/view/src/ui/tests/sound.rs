//! Sound within a call, by name and key.

use std::time::Duration;

use egui::{Event, PointerButton};
use transom::sounds::{DeviceName, Loss};
use transom::{EndReason, SoundNotice, SoundState};

use crate::model::calls_tests::{rings, talking};
use crate::model::sound_tests::{
    far, level, listening, microphone_lost, microphone_on, sounding, tell, two_talks,
};
use crate::model::tests::ended;

use super::*;

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
fn a_call_is_muted_by_its_button_and_by_a_key() {
    let mut screen = open(sounding());
    assert_eq!(click(&mut screen, words::MUTE), MUTE);
    screen.get_by_label(words::YOU_ARE_MUTED);
    assert_eq!(click(&mut screen, words::UNMUTE), UNMUTE);
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::F7), MUTE);
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::M), []);
    let call = screen.state_mut().state.calls.open[0].peer;
    screen.state_mut().state.act(&Action::HangUp(call));
    screen.run();
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::F7), []);
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
    screen.get_by_label(words::TALKING);
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
    click(&mut screen, words::MORE);
    let list = click(&mut screen, words::SOUND);
    assert_eq!(list, [Action::ListSounds]);
    told(&mut screen, level(-30.0));
    let value = |screen: &Screen| {
        let bar = screen.get_by_label(words::OWN_LEVEL);
        bar.accesskit_node().numeric_value()
    };
    assert_eq!(value(&screen), Some(0.5));
    screen.get_by_label("door hears you");
    screen.state_mut().state.act(&Action::Mute(true));
    screen.run();
    assert_eq!(value(&screen), Some(0.0));
    screen.state_mut().state.act(&Action::Mute(false));
    told(&mut screen, listening("door", false));
    assert_eq!(value(&screen), Some(0.0));
    assert!(screen.query_all_by_label("door doesn't hear you").count() > 0);
}

#[test]
fn who_speaks_while_muted_is_told() {
    let mut screen = open(sounding());
    click(&mut screen, words::MUTE);
    assert!(screen.query_by_label(words::YOU_ARE_MUTED_HOLD).is_none());
    told(&mut screen, SoundNotice::MutedSpeech);
    screen.get_by_label(words::YOU_ARE_MUTED_HOLD);
    screen.state_mut().state.now += Duration::from_secs(5);
    screen.run();
    assert!(screen.query_by_label(words::YOU_ARE_MUTED_HOLD).is_none());
}

#[test]
fn a_lost_microphone_is_told_at_both_sides() {
    let mut screen = open(sounding());
    told(&mut screen, microphone_lost());
    screen.get_by_label(words::NO_MIC);
    screen.get_by_label(&words::microphone_lost("door", Loss::Unplugged));
    click(&mut screen, words::CHOOSE);
    screen.get_by_label("Your microphone gives no sound: Jabra Evolve was unplugged");
    press(&mut screen, Modifiers::NONE, Key::Escape);
    told(&mut screen, microphone_on());
    assert!(screen.query_by_label(words::NO_MIC).is_none());
    let text = "the microphone was unplugged";
    told(&mut screen, far("door", SoundState::Lost, text));
    screen.get_by_label("door's microphone is lost: the microphone was unplugged");
}

#[test]
fn the_far_side_s_state_is_in_words() {
    let mut screen = open(sounding());
    for state in [
        SoundState::Muted,
        SoundState::OnHold,
        SoundState::Opening,
        SoundState::NoMicrophone,
        SoundState::NotAllowed,
    ] {
        let words = words::far_sound("door", state, "").unwrap();
        told(&mut screen, far("door", state, "x"));
        screen.get_by_label(&words);
        told(&mut screen, far("door", SoundState::On, ""));
        assert!(screen.query_by_label(&words).is_none());
    }
}

#[test]
fn who_speaks_is_said_and_framed() {
    let mut screen = open(sounding());
    let (peer, on) = (peer("door"), true);
    told(&mut screen, SoundNotice::Speaking { peer, on });
    screen.get_by_label("Picture of door, speaking");
}

#[test]
fn a_call_tells_how_long_it_lasts() {
    let mut screen = open(talking());
    screen.get_by_label("door, 0:00");
    screen.state_mut().state.now += Duration::from_secs(67);
    screen.run();
    screen.get_by_label("door, 1:07");
}

#[test]
fn one_of_several_is_spoken_to_or_all() {
    let mut screen = open(two_talks());
    let to = |name| [Action::SpeakTo(Some(peer(name)))];
    let all = click(&mut screen, words::SPEAK_TO_ALL);
    assert_eq!(all, [Action::SpeakTo(None)]);
    assert_eq!(click(&mut screen, "Speak to yard"), to("yard"));
    screen.get_by_label(words::SPEAK_TO_ALL);
    screen.state_mut().state.act(&Action::Choose(peer("door")));
    screen.run();
    assert_eq!(click(&mut screen, "Speak to door"), to("door"));
}

#[test]
fn the_menu_chooses_how_loud_and_what_against_echo() {
    let mut screen = open(sounding());
    click(&mut screen, words::MORE);
    click(&mut screen, words::SOUND);
    let echo = click(&mut screen, words::TAKE_ECHO_AWAY);
    assert!(matches!(&echo[..], [Action::SetEcho(_)]), "{echo:?}");
    let hear = click(&mut screen, words::HEAR_YOURSELF);
    assert_eq!(hear, [Action::HearYourself(true)]);
    press(&mut screen, Modifiers::NONE, Key::Escape);
    screen.run();
    assert!(
        !screen.state().state.sound.hears_itself,
        "it ends with the panel"
    );
}

/// Watching the yard, whose box hears and talks.
fn watching_yard() -> State {
    let mut state = two_boxes();
    state.apply(joined("yard"));
    state.act(&Action::Watch(peer("yard")));
    state.apply(started("yard"));
    tell(&mut state, far("yard", SoundState::On, ""));
    state
}

#[test]
fn a_camera_is_silent_until_its_sound_is_turned_on() {
    let mut screen = open(watching_yard());
    let hear = |on| {
        let peer = peer("yard");
        [Action::Hear { peer, on }]
    };
    assert_eq!(click(&mut screen, words::SOUND_ON), hear(true));
    told(&mut screen, far("yard", SoundState::Muted, ""));
    screen.get_by_label("yard is muted");
    assert_eq!(click(&mut screen, words::SOUND_OFF), hear(false));
    assert!(screen.query_by_label("yard is muted").is_none());
    for state in [SoundState::NoMicrophone, SoundState::NotAllowed] {
        told(&mut screen, far("yard", state, ""));
        assert!(screen.query_by_label(words::SOUND_ON).is_none());
    }
}

#[test]
fn a_box_that_lets_us_talk_hears_us_while_button_or_key_is_held() {
    let mut screen = open(watching_yard());
    assert!(screen.query_by_label("Hold to talk to yard").is_none());
    told(&mut screen, listening("yard", true));
    let at = screen.get_by_label("Hold to talk to yard").rect().center();
    let pointer = |pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    pass(&mut screen);
    screen.hover_at(at);
    screen.event(pointer(true));
    screen.run();
    let yard = peer("yard");
    assert_eq!(screen.state_mut().take(), [Action::SpeakTo(Some(yard))]);
    // Two seconds are longer than any click.
    screen.run_steps(8);
    assert_eq!(screen.state_mut().take(), []);
    screen.event(pointer(false));
    screen.run();
    assert_eq!(screen.state_mut().take(), [Action::SpeakNoMore(yard)]);
    screen.key_down(Key::F7);
    screen.run();
    assert_eq!(screen.state_mut().take(), [Action::SpeakTo(Some(yard))]);
    screen.key_up(Key::F7);
    screen.run();
    assert_eq!(screen.state_mut().take(), [Action::SpeakNoMore(yard)]);
    let none = Action::SetMicrophone(DeviceName::None);
    screen.state_mut().state.act(&none);
    screen.run();
    assert!(screen.query_by_label("Hold to talk to yard").is_none());
}

#[test]
fn who_rings_is_answered_muted_and_with_a_named_microphone() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.apply(rings("door"));
    let mut screen = open(state);
    screen.get_by_label(words::USUAL_MICROPHONE);
    assert_eq!(click(&mut screen, words::MUTE), MUTE);
    told(&mut screen, microphone_on());
    screen.get_by_label("Jabra Evolve");
    let none = Action::SetMicrophone(DeviceName::None);
    screen.state_mut().state.act(&none);
    screen.run();
    screen.get_by_label("No microphone: they won't hear you");
    assert!(screen.query_by_label(words::UNMUTE).is_none());
    let state = &mut screen.state_mut().state;
    state.apply(ended("door", EndReason::Chosen));
}

#[test]
fn a_viewer_that_sees_or_hears_us_is_named_and_stopped_everywhere() {
    let mut screen = open(two_boxes());
    told(&mut screen, listening("yard", true));
    screen.get_by_label("yard hears your microphone");
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::F7), MUTE);
    assert!(
        screen
            .query_by_label("yard hears your microphone")
            .is_none()
    );
    let mut state = talking();
    state.calls.viewers.push(peer("yard"));
    let mut screen = open(state);
    screen.run_steps(20);
    let sees = words::sees_camera("yard");
    screen.get_by_label(&sees);
    let stop = click(&mut screen, &words::stop_that(&sees));
    assert_eq!(stop, [Action::StopViewer(peer("yard"))]);
}
