//! Files that another program writes to while they are sent.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use transom_store::{
    Begin, Ended, EntryError, Inbox, Outbox, OutboxError, Reception, RoomLimits, Run, Step,
};
use transom_wire::{Collision, Ending, EntryKind, LeafContent, Offer, Total};

use crate::support::*;

/// Appends to the film that is recorded.
fn record(scratch: &Scratch, bytes: &[u8]) {
    let mut file = OpenOptions::new();
    let file = file.create(true).append(true).open(film(scratch));
    file.unwrap().write_all(bytes).unwrap();
}

fn film(scratch: &Scratch) -> PathBuf {
    scratch.path("film")
}

/// Begins to send what is recorded; gives where the receiver wants it to start, too.
fn begin(scratch: &Scratch, inbox: &mut Inbox) -> (Outbox, Reception, u64) {
    let mut outbox = Outbox::follow(&film(scratch)).unwrap();
    outbox.count(1).unwrap();
    outbox.walk(1).unwrap();
    let offer = Offer {
        is_counted: false,
        ..offer(&outbox, Collision::Rename)
    };
    let mut reception = inbox.receive(PEER, &offer).unwrap();
    let info = outbox.entry(0).unwrap();
    assert_eq!((info.kind, info.size), (EntryKind::Growing, 0));
    let begun = reception.begin_entry(&announced(0, &info)).unwrap();
    let Begin::Data { offset } = begun else {
        panic!("{begun:?}");
    };
    outbox.start(0, offset).unwrap();
    (outbox, reception, offset)
}

/// Sends what can be sent now; gives how many leaves that were.
fn send_on(outbox: &mut Outbox, reception: &mut Reception) -> u64 {
    let counted = outbox.count(1).unwrap();
    let counted_so_far = Total {
        files: 1,
        bytes: counted.bytes,
        is_counted: counted.is_all,
    };
    reception.total(counted_so_far).unwrap();
    let mut sent = 0;
    loop {
        match outbox.next_leaf(0, Vec::new()).unwrap() {
            Step::Leaf {
                offset,
                hash,
                bytes,
                ..
            } => {
                let again = reception.leaf(0, offset, &hash, &bytes).unwrap();
                assert_eq!(again, None);
                sent += 1;
            }
            Step::Sent { .. } if !counted.is_all => return sent,
            Step::Sent { .. } => {
                let held = outbox.hashes(0, 128, &mut Vec::new()).unwrap();
                let again = reception.hashes(0, held.offset, &held.hashes).unwrap();
                sent += send_again(outbox, reception, again);
            }
            Step::End { size, root, .. } => loop {
                match reception.end(0, size, &root).unwrap() {
                    Ended::Again(again) => sent += send_again(outbox, reception, again),
                    Ended::Done => return sent,
                }
            },
        }
    }
}

fn send_again(outbox: &mut Outbox, reception: &mut Reception, again: Vec<Run>) -> u64 {
    let leaves: Vec<_> = again.into_iter().flat_map(leaves_of).collect();
    for leaf in &leaves {
        let offset = (leaf * LEAF) as u64;
        let (hash, content, bytes) = outbox.leaf_again(0, offset, Vec::new()).unwrap();
        assert_eq!(content, LeafContent::Data);
        let wrong = reception.leaf(0, offset, &hash, &bytes).unwrap();
        assert_eq!(wrong, None);
    }
    leaves.len() as u64
}

/// Ends it; gives the leaves that were sent then.
fn finish(scratch: &Scratch, outbox: &mut Outbox, reception: &mut Reception) -> u64 {
    outbox.end_growth();
    let sent = send_on(outbox, reception);
    assert!(!outbox.grows());
    let finished = reception.finish(1).unwrap();
    assert_eq!(finished.ending, Ending::Durable);
    assert!(is_as_sent(&film(scratch), &finished.path));
    sent
}

#[test]
fn whole_leaves_go_while_a_file_grows_and_the_rest_once_it_ends() {
    for begins in [0, 1, LEAF, LEAF + 1, 3 * LEAF] {
        for grows in [0, 1, LEAF - 1, LEAF, 2 * LEAF + 7] {
            let scratch = Scratch::new();
            let all = noise(begins + grows, 7);
            record(&scratch, &all[..begins]);
            let mut inbox = scratch.inbox();
            let (mut outbox, mut reception, offset) = begin(&scratch, &mut inbox);
            assert_eq!(offset, 0);
            let before_last = |size: usize| size.saturating_sub(1) / LEAF;
            let first = send_on(&mut outbox, &mut reception) as usize;
            assert_eq!(first, before_last(begins), "{begins}");
            record(&scratch, &all[begins..]);
            let second = send_on(&mut outbox, &mut reception) as usize;
            assert_eq!(first + second, before_last(all.len()), "{begins} {grows}");
            assert_eq!(
                visible(&scratch),
                [""; 0],
                "nothing shows before it is whole"
            );
            let last = finish(&scratch, &mut outbox, &mut reception) as usize;
            assert_eq!(last, usize::from(!all.is_empty()), "{begins} {grows}");
            assert_eq!(reception.counts().durable, all.len() as u64);
            drop(reception);
            assert_eq!(published(&scratch), ["film"]);
        }
    }
}

#[test]
fn what_was_rewritten_behind_its_end_goes_once_more() {
    let scratch = Scratch::new();
    record(&scratch, &noise(5 * LEAF, 7));
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
    assert_eq!(send_on(&mut outbox, &mut reception), 4);
    // As the length of a film in its first bytes.
    let file = OpenOptions::new().write(true).open(film(&scratch)).unwrap();
    file.write_all_at(b"length", 4).unwrap();
    file.write_all_at(b"index", 2 * LEAF as u64).unwrap();
    record(&scratch, b"the last words");
    // The first leaf, the third, the fifth and what follows.
    assert_eq!(finish(&scratch, &mut outbox, &mut reception), 4);
}

#[test]
fn a_growing_file_that_was_cut_off_goes_on_by_its_journal() {
    let scratch = Scratch::new();
    record(&scratch, &noise(3 * LEAF + 5, 7));
    {
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
        assert_eq!(send_on(&mut outbox, &mut reception), 3);
        reception.pause();
    }
    record(&scratch, &noise(2 * LEAF, 8));
    {
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception, offset) = begin(&scratch, &mut inbox);
        assert_eq!(offset, 3 * LEAF as u64);
        assert_eq!(send_on(&mut outbox, &mut reception), 2);
        reception.pause();
    }
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception, offset) = begin(&scratch, &mut inbox);
    assert_eq!(offset, 5 * LEAF as u64);
    assert_eq!(finish(&scratch, &mut outbox, &mut reception), 1);
    assert_eq!(reception.held(), offset);
    assert_eq!(reception.counts().durable, 5);
}

#[test]
fn a_file_that_was_followed_and_cut_off_is_sent_to_its_end_as_any_other() {
    let scratch = Scratch::new();
    record(&scratch, &noise(3 * LEAF + 5, 7));
    {
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
        send_on(&mut outbox, &mut reception);
        reception.pause();
    }
    assert_eq!(send_rest(&scratch, &film(&scratch)), (3 * LEAF as u64, 1));
}

#[test]
fn a_film_that_goes_on_after_its_end_is_copied_from_what_came_before() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    record(&scratch, &noise(3 * LEAF + 5, 7));
    let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
    finish(&scratch, &mut outbox, &mut reception);
    drop(reception);
    record(&scratch, &noise(2 * LEAF, 8));
    let (mut outbox, mut reception, offset) = begin(&scratch, &mut inbox);
    assert_eq!(offset, 3 * LEAF as u64);
    assert_eq!(send_on(&mut outbox, &mut reception), 2);
    assert_eq!(finish(&scratch, &mut outbox, &mut reception), 1);
    drop(reception);
    assert_eq!(published(&scratch), ["film", "film (1)"]);
}

#[test]
fn a_file_that_is_cut_or_replaced_or_is_a_folder_is_not_followed() {
    let scratch = Scratch::new();
    let follow = || {
        record(&scratch, b"0123456789");
        let mut outbox = Outbox::follow(&film(&scratch)).unwrap();
        outbox.count(1).unwrap();
        outbox
    };
    let mut outbox = follow();
    OpenOptions::new()
        .write(true)
        .open(film(&scratch))
        .unwrap()
        .set_len(9)
        .unwrap();
    let counted = outbox.count(1);
    assert!(
        matches!(counted, Err(OutboxError::Replaced(_))),
        "{counted:?}"
    );
    let mut outbox = follow();
    let other = scratch.put("other", b"longer than the film is");
    std::fs::rename(other, film(&scratch)).unwrap();
    let counted = outbox.count(1);
    assert!(
        matches!(counted, Err(OutboxError::Replaced(_))),
        "{counted:?}"
    );
    let mut outbox = follow();
    std::fs::remove_file(film(&scratch)).unwrap();
    let counted = outbox.count(1);
    assert!(
        matches!(counted, Err(OutboxError::System { .. })),
        "{counted:?}"
    );
    std::fs::create_dir(film(&scratch)).unwrap();
    let folder = Outbox::follow(&film(&scratch));
    assert!(matches!(folder, Err(OutboxError::Folder(_))), "{folder:?}");
}

#[test]
fn a_size_that_is_final_before_the_entry_comes_starts_it_where_the_attempt_before_stopped() {
    for held in [0, 3] {
        let scratch = Scratch::new();
        record(&scratch, &noise(3 * LEAF + 5, 7));
        if held > 0 {
            let mut inbox = scratch.inbox();
            let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
            assert_eq!(send_on(&mut outbox, &mut reception), held);
            reception.pause();
        }
        let mut inbox = scratch.inbox();
        let mut outbox = Outbox::follow(&film(&scratch)).unwrap();
        outbox.count(1).unwrap();
        let offer = Offer {
            is_counted: false,
            ..offer(&outbox, Collision::Rename)
        };
        let mut reception = inbox.receive(PEER, &offer).unwrap();
        outbox.end_growth();
        let counted = outbox.count(1).unwrap();
        outbox.walk(1).unwrap();
        let total = Total {
            files: 1,
            bytes: counted.bytes,
            is_counted: counted.is_all,
        };
        reception.total(total).unwrap();
        let info = outbox.entry(0).unwrap();
        let begun = reception.begin_entry(&announced(0, &info)).unwrap();
        let offset = held * LEAF as u64;
        assert_eq!(begun, Begin::Data { offset });
        outbox.start(0, offset).unwrap();
        assert_eq!(finish(&scratch, &mut outbox, &mut reception), 4 - held);
    }
}

#[test]
fn leaves_that_were_rewritten_once_more_while_they_came_again_are_kept_for_the_next_attempt() {
    let scratch = Scratch::new();
    record(&scratch, &noise(5 * LEAF, 7));
    {
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
        assert_eq!(send_on(&mut outbox, &mut reception), 4);
        outbox.end_growth();
        let counted = outbox.count(1).unwrap();
        let total = Total {
            files: 1,
            bytes: counted.bytes,
            is_counted: counted.is_all,
        };
        reception.total(total).unwrap();
        let Step::Leaf {
            offset,
            hash,
            bytes,
            ..
        } = outbox.next_leaf(0, Vec::new()).unwrap()
        else {
            panic!("no leaf");
        };
        reception.leaf(0, offset, &hash, &bytes).unwrap();
        // The sender hashes other bytes than it sent, and sends others again.
        let file = OpenOptions::new().write(true).open(film(&scratch)).unwrap();
        file.write_all_at(b"first", 0).unwrap();
        outbox.next_leaf(0, Vec::new()).unwrap();
        let held = outbox.hashes(0, 128, &mut Vec::new()).unwrap();
        let again = reception.hashes(0, held.offset, &held.hashes).unwrap();
        file.write_all_at(b"other", 0).unwrap();
        assert_eq!(send_again(&mut outbox, &mut reception, again), 1);
        let Step::End { size, root, .. } = outbox.next_leaf(0, Vec::new()).unwrap() else {
            panic!("no end");
        };
        let ended = reception.end(0, size, &root);
        assert!(ended.is_err(), "{ended:?}");
        reception.pause();
    }
    let (offset, sent) = send_rest(&scratch, &film(&scratch));
    assert!(offset >= 4 * LEAF as u64, "{offset}");
    assert!(sent <= 1, "{sent}");
}

#[test]
fn a_size_that_is_final_after_the_file_was_given_up_is_no_reason_to_remove_what_came() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(RoomLimits {
        quota: Some(4 * LEAF as u64),
        ..ALL_ROOM
    });
    record(&scratch, &noise(2 * LEAF, 7));
    let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
    assert_eq!(send_on(&mut outbox, &mut reception), 1);
    reception.abandon(0);
    let total = Total {
        files: 1,
        bytes: 9 * LEAF as u64,
        is_counted: true,
    };
    reception.total(total).unwrap();
}

#[test]
fn a_file_that_grows_beyond_a_quota_waits_for_room() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(RoomLimits {
        quota: Some(4 * LEAF as u64),
        ..ALL_ROOM
    });
    record(&scratch, &noise(2 * LEAF, 7));
    let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
    assert_eq!(send_on(&mut outbox, &mut reception), 1);
    assert_eq!(reception.missing(), 0);
    record(&scratch, &noise(3 * LEAF, 8));
    let counted = outbox.count(1).unwrap();
    let counted_so_far = Total {
        files: 1,
        bytes: counted.bytes,
        is_counted: false,
    };
    reception.total(counted_so_far).unwrap();
    assert!(reception.missing() > 0);
    let Step::Leaf {
        offset,
        hash,
        bytes,
        ..
    } = outbox.next_leaf(0, Vec::new()).unwrap()
    else {
        panic!("no leaf");
    };
    let full = reception.leaf(0, offset, &hash, &bytes);
    assert!(matches!(full, Err(EntryError::NoRoom { .. })), "{full:?}");
}

#[test]
fn a_growing_file_takes_neither_its_last_leaf_nor_hashes_before_its_end() {
    let scratch = Scratch::new();
    record(&scratch, &noise(2 * LEAF, 7));
    let mut inbox = scratch.inbox();
    type Wrong = fn(&mut Reception) -> Result<(), EntryError>;
    let wrong: [Wrong; 3] = [
        |reception| {
            let leaf = vec![0; LEAF];
            let hash = transom_store::hash_leaf(&leaf, LEAF as u64, 2 * LEAF as u64);
            reception.leaf(0, LEAF as u64, &hash, &leaf).map(|_| ())
        },
        |reception| reception.hashes(0, 0, &[[0; 32]]).map(|_| ()),
        |reception| reception.end(0, 2 * LEAF as u64, &[0; 32]).map(|_| ()),
    ];
    for wrong in wrong {
        let (mut outbox, mut reception, _) = begin(&scratch, &mut inbox);
        send_on(&mut outbox, &mut reception);
        let error = wrong(&mut reception).unwrap_err();
        assert!(matches!(error, EntryError::Protocol(_)), "{error:?}");
        reception.cancel();
    }
}
