//! Offers, transfers and texts: the flows of a person, by labels, and what hostile peers put into
//! them.

use egui_kittest::kittest::NodeT as _;
use transom::{CurrentFile, Direction, RefuseReason};

use super::*;
use crate::model::tests::knock;
use crate::model::{Dialog, FolderFor, Unsent};

#[test]
fn an_offer_goes_into_another_folder_if_one_is_named() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(offer(&ids, "plan.pdf"));
    let transfer = state.offers[0].transfer;
    let mut screen = open(state);
    assert_eq!(
        click(&mut screen, "Other folder…"),
        [Action::PickFolder(FolderFor::Offer(transfer))]
    );
    screen
        .state_mut()
        .state
        .picked_folder(FolderFor::Offer(transfer), Ok(Some("/mnt/b".into())));
    screen.run();
    fill(&mut screen, "into the folder", "ig");
    screen.state_mut().take();
    let into = Some("/mnt/big".into());
    assert_eq!(
        click(&mut screen, "Accept"),
        [Action::Accept { transfer, into }]
    );
}

#[test]
fn many_offers_of_one_contact_are_answered_at_once_but_for_what_replaces_something() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(offer(&ids, "one.jpg"));
    let mut screen = open(state);
    assert!(screen.query_by_label("Accept all").is_none());
    for file in ["two.jpg", "three.jpg"] {
        screen.state_mut().state.apply(offer(&ids, file));
    }
    let mut replacing = offer(&ids, "four.jpg");
    if let Notice::Offered { overwrites, .. } = &mut replacing {
        *overwrites = true;
    }
    screen.state_mut().state.apply(replacing);
    screen.run();
    screen.get_by_label("yard offers 3 files and folders (3.7 MB)");
    let offers = &screen.state().state.offers;
    let ours: Vec<_> = offers.iter().map(|offer| offer.transfer).collect();
    let accepted = click(&mut screen, "Accept all");
    let expected = ours[..3].iter().map(|transfer| Action::Accept {
        transfer: *transfer,
        into: None,
    });
    assert_eq!(accepted, expected.collect::<Vec<_>>());
    let left = &screen.state().state.offers;
    assert_eq!((left.len(), left[0].name.as_str()), (1, "four.jpg"));
}

#[test]
fn many_offers_are_refused_at_once() {
    let (ids, mut state) = (Ids::new(), at_home());
    for file in ["one.jpg", "two.jpg"] {
        state.apply(offer(&ids, file));
    }
    let mut screen = open(state);
    assert_eq!(click(&mut screen, "Refuse all").len(), 2);
    assert!(screen.state().state.offers.is_empty());
}

#[test]
fn what_stands_still_adds_no_rate_to_the_sum() {
    for still in [Phase::Paused, Phase::Waiting] {
        let (ids, mut state) = (Ids::new(), at_home());
        for phase in [Phase::Running, still] {
            state.apply(Notice::Transfer(status(ids.transfer(), phase, 0)));
        }
        open(state).get_by_label("2 transfers, 0 B of 690 MB, 56 MB/s");
    }
}

#[test]
fn a_file_waits_for_its_turn_or_for_the_contact() {
    let (ids, mut state) = (Ids::new(), at_home());
    let waiting = status(ids.transfer(), Phase::Waiting, 0);
    state.apply(Notice::Transfer(waiting));
    let mut screen = open(state);
    screen.get_by_label("0 B of 345 MB, waiting for them to be there");
    screen.state_mut().state.apply(joined("door"));
    screen.run();
    screen.get_by_label("0 B of 345 MB, waiting for its turn");
}

#[test]
fn what_waits_stands_below_what_moves_and_counts_no_bytes_before_it_is_known() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(joined("door"));
    for (name, phase, bytes) in [
        ("moves.bin", Phase::Running, 10_000),
        ("next.bin", Phase::Waiting, 0),
    ] {
        let mut transfer = status(ids.transfer(), phase, 0);
        (transfer.name, transfer.bytes) = (name.into(), bytes);
        state.apply(Notice::Transfer(transfer));
    }
    let screen = open(state);
    screen.get_by_label("waiting for its turn");
    let top = |label| screen.get_by_label(label).rect().top();
    assert!(top("moves.bin to door") < top("next.bin to door"));
}

#[test]
fn who_receives_is_not_told_to_send_again_nor_that_there_is_no_room_there() {
    let (ids, mut state) = (Ids::new(), at_home());
    let lost = Outcome::Lost {
        why: "it said goodbye".into(),
    };
    let refused = Outcome::Refused {
        reason: RefuseReason::Unwritable,
        text: String::new(),
    };
    for outcome in [lost, refused] {
        let mut came = status(ids.transfer(), Phase::Ended, 0);
        came.direction = Direction::Incoming;
        state.apply(Notice::TransferEnded {
            status: came,
            outcome,
        });
    }
    let screen = open(state);
    screen.get_by_label("connection lost; it goes on when it is sent again: it said goodbye");
    screen.get_by_label("refused, the folder here can't be written to");
}

#[test]
fn a_hundred_thousand_offers_change_nothing_but_a_line() {
    let (ids, mut state) = (Ids::new(), at_home());
    for _ in 0..100_000 {
        state.apply(offer(&ids, "again"));
    }
    assert_eq!(state.offers.len(), 32);
    open(state).get_by_label("yard offers again");
}

#[test]
fn a_failed_transfer_can_be_tried_again_and_what_came_be_looked_at() {
    let (ids, mut state) = (Ids::new(), at_home());
    let (ours, theirs) = (ids.transfer(), ids.transfer());
    state.sending(ours, "/a b".into());
    let why = "no space left on device".to_owned();
    state.apply(Notice::EntryFailed {
        transfer: ours,
        path: "a b".into(),
        why: why.clone(),
    });
    state.apply(Notice::TransferEnded {
        status: status(ours, Phase::Ended, 0),
        outcome: Outcome::Failed { why },
    });
    let mut came = status(theirs, Phase::Ended, 0);
    came.direction = Direction::Incoming;
    let path = "/home/me/in/evil.desktop".into();
    state.apply(Notice::TransferEnded {
        status: came,
        outcome: Outcome::Durable { path },
    });
    let mut screen = open(state);
    screen.get_by_label("failed: no space left on device");
    assert!(screen.query_by_label_contains("1 failed").is_none());
    // The folder, never the file.
    assert_eq!(
        click(&mut screen, "Open folder"),
        [Action::OpenFolder("/home/me/in".into())]
    );
    assert_eq!(
        click(&mut screen, "Try again"),
        [Action::Retry {
            transfer: ours,
            peer: peer("door"),
            path: "/a b".into()
        }]
    );
    assert!(screen.query_by_label("Try again").is_none());
}

#[test]
fn the_file_that_moves_and_the_sum_of_all_are_shown() {
    let (ids, mut state) = (Ids::new(), at_home());
    for _ in 0..2 {
        let mut status = status(ids.transfer(), Phase::Running, 120_750_000);
        status.current = Some(CurrentFile {
            path: "photos/\u{1b}[2J1.jpg".into(),
            bytes: 4_000_000,
            moved: 1_000_000,
        });
        state.apply(Notice::Transfer(status));
    }
    let screen = open(state);
    screen.get_by_label("2 transfers, 242 MB of 690 MB, 112 MB/s");
    assert_eq!(
        screen
            .query_all_by_label("photos/\\u{1b}[2J1.jpg 1.0 MB of 4.0 MB")
            .count(),
        2
    );
}

#[test]
fn a_transfer_is_cancelled_at_once_only_while_nothing_of_it_has_come() {
    let (ids, mut state) = (Ids::new(), at_home());
    let [waiting, running] = [0, 120_750_000].map(|verified| {
        let id = ids.transfer();
        state.apply(Notice::Transfer(status(id, Phase::Running, verified)));
        id
    });
    let mut screen = open(state);
    let cancel = |screen: &mut Screen, at: usize| {
        pass(screen);
        screen.get_all_by_label("Cancel").nth(at).unwrap().click();
        screen.run();
        screen.state_mut().take()
    };
    // The newest is the first.
    assert_eq!(cancel(&mut screen, 1), [Action::Cancel(waiting)]);
    let asked = cancel(&mut screen, 0);
    assert_eq!(asked, [Action::Open(Dialog::CancelTransfer(running))]);
    screen.get_by_label("Cancel holiday.mp4 to door?");
    assert_eq!(click(&mut screen, "Let it go on"), [Action::Close]);
    cancel(&mut screen, 0);
    assert_eq!(
        click(&mut screen, "Cancel the transfer"),
        [Action::Cancel(running), Action::Close]
    );
    // Where it ends meanwhile, there is nothing to ask.
    cancel(&mut screen, 0);
    screen.state_mut().state.apply(Notice::TransferEnded {
        status: status(running, Phase::Ended, 345_000_000),
        outcome: Outcome::Durable { path: "/a".into() },
    });
    screen.run();
    assert!(screen.query_by_label("Cancel the transfer").is_none());
}

#[test]
fn several_files_and_folders_are_dropped_at_once() {
    let mut screen = open(at_home());
    for path in ["/tmp/a", "/tmp/folder"] {
        screen.input_mut().dropped_files.push(DroppedFile {
            path: Some(path.into()),
            ..Default::default()
        });
    }
    screen.step();
    let send = |path: &str| Action::Send {
        peer: peer("door"),
        path: path.into(),
    };
    assert_eq!(
        screen.state_mut().take(),
        [send("/tmp/a"), send("/tmp/folder")]
    );
}

#[test]
fn a_link_opens_only_after_its_whole_address_was_shown() {
    let mut state = at_home();
    let link = format!("https://example.org/{}", "a".repeat(3900));
    state.apply(Notice::Text {
        peer: peer("door"),
        text: format!("look: {link}"),
    });
    let mut screen = open(state);
    let asked = click(&mut screen, "Open link…");
    assert_eq!(asked, [Action::Open(Dialog::Link(link.clone()))]);
    assert_eq!(
        click(&mut screen, "Open"),
        [Action::OpenLink(link), Action::Close]
    );
}

#[test]
fn a_text_is_shown_as_it_was_written() {
    let mut state = at_home();
    for text in [
        "one\n\ttwo",
        "👩\u{200d}👧 ❤\u{fe0f}",
        "می\u{200c}خواهم",
        "\u{1b}[2J",
        "\u{202e}exe",
    ] {
        let text = text.to_owned();
        state.apply(Notice::Text {
            peer: peer("door"),
            text,
        });
    }
    let screen = open(state);
    for shown in [
        "door: one\n\ttwo",
        "door: 👩\u{200d}👧 ❤\u{fe0f}",
        "door: \u{2068}می\u{200c}خواهم\u{2069}",
        "door: \\u{1b}[2J",
        "door: \\u{202e}exe",
    ] {
        screen.get_by_label(shown);
    }
}

#[test]
fn a_file_of_any_script_is_offered_by_its_name_and_turns_nothing_around_it() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(offer(&ids, "שלום.pdf"));
    state.apply(offer(&ids, "family 👩\u{200d}👧.jpg"));
    state.apply(offer(&ids, "\u{202b}a\nb"));
    let screen = open(state);
    screen.get_by_label("yard offers \u{2068}שלום.pdf\u{2069} (1.2 MB)");
    screen.get_by_label("yard offers family 👩\u{200d}👧.jpg (1.2 MB)");
    screen.get_by_label("yard offers \u{2068}\u{202b}a\\u{a}b\u{202c}\u{2069} (1.2 MB)");
}

#[test]
fn texts_to_somebody_absent_wait_and_tell_their_age() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.said(peer("door"), ids.text(), "are you there".into());
    state.now += std::time::Duration::from_secs(7200);
    let screen = open(state);
    screen.get_by_label("waiting");
    screen.get_by_label("2 h ago");
}

#[test]
fn hostile_names_and_texts_neither_break_the_screen_nor_steer_it() {
    let (ids, mut state) = (Ids::new(), at_home());
    let evil = "\u{202e}\u{1b}[2J\u{7}".repeat(1000);
    state.apply(Notice::Text {
        peer: peer("door"),
        text: evil.clone(),
    });
    let mut offered = offer(&ids, &evil);
    if let Notice::Offered {
        shape,
        files,
        bytes,
        ..
    } = &mut offered
    {
        (*shape, *files, *bytes) = (Shape::Folder, u32::MAX, u64::MAX);
    }
    state.apply(offered);
    let mut moving = status(ids.transfer(), Phase::Running, u64::MAX);
    (moving.name, moving.bytes, moving.rate) = (evil.clone(), u64::MAX, u64::MAX);
    moving.current = Some(CurrentFile {
        path: evil.clone(),
        bytes: 0,
        moved: u64::MAX,
    });
    state.apply(Notice::Transfer(moving.clone()));
    moving.transfer = ids.transfer();
    state.apply(Notice::Transfer(moving));
    state.refuse(evil);
    let screen = open(state);
    let shown: Vec<String> = screen
        .root()
        .children_recursive()
        .filter_map(|node| node.accesskit_node().label())
        .collect();
    assert!(shown.len() > 10);
    assert!(
        shown
            .iter()
            .all(|text| !text.contains(['\u{202e}', '\u{1b}', '\u{7}']))
    );
}

#[test]
fn looks_like_a_stranger_at_the_door() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(knock([9; 32]));
    state.apply(offer(&ids, "plan.pdf"));
    let id = ids.text();
    state.said(peer("door"), id, "are you there?".into());
    state.apply(Notice::Text {
        peer: peer("door"),
        text: "see https://example.org/plan".into(),
    });
    snapshot(open(state), "stranger");
}

#[test]
fn what_an_earlier_run_left_unsent_goes_on_by_a_click() {
    let mut state = at_home();
    let left = |path: &str| Unsent {
        peer: peer("door"),
        path: path.into(),
    };
    state.unsent = vec![left("/films/a.avi"), left("/films/b.avi")];
    let mut screen = open(state);
    screen.get_by_label("b.avi to door");
    pass(&mut screen);
    screen.get_all_by_label("Clear").last().unwrap().click();
    screen.run();
    let forget = |path| Action::ForgetUnsent(left(path));
    assert_eq!(screen.state_mut().take(), [forget("/films/b.avi")]);
    assert_eq!(
        click(&mut screen, "Go on"),
        [
            Action::Send {
                peer: peer("door"),
                path: "/films/a.avi".into()
            },
            forget("/films/a.avi")
        ]
    );
    assert!(screen.query_by_label("Go on").is_none());
}

#[test]
fn looks_like_an_afternoon_of_transfers() {
    let (ids, mut state) = (Ids::new(), at_home());
    let mut folder = status(ids.transfer(), Phase::Running, 120_750_000);
    (folder.name, folder.files, folder.files_done) = ("holiday".into(), 12, 3);
    folder.current = Some(CurrentFile {
        path: "holiday/beach/sunset.jpg".into(),
        bytes: 4_000_000,
        moved: 1_000_000,
    });
    let mut halted = status(ids.transfer(), Phase::Paused, 34_500_000);
    (halted.name, halted.direction) = ("plan.pdf".into(), Direction::Incoming);
    let failed = ids.transfer();
    state.sending(failed, "/home/me/film.avi".into());
    for transfer in [folder, halted] {
        state.apply(Notice::Transfer(transfer));
    }
    let why = "at the receiver: no space left on device".into();
    state.apply(Notice::TransferEnded {
        status: status(failed, Phase::Ended, 0),
        outcome: Outcome::Failed { why },
    });
    snapshot(open(state), "transfers");
}
