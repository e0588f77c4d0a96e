//! Nothing over a picture lies over anything else, whatever is open and however wide the window is.

use std::time::{Duration, Instant};

use transom::SoundNotice;

use crate::model::{Corner, Sample, Theme};

use super::scenes::{calling, paint};
use super::*;

/// A call with list, chat and numbers open, that both sides record, and in which the user speaks
/// while muted.
pub(super) fn everything() -> State {
    let mut state = calling(Theme::Dark);
    let (on, anna) = (true, peer("Anna"));
    state.act(&Action::ShowList(true));
    state.act(&Action::ShowChat(true));
    state.act(&Action::Overlay(true));
    state.apply(Notice::FarRecording { peer: anna, on });
    state.act(&Action::Record { peer: anna, on });
    state.act(&Action::Mute(true));
    state.apply(Notice::Sound(SoundNotice::MutedSpeech));
    // The numbers are of the last second; a slow machine takes longer for this test.
    let later = Instant::now() + Duration::from_secs(600);
    for sequence in 0..2 {
        let sample = Sample {
            bytes: 100_000,
            sequence,
            undecoded: 0,
            unseen: 0,
            stages: transom::latency::Stages::default(),
            received: later,
            decoded: later,
            presented: later,
        };
        state.presented(Face::Peer(anna), sample);
    }
    let numbers = transom::Numbers {
        rtt: Some(Duration::from_millis(2)),
        sound: Some(transom::SoundNumbers::default()),
        ..transom::Numbers::default()
    };
    state.apply(Notice::Measured {
        peer: anna,
        numbers,
    });
    for damaged in [0, 1] {
        let mut stats = Box::<transom::FarCameraStats>::default();
        stats.numbers.counts.damaged = damaged;
        state.apply(Notice::FarCameraStats { peer: anna, stats });
    }
    state
}

/// What is on the screen of all that must not be covered, with its place.
fn places(screen: &Screen) -> Vec<(String, egui::Rect)> {
    let labels = [
        words::MY_PICTURE_MOVES,
        words::YOU_ARE_MUTED_HOLD,
        words::UNMUTE,
        words::HANG_UP,
        words::YOU_RECORD,
        "Anna records this",
        "Anna, 12:04",
        "Show the list",
        words::FROM_LENS_TO_EYES,
        "Picture:",
        "Sound:",
        "Round trip",
        "All is well",
        "Message Anna",
        words::CLOSE_CHAT,
        words::ADD_SOMEBODY,
        words::SETTINGS,
    ];
    let nodes = labels.into_iter().flat_map(|label| {
        let nodes = screen.query_all_by_label_contains(label);
        nodes.map(move |node| (label.to_owned(), node.rect()))
    });
    nodes.collect()
}

fn assert_apart(places: &[(String, egui::Rect)], room: Vec2) {
    let room = egui::Rect::from_min_size(egui::Pos2::ZERO, room);
    for (at, (label, place)) in places.iter().enumerate() {
        assert!(room.contains_rect(*place), "{label} at {place:?}");
        for (other, cover) in &places[at + 1..] {
            let common = place.intersect(*cover);
            let is_apart = common.width() < 1.0 || common.height() < 1.0;
            assert!(
                is_apart,
                "{label} {place:?} and {other} {cover:?} at {room:?}"
            );
        }
    }
}

#[test]
fn list_chat_numbers_and_the_own_picture_cover_each_other_at_no_width() {
    let has = |places: &[(String, egui::Rect)], label: &str| {
        places.iter().any(|(shown, _)| shown == label)
    };
    for (width, has_list, has_page) in [
        (1200.0, true, true),
        (900.0, false, true),
        (420.0, false, false),
    ] {
        for (right, low) in [(true, true), (true, false), (false, true), (false, false)] {
            let size = vec2(width, 760.0);
            let mut state = everything();
            state.act(&Action::MoveOwn(Corner::of(right, low)));
            let mut screen = open_as_large(state, size);
            paint(&mut screen);
            pass(&mut screen);
            let shown = places(&screen);
            assert_apart(&shown, size);
            assert!(has(&shown, words::CLOSE_CHAT), "{width}: {shown:?}");
            assert_eq!(has(&shown, words::SETTINGS), has_list, "{width}: {shown:?}");
            for label in [words::MY_PICTURE_MOVES, words::HANG_UP, "All is well"] {
                assert_eq!(
                    has(&shown, label),
                    has_page,
                    "{width}: {label} in {shown:?}"
                );
            }
            screen.state_mut().state.act(&Action::ShowChat(false));
            pass(&mut screen);
            let shown = places(&screen);
            assert_apart(&shown, size);
            for label in [words::MY_PICTURE_MOVES, words::HANG_UP, "All is well"] {
                assert!(has(&shown, label), "{width}: {label} in {shown:?}");
            }
        }
    }
}

#[test]
fn the_sheet_leaves_room_for_the_controls_of_a_picture_or_covers_all_of_it() {
    for width in [1200.0, 1000.0, 960.0] {
        for state in [calling(Theme::Dark), super::scenes::watching(Theme::Dark)] {
            let mut screen = open_as_large(state, vec2(width, 760.0));
            paint(&mut screen);
            screen.state_mut().state.act(&Action::Sheet(true));
            pass(&mut screen);
            let sheet = screen.get_by_label(words::CLOSE).rect().right() - 368.0;
            // Where there is less room, full screen has its key only.
            let more = screen.get_by_label(words::MORE);
            let full = screen.query_by_label(words::FULL_SCREEN);
            for button in [Some(more), full].into_iter().flatten() {
                let button = button.rect();
                assert!(button.left() >= 0.0, "{width}: {button:?}");
                assert!(button.right() <= sheet, "{width}: {button:?}");
            }
        }
    }
}

#[test]
fn where_list_and_chat_have_no_room_together_the_list_takes_the_place_of_the_chat() {
    let mut screen = open_as_large(everything(), vec2(900.0, 760.0));
    press(&mut screen, Modifiers::COMMAND, Key::L);
    pass(&mut screen);
    screen.get_by_label(words::SETTINGS);
    assert!(screen.query_by_label(words::CLOSE_CHAT).is_none());
    click(&mut screen, words::CHAT);
    pass(&mut screen);
    screen.get_by_label(words::CLOSE_CHAT);
    assert!(screen.query_by_label(words::SETTINGS).is_none());
}
