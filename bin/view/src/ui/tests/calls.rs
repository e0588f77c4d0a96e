//! Calls on the screen: beginning, answering, ending, the own picture, films, numbers and keys.

use egui::pos2;
use transom::media::{CaptureRequest, Device, DeviceProblem, Source};
use transom::{EndReason, SoundNumbers};

use crate::model::calls_tests::{interrupted, rings, talk, talking};
use crate::model::tests::ended;
use crate::model::{Corner, Preferences, Sample};

use super::arrivals::{comes, middle};
use super::*;

pub(super) fn here() -> State {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.apply(joined("yard"));
    state.calls.own.request = Some(CaptureRequest::default());
    state
}

pub(super) fn apply(screen: &mut Screen, notice: Notice) {
    screen.state_mut().state.apply(notice);
    screen.run();
}

fn answer(name: &str, camera: bool) -> Action {
    Action::Answer {
        peer: peer(name),
        camera,
    }
}

fn own_camera(on: bool) -> Action {
    Action::ShowCamera {
        peer: peer("door"),
        on,
    }
}

/// Calls the door without our camera.
fn call(screen: &mut Screen) -> Vec<Action> {
    let actions = click(screen, words::CALL);
    actions
        .into_iter()
        .filter(|one| !matches!(one, Action::Prefer { .. }))
        .collect()
}

#[test]
fn a_call_going_out_is_cancelled_or_becomes_a_talk() {
    let mut screen = open(here());
    let end = [Action::HangUp(peer("door"))];
    assert_eq!(call(&mut screen), [Action::Call(peer("door"))]);
    screen.get_by_label("Calling door");
    screen.get_by_label(words::IT_RINGS);
    assert_eq!(click(&mut screen, words::CANCEL), end);
    call(&mut screen);
    apply(&mut screen, talk("door", true, false));
    screen.get_by_label("door shows no picture yet");
    assert_eq!(click(&mut screen, words::START_VIDEO), [own_camera(true)]);
    assert_eq!(click(&mut screen, words::STOP_VIDEO), [own_camera(false)]);
    assert_eq!(click(&mut screen, words::HANG_UP), end);
    assert!(screen.query_by_label(words::HANG_UP).is_none());
    screen.get_by_label(words::CALL);
}

#[test]
fn a_video_call_shows_our_camera_and_a_call_does_not() {
    for (button, on) in [(words::VIDEO_CALL, true), (words::CALL, false)] {
        let mut screen = open(here());
        click(&mut screen, button);
        assert_eq!(screen.state().state.calls.open[0].camera_on, on, "{button}");
    }
}

#[test]
fn a_call_is_begun_by_a_chord() {
    let chord = Modifiers::COMMAND | Modifiers::SHIFT;
    for (key, on) in [(Key::C, false), (Key::Y, true)] {
        let mut screen = open(here());
        screen.key_press_modifiers(chord, key);
        screen.run();
        let call = screen.state().state.calls.of(peer("door"));
        assert_eq!(call.map(|call| call.camera_on), Some(on));
    }
}

#[test]
fn without_a_camera_the_button_leads_to_the_choice_of_one() {
    let mut state = talking();
    state.act(&Action::SetCamera(None));
    let mut screen = open(state);
    assert_eq!(click(&mut screen, words::NO_CAMERA_BUTTON), []);
    screen.get_by_label(words::NUMBERS);
}

#[test]
fn who_rings_is_named_and_answered_three_ways() {
    for (button, wanted) in [
        (words::ANSWER, answer("yard", false)),
        (words::ANSWER_WITH_VIDEO, answer("yard", true)),
        (words::DECLINE, Action::Decline(peer("yard"))),
    ] {
        let mut screen = open(here());
        apply(&mut screen, rings("yard"));
        screen.get_by_label("yard is calling");
        screen.get_by_label_contains(words::NOT_VERIFIED);
        assert_eq!(click(&mut screen, button), [wanted]);
        assert!(screen.query_by_label(words::DECLINE).is_none());
    }
}

#[test]
fn who_rings_can_be_silenced_and_our_picture_looked_at_first() {
    let mut state = here();
    state.config.bell = true;
    state.apply(rings("yard"));
    let mut screen = open(state);
    assert!(screen.state().state.duties().tone.is_some());
    assert_eq!(click(&mut screen, words::SILENCE), [Action::Silence]);
    assert_eq!(screen.state().state.duties().tone, None);
    let check = click(&mut screen, words::CHECK_MY_PICTURE);
    assert_eq!(check, [Action::ShowOwn(true)]);
    assert!(screen.state().state.duties().preview);
    click(&mut screen, words::HIDE_MY_PICTURE);
    assert!(!screen.state().state.duties().preview);
}

#[test]
fn several_who_ring_are_answered_one_by_one() {
    let chord = Modifiers::COMMAND | Modifiers::SHIFT;
    let mut screen = open(here());
    apply(&mut screen, rings("yard"));
    apply(&mut screen, rings("door"));
    assert_eq!(screen.get_all_by_label(words::DECLINE).count(), 2);
    pass(&mut screen);
    let decline = [Action::Decline(peer("yard"))];
    assert_eq!(press(&mut screen, chord, Key::D), decline);
    pass(&mut screen);
    assert_eq!(press(&mut screen, chord, Key::A), [answer("door", false)]);
}

#[test]
fn busy_and_unanswered_are_told_and_called_again() {
    let mut screen = open(here());
    call(&mut screen);
    apply(&mut screen, ended("door", EndReason::Busy));
    screen.get_by_label("door is busy");
    let again = [Action::Call(peer("door"))];
    assert_eq!(click(&mut screen, words::CALL_AGAIN), again);
    apply(&mut screen, ended("door", EndReason::Unanswered));
    screen.get_by_label("door didn't answer");
    let end = [Action::HangUp(peer("door"))];
    assert_eq!(click(&mut screen, words::CLOSE), end);
    assert!(screen.query_by_label(words::CLOSE).is_none());
}

#[test]
fn a_call_that_was_hung_up_leads_back_to_the_page() {
    let mut screen = open(talking());
    apply(&mut screen, ended("door", EndReason::Chosen));
    assert!(screen.query_by_label("Picture of door").is_none());
    screen.get_by_label(words::CALL);
}

#[test]
fn who_is_away_rings_when_they_are_back() {
    let mut screen = open(two_boxes());
    call(&mut screen);
    screen.get_by_label("door is away. It rings when they're back.");
}

#[test]
fn a_missed_call_is_told_in_its_row_until_it_is_looked_at() {
    let mut screen = open(here());
    apply(&mut screen, rings("yard"));
    apply(&mut screen, ended("yard", EndReason::Unanswered));
    screen.get_by_label("yard, online, missed call");
    click(&mut screen, "yard, online, missed call");
    screen.get_by_label("yard, online");
}

#[test]
fn an_interrupted_call_says_that_it_comes_back_and_can_be_hung_up() {
    let mut screen = open(talking());
    screen.state_mut().state.apply(interrupted("door"));
    screen.run_steps(3);
    screen.get_by_label(words::RECONNECTING);
    screen.get_by_label(words::HANG_UP);
    apply(&mut screen, talk("door", true, true));
    assert!(screen.query_by_label(words::RECONNECTING).is_none());
    screen.state_mut().state.apply(interrupted("door"));
    screen.run_steps(3);
    screen.key_press_modifiers(Modifiers::COMMAND, Key::H);
    screen.run_steps(2);
    let end = [Action::HangUp(peer("door"))];
    assert_eq!(screen.state_mut().take(), end);
}

#[test]
fn the_controls_go_after_three_seconds_and_come_back_with_the_mouse() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    state.act(&own_camera(false));
    let mut screen = open(state);
    screen.hover_at(pos2(600.0, 300.0));
    screen.run_steps(4);
    screen.get_by_label(words::HANG_UP);
    screen.run_steps(16);
    assert!(screen.query_by_label(words::HANG_UP).is_none());
    screen.hover_at(pos2(610.0, 300.0));
    screen.run_steps(2);
    screen.get_by_label(words::HANG_UP);
    // What has the keyboard stays.
    screen.get_by_label(words::HANG_UP).focus();
    screen.run_steps(20);
    screen.get_by_label(words::HANG_UP);
}

#[test]
fn what_must_be_known_stays_when_the_controls_go() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    let (on, door) = (true, peer("door"));
    state.apply(Notice::FarRecording { peer: door, on });
    state.act(&Action::Record { peer: door, on });
    let mut screen = open(state);
    screen.run_steps(20);
    assert!(screen.query_by_label(words::HANG_UP).is_none());
    screen.get_by_label("door records this");
    screen.get_by_label(words::YOU_RECORD);
}

#[test]
fn a_call_goes_to_the_corner_and_is_enlarged_again() {
    let mut screen = open(talking());
    click(&mut screen, "Show the list");
    click(&mut screen, "yard, online");
    screen.get_by_label("Picture of door");
    screen.get_by_label(words::VIDEO_CALL);
    let enlarge = [Action::Choose(peer("door"))];
    assert_eq!(click(&mut screen, words::ENLARGE), enlarge);
    screen.get_by_label(words::CHAT);
}

#[test]
fn a_picture_is_turned_mirrored_and_filled_by_menu_and_by_key() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    let mut screen = open(state);
    let prefer = |preferences| {
        let peer = peer("door");
        [Action::Prefer { peer, preferences }]
    };
    click(&mut screen, words::MORE);
    let mut like = screen.state().state.preferences(peer("door"));
    like.rotate = 1;
    assert_eq!(click(&mut screen, words::TURN), prefer(like));
    like.mirror = true;
    let command = Modifiers::COMMAND;
    assert_eq!(press(&mut screen, command, Key::M), prefer(like));
    like.fill = true;
    assert_eq!(press(&mut screen, command, Key::G), prefer(like));
    assert_eq!(screen.state().state.preferences(peer("door")), like);
    let _: Preferences = like;
}

#[test]
fn a_picture_is_saved_and_a_film_begun_and_ended() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    let mut screen = open(state);
    let record = |on| {
        let peer = peer("door");
        [Action::Record { peer, on }]
    };
    let command = Modifiers::COMMAND;
    let snapshot = [Action::Snapshot(peer("door"))];
    assert_eq!(press(&mut screen, command, Key::S), snapshot);
    assert_eq!(press(&mut screen, command, Key::E), record(true));
    screen.get_by_label(words::YOU_RECORD);
    click(&mut screen, words::MORE);
    assert_eq!(click(&mut screen, words::STOP_RECORDING), record(false));
    assert!(screen.query_by_label(words::YOU_RECORD).is_none());
}

#[test]
fn the_menu_goes_with_esc_and_with_a_click_beside_it() {
    let mut screen = open(talking());
    click(&mut screen, words::MORE);
    screen.get_by_label(words::NUMBERS);
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Escape), []);
    assert!(screen.query_by_label(words::NUMBERS).is_none());
    click(&mut screen, words::MORE);
    pass(&mut screen);
    for pressed in [true, false] {
        screen.event(egui::Event::PointerMoved(pos2(300.0, 200.0)));
        screen.event(egui::Event::PointerButton {
            pos: pos2(300.0, 200.0),
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
    }
    screen.run();
    assert!(screen.query_by_label(words::NUMBERS).is_none());
}

#[test]
fn the_numbers_come_and_go_with_a_key() {
    let mut screen = open(talking());
    let on = [Action::Overlay(true)];
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::F3), on);
    screen.get_by_label(words::NO_PICTURES_NOW);
    let now = std::time::Instant::now();
    for sequence in 0..2 {
        let sample = Sample {
            bytes: 100_000,
            sequence,
            undecoded: 0,
            unseen: 0,
            stages: transom::latency::Stages::default(),
            received: now,
            decoded: now,
            presented: now,
        };
        let state = &mut screen.state_mut().state;
        state.presented(Face::Peer(peer("door")), sample);
    }
    let millis = std::time::Duration::from_millis;
    let numbers = transom::Numbers {
        rtt: Some(std::time::Duration::from_micros(1500)),
        sound: Some(SoundNumbers {
            delay: Some(millis(45)),
            skew_us: Some(-12_400),
            ..SoundNumbers::default()
        }),
        quality: Some(transom::Quality {
            fps: Some(10),
            quality: None,
            size: (320, 240),
            bottleneck: Some(transom::Bottleneck::Viewer),
        }),
        ..transom::Numbers::default()
    };
    let peer = peer("door");
    let state = &mut screen.state_mut().state;
    state.apply(Notice::Measured { peer, numbers });
    // The picture is a second old soon.
    screen.step();
    screen.get_by_label("Rate: 1.6 Mbit/s");
    screen.get_by_label("Sound: 12 ms behind");
    screen.get_by_label("Round trip 1.5 ms");
    screen.get_by_label_contains("Sound: 45.0 ms old");
    screen.get_by_label_contains("Your picture is reduced: 10 fps, 320x240");
    let off = [Action::Overlay(false)];
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::F3), off);
}

#[test]
fn one_window_lists_all_keys() {
    let mut screen = open(here());
    let help = press(&mut screen, Modifiers::NONE, Key::F1);
    assert_eq!(help, [Action::Help(true)]);
    for (key, what) in words::KEYS {
        assert!(screen.query_all_by_label(key).next().is_some(), "{key}");
        assert!(screen.query_all_by_label(what).next().is_some(), "{what}");
    }
    let away = press(&mut screen, Modifiers::NONE, Key::Escape);
    assert_eq!(away, [Action::Help(false)]);
    assert!(screen.query_by_label("F11, F").is_none());
}

#[test]
fn escape_ends_no_call_that_one_talks_in() {
    let mut screen = open(talking());
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Escape), []);
    screen.get_by_label(words::HANG_UP);
}

#[test]
fn a_talk_is_reached_by_the_keyboard_alone() {
    let mut screen = open(talking());
    for label in [
        words::MUTE,
        words::START_VIDEO,
        words::CHAT,
        words::FULL_SCREEN,
        words::MORE,
        words::HANG_UP,
        "Show the list",
    ] {
        let reached = (0..40).any(|_| {
            screen.key_press(Key::Tab);
            screen.run();
            screen.get_by_label(label).is_focused()
        });
        assert!(reached, "{label}");
    }
}

#[test]
fn a_stream_that_breaks_says_so_in_one_line_however_often() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    let mut screen = open(state);
    for number in 0..2000 {
        let state = &mut screen.state_mut().state;
        state.broken(Face::Peer(peer("door")), format!("garbage {number}\u{1b}"));
    }
    screen.run();
    screen.get_by_label(words::DAMAGED);
}

#[test]
fn the_own_picture_is_put_away_and_brought_back() {
    let mut screen = open(with_own_picture());
    scenes::own(&mut screen);
    pass(&mut screen);
    screen.get_by_label(words::MY_PICTURE_MOVES);
    let hide = [Action::ShowOwn(false)];
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::F9), hide);
    assert!(screen.query_by_label(words::MY_PICTURE_MOVES).is_none());
    let show = [Action::ShowOwn(true)];
    assert_eq!(click(&mut screen, words::SHOW_MY_PICTURE), show);
    // It opens anew.
    screen.get_by_label("Opening your camera");
    screen.state_mut().state.shown(Face::Own, shown());
    screen.run();
    screen.get_by_label(words::MY_PICTURE_MOVES);
    let off = press(&mut screen, Modifiers::NONE, Key::F8);
    assert_eq!(off, [own_camera(false)]);
}

fn with_own_picture() -> State {
    let mut state = talking();
    state.act(&own_camera(true));
    state.shown(Face::Own, shown());
    state
}

#[test]
fn the_own_picture_goes_into_the_nearest_corner() {
    let mut screen = open(with_own_picture());
    scenes::own(&mut screen);
    pass(&mut screen);
    let from = middle(&screen, words::MY_PICTURE_MOVES);
    screen.drag_at(from);
    screen.run_steps(2);
    screen.hover_at(pos2(300.0, 250.0));
    screen.run_steps(2);
    screen.drop_at(pos2(300.0, 250.0));
    screen.run_steps(4);
    assert_eq!(screen.state().state.calls.own.corner, Corner::UpperLeft);
    let rect = screen.get_by_label(words::MY_PICTURE_MOVES).rect();
    assert_eq!(rect.min, pos2(20.0, 72.0));
}

#[test]
fn the_own_picture_is_moved_by_arrow_keys_when_it_has_the_keyboard() {
    let mut screen = open(with_own_picture());
    scenes::own(&mut screen);
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::ArrowLeft), []);
    screen.get_by_label(words::MY_PICTURE_MOVES).focus();
    screen.run();
    press(&mut screen, Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(screen.state().state.calls.own.corner, Corner::LowerLeft);
    press(&mut screen, Modifiers::NONE, Key::ArrowUp);
    assert_eq!(screen.state().state.calls.own.corner, Corner::UpperLeft);
    screen.get_by_label(words::MY_PICTURE_MOVES);
}

#[test]
fn camera_and_size_are_chosen_in_a_call() {
    let mut screen = open(talking());
    click(&mut screen, words::MORE);
    assert_eq!(click(&mut screen, words::CAMERA), [Action::ListCameras]);
    screen.get_by_label(words::LOOKING);
    let device = Device {
        path: "/dev/video7".into(),
        name: "Good\u{1b}Cam".into(),
        problem: Some(DeviceProblem::Failed(
            "used by zoom (process 77); close it".to_owned(),
        )),
        ..Device::default()
    };
    let devices = vec![device];
    apply(&mut screen, Notice::Cameras { devices });
    screen.get_by_label("used by zoom (process 77); close it");
    let request = CaptureRequest {
        source: Source::Device("/dev/video7".into()),
        ..CaptureRequest::default()
    };
    let chosen = [Action::SetCamera(Some(request.clone()))];
    assert_eq!(click(&mut screen, "Good\\u{1b}Cam"), chosen);
    let sized = CaptureRequest {
        size: Some((1280, 720)),
        ..request
    };
    let chosen = [Action::SetCamera(Some(sized))];
    assert_eq!(click(&mut screen, "1280 × 720"), chosen);
    let none = screen.get_all_by_label(words::NO_CAMERA).next();
    none.unwrap().click();
    screen.run();
    assert_eq!(screen.state_mut().take(), [Action::SetCamera(None)]);
}

#[test]
fn what_is_wrong_with_our_camera_is_a_sentence_in_its_place() {
    let mut state = talking();
    state.act(&own_camera(true));
    state.apply(Notice::Camera {
        state: CameraState::Lost,
        text: "used by zoom; close it".into(),
    });
    let mut screen = open(state);
    screen.get_by_label("Your camera gives no picture: used by zoom; close it");
    click(&mut screen, words::CHOOSE_ANOTHER);
    screen.get_by_label(words::NUMBERS);
}

#[test]
fn what_the_far_side_says_about_its_camera_is_shown_escaped() {
    let mut state = talking();
    state.apply(Notice::FarCamera {
        peer: peer("door"),
        state: CameraState::Lost,
        text: "unplugged\u{1b}[2J.".into(),
    });
    let screen = open(state);
    screen.get_by_label("door's camera is lost: unplugged\\u{1b}[2J.");
}

#[test]
fn an_incoming_card_over_a_call_moves_nothing() {
    let mut screen = open(talking());
    pass(&mut screen);
    let labels = [words::HANG_UP, words::CHAT, "Picture of door"];
    let places = |screen: &Screen| labels.map(|label| screen.get_by_label(label).rect());
    let before = places(&screen);
    comes(&mut screen, |state| drop(state.apply(rings("yard"))));
    screen.get_by_label("door is put on hold");
    assert_eq!(places(&screen), before);
}
