//! Files, offers and texts of others: the flows of a person, by labels, and what hostile peers put
//! into them.

use egui_kittest::kittest::NodeT as _;
use transom::{
    CurrentFile, Direction, FailReason, FileError, RefuseReason, RoomLimit, TransferFailure,
};

use super::*;
use crate::model::tests::lost;
use crate::model::{Dialog, FolderFor, Mishap, News, Unsent};

const FILE: &str = "holiday.mp4";

fn disk_full() -> TransferFailure {
    TransferFailure::Here(FileError {
        reason: Some(FailReason::NoSpace),
        text: "no space left on device".to_owned(),
    })
}

pub(super) fn offer(ids: &Ids, name: &str) -> Notice {
    Notice::Offered {
        transfer: ids.transfer(),
        peer: peer("door"),
        name: name.into(),
        shape: Shape::File,
        entries: 1,
        bytes: 1_234_567,
        is_counted: true,
        overwrites: false,
        asks: true,
    }
}

fn send(path: &str) -> Action {
    Action::Send {
        peer: peer("door"),
        path: path.into(),
    }
}

fn dropped(path: &str) -> DroppedFile {
    DroppedFile {
        path: Some(path.into()),
        ..DroppedFile::default()
    }
}

/// The button of that card.
fn of(words: &str, file: &str) -> String {
    words::of_file(words, file)
}

#[test]
fn a_typed_path_a_drop_and_a_dialog_send_a_file() {
    let mut screen = open(two_boxes());
    click(&mut screen, words::SEND_FILES);
    click(&mut screen, words::TYPE_A_PATH);
    fill(&mut screen, words::PATH, "/tmp/a b.txt");
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [send("/tmp/a b.txt")]
    );
    assert!(screen.query_by_label(words::PATH).is_none());
    screen
        .input_mut()
        .dropped_files
        .push(dropped("/tmp/dropped"));
    screen.step();
    assert_eq!(screen.state_mut().take(), [send("/tmp/dropped")]);
    click(&mut screen, words::SEND_FILES);
    let pick = Action::Pick {
        peer: peer("door"),
        folder: true,
    };
    assert_eq!(click(&mut screen, words::SEND_FOLDER), [pick]);
    // One dialog at a time.
    assert_eq!(press(&mut screen, Modifiers::COMMAND, Key::O), []);
}

#[test]
fn several_files_and_folders_are_dropped_at_once() {
    let mut screen = open(at_home());
    for path in ["/tmp/a", "/tmp/folder"] {
        screen.input_mut().dropped_files.push(dropped(path));
    }
    screen.step();
    assert_eq!(
        screen.state_mut().take(),
        [send("/tmp/a"), send("/tmp/folder")]
    );
}

#[test]
fn the_page_says_to_whom_a_file_goes_and_nobody_gets_what_is_dropped_on_all_cameras() {
    let mut screen = open(at_home());
    screen
        .input_mut()
        .hovered_files
        .push(egui::HoveredFile::default());
    screen.step();
    screen.get_by_label(&words::drop_to("door"));
    let mut screen = open(scenes::all_cameras(crate::model::Theme::Dark));
    screen.input_mut().dropped_files.push(dropped("/tmp/a"));
    screen.step();
    let told = Action::Tell(News::DroppedForNobody);
    assert_eq!(screen.state_mut().take(), [told]);
    screen.run_steps(2);
    screen.get_by_label(words::CHOOSE_FIRST);
}

#[test]
fn copied_files_are_sent_after_a_question_and_copied_words_are_pasted() {
    let mut screen = open(at_home());
    let field = page::FIELD;
    fill(&mut screen, field, "see ");
    screen.state_mut().take();
    screen.event(egui::Event::Paste(
        "file:///tmp/a%20b\nfile:///tmp/c".into(),
    ));
    screen.run();
    screen.get_by_label("/tmp/a b");
    let sent = click(&mut screen, &words::of(words::SEND, "door"));
    let asked = sent
        .iter()
        .filter(|action| matches!(action, Action::Send { .. }));
    assert_eq!(
        asked.cloned().collect::<Vec<_>>(),
        [send("/tmp/a b"), send("/tmp/c")]
    );
    assert_eq!(page::value(&screen, field), "see ");
    screen.get_by_role_and_label(Role::TextInput, field).focus();
    screen.event(egui::Event::Paste("file:///tmp/a and more".into()));
    screen.run();
    assert_eq!(screen.state().state.dialog, None);
    assert!(page::value(&screen, field).contains("file:///tmp/a and more"));
}

#[test]
fn a_transfer_shows_bar_rate_and_time_and_can_be_halted_and_cancelled() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.transfer();
    state.apply(Notice::Transfer(status(id, Phase::Running, 120_750_000)));
    let mut screen = open(state);
    screen.get_by_label("holiday.mp4 to door, 35 percent, 121 of 345 MB, 6 s left");
    let paused = true;
    let pause = Action::Pause {
        transfer: id,
        paused,
    };
    assert_eq!(click(&mut screen, &of(words::PAUSE, FILE)), [pause]);
    let why = disk_full();
    screen.state_mut().state.apply(Notice::TransferEnded {
        status: status(id, Phase::Ended, 0),
        outcome: Outcome::Failed { why, more: 0 },
    });
    screen.run();
    screen.get_by_label("Failed: no space left on device");
    let remove = of(words::REMOVE_FROM_VIEW, FILE);
    assert_eq!(click(&mut screen, &remove), [Action::Clear(id)]);
    assert!(screen.query_by_label_contains(FILE).is_none());
}

#[test]
fn an_offer_shows_true_name_and_size_and_is_accepted_or_declined() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    state.apply(offer(&ids, "photo\u{202e}gpj.exe"));
    let id = state.offers[0].transfer;
    let mut screen = open(state);
    let file = "photo\\u{202e}gpj.exe";
    screen.get_by_label(&words::wants_to_send("door", file));
    let accept = Action::Accept {
        transfer: id,
        into: None,
    };
    assert_eq!(click(&mut screen, &of(words::ACCEPT, file)), [accept]);
    assert!(screen.query_by_label_contains(words::ACCEPT).is_none());
    screen.state_mut().state.apply(offer(&ids, "second"));
    let id = screen.state().state.offers[0].transfer;
    screen.run();
    assert_eq!(
        click(&mut screen, &of(words::DECLINE, "second")),
        [Action::Refuse(id)]
    );
}

#[test]
fn an_offer_of_somebody_else_is_a_toast_and_counts_in_the_list() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    state.act(&Action::Choose(peer("yard")));
    state.apply(offer(&ids, "plan.pdf"));
    let id = state.offers[0].transfer;
    let mut screen = open(state);
    screen.get_by_label("door, not seen yet, 1 unread");
    let accept = Action::Accept {
        transfer: id,
        into: None,
    };
    assert_eq!(click(&mut screen, &of(words::ACCEPT, "plan.pdf")), [accept]);
}

#[test]
fn an_offer_goes_into_another_folder_if_one_is_chosen() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(offer(&ids, "plan.pdf"));
    let transfer = state.offers[0].transfer;
    let mut screen = open(state);
    click(&mut screen, &of(words::SAVE_IN, "transom"));
    let what = FolderFor::Offer(transfer);
    let asked = click(&mut screen, words::ANOTHER_FOLDER);
    assert_eq!(asked, [Action::PickFolder(what.clone())]);
    screen
        .state_mut()
        .state
        .picked_folder(what, Ok(Some("/mnt/big".into())));
    screen.run();
    let into = Some("/mnt/big".into());
    let accept = Action::Accept { transfer, into };
    assert_eq!(click(&mut screen, &of(words::ACCEPT, "plan.pdf")), [accept]);
}

#[test]
fn many_offers_of_one_contact_are_answered_at_once_but_for_what_replaces_something() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(offer(&ids, "one.jpg"));
    let mut screen = open(state);
    assert!(screen.query_by_label(words::ACCEPT_ALL).is_none());
    for file in ["two.jpg", "three.jpg"] {
        screen.state_mut().state.apply(offer(&ids, file));
    }
    let mut replacing = offer(&ids, "four.jpg");
    if let Notice::Offered { overwrites, .. } = &mut replacing {
        *overwrites = true;
    }
    screen.state_mut().state.apply(replacing);
    screen.run();
    screen.get_by_label(words::REPLACES);
    assert!(
        screen
            .query_all_by_label("door wants to send 3 files, 3.7 MB")
            .count()
            > 0
    );
    let offers = &screen.state().state.offers;
    let ours: Vec<_> = offers.iter().map(|offer| offer.transfer).collect();
    let accepted = click(&mut screen, words::ACCEPT_ALL);
    let expected = ours[..3].iter().map(|transfer| Action::Accept {
        transfer: *transfer,
        into: None,
    });
    assert_eq!(accepted, expected.collect::<Vec<_>>());
    let left = &screen.state().state.offers;
    assert_eq!((left.len(), left[0].name.as_str()), (1, "four.jpg"));
}

#[test]
fn of_many_offers_one_is_declined_or_all() {
    let (ids, mut state) = (Ids::new(), at_home());
    for file in ["one.jpg", "two.jpg", "three.jpg"] {
        state.apply(offer(&ids, file));
    }
    let first = state.offers[0].transfer;
    let mut screen = open(state);
    let declined = click(&mut screen, &of(words::DECLINE, "one.jpg"));
    assert_eq!(declined, [Action::Refuse(first)]);
    assert_eq!(click(&mut screen, words::DECLINE_ALL).len(), 2);
    assert!(screen.state().state.offers.is_empty());
}

#[test]
fn what_stands_still_adds_no_rate_to_the_sum() {
    for still in [Phase::Paused, Phase::Waiting] {
        let (ids, mut state) = (Ids::new(), at_home());
        for phase in [Phase::Running, still] {
            state.apply(Notice::Transfer(status(ids.transfer(), phase, 0)));
        }
        open(state).get_by_label(&words::transfers(2, 690_000_000, 56_000_000));
    }
}

#[test]
fn where_there_is_no_room_is_named_with_what_is_missing() {
    for (limit, words) in [
        (None, "to door, 0 percent, door has no room"),
        (
            Some(RoomLimit::Disk),
            "from door, 0 percent, Your disk is full",
        ),
        (
            Some(RoomLimit::Quota),
            "from door, 0 percent, Your folder's quota is full",
        ),
        (
            Some(RoomLimit::PeerQuota),
            "from door, 0 percent, door's quota is full",
        ),
    ] {
        let (ids, mut state) = (Ids::new(), at_home());
        let mut full = status(ids.transfer(), Phase::Full, 0);
        full.direction = match limit {
            None => Direction::Outgoing,
            Some(_) => Direction::Incoming,
        };
        (full.missing, full.full) = (1_200_000_000, limit);
        state.apply(Notice::Transfer(full));
        let words = format!("holiday.mp4 {words} · 1.2 GB more needed");
        open(state).get_by_label(&words);
    }
}

#[test]
fn a_file_waits_for_its_turn_or_for_the_contact() {
    let (ids, mut state) = (Ids::new(), at_home());
    let waiting = status(ids.transfer(), Phase::Waiting, 0);
    state.apply(Notice::Transfer(waiting));
    let mut screen = open(state);
    screen.get_by_label("holiday.mp4 to door, 0 percent, Starts when door is back");
    screen.state_mut().state.apply(joined("door"));
    screen.run();
    screen.get_by_label("holiday.mp4 to door, 0 percent, Waiting for its turn");
}

#[test]
fn who_receives_is_not_told_to_send_again_nor_that_there_is_no_room_there() {
    let (ids, mut state) = (Ids::new(), at_home());
    let refused = Outcome::Refused {
        reason: RefuseReason::Unwritable,
        text: String::new(),
    };
    for outcome in [lost(), refused] {
        let mut came = status(ids.transfer(), Phase::Ended, 0);
        came.direction = Direction::Incoming;
        state.apply(Notice::TransferEnded {
            status: came,
            outcome,
        });
    }
    let screen = open(state);
    screen.get_by_label("Connection lost. It goes on when door sends it again.");
    screen.get_by_label("Your folder can't be written to");
}

#[test]
fn a_hundred_thousand_offers_change_nothing_but_a_card() {
    let (ids, mut state) = (Ids::new(), at_home());
    for _ in 0..100_000 {
        state.apply(offer(&ids, "again"));
    }
    assert_eq!(state.offers.len(), 32);
    open(state).get_by_label(words::CALL);
}

#[test]
fn a_failed_transfer_can_be_tried_again_and_what_came_be_looked_at() {
    let (ids, mut state) = (Ids::new(), at_home());
    let (ours, theirs) = (ids.transfer(), ids.transfer());
    state.sending(ours, "/a b".into());
    let why = disk_full();
    state.apply(Notice::EntryFailed {
        transfer: ours,
        path: "a b".into(),
        why: why.clone(),
    });
    state.apply(Notice::TransferEnded {
        status: status(ours, Phase::Ended, 0),
        outcome: Outcome::Failed { why, more: 0 },
    });
    let mut came = status(theirs, Phase::Ended, 0);
    came.direction = Direction::Incoming;
    came.name = "evil.desktop".into();
    let path = "/home/me/in/evil.desktop".into();
    state.apply(Notice::TransferEnded {
        status: came,
        outcome: Outcome::Durable { path },
    });
    let mut screen = open(state);
    screen.get_by_label("Failed: no space left on device");
    assert!(screen.query_by_label_contains("1 file failed").is_none());
    // What a program may run is never opened, only its folder shown.
    assert!(
        screen
            .query_by_label(&of(words::OPEN, "evil.desktop"))
            .is_none()
    );
    assert_eq!(
        click(&mut screen, &of(words::SHOW_IN_FOLDER, "evil.desktop")),
        [Action::OpenFolder("/home/me/in".into())]
    );
    assert_eq!(
        click(&mut screen, &of(words::TRY_AGAIN, FILE)),
        [Action::Retry {
            transfer: ours,
            peer: peer("door"),
            path: "/a b".into()
        }]
    );
    assert!(screen.query_by_label(&of(words::TRY_AGAIN, FILE)).is_none());
}

/// A file that came whole.
fn came(ids: &Ids, name: &str) -> Notice {
    let mut came = status(ids.transfer(), Phase::Ended, 3_400_000);
    (came.direction, came.bytes) = (Direction::Incoming, 3_400_000);
    came.name = name.into();
    let path = format!("/home/me/Downloads/{name}").into();
    Notice::TransferEnded {
        status: came,
        outcome: Outcome::Durable { path },
    }
}

#[test]
fn b38_a_document_that_came_is_opened_by_a_click() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(came(&ids, "plan.pdf"));
    let mut screen = open(state);
    screen.get_by_label("plan.pdf from door, 3.4 MB · saved in Downloads");
    assert_eq!(
        click(&mut screen, &of(words::OPEN, "plan.pdf")),
        [Action::OpenFile("/home/me/Downloads/plan.pdf".into())]
    );
}

#[test]
fn a_picture_that_came_is_asked_for_once_and_shown_in_place_of_its_card() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.apply(came(&ids, "beds.png"));
    let mut screen = open(state);
    let path = std::path::PathBuf::from("/home/me/Downloads/beds.png");
    assert_eq!(screen.state_mut().take(), [Action::Glance(path.clone())]);
    screen.run_steps(3);
    assert_eq!(screen.state_mut().take(), []);
    screen.get_by_label(&of(words::SHOW_IN_FOLDER, "beds.png"));
    let (ctx, image) = (screen.ctx.clone(), scenes::picture(3));
    screen
        .state_mut()
        .album
        .keep_thumbnail(&ctx, path.clone(), Some((&image, 1)));
    screen.run();
    let picture = screen.get_by_label(&of(words::OPEN, "beds.png")).rect();
    assert!(
        picture.height() > 150.0 && picture.width() <= 320.0,
        "{picture}"
    );
    assert_eq!(
        click(&mut screen, &of(words::OPEN, "beds.png")),
        [Action::OpenFile(path)]
    );
}

#[test]
fn a_file_that_came_while_its_page_is_not_open_is_told_for_eight_seconds() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.act(&Action::Choose(peer("yard")));
    state.apply(came(&ids, "plan.pdf"));
    let mut screen = open(state);
    screen.get_by_label("From door, saved in Downloads");
    screen.state_mut().state.now += std::time::Duration::from_secs(9);
    screen.run();
    assert!(
        screen
            .query_by_label("From door, saved in Downloads")
            .is_none()
    );
}

#[test]
fn the_file_that_moves_and_the_sum_of_all_are_shown() {
    let (ids, mut state) = (Ids::new(), at_home());
    for _ in 0..2 {
        let mut status = status(ids.transfer(), Phase::Running, 120_750_000);
        (status.shape, status.files) = (Shape::Folder, 12);
        status.current = Some(CurrentFile {
            path: "photos/\u{1b}[2J1.jpg".into(),
            bytes: 4_000_000,
            moved: 1_000_000,
        });
        state.apply(Notice::Transfer(status));
    }
    let screen = open(state);
    screen.get_by_label(&words::transfers(24, 448_500_000, 112_000_000));
    let moving = "photos/\\u{1b}[2J1.jpg · 1.0 of 4.0 MB";
    assert_eq!(screen.query_all_by_label(moving).count(), 2);
}

#[test]
fn a_transfer_is_cancelled_at_once_only_while_nothing_of_it_has_come() {
    let (ids, mut state) = (Ids::new(), at_home());
    let [waiting, running] = [0, 120_750_000].map(|verified| {
        let id = ids.transfer();
        let mut status = status(id, Phase::Running, verified);
        status.name = format!("{verified}.mp4");
        state.apply(Notice::Transfer(status));
        id
    });
    let mut screen = open(state);
    let cancel = of(words::CANCEL, "0.mp4");
    assert_eq!(click(&mut screen, &cancel), [Action::Cancel(waiting)]);
    let cancel = of(words::CANCEL, "120750000.mp4");
    let asked = click(&mut screen, &cancel);
    assert_eq!(asked, [Action::Open(Dialog::CancelTransfer(running))]);
    screen.get_by_label("Cancel 120750000.mp4 to door?");
    assert_eq!(click(&mut screen, words::LET_GO_ON), [Action::Close]);
    click(&mut screen, &cancel);
    assert_eq!(
        click(&mut screen, words::CANCEL_ANYWAY),
        [Action::Cancel(running), Action::Close]
    );
    // Where it ends meanwhile, there is nothing to ask.
    click(&mut screen, &cancel);
    screen.state_mut().state.apply(Notice::TransferEnded {
        status: status(running, Phase::Ended, 345_000_000),
        outcome: Outcome::Durable { path: "/a".into() },
    });
    screen.run();
    assert!(screen.query_by_label(words::CANCEL_ANYWAY).is_none());
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
    let label = words::of(words::OPEN_LINK, &link);
    pass(&mut screen);
    screen.get_by_label(&label).focus();
    screen.run();
    let asked = press(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(asked, [Action::Open(Dialog::Link(link.clone()))]);
    assert_eq!(
        click(&mut screen, words::OPEN),
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
        "one\n\ttwo",
        "👩\u{200d}👧 ❤\u{fe0f}",
        "\u{2068}می\u{200c}خواهم\u{2069}",
        "\\u{1b}[2J",
        "\\u{202e}exe",
    ] {
        screen.get_by_label(&words::they_wrote("door", "00:00", shown));
    }
}

#[test]
fn a_file_of_any_script_is_offered_by_its_name_and_turns_nothing_around_it() {
    for (name, shown) in [
        ("שלום.pdf", "\u{2068}שלום.pdf\u{2069}"),
        ("family 👩\u{200d}👧.jpg", "family 👩\u{200d}👧.jpg"),
        ("\u{202b}a\nb", "\u{2068}\u{202b}a\\u{a}b\u{202c}\u{2069}"),
    ] {
        let (ids, mut state) = (Ids::new(), at_home());
        state.apply(offer(&ids, name));
        open(state).get_by_label(&words::wants_to_send("door", shown));
    }
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
        entries,
        bytes,
        ..
    } = &mut offered
    {
        (*shape, *entries, *bytes) = (Shape::Folder, u32::MAX, u64::MAX);
    }
    state.apply(offered);
    let mut moving = status(ids.transfer(), Phase::Running, u64::MAX);
    (moving.name, moving.bytes, moving.rate) = (evil.clone(), u64::MAX, u64::MAX);
    (moving.shape, moving.files) = (Shape::Folder, u32::MAX);
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
fn what_an_earlier_run_left_unsent_goes_on_by_a_click() {
    let mut state = at_home();
    let left = |path: &str| Unsent {
        peer: peer("door"),
        path: path.into(),
    };
    state.unsent = vec![left("/films/a.avi"), left("/films/b.avi")];
    let mut screen = open(state);
    screen.get_by_label(&words::card("b.avi to door", None, &[words::WAS_CLOSED]));
    let forget = |path| Action::ForgetUnsent(left(path));
    let remove = of(words::REMOVE_FROM_VIEW, "b.avi");
    assert_eq!(click(&mut screen, &remove), [forget("/films/b.avi")]);
    assert_eq!(
        click(&mut screen, &of(words::GO_ON, "a.avi")),
        [send("/films/a.avi"), forget("/films/a.avi")]
    );
    assert!(screen.query_by_label_contains(words::GO_ON).is_none());
}

#[test]
fn a_program_that_can_not_help_says_what_to_do() {
    let mut state = at_home();
    assert_eq!(state.picked(peer("door"), Err(Mishap::NoDialog)), []);
    open(state).get_by_label(&words::mishap(&Mishap::NoDialog));
}

#[test]
fn an_accepted_file_asks_for_its_folder_where_that_is_wished() {
    let (ids, mut state) = (Ids::new(), at_home());
    state.config.ask_where = true;
    state.apply(offer(&ids, "plan.pdf"));
    let transfer = state.offers[0].transfer;
    let mut screen = open(state);
    let asked = click(&mut screen, &of(words::ACCEPT, "plan.pdf"));
    let what = FolderFor::Accepted(vec![transfer]);
    assert_eq!(asked, [Action::PickFolder(what.clone())]);
    // It stays offered until there is a folder.
    assert_eq!(screen.state().state.offers.len(), 1);
    let state = &mut screen.state_mut().state;
    assert_eq!(state.picked_folder(what.clone(), Ok(None)), []);
    let into = Some("/mnt/big".into());
    let taken = state.picked_folder(what.clone(), Ok(into.clone()));
    assert_eq!(taken, [Action::Accept { transfer, into }]);
    // One that is offered no more is not taken.
    state.act(&Action::Refuse(transfer));
    assert_eq!(state.picked_folder(what, Ok(Some("/y".into()))), []);
}
