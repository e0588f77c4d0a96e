//! The dialog *Sound…*, by labels.

use transom::SoundNotice;
use transom::sounds::{Device, DeviceKind, DeviceName, EchoMode, ToneKind};

use super::*;
use crate::model::sound_tests::{level, microphone_lost, sounding, tell};
use crate::model::{Dialog, Theme, Volume};

fn device(name: &str, words: &str, kind: DeviceKind) -> Device {
    Device {
        name: name.parse().unwrap(),
        words: words.into(),
        kind,
        is_default: false,
        offers: String::new(),
        usable: Ok(()),
    }
}

fn found(state: &mut State) {
    let mut camera = device("server:cam", "Webcam\u{1b}", DeviceKind::Microphone);
    camera.is_default = true;
    let mut card = device("hw:PCH", "Built-in", DeviceKind::Microphone);
    card.usable = Err("another program has it".into());
    let headset = device("server:headset", "Headset", DeviceKind::Microphone);
    let boxes = device("server:boxes", "Boxes", DeviceKind::Speaker);
    let devices = vec![camera, card, headset, boxes];
    tell(state, SoundNotice::Devices(devices));
}

/// In a call with the door, the dialog open and the devices found.
fn choosing() -> Screen {
    let mut screen = open(sounding());
    let (peer, back) = (Some(peer("door")), None);
    let asked = [Action::Open(Dialog::Sound { peer, back })];
    assert_eq!(click(&mut screen, "Sound…"), asked);
    screen.get_by_label("Looking for microphones and loudspeakers…");
    found(&mut screen.state_mut().state);
    screen.run();
    screen
}

fn named(name: &str) -> DeviceName {
    name.parse().unwrap()
}

#[test]
fn another_microphone_is_chosen_within_a_call() {
    let mut screen = choosing();
    screen.get_by_label("The usual microphone: Webcam\\u{1b}");
    let headset = Action::SetMicrophone(named("server:headset"));
    assert_eq!(click(&mut screen, "Headset"), [headset]);
    // What is chosen is chosen.
    assert_eq!(click(&mut screen, "Headset"), []);
    let none = Action::SetMicrophone(DeviceName::None);
    assert_eq!(click(&mut screen, "No microphone: nobody hears me"), [none]);
}

#[test]
fn another_loudspeaker_is_chosen_and_tried() {
    let mut screen = choosing();
    let boxes = Action::SetSpeaker(named("server:boxes"));
    assert_eq!(click(&mut screen, "Boxes"), [boxes]);
    let tone = Action::Tone(Some(ToneKind::Test));
    assert_eq!(click(&mut screen, "Play a test tone"), [tone]);
    let none = Action::SetSpeaker(DeviceName::None);
    assert_eq!(click(&mut screen, "No loudspeaker: I hear nobody"), [none]);
}

#[test]
fn a_device_that_can_not_be_used_says_why_and_is_not_chosen() {
    let mut screen = choosing();
    assert_eq!(click(&mut screen, "Built-in (another program has it)"), []);
    assert_eq!(screen.state().state.config.microphone, DeviceName::Auto);
}

#[test]
fn a_device_that_is_unplugged_stays_chosen_and_is_said_to_be_away() {
    let mut screen = choosing();
    let gone = "server:headset (not found now; it is used when it is back)";
    click(&mut screen, "Headset");
    assert!(screen.query_by_label(gone).is_none());
    let boxes = device("server:boxes", "Boxes", DeviceKind::Speaker);
    tell(
        &mut screen.state_mut().state,
        SoundNotice::Devices(vec![boxes]),
    );
    tell(&mut screen.state_mut().state, microphone_lost());
    screen.run();
    screen.get_by_label(gone);
    let chosen = &screen.state().state.sound.settings.microphone;
    assert_eq!(*chosen, named("server:headset"), "nothing takes its place");
    assert_eq!(click(&mut screen, "Look again"), [Action::ListSounds]);
}

#[test]
fn each_pair_of_devices_has_its_own_way_against_echo() {
    let mut screen = choosing();
    let off = [Action::SetEcho(EchoMode::Off)];
    let echo = |screen: &Screen| screen.state().state.sound.settings.echo;
    click(&mut screen, "Headset");
    assert_eq!(click(&mut screen, "Nothing: I use headphones"), off);
    assert_eq!(echo(&screen), EchoMode::Off);
    click(&mut screen, "The usual microphone: Webcam\\u{1b}");
    assert_eq!(echo(&screen), EchoMode::Cancel);
    let duck = "Turn the microphone down while the loudspeaker speaks";
    assert_eq!(click(&mut screen, duck), [Action::SetEcho(EchoMode::Duck)]);
    click(&mut screen, "Headset");
    assert_eq!(echo(&screen), EchoMode::Off);
    let cancel = [Action::SetEcho(EchoMode::Cancel)];
    assert_eq!(click(&mut screen, "Cancel the loudspeaker's echo"), cancel);
}

#[test]
fn one_hears_oneself_until_the_dialog_closes() {
    let mut screen = choosing();
    let label = "Hear yourself, best with headphones";
    assert_eq!(click(&mut screen, label), [Action::HearYourself(true)]);
    assert!(screen.state().state.duties().hear_yourself);
    tell(&mut screen.state_mut().state, level(-30.0));
    screen.run();
    assert!(screen.query_all_by_label("Your microphone").count() > 0);
    press(&mut screen, Modifiers::NONE, Key::Escape);
    assert_eq!(screen.state().state.dialog, None);
    assert!(!screen.state().state.duties().hear_yourself);
}

#[test]
fn a_contact_is_made_louder_and_that_is_remembered() {
    let mut screen = choosing();
    let door = peer("door");
    screen.get_by_label_contains("Volume of door");
    let slider = screen.get_by_role_and_label(Role::Slider, "Volume of door");
    slider.focus();
    screen.run();
    screen.state_mut().take();
    let actions = press(&mut screen, Modifiers::NONE, Key::ArrowRight);
    let volume = screen.state().state.preferences(door).volume;
    assert!(volume > Volume(100), "{volume:?}");
    let preferences = screen.state().state.preferences(door);
    let set = Action::SetVolume { peer: door, volume };
    let kept = Action::Prefer {
        peer: door,
        preferences,
    };
    assert_eq!(actions, [set, kept]);
}

#[test]
fn devices_chosen_from_the_settings_are_kept_with_them() {
    let mut screen = open(at_home());
    click(&mut screen, "Settings");
    click(&mut screen, "Light");
    click(&mut screen, "Sound…");
    found(&mut screen.state_mut().state);
    screen.run();
    assert!(screen.query_by_label("Volume of door").is_none());
    click(&mut screen, "Headset");
    click(&mut screen, "Close");
    assert!(matches!(
        screen.state().state.dialog,
        Some(Dialog::Settings(_))
    ));
    let saved = click(&mut screen, "Save");
    let Some(Action::SaveSettings(config)) = saved.last() else {
        panic!("{saved:?}");
    };
    assert_eq!(config.microphone, named("server:headset"));
    assert_eq!(config.theme, Theme::Light);
}

#[test]
fn looks_like_a_choice_of_devices_within_a_call() {
    let mut screen = choosing();
    click(&mut screen, "Headset");
    screen.state_mut().state.act(&Action::HearYourself(true));
    tell(&mut screen.state_mut().state, level(-24.0));
    screen.run();
    snapshot(screen, "sound");
}

#[test]
fn looks_like_a_call_in_which_both_speak() {
    let mut state = sounding();
    tell(&mut state, level(-24.0));
    let speaking = SoundNotice::Speaking {
        on: true,
        peer: peer("door"),
    };
    tell(&mut state, speaking);
    snapshot(open(state), "speaking");
}
