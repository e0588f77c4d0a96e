//! The model's behaviour, notice by notice.

mod ends;
mod people;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom::{
    CallKind, CameraState, Direction, EndReason, Handle, Identity, LinkEnd, ListenId, Notice,
    Obstacle, Outcome, PairingId, PeerLoss, PeerName, Phase, PublicKey, SendOptions, Settings,
    Shape, Station, SystemError, TextId, TransferFailure, TransferId, TransferStatus,
};
use transom_users::Book;

use crate::words;

use super::*;

/// Ids come from a station only; this one never runs.
pub(crate) struct Ids(Handle);

impl Ids {
    pub(crate) fn new() -> Self {
        let settings = Settings::new(peer("desk"), Identity::throwaway().unwrap());
        Self(Station::start(settings).unwrap().handle())
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.0
    }

    pub(crate) fn transfer(&self) -> TransferId {
        self.0.send(&peer("door"), "unused", SendOptions::default())
    }

    pub(crate) fn pairing(&self) -> PairingId {
        self.0.show_code(None, State::default().terms())
    }

    pub(crate) fn listen(&self) -> ListenId {
        self.0.listen(Vec::new())
    }

    pub(crate) fn text(&self) -> TextId {
        self.0.text(&peer("door"), "unused")
    }
}

/// What happened last, as it is told.
pub(crate) fn last_news(state: &State) -> String {
    state
        .news
        .last()
        .map(|told| words::news(&told.news))
        .unwrap_or_default()
}

pub(crate) fn peer(name: &str) -> PeerName {
    name.parse().unwrap()
}

/// A door and a yard in the book.
pub(crate) fn two_boxes() -> State {
    let (book, errors) = Book::parse("door 192.168.1.20\nyard 192.168.1.21:7000\n");
    assert!(errors.is_empty());
    State::new(book.contacts(), "user_list.txt".into(), Vec::new())
}

pub(crate) fn address() -> SocketAddr {
    "192.168.1.20:7447".parse().unwrap()
}

pub(crate) fn joined(name: &str) -> Notice {
    Notice::Joined {
        peer: peer(name),
        key: PublicKey([1; 32]),
        first_use: false,
        known_as: None,
        address: address(),
        capabilities: Capabilities::CALLS | Capabilities::FILES,
    }
}

/// The same of a station that can do that, with a key of its own.
pub(crate) fn joined_as(name: &str, key: PublicKey, can: Capabilities) -> Notice {
    let mut joined = joined(name);
    if let Notice::Joined {
        key: own,
        capabilities,
        ..
    } = &mut joined
    {
        (*own, *capabilities) = (key, can);
    }
    joined
}

/// The door can't be reached.
fn away(obstacle: Obstacle) -> Notice {
    Notice::Unreachable {
        peer: peer("door"),
        obstacle,
        retries: true,
    }
}

/// That contact's station hangs up on our key.
pub(crate) fn turned_away(name: &str) -> Notice {
    Notice::Unreachable {
        peer: peer(name),
        obstacle: Obstacle::NotLetIn { new_key: None },
        retries: true,
    }
}

/// The system lets no program listen at that port.
pub(crate) fn refused_port(words: &str) -> Notice {
    let why = SystemError {
        kind: std::io::ErrorKind::PermissionDenied,
        text: words.to_owned(),
    };
    let request = Ids::new().listen();
    Notice::NotListening { request, why }
}

/// The connection broke before the transfer's end.
pub(crate) fn lost() -> Outcome {
    let why = PeerLoss::Left(LinkEnd::HungUp);
    Outcome::Lost { why }
}

pub(crate) fn left(name: &str) -> Notice {
    Notice::Left {
        peer: peer(name),
        why: LinkEnd::HungUp,
        lost: true,
    }
}

pub(crate) fn ended(name: &str, reason: EndReason) -> Notice {
    Notice::CallEnded {
        peer: peer(name),
        kind: CallKind::Talk,
        outgoing: true,
        reason,
        text: String::new(),
    }
}

pub(crate) fn started(name: &str) -> Notice {
    Notice::CallStarted {
        peer: peer(name),
        kind: CallKind::View,
        outgoing: true,
        resumed: false,
    }
}

pub(crate) fn shown() -> Shown {
    Shown {
        width: 640,
        height: 480,
        orientation: 1,
        rate: 29.97,
        latency: Some(Duration::from_millis(12)),
        received: Instant::now(),
    }
}

pub(crate) fn status(transfer: TransferId, phase: Phase, verified: u64) -> TransferStatus {
    TransferStatus {
        phase,
        files: 1,
        bytes: 345_000_000,
        is_counted: true,
        moved: verified,
        verified,
        rate: 56_000_000,
        eta: Some(Duration::from_secs(6)),
        ..TransferStatus::new(
            transfer,
            peer("door"),
            Direction::Outgoing,
            "holiday.mp4".into(),
        )
    }
}

fn stage(state: &State) -> Option<&Stage> {
    state.calls.open.last().map(|call| &call.stage)
}

fn ring(name: &str) -> Action {
    Action::Ring {
        peer: peer(name),
        kind: CallKind::View,
    }
}

#[test]
fn a_watched_box_is_asked_when_it_comes_and_when_it_comes_back() {
    let mut state = two_boxes();
    state.act(&Action::Watch(peer("door")));
    assert_eq!(stage(&state), Some(&Stage::Waiting));
    assert_eq!(state.apply(joined("yard")), []);
    assert_eq!(state.apply(joined("door")), [ring("door")]);
    state.apply(started("door"));
    assert_eq!(stage(&state), Some(&Stage::Live));
    // The station tells the loss first and the call's end then.
    state.apply(left("door"));
    assert_eq!(state.apply(ended("door", EndReason::Leaving)), []);
    assert_eq!(stage(&state), Some(&Stage::Waiting));
    assert_eq!(state.apply(joined("door")), [ring("door")]);
}

#[test]
fn who_is_expected_is_rung_once_when_it_comes() {
    let mut state = two_boxes();
    let door = peer("door");
    state.act(&Action::Prefer {
        peer: door,
        preferences: Preferences {
            camera_on: true,
            ..Preferences::default()
        },
    });
    state.expect(door, CallKind::Talk);
    assert_eq!(stage(&state), Some(&Stage::Waiting));
    let talk = |peer| Action::Ring {
        peer,
        kind: CallKind::Talk,
    };
    assert_eq!(state.apply(joined("door")), [talk(door)]);
    assert!(state.calls.open[0].camera_on, "as it was with this contact");
    state.apply(ended("door", EndReason::Unanswered));
    state.apply(left("door"));
    assert_eq!(state.apply(joined("door")), [], "nobody is rung again");
}

#[test]
fn a_second_connection_of_a_live_box_changes_nothing() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.act(&Action::Watch(peer("door")));
    state.apply(started("door"));
    assert_eq!(state.apply(joined("door")), []);
    assert_eq!(stage(&state), Some(&Stage::Live));
}

#[test]
fn a_call_that_ends_with_one_of_two_connections_is_asked_for_again_but_not_for_ever() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.act(&Action::Watch(peer("door")));
    assert_eq!(
        state.apply(ended("door", EndReason::Leaving)),
        [ring("door")]
    );
    assert_eq!(state.apply(ended("door", EndReason::Leaving)), []);
    assert!(matches!(stage(&state), Some(Stage::Ended(_))));
}

#[test]
fn watching_another_box_is_not_ended_by_the_end_of_the_first() {
    let mut state = two_boxes();
    state.apply(joined("door"));
    state.apply(joined("yard"));
    for action in [
        Action::Watch(peer("door")),
        Action::HangUp(peer("door")),
        Action::Watch(peer("yard")),
    ] {
        state.act(&action);
    }
    state.apply(ended("door", EndReason::Chosen));
    assert_eq!(stage(&state), Some(&Stage::Ringing));
    // Back to the first before the station told its end.
    for action in [
        Action::HangUp(peer("yard")),
        Action::Watch(peer("door")),
        Action::HangUp(peer("door")),
        Action::Watch(peer("door")),
    ] {
        state.act(&action);
    }
    state.apply(ended("door", EndReason::Chosen));
    assert_eq!(stage(&state), Some(&Stage::Ringing));
    state.apply(ended("door", EndReason::Busy));
    let busy = Ending::Reason {
        reason: EndReason::Busy,
        text: String::new(),
    };
    assert_eq!(stage(&state), Some(&Stage::Ended(busy)));
}

#[test]
fn a_broken_picture_keeps_the_last_good_one_and_says_so() {
    let mut state = two_boxes();
    state.act(&Action::Watch(peer("door")));
    let door = Face::Peer(peer("door"));
    let good = shown();
    state.shown(door, good);
    state.broken(door, "truncated".into());
    state.broken(Face::Peer(peer("yard")), "of another box".into());
    let watch = state.calls.of(peer("door")).unwrap();
    assert_eq!(
        (watch.shown, watch.trouble.as_deref(), watch.broken),
        (Some(good), Some("truncated"), 1)
    );
    state.shown(door, shown());
    assert_eq!(state.calls.of(peer("door")).unwrap().trouble, None);
}

#[test]
fn presence_follows_the_station_and_retries_do_not_flicker() {
    let mut state = two_boxes();
    let presence = |state: &State| state.people[0].presence.clone();
    state.apply(Notice::Reaching { peer: peer("door") });
    assert_eq!(presence(&state), Presence::Reaching);
    let network = Obstacle::Network(LinkEnd::HandshakeTimeout);
    state.apply(away(network.clone()));
    state.apply(Notice::Reaching { peer: peer("door") });
    assert_eq!(presence(&state), Presence::Away(Some(network.clone())));
    assert!(state.knows(&Notice::Reaching { peer: peer("door") }));
    assert!(state.knows(&away(network)));
    assert!(!state.knows(&away(Obstacle::NobodyListens)) && !state.knows(&joined("door")));
    state.apply(joined("door"));
    assert_eq!(presence(&state), Presence::Here);
    state.apply(Notice::KeyChanged {
        peer: peer("door"),
        pinned: PublicKey([1; 32]),
        offered: PublicKey([2; 32]),
        in_book: false,
    });
    assert_eq!(presence(&state), Presence::Refused);
    // The station then says why it is not there; the stronger word stays.
    state.apply(away(Obstacle::OtherKey));
    assert_eq!(presence(&state), Presence::Refused);
    assert_eq!(state.warnings.len(), 1);
}

#[test]
fn somebody_known_who_is_not_in_the_book_comes_into_the_list() {
    let mut state = two_boxes();
    state.apply(joined("friend"));
    assert_eq!(state.people.len(), 3);
    assert_eq!(state.people[2].presence, Presence::Here);
}

#[test]
fn texts_are_kept_counted_and_their_arrival_marked() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.text();
    state.said(peer("door"), id, "hello".into());
    state.apply(Notice::TextArrived {
        peer: peer("door"),
        text: id,
    });
    state.apply(Notice::Text {
        peer: peer("yard"),
        text: "anybody?".into(),
    });
    assert_eq!(
        state.people[0].talk[0].by,
        Speaker::Us(Some(id), Delivery::Arrived)
    );
    assert_eq!((state.people[0].unread, state.people[1].unread), (0, 1));
    state.act(&Action::Choose(peer("yard")));
    assert_eq!(state.people[1].unread, 0);
    for _ in 0..12_000 {
        state.apply(Notice::Text {
            peer: peer("yard"),
            text: "and again".into(),
        });
    }
    assert_eq!(state.people[1].talk.len(), 10_000);
    for _ in 0..1000 {
        state.apply(Notice::Text {
            peer: peer("yard"),
            text: "x".repeat(4096),
        });
    }
    assert_eq!(state.people[1].talk.len(), 512, "2 MB at the most");
}

#[test]
fn an_offer_waits_until_it_is_answered_or_its_peer_is_gone() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let offer = |transfer, asks| Notice::Offered {
        transfer,
        peer: peer("door"),
        name: "plan.pdf".into(),
        shape: Shape::File,
        entries: 1,
        bytes: 7,
        is_counted: true,
        overwrites: false,
        asks,
    };
    let (first, second) = (ids.transfer(), ids.transfer());
    state.apply(offer(first, true));
    state.apply(offer(ids.transfer(), false));
    assert_eq!(state.offers.len(), 1);
    state.act(&Action::Accept {
        transfer: first,
        into: None,
    });
    assert!(state.offers.is_empty());
    state.apply(offer(second, true));
    state.apply(left("door"));
    assert!(state.offers.is_empty());
    for _ in 0..32 {
        assert_eq!(state.apply(offer(ids.transfer(), true)), []);
    }
    let surplus = ids.transfer();
    assert_eq!(state.apply(offer(surplus, true)), [Action::Refuse(surplus)]);
}

#[test]
fn a_transfer_moves_ends_and_is_cleared() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let id = ids.transfer();
    state.apply(Notice::Transfer(status(id, Phase::Running, 0)));
    state.apply(Notice::Transfer(status(id, Phase::Running, 172_500_000)));
    assert_eq!(
        (state.transfers.len(), state.transfers[0].progress()),
        (1, 0.5)
    );
    state.apply(Notice::EntryFailed {
        transfer: id,
        path: "a\u{1b}[2J".into(),
        why: TransferFailure::NothingCame,
    });
    let one = &state.transfers[0];
    let told = words::failures(one.failures, one.last_failure.as_ref());
    assert_eq!(
        told,
        "1 file failed. The last one: a\\u{1b}[2J: nothing came whole"
    );
    let outcome = Outcome::Durable {
        path: "holiday (1).mp4".into(),
    };
    state.apply(Notice::TransferEnded {
        status: status(id, Phase::Ended, 345_000_000),
        outcome,
    });
    assert_eq!(state.running().count(), 0);
    state.act(&Action::Clear(id));
    assert!(state.transfers.is_empty());
}

#[test]
fn only_the_last_ended_transfers_stay() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let running = ids.transfer();
    state.apply(Notice::Transfer(status(running, Phase::Running, 1)));
    for _ in 0..30 {
        let status = status(ids.transfer(), Phase::Ended, 0);
        state.apply(Notice::TransferEnded {
            status,
            outcome: lost(),
        });
    }
    assert_eq!(state.transfers.len(), 21);
    assert_eq!(state.transfers[0].status.transfer, running);
}

#[test]
fn empty_files_and_folders_have_a_progress_too() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let mut empty = status(ids.transfer(), Phase::Running, 0);
    (empty.bytes, empty.files, empty.files_done) = (0, 4, 1);
    state.apply(Notice::Transfer(empty));
    assert_eq!(state.transfers[0].progress(), 0.25);
}

/// A stranger with that key that calls itself the door.
pub(crate) fn knock(key: [u8; 32]) -> Notice {
    Notice::Knock {
        key: PublicKey(key),
        address: address(),
        name: Some(peer("door")),
    }
}

#[test]
fn a_thousand_strangers_knocking_fill_no_list_and_hide_no_warning() {
    let mut state = two_boxes();
    state.warn(Warning::Trouble("the station ended".into()));
    for number in 0..1000u16 {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        state.apply(knock(key));
        state.apply(knock(key));
    }
    assert_eq!((state.knocks.len(), state.warnings.len()), (8, 1));
}

#[test]
fn a_dialog_answers_with_a_file_nothing_or_a_reason() {
    let mut state = two_boxes();
    state.act(&Action::Pick {
        peer: peer("door"),
        folder: false,
    });
    assert!(state.picking);
    let send = |path: &str| Action::Send {
        peer: peer("door"),
        path: path.into(),
    };
    assert_eq!(
        state.picked(peer("door"), Ok(vec!["/a b".into(), "/c".into()])),
        [send("/a b"), send("/c")]
    );
    assert!(!state.picking);
    assert_eq!(state.picked(peer("door"), Err(Mishap::NoDialog)), []);
    assert_eq!(last_news(&state), words::mishap(&Mishap::NoDialog));
}

#[test]
fn stopping_leaves_the_full_screen() {
    let mut state = two_boxes();
    state.act(&Action::Watch(peer("door")));
    state.act(&Action::Fullscreen(true));
    state.apply(Notice::FarCamera {
        peer: peer("door"),
        state: CameraState::Lost,
        text: "unplugged".into(),
    });
    state.act(&Action::HangUp(peer("door")));
    assert!(!state.fullscreen && state.calls.open.is_empty());
}

#[test]
fn numbers_are_short() {
    let sizes = [
        0,
        999,
        1000,
        9_949,
        12_345,
        999_499,
        999_500,
        4_294_967_296,
        u64::MAX,
    ];
    let words = [
        "0 B", "999 B", "1.0 kB", "9.9 kB", "12 kB", "999 kB", "1.0 MB", "4.3 GB", "18 EB",
    ];
    assert_eq!(sizes.map(words::bytes), words);
    let times =
        [7, 754, 3723, 360_000].map(|seconds| words::duration(Duration::from_secs(seconds)));
    assert_eq!(times, ["0:07", "12:34", "1:02:03", "100:00:00"]);
}
