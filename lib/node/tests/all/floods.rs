//! Peers that do over and over what their owner is told of: it is told of so much as an honest one
//! could do.

use std::time::{Duration, Instant};

use transom::{Accept, CallKind, CameraState, EndReason, Notice, RefuseReason};
use transom_proto::{self as proto, CallEvent, TransferEvent};
use transom_wire::{
    CameraStats, Collision, Entry, EntryKind, FailReason, Failure, Offer, RelativePath, Shape,
    TransferKey,
};

use crate::calls::name;
use crate::evil::{Evil, is_answered, victim};
use crate::support::{Scratch, inbox};

/// What a peer may begin at once, and the time between two beginnings after that.
const BURST: usize = 64;
const PAUSE: Duration = Duration::from_millis(125);

/// No more than the peer's pace allows in the time since then.
fn assert_paced(count: usize, since: Instant) {
    let most = BURST + since.elapsed().div_duration_f32(PAUSE) as usize + 1;
    assert!((2..=most).contains(&count), "{count}, not up to {most}");
}

fn count(notices: &[Notice], wanted: impl Fn(&Notice) -> bool) -> usize {
    notices.iter().filter(|notice| wanted(notice)).count()
}

#[test]
fn who_rings_and_hangs_up_over_and_over_is_told_of_at_a_pace() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "call", |_| {});
    let link = evil.connect(&ben);
    let since = Instant::now();
    for _ in 0..1000 {
        let call = evil.session(link).ring(CallKind::Talk).unwrap();
        // What is declined at once is over by now, which is no fault.
        let _ = evil.session(link).hang_up(call, EndReason::Chosen, "");
        evil.turn();
    }
    let told = ben.told(Duration::from_millis(300));
    let rings = count(&told, |notice| matches!(notice, Notice::Ringing { .. }));
    assert_paced(rings, since);
    let ends = count(&told, |notice| matches!(notice, Notice::CallEnded { .. }));
    assert_eq!(ends, rings, "each ring that was told has its end");
    // Later it can ring as anybody.
    evil.session(link).ring(CallKind::Talk).unwrap();
    evil.turn();
    ben.rung();
}

#[test]
fn b32_who_offers_and_cancels_over_and_over_is_told_of_at_a_pace() {
    let scratch = Scratch::new("offers");
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "files", |settings| {
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Ask));
    });
    let link = evil.connect(&ben);
    let since = Instant::now();
    for number in 0..1000_u32 {
        let offer = offer(number.to_be_bytes()[3], 1);
        let file = evil.session(link).offer(&offer).unwrap();
        let _ = evil.session(link).cancel(file, RefuseReason::Chosen, "");
        evil.turn();
    }
    let told = ben.told(Duration::from_millis(300));
    let offers = count(&told, |notice| matches!(notice, Notice::Offered { .. }));
    assert_paced(offers, since);
    let ends = count(&told, |notice| {
        matches!(notice, Notice::TransferEnded { .. })
    });
    assert_eq!(ends, offers);
}

#[test]
fn what_is_said_of_a_call_over_and_over_is_told_at_a_pace_and_the_last_word_counts() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "call", |_| {});
    let link = evil.connect(&ben);
    let since = Instant::now();
    let call = evil.session(link).ring(CallKind::Talk).unwrap();
    evil.turn();
    ben.rung();
    ben.handle.answer(&name("evil"));
    evil.until(|_, event| {
        matches!(event, proto::Event::Call(_, CallEvent::Answered)).then_some(())
    });
    for _ in 0..1000 {
        for on in [true, false] {
            evil.session(link).recording(call, on).unwrap();
            evil.session(link)
                .camera_state(call, CameraState::Lost, "")
                .unwrap();
        }
        evil.turn();
    }
    evil.session(link).recording(call, true).unwrap();
    evil.session(link)
        .camera_state(call, CameraState::Live, "")
        .unwrap();
    evil.turn();
    let told = ben.told(Duration::from_millis(500));
    let marks = |notice: &Notice| {
        matches!(
            notice,
            Notice::FarRecording { .. } | Notice::FarCamera { .. }
        )
    };
    assert_paced(count(&told, marks), since);
    let mut last = told.into_iter().filter(marks).rev().take(2);
    let is_last = |notice: Notice| {
        matches!(
            notice,
            Notice::FarRecording { on: true, .. }
                | Notice::FarCamera {
                    state: CameraState::Live,
                    ..
                }
        )
    };
    assert!(last.all(is_last), "the newest word is told in the end");
}

#[test]
fn statistics_that_come_too_fast_are_told_at_a_pace_and_the_last_ones_count() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "call", |_| {});
    let link = evil.connect(&ben);
    let since = Instant::now();
    let call = evil.session(link).ring(CallKind::Talk).unwrap();
    evil.turn();
    ben.rung();
    ben.handle.answer(&name("evil"));
    is_answered(&mut evil);
    let stats = |viewers| CameraStats {
        viewers,
        ..CameraStats::default()
    };
    // Ben has not asked.
    evil.session(link).camera_stats(call, stats(1)).unwrap();
    evil.turn();
    let told = |notice: &Notice| matches!(notice, Notice::FarCameraStats { .. });
    ben.never(told, Duration::from_millis(200));
    ben.handle.want_stats(true);
    evil.until(|_, event| {
        matches!(
            event,
            proto::Event::Call(_, CallEvent::WantStats { on: true })
        )
        .then_some(())
    });
    for number in 0..1000 {
        evil.session(link)
            .camera_stats(call, stats(number))
            .unwrap();
        evil.turn();
    }
    let notices = ben.told(Duration::from_millis(500));
    assert_paced(count(&notices, told), since);
    let last = notices.iter().rev().find(|notice| told(notice));
    assert!(matches!(last, Some(Notice::FarCameraStats { stats, .. }) if stats.viewers == 999));
}

#[test]
fn who_asks_for_statistics_and_takes_it_back_over_and_over_is_answered_once_a_second() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "view", |settings| settings.serve_camera = true);
    let link = evil.connect(&ben);
    let call = evil.session(link).ring(CallKind::View).unwrap();
    is_answered(&mut evil);
    let is_answer =
        |event: &proto::Event| matches!(event, proto::Event::Call(_, CallEvent::CameraStats(_)));
    let is_answer_here = |event: &transom_net::Event| match event {
        transom_net::Event::Peer { event, .. } => is_answer(event),
        _ => false,
    };
    let (since, mut answers) = (Instant::now(), 0);
    while since.elapsed() < Duration::from_millis(2500) {
        for on in [true, false, true] {
            evil.session(link).want_stats(call, on).unwrap();
            answers += evil.turn().iter().filter(|it| is_answer_here(it)).count();
        }
    }
    let seconds = since.elapsed().as_secs() as usize;
    assert!(answers <= seconds + 1, "{answers}");
    // What counts at the end of a second is the last word that had arrived by then, be it a no. So
    // an answer is sure only once the flood is over, and the last word was a yes.
    evil.until(|_, event| is_answer(event).then_some(()));
    answers += 1;
    let seconds = since.elapsed().as_secs() as usize;
    assert!(answers <= seconds + 1, "{answers}");
    let told = ben.told(Duration::from_millis(100));
    let wanted = count(&told, |notice| matches!(notice, Notice::StatsWanted { .. }));
    assert!((1..=2 * (seconds + 1)).contains(&wanted), "{wanted}");
}

#[test]
fn who_connects_over_and_over_is_let_in_at_a_pace_and_never_turned_away() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "call", |_| {});
    let since = Instant::now();
    for _ in 0..BURST + 10 {
        evil.connect(&ben);
        evil.lose();
    }
    let told = ben.told(Duration::from_millis(300));
    let joined = count(&told, |notice| matches!(notice, Notice::Joined { .. }));
    assert_eq!(joined, BURST + 10);
    assert_paced(joined, since);
}

#[test]
fn of_entries_that_fail_without_end_a_thousand_are_told() {
    let scratch = Scratch::new("entries");
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "files", |settings| {
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Known));
    });
    let link = evil.connect(&ben);
    let file = evil.session(link).offer(&offer(0, 3000)).unwrap();
    evil.until(|_, event| {
        matches!(
            event,
            proto::Event::Transfer(_, TransferEvent::Accepted { .. })
        )
        .then_some(())
    });
    let mut index = 0;
    while index < 3000 {
        while index < 3000 && evil.session(link).entry_room(file) > 0 {
            let path = index.to_string();
            let entry = Entry {
                index,
                kind: EntryKind::File,
                mode: 0o644,
                mtime: 0,
                size: 1,
                path: RelativePath::new(&path).unwrap(),
            };
            evil.session(link).entry(file, &entry).unwrap();
            let abandon = Failure {
                index,
                reason: FailReason::Io,
                errno: 0,
                text: "no",
            };
            evil.session(link).abandon(file, abandon).unwrap();
            index += 1;
        }
        evil.turn();
    }
    let told = ben.told(Duration::from_millis(500));
    let failed = count(&told, |notice| matches!(notice, Notice::EntryFailed { .. }));
    assert_eq!(failed, 1024);
}

/// Announces 256 entries with paths of that length in each of 16 folders, and sends no data. Gives
/// whether the other side still listens.
fn announces_long_paths(evil: &mut Evil, ben: &crate::support::Peer, length: usize) -> bool {
    const FOLDERS: usize = 16;
    let link = evil.connect(ben);
    for number in 0..FOLDERS {
        let offer = offer(number as u8, 256);
        evil.session(link).offer(&offer).unwrap();
    }
    let mut accepted = Vec::new();
    while accepted.len() < FOLDERS {
        accepted.extend(evil.turn().into_iter().filter_map(|event| match event {
            transom_net::Event::Peer {
                event: proto::Event::Transfer(file, TransferEvent::Accepted { .. }),
                ..
            } => Some(file),
            _ => None,
        }));
    }
    for index in 0..256 {
        for file in &accepted {
            // A path of 16 components, of which only the last one is different.
            let mut path = vec!["a".repeat(length / 16 - 1); 15].join("/");
            path.push_str(&format!("/{index}"));
            let entry = Entry {
                index,
                kind: EntryKind::File,
                mode: 0o644,
                mtime: 0,
                size: 1,
                path: RelativePath::new(&path).unwrap(),
            };
            while evil
                .try_session(link)
                .is_some_and(|session| session.entry_room(*file) == 0)
            {
                evil.turn();
            }
            match evil.try_session(link) {
                Some(session) => session.entry(*file, &entry).unwrap(),
                None => return false,
            }
        }
        evil.turn();
    }
    // What it says now is answered after all that it said before.
    let last = evil.session(link).ring(CallKind::Talk).unwrap();
    let end = Instant::now() + crate::support::PATIENCE;
    while Instant::now() < end {
        for event in evil.turn() {
            match event {
                transom_net::Event::Left { .. } => return false,
                transom_net::Event::Peer {
                    event: proto::Event::Call(call, CallEvent::Declined(_)),
                    ..
                } if call == last => return true,
                _ => {}
            }
        }
    }
    panic!("neither heard nor told to go");
}

#[test]
fn who_announces_long_paths_without_end_is_told_to_go_and_who_announces_usual_ones_is_not() {
    for (length, goes_on) in [(240, true), (3600, false)] {
        let scratch = Scratch::new(&format!("paths-{length}"));
        let mut evil = Evil::new(1);
        let ben = victim(&evil, "files", |settings| {
            settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Known));
        });
        assert_eq!(announces_long_paths(&mut evil, &ben, length), goes_on);
    }
}

fn offer(number: u8, files: u32) -> Offer<'static> {
    Offer {
        transfer: TransferKey([number; 16]),
        shape: if files == 1 {
            Shape::File
        } else {
            Shape::Folder
        },
        collision: Collision::Rename,
        files,
        bytes: u64::from(files),
        is_counted: true,
        name: RelativePath::new("folder").unwrap(),
    }
}
