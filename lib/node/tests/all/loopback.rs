//! Whole stations on loopback, each on a thread of its own: pictures, files, texts, keys.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use transom::media::{CaptureRequest, Source};
use transom::{
    Accept, CallKind, CameraState, Direction, EndReason, FailReason, Identity, InboxSettings,
    Notice, Obstacle, Outcome, PublicKey, Redial, SendOptions, Settings, Shape, State, Station,
    TransferFailure,
};

use crate::support::{Peer, Scratch, book, inbox, local};

/// A box with a moving picture that knows this guest.
fn camera_box(guest: &Identity, rights: &str) -> Peer {
    let line = format!("guest 127.0.0.1 key={} may={rights}", guest.public_key());
    Peer::start("box", |settings| {
        settings.book = book(&[line]);
        settings.listen = local();
        settings.camera = Some(CaptureRequest {
            source: Source::Pattern,
            size: Some((320, 240)),
            fps: Some(60),
            ..CaptureRequest::default()
        });
        settings.serve_camera = true;
    })
}

fn desk(guest: &Identity, into: &Path, accept: Accept) -> Peer {
    let line = format!("guest 127.0.0.1 key={}", guest.public_key());
    Peer::start("desk", |settings| {
        settings.book = book(&[line]);
        settings.listen = local();
        settings.inbox = Some(InboxSettings::new(into, accept));
    })
}

fn guest(identity: &Identity) -> Peer {
    Peer::start("guest", |settings| settings.identity = identity.clone())
}

#[test]
fn a_box_is_watched() {
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (camera_box(&identity, "view"), guest(&identity));
    near.handle.connect(far.contact("box"), Redial::Never);
    assert!(near.joined(), "the box's key is new to the guest");
    far.never(
        |notice| matches!(notice, Notice::Camera { .. }),
        Duration::from_millis(200),
    );
    near.handle.ring(&"box".parse().unwrap(), CallKind::View);
    let mut last = None;
    for _ in 0..20 {
        let picture = near.wait(|notice| match notice {
            Notice::Picture { picture, .. } => Some(picture),
            _ => None,
        });
        assert_eq!((picture.width, picture.height), (320, 240));
        assert!(picture.jpeg.starts_with(&[0xff, 0xd8]) && picture.jpeg.ends_with(&[0xff, 0xd9]));
        assert!(last.is_none_or(|last| picture.sequence > last));
        last = Some(picture.sequence);
    }
    near.handle.hang_up(&"box".parse().unwrap());
    far.wait(|notice| {
        matches!(
            notice,
            Notice::CallEnded {
                reason: EndReason::Chosen,
                ..
            }
        )
        .then_some(())
    });
    // Nobody looks any more: after a while the camera is off.
    far.wait(|notice| {
        matches!(
            notice,
            Notice::Camera {
                state: CameraState::Off,
                ..
            }
        )
        .then_some(())
    });
}

#[test]
fn a_viewer_that_keeps_its_pictures_gets_two() {
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (camera_box(&identity, "view"), guest(&identity));
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    near.handle.ring(&"box".parse().unwrap(), CallKind::View);
    let picture = |notice| match notice {
        Notice::Picture { picture, .. } => Some(picture),
        _ => None,
    };
    let held = [near.wait(picture), near.wait(picture)];
    near.never(
        |notice| matches!(notice, Notice::Picture { .. }),
        Duration::from_millis(300),
    );
    drop(held);
    near.wait(picture);
}

#[test]
fn an_unknown_key_sees_nothing() {
    let (known, stranger) = (
        Identity::throwaway().unwrap(),
        Identity::throwaway().unwrap(),
    );
    let (far, near) = (camera_box(&known, "view"), guest(&stranger));
    near.handle.connect(far.contact("box"), Redial::Never);
    near.wait(|notice| match notice {
        Notice::Unreachable {
            obstacle,
            retries: false,
            ..
        } => {
            let is_new = |key: transom::Fingerprint| key == far.key.fingerprint();
            let Obstacle::NotLetIn { new_key } = obstacle else {
                panic!("{obstacle:?}");
            };
            assert!(new_key.is_some_and(is_new));
            assert!(obstacle.to_string().contains("may not know"));
            Some(())
        }
        Notice::Joined { .. } => panic!("let in"),
        _ => None,
    });
    let knocked = far.wait(|notice| match notice {
        Notice::Knock { key, .. } => Some(key),
        Notice::Camera { .. } => panic!("the camera was opened"),
        _ => None,
    });
    assert_eq!(knocked, stranger.public_key());
}

#[test]
fn a_right_that_is_missing_is_said() {
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (camera_box(&identity, "files"), guest(&identity));
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    near.handle.ring(&"box".parse().unwrap(), CallKind::View);
    let text = near.wait(|notice| match notice {
        Notice::CallEnded {
            reason: EndReason::Forbidden,
            text,
            ..
        } => Some(text),
        _ => None,
    });
    assert_eq!(text, "you may not watch here");
}

#[test]
fn a_changed_key_is_refused_and_both_are_told() {
    let scratch = Scratch::new("changed");
    let identity = Identity::throwaway().unwrap();
    let state = State::open(&scratch.0).unwrap();
    let meet = |far: &Peer| {
        let known = state.known_peers().unwrap();
        let near = Peer::start("guest", |settings| {
            settings.identity = identity.clone();
            settings.known_peers = known;
        });
        near.handle.connect(far.contact("box"), Redial::Never);
        near
    };
    let first = camera_box(&identity, "view");
    assert!(meet(&first).joined());
    assert!(!meet(&first).joined(), "pinned on first use");
    let second = camera_box(&identity, "view");
    let (was, is) = meet(&second).wait(|notice| match notice {
        Notice::KeyChanged {
            pinned,
            offered,
            in_book: false,
            ..
        } => Some((pinned, offered)),
        Notice::Joined { .. } => panic!("let in"),
        _ => None,
    });
    assert_eq!((was, is), (first.key, second.key));
    assert_eq!(
        state.known_peers().unwrap().forget("box").unwrap(),
        Some(first.key)
    );
    assert!(meet(&second).joined());
}

#[test]
fn texts_arrive_both_ways() {
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (camera_box(&identity, "view"), guest(&identity));
    let text_of = |peer: &Peer| {
        peer.wait(|notice| match notice {
            Notice::Text { text, .. } => Some(text),
            _ => None,
        })
    };
    // Written before the connection is there: it waits.
    let sent = near.handle.text(&"box".parse().unwrap(), "hello");
    near.handle.connect(far.contact("box"), Redial::Never);
    assert_eq!(text_of(&far), "hello");
    near.wait(|notice| {
        matches!(notice, Notice::TextArrived { text, .. } if text == sent).then_some(())
    });
    far.handle.text(&"guest".parse().unwrap(), "who is there?");
    assert_eq!(text_of(&near), "who is there?");
}

#[test]
fn a_file_and_a_folder_are_sent() {
    let scratch = Scratch::new("files");
    let (from, into) = (scratch.0.join("from"), scratch.0.join("into"));
    let tree = from.join("tree");
    fs::create_dir_all(tree.join("empty")).unwrap();
    fs::create_dir_all(tree.join("a/b")).unwrap();
    let content = |seed: usize, length: usize| {
        (0..length)
            .map(|i| (i * 31 + i / 251 + seed) as u8)
            .collect::<Vec<_>>()
    };
    fs::write(from.join("large.bin"), content(1, 3_000_001)).unwrap();
    fs::write(tree.join("nothing"), []).unwrap();
    for index in 0..300 {
        fs::write(
            tree.join(format!("a/b/{index}")),
            content(index, index * 37),
        )
        .unwrap();
    }
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (desk(&identity, &into, Accept::Known), guest(&identity));
    let peer = "desk".parse().unwrap();
    near.handle.connect(far.contact("desk"), Redial::Never);
    near.handle
        .send(&peer, from.join("large.bin"), SendOptions::default());
    let name = PathBuf::from("large.bin");
    assert_eq!(
        near.outcome(Direction::Outgoing),
        Outcome::Durable { path: name.clone() }
    );
    assert_eq!(
        far.outcome(Direction::Incoming),
        Outcome::Durable {
            path: into.join(&name)
        }
    );
    assert_eq!(fs::read(into.join(&name)).unwrap(), content(1, 3_000_001));
    near.handle.send(&peer, tree, SendOptions::default());
    assert_eq!(
        near.outcome(Direction::Outgoing),
        Outcome::Durable {
            path: "tree".into()
        }
    );
    assert!(into.join("tree/empty").is_dir());
    assert_eq!(fs::read(into.join("tree/nothing")).unwrap(), []);
    for index in 0..300 {
        assert_eq!(
            fs::read(into.join(format!("tree/a/b/{index}"))).unwrap(),
            content(index, index * 37)
        );
    }
    // Again: it is there already.
    near.handle
        .send(&peer, from.join("large.bin"), SendOptions::default());
    assert_eq!(
        near.outcome(Direction::Outgoing),
        Outcome::AlreadyThere { path: name }
    );
}

#[test]
fn folders_are_not_counted_as_files_at_either_side() {
    let scratch = Scratch::new("counted");
    let (tree, into) = (scratch.0.join("tree"), scratch.0.join("into"));
    fs::create_dir_all(tree.join("a/empty")).unwrap();
    for name in ["one", "two", "three"] {
        fs::write(tree.join("a").join(name), name).unwrap();
    }
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (desk(&identity, &into, Accept::Known), guest(&identity));
    near.handle.connect(far.contact("desk"), Redial::Never);
    near.handle
        .send(&"desk".parse().unwrap(), tree, SendOptions::default());
    let entries = far.wait(|notice| match notice {
        Notice::Offered { entries, .. } => Some(entries),
        _ => None,
    });
    assert_eq!(entries, 5, "the folders `a` and `empty` too");
    for peer in [&near, &far] {
        let status = peer.wait(|notice| match notice {
            Notice::TransferEnded { status, .. } => Some(status),
            _ => None,
        });
        let counts = (status.shape, status.files, status.files_done);
        assert_eq!(counts, (Shape::Folder, 3, 3), "{:?}", status.direction);
    }
}

#[test]
fn more_files_than_a_session_lets_be_open_wait_for_their_turn() {
    const FILES: usize = 60;
    let scratch = Scratch::new("many");
    let (from, into) = (scratch.0.join("from"), scratch.0.join("into"));
    fs::create_dir_all(&from).unwrap();
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (desk(&identity, &into, Accept::Known), guest(&identity));
    let peer = "desk".parse().unwrap();
    near.handle.connect(far.contact("desk"), Redial::Never);
    for number in 0..FILES {
        let file = from.join(number.to_string());
        fs::write(&file, vec![number as u8; 1000]).unwrap();
        near.handle.send(&peer, file, SendOptions::default());
    }
    for _ in 0..FILES {
        let outcome = near.outcome(Direction::Outgoing);
        assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
    }
    for number in 0..FILES {
        let content = fs::read(into.join(number.to_string())).unwrap();
        assert_eq!(content, vec![number as u8; 1000]);
    }
}

#[test]
fn a_transfer_goes_on_after_the_receiver_is_gone_for_a_while() {
    let scratch = Scratch::new("resume");
    let (source, into) = (scratch.0.join("source.bin"), scratch.0.join("into"));
    fs::write(&source, vec![7; 8 * 1024 * 1024]).unwrap();
    let identity = Identity::throwaway().unwrap();
    let far_identity = Identity::throwaway().unwrap();
    let start = |listen: Vec<SocketAddr>| {
        let line = format!("guest 127.0.0.1 key={}", identity.public_key());
        Peer::start("desk", |settings| {
            settings.identity = far_identity.clone();
            settings.book = book(&[line]);
            settings.listen = listen;
            settings.inbox = Some(inbox(into.clone(), Accept::Known));
        })
    };
    let far = start(local());
    let address = far.address.unwrap();
    let near = guest(&identity);
    near.handle.connect(far.contact("desk"), Redial::Always);
    let options = SendOptions {
        limit: Some(4 * 1024 * 1024),
        ..SendOptions::default()
    };
    let id = near.handle.send(&"desk".parse().unwrap(), &source, options);
    near.wait(|notice| match notice {
        Notice::Transfer(status) if status.verified > 1024 * 1024 => Some(()),
        Notice::TransferEnded { outcome, .. } => panic!("{outcome:?}"),
        _ => None,
    });
    drop(far);
    let _far = start(vec![address]);
    near.handle.limit(id, None);
    let (status, outcome) = near.wait(|notice| match notice {
        Notice::TransferEnded { status, outcome } => Some((status, outcome)),
        _ => None,
    });
    assert_eq!(
        outcome,
        Outcome::Durable {
            path: "source.bin".into()
        }
    );
    assert!(status.resumed > 0, "{status:?}");
    assert_eq!(
        fs::read(into.join("source.bin")).unwrap(),
        fs::read(&source).unwrap()
    );
}

#[test]
fn who_has_the_right_auto_is_not_asked_about() {
    let scratch = Scratch::new("auto");
    let (source, into) = (scratch.0.join("source.bin"), scratch.0.join("into"));
    fs::write(&source, b"from a friend").unwrap();
    let identity = Identity::throwaway().unwrap();
    let far = Peer::start("desk", |settings| {
        let key = identity.public_key();
        settings.book = book(&[format!("guest 127.0.0.1 key={key} may=files,auto")]);
        settings.listen = local();
        settings.inbox = Some(inbox(into.clone(), Accept::Ask));
    });
    let near = guest(&identity);
    near.handle.connect(far.contact("desk"), Redial::Never);
    let peer = "desk".parse().unwrap();
    near.handle.send(&peer, &source, SendOptions::default());
    assert!(near.outcome(Direction::Outgoing).is_success());
    assert_eq!(fs::read(into.join("source.bin")).unwrap(), b"from a friend");
}

#[test]
fn an_offer_is_asked_for_and_can_be_refused_or_cancelled() {
    let scratch = Scratch::new("asked");
    let (source, into) = (scratch.0.join("source.bin"), scratch.0.join("into"));
    fs::write(&source, vec![7; 4 * 1024 * 1024]).unwrap();
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (desk(&identity, &into, Accept::Ask), guest(&identity));
    near.handle.connect(far.contact("desk"), Redial::Never);
    let offered = || {
        far.wait(|notice| match notice {
            Notice::Offered {
                transfer,
                asks: true,
                name,
                bytes,
                ..
            } => {
                assert_eq!((name.as_str(), bytes), ("source.bin", 4 * 1024 * 1024));
                Some(transfer)
            }
            _ => None,
        })
    };
    let peer = "desk".parse().unwrap();
    near.handle.send(&peer, &source, SendOptions::default());
    far.handle.refuse(offered());
    assert!(matches!(
        near.outcome(Direction::Outgoing),
        Outcome::Refused { .. }
    ));
    near.handle.send(
        &peer,
        &source,
        SendOptions {
            limit: Some(1024 * 1024),
            ..SendOptions::default()
        },
    );
    let transfer = offered();
    far.handle.accept(transfer, None);
    far.wait(|notice| {
        matches!(notice, Notice::Transfer(status) if status.verified > 0).then_some(())
    });
    far.handle.cancel(transfer);
    assert!(matches!(
        near.outcome(Direction::Outgoing),
        Outcome::Cancelled { here: false, .. }
    ));
    assert!(!into.join("source.bin").exists());
}

#[test]
fn what_cannot_be_sent_fails_with_words() {
    let scratch = Scratch::new("missing");
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (
        desk(&identity, &scratch.0.join("into"), Accept::Known),
        guest(&identity),
    );
    near.handle.connect(far.contact("desk"), Redial::Never);
    near.handle.send(
        &"desk".parse().unwrap(),
        scratch.0.join("missing"),
        SendOptions::default(),
    );
    match near.outcome(Direction::Outgoing) {
        Outcome::Failed {
            why: TransferFailure::Here(error),
            ..
        } => {
            assert_eq!(error.reason, Some(FailReason::Gone));
            assert!(error.text.contains("missing"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_who_dial_each_other_end_up_with_one_connection() {
    let (a, b) = (
        Identity::throwaway().unwrap(),
        Identity::throwaway().unwrap(),
    );
    let peer = |own: &Identity, name: &str, other: &Identity| {
        let line = format!("{name} 127.0.0.1 key={}", other.public_key());
        let identity = own.clone();
        Peer::start("peer", move |settings| {
            settings.identity = identity;
            settings.book = book(&[line]);
            settings.listen = local();
        })
    };
    let (left, right) = (peer(&a, "right", &b), peer(&b, "left", &a));
    left.handle.connect(right.contact("right"), Redial::Always);
    right.handle.connect(left.contact("left"), Redial::Always);
    left.joined();
    right.joined();
    for round in 0..10 {
        left.handle
            .text(&"right".parse().unwrap(), format!("{round}"));
        right.wait(|notice| {
            matches!(notice, Notice::Text { text, .. } if text == format!("{round}")).then_some(())
        });
    }
    left.never(
        |notice| matches!(notice, Notice::Left { .. }),
        Duration::from_millis(300),
    );
}

#[test]
fn a_port_that_is_taken_is_said() {
    let first = camera_box(&Identity::throwaway().unwrap(), "view");
    let mut settings = Settings::new("second".parse().unwrap(), Identity::throwaway().unwrap());
    settings.listen = vec![first.address.unwrap()];
    let error = Station::start(settings).unwrap_err().to_string();
    assert!(error.contains("is taken"), "{error}");
}

#[test]
fn a_yes_is_for_one_offer_only() {
    let scratch = Scratch::new("consent");
    let (source, into) = (scratch.0.join("source.bin"), scratch.0.join("into"));
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (desk(&identity, &into, Accept::Ask), guest(&identity));
    near.handle.connect(far.contact("desk"), Redial::Never);
    // The same path, so the same transfer by its key; but a person said yes to the first only.
    for length in [1000, 2000] {
        fs::write(&source, vec![7; length]).unwrap();
        near.handle
            .send(&"desk".parse().unwrap(), &source, SendOptions::default());
        let (transfer, asks) = far.wait(|notice| match notice {
            Notice::Offered { transfer, asks, .. } => Some((transfer, asks)),
            _ => None,
        });
        assert!(asks, "an offer of {length} bytes");
        far.handle.accept(transfer, None);
        assert!(near.outcome(Direction::Outgoing).is_success());
    }
}

#[test]
fn a_file_that_changed_before_it_moved_is_told_on_each_side_by_the_side_it_happened_on() {
    let scratch = Scratch::new("changed");
    let (source, into) = (scratch.0.join("source.bin"), scratch.0.join("into"));
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (desk(&identity, &into, Accept::Ask), guest(&identity));
    near.handle.connect(far.contact("desk"), Redial::Never);
    fs::write(&source, [7; 1000]).unwrap();
    near.handle
        .send(&"desk".parse().unwrap(), &source, SendOptions::default());
    let transfer = far.wait(|notice| match notice {
        Notice::Offered { transfer, .. } => Some(transfer),
        _ => None,
    });
    fs::write(&source, [7; 2000]).unwrap();
    far.handle.accept(transfer, None);
    let why = |outcome| match outcome {
        Outcome::Failed { why, .. } => why.to_string(),
        other => panic!("{other:?}"),
    };
    let told = "\"source.bin\" changed while it was sent";
    assert_eq!(why(near.outcome(Direction::Outgoing)), told);
    let told = format!("at the sender: {told}");
    assert_eq!(why(far.outcome(Direction::Incoming)), told);
}

#[test]
fn a_right_that_is_withdrawn_ends_what_hangs_on_it() {
    let scratch = Scratch::new("withdrawn");
    let (source, into) = (scratch.0.join("source.bin"), scratch.0.join("into"));
    fs::write(&source, vec![7; 4 * 1024 * 1024]).unwrap();
    let identity = Identity::throwaway().unwrap();
    let (far, near) = (desk(&identity, &into, Accept::Known), guest(&identity));
    near.handle.connect(far.contact("desk"), Redial::Never);
    let options = SendOptions {
        limit: Some(1024 * 1024),
        ..SendOptions::default()
    };
    near.handle.send(&"desk".parse().unwrap(), &source, options);
    far.wait(|notice| {
        matches!(notice, Notice::Transfer(status) if status.verified > 0).then_some(())
    });
    let line = format!("guest 127.0.0.1 key={} may=view", identity.public_key());
    far.handle.replace_book(book(&[line]));
    assert!(matches!(
        near.outcome(Direction::Outgoing),
        Outcome::Cancelled { here: false, .. }
    ));
    assert!(!into.join("source.bin").exists());
}

#[cfg(unix)]
#[test]
fn a_command_that_ends_is_started_again() {
    let scratch = Scratch::new("command");
    let film = scratch.0.join("one.mjpeg");
    let request = CaptureRequest {
        source: Source::Pattern,
        ..CaptureRequest::default()
    };
    let mut pattern = transom::media::open(&request).unwrap();
    let mut encoder = transom::media::Encoder::new(80, None);
    let picture = pattern.newest(Some(&mut encoder)).unwrap();
    let picture = picture.expect("the first picture is due at once");
    fs::write(&film, &picture.jpeg[..]).unwrap();
    let identity = Identity::throwaway().unwrap();
    let line = format!("guest 127.0.0.1 key={} may=view", identity.public_key());
    let far = Peer::start("box", |settings| {
        settings.book = book(&[line]);
        settings.listen = local();
        settings.camera = Some(CaptureRequest {
            source: Source::Command(format!("cat {}", film.display())),
            ..CaptureRequest::default()
        });
        settings.serve_camera = true;
    });
    let near = guest(&identity);
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    near.handle.ring(&"box".parse().unwrap(), CallKind::View);
    for _ in 0..2 {
        near.wait(|notice| matches!(notice, Notice::Picture { .. }).then_some(()));
    }
}

#[test]
fn an_offer_whose_sender_says_goodbye_unanswered_is_withdrawn_and_not_lost() {
    let scratch = Scratch::new("withdrawn");
    let film = scratch.0.join("film");
    fs::write(&film, "moving pictures").unwrap();
    let near = Identity::throwaway().unwrap();
    let far = desk(&near, &scratch.0.join("inbox"), Accept::Ask);
    let near = guest(&near);
    near.handle.connect(far.contact("desk"), Redial::Never);
    let desk = "desk".parse().unwrap();
    near.handle.send(&desk, &film, SendOptions::default());
    far.wait(|notice| matches!(notice, Notice::Offered { .. }).then_some(()));
    drop(near);
    let outcome = far.outcome(Direction::Incoming);
    assert!(
        matches!(outcome, Outcome::Cancelled { here: false, .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_station_listens_at_another_port_when_its_own_is_taken() {
    let (identity, third) = (
        Identity::throwaway().unwrap(),
        Identity::throwaway().unwrap(),
    );
    let far = camera_box(&identity, "view");
    let near = Peer::start("guest", |settings| {
        settings.identity = identity.clone();
        let key = third.public_key();
        settings.book = book(&[format!("third 127.0.0.1 key={key}")]);
    });
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    let asked = near.handle.listen(vec![far.address.unwrap()]);
    let why = near.wait(|notice| match notice {
        Notice::NotListening { request, why } => (request == asked).then_some(why),
        _ => None,
    });
    assert_eq!(why.kind, std::io::ErrorKind::AddrInUse, "{why}");
    assert!(why.text.contains("is taken"), "{why}");
    let asked = near.handle.listen(local());
    let address = near.wait(|notice| match notice {
        Notice::Listening {
            request: Some(request),
            address,
        } if request == asked => Some(address),
        _ => None,
    });
    let other = guest(&third);
    let contact = format!("near {address} key={}", identity.public_key());
    other
        .handle
        .connect(contact.parse().unwrap(), Redial::Never);
    other.joined();
    // What was connected before stays connected.
    near.handle.ring(&"box".parse().unwrap(), CallKind::View);
    near.wait(|notice| matches!(notice, Notice::CallStarted { .. }).then_some(()));
}

#[test]
fn a_port_that_was_changed_is_closed_and_its_connections_stay() {
    let (identity, third) = (
        Identity::throwaway().unwrap(),
        Identity::throwaway().unwrap(),
    );
    let far = Peer::start("box", |settings| {
        let line = |name, key: PublicKey| format!("{name} 127.0.0.1 key={key} may=view,call");
        settings.book = book(&[
            line("guest", identity.public_key()),
            line("third", third.public_key()),
        ]);
        settings.listen = local();
        settings.takes_calls = true;
    });
    let near = guest(&identity);
    near.handle.connect(far.contact("box"), Redial::Never);
    near.joined();
    let listening = |notice| match notice {
        Notice::Listening { address, .. } => Some(address),
        _ => None,
    };
    let old = far.wait(listening);
    far.handle.listen(local());
    let new = far.wait(listening);
    assert_ne!(old, new);
    let refused = std::net::TcpStream::connect(old).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let other = guest(&third);
    let contact = format!("box {new} key={}", far.key);
    other
        .handle
        .connect(contact.parse().unwrap(), Redial::Never);
    other.joined();
    near.handle.ring(&"box".parse().unwrap(), CallKind::Talk);
    far.wait(|notice| matches!(notice, Notice::Ringing { .. }).then_some(()));
}
