//! What an owner changes while the station runs: the camera, the guests, the inbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom::{
    Accept, CallKind, CameraState, Direction, EndReason, Identity, Notice, Outcome, Redial,
    SendOptions,
};

use transom_store::Inbox;

use crate::calls::{calling, identities, name, pair, pattern, person};
use crate::support::{PATIENCE, Peer, Scratch, inbox};

#[test]
fn another_camera_takes_over_within_a_call() {
    let (anna, ben) = calling(|_| {});
    ben.handle.show_camera(&name("anna"), true);
    anna.picture(320);
    ben.handle.set_camera(Some(pattern(160, 120)));
    anna.sees(CameraState::Opening);
    anna.sees(CameraState::Live);
    anna.picture(160);
    anna.never(
        |notice| matches!(notice, Notice::Picture { picture, .. } if picture.width != 160),
        Duration::from_millis(100),
    );
    ben.handle.set_camera(None);
    anna.sees(CameraState::Off);
    ben.camera(CameraState::Off);
    ben.handle.set_camera(Some(pattern(64, 48)));
    anna.picture(64);
}

#[test]
fn a_camera_that_is_not_there_is_a_state_and_not_an_end() {
    let (anna, ben) = calling(|_| {});
    ben.handle.show_camera(&name("anna"), true);
    anna.picture(320);
    let mut missing = pattern(64, 48);
    missing.source = "/dev/video-that-is-not-there".parse().unwrap();
    ben.handle.set_camera(Some(missing));
    anna.sees(CameraState::Lost);
    ben.handle.set_camera(Some(pattern(64, 48)));
    anna.picture(64);
}

#[test]
fn an_owner_sees_the_own_camera_without_any_call() {
    let (a, b) = identities();
    let anna = person(&a, &[("ben", &b, "call")], |_| {});
    let own = |width: u16| {
        let picture = anna.wait(|notice| match notice {
            Notice::OwnPicture(picture) if picture.width == width => Some(picture),
            _ => None,
        });
        assert!(picture.jpeg.starts_with(&[0xff, 0xd8]));
    };
    anna.handle.preview(true);
    anna.camera(CameraState::Live);
    own(320);
    own(320);
    anna.handle.set_camera(Some(pattern(64, 48)));
    own(64);
    anna.handle.preview(false);
    anna.camera(CameraState::Off);
    anna.never(
        |notice| matches!(notice, Notice::OwnPicture(_)),
        Duration::from_millis(100),
    );
}

#[test]
fn the_cameras_of_the_machine_are_listed() {
    let anna = Peer::start("anna", |_| {});
    anna.handle.list_cameras();
    let found = anna.wait(|notice| match notice {
        Notice::Cameras { devices } => Some(devices),
        _ => None,
    });
    assert_eq!(found, transom::media::list());
}

#[test]
fn connections_are_measured_while_somebody_wants_to_know() {
    let (anna, _ben) = pair(|_| {});
    anna.handle.measure(true);
    let (peer, numbers) = anna.wait(|notice| match notice {
        Notice::Measured { peer, numbers } => Some((peer, numbers)),
        _ => None,
    });
    assert_eq!(peer, name("ben"));
    assert!(numbers.sent > 0 && numbers.received > 0, "{numbers:?}");
}

/// Waits for a knock: the key, and what it calls itself.
fn knock(peer: &Peer) -> (transom::PublicKey, Option<transom::PeerName>) {
    peer.wait(|notice| match notice {
        Notice::Knock { key, name, .. } => Some((key, name)),
        _ => None,
    })
}

#[test]
fn a_stranger_knocks_with_a_name_and_comes_in_as_a_guest() {
    let (a, b) = identities();
    let ben = person(&b, &[], |_| {});
    let visitor = |identity: &Identity| {
        let visitor = Peer::start("visitor", |settings| settings.identity = identity.clone());
        visitor.handle.connect(ben.contact("ben"), Redial::Never);
        visitor
    };
    let turned_away = visitor(&a);
    assert_eq!(knock(&ben), (a.public_key(), Some(name("visitor"))));
    turned_away.wait(|notice| matches!(notice, Notice::Unreachable { .. }).then_some(()));
    let may = "call".parse().unwrap();
    ben.handle.allow_guest(a.public_key(), &name("friend"), may);
    let guest = visitor(&a);
    guest.joined();
    guest.handle.ring(&name("ben"), CallKind::Talk);
    assert_eq!(ben.rung(), name("friend"));
    // What a guest may is changed as for anybody.
    ben.handle
        .allow_guest(a.public_key(), &name("friend"), "view".parse().unwrap());
    assert_eq!(guest.ended(), EndReason::Forbidden);
}

#[test]
fn a_guest_takes_the_name_of_nobody() {
    let (a, b) = identities();
    let stranger = Identity::throwaway().unwrap();
    let ben = person(&b, &[("anna", &a, "call")], |_| {});
    let may = transom::people::Rights::default();
    ben.handle
        .allow_guest(stranger.public_key(), &name("anna"), may);
    ben.handle
        .allow_guest(stranger.public_key(), &name("person"), may);
    let near = Peer::start("anna", |settings| settings.identity = stranger.clone());
    near.handle.connect(ben.contact("ben"), Redial::Never);
    assert_eq!(knock(&ben), (stranger.public_key(), Some(name("anna"))));
}

#[test]
fn files_go_where_the_owner_wants_them_now() {
    let scratch = Scratch::new("moving-inbox");
    let source = scratch.0.join("source.bin");
    fs::write(&source, [7; 100_000]).unwrap();
    let (anna, ben) = pair(|_| {});
    let send = || {
        anna.handle
            .send(&name("ben"), &source, SendOptions::default());
        anna.outcome(Direction::Outgoing)
    };
    let into = |folder: &str| Some(inbox(scratch.0.join(folder), Accept::Known));
    let refused = |outcome, word: &str| match outcome {
        Outcome::Refused { text, .. } => assert!(text.contains(word), "{text}"),
        other => panic!("{other:?}"),
    };
    refused(send(), "not taken here");
    for folder in ["one", "two"] {
        ben.handle.set_inbox(into(folder));
        assert!(send().is_success());
        assert!(scratch.0.join(folder).join("source.bin").is_file());
    }
    // The same folder, but it may hold no such file.
    let mut tight = into("two");
    if let Some(inbox) = &mut tight {
        inbox.room.quota = Some(90_000);
    }
    ben.handle.set_inbox(tight);
    fs::write(&source, [8; 100_000]).unwrap();
    refused(send(), "quota");
    // No folder can be made there: a file is in the way.
    ben.handle.set_inbox(into("source.bin/below"));
    refused(send(), "can't receive there");
    ben.handle.set_inbox(None);
    refused(send(), "not taken here");
}

/// What this process has open below that folder, and the folder itself.
fn open_below(folder: &Path) -> Vec<PathBuf> {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let paths = descriptors.filter_map(|one| fs::read_link(one.ok()?.path()).ok());
    paths.filter(|path| path.starts_with(folder)).collect()
}

#[test]
fn an_inbox_that_nobody_uses_is_closed_until_the_next_offer() {
    let scratch = Scratch::new("unused-inbox");
    let (source, into) = (scratch.0.join("source.bin"), scratch.0.join("into"));
    fs::write(&source, [7; 100_000]).unwrap();
    let (anna, ben) = pair(|settings| {
        settings.inbox = Some(inbox(into.clone(), Accept::Known));
    });
    let send = || {
        anna.handle
            .send(&name("ben"), &source, SendOptions::default());
        assert!(anna.outcome(Direction::Outgoing).is_success());
    };
    // How long that took.
    let closed = || {
        let since = Instant::now();
        loop {
            let open = open_below(&into);
            match open.is_empty() {
                true => return since.elapsed(),
                false => assert!(since.elapsed() < PATIENCE, "{open:?}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    closed();
    send();
    let unused = closed();
    assert!(unused > Duration::from_secs(1), "{unused:?}");
    fs::rename(&into, scratch.0.join("gone")).unwrap();
    send();
    assert!(into.join("source.bin").is_file());
    ben.handle.set_inbox(None);
    let unwanted = closed();
    assert!(unwanted < Duration::from_secs(4), "{unwanted:?}");
}

#[test]
fn a_transfer_tells_the_file_that_moves_on_both_sides() {
    let scratch = Scratch::new("current");
    let (tree, into) = (scratch.0.join("tree"), scratch.0.join("into"));
    fs::create_dir_all(tree.join("deep")).unwrap();
    fs::write(tree.join("deep/large.bin"), vec![7; 3_000_000]).unwrap();
    let (anna, ben) = pair(|settings| {
        settings.inbox = Some(inbox(into.clone(), Accept::Known));
    });
    let options = SendOptions {
        limit: Some(4_000_000),
        ..SendOptions::default()
    };
    anna.handle.send(&name("ben"), &tree, options);
    for peer in [&anna, &ben] {
        let current = peer.wait(|notice| match notice {
            Notice::Transfer(status) => status.current.filter(|current| current.moved > 0),
            _ => None,
        });
        assert_eq!(current.path, "deep/large.bin");
        assert_eq!(current.bytes, 3_000_000);
        assert!(current.moved <= current.bytes);
    }
}

#[test]
fn a_sender_is_not_told_where_the_inbox_is() {
    let scratch = Scratch::new("secret-place");
    let path = scratch.0.join("letter.txt");
    fs::write(&path, "hello").unwrap();
    let no_folder = scratch.0.join("hunter2-file");
    fs::write(&no_folder, "").unwrap();
    let locked = scratch.0.join("hunter2-locked");
    let _held = Inbox::open(transom_store::InboxSettings::new(&locked)).unwrap();
    let (a, b) = identities();
    let ben = person(&b, &[("anna", &a, "files")], |settings| {
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Ask));
    });
    let anna = person(&a, &[], |_| {});
    anna.handle.connect(ben.contact("ben"), Redial::Never);
    for into in [no_folder, locked] {
        anna.handle
            .send(&name("ben"), path.clone(), SendOptions::default());
        let offered = ben.wait(|notice| match notice {
            Notice::Offered { transfer, .. } => Some(transfer),
            _ => None,
        });
        ben.handle.accept(offered, Some(into.clone()));
        let texts = [(&ben, Direction::Incoming), (&anna, Direction::Outgoing)].map(
            |(peer, way)| match peer.outcome(way) {
                Outcome::Refused { text, .. } => text,
                other => panic!("{other:?}"),
            },
        );
        assert!(texts[0].contains(into.to_str().unwrap()), "{texts:?}");
        assert!(texts[1].contains("receive"), "{texts:?}");
        assert!(!texts[1].contains('/'), "{texts:?}");
        assert!(!texts[1].contains("hunter2"), "{texts:?}");
    }
}
