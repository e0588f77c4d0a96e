//! Strangers, contacts that change, forms, and paths sent again.

use transom::TextFailure;

use super::*;

#[test]
fn an_ignored_stranger_knocks_in_vain_and_a_guest_gets_a_free_name() {
    let mut state = two_boxes();
    state.apply(knock([7; 32]));
    let guest = state.guest_name(state.knocks[0].claims);
    assert_eq!(guest, Some(peer("door-2")));
    state.act(&Action::Ignore(PublicKey([7; 32])));
    state.apply(knock([7; 32]));
    assert!(state.knocks.is_empty());
    state.apply(knock([8; 32]));
    state.act(&Action::AllowGuest {
        key: PublicKey([8; 32]),
        name: peer("door-2"),
    });
    assert!(state.knocks.is_empty() && last_news(&state).starts_with("door 2 is let in"));
    for number in 0..1000u16 {
        let mut key = [9; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        state.act(&Action::Ignore(PublicKey(key)));
    }
    assert_eq!(state.ignored.len(), 256);
}

#[test]
fn a_guest_name_fits_however_long_the_claim() {
    let state = two_boxes();
    let long = peer(&"x".repeat(64));
    assert_eq!(state.guest_name(Some(long)), Some(long));
    assert_eq!(state.guest_name(None), Some(peer("guest")));
    let mut full = two_boxes();
    full.people[0].name = long;
    assert_eq!(full.guest_name(Some(long)), Some(peer("guest-2")));
}

#[test]
fn a_changed_book_moves_people_and_keeps_their_talk() {
    let before = Book::parse("door 192.168.1.20\nyard 192.168.1.21:7000\n").0;
    let after = Book::parse("door 10.0.0.1 may=view\nanna 10.0.0.2\n").0;
    let mut state = two_boxes();
    state.apply(Notice::Text {
        peer: peer("door"),
        text: "hello".into(),
    });
    state.act(&Action::Watch(peer("yard")));
    state.rebook(&before, &after);
    let names: Vec<_> = state.people.iter().map(|person| person.name).collect();
    assert_eq!(names, [peer("door"), peer("anna")]);
    assert_eq!(state.people[0].talk.len(), 1);
    assert!(state.calls.open.is_empty() && state.chosen == Some(peer("door")));
    let contact = |name: &str| after.find(name).unwrap().clone();
    assert_eq!(
        moves(&before, &after),
        [
            Move::Disconnect(peer("door")),
            Move::Disconnect(peer("yard")),
            Move::Connect(contact("door")),
            Move::Connect(contact("anna"))
        ]
    );
    let rights = Book::parse("door 10.0.0.1 may=\nanna 10.0.0.2\n").0;
    assert_eq!(moves(&after, &rights), []);
}

#[test]
fn what_the_station_still_says_of_a_removed_contact_does_not_bring_it_back() {
    let before = Book::parse("door 192.168.1.20\nyard 192.168.1.21:7000\n").0;
    let after = Book::parse("door 192.168.1.20\n").0;
    let (ids, mut state) = (Ids::new(), two_boxes());
    state.apply(joined("yard"));
    state.act(&Action::Watch(peer("yard")));
    state.rebook(&before, &after);
    state.apply(ended("yard", EndReason::Leaving));
    state.apply(ended("yard", EndReason::Leaving));
    state.apply(left("yard"));
    state.apply(Notice::Reaching { peer: peer("yard") });
    let (text, why) = (ids.text(), TextFailure::TooMany);
    state.apply(Notice::TextFailed {
        peer: peer("yard"),
        text,
        why,
    });
    assert_eq!(state.people.len(), 1);
    assert!(!state.calls.awaits_end(&peer("yard")));
    // A peer that comes as a contact is shown.
    state.apply(joined("yard"));
    assert_eq!(state.people.len(), 2);
}

#[test]
fn a_pasted_line_fills_the_form_and_each_slip_is_a_sentence() {
    let key = PublicKey([7; 32]);
    let mut form = ContactForm {
        name: format!(" anna 10.0.0.2 key={key} "),
        ..ContactForm::default()
    };
    form.spread();
    assert_eq!(
        (form.name.as_str(), form.address.as_str()),
        ("anna", "10.0.0.2:7447")
    );
    assert_eq!(form.contact().unwrap().key, Some(key));
    let wrong = |change: fn(&mut ContactForm)| {
        let mut form = form.clone();
        change(&mut form);
        form.contact().unwrap_err()
    };
    assert_eq!(wrong(|form| form.name.clear()), "Give a name.");
    let spaced = ContactForm {
        name: "Front  door".into(),
        ..form.clone()
    };
    assert_eq!(spaced.contact().unwrap().name, peer("Front-door"));
    assert_eq!(
        wrong(|form| form.address = "1.2.3.400".into()),
        "\"1.2.3.400\" is not an IPv4 address."
    );
    assert!(wrong(|form| form.key = "ABC".into()).starts_with("a key has"));
    assert!(wrong(|form| form.name = "#x".into()).starts_with("A name can't begin"));
    form.key = format!("key={}", key.to_string().replace('-', " "));
    assert_eq!(form.contact().unwrap().key, Some(key));
}

#[test]
fn a_failed_transfer_of_ours_is_sent_again_from_its_path() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.transfer();
    state.sending(id, "/a b".into());
    state.apply(Notice::TransferEnded {
        status: status(id, Phase::Ended, 0),
        outcome: lost(),
    });
    assert_eq!(state.source(id), Some(std::path::Path::new("/a b")));
    state.act(&Action::Retry {
        transfer: id,
        peer: peer("door"),
        path: "/a b".into(),
    });
    assert!(state.transfers.is_empty() && state.sources.is_empty());
}

#[test]
fn a_new_contact_whose_key_has_a_name_already_is_said_to_be_that_one() {
    let mut state = two_boxes();
    let mut notice = joined("porch");
    if let Notice::Joined {
        first_use,
        known_as,
        ..
    } = &mut notice
    {
        (*first_use, *known_as) = (true, Some(peer("door")));
    }
    state.apply(notice);
    assert_eq!(last_news(&state), "porch has the same key as door");
}

#[test]
fn a_stranger_is_not_told_of_where_strangers_may_not_knock() {
    let mut state = two_boxes();
    state.config.strangers = false;
    state.apply(knock([7; 32]));
    assert!(state.knocks.is_empty());
}

#[test]
fn what_is_said_late_of_a_code_before_changes_nothing() {
    use transom::{CodeEnd, PairingFailure, PairingNotice};

    let (mut state, ids) = (State::default(), Ids::new());
    let [before, shown, typed] = [(); 3].map(|()| ids.pairing());
    let told = |state: &mut State, id, notice| drop(state.apply(Notice::Pairing(id, notice)));
    state.meeting.shows(before);
    state.meeting.shows(shown);
    state.meeting.enters(typed);
    let until = std::time::Instant::now();
    let code = "47-otter-violin".parse().unwrap();
    let is_shown = PairingNotice::CodeShown { code, until };
    told(&mut state, shown, is_shown);
    let why = CodeEnd::Stopped;
    told(&mut state, before, PairingNotice::CodeEnded { why });
    assert!(matches!(state.meeting.shown, ShownCode::Shown { .. }));
    let why = PairingFailure::WrongCode;
    told(&mut state, before, PairingNotice::Failed { why });
    assert!(matches!(state.meeting.entry, CodeEntry::Idle));
    let why = PairingFailure::WrongCode;
    told(&mut state, typed, PairingNotice::Failed { why });
    assert!(matches!(state.meeting.entry, CodeEntry::Failed(..)));
}

#[test]
fn a_contact_that_shows_a_code_for_files_is_dialed_there_and_then_as_the_book_says_again() {
    use transom::{Keep, Paired, PairingNotice, PairingSide, Redial};
    use transom_users::Rights;

    let book = Book::parse("door 192.168.1.20 may=view\n").0;
    let state = || State::new(book.contacts(), "list".into(), Vec::new());
    let id = Ids::new().pairing();
    let paired = |state: &mut State| {
        let at = std::net::SocketAddr::from(([192, 168, 1, 9], 40_123));
        let paired = Box::new(Paired {
            peer: peer("door"),
            called: peer("door"),
            key: PublicKey([1; 32]),
            side: PairingSide::Entered,
            reached: at,
            address: at.into(),
            may: Rights::default(),
            grants: Rights::default(),
            keep: Keep::Once,
        });
        state.apply(Notice::Pairing(id, PairingNotice::Paired(paired)))
    };
    let dialed = |actions: &[Action]| match actions {
        [Action::Meet(contact, Redial::Always)] => Some(contact.address.to_string()),
        [] => None,
        other => panic!("{other:?}"),
    };
    let (there, in_book) = (Some("192.168.1.9:40123"), Some("192.168.1.20:7447"));
    let mut lost = state();
    assert_eq!(dialed(&paired(&mut lost)).as_deref(), there);
    let unreachable = || away(Obstacle::NobodyListens);
    let dials = [(); 3].map(|()| dialed(&lost.apply(unreachable())));
    assert_eq!(dials, [None, in_book.map(str::to_owned), None]);

    let mut gone = state();
    paired(&mut gone);
    gone.apply(joined("door"));
    assert_eq!(dialed(&gone.apply(left("door"))).as_deref(), in_book);
    assert_eq!(dialed(&gone.apply(left("door"))), None);

    let mut here = state();
    here.apply(joined("door"));
    assert_eq!(dialed(&paired(&mut here)), None);
    assert_eq!(
        last_news(&here),
        "door is connected: files come without a code."
    );
}
