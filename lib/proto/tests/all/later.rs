//! Peers of later versions (wire 3.4): what this version doesn't know ends no connection, and is
//! answered where somebody waits for an answer.

use transom_proto::{CallEvent, Event, PeerError, TransferEvent};
use transom_wire::{
    ByeCode, CallKind, Capabilities, Collision, EndReason, Entry, EntryKind, Hello, Join, Kind,
    Message, Offer, RefuseReason, Ring, Shape, Status,
};

use crate::evil::Evil;
use crate::messages;

fn offer(shape: Shape, collision: Collision) -> Message<'static> {
    Message::Offer(Offer {
        collision,
        ..messages::offer(shape, 1, 10)
    })
}

#[test]
fn capabilities_are_told_as_they_came() {
    let mut evil = Evil::silent();
    let capabilities = Capabilities(0x8000_0000) | Capabilities::CAMERA;
    let hello = Hello {
        session: 1,
        nonce: 1,
        capabilities,
        clock: 0,
        name: "later".parse().unwrap(),
    };
    evil.say(0, &Message::Hello(hello)).unwrap();
    let told = evil.events();
    assert!(
        matches!(&told[..], [Event::Hello { capabilities: found, .. }] if *found == capabilities),
        "{told:?}"
    );
}

#[test]
fn a_join_is_refused_as_unsupported() {
    let mut evil = Evil::silent();
    let join = Message::Join(Join {
        session: 1,
        with: 2,
    });
    let error = evil.say(0, &join).unwrap_err();
    assert_eq!(error, PeerError::Unsupported { what: "join" });
    assert_eq!(error.code(), ByeCode::Unsupported);
}

#[test]
fn a_call_of_an_unknown_kind_is_declined() {
    let mut evil = Evil::new();
    let kind = CallKind::Unknown(9);
    evil.say(1, &Message::Ring(Ring { kind })).unwrap();
    assert_eq!(evil.events(), []);
    let declined = evil.said_of_streams();
    let Message::Decline(declined) = declined[0].message() else {
        panic!("no decline");
    };
    assert_eq!(declined.code, EndReason::Unsupported);
}

#[test]
fn offers_that_this_version_would_have_to_guess_at_are_refused() {
    let cases = [
        (Shape::Unknown(9), Collision::Rename),
        (Shape::Folder, Collision::Unknown(9)),
    ];
    for (shape, collision) in cases {
        let mut evil = Evil::new();
        evil.say(1, &offer(shape, collision)).unwrap();
        assert_eq!(evil.events(), []);
        let refused = evil.said_of_streams();
        let Message::Refuse(refuse) = refused[0].message() else {
            panic!("no refusal");
        };
        assert_eq!(refuse.code, RefuseReason::Unsupported);
    }
}

#[test]
fn an_entry_of_an_unknown_kind_may_have_data_and_fails_alone() {
    let mut evil = Evil::new();
    evil.say(1, &offer(Shape::Folder, Collision::Rename))
        .unwrap();
    let Some(Event::Transfer(file, TransferEvent::Offered(_))) = evil.events().pop() else {
        panic!("no offer");
    };
    evil.connection.session.accept(file, 0).unwrap();
    let entry = Entry {
        kind: EntryKind::Unknown(7),
        ..messages::entry(0, 10)
    };
    evil.say(1, &Message::Entry(entry)).unwrap();
    let told = evil.events();
    assert!(
        matches!(
            &told[..],
            [Event::Transfer(_, TransferEvent::Entry(entry))] if entry.kind == EntryKind::Unknown(7)
        ),
        "{told:?}"
    );
}

#[test]
fn an_unknown_reason_is_a_reason_like_others() {
    let mut evil = Evil::new();
    let kind = CallKind::View;
    evil.say(1, &Message::Ring(Ring { kind })).unwrap();
    evil.events();
    let reason = EndReason::Unknown(77);
    evil.say(1, &Message::HangUp(Status::new(reason, "why")))
        .unwrap();
    let told = evil.events();
    assert!(
        matches!(
            &told[..],
            [Event::Call(_, CallEvent::HungUp(status))] if status.code == reason
        ),
        "{told:?}"
    );
    assert!(!evil.heard().iter().any(|(_, kind)| *kind == Kind::Bye));
}
