//! Sound, notice by notice.

use std::time::Duration;

use transom::sounds::{DeviceName, DeviceState, Loss, OwnLevel, ToneKind};
use transom::{CallKind, EndReason, Notice, SoundNotice, SoundState};

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
        loss: Loss::Unplugged,
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
    let told = words::own_microphone_lost(&state.sound.microphone);
    let sentence = "Your microphone gives no sound: Jabra Evolve was unplugged";
    assert_eq!(told.as_deref(), Some(sentence));
    assert_eq!(state.sound.level, None, "no bar moves");
    tell(&mut state, microphone_on());
    assert_eq!(words::own_microphone_lost(&state.sound.microphone), None);
}

#[test]
fn a_microphone_that_is_not_there_is_not_called_unplugged() {
    let mut state = sounding();
    tell(
        &mut state,
        SoundNotice::Microphone(DeviceState::Lost {
            words: "no sound device found; plug one in".into(),
            for_peers: "no sound device was found",
            loss: Loss::Missing,
        }),
    );
    let OwnSound::Lost(loss) = own(&state, "door") else {
        panic!("{:?}", own(&state, "door"));
    };
    let sentence = "No microphone found. door can't hear you.";
    assert_eq!(words::microphone_lost("door", loss), sentence);
    let told = words::own_microphone_lost(&state.sound.microphone);
    assert_eq!(told.as_deref(), Some("No microphone found"));
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
    let sentence = "Your loudspeaker can't be used: Jabra Evolve was unplugged. Now: Built-in.";
    let told = words::speaker_lost(&state.sound.speaker);
    assert_eq!(told.as_deref(), Some(sentence));
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
    let speaking = |on| SoundNotice::Speaking {
        on,
        peer: peer("door"),
    };
    tell(&mut state, speaking(true));
    assert!(state.calls.of(peer("door")).unwrap().sound.speaks);
    state.apply(ended("door", EndReason::Leaving));
    let call = state.calls.of(peer("door")).unwrap();
    assert_eq!((call.sound.speaks, &call.sound.state), (false, &None));
    assert!(state.sound.listeners.is_empty());
}

fn own(state: &State, name: &str) -> OwnSound {
    state.own_sound(state.calls.of(peer(name)).unwrap())
}

/// In calls with the door and the yard, both of which listen; the yard was answered last.
pub(crate) fn two_talks() -> State {
    let mut state = sounding();
    state.apply(rings("yard"));
    state.act(&Action::Answer {
        peer: peer("yard"),
        camera: false,
    });
    state.apply(talk("yard", false, false));
    tell(&mut state, far("yard", SoundState::On, ""));
    tell(&mut state, listening("yard", true));
    state
}

#[test]
fn of_several_calls_the_last_is_spoken_to_or_the_chosen_one_or_all() {
    let mut state = two_talks();
    let both = |state: &State| (own(state, "door"), own(state, "yard"));
    assert_eq!(both(&state), (OwnSound::OnHold, OwnSound::Heard));
    state.act(&Action::SpeakTo(Some(peer("door"))));
    assert_eq!(both(&state), (OwnSound::Heard, OwnSound::OnHold));
    state.act(&Action::SpeakTo(None));
    assert_eq!(both(&state), (OwnSound::Heard, OwnSound::Heard));
    state.act(&Action::SpeakTo(Some(peer("door"))));
    state.act(&Action::HangUp(peer("door")));
    assert_eq!(own(&state, "yard"), OwnSound::Heard);
}

#[test]
fn what_a_peer_gets_of_our_microphone_is_known() {
    let mut state = sounding();
    assert_eq!(own(&state, "door"), OwnSound::Heard);
    state.act(&Action::Mute(true));
    assert_eq!(own(&state, "door"), OwnSound::Muted);
    tell(&mut state, microphone_lost());
    assert_eq!(own(&state, "door"), OwnSound::Lost(Loss::Unplugged));
    tell(&mut state, listening("door", false));
    assert_eq!(own(&state, "door"), OwnSound::Unheard);
    state.act(&Action::SetMicrophone(DeviceName::None));
    assert_eq!(own(&state, "door"), OwnSound::NoMicrophone);
}

#[test]
fn a_viewer_that_hears_us_is_named_unless_we_talk_with_somebody() {
    let mut state = two_boxes();
    state.apply(joined("yard"));
    tell(&mut state, listening("yard", true));
    let hidden = |state: &State| state.hidden_listeners().collect::<Vec<_>>();
    assert_eq!(hidden(&state), [peer("yard")]);
    assert!(state.can_mute());
    state.act(&Action::Mute(true));
    assert!(hidden(&state).is_empty());
    let mut state = sounding();
    tell(&mut state, listening("yard", true));
    assert!(hidden(&state).is_empty(), "on hold");
    state.act(&Action::SpeakTo(None));
    assert_eq!(hidden(&state), [peer("yard")]);
}

#[test]
fn a_box_hears_us_only_while_it_is_spoken_to() {
    let mut state = two_boxes();
    state.apply(joined("yard"));
    state.act(&Action::Watch(peer("yard")));
    state.apply(started("yard"));
    tell(&mut state, far("yard", SoundState::On, ""));
    tell(&mut state, listening("yard", true));
    tell(&mut state, microphone_on());
    assert_eq!(own(&state, "yard"), OwnSound::OnHold);
    state.act(&Action::SpeakTo(Some(peer("yard"))));
    assert_eq!(own(&state, "yard"), OwnSound::Heard);
    state.act(&Action::SpeakNoMore(peer("yard")));
    assert_eq!(own(&state, "yard"), OwnSound::OnHold);
}

#[test]
fn tones_say_that_somebody_rings_here_or_there() {
    let mut state = talking();
    assert_eq!(state.duties().tone, None);
    state.apply(rings("yard"));
    assert_eq!(state.duties().tone, Some(ToneKind::Ring));
    state.config.bell = false;
    assert_eq!(state.duties().tone, None);
    state.act(&Action::Decline(peer("yard")));
    state.apply(ended("yard", EndReason::Chosen));
    state.act(&Action::Call(peer("yard")));
    assert_eq!(state.duties().tone, Some(ToneKind::RingBack));
    state.apply(talk("yard", true, false));
    assert_eq!(state.duties().tone, None);
    // What we answer does not ring there.
    state.act(&Action::HangUp(peer("yard")));
    state.apply(ended("yard", EndReason::Chosen));
    state.apply(rings("yard"));
    state.act(&Action::Answer {
        peer: peer("yard"),
        camera: false,
    });
    assert_eq!(state.duties().tone, None);
}

#[test]
fn a_camera_that_was_heard_is_heard_again_and_who_is_talked_with_always_is() {
    let mut state = two_boxes();
    let yard = peer("yard");
    state.apply(joined("yard"));
    state.act(&Action::Watch(yard));
    state.apply(started("yard"));
    let heard = |state: &State| state.calls.of(yard).is_some_and(|call| call.heard);
    assert!(!heard(&state));
    state.act(&Action::Hear {
        peer: yard,
        on: true,
    });
    state.act(&Action::HangUp(yard));
    state.apply(ended("yard", EndReason::Chosen));
    state.act(&Action::Watch(yard));
    state.apply(started("yard"));
    assert!(heard(&state));
    state.act(&Action::Hear {
        peer: yard,
        on: false,
    });
    assert!(!state.hears(yard, CallKind::View));
    assert!(state.hears(yard, CallKind::Talk));
}
