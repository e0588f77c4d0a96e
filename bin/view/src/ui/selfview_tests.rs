//! One's own picture on the screen: where it stands, the choice of a camera, and what is wrong with
//! it.

use egui::{Key, Modifiers, pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use transom::media::{CaptureRequest, Device, Source};
use transom::{CameraState, Notice};

use crate::model::Action;
use crate::model::calls_tests::{talk, talking};
use crate::model::tests::{joined, peer};

use super::calls_tests::{apply, own_camera, two_live};
use super::selfview;
use super::tests::{click, open, open_as_large, pass, press};

#[test]
fn the_own_picture_is_put_away_and_brought_back() {
    let mut screen = open(talking());
    screen.get_by_label("Your camera is off");
    assert_eq!(click(&mut screen, "Hide"), [Action::ShowOwn(false)]);
    assert!(screen.query_by_label("Hide").is_none());
    assert_eq!(click(&mut screen, "My picture"), [Action::ShowOwn(true)]);
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::F9),
        [Action::ShowOwn(false)]
    );
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::F8),
        [own_camera("door", true)]
    );
}

#[test]
fn the_own_picture_stays_inside_wherever_it_is_dragged() {
    let room = egui::Rect::from_min_size(pos2(100.0, 50.0), vec2(400.0, 200.0));
    for (to, place) in [
        (pos2(100.0, 50.0), (0, 0)),
        (pos2(300.0, 150.0), (500, 500)),
        (pos2(-999.0, 9999.0), (0, 1000)),
    ] {
        assert_eq!(selfview::place(room, to), place);
        assert!(room.contains(selfview::middle(room, place)));
    }
    let nothing = egui::Rect::from_min_size(pos2(5.0, 5.0), vec2(0.0, 0.0));
    assert_eq!(
        selfview::middle(nothing, selfview::place(nothing, pos2(9.0, 9.0))),
        pos2(5.0, 5.0)
    );
    let mut screen = open(talking());
    pass(&mut screen);
    let rect = screen.get_by_label("Your camera is off").rect();
    let from = rect.center() - vec2(60.0, 0.0);
    screen.drag_at(from);
    screen.step();
    screen.hover_at(from - vec2(3000.0, 3000.0));
    screen.step();
    screen.drop_at(from - vec2(3000.0, 3000.0));
    screen.run();
    assert_eq!(screen.state().state.calls.own.place, (0, 0));
}

#[test]
fn the_own_picture_is_moved_by_arrow_keys_when_it_has_the_keyboard() {
    let mut screen = open(talking());
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::ArrowLeft), []);
    screen
        .get_by_label("My picture, moved by the arrow keys")
        .focus();
    screen.run();
    press(&mut screen, Modifiers::NONE, Key::ArrowLeft);
    press(&mut screen, Modifiers::NONE, Key::ArrowDown);
    press(&mut screen, Modifiers::NONE, Key::ArrowRight);
    let (across, down) = screen.state().state.calls.own.place;
    assert!(across == 1000 && down > 0, "{across} {down}");
}

#[test]
fn camera_and_size_are_chosen_in_a_call() {
    let mut screen = open(talking());
    assert_eq!(click(&mut screen, "Camera…"), [Action::ListCameras]);
    screen.get_by_label("Looking for cameras…");
    let device = Device {
        path: "/dev/video7".into(),
        name: "Good\u{1b}Cam".into(),
        problem: Some("used by zoom (process 77); close it".into()),
        ..Device::default()
    };
    apply(
        &mut screen,
        Notice::Cameras {
            devices: vec![device],
        },
    );
    screen.get_by_label("used by zoom (process 77); close it");
    let request = CaptureRequest {
        source: Source::Device("/dev/video7".into()),
        ..CaptureRequest::default()
    };
    assert_eq!(
        click(&mut screen, "Good\\u{1b}Cam (/dev/video7)"),
        [Action::SetCamera(Some(request.clone()))]
    );
    click(&mut screen, "Camera…");
    let sized = CaptureRequest {
        size: Some((1280, 720)),
        ..request
    };
    assert_eq!(
        click(&mut screen, "1280x720"),
        [Action::SetCamera(Some(sized))]
    );
    click(&mut screen, "Camera…");
    assert_eq!(click(&mut screen, "No camera"), [Action::SetCamera(None)]);
    screen.get_by_label("No camera is chosen");
}

#[test]
fn a_source_that_is_no_device_is_listed_while_it_is_chosen() {
    let mut state = talking();
    state.calls.own.request = Some(CaptureRequest {
        source: Source::Pattern,
        ..CaptureRequest::default()
    });
    let mut screen = open(state);
    click(&mut screen, "Camera…");
    screen.get_by_label("pattern");
    click(&mut screen, "No camera");
    click(&mut screen, "Camera…");
    assert!(screen.query_by_label("pattern").is_none());
}

#[test]
fn what_is_wrong_with_our_camera_is_a_sentence() {
    let mut state = talking();
    state.act(&own_camera("door", true));
    state.apply(Notice::Camera {
        state: CameraState::Lost,
        text: "/dev/video0 is used by zoom; close it".into(),
    });
    let screen = open(state);
    screen.get_by_label("Your camera gives no picture");
    screen.get_by_label("/dev/video0 is used by zoom; close it");
}

#[test]
fn the_own_picture_covers_neither_buttons_nor_numbers() {
    for size in [vec2(780.0, 480.0), vec2(1200.0, 760.0)] {
        let mut screen = open_as_large(talking(), size);
        press(&mut screen, Modifiers::NONE, Key::F3);
        let own = screen
            .get_by_label("My picture, moved by the arrow keys")
            .rect();
        let picture = screen.get_by_label("Picture of door").rect();
        assert!(own.center().x > picture.center().x && own.bottom() < picture.center().y);
        let mut labels = vec![
            "Hang up",
            "Mute",
            "door  0:00",
            "no picture in the last second",
        ];
        // Without room it is in the menu.
        labels.extend((size.x > 1000.0).then_some("Turn camera on"));
        for label in labels {
            for other in screen.get_all_by_label(label) {
                let other = other.rect();
                assert!(!own.intersects(other), "{label}: {own} {other}");
            }
        }
    }
}

#[test]
fn the_own_picture_covers_no_buttons_of_several_pictures_in_a_small_window() {
    let mut state = two_live();
    state.apply(joined("friend"));
    state.act(&Action::Call(peer("friend")));
    state.apply(talk("friend", true, false));
    let screen = open_as_large(state, vec2(780.0, 480.0));
    let own = screen.get_by_label("My picture, moved by the arrow keys");
    for label in ["Hang up door", "Stop watching yard", "Hang up friend"] {
        let button = screen.get_by_label(label).rect();
        assert!(!own.rect().intersects(button), "{label}: {button}");
    }
}
