//! The page of a person: texts, files, offers, warnings.

use super::*;

#[test]
fn text_is_sent_by_enter_and_by_button_and_never_empty() {
    let mut screen = open(two_boxes());
    fill(&mut screen, "Text", "grüß dich");
    let text = |text: &str| Action::Text {
        peer: peer("door"),
        text: text.into(),
    };
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [text("grüß dich")]
    );
    // The field keeps the keyboard, so that one can go on.
    assert_eq!(press(&mut screen, Modifiers::NONE, Key::Enter), []);
    fill(&mut screen, "Text", "second");
    assert_eq!(click(&mut screen, "Send text"), [text("second")]);
    let field = screen.get_by_role_and_label(Role::TextInput, "Text");
    assert_eq!(field.value().as_deref(), Some(""));
}

#[test]
fn talk_shows_both_sides_and_what_arrived() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.text();
    state.said(peer("door"), id, "open please".into());
    state.apply(Notice::TextArrived {
        peer: peer("door"),
        text: id,
    });
    state.apply(Notice::Text {
        peer: peer("door"),
        text: "who\u{202e}is it".into(),
    });
    state.apply(Notice::Text {
        peer: peer("yard"),
        text: "hello".into(),
    });
    let screen = open(state);
    screen.get_by_label("me: open please");
    screen.get_by_label("arrived");
    screen.get_by_label("door: who\\u{202e}is it");
    screen.get_by_label("yard, not seen yet, 1 unread");
}

#[test]
fn a_typed_path_a_drop_and_a_dialog_send_a_file() {
    let mut screen = open(two_boxes());
    fill(&mut screen, "Path", "/tmp/a b.txt");
    let send = |path: &str| Action::Send {
        peer: peer("door"),
        path: path.into(),
    };
    assert_eq!(
        press(&mut screen, Modifiers::NONE, Key::Enter),
        [send("/tmp/a b.txt")]
    );
    let dropped = DroppedFile {
        path: Some("/tmp/dropped".into()),
        ..Default::default()
    };
    screen.input_mut().dropped_files.push(dropped);
    screen.step();
    assert_eq!(screen.state_mut().take(), [send("/tmp/dropped")]);
    assert_eq!(
        click(&mut screen, "Send folder…"),
        [Action::Pick {
            peer: peer("door"),
            folder: true
        }]
    );
    // One dialog at a time.
    assert_eq!(click(&mut screen, "Send files…"), []);
}

#[test]
fn a_transfer_shows_bar_rate_and_time_and_can_be_halted_and_cancelled() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.transfer();
    state.apply(Notice::Transfer(status(id, Phase::Running, 120_750_000)));
    let mut screen = open(state);
    screen.get_by_label("holiday.mp4 to door");
    screen.get_by_label("121 MB of 345 MB, 56 MB/s, 0:06 left");
    screen.get_by_role(Role::ProgressIndicator);
    assert_eq!(
        click(&mut screen, "Pause"),
        [Action::Pause {
            transfer: id,
            paused: true
        }]
    );
    let outcome = Outcome::Failed {
        why: "no space left on device".into(),
    };
    screen.state_mut().state.apply(Notice::TransferEnded {
        status: status(id, Phase::Ended, 0),
        outcome,
    });
    screen.run();
    screen.get_by_label("failed: no space left on device");
    assert_eq!(click(&mut screen, "Clear"), [Action::Clear(id)]);
    assert!(screen.query_by_role(Role::ProgressIndicator).is_none());
}

pub(super) fn offer(ids: &Ids, name: &str) -> Notice {
    Notice::Offered {
        transfer: ids.transfer(),
        peer: peer("yard"),
        name: name.into(),
        shape: Shape::File,
        files: 1,
        bytes: 1_234_567,
        overwrites: false,
        asks: true,
    }
}

#[test]
fn an_offer_shows_true_name_and_size_and_is_accepted_or_refused() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    state.apply(offer(&ids, "photo\u{202e}gpj.exe"));
    let id = state.offers[0].transfer;
    let mut screen = open(state);
    screen.get_by_label("yard offers photo\\u{202e}gpj.exe (1.2 MB)");
    assert_eq!(
        click(&mut screen, "Accept"),
        [Action::Accept {
            transfer: id,
            into: None
        }]
    );
    assert!(screen.query_by_label("Accept").is_none());
    screen.state_mut().state.apply(offer(&ids, "second"));
    let id = screen.state().state.offers[0].transfer;
    screen.run();
    assert_eq!(click(&mut screen, "Refuse"), [Action::Refuse(id)]);
}

#[test]
fn a_changed_key_shows_both_fingerprints_and_the_way_on() {
    let mut state = two_boxes();
    let (pinned, offered) = (PublicKey([1; 32]), PublicKey([2; 32]));
    state.apply(Notice::KeyChanged {
        peer: peer("door"),
        pinned,
        offered,
        in_book: false,
    });
    let mut screen = open(state);
    screen.get_by_label(&format!("known  {}", pinned.fingerprint()));
    screen.get_by_label(&format!("shown  {}", offered.fingerprint()));
    screen.get_by_label("transom users forget door");
    assert_eq!(click(&mut screen, "Dismiss"), [Action::Dismiss(0)]);
    assert!(screen.query_by_label("Dismiss").is_none());
}

#[test]
fn bad_lines_are_told() {
    let (book, _) = transom_users::Book::parse("");
    let bad_lines = vec!["list.txt:3: no address".into()];
    let mut screen = open(State::new(
        book.contacts(),
        "/my/list.txt".into(),
        bad_lines,
    ));
    screen.get_by_label("1 line can't be used; the others are");
    screen.get_by_label("list.txt:3: no address");
    assert_eq!(
        click(&mut screen, "Open the folder of the contact list"),
        [Action::OpenFolder("/my".into())]
    );
}
