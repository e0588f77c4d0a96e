//! Pause and limit of either side outlive the connection.

use std::fs;
use std::time::Duration;

use transom::{
    Accept, Direction, LimitedBy, Notice, Outcome, Phase, Redial, SendOptions, TransferId,
    TransferStatus,
};

use transom_wire::{Offer, RelativePath, Shape, TransferKey};

use crate::calls::{identities, name, person};
use crate::cut::Cut;
use crate::evil::{Evil, victim};
use crate::support::{Peer, Scratch, inbox};

const SIZE: u64 = 20_000_000;

/// Anna, who sends ben a file by a connection that can be cut, and is in its middle.
struct Stage {
    _scratch: Scratch,
    anna: Peer,
    ben: Peer,
    cut: Cut,
    outgoing: TransferId,
    incoming: TransferId,
}

impl Stage {
    fn new(test: &str) -> Self {
        let scratch = Scratch::new(test);
        let source = scratch.0.join("film.bin");
        fs::write(&source, vec![7; SIZE as usize]).unwrap();
        let (a, b) = identities();
        let into = scratch.0.join("inbox");
        let ben = person(&b, &[("anna", &a, "files")], |settings| {
            settings.inbox = Some(inbox(into, Accept::Known));
        });
        let anna = person(&a, &[], |_| {});
        let cut = Cut::to(ben.address.unwrap());
        anna.handle.connect(cut.contact("ben"), Redial::Always);
        anna.joined();
        let options = SendOptions {
            limit: Some(1_000_000),
            ..SendOptions::default()
        };
        let outgoing = anna.handle.send(&name("ben"), &source, options);
        let incoming = moving(&ben).transfer;
        Self {
            _scratch: scratch,
            anna,
            ben,
            cut,
            outgoing,
            incoming,
        }
    }

    /// Cuts the connection and waits until the file is offered on the next one.
    fn reconnect(&self) -> TransferId {
        self.cut.cut();
        let outcome = self.ben.outcome(Direction::Incoming);
        assert!(matches!(outcome, Outcome::Lost { .. }), "{outcome:?}");
        self.cut.mend();
        self.ben.wait(|notice| match notice {
            Notice::Offered {
                transfer,
                asks: false,
                ..
            } => Some(transfer),
            _ => None,
        })
    }

    /// All of it comes in the end.
    fn comes(&self) {
        for (peer, way) in [
            (&self.anna, Direction::Outgoing),
            (&self.ben, Direction::Incoming),
        ] {
            let outcome = peer.outcome(way);
            assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
        }
    }
}

/// Waits until something has moved.
fn moving(peer: &Peer) -> TransferStatus {
    peer.wait(|notice| match notice {
        Notice::Transfer(status) => (status.verified > 0).then_some(status),
        Notice::TransferEnded { outcome, .. } => panic!("{outcome:?}"),
        _ => None,
    })
}

fn paused(peer: &Peer) {
    peer.wait(|notice| match notice {
        Notice::Transfer(status) => (status.phase == Phase::Paused).then_some(()),
        _ => None,
    });
}

/// From here on every status for a while is that of a transfer that stands still.
fn stands_still(peer: &Peer) {
    for notice in peer.told(Duration::from_millis(700)) {
        if let Notice::Transfer(status) = notice {
            assert_eq!(
                (status.phase, status.moved),
                (Phase::Paused, 0),
                "{status:?}"
            );
        }
    }
}

#[test]
fn what_its_sender_paused_stands_still_after_a_reconnect() {
    let stage = Stage::new("sender-paused");
    stage.anna.handle.limit(stage.outgoing, None);
    stage.anna.handle.pause(stage.outgoing, true);
    paused(&stage.anna);
    paused(&stage.ben);
    stage.reconnect();
    paused(&stage.ben);
    stands_still(&stage.ben);
    for notice in stage.anna.told(Duration::ZERO) {
        if let Notice::Transfer(status) = notice {
            assert_eq!(status.phase, Phase::Paused, "{status:?}");
        }
    }
    stage.anna.handle.pause(stage.outgoing, false);
    stage.comes();
}

#[test]
fn what_its_receiver_paused_stands_still_after_a_reconnect() {
    let stage = Stage::new("receiver-paused");
    stage.anna.handle.limit(stage.outgoing, None);
    stage.ben.handle.pause(stage.incoming, true);
    paused(&stage.ben);
    paused(&stage.anna);
    let incoming = stage.reconnect();
    paused(&stage.ben);
    stands_still(&stage.ben);
    for notice in stage.anna.told(Duration::ZERO) {
        if let Notice::Transfer(status) = notice {
            assert_eq!(status.phase, Phase::Paused, "{status:?}");
        }
    }
    stage.ben.handle.pause(incoming, false);
    stage.comes();
}

/// A rate at which all of it takes minutes.
const SLOW: Option<u64> = Some(50_000);

/// Whatever is told in a while is of a transfer that has come no further than half.
fn is_slow(peer: &Peer) {
    let status = moving(peer);
    assert!(status.verified < SIZE / 2, "{status:?}");
    for notice in peer.told(Duration::from_secs(1)) {
        match notice {
            Notice::Transfer(status) => assert!(status.verified < SIZE / 2, "{status:?}"),
            Notice::TransferEnded { outcome, .. } => panic!("{outcome:?}"),
            _ => {}
        }
    }
}

#[test]
fn what_its_sender_limited_is_as_slow_after_a_reconnect() {
    let stage = Stage::new("sender-limit");
    stage.anna.handle.limit(stage.outgoing, SLOW);
    stage.reconnect();
    is_slow(&stage.ben);
    stage.anna.handle.limit(stage.outgoing, None);
    stage.comes();
}

#[test]
fn what_its_receiver_limited_is_as_slow_after_a_reconnect() {
    let stage = Stage::new("receiver-limit");
    stage.ben.handle.limit(stage.incoming, SLOW);
    // A later word of the same queue has arrived with it.
    stage.ben.handle.pause(stage.incoming, true);
    paused(&stage.anna);
    stage.ben.handle.pause(stage.incoming, false);
    stage.anna.handle.limit(stage.outgoing, None);
    let incoming = stage.reconnect();
    is_slow(&stage.ben);
    stage.ben.handle.limit(incoming, None);
    stage.comes();
}

#[test]
fn what_both_sides_paused_stands_still_until_both_let_it_go_on() {
    let stage = Stage::new("both-paused");
    stage.anna.handle.limit(stage.outgoing, None);
    stage.ben.handle.pause(stage.incoming, true);
    paused(&stage.anna);
    stage.anna.handle.pause(stage.outgoing, true);
    let incoming = stage.reconnect();
    paused(&stage.ben);
    stage.anna.handle.pause(stage.outgoing, false);
    stands_still(&stage.ben);
    for notice in stage.anna.told(Duration::ZERO) {
        if let Notice::Transfer(status) = notice {
            assert_eq!(status.phase, Phase::Paused, "{status:?}");
        }
    }
    stage.ben.handle.pause(incoming, false);
    stage.comes();
}

#[test]
fn what_was_paused_without_a_connection_begins_paused() {
    let scratch = Scratch::new("paused-before");
    let source = scratch.0.join("film.bin");
    fs::write(&source, vec![7; SIZE as usize]).unwrap();
    let (a, b) = identities();
    let into = scratch.0.join("inbox");
    let ben = person(&b, &[("anna", &a, "files")], |settings| {
        settings.inbox = Some(inbox(into, Accept::Known));
    });
    let anna = person(&a, &[], |_| {});
    let id = anna
        .handle
        .send(&name("ben"), &source, SendOptions::default());
    anna.handle.pause(id, true);
    paused(&anna);
    anna.handle.connect(ben.contact("ben"), Redial::Always);
    paused(&ben);
    stands_still(&ben);
    anna.handle.pause(id, false);
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
}

#[test]
fn an_offer_that_its_sender_halts_still_waits_for_an_answer() {
    let scratch = Scratch::new("halted-offer");
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "files", |settings| {
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Ask));
    });
    let link = evil.connect(&ben);
    let offer = Offer {
        transfer: TransferKey([1; 16]),
        shape: Shape::File,
        collision: transom::Collision::Rename,
        files: 1,
        bytes: 1000,
        is_counted: true,
        name: RelativePath::new("name").unwrap(),
    };
    let file = evil.session(link).offer(&offer).unwrap();
    evil.session(link).pause(file, true).unwrap();
    evil.turn();
    let transfer = ben.wait(|notice| match notice {
        Notice::Offered { transfer, .. } => Some(transfer),
        _ => None,
    });
    for notice in ben.told(Duration::from_millis(300)) {
        if let Notice::Transfer(status) = notice {
            assert_eq!(status.phase, Phase::Offered, "{status:?}");
        }
    }
    ben.handle.accept(transfer, None);
    paused(&ben);
}

#[test]
fn both_sides_are_told_that_the_lower_rate_limit_is_what_limits() {
    let stage = Stage::new("limit-told");
    let is_limited = |peer: &Peer, rate| {
        peer.wait(|notice| match notice {
            Notice::Transfer(status) => {
                let limits = (status.limited_by, status.rate_limit);
                (limits == (Some(LimitedBy::Rate), Some(rate))).then_some(())
            }
            _ => None,
        });
    };
    is_limited(&stage.anna, 1_000_000);
    is_limited(&stage.ben, 1_000_000);
    stage.ben.handle.limit(stage.incoming, Some(500_000));
    is_limited(&stage.anna, 500_000);
    is_limited(&stage.ben, 500_000);
}
