//! The sending side: what is listed, what is left out, what changes meanwhile, and receivers that
//! ask for too much.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use transom_store::{Counted, Outbox, OutboxError, SkipReason, Step};
use transom_wire::{Ending, EntryKind, FailReason, Shape};

use crate::support::*;

#[test]
fn a_walk_gives_folders_before_what_is_in_them_and_names_in_their_order() {
    let scratch = Scratch::new();
    for name in ["d/b/2", "d/b/1", "d/a", "d/c/x/y"] {
        scratch.put(name, name);
    }
    let outbox = walked(&scratch.path("d")).unwrap();
    let counted = outbox.counted();
    let entries: Vec<_> = (0..counted.entries)
        .map(|i| outbox.entry(i).unwrap())
        .collect();
    let paths: Vec<_> = entries.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["a", "b", "c", "b/1", "b/2", "c/x", "c/x/y"]);
    assert_eq!(entries[1].kind, EntryKind::Folder);
    assert_eq!((outbox.name(), outbox.shape()), ("d", Shape::Folder));
    let all = Counted {
        entries: 7,
        folders: 3,
        bytes: 3 + 5 + 5 + 7,
        is_all: true,
    };
    assert_eq!(counted, all);
    assert_eq!(outbox.entry(7), None);
}

#[test]
fn entries_are_announced_before_all_are_counted_and_forgotten_once_settled() {
    let scratch = Scratch::new();
    for number in 0..3000 {
        scratch.put(&format!("d/{number:04}"), b"x");
    }
    let mut outbox = Outbox::open(&scratch.path("d")).unwrap();
    assert_eq!(outbox.counted(), Counted::default());
    let counted = outbox.count(10).unwrap();
    assert_eq!((counted.entries, counted.is_all), (10, false));
    let walked = outbox.walk(20).unwrap();
    assert_eq!((&walked.entries, walked.is_last), (&(0..20), false));
    outbox.settle(3);
    outbox.settle(5);
    let known = (0..30).filter(|index| outbox.entry(*index).is_some());
    assert_eq!(known.count(), 18);
    let started = outbox.start(3, 0);
    assert!(matches!(started, Err(OutboxError::Protocol(_))));
    // What is made meanwhile is found by the walk that comes by later.
    scratch.put("d/sub/late", b"xx");
    let mut last = outbox.walk(1000).unwrap();
    while !last.is_last {
        last = outbox.walk(1000).unwrap();
    }
    assert!(last.entries.end >= 3000);
}

#[test]
fn b41_links_and_fifos_are_left_out_and_told() {
    let scratch = Scratch::new();
    scratch.put("secret", b"secret");
    scratch.put("d/good", b"good");
    scratch.put("d/.transom-incoming/t-1/data", b"");
    symlink(scratch.path("secret"), scratch.path("d/link")).unwrap();
    symlink(scratch.path("d"), scratch.path("d/loop")).unwrap();
    fifo(&scratch.path("d/fifo"));
    let outbox = walked(&scratch.path("d")).unwrap();
    assert_eq!(
        (
            outbox.counted().entries,
            outbox.entry(0).unwrap().path.as_str()
        ),
        (1, "good")
    );
    let mut again = Outbox::open(&scratch.path("d")).unwrap();
    let skipped = again.walk(10).unwrap().skipped;
    assert_eq!(skipped.len(), 4);
    let link = skipped
        .iter()
        .find(|s| s.path == scratch.path("d/link"))
        .unwrap();
    assert!(matches!(link.why, SkipReason::Link), "{link:?}");
}

#[test]
fn names_of_any_bytes_arrive_as_they_are_and_number_as_others_do() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let long = [0xff; 255];
    let names: [&[u8]; 6] = [
        b"caf\xe9.txt",
        b"back\\slash",
        b"C:x",
        b"a\nb\x1b",
        b"..\\x",
        &long,
    ];
    let folder = scratch.path("d").join(OsStr::from_bytes(b"sub\xe9"));
    fs::create_dir_all(&folder).unwrap();
    for name in names {
        fs::write(folder.join(OsStr::from_bytes(name)), name).unwrap();
    }
    let finished = send(&mut inbox, &scratch.path("d"));
    assert_eq!(finished.ending, Ending::Durable);
    let there = finished.path.join(folder.file_name().unwrap());
    for name in names {
        let found = fs::read(there.join(OsStr::from_bytes(name)));
        assert_eq!(found.ok().as_deref(), Some(name));
    }
    assert_eq!(
        send(&mut inbox, &scratch.path("d")).ending,
        Ending::AlreadyThere
    );

    let file = folder.join(OsStr::from_bytes(b"caf\xe9.txt"));
    for (content, name) in [("1", &b"caf\xe9.txt"[..]), ("2", b"caf\xe9 (1).txt")] {
        fs::write(&file, content).unwrap();
        let finished = send(&mut inbox, &file);
        assert_eq!(finished.path.file_name().unwrap().as_bytes(), name);
        assert_eq!(fs::read_to_string(finished.path).unwrap(), content);
    }
    let file = folder.join(OsStr::from_bytes(&long));
    for content in ["1", "2"] {
        fs::write(&file, content).unwrap();
        let finished = send(&mut inbox, &file);
        assert_eq!(finished.path.file_name().unwrap().len(), 255);
    }
}

#[test]
fn what_can_not_be_sent_at_all_says_so() {
    let scratch = Scratch::new();
    let error = walked(&scratch.path("missing")).unwrap_err();
    assert_eq!((error.reason(), error.errno()), (FailReason::Gone, 2));
    assert!(matches!(
        walked("/dev/null".as_ref()),
        Err(OutboxError::Special(_))
    ));
    assert!(matches!(walked("/".as_ref()), Err(OutboxError::Name(_))));
}

#[test]
fn a_link_named_by_the_user_is_followed_and_keeps_its_name() {
    let scratch = Scratch::new();
    scratch.put("real", b"content");
    symlink(scratch.path("real"), scratch.path("alias")).unwrap();
    let outbox = walked(&scratch.path("alias")).unwrap();
    assert_eq!((outbox.name(), outbox.counted().bytes), ("alias", 7));
    assert_eq!(outbox.entry(0).unwrap().path, "alias");
    let finished = send(&mut scratch.inbox(), &scratch.path("alias"));
    assert_eq!(fs::read(finished.path).unwrap(), b"content");
}

#[test]
fn the_key_is_of_both_peers_and_the_path() {
    let scratch = Scratch::new();
    let a = walked(&scratch.put("a", b"1")).unwrap();
    let b = walked(&scratch.put("b", b"1")).unwrap();
    assert_eq!(
        a.key(&OWN, &PEER),
        walked(&scratch.path("./a")).unwrap().key(&OWN, &PEER)
    );
    assert_ne!(a.key(&OWN, &PEER), b.key(&OWN, &PEER));
    assert_ne!(a.key(&OWN, &PEER), a.key(&PEER, &OWN));
}

fn first_leaf(outbox: &mut Outbox) -> Result<(), OutboxError> {
    outbox.start(0, 0)?;
    outbox
        .next_leaf(0, Vec::new())
        .map(|step| assert!(matches!(step, Step::Leaf { .. })))
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_given_up() {
    type Change = fn(&std::path::Path);
    let changes: [Change; 3] = [
        |path| fs::write(path, noise(2 * LEAF - 1, 1)).unwrap(),
        |path| fs::write(path, noise(2 * LEAF + 1, 1)).unwrap(),
        |path| {
            let file = writable(path);
            file.set_modified(std::time::SystemTime::UNIX_EPOCH)
                .unwrap();
        },
    ];
    for change in changes {
        let scratch = Scratch::new();
        let path = scratch.put("a", noise(2 * LEAF, 1));
        let [mut outbox, mut other] = [(); 2].map(|()| walked(&path).unwrap());
        first_leaf(&mut outbox).unwrap();
        change(&path);
        let second = outbox.next_leaf(0, Vec::new());
        let error = match second {
            Ok(_) => outbox.next_leaf(0, Vec::new()).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.reason(), FailReason::SourceChanged);
        assert!(matches!(
            outbox.next_leaf(0, Vec::new()),
            Err(OutboxError::Protocol(_))
        ));
        // Before it begins it is seen at once.
        let error = first_leaf(&mut other).unwrap_err();
        assert_eq!(error.reason(), FailReason::SourceChanged);
    }
}

#[test]
fn a_file_that_is_written_to_and_dated_back_while_it_is_sent_is_given_up() {
    let scratch = Scratch::new();
    let path = scratch.put("a", noise(2 * LEAF, 1));
    let dated = fs::metadata(&path).unwrap().modified().unwrap();
    let mut outbox = walked(&path).unwrap();
    first_leaf(&mut outbox).unwrap();
    // The system's clock may stand still for some milliseconds.
    std::thread::sleep(std::time::Duration::from_millis(50));
    fs::write(&path, noise(2 * LEAF, 2)).unwrap();
    let file = writable(&path);
    file.set_modified(dated).unwrap();
    outbox.next_leaf(0, Vec::new()).unwrap();
    let error = outbox.next_leaf(0, Vec::new()).unwrap_err();
    assert_eq!(error.reason(), FailReason::SourceChanged);
    // Another attempt reads it anew, and whole.
    let mut outbox = walked(&path).unwrap();
    first_leaf(&mut outbox).unwrap();
    outbox.next_leaf(0, Vec::new()).unwrap();
    let end = outbox.next_leaf(0, Vec::new()).unwrap();
    assert!(matches!(end, Step::End { .. }), "{end:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_has_no_bytes_until_it_is_read_is_not_called_sent() {
    let mut outbox = walked(std::path::Path::new("/proc/self/status")).unwrap();
    outbox.start(0, 0).unwrap();
    let error = outbox.next_leaf(0, Vec::new()).unwrap_err();
    assert!(matches!(error, OutboxError::Sizeless(_)), "{error:?}");
}

#[test]
fn b41_a_file_that_vanishes_or_turns_into_a_link_is_not_sent() {
    let scratch = Scratch::new();
    let secret = scratch.put("secret", noise(2 * LEAF, 2));
    let path = scratch.put("d/a", noise(2 * LEAF, 1));
    let [mut outbox, mut second] = [(); 2].map(|()| walked(&scratch.path("d")).unwrap());
    fs::remove_file(&path).unwrap();
    let error = first_leaf(&mut outbox).unwrap_err();
    assert_eq!((error.reason(), error.errno()), (FailReason::Gone, 2));
    symlink(&secret, &path).unwrap();
    assert!(matches!(
        first_leaf(&mut second),
        Err(OutboxError::System { .. })
    ));
}

#[test]
fn b41_a_parent_swapped_for_a_link_after_the_walk_is_not_gone_through() {
    let scratch = Scratch::new();
    scratch.put("outside/a", b"secret");
    scratch.put("d/sub/a", b"public");
    let mut outbox = walked(&scratch.path("d")).unwrap();
    fs::rename(scratch.path("d/sub"), scratch.path("aside")).unwrap();
    symlink(scratch.path("outside"), scratch.path("d/sub")).unwrap();
    outbox.start(1, 0).unwrap();
    assert!(matches!(
        outbox.next_leaf(1, Vec::new()),
        Err(OutboxError::System { .. })
    ));
}

#[test]
fn a_receiver_gets_nothing_that_was_not_offered_and_nothing_twice() {
    let scratch = Scratch::new();
    scratch.put("d/a", noise(3 * LEAF + 2, 1));
    scratch.put("d/sub/b", b"1");
    let mut outbox = walked(&scratch.path("d")).unwrap();
    let size = outbox.entry(0).unwrap().size;
    let protocol = |result: Result<(), OutboxError>| {
        assert!(
            matches!(result, Err(OutboxError::Protocol(_))),
            "{result:?}"
        );
    };
    // A folder, an index beyond, and the index that means all.
    protocol(outbox.start(1, 0));
    protocol(outbox.start(3, 0));
    protocol(outbox.start(u32::MAX, 0));
    assert!(matches!(
        outbox.next_leaf(2, Vec::new()),
        Err(OutboxError::Protocol(_))
    ));
    for offset in [1, LEAF as u64 + 1, size - 1, size + 1, u64::MAX] {
        protocol(outbox.start(0, offset));
    }
    let again = |outbox: &mut Outbox, index, offset| {
        let step = outbox.leaf_again(index, offset, Vec::new());
        assert!(matches!(step, Err(OutboxError::Protocol(_))), "{step:?}");
    };
    // Before the start, a folder, an index beyond.
    for index in [0, 1, 3, u32::MAX] {
        again(&mut outbox, index, 0);
    }
    outbox.start(0, 2 * LEAF as u64).unwrap();
    protocol(outbox.start(0, 0));
    for offset in [1, size, 4 * LEAF as u64, u64::MAX] {
        again(&mut outbox, 0, offset);
    }
    outbox.settle(0);
    assert!(matches!(
        outbox.next_leaf(0, Vec::new()),
        Err(OutboxError::Protocol(_))
    ));
    protocol(outbox.start(0, 0));
}

#[test]
fn any_number_of_files_may_be_read_in_turn() {
    let scratch = Scratch::new();
    for i in 0..256 {
        scratch.put(&format!("d/{i:03}"), noise(2 * LEAF, 5));
    }
    let mut outbox = walked(&scratch.path("d")).unwrap();
    (0..256).for_each(|index| outbox.start(index, 0).unwrap());
    let mut roots = Vec::new();
    let mut buffer = Vec::new();
    for _ in 0..3 {
        for index in 0..256 {
            match outbox
                .next_leaf(index, std::mem::take(&mut buffer))
                .unwrap()
            {
                Step::Leaf { bytes, .. } => buffer = bytes,
                Step::End {
                    root, buffer: back, ..
                } => {
                    roots.push(root);
                    buffer = back;
                }
                Step::Sent { .. } => panic!("it was started at 0"),
            }
        }
    }
    let expected = hash_file(&scratch.path("d/000"));
    assert_eq!(roots, vec![expected; 256]);
    let open = fs::read_dir("/proc/self/fd").map_or(0, |fds| fds.count());
    assert!(open < 256, "{open} files are open");
}

#[test]
fn new_leaves_are_read_at_once_and_those_before_are_hashed_some_at_a_time() {
    let scratch = Scratch::new();
    let data = noise(5 * LEAF + 7, 1);
    let path = scratch.put("film", &data);
    let mut outbox = walked(&path).unwrap();
    outbox.start(0, 3 * LEAF as u64).unwrap();
    let hash = |number: usize| {
        let bytes = data.chunks(LEAF).nth(number).unwrap();
        transom_store::hash_leaf(bytes, (number * LEAF) as u64, data.len() as u64)
    };
    let mut buffer = Vec::new();
    for number in 3..6 {
        match outbox.next_leaf(0, buffer).unwrap() {
            Step::Leaf {
                offset,
                hash: found,
                bytes,
                ..
            } => {
                assert_eq!((offset, found), ((number * LEAF) as u64, hash(number)));
                buffer = bytes;
            }
            step => panic!("{step:?}"),
        }
    }
    let Step::Sent { mut buffer } = outbox.next_leaf(0, buffer).unwrap() else {
        panic!("the hashes come before the end")
    };
    let first = outbox.hashes(0, 2, &mut buffer).unwrap();
    let second = outbox.hashes(0, 2, &mut buffer).unwrap();
    assert_eq!((first.offset, second.offset), (0, 2 * LEAF as u64));
    assert_eq!([first.hashes, second.hashes].concat(), [0, 1, 2].map(hash));
    assert_eq!((first.is_through, second.is_through), (false, true));
    let end = outbox.next_leaf(0, buffer).unwrap();
    let expected = hash_file(&path);
    assert!(
        matches!(end, Step::End { root, .. } if root == expected),
        "{end:?}"
    );
    // Also after that any leaf may be asked for again.
    for number in [5, 0] {
        let offset = (number * LEAF) as u64;
        let (found, _, bytes) = outbox.leaf_again(0, offset, Vec::new()).unwrap();
        assert_eq!((found, bytes.len()), (hash(number), [LEAF, 7][number / 5]));
    }
}

#[test]
fn a_file_that_changes_between_its_leaves_and_its_hashes_is_given_up() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(2 * LEAF, 1));
    let mut outbox = walked(&path).unwrap();
    outbox.start(0, LEAF as u64).unwrap();
    outbox.next_leaf(0, Vec::new()).unwrap();
    fs::write(&path, noise(2 * LEAF + 1, 2)).unwrap();
    let hashed = outbox.hashes(0, 1, &mut Vec::new());
    let error = hashed
        .and_then(|_| outbox.next_leaf(0, Vec::new()).map(drop))
        .unwrap_err();
    assert_eq!(error.reason(), FailReason::SourceChanged);
    assert!(!outbox.is_running(0));
}

#[test]
fn what_a_link_leads_to_is_told_to_nobody() {
    let scratch = Scratch::new();
    let real = scratch.put("hunter2", noise(3 * LEAF, 1));
    let link = scratch.path("film");
    symlink(&real, &link).unwrap();
    let changes: [&dyn Fn(); 2] = [&|| drop(scratch.put("hunter2", b"another")), &|| {
        fs::remove_file(&real).unwrap()
    }];
    for change in changes {
        let mut outbox = walked(&link).unwrap();
        change();
        let started = outbox.start(0, 0);
        let error = started.and_then(|_| outbox.next_leaf(0, Vec::new()).map(drop));
        let text = error.unwrap_err().text();
        assert!(
            text.contains("\"film\"") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn more_bytes_than_a_transfer_may_have_are_an_error_when_they_are_counted_or_announced() {
    let scratch = Scratch::new();
    for name in ["d/one", "d/two"] {
        let file = fs::File::create(scratch.put(name, b"")).unwrap();
        if file.set_len(1 << 62).is_err() {
            // Most disks have no file of such a size.
            return;
        }
    }
    let mut outbox = Outbox::open(&scratch.path("d")).unwrap();
    let counted = outbox.count(1000).unwrap_err();
    let walked = outbox.walk(1000).unwrap_err();
    for error in [counted, walked] {
        let text = error.text();
        assert!(
            text.ends_with("holds more than 9223372036854775807 bytes"),
            "{text}"
        );
    }
}
