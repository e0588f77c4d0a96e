//! A file that another program writes to while it is sent.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use transom::{
    Accept, Direction, FailReason, FileError, Follow, Notice, Outcome, Phase, Redial, SendOptions,
    TransferFailure, TransferId, TransferStatus,
};

use crate::calls::{identities, name, person};
use crate::cut::Cut;
use crate::support::{Peer, Scratch, inbox};

const LEAF: usize = transom_wire::limits::LEAF;

/// Anna sends Ben a film while it is recorded.
struct Stage {
    scratch: Scratch,
    anna: Peer,
    ben: Peer,
    cut: Cut,
}

impl Stage {
    fn new(test: &str) -> Self {
        let scratch = Scratch::new(test);
        let (a, b) = identities();
        let ben = person(&b, &[("anna", &a, "files")], |settings| {
            settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Known));
        });
        let anna = person(&a, &[("ben", &b, "call")], |_| {});
        let cut = Cut::to(ben.address.unwrap());
        anna.handle.connect(cut.contact("ben"), Redial::Always);
        anna.joined();
        let stage = Self {
            scratch,
            anna,
            ben,
            cut,
        };
        stage.record(3 * LEAF + 5);
        stage
    }

    fn film(&self) -> PathBuf {
        self.scratch.0.join("film")
    }

    /// Records on: so many bytes more.
    fn record(&self, bytes: usize) {
        let film = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.film());
        let mut film = film.unwrap();
        let at = film.metadata().unwrap().len();
        let bytes: Vec<_> = (at..).take(bytes).map(|at| (at ^ at >> 8) as u8).collect();
        film.write_all(&bytes).unwrap();
    }

    fn follow(&self, until_idle: Option<Duration>) -> TransferId {
        let options = SendOptions {
            follow: Some(Follow { until_idle }),
            ..SendOptions::default()
        };
        self.anna.handle.send(&name("ben"), self.film(), options)
    }

    /// Waits until Ben has so many leaves, and no more of the file than was counted.
    fn has(&self, leaves: usize) -> TransferStatus {
        self.ben.wait(|notice| match notice {
            Notice::Transfer(status) if status.verified == (leaves * LEAF) as u64 => Some(status),
            Notice::TransferEnded { outcome, .. } => panic!("{outcome:?}"),
            _ => None,
        })
    }

    /// How it ended at both sides.
    fn outcome(&self) -> (Outcome, PathBuf) {
        let outcome = self.anna.outcome(Direction::Outgoing);
        match self.ben.outcome(Direction::Incoming) {
            Outcome::Durable { path } => (outcome, path),
            other => (outcome, PathBuf::from(format!("{other:?}"))),
        }
    }

    fn is_copy(&self, copy: &Path) -> bool {
        fs::read(copy).ok() == fs::read(self.film()).ok()
    }
}

#[test]
fn a_file_is_sent_while_it_grows_and_is_whole_once_it_ends() {
    let stage = Stage::new("follow");
    let transfer = stage.follow(None);
    let status = stage.has(3);
    assert_eq!((status.is_counted, status.phase), (false, Phase::Running));
    stage.record(4 * LEAF);
    let status = stage.has(7);
    assert_eq!(
        (status.is_counted, status.bytes),
        (false, 7 * LEAF as u64 + 5)
    );
    stage.record(LEAF);
    stage.anna.handle.end_follow(transfer);
    let (outcome, copy) = stage.outcome();
    assert!(outcome.is_success(), "{outcome:?}");
    assert!(stage.is_copy(&copy));
}

#[test]
fn a_file_that_grows_goes_on_after_a_cut_and_ends_once_it_is_idle() {
    let stage = Stage::new("follow-cut");
    stage.follow(Some(Duration::from_secs(1)));
    stage.has(3);
    stage.cut.cut();
    (stage.anna).wait(|notice| matches!(notice, Notice::Left { lost: true, .. }).then_some(()));
    let lost = stage.ben.outcome(Direction::Incoming);
    assert!(matches!(lost, Outcome::Lost { .. }), "{lost:?}");
    stage.record(2 * LEAF);
    stage.cut.mend();
    let (outcome, copy) = stage.outcome();
    assert!(outcome.is_success(), "{outcome:?}");
    assert!(stage.is_copy(&copy));
}

#[test]
fn a_file_that_is_replaced_while_it_is_followed_fails_and_what_came_is_kept() {
    let stage = Stage::new("follow-replaced");
    stage.follow(None);
    stage.has(3);
    let longer = stage.scratch.0.join("longer");
    fs::copy(stage.film(), &longer).unwrap();
    fs::rename(&longer, stage.film()).unwrap();
    let (outcome, _) = stage.outcome();
    let Outcome::Failed {
        why: TransferFailure::Here(FileError { reason, text }),
        ..
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(reason, Some(FailReason::SourceChanged));
    assert!(text.contains("replaced or cut"), "{text}");
    // It has the same bytes, so only its last leaf is sent now.
    let (film, options) = (stage.film(), SendOptions::default());
    stage.anna.handle.send(&name("ben"), film, options);
    let status = stage.ben.wait(|notice| match notice {
        Notice::TransferEnded { status, .. } => Some(status),
        _ => None,
    });
    assert_eq!((status.resumed, status.moved), (3 * LEAF as u64, 5));
    assert!(stage.is_copy(&stage.scratch.0.join("inbox/film")));
}

#[test]
fn a_folder_can_not_be_followed() {
    let stage = Stage::new("follow-folder");
    let options = SendOptions {
        follow: Some(Follow::default()),
        ..SendOptions::default()
    };
    let folder = stage.scratch.0.clone();
    stage.anna.handle.send(&name("ben"), folder, options);
    let outcome = stage.anna.outcome(Direction::Outgoing);
    assert!(!outcome.is_success(), "{outcome:?}");
}
