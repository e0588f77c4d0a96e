//! Pictures of every screen, in both themes and three sizes, to be looked at beside the design.

use transom::latency::{Stage, Stages};
use transom::sounds::OwnLevel;
use transom::{EndReason, SoundNotice};

use transom::PairingNotice;
use transom_users::Rights;

use crate::model::calls_tests::{interrupted, rings};
use crate::model::sound_tests::microphone_lost;
use crate::model::tests::ended;
use crate::model::{CodeForm, Dialog, Door, Sample, ShownCode, Theme};

use super::scenes::{all_cameras, calling, conversation, home, many, paint, watching};
use super::*;

/// Compares a scene in those sizes and both themes.
fn shots(name: &str, sizes: &[(&str, Vec2)], scene: impl Fn(Theme) -> State) -> SnapshotResults {
    let mut results = SnapshotResults::new();
    for (place, size) in sizes {
        for (colour, theme) in [("dark", Theme::Dark), ("light", Theme::Light)] {
            let mut screen = open_as_large(scene(theme), *size);
            paint(&mut screen);
            let name = format!("{name}-{place}-{colour}");
            results.extend(snapshot(&mut screen, &name));
        }
    }
    results
}

/// The widths between and beyond the usual ones.
const MIDDLE: [(&str, Vec2); 1] = [("middle", vec2(800.0, 600.0))];
const WIDE: [(&str, Vec2); 1] = [("wide", vec2(1920.0, 1080.0))];

const NARROW: (&str, Vec2) = ("narrow", vec2(420.0, 760.0));
const SIZES: [(&str, Vec2); 3] = [("desk", DESK), ("phone", PHONE), ("least", LEAST)];

#[test]
fn looks_like_the_first_run() {
    shots("first-run", &SIZES, |theme| {
        let mut state = State::default();
        state.config.theme = theme;
        state.own.name = "Leo".into();
        state.meeting.nearby = super::pairing::nearby();
        state
    });
}

#[test]
fn looks_like_the_first_run_with_nobody_nearby() {
    shots("first-run-alone", &SIZES[..1], |theme| {
        let mut state = State::default();
        state.config.theme = theme;
        state.own.name = "Leo".into();
        state
    });
}

/// A dialog over the home, after a notice of the station.
fn pairing(theme: Theme, dialog: Dialog, notice: Option<PairingNotice>) -> State {
    let mut state = home(theme);
    state.own.addresses = vec!["192.168.1.5".parse().unwrap()];
    state.meeting.may = Rights::default();
    state.act(&Action::Open(dialog));
    if let Some(notice) = notice {
        state.apply(Notice::Pairing(Ids::new().pairing(), notice));
    }
    state
}

#[test]
fn looks_like_a_code_that_is_shown() {
    shots("show-code", &SIZES, |theme| {
        let code = "47-otter-violin".parse().unwrap();
        let mut state = pairing(theme, Dialog::ShowCode, None);
        let until = state.now + std::time::Duration::from_secs(492);
        state.meeting.shown = ShownCode::Shown {
            code,
            until,
            tries_left: crate::model::TRIES,
        };
        state
    });
}

#[test]
fn looks_like_a_code_that_is_typed() {
    shots("enter-code", &SIZES, |theme| {
        let code = "47 ott vio".to_owned();
        let form = CodeForm {
            code,
            ..CodeForm::default()
        };
        pairing(theme, Dialog::EnterCode(form), None)
    });
}

#[test]
fn looks_like_two_who_are_connected() {
    shots("connected", &SIZES, |theme| {
        pairing(theme, Dialog::ShowCode, Some(super::pairing::paired()))
    });
}

#[test]
fn looks_like_a_conversation_with_files_and_a_call() {
    shots("conversation", &SIZES, |theme| page_of(conversation(theme)));
}

/// The page covers the list where there is no room for both.
fn page_of(mut state: State) -> State {
    state.view.page = true;
    state
}

#[test]
fn looks_like_offers_strangers_and_news() {
    shots("toasts", &SIZES, |theme| page_of(scenes::toasts(theme)));
}

#[test]
fn looks_like_a_contact_that_shows_another_key() {
    shots("blocked", &SIZES, |theme| {
        let mut state = home(theme);
        let [pinned, offered] = [7, 2].map(|byte| transom::PublicKey([byte; 32]));
        state.apply(Notice::KeyChanged {
            peer: peer("Anna"),
            pinned,
            offered,
            in_book: false,
        });
        page_of(state)
    });
}

#[test]
fn looks_like_the_sheet_about_a_contact() {
    shots("sheet", &SIZES, |theme| {
        let mut state = conversation(theme);
        state.act(&Action::Sheet(true));
        page_of(state)
    });
}

/// Watching the front door, which other programs see.
fn in_programs(theme: Theme) -> State {
    let mut state = watching(theme);
    state.bridge.token = Some(transom::Token::from_random([7; 20]));
    let (peer, on) = (peer("Front-door"), true);
    state.act(&Action::ShowInPrograms { peer, on });
    state.bridge.door = Door::Open;
    state
}

#[test]
fn looks_like_the_sheet_about_a_camera_in_other_programs() {
    let mut results = SnapshotResults::new();
    let sizes = [SIZES[0], NARROW];
    let taken = transom::SystemError {
        kind: std::io::ErrorKind::AddrInUse,
        text: "127.0.0.1:8080 is in use".into(),
    };
    for (name, is_open) in [("programs", true), ("programs-refused", false)] {
        results.extend(shots(name, &sizes, |theme| {
            let mut state = in_programs(theme);
            if !is_open {
                state.bridge.door = Door::Refused(taken.clone());
            }
            state.act(&Action::Sheet(true));
            page_of(state)
        }));
    }
}

#[test]
fn looks_like_two_keys_to_compare() {
    shots("compare", &SIZES, |theme| {
        let mut state = conversation(theme);
        state.act(&Action::Open(crate::model::Dialog::Verify(peer("Bob"))));
        page_of(state)
    });
}

#[test]
fn looks_like_every_page_of_the_settings() {
    let mut results = SnapshotResults::new();
    for page in crate::model::SettingsPage::ALL {
        let sizes = match page {
            crate::model::SettingsPage::Sound => &SIZES[..],
            _ => &SIZES[..1],
        };
        let name = format!("settings-{}", words::page(page).to_lowercase());
        let shots = shots(&name, sizes, |theme| {
            let mut state = conversation(theme);
            let form = crate::model::SettingsForm::of(&state);
            let form = crate::model::SettingsForm { page, ..form };
            let dialog = crate::model::Dialog::Settings(Box::new(form));
            state.act(&Action::Open(dialog));
            page_of(state)
        });
        results.extend(shots);
    }
}

#[test]
fn looks_like_the_settings_of_cameras_in_other_programs() {
    let mut results = SnapshotResults::new();
    for (place, size) in [SIZES[0], NARROW] {
        for (colour, theme) in [("dark", Theme::Dark), ("light", Theme::Light)] {
            let mut state = in_programs(theme);
            let page = crate::model::SettingsPage::Network;
            let form = crate::model::SettingsForm::at(page, &state);
            let dialog = crate::model::Dialog::Settings(Box::new(form));
            state.act(&Action::Open(dialog));
            let mut screen = open_as_large(state, size);
            paint(&mut screen);
            let last = words::of_file(words::SHOW_IN_FOLDER, "user_list.txt");
            screen.get_by_label(&last).scroll_to_me();
            let name = format!("settings-programs-{place}-{colour}");
            results.extend(snapshot(&mut screen, &name));
        }
    }
}

#[test]
fn looks_like_files_over_the_window() {
    let mut results = SnapshotResults::new();
    for (colour, theme) in [("dark", Theme::Dark), ("light", Theme::Light)] {
        let mut screen = open(conversation(theme));
        paint(&mut screen);
        let files = [egui::HoveredFile::default(), egui::HoveredFile::default()];
        screen.input_mut().hovered_files.extend(files);
        results.extend(snapshot(&mut screen, &format!("drop-desk-{colour}")));
    }
}

#[test]
fn looks_like_a_list_with_cameras_and_people() {
    shots("list", &SIZES, home);
}

#[test]
fn looks_like_a_page_that_covers_the_list() {
    shots("page", &SIZES[1..], |theme| {
        let mut state = home(theme);
        state.view.page = true;
        state
    });
}

#[test]
fn looks_like_somebody_calls() {
    shots("ringing", &SIZES, |theme| {
        let mut state = home(theme);
        state.act(&Action::Choose(peer("Bob")));
        state.view.page = false;
        state.apply(rings("Anna"));
        state
    });
}

#[test]
fn looks_like_calling_somebody() {
    shots("calling", &SIZES, |theme| {
        let mut state = home(theme);
        let (on, anna) = (true, peer("Anna"));
        state.act(&Action::Call(anna));
        state.act(&Action::ShowCamera { peer: anna, on });
        state.shown(Face::Own, scenes::hd());
        state
    });
}

#[test]
fn looks_like_a_call() {
    shots("call", &SIZES, calling);
}

#[test]
fn looks_like_speaking_while_muted() {
    shots("muted", &SIZES[..1], |theme| {
        let mut state = calling(theme);
        state.act(&Action::Mute(true));
        state.apply(Notice::Sound(SoundNotice::MutedSpeech));
        state
    });
}

#[test]
fn looks_like_a_call_with_chat_in_a_wide_window() {
    shots("call-chat", &WIDE, |theme| {
        let mut state = calling(theme);
        state.act(&Action::ShowChat(true));
        state
    });
}

#[test]
fn looks_like_a_call_with_everything_open() {
    let sizes = [
        ("desk", DESK),
        ("middle", vec2(900.0, 760.0)),
        ("narrow", vec2(420.0, 760.0)),
    ];
    let mut results = SnapshotResults::new();
    for size in sizes {
        let shots = shots("call-crowded", &[size], |theme| {
            let mut state = super::layout::everything();
            state.config.theme = theme;
            // In a narrow window the chat covers all.
            state.act(&Action::ShowChat(size.0 != "narrow"));
            state
        });
        results.extend(shots);
    }
}

#[test]
fn looks_like_reconnecting() {
    shots("reconnecting", &SIZES[..2], |theme| {
        let mut state = calling(theme);
        state.now -= std::time::Duration::from_secs(6);
        state.apply(interrupted("Anna"));
        state.now += std::time::Duration::from_secs(6);
        state
    });
}

#[test]
fn looks_like_a_call_that_nobody_answered() {
    shots("no-answer", &SIZES, |theme| {
        let mut state = home(theme);
        state.act(&Action::Call(peer("Anna")));
        state.apply(ended("Anna", EndReason::Unanswered));
        state
    });
}

#[test]
fn looks_like_a_call_without_microphone_and_camera() {
    shots("trouble", &SIZES[..1], |theme| {
        let mut state = calling(theme);
        state.act(&Action::ShowList(true));
        let why = "0.0.0.0:7447 is taken: another program listens there".to_owned();
        state.warn(Warning::PortRefused { port: 7447, why });
        state.apply(Notice::Sound(microphone_lost()));
        state.act(&Action::SetCamera(None));
        state
    });
}

#[test]
fn looks_like_the_menu_of_a_call_with_the_sound() {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Dark, Theme::Light] {
        let mut screen = open(calling(theme));
        paint(&mut screen);
        click(&mut screen, words::MORE);
        click(&mut screen, words::SOUND);
        let dbfs = -30.0;
        let level = OwnLevel {
            dbfs,
            speaks: false,
        };
        let level = Notice::Sound(SoundNotice::Level(level));
        screen.state_mut().state.apply(level);
        let name = if theme == Theme::Dark {
            "dark"
        } else {
            "light"
        };
        results.extend(snapshot(&mut screen, &format!("menu-{name}")));
    }
}

#[test]
fn looks_like_a_call_in_the_corner() {
    shots("corner", &SIZES[..1], |theme| {
        let mut state = calling(theme);
        state.act(&Action::Choose(peer("Bob")));
        state
    });
}

#[test]
fn looks_like_a_camera() {
    shots("camera", &SIZES, watching);
}

#[test]
fn looks_like_a_person_who_may_not_be_watched() {
    shots("forbidden", &SIZES[..1], |theme| {
        super::cameras::forbidden(home(theme), "Anna")
    });
}

#[test]
fn looks_like_all_cameras() {
    shots("cameras", &SIZES, all_cameras);
}

#[test]
fn looks_like_a_person_without_a_picture() {
    shots("no-picture", &SIZES[..1], |theme| {
        let mut state = calling(theme);
        let text = String::new();
        let off = CameraState::Off;
        state.apply(Notice::FarCamera {
            peer: peer("Anna"),
            state: off,
            text,
        });
        state
    });
}

#[test]
fn looks_like_a_conversation_in_a_middle_window() {
    shots("conversation", &MIDDLE, |theme| {
        page_of(conversation(theme))
    });
}

#[test]
fn looks_like_a_call_with_the_chat_over_it_in_a_middle_window() {
    shots("call-chat", &MIDDLE, |theme| {
        let mut state = calling(theme);
        state.act(&Action::ShowChat(true));
        state.act(&Action::ShowList(true));
        state
    });
}

#[test]
fn looks_like_all_cameras_in_a_wide_window() {
    shots("cameras", &WIDE, all_cameras);
}

#[test]
fn looks_like_many_contacts_with_a_viewer_and_a_transfer() {
    shots("many", &SIZES, many);
}

#[test]
fn looks_like_a_contact_whose_other_key_stands_in_the_list() {
    shots("blocked-in-list", &SIZES[..1], |theme| {
        let mut state = home(theme);
        let [pinned, offered] = [7, 2].map(|byte| transom::PublicKey([byte; 32]));
        state.apply(Notice::KeyChanged {
            peer: peer("Anna"),
            pinned,
            offered,
            in_book: true,
        });
        page_of(state)
    });
}

#[test]
fn looks_like_the_stations_nearby() {
    shots("nearby", &SIZES, |theme| {
        let mut state = page_of(conversation(theme));
        state.meeting.nearby = super::pairing::nearby();
        state.act(&Action::Open(Dialog::Nearby));
        state
    });
}

#[test]
fn looks_like_banners_above_the_list() {
    shots("banners", &SIZES, |theme| {
        let mut state = home(theme);
        state.warn(Warning::BadLines(vec![
            "user_list.txt:3: an address is missing".to_owned(),
        ]));
        state.warn(Warning::Inbox("/mnt/disk can't be written to".to_owned()));
        state
    });
}

/// The numbers of a peer's pictures, and of the connection.
fn show_numbers(state: &mut State, of: PeerName) {
    state.act(&Action::Overlay(true));
    let millis = |ms: f32| std::time::Duration::from_secs_f32(ms / 1e3);
    // However long it takes to draw, they are of the last second.
    let start = std::time::Instant::now() + std::time::Duration::from_secs(600);
    for sequence in 0..30_u32 {
        let stages = [
            (Stage::Capture, 0.4),
            (Stage::Encode, 0.2),
            (Stage::Wait, 0.2),
            (Stage::Wire, 0.7),
            (Stage::Decode, 1.2),
        ];
        let stages = stages
            .into_iter()
            .fold(Stages::default(), |all, (stage, ms)| {
                all.with(stage, millis(ms + sequence as f32 / 60.0))
            });
        let decoded = start + millis(sequence as f32 * 100.0 / 3.0);
        let sample = Sample {
            bytes: 22_500,
            sequence,
            undecoded: 0,
            unseen: 0,
            stages,
            received: decoded - millis(1.2),
            decoded,
            presented: decoded + millis(15.3),
        };
        state.presented(Face::Peer(of), sample);
    }
    let numbers = transom::Numbers {
        rtt: Some(millis(1.5)),
        ..transom::Numbers::default()
    };
    state.apply(Notice::Measured { peer: of, numbers });
}

#[test]
fn looks_like_the_numbers_of_a_call() {
    shots("numbers", &SIZES[..2], |theme| {
        let mut state = calling(theme);
        show_numbers(&mut state, peer("Anna"));
        state
    });
}

#[test]
fn looks_like_the_numbers_of_a_camera() {
    shots("numbers-camera", &SIZES[..2], |theme| {
        let mut state = watching(theme);
        let camera = state.calls.open[0].peer;
        show_numbers(&mut state, camera);
        for skipped in [0, 3] {
            let mut stats = Box::<transom::FarCameraStats>::default();
            let numbers = &mut stats.numbers;
            (numbers.fps, numbers.agreed_fps, stats.viewers) = (29.9, 30, 2);
            (numbers.counts.skipped, numbers.counts.damaged) = (skipped, skipped / 2);
            numbers.machine.temperature = Some(61.4);
            let peer = camera;
            state.apply(Notice::FarCameraStats { peer, stats });
        }
        state
    });
}
