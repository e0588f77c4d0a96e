//! A transfer on a silent connection goes on by the newest connection of the same key. A transfer
//! on a living connection stays there.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use transom::{
    Accept, Direction, Identity, InboxSettings, Notice, Outcome, Redial, RefuseReason, RoomLimits,
    SendOptions, TransferId, TransferStatus,
};

use transom_net::PeerId;
use transom_proto::{self as proto, TransferEvent};
use transom_wire::{FailReason, Failure, Offer, RelativePath, Shape, TransferKey, WHOLE};

use crate::calls::{identities, name, person};
use crate::cut::Cut;
use crate::evil::{Evil, victim};
use crate::support::{Peer, Scratch, inbox};

const SIZE: usize = 6_000_000;
/// At this rate the file takes half a minute, so that what happens to it happens in its middle.
const SLOW: SendOptions = SendOptions {
    on_collision: transom::Collision::Rename,
    limit: Some(200_000),
    follow: None,
    skip_special: false,
};

/// Ben, who takes files, and everything that anna needs to send him one through a relay.
struct Stage {
    scratch: Scratch,
    source: PathBuf,
    anna: Identity,
    ben: Peer,
    cut: Cut,
}

impl Stage {
    fn new(test: &str) -> Self {
        let scratch = Scratch::new(test);
        let source = scratch.0.join("film.bin");
        let content: Vec<u8> = (0..SIZE).map(|at| ((at * at) >> 7) as u8).collect();
        fs::write(&source, content).unwrap();
        let (anna, b) = identities();
        let into = scratch.0.join("inbox");
        let ben = person(&b, &[("anna", &anna, "call,files")], |settings| {
            settings.inbox = Some(InboxSettings {
                room: RoomLimits {
                    quota: Some(SIZE as u64 * 3 / 2),
                    ..RoomLimits::default()
                },
                ..InboxSettings::new(into, Accept::Known)
            });
        });
        let cut = Cut::to(ben.address.unwrap());
        Self {
            scratch,
            source,
            anna,
            ben,
            cut,
        }
    }

    /// A program of anna's, connected by the relay. All of them have the same key.
    fn program(&self) -> Peer {
        let program = person(&self.anna, &[], |_| {});
        program
            .handle
            .connect(self.cut.contact("ben"), Redial::Always);
        program.joined();
        program
    }

    /// A program of anna's that is in the middle of the file.
    fn sender(&self) -> (Peer, TransferId) {
        let sender = self.program();
        let id = self.send(&sender, SLOW);
        sender.wait(|notice| match notice {
            Notice::Transfer(status) => (status.verified > 0).then_some(()),
            Notice::TransferEnded { outcome, .. } => panic!("{outcome:?}"),
            _ => None,
        });
        (sender, id)
    }

    fn send(&self, program: &Peer, options: SendOptions) -> TransferId {
        program.handle.send(&name("ben"), &self.source, options)
    }

    fn has_arrived(&self) {
        let came = fs::read(self.scratch.0.join("inbox/film.bin")).unwrap();
        assert!(came == fs::read(&self.source).unwrap(), "other bytes");
        let count = fs::read_dir(self.scratch.0.join("inbox")).unwrap().count();
        assert_eq!(count, 2, "the file, and the corner where files grow");
    }
}

fn ended(peer: &Peer, way: Direction) -> (TransferStatus, Outcome) {
    peer.wait(|notice| match notice {
        Notice::TransferEnded { status, outcome } if status.direction == way => {
            Some((status, outcome))
        }
        _ => None,
    })
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Refused { reason: RefuseReason::Busy, text } if text.contains("another program")
    )
}

#[test]
fn a_sender_that_lost_its_power_sends_again_and_is_not_refused() {
    let stage = Stage::new("lost-power");
    let (_lost, _) = stage.sender();
    stage.cut.freeze();
    let again = stage.program();
    stage.send(&again, SendOptions::default());
    let (status, outcome) = ended(&again, Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
    assert!(
        status.resumed > 0,
        "what was there is not sent again: {status:?}"
    );
    let (first, second) = (
        stage.ben.outcome(Direction::Incoming),
        stage.ben.outcome(Direction::Incoming),
    );
    assert!(matches!(first, Outcome::Lost { .. }), "{first:?}");
    assert!(matches!(second, Outcome::Durable { .. }), "{second:?}");
    stage.has_arrived();
}

#[test]
fn of_two_living_senders_of_the_same_the_first_goes_on() {
    let stage = Stage::new("two-living");
    let (first, id) = stage.sender();
    let second = stage.program();
    stage.send(&second, SLOW);
    let outcome = second.outcome(Direction::Outgoing);
    assert!(is_refused(&outcome), "{outcome:?}");
    first.handle.limit(id, None);
    let outcome = first.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
    stage.has_arrived();
}

#[test]
fn a_living_sender_that_is_paused_keeps_its_transfer() {
    let stage = Stage::new("living-paused");
    let (first, id) = stage.sender();
    first.handle.pause(id, true);
    let second = stage.program();
    stage.send(&second, SLOW);
    let outcome = second.outcome(Direction::Outgoing);
    assert!(is_refused(&outcome), "{outcome:?}");
    first.handle.limit(id, None);
    first.handle.pause(id, false);
    let outcome = first.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
    stage.has_arrived();
}

#[test]
fn a_sender_that_is_back_after_another_took_over_is_the_one_refused() {
    let stage = Stage::new("back-late");
    let (first, _) = stage.sender();
    stage.cut.freeze();
    let second = stage.program();
    let id = stage.send(&second, SLOW);
    second.wait(|notice| match notice {
        Notice::Transfer(status) => (status.moved > 0).then_some(()),
        Notice::TransferEnded { outcome, .. } => panic!("{outcome:?}"),
        _ => None,
    });
    stage.cut.thaw();
    let outcome = first.outcome(Direction::Outgoing);
    assert!(is_refused(&outcome), "{outcome:?}");
    second.handle.limit(id, None);
    let outcome = second.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
    stage.has_arrived();
}

#[test]
fn a_transfer_goes_on_by_the_connection_that_the_receiver_makes_after_it_lost_its_power() {
    let scratch = Scratch::new("receiver-power");
    let source = scratch.0.join("film.bin");
    fs::write(&source, vec![7; SIZE]).unwrap();
    let (a, b) = identities();
    let receiver = || {
        person(&b, &[("anna", &a, "files")], |settings| {
            settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Known));
        })
    };
    let ben = receiver();
    let cut = Cut::to(ben.address.unwrap());
    let anna = person(&a, &[("ben", &b, "call")], |_| {});
    anna.handle.connect(cut.contact("ben"), Redial::Always);
    anna.joined();
    let id = anna.handle.send(&name("ben"), &source, SLOW);
    anna.wait(|notice| match notice {
        Notice::Transfer(status) => (status.verified > 0).then_some(()),
        _ => None,
    });
    cut.freeze();
    drop(ben);
    let again = receiver();
    again.handle.connect(anna.contact("anna"), Redial::Always);
    anna.joined();
    anna.handle.limit(id, None);
    let (status, outcome) = ended(&anna, Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
    assert!(status.resumed > 0, "{status:?}");
}

/// The same file is offered by two runs of a program with the same key; ben is asked for it.
fn offers_twice(
    test: &str,
) -> (
    Evil,
    Peer,
    [(PeerId, transom_proto::TransferId); 2],
    Scratch,
) {
    let scratch = Scratch::new(test);
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "files", |settings| {
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Ask));
    });
    let offer = Offer {
        transfer: TransferKey([1; 16]),
        shape: Shape::File,
        collision: transom::Collision::Rename,
        files: 1,
        bytes: 1000,
        is_counted: true,
        name: RelativePath::new("name").unwrap(),
    };
    let places = [1, 2].map(|run| {
        evil.station = run;
        let link = evil.connect(&ben);
        (link, evil.session(link).offer(&offer).unwrap())
    });
    evil.turn();
    (evil, ben, places, scratch)
}

#[test]
fn an_offer_that_is_withdrawn_while_the_older_connection_is_asked_is_told_to_nobody() {
    let (mut evil, ben, [_, (link, file)], _scratch) = offers_twice("withdrawn-twice");
    let offered = |notice| matches!(notice, Notice::Offered { .. }).then_some(());
    ben.wait(offered);
    evil.session(link)
        .cancel(file, RefuseReason::Chosen, "")
        .unwrap();
    // Longer than it is asked. It lives, and nothing more comes of it.
    let end = std::time::Instant::now() + Duration::from_secs(4);
    while std::time::Instant::now() < end {
        evil.turn_without(|event| {
            matches!(event, proto::Event::Transfer(_, TransferEvent::Refused(_)))
        });
    }
    ben.never(
        |notice| {
            matches!(
                notice,
                Notice::Offered { .. } | Notice::TransferEnded { .. } | Notice::Left { .. }
            )
        },
        Duration::ZERO,
    );
}

#[test]
fn an_offer_that_its_sender_gave_up_is_told_to_nobody_when_the_older_one_ends() {
    let (mut evil, ben, [(older, first), (newer, second)], _scratch) = offers_twice("given-up");
    let offered = |notice| matches!(notice, Notice::Offered { .. }).then_some(());
    ben.wait(offered);
    let abandon = Failure {
        index: WHOLE,
        reason: FailReason::Io,
        errno: 5,
        text: "the disk is gone",
    };
    evil.session(newer).abandon(second, abandon).unwrap();
    // A later word of the same queue: once it is read, so is the other.
    evil.session(newer).text("given up").unwrap();
    evil.until(|_, event| matches!(event, proto::Event::TextArrived { .. }).then_some(()));
    evil.session(older)
        .cancel(first, RefuseReason::Chosen, "")
        .unwrap();
    evil.turn();
    let outcome = ben.outcome(Direction::Incoming);
    assert!(matches!(outcome, Outcome::Cancelled { .. }), "{outcome:?}");
    ben.never(
        |notice| matches!(notice, Notice::Offered { .. }),
        Duration::from_millis(300),
    );
}

#[test]
fn an_offer_of_what_a_living_connection_has_is_refused_before_its_owner_is_asked() {
    let (mut evil, ben, [_, (link, _)], _scratch) = offers_twice("asked-twice");
    let offered = |notice| matches!(notice, Notice::Offered { .. }).then_some(());
    ben.wait(offered);
    let text = evil.until(|peer, event| match event {
        proto::Event::Transfer(_, TransferEvent::Refused(status)) if peer == link => {
            Some(status.text.clone())
        }
        _ => None,
    });
    assert!(text.contains("another program"), "{text}");
    ben.never(
        |notice| matches!(notice, Notice::Offered { .. }),
        Duration::from_millis(100),
    );
}
