//! Sound, notice by notice.

use std::time::Duration;

use transom::sounds::{DeviceState, OwnLevel, ToneKind};
use transom::{EndReason, Notice, SoundNotice, SoundState};

use super::calls_tests::{rings, talk, talking};
use super::tests::{ended, joined, peer, started, two_boxes};
use super::*;

/// In a call with the door, which is heard and hears us.
pub(crate) fn sounding() -> State {
    let mut state = talking();
    tell(&mut state, far("door", SoundState::On, ""));
    tell(&mut state, listening("door", true));
    tell(&mut state, microphone_on());
    state
}

pub(crate) fn tell(state: &mut State, notice: SoundNotice) {
    state.apply(Notice::Sound(notice));
}

pub(crate) fn far(name: &str, state: SoundState, text: &str) -> SoundNotice {
    SoundNotice::FarSound {
        peer: peer(name),
        state,
        text: text.into(),
    }
}

pub(crate) fn listening(name: &str, on: bool) -> SoundNotice {
    let peer = peer(name);
    SoundNotice::Listening { on, peer }
}

pub(crate) fn microphone_on() -> SoundNotice {
    let words = "Jabra Evolve".into();
    SoundNotice::Microphone(DeviceState::On { words })
}

pub(crate) fn microphone_lost() -> SoundNotice {
    SoundNotice::Microphone(DeviceState::Lost {
        words: "Jabra Evolve was unplugged".into(),
        for_peers: "the microphone was unplugged",
    })
}

pub(crate) fn level(dbfs: f32) -> SoundNotice {
    let speaks = dbfs > -40.0;
    SoundNotice::Level(OwnLevel { dbfs, speaks })
}

#[test]
fn a_lost_microphone_is_told_until_it_is_back() {
    let mut state = sounding();
    tell(&mut state, level(-20.0));
    tell(&mut state, microphone_lost());
    assert_eq!(
        state.status,
        "Your microphone gives no sound: Jabra Evolve was unplugged"
    );
    assert_eq!(state.sound.level, None, "no bar moves");
    tell(&mut state, microphone_on());
    assert_eq!(state.status, "");
}

#[test]
fn a_loudspeaker_that_another_replaces_is_told_with_both_names() {
    let mut state = sounding();
    tell(
        &mut state,
        SoundNotice::Speaker(DeviceState::Replaced {
            words: "Built-in".into(),
            lost: "Jabra Evolve was unplugged".into(),
        }),
    );
    assert_eq!(
        state.status,
        "Your loudspeaker can't be used: Jabra Evolve was unplugged; Built-in plays in its place"
    );
}

#[test]
fn muted_speech_is_told_for_some_seconds_and_only_while_muted() {
    let mut state = sounding();
    tell(&mut state, SoundNotice::MutedSpeech);
    assert!(!state.speaks_muted());
    state.act(&Action::Mute(true));
    assert!(!state.speaks_muted(), "that was before");
    tell(&mut state, SoundNotice::MutedSpeech);
    assert!(state.speaks_muted());
    state.now += Duration::from_secs(4);
    assert!(!state.speaks_muted());
    tell(&mut state, SoundNotice::MutedSpeech);
    state.act(&Action::Mute(false));
    assert!(!state.speaks_muted());
}

#[test]
fn nothing_of_sound_outlives_its_call() {
    let mut state = sounding();
    let speaking = |on| SoundNotice::Speaking { on, peer: peer("door") };
    tell(&mut state, speaking(true));
    assert!(state.calls.of(peer("door")).unwrap().sound.speaks);
    state.apply(ended("door", EndReason::Chosen));
    let call = state.calls.of(peer("door")).unwrap();
    assert_eq!((call.sound.speaks, call.far_sound_words()), (false, None));
    assert!(state.sound.listeners.is_empty());
}
