//! Calls on the screen: ringing, answering, several at once, the own picture, films, numbers and
//! keys.

use egui::{Key, Modifiers, pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use transom::media::CaptureRequest;
use transom::{CameraState, EndReason, Notice, PublicKey};

use crate::model::calls_tests::{interrupted, rings, talk, talking};
use crate::model::tests::{ended, joined, peer, shown, started, two_boxes};
use crate::model::{Action, Face, Preferences, Sample, State};
use crate::words;

use super::grid;
use super::tests::{Screen, click, colour, open, open_as_large, pass, press, snapshot};

fn here() -> State {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.apply(joined("yard"));
    state.calls.own.request = Some(CaptureRequest::default());
    state
}

/// In a call with the door, and watching the yard.
pub(super) fn two_live() -> State {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    state.act(&Action::Watch(peer("yard")));
    state.apply(started("yard"));
    state.shown(Face::Peer(peer("yard")), shown());
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

pub(super) fn own_camera(name: &str, on: bool) -> Action {
    Action::ShowCamera {
        peer: peer(name),
        on,
    }
}

#[test]
fn a_call_going_out_is_cancelled_or_becomes_a_talk() {
    let mut screen = open(here());
    assert_eq!(click(&mut screen, "Call"), [Action::Call(peer("door"))]);
    screen.get_by_label("Calling door");
    assert_eq!(
        click(&mut screen, "Cancel call"),
        [Action::HangUp(peer("door"))]
    );
    click(&mut screen, "Call");
    apply(&mut screen, talk("door", true, false));
    screen.get_by_label("door shows no picture yet");
    assert_eq!(
        click(&mut screen, "Turn camera on"),
        [own_camera("door", true)]
    );
    assert_eq!(
        click(&mut screen, "Turn camera off"),
        [own_camera("door", false)]
    );
    click(&mut screen, "Turn camera on");
    screen.state_mut().state.act(&Action::SetCamera(None));
    screen.run();
    assert_eq!(
        click(&mut screen, "Choose a camera"),
        [Action::ShowOwn(true)]
    );
    assert_eq!(
        click(&mut screen, "Hang up"),
        [Action::HangUp(peer("door"))]
    );
    screen.get_by_label("Choose a contact, then call or watch them");
}

#[test]
fn who_rings_is_named_with_its_key_and_answered_three_ways() {
    for (button, wanted) in [
        ("Answer", answer("yard", false)),
        ("Answer with video", answer("yard", true)),
        ("Decline", Action::Decline(peer("yard"))),
    ] {
        let mut screen = open(here());
        apply(&mut screen, rings("yard"));
        // The card, and the line of what happened last.
        assert_eq!(screen.get_all_by_label("yard calls").count(), 2);
        let key = PublicKey([1; 32]).fingerprint();
        screen.get_by_label(&format!("key {key}"));
        assert_eq!(click(&mut screen, button), [wanted]);
        assert!(screen.query_by_label("Decline").is_none());
    }
}

#[test]
fn several_who_ring_are_answered_one_by_one() {
    let chord = Modifiers::COMMAND | Modifiers::SHIFT;
    let mut screen = open(here());
    apply(&mut screen, rings("yard"));
    apply(&mut screen, rings("door"));
    assert_eq!(screen.get_all_by_label("Decline").count(), 2);
    pass(&mut screen);
    assert_eq!(
        press(&mut screen, chord, Key::D),
        [Action::Decline(peer("yard"))]
    );
    pass(&mut screen);
    assert_eq!(press(&mut screen, chord, Key::A), [answer("door", false)]);
}

#[test]
fn busy_and_unanswered_are_told_and_called_again() {
    let mut screen = open(here());
    click(&mut screen, "Call");
    apply(&mut screen, ended("door", EndReason::Busy));
    screen.get_by_label("door is busy; try again later");
    assert_eq!(
        click(&mut screen, "Call again"),
        [Action::Call(peer("door"))]
    );
    apply(&mut screen, ended("door", EndReason::Unanswered));
    screen.get_by_label("door didn't answer");
    assert_eq!(click(&mut screen, "Close"), [Action::HangUp(peer("door"))]);
    assert!(screen.query_by_label("Close").is_none());
}

#[test]
fn who_is_away_is_named_once() {
    let mut screen = open(two_boxes());
    click(&mut screen, "Call");
    screen.get_by_label("door is away");
}

#[test]
fn an_ended_call_shows_neither_its_picture_nor_its_numbers() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    state.act(&Action::Overlay(true));
    let mut screen = open(state);
    colour(&mut screen, Face::Peer(peer("door")), 1);
    screen.run();
    screen.get_by_label("Picture…");
    screen.get_by_label("no picture in the last second");
    apply(&mut screen, ended("door", EndReason::Chosen));
    screen.get_by_label("door hung up");
    for gone in [
        "Picture…",
        "Picture of door",
        "door  640x480  30 fps  12 ms",
        "no picture in the last second",
    ] {
        assert!(screen.query_by_label(gone).is_none(), "{gone}");
    }
}

#[test]
fn a_rate_is_told_only_while_pictures_come() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    let mut screen = open(state);
    screen.get_by_label("door  0:00  640x480  30 fps  12 ms");
    apply(&mut screen, interrupted("door"));
    screen.get_by_label("door  0:00  640x480");
}

#[test]
fn a_missed_call_is_listed_counted_and_dismissed() {
    let mut screen = open(here());
    apply(&mut screen, rings("yard"));
    apply(&mut screen, ended("yard", EndReason::Unanswered));
    screen.get_by_label("yard called just now");
    screen.get_by_label("yard 1 missed");
    assert_eq!(
        click(&mut screen, "Dismiss missed calls"),
        [Action::ForgetMissed(None)]
    );
    assert!(screen.query_by_label("yard called just now").is_none());
    apply(&mut screen, rings("yard"));
    apply(&mut screen, ended("yard", EndReason::Chosen));
    assert_eq!(
        click(&mut screen, "Call back"),
        [Action::Call(peer("yard"))]
    );
    assert!(screen.query_by_label("yard called just now").is_none());
}

#[test]
fn an_interrupted_call_says_that_it_comes_back_and_can_be_hung_up() {
    let mut screen = open(talking());
    apply(&mut screen, interrupted("door"));
    screen.get_by_label("Connection lost; coming back by itself");
    screen.get_by_label("Hang up");
    apply(&mut screen, talk("door", true, true));
    assert!(
        screen
            .query_by_label("Connection lost; coming back by itself")
            .is_none()
    );
    apply(&mut screen, interrupted("door"));
    assert_eq!(
        press(&mut screen, Modifiers::COMMAND, Key::H),
        [Action::HangUp(peer("door"))]
    );
}

#[test]
fn several_pictures_side_by_side_and_one_alone_and_back() {
    let mut screen = open(two_live());
    colour(&mut screen, Face::Peer(peer("door")), 1);
    colour(&mut screen, Face::Peer(peer("yard")), 1);
    screen.run();
    screen.get_by_label("Hang up door");
    screen.get_by_label("Stop watching yard");
    // By the keyboard, as by a reader of screens.
    screen.get_by_label("Picture of door").focus();
    screen.run();
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [Action::Alone(Some(peer("door")))]
    );
    assert!(screen.query_by_label("Picture of yard").is_none());
    screen.get_by_label("Hang up");
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Escape),
        [Action::Alone(None)]
    );
    double_click(&mut screen, "Picture of yard");
    assert!(
        screen
            .state_mut()
            .take()
            .contains(&Action::Alone(Some(peer("yard"))))
    );
    double_click(&mut screen, "Picture of yard");
    assert_eq!(screen.state_mut().take(), [Action::Alone(None)]);
}

/// In the upper half of a picture or row; in a picture no words are there.
pub(super) fn double_click(screen: &mut Screen, label: &str) {
    pass(screen);
    let rect = screen.get_by_label(label).rect();
    let at = pos2(rect.center().x, rect.top() + rect.height() * 0.2);
    for _ in 0..2 {
        for pressed in [true, false] {
            screen
                .input_mut()
                .events
                .push(egui::Event::PointerMoved(at));
            screen.input_mut().events.push(egui::Event::PointerButton {
                pos: at,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
        }
    }
    screen.run();
}

#[test]
fn a_picture_is_turned_mirrored_and_filled_by_menu_and_by_key() {
    let mut screen = open(two_live());
    colour(&mut screen, Face::Peer(peer("door")), 1);
    press(&mut screen, Modifiers::NONE, Key::F1);
    press(&mut screen, Modifiers::NONE, Key::Escape);
    screen
        .state_mut()
        .state
        .act(&Action::Alone(Some(peer("door"))));
    screen.run();
    click(&mut screen, "Picture…");
    let turned = Preferences {
        rotate: 1,
        ..Preferences::default()
    };
    let prefer = |preferences| Action::Prefer {
        peer: peer("door"),
        preferences,
    };
    assert_eq!(click(&mut screen, "Turn right Ctrl+T"), [prefer(turned)]);
    let mirrored = Preferences {
        mirror: true,
        ..turned
    };
    assert_eq!(
        press(&mut screen, Modifiers::COMMAND, Key::R),
        [prefer(mirrored)]
    );
    let filled = Preferences {
        fill: true,
        ..mirrored
    };
    assert_eq!(
        press(&mut screen, Modifiers::COMMAND, Key::G),
        [prefer(filled)]
    );
    assert_eq!(screen.state().state.preferences(peer("door")), filled);
}

#[test]
fn a_picture_is_saved_and_a_film_begun_and_ended() {
    let mut screen = open(two_live());
    colour(&mut screen, Face::Peer(peer("door")), 1);
    screen
        .state_mut()
        .state
        .act(&Action::Alone(Some(peer("door"))));
    screen.run();
    let record = |on| Action::Record {
        peer: peer("door"),
        on,
    };
    assert_eq!(
        press(&mut screen, Modifiers::COMMAND, Key::S),
        [Action::Snapshot(peer("door"))]
    );
    assert_eq!(
        press(&mut screen, Modifiers::COMMAND, Key::E),
        [record(true)]
    );
    screen.get_by_label("you record");
    click(&mut screen, "Picture…");
    assert_eq!(click(&mut screen, "Stop recording Ctrl+E"), [record(false)]);
    assert!(screen.query_by_label("you record").is_none());
}

#[test]
fn a_recording_far_side_is_told() {
    let mut state = talking();
    state.apply(Notice::FarRecording {
        peer: peer("door"),
        on: true,
    });
    let screen = open(state);
    screen.get_by_label("recording you");
}

#[test]
fn the_numbers_come_and_go_with_a_key() {
    let mut screen = open(talking());
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::F3),
        [Action::Overlay(true)]
    );
    screen.get_by_label("no picture in the last second");
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
    let numbers = transom::Numbers {
        rtt: Some(std::time::Duration::from_micros(1500)),
        ..transom::Numbers::default()
    };
    apply(
        &mut screen,
        Notice::Measured {
            peer: peer("door"),
            numbers,
        },
    );
    screen.get_by_label("0 fps  1.6 Mbit/s");
    screen.get_by_label("round trip 1.5, queue 0.0 ms");
    screen.get_by_label("limit: the far camera's pace");
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::F3),
        [Action::Overlay(false)]
    );
}

#[test]
fn one_window_lists_all_keys() {
    let mut screen = open(here());
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::F1),
        [Action::Help(true)]
    );
    for (key, what) in words::KEYS {
        screen.get_by_label(key);
        screen.get_by_label(what);
    }
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Escape),
        [Action::Help(false)]
    );
    assert!(screen.query_by_label("F11, Alt+Enter").is_none());
}

#[test]
fn escape_ends_no_call_that_one_talks_in() {
    let mut screen = open(talking());
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Escape), []);
    screen.get_by_label("Hang up");
}

#[test]
fn a_talk_is_reached_by_the_keyboard_alone() {
    let mut screen = open(talking());
    for label in [
        "Turn camera on",
        "Camera…",
        "Hide",
        "Hang up",
        "Full screen",
    ] {
        let reached = (0..60).any(|_| {
            screen.key_press(Key::Tab);
            screen.run();
            screen.get_by_label(label).is_focused()
        });
        assert!(reached, "{label}");
    }
}

#[test]
fn a_stream_that_stops_or_breaks_keeps_the_screen_answering() {
    let mut screen = open(two_live());
    for number in 0..2000 {
        let state = &mut screen.state_mut().state;
        state.broken(Face::Peer(peer("yard")), format!("garbage {number}\u{1b}"));
    }
    screen.run();
    screen.get_by_label("the last good picture: garbage 1999\\u{1b}");
    assert_eq!(
        click(&mut screen, "Stop watching yard"),
        [Action::HangUp(peer("yard"))]
    );
}

#[test]
fn the_numbers_say_how_pictures_are_reduced_for_a_slow_link() {
    let mut state = two_live();
    state.act(&Action::Overlay(true));
    state.apply(Notice::FarCamera {
        peer: peer("door"),
        state: CameraState::Reduced,
        text: "15 fps, quality 60, 640x360: the link is slow".to_owned(),
    });
    let quality = transom::Quality {
        fps: Some(10),
        quality: None,
        size: (320, 240),
        bottleneck: Some(transom::Bottleneck::Viewer),
    };
    let numbers = transom::Numbers {
        quality: Some(quality),
        ..transom::Numbers::default()
    };
    state.apply(Notice::Measured {
        peer: peer("yard"),
        numbers,
    });
    let screen = open(state);
    screen.get_by_label("their picture is reduced");
    screen.get_by_label("  15 fps, quality 60, 640x360");
    screen.get_by_label("  the link is slow");
    screen.get_by_label("your picture is reduced");
    screen.get_by_label("  10 fps, 320x240");
    screen.get_by_label("  the viewer is slow");
}

#[test]
fn an_idle_call_asks_for_a_redraw_each_second_for_its_clock() {
    let mut state = two_live();
    state.apply(rings("friend"));
    state.overlay = true;
    let mut screen = open(state);
    pass(&mut screen);
    let delay = screen.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    // Less what a frame takes in this test, a quarter of a second.
    assert_eq!(delay, std::time::Duration::from_millis(750));
}

#[test]
fn places_fill_the_room_without_covering_each_other() {
    let area = egui::Rect::from_min_size(pos2(10.0, 20.0), vec2(800.0, 600.0));
    for count in 0..12 {
        let places = grid::places(area, count);
        assert_eq!(places.len(), count);
        for (at, place) in places.iter().enumerate() {
            assert!(area.expand(0.1).contains_rect(*place) && place.is_positive());
            let others = places[at + 1..].iter();
            assert!(others.clone().all(|other| !other.intersects(*place)));
        }
    }
    let four = grid::places(area, 4);
    assert_eq!(four[0].width(), 398.0);
}

#[test]
fn every_button_of_a_narrow_picture_is_reached_in_its_bar_or_its_menu() {
    for size in [vec2(640.0, 400.0), vec2(780.0, 480.0)] {
        let mut screen = open_as_large(two_live(), size);
        colour(&mut screen, Face::Peer(peer("door")), 1);
        screen.run();
        for name in ["door", "yard"] {
            let picture = screen.get_by_label(&format!("Picture of {name}")).rect();
            let buttons = ["Picture…", "Hang up", "Turn camera on", "Stop watching"];
            for label in buttons.map(|text| format!("{text} {name}")) {
                for button in screen.query_all_by_label(&label) {
                    let rect = button.rect();
                    assert!(picture.contains_rect(rect), "{label}: {picture} {rect}");
                }
            }
        }
        click(&mut screen, "Picture… door");
        let in_bar = screen.query_by_label("Turn camera on door").is_some();
        let label = if in_bar {
            "Turn camera on door"
        } else {
            "Turn camera on F8"
        };
        assert_eq!(click(&mut screen, label), [own_camera("door", true)]);
    }
}

#[test]
fn looks_like_a_small_window_full_of_pictures_and_numbers() {
    let mut state = two_live();
    state.act(&own_camera("door", true));
    state.shown(Face::Own, shown());
    state.act(&Action::Overlay(true));
    let mut screen = open_as_large(state, vec2(780.0, 480.0));
    for face in [Face::Peer(peer("door")), Face::Own] {
        colour(&mut screen, face, 1);
    }
    screen.run();
    snapshot(screen, "small");
}

#[test]
fn looks_like_two_pictures_and_oneself() {
    let mut state = two_live();
    state.act(&own_camera("door", true));
    state.shown(Face::Own, shown());
    state.apply(Notice::FarRecording {
        peer: peer("door"),
        on: true,
    });
    let mut screen = open(state);
    colour(&mut screen, Face::Peer(peer("door")), 1);
    colour(&mut screen, Face::Peer(peer("yard")), 1);
    colour(&mut screen, Face::Own, 1);
    screen.run();
    snapshot(screen, "side_by_side");
}

#[test]
fn looks_like_somebody_rings() {
    let mut state = two_live();
    state.apply(joined("friend"));
    state.apply(rings("friend"));
    let mut screen = open(state);
    colour(&mut screen, Face::Peer(peer("door")), 1);
    screen.run();
    snapshot(screen, "ringing");
}

#[test]
fn looks_turned_and_filled() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    let preferences = Preferences {
        rotate: 1,
        fill: true,
        ..Preferences::default()
    };
    state.act(&Action::Prefer {
        peer: peer("door"),
        preferences,
    });
    let mut screen = open(state);
    colour(&mut screen, Face::Peer(peer("door")), 1);
    screen.run();
    snapshot(screen, "filled");
}

#[test]
fn looks_like_a_call_that_comes_back_and_one_that_was_missed() {
    let mut state = talking();
    state.shown(Face::Peer(peer("door")), shown());
    state.apply(rings("yard"));
    state.apply(ended("yard", EndReason::Chosen));
    state.apply(interrupted("door"));
    let mut screen = open(state);
    colour(&mut screen, Face::Peer(peer("door")), 1);
    screen.run();
    snapshot(screen, "interrupted");
}

#[test]
fn looks_like_a_list_of_keys() {
    let mut screen = open(two_boxes());
    press(&mut screen, Modifiers::NONE, Key::F1);
    screen.run();
    snapshot(screen, "keys");
}
