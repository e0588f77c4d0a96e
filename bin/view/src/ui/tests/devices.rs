//! The dialog of the sound, by labels.

use transom::SoundNotice;
use transom::sounds::{Device, DeviceKind, DeviceName, EchoMode, ToneKind};

use super::*;
use crate::model::sound_tests::{level, microphone_lost, sounding, tell};
use crate::model::{Dialog, SettingsForm, SettingsPage, Volume};

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

/// In a call with the door, the page of the sound open and the devices found.
fn choosing() -> Screen {
    let mut state = sounding();
    let page = SettingsPage::Sound;
    let form = SettingsForm {
        page,
        ..SettingsForm::of(&state)
    };
    state.act(&Action::Open(Dialog::Settings(Box::new(form))));
    let mut screen = open(state);
    found(&mut screen.state_mut().state);
    screen.run();
    screen
}

/// Opens the list of that name and clicks there.
fn choose(screen: &mut Screen, list: &str, device: &str) -> Vec<Action> {
    pass(screen);
    screen.get_by_role_and_label(Role::ComboBox, list).click();
    screen.run();
    let entry = screen.get_by_role_and_label(Role::RadioButton, device);
    entry.click();
    screen.run();
    // One that can't be chosen leaves the list open.
    let taken = screen.state_mut().take();
    if egui::Popup::is_any_open(&screen.ctx) {
        press(screen, Modifiers::NONE, Key::Escape);
    }
    taken
}

const MICROPHONE: &str = words::MICROPHONE;
const SPEAKER: &str = words::LOUDSPEAKER;

fn named(name: &str) -> DeviceName {
    name.parse().unwrap()
}

#[test]
fn another_microphone_is_chosen_within_a_call() {
    let mut screen = choosing();
    let usual = "Usual microphone: Webcam\\u{1b}";
    let shown = screen.get_by_role_and_label(Role::ComboBox, MICROPHONE);
    assert_eq!(shown.value().as_deref(), Some(usual));
    let headset = Action::SetMicrophone(named("server:headset"));
    assert_eq!(choose(&mut screen, MICROPHONE, "Headset"), [headset]);
    // What is chosen is chosen.
    assert_eq!(choose(&mut screen, MICROPHONE, "Headset"), []);
    let none = Action::SetMicrophone(DeviceName::None);
    assert_eq!(
        choose(&mut screen, MICROPHONE, words::NO_MICROPHONE),
        [none]
    );
}

#[test]
fn another_loudspeaker_is_chosen_and_tried() {
    let mut screen = choosing();
    let boxes = Action::SetSpeaker(named("server:boxes"));
    assert_eq!(choose(&mut screen, SPEAKER, "Boxes"), [boxes]);
    let tone = Action::Tone(Some(ToneKind::Test));
    assert_eq!(click(&mut screen, words::PLAY_A_TONE), [tone]);
    let none = Action::SetSpeaker(DeviceName::None);
    assert_eq!(choose(&mut screen, SPEAKER, words::NO_LOUDSPEAKER), [none]);
}

#[test]
fn a_device_that_can_not_be_used_says_why_and_is_not_chosen() {
    let mut screen = choosing();
    let taken = "Built-in (another program has it)";
    assert_eq!(choose(&mut screen, MICROPHONE, taken), []);
    assert_eq!(screen.state().state.config.microphone, DeviceName::Auto);
}

#[test]
fn a_device_that_is_unplugged_stays_chosen_and_is_said_to_be_away() {
    let mut screen = choosing();
    choose(&mut screen, MICROPHONE, "Headset");
    let boxes = device("server:boxes", "Boxes", DeviceKind::Speaker);
    tell(
        &mut screen.state_mut().state,
        SoundNotice::Devices(vec![boxes]),
    );
    tell(&mut screen.state_mut().state, microphone_lost());
    screen.run();
    let gone = "server:headset (not found now; it is used when it is back)";
    let shown = screen.get_by_role_and_label(Role::ComboBox, MICROPHONE);
    assert_eq!(shown.value().as_deref(), Some(gone));
    let chosen = &screen.state().state.sound.settings.microphone;
    assert_eq!(*chosen, named("server:headset"), "nothing takes its place");
    assert_eq!(click(&mut screen, words::LOOK_AGAIN), [Action::ListSounds]);
}

#[test]
fn each_pair_of_devices_has_its_own_way_against_echo() {
    let mut screen = choosing();
    let off = [Action::SetEcho(EchoMode::Off)];
    let echo = |screen: &Screen| screen.state().state.sound.settings.echo;
    choose(&mut screen, MICROPHONE, "Headset");
    assert_eq!(click(&mut screen, words::ECHO_OFF), off);
    assert_eq!(echo(&screen), EchoMode::Off);
    choose(&mut screen, MICROPHONE, "Usual microphone: Webcam\\u{1b}");
    assert_eq!(echo(&screen), EchoMode::Cancel);
    let duck = [Action::SetEcho(EchoMode::Duck)];
    assert_eq!(click(&mut screen, words::ECHO_LOWER), duck);
    choose(&mut screen, MICROPHONE, "Headset");
    assert_eq!(echo(&screen), EchoMode::Off);
    let cancel = [Action::SetEcho(EchoMode::Cancel)];
    assert_eq!(click(&mut screen, words::ECHO_REMOVE), cancel);
}

#[test]
fn one_hears_oneself_until_the_dialog_closes() {
    let mut screen = choosing();
    let label = words::HEAR_YOURSELF;
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
fn a_contact_is_made_louder_in_its_sheet_and_that_is_remembered() {
    let mut state = sounding();
    let door = peer("door");
    state.act(&Action::Sheet(true));
    let mut screen = open(state);
    let slider = screen.get_by_role_and_label(Role::Slider, "door's volume");
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
fn the_page_of_the_sound_looks_for_devices_when_it_is_opened() {
    let mut screen = open(at_home());
    click(&mut screen, words::SETTINGS);
    let opened = click(&mut screen, words::page(SettingsPage::Sound));
    assert!(opened.contains(&Action::ListSounds), "{opened:?}");
    let opened = click(&mut screen, words::page(SettingsPage::Camera));
    assert!(opened.contains(&Action::ListCameras), "{opened:?}");
}
