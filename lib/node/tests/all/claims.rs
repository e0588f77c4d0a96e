//! However a transfer to us ends, nothing of it stays behind that would keep the next attempt out.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use transom::{
    Accept, Direction, Handle, Identity, Notice, Outcome, Redial, SendOptions, Settings, TransferId,
};

use crate::calls::{identities, name, person};
use crate::cut::Cut;
use crate::support::{Peer, Scratch, book, inbox, local};

const SLOW: SendOptions = SendOptions {
    on_collision: transom::Collision::Rename,
    limit: Some(200_000),
    follow: None,
    skip_special: false,
};

/// Ben, who is asked for each file, and anna, who sends him one and then the same once more.
struct Stage {
    scratch: Scratch,
    identities: (Identity, Identity),
}

impl Stage {
    fn new(test: &str) -> Self {
        let scratch = Scratch::new(test);
        fs::write(scratch.0.join("film.bin"), vec![7; 3_000_000]).unwrap();
        let identities = identities();
        Self {
            scratch,
            identities,
        }
    }

    /// Ben, who does that to the first offer, and takes every later one.
    fn ben(&self, first: impl Fn(&Handle, TransferId) + Send + 'static) -> Peer {
        let was_asked = AtomicBool::new(false);
        let change = |settings: &mut Settings| {
            settings.identity = self.identities.1.clone();
            settings.book = book(&[self.line("files")]);
            settings.listen = local();
            settings.inbox = Some(inbox(self.scratch.0.join("inbox"), Accept::Ask));
        };
        Peer::start_with("ben", change, move |handle, notice| {
            if let Notice::Offered {
                transfer,
                asks: true,
                ..
            } = notice
            {
                match was_asked.swap(true, Ordering::SeqCst) {
                    false => first(handle, *transfer),
                    true => handle.accept(*transfer, None),
                }
            }
        })
    }

    fn line(&self, may: &str) -> String {
        let key = self.identities.0.public_key();
        format!("anna 127.0.0.1 key={key} may={may}")
    }

    fn anna(&self) -> Peer {
        person(&self.identities.0, &[], |_| {})
    }

    fn send(&self, anna: &Peer, options: SendOptions) -> TransferId {
        let path = self.scratch.0.join("film.bin");
        anna.handle.send(&name("ben"), path, options)
    }

    /// The same again is not kept out by what the first attempt left.
    fn comes_now(&self, anna: &Peer) {
        self.send(anna, SendOptions::default());
        let outcome = anna.outcome(Direction::Outgoing);
        assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
    }
}

#[test]
fn an_offer_that_is_accepted_and_refused_before_the_disk_answers_leaves_nothing() {
    let stage = Stage::new("accept-refuse");
    let ben = stage.ben(|handle, transfer| {
        handle.accept(transfer, None);
        handle.refuse(transfer);
    });
    let anna = stage.anna();
    anna.handle.connect(ben.contact("ben"), Redial::Always);
    stage.send(&anna, SLOW);
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    stage.comes_now(&anna);
}

#[test]
fn an_offer_that_is_accepted_and_cancelled_before_the_disk_answers_leaves_nothing() {
    let stage = Stage::new("accept-cancel");
    let ben = stage.ben(|handle, transfer| {
        handle.accept(transfer, None);
        handle.cancel(transfer);
    });
    let anna = stage.anna();
    anna.handle.connect(ben.contact("ben"), Redial::Always);
    stage.send(&anna, SLOW);
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Cancelled { .. }), "{outcome:?}");
    stage.comes_now(&anna);
}

#[test]
fn a_transfer_that_is_refused_while_it_runs_is_cancelled() {
    let stage = Stage::new("refuse-late");
    let ben = stage.ben(|handle, transfer| handle.accept(transfer, None));
    let anna = stage.anna();
    anna.handle.connect(ben.contact("ben"), Redial::Always);
    stage.send(&anna, SLOW);
    let transfer = ben.wait(|notice| match notice {
        Notice::Transfer(status) => (status.verified > 0).then_some(status.transfer),
        _ => None,
    });
    ben.handle.refuse(transfer);
    for (peer, way) in [(&anna, Direction::Outgoing), (&ben, Direction::Incoming)] {
        let outcome = peer.outcome(way);
        assert!(matches!(outcome, Outcome::Cancelled { .. }), "{outcome:?}");
    }
    stage.comes_now(&anna);
}

#[test]
fn a_sender_that_cancels_before_the_disk_answers_leaves_nothing() {
    let stage = Stage::new("peer-cancel");
    let ben = stage.ben(|handle, transfer| handle.accept(transfer, None));
    let sender = person(&stage.identities.0, &[], |_| {});
    sender.handle.connect(ben.contact("ben"), Redial::Always);
    let id = stage.send(&sender, SLOW);
    ben.wait(|notice| matches!(notice, Notice::Offered { .. }).then_some(()));
    sender.handle.cancel(id);
    sender.outcome(Direction::Outgoing);
    let outcome = ben.outcome(Direction::Incoming);
    assert!(matches!(outcome, Outcome::Cancelled { .. }), "{outcome:?}");
    stage.comes_now(&sender);
}

#[test]
fn a_connection_that_is_lost_before_the_disk_answers_leaves_nothing() {
    let stage = Stage::new("lost-early");
    let ben = stage.ben(|handle, transfer| handle.accept(transfer, None));
    let cut = Cut::to(ben.address.unwrap());
    let anna = stage.anna();
    anna.handle.connect(cut.contact("ben"), Redial::Never);
    stage.send(&anna, SLOW);
    ben.wait(|notice| matches!(notice, Notice::Offered { .. }).then_some(()));
    cut.cut();
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Lost { .. }), "{outcome:?}");
    cut.mend();
    let again = stage.anna();
    again.handle.connect(cut.contact("ben"), Redial::Never);
    stage.comes_now(&again);
}

#[test]
fn a_contact_that_is_removed_before_the_disk_answers_leaves_nothing() {
    let stage = Stage::new("removed");
    let ben = stage.ben(|handle, transfer| {
        handle.accept(transfer, None);
        handle.replace_book(book(&[]));
    });
    let anna = stage.anna();
    anna.handle.connect(ben.contact("ben"), Redial::Never);
    stage.send(&anna, SLOW);
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Lost { .. }), "{outcome:?}");
    ben.wait(|notice| matches!(notice, Notice::Left { .. }).then_some(()));
    ben.handle.replace_book(book(&[stage.line("files")]));
    let again = stage.anna();
    again.handle.connect(ben.contact("ben"), Redial::Never);
    stage.comes_now(&again);
}

#[test]
fn an_inbox_is_free_for_others_as_soon_as_its_station_has_ended() {
    let stage = Stage::new("ended");
    let ben = stage.ben(|handle, transfer| {
        handle.accept(transfer, None);
        handle.stop();
    });
    let anna = stage.anna();
    anna.handle.connect(ben.contact("ben"), Redial::Never);
    stage.send(&anna, SLOW);
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(matches!(outcome, Outcome::Lost { .. }), "{outcome:?}");
    drop(ben);
    let ben = stage.ben(|handle, transfer| handle.accept(transfer, None));
    let again = stage.anna();
    again.handle.connect(ben.contact("ben"), Redial::Never);
    stage.comes_now(&again);
}
