//! Entries that can't be taken: which fail alone, and which keep the folder for another attempt.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use transom_store::faults::Op;
use transom_store::{EntryError, Finished, InboxError, Outbox, Unplaced};
use transom_wire::{Collision, Ending, FailReason, RefuseReason};

use crate::support::*;

const ENOENT: i32 = 2;
const EIO: i32 = 5;
const EACCES: i32 = 13;
const EINVAL: i32 = 22;
const EMFILE: i32 = 24;
const EFBIG: i32 = 27;
const EROFS: i32 = 30;
const ENAMETOOLONG: i32 = 36;
const EILSEQ: i32 = 84;

/// Sends a folder of three files and one below while that call on "bad" fails.
fn send_with_fault(scratch: &Scratch, op: Op, errno: i32) -> (Vec<String>, Finished) {
    for name in ["d/a", "d/bad", "d/c", "d/sub/e"] {
        scratch.put(name, name);
    }
    let disk = scratch.disk();
    disk.on(op).at("tree/bad").fail(errno);
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun_as(&mut inbox, &scratch.path("d"), Collision::Rename);
    let failed = try_pump(&mut outbox, &mut reception);
    let told = failed.into_iter().map(|(path, error)| {
        assert_eq!(error.errno(), errno.unsigned_abs());
        assert!(error.text().contains(&path), "{}", error.text());
        path
    });
    let told = told.collect();
    (told, reception.finish(outbox.counted().entries).unwrap())
}

#[test]
fn what_the_disk_can_never_hold_fails_alone_and_the_rest_is_published() {
    let cases = [
        (Op::Create, EINVAL),
        (Op::Create, EILSEQ),
        // As exfat-fuse says of a name that it can't hold.
        (Op::Create, ENOENT),
        (Op::Create, ENAMETOOLONG),
        (Op::Create, EACCES),
        (Op::Write, EFBIG),
    ];
    for (op, errno) in cases {
        let scratch = Scratch::new();
        let (told, finished) = send_with_fault(&scratch, op, errno);
        assert_eq!(told, ["bad"], "{errno}");
        assert_eq!(
            (finished.ending, finished.failed),
            (Ending::Partial, 1),
            "{errno}"
        );
        let came: Vec<_> = contents(&scratch.path("in/d")).into_keys().collect();
        assert_eq!(
            came,
            ["a", "c", "sub", "sub/e"].map(std::path::PathBuf::from)
        );
        assert_eq!(published(&scratch), ["d"]);
    }
}

#[test]
fn b31_what_may_come_with_the_next_attempt_keeps_the_folder_until_then() {
    let cases = [
        (Op::Write, EIO),
        (Op::Write, EROFS),
        (Op::Create, EROFS),
        (Op::Create, EMFILE),
    ];
    for (op, errno) in cases {
        let scratch = Scratch::new();
        let (told, finished) = send_with_fault(&scratch, op, errno);
        assert_eq!(told, ["bad"], "{errno}");
        assert_eq!(
            (finished.ending, finished.failed),
            (Ending::Failed, 1),
            "{errno}"
        );
        assert_eq!(visible(&scratch), [""; 0]);
        assert_eq!(
            send_rest(&scratch, &scratch.path("d")).1,
            1,
            "only that one"
        );
    }
}

#[test]
fn a_file_that_is_too_large_for_the_disk_is_not_called_a_full_disk() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(2 * LEAF, 1));
    let disk = scratch.disk();
    disk.on(Op::Write).at("tree/data").nth(2).fail(EFBIG);
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun_as(&mut inbox, &path, Collision::Rename);
    let (_, error) = try_pump(&mut outbox, &mut reception).remove(0);
    assert_eq!((error.reason(), error.errno()), (FailReason::Io, 27));
    assert!(error.text().contains("File too large"), "{}", error.text());
    // It is called what its sender calls it, not what it is called while it is received.
    assert!(error.text().contains("\"film\""), "{}", error.text());
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Failed);
}

#[test]
fn an_offer_whose_own_name_the_disk_can_not_hold_is_refused_before_a_byte_moves() {
    for errno in [EINVAL, EILSEQ, ENAMETOOLONG, ENOENT] {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        for op in [Op::Create, Op::MakeFolder, Op::Rename] {
            disk.on(op).at("what?").fail(errno);
        }
        let mut inbox = scratch.inbox();
        for offer in [file_offer("what?", 5), folder_offer("what?", 1, 5)] {
            let error = inbox.receive(PEER, &offer).unwrap_err();
            assert!(matches!(error, InboxError::Unholdable { .. }), "{error:?}");
            assert_eq!(error.reason(), FailReason::BadName);
            assert_eq!(error.refusal(), RefuseReason::Unwritable);
            assert!(error.text().contains("\"what?\""), "{}", error.text());
        }
        assert_eq!(published(&scratch), [""; 0]);
        // Others are taken.
        assert_eq!(
            send(&mut inbox, &scratch.put("ok", b"1")).ending,
            Ending::Durable
        );
    }
}

#[test]
fn a_name_of_bytes_that_the_disk_can_not_hold_is_named_by_its_bytes() {
    let scratch = Scratch::new();
    scratch.put("d/good", b"good");
    let latin = OsStr::from_bytes(b"caf\xe9\\");
    fs::write(scratch.path("d").join(latin), b"latin").unwrap();
    let disk = scratch.disk();
    for op in [Op::Create, Op::Open] {
        disk.on(op).at("caf").fail(EILSEQ);
    }
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun_as(&mut inbox, &scratch.path("d"), Collision::Rename);
    let (_, error) = try_pump(&mut outbox, &mut reception).remove(0);
    assert!(matches!(error, EntryError::Unholdable { .. }), "{error:?}");
    assert!(
        error.text().contains(r#""caf\xe9\x5c""#),
        "{}",
        error.text()
    );
    assert_eq!(reception.finish(2).unwrap().ending, Ending::Partial);
    assert_eq!(fs::read(scratch.path("in/d/good")).unwrap(), b"good");
}

#[test]
fn modes_and_times_that_the_disk_does_not_have_fail_nothing() {
    for errno in [1, EINVAL, 95] {
        let scratch = Scratch::new();
        for name in ["d/a", "d/sub/b"] {
            scratch.put(name, name);
        }
        let disk = scratch.disk();
        let mut inbox = scratch.inbox();
        disk.on(Op::SetMode).fail(errno);
        disk.on(Op::SetTime).fail(errno);
        assert_eq!(send(&mut inbox, &scratch.path("d")).ending, Ending::Durable);
        assert!(disk.faults() > 3);
        assert_eq!(
            contents(&scratch.path("d")),
            contents(&scratch.path("in/d"))
        );
    }
}

#[test]
fn an_ending_with_failed_entries_is_no_success_even_if_the_rest_was_there() {
    for collision in [Collision::Rename, Collision::Skip, Collision::Overwrite] {
        let scratch = Scratch::new();
        scratch.put("d/a", b"a");
        scratch.put("d/b", b"b");
        scratch.put("in/d/a", b"a");
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception) = begun_as(&mut inbox, &scratch.path("d"), collision);
        fs::remove_file(scratch.path("d/b")).unwrap();
        let failed = pump_readable(&mut outbox, &mut reception);
        assert_eq!(failed, 1);
        let finished = reception.finish(outbox.counted().entries).unwrap();
        let ending = match collision {
            // Nothing was to come but what failed.
            Collision::Skip => Ending::Failed,
            _ => Ending::Partial,
        };
        assert_eq!(
            (finished.ending, finished.failed),
            (ending, 1),
            "{collision:?}"
        );
    }
}

/// Sends what the sender can still read.
fn pump_readable(outbox: &mut Outbox, reception: &mut transom_store::Reception) -> u32 {
    use transom_store::{Begin, Step};
    let mut failed = 0;
    for index in 0..outbox.counted().entries {
        let info = outbox.entry(index).unwrap();
        let begun = reception
            .begin_entry(&entry(index, &info.path, info.size))
            .unwrap();
        let Begin::Data { offset } = begun else {
            continue;
        };
        outbox.start(index, offset).unwrap();
        loop {
            match outbox.next_leaf(index, Vec::new()) {
                Ok(Step::Leaf {
                    offset,
                    hash,
                    bytes,
                    ..
                }) => {
                    reception.leaf(index, offset, &hash, &bytes).unwrap();
                }
                Ok(Step::Sent { .. }) => panic!("it starts at the beginning"),
                Ok(Step::End { size, root, .. }) => {
                    reception.end(index, size, &root).unwrap();
                    break;
                }
                Err(_) => {
                    reception.abandon(index);
                    failed += 1;
                    break;
                }
            }
        }
    }
    failed
}

#[test]
fn entries_without_a_place_in_the_folder_that_is_there_are_told_one_by_one() {
    let scratch = Scratch::new();
    for name in ["d/a", "d/file", "d/folder/b", "d/folder/c"] {
        scratch.put(name, name);
    }
    scratch.put("in/d/file/own", b"own");
    scratch.put("in/d/folder", b"own");
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) =
        begun_as(&mut inbox, &scratch.path("d"), Collision::Overwrite);
    let failed = try_pump(&mut outbox, &mut reception);
    let paths: Vec<_> = failed.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["file", "folder", "folder/b", "folder/c"]);
    for (path, error) in &failed {
        assert_eq!(error.reason(), FailReason::Duplicate);
        assert!(error.text().contains(path) && error.text().contains("has no place"));
    }
    let finished = reception.finish(outbox.counted().entries).unwrap();
    assert_eq!((finished.ending, finished.failed), (Ending::Partial, 4));
    assert_eq!(fs::read(scratch.path("in/d/a")).unwrap(), b"d/a");
    assert_eq!(fs::read(scratch.path("in/d/folder")).unwrap(), b"own");
}

#[test]
fn entries_that_lose_their_place_while_they_come_are_told_at_the_end() {
    let scratch = Scratch::new();
    for name in ["d/a", "d/file", "d/folder/b", "d/folder/c"] {
        scratch.put(name, name);
    }
    scratch.put("in/d/own", b"own");
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) =
        begun_as(&mut inbox, &scratch.path("d"), Collision::Overwrite);
    pump(&mut outbox, &mut reception, u64::MAX);
    scratch.put("in/d/file/own", b"own");
    scratch.put("in/d/folder", b"own");
    let finished = reception.finish(outbox.counted().entries).unwrap();
    assert_eq!((finished.ending, finished.failed), (Ending::Partial, 4));
    let mut told: Vec<_> = finished
        .unplaced
        .iter()
        .map(|one| one.path.as_str())
        .collect();
    told.sort_unstable();
    assert_eq!(told, ["file", "folder", "folder/b", "folder/c"]);
    let taken = |one: &Unplaced| one.reason() == FailReason::Duplicate;
    assert!(finished.unplaced.iter().all(taken));
}

#[test]
fn a_file_that_fails_is_called_by_the_name_it_has_for_its_sender() {
    let scratch = Scratch::new();
    let film = scratch.put("film", noise(LEAF + 3, 1));
    let disk = scratch.disk();
    disk.on(Op::Write).at("tree/").fail(27);
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun(&mut inbox, 1, &film);
    let failed = try_pump(&mut outbox, &mut reception);
    let text = failed[0].1.text();
    assert!(text.starts_with("can't write \"film\": "), "{text}");
}
