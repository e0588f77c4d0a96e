//! Calls, notice by notice: ringing, answering, missing, glare, interruption, cameras and films.

use std::time::Instant;

use transom::media::{CaptureRequest, Device, Source};
use transom::{
    CallKind, CameraState, EndReason, FarCameraStats, LinkEnd, Notice, Numbers, PublicKey,
};

use super::tests::{ended, joined, last_news, peer, shown, started, two_boxes};
use super::*;

pub(crate) fn rings(name: &str) -> Notice {
    Notice::Ringing {
        peer: peer(name),
        kind: CallKind::Talk,
    }
}

pub(crate) fn talk(name: &str, outgoing: bool, resumed: bool) -> Notice {
    Notice::CallStarted {
        peer: peer(name),
        kind: CallKind::Talk,
        outgoing,
        resumed,
    }
}

pub(crate) fn interrupted(name: &str) -> Notice {
    Notice::CallInterrupted {
        peer: peer(name),
        kind: CallKind::Talk,
        why: LinkEnd::HungUp,
    }
}

fn both_here() -> State {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.apply(joined("yard"));
    state.calls.own.request = Some(CaptureRequest::default());
    state
}

/// In a call with the door.
pub(crate) fn talking() -> State {
    let mut state = both_here();
    state.act(&Action::Call(peer("door")));
    state.apply(talk("door", true, false));
    state
}

#[test]
fn who_ends_watching_us_ends_no_other_call() {
    let mut state = talking();
    state.act(&camera("door", true));
    state.apply(Notice::CallStarted {
        peer: peer("door"),
        kind: CallKind::View,
        outgoing: false,
        resumed: false,
    });
    state.apply(Notice::CallEnded {
        peer: peer("door"),
        kind: CallKind::View,
        outgoing: false,
        reason: EndReason::Chosen,
        text: String::new(),
    });
    assert_eq!(stage(&state, "door"), Some(Stage::Live));
    let call = state.calls.of(peer("door")).unwrap();
    assert!(call.camera_on, "the camera is on, and the screen says so");
}

fn stage(state: &State, name: &str) -> Option<Stage> {
    state.calls.of(peer(name)).map(|call| call.stage.clone())
}

fn answer(name: &str, camera: bool) -> Action {
    Action::Answer {
        peer: peer(name),
        camera,
    }
}

fn camera(name: &str, on: bool) -> Action {
    Action::ShowCamera {
        peer: peer(name),
        on,
    }
}

#[test]
fn a_call_rings_until_it_is_answered_and_shows_no_camera_by_itself() {
    let mut state = both_here();
    state.act(&Action::Call(peer("door")));
    assert_eq!(stage(&state, "door"), Some(Stage::Ringing));
    assert_eq!(state.apply(talk("door", true, false)), []);
    assert_eq!(stage(&state, "door"), Some(Stage::Live));
    assert!(!state.duties().preview);
    state.act(&Action::HangUp(peer("door")));
    assert!(state.calls.open.is_empty());
    // The station tells the end that we chose; nothing is left to end.
    assert_eq!(state.apply(ended("door", EndReason::Chosen)), []);
    state.act(&Action::Call(peer("door")));
    state.apply(ended("door", EndReason::Busy));
    assert_eq!(stage(&state, "door"), over(EndReason::Busy));
}

#[test]
fn a_declined_ring_is_told_apart_from_a_call_that_was_ended() {
    let mut state = both_here();
    state.act(&Action::Call(peer("door")));
    state.apply(ended("door", EndReason::Chosen));
    let text = String::new();
    let declined = Stage::Ended(Ending::Declined { text });
    assert_eq!(stage(&state, "door"), Some(declined));
    state.act(&Action::Call(peer("door")));
    state.apply(talk("door", true, false));
    state.apply(ended("door", EndReason::Chosen));
    assert_eq!(
        stage(&state, "door"),
        None,
        "the page is open again at once"
    );
}

fn over(reason: EndReason) -> Option<Stage> {
    let text = String::new();
    Some(Stage::Ended(Ending::Reason { reason, text }))
}

#[test]
fn who_is_not_there_is_rung_when_they_are_back() {
    let mut state = two_boxes();
    state.act(&Action::Call(peer("door")));
    assert_eq!(stage(&state, "door"), Some(Stage::Waiting));
    let ring = Action::Ring {
        peer: peer("door"),
        kind: CallKind::Talk,
    };
    assert_eq!(state.apply(joined("door")), [ring]);
}

#[test]
fn who_rings_is_shown_with_its_checked_key_and_the_bell_rings_meanwhile() {
    let mut state = both_here();
    state.apply(rings("yard"));
    state.apply(rings("yard"));
    let ring = Incoming {
        peer: peer("yard"),
        kind: CallKind::Talk,
        key: Some(PublicKey([1; 32])),
    };
    assert_eq!(state.calls.incoming, [ring]);
    assert!(state.duties().flash);
    state.act(&answer("yard", false));
    assert!(!state.duties().flash);
    assert_eq!(stage(&state, "yard"), Some(Stage::Ringing));
    assert_eq!(state.apply(talk("yard", false, false)), []);
    assert_eq!(stage(&state, "yard"), Some(Stage::Live));
    assert!(state.calls.missed.is_empty());
}

#[test]
fn the_camera_is_on_only_after_it_was_turned_on_with_that_contact() {
    let mut state = both_here();
    state.apply(rings("yard"));
    state.act(&answer("yard", true));
    assert_eq!(
        state.apply(talk("yard", false, false)),
        [camera("yard", true)]
    );
    assert!(state.duties().preview);
    state.act(&Action::HangUp(peer("yard")));
    state.apply(ended("yard", EndReason::Chosen));
    assert!(!state.duties().preview);
    // Remembered for this contact, in both directions, and for no other.
    state.act(&Action::Call(peer("yard")));
    assert_eq!(
        state.apply(talk("yard", true, false)),
        [camera("yard", true)]
    );
    state.act(&Action::Call(peer("door")));
    assert_eq!(state.apply(talk("door", true, false)), []);
    let (kept, errors) = Config::parse(&state.config.write("").unwrap());
    assert_eq!(errors, Vec::<String>::new());
    let mut later = both_here();
    later.config = kept;
    assert!(later.preferences(peer("yard")).camera_on);
    assert!(!later.preferences(peer("door")).camera_on);
}

#[test]
fn a_call_answered_by_the_right_to_it_shows_the_camera_and_says_so_but_is_not_remembered() {
    let mut state = both_here();
    let (peer_id, on) = (peer("yard"), true);
    let hear = [Action::Hear { peer: peer_id, on }];
    assert_eq!(state.apply(talk("yard", false, false)), hear);
    assert!(state.calls.of(peer("yard")).unwrap().camera_on);
    state.apply(interrupted("yard"));
    assert_eq!(
        state.apply(talk("yard", false, true)),
        [camera("yard", true)]
    );
    state.act(&camera("yard", true));
    assert_eq!(state.config.contacts, []);
}

#[test]
fn who_gave_up_is_missed_and_who_was_declined_is_not() {
    let mut state = both_here();
    state.apply(rings("yard"));
    state.apply(ended("yard", EndReason::Chosen));
    state.apply(rings("door"));
    state.act(&Action::Decline(peer("door")));
    state.apply(ended("door", EndReason::Chosen));
    assert!(!state.duties().flash);
    let missed: Vec<_> = state.calls.missed.iter().map(|one| one.peer).collect();
    assert_eq!(missed, [peer("yard")]);
    assert_eq!(state.calls.missed_of(peer("yard")), 1);
    for _ in 0..100 {
        state.apply(rings("door"));
        state.apply(ended("door", EndReason::Unanswered));
    }
    assert_eq!(state.calls.missed.len(), 20);
    state.calls.missed.clear();
    // Opening the page is to have seen it.
    state.apply(rings("yard"));
    state.apply(ended("yard", EndReason::Unanswered));
    assert_eq!(state.calls.missed_of(peer("yard")), 1);
    state.act(&Action::Choose(peer("yard")));
    assert_eq!(state.calls.missed_of(peer("yard")), 0);
    assert_eq!(state.calls.missed.len(), 1);
}

#[test]
fn both_rang_at_once_is_one_call_and_no_bell() {
    let mut state = both_here();
    state.act(&Action::Call(peer("door")));
    state.apply(rings("door"));
    assert!(!state.duties().flash);
    state.apply(talk("door", false, false));
    assert_eq!(stage(&state, "door"), Some(Stage::Live));
    assert_eq!((state.calls.open.len(), state.calls.missed.len()), (1, 0));
}

#[test]
fn an_interrupted_call_goes_on_with_its_camera_or_is_hung_up() {
    let mut state = talking();
    state.act(&camera("door", true));
    state.apply(interrupted("door"));
    let lost = Stage::Interrupted(state.now);
    assert_eq!(stage(&state, "door"), Some(lost));
    assert_eq!(
        state.apply(talk("door", true, true)),
        [camera("door", true)]
    );
    assert_eq!(stage(&state, "door"), Some(Stage::Live));
    state.apply(interrupted("door"));
    state.act(&Action::HangUp(peer("door")));
    assert!(state.calls.open.is_empty());
    // The end of a call that never came back does not end the next one.
    state.act(&Action::Call(peer("door")));
    state.apply(ended("door", EndReason::Chosen));
    state.apply(talk("door", true, false));
    assert_eq!(stage(&state, "door"), Some(Stage::Live));
}

#[test]
fn an_interrupted_watch_is_left_to_the_station() {
    let mut state = both_here();
    state.act(&Action::Watch(peer("door")));
    state.apply(started("door"));
    state.apply(Notice::CallInterrupted {
        peer: peer("door"),
        kind: CallKind::View,
        why: LinkEnd::HungUp,
    });
    assert_eq!(state.apply(joined("door")), [], "the station rings");
    state.apply(started("door"));
    assert_eq!(stage(&state, "door"), Some(Stage::Live));
}

#[test]
fn a_call_that_did_not_come_back_says_so_and_rings_nobody() {
    let mut state = talking();
    state.apply(interrupted("door"));
    assert_eq!(state.apply(ended("door", EndReason::Leaving)), []);
    assert!(matches!(stage(&state, "door"), Some(Stage::Ended(_))));
    assert_eq!(state.apply(joined("door")), []);
}

#[test]
fn a_call_goes_on_in_the_corner_while_another_page_is_open() {
    let mut state = talking();
    let on_screen = |state: &State| state.on_screen().map(|call| call.peer).collect::<Vec<_>>();
    assert_eq!(state.page(), Page::Call(peer("door")));
    assert_eq!(state.in_corner().count(), 0);
    state.act(&Action::Choose(peer("yard")));
    assert_eq!(state.page(), Page::Person(peer("yard")));
    assert_eq!(state.in_corner().count(), 1);
    assert_eq!(on_screen(&state), [peer("door")]);
    assert_eq!(state.in_hand().map(|call| call.peer), Some(peer("door")));
    state.act(&Action::Watch(peer("yard")));
    state.apply(started("yard"));
    assert_eq!(state.page(), Page::Camera(peer("yard")));
    assert_eq!(on_screen(&state), [peer("door"), peer("yard")]);
    assert_eq!(state.in_hand().map(|call| call.peer), Some(peer("yard")));
}

#[test]
fn a_camera_is_watched_only_while_it_is_seen_or_recorded() {
    let mut state = talking();
    state.act(&Action::Watch(peer("yard")));
    state.apply(started("yard"));
    assert_eq!(state.leaving(Some(peer("yard"))), []);
    let stop = Action::HangUp(peer("yard"));
    assert_eq!(state.leaving(Some(peer("door"))), [stop]);
    let (peer, on) = (peer("yard"), true);
    state.act(&Action::Record { peer, on });
    assert_eq!(state.leaving(None), []);
}

#[test]
fn all_calls_and_cameras_are_side_by_side_or_one_has_the_room_alone() {
    let mut state = talking();
    state.act(&Action::Watch(peer("yard")));
    state.apply(started("yard"));
    state.act(&Action::Cameras(true));
    assert_eq!(state.on_screen().count(), 2);
    assert_eq!(state.in_hand().map(|call| call.peer), Some(peer("yard")));
    state.act(&Action::Select(peer("door")));
    assert_eq!(state.in_hand().map(|call| call.peer), Some(peer("door")));
    assert_eq!(state.page(), Page::Cameras, "to select leaves nothing");
    state.act(&Action::Alone(Some(peer("yard"))));
    assert_eq!(state.on_screen().count(), 1);
    state.act(&Action::HangUp(peer("yard")));
    assert_eq!((state.on_screen().count(), state.calls.alone()), (1, None));
}

#[test]
fn somebody_who_watches_us_by_its_right_takes_no_place_on_the_screen() {
    let mut state = both_here();
    state.apply(Notice::CallStarted {
        peer: peer("yard"),
        kind: CallKind::View,
        outgoing: false,
        resumed: false,
    });
    assert!(state.calls.open.is_empty());
    assert_eq!(state.calls.viewers, [peer("yard")]);
    state.apply(Notice::CallEnded {
        peer: peer("yard"),
        kind: CallKind::View,
        outgoing: false,
        reason: EndReason::Chosen,
        text: String::new(),
    });
    assert!(state.calls.viewers.is_empty());
}

#[test]
fn pictures_after_an_end_belong_to_a_call_that_goes_on() {
    let mut state = talking();
    state.apply(ended("door", EndReason::Busy));
    state.shown(Face::Peer(peer("door")), shown());
    assert_eq!(stage(&state, "door"), Some(Stage::Live));
}

#[test]
fn our_camera_is_told_honestly_and_is_no_condition_for_a_call() {
    let mut state = talking();
    assert_eq!(state.calls.own_trouble(), Some(OwnTrouble::Off("")));
    state.act(&camera("door", true));
    assert_eq!(state.calls.own_trouble(), Some(OwnTrouble::Opening));
    state.apply(Notice::Camera {
        state: CameraState::Lost,
        text: "/dev/video0 is used by zoom; close it".into(),
    });
    assert_eq!(
        state.calls.own_trouble(),
        Some(OwnTrouble::Lost("/dev/video0 is used by zoom; close it"))
    );
    state.act(&Action::SetCamera(Some(
        state.calls.own.with_source(Source::Pattern),
    )));
    state.shown(Face::Own, shown());
    assert_eq!(state.calls.own_trouble(), None);
    state.act(&Action::SetCamera(None));
    assert_eq!(state.config.camera, "none");
    assert_eq!(state.calls.own_trouble(), Some(OwnTrouble::NoneChosen));
    assert!(!state.duties().preview && state.calls.talking());
}

#[test]
fn a_picture_from_before_the_end_of_a_call_does_not_bring_it_back() {
    let mut state = talking();
    let face = Face::Peer(peer("door"));
    let before = shown();
    state.apply(ended("door", EndReason::Busy));
    state.shown(face, before);
    assert_eq!(stage(&state, "door"), over(EndReason::Busy));
    // The other of two calls that both sides began.
    state.shown(face, shown());
    assert_eq!(stage(&state, "door"), Some(Stage::Live));
}

#[test]
fn the_own_picture_is_hidden_and_comes_back_and_outside_calls_only_on_wish() {
    let mut state = both_here();
    assert!(!state.calls.sees_itself() && !state.duties().preview);
    state.act(&Action::ShowOwn(true));
    assert!(state.calls.sees_itself() && state.duties().preview);
    state.act(&Action::ShowOwn(false));
    state.act(&Action::Call(peer("door")));
    state.apply(talk("door", true, false));
    assert!(state.calls.sees_itself());
    state.act(&Action::ShowOwn(false));
    assert!(!state.calls.sees_itself());
    state.act(&Action::ListCameras);
    assert_eq!(state.calls.own.devices, None);
    state.apply(Notice::Cameras {
        devices: vec![Device::default()],
    });
    assert_eq!(state.calls.own.devices, Some(vec![Device::default()]));
}

#[test]
fn a_film_that_fails_is_told_at_both_sides_and_ends_with_its_call() {
    let mut state = talking();
    let stop = Action::Record {
        peer: peer("door"),
        on: false,
    };
    state.act(&Action::Record {
        peer: peer("door"),
        on: true,
    });
    let kept = Kept::Film {
        peer: peer("door"),
        path: Some("/p/door.avi".into()),
        pictures: 7,
        dropped: 2,
        trouble: Some("the disk is full".into()),
    };
    assert_eq!(state.kept(kept), std::slice::from_ref(&stop));
    assert_eq!(
        last_news(&state),
        "Recorded 7 pictures in /p/door.avi; the disk missed 2 pictures"
    );
    assert_eq!(
        state.warnings,
        [Warning::Trouble("the disk is full".into())]
    );
    state.act(&stop);
    assert!(!state.calls.of(peer("door")).unwrap().recording);
    state.act(&Action::Record {
        peer: peer("door"),
        on: true,
    });
    assert_eq!(state.apply(ended("door", EndReason::Chosen)), [stop]);
    state.kept(Kept::Snapshot(Ok("/p/a.jpg".into())));
    assert_eq!(last_news(&state), "Saved as /p/a.jpg");
}

#[test]
fn numbers_are_kept_only_while_they_are_looked_at() {
    let mut state = talking();
    let measured = || Notice::Measured {
        peer: peer("door"),
        numbers: Numbers::default(),
    };
    let far = |damaged| {
        let mut stats = Box::<FarCameraStats>::default();
        stats.numbers.counts.damaged = damaged;
        let peer = peer("door");
        Notice::FarCameraStats { peer, stats }
    };
    state.apply(measured());
    state.apply(far(1));
    assert!(state.calls.numbers.is_empty() && !state.duties().measure);
    assert!(state.calls.far_cameras.is_empty());
    state.act(&Action::Overlay(true));
    state.apply(measured());
    assert!(state.calls.numbers.len() == 1 && state.duties().measure);
    let damaged = |state: &State| state.calls.far_cameras[&peer("door")].counts().damaged;
    state.apply(far(5));
    assert_eq!(damaged(&state), 0, "those before the overlay was opened");
    state.apply(far(7));
    assert_eq!(damaged(&state), 2);
    let now = Instant::now();
    assert_eq!(state.calls.open[0].pace.summary(now), None);
    state.act(&Action::Overlay(false));
    assert!(state.calls.numbers.is_empty() && state.calls.far_cameras.is_empty());
}

#[test]
fn what_the_far_side_records_is_known_until_the_call_ends() {
    let mut state = talking();
    state.apply(Notice::FarRecording {
        peer: peer("door"),
        on: true,
    });
    assert!(state.calls.of(peer("door")).unwrap().far_recording);
    state.apply(ended("door", EndReason::Leaving));
    assert!(!state.calls.of(peer("door")).unwrap().far_recording);
}

#[test]
fn another_size_of_a_camera_that_the_command_line_named_keeps_the_one_in_the_settings() {
    let mut state = talking();
    state.config.camera = "auto".into();
    // As `--camera pattern` does.
    state.calls.own.request = Some(state.calls.own.with_source(Source::Pattern));
    let smaller = state.calls.own.with_size(Some((320, 240)));
    state.act(&Action::SetCamera(Some(smaller)));
    let kept = (state.config.camera.as_str(), state.config.size.as_str());
    assert_eq!(kept, ("auto", "320x240"));
    let other = state.calls.own.with_source(Source::Auto);
    state.act(&Action::SetCamera(Some(other)));
    assert_eq!(state.config.camera, "auto");
}

#[test]
fn our_camera_starts_off_where_that_is_wished() {
    for (as_before, wanted) in [(true, true), (false, false)] {
        let mut state = two_boxes();
        state.config.camera_as_before = as_before;
        let preferences = Preferences {
            camera_on: true,
            ..Preferences::default()
        };
        let peer = peer("door");
        state.act(&Action::Prefer { peer, preferences });
        state.act(&Action::Call(peer));
        let call = state.calls.of(peer).unwrap();
        assert_eq!(call.camera_on, wanted);
    }
}

#[test]
fn a_text_during_a_call_is_unread_until_the_chat_shows_it() {
    let mut state = talking();
    let says = |state: &mut State| {
        let (peer, text) = (peer("door"), "hello".to_owned());
        drop(state.apply(Notice::Text { peer, text }));
        state.people[0].unread
    };
    assert_eq!([says(&mut state), says(&mut state)], [1, 2]);
    state.act(&Action::ShowChat(true));
    assert_eq!((state.people[0].unread, says(&mut state)), (0, 0));
}
