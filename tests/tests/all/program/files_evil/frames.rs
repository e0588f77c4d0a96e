//! Sizes, offsets, frames, hashes and limits that a hostile sender chooses (B18 to B22, B25, B26).

use std::time::{Duration, Instant};

use transom_tests::{
    EvilSender, Raw, Reply, content_root, eventually, file_entry, file_offer, folder_offer,
};
use transom_wire::limits::{ENTRIES, ENTRIES_AHEAD, FILE, LEAF, RECORD_BULK};
use transom_wire::{
    ByeCode, Ending, FailReason, Finish, Header, Kind, Leaf, LeafContent, Message, Offer, Pause,
    Rate, Start, TransferKey,
};

use super::{CONTENT, Inbox, send_folder};

/// The size of [`film`].
const FILM: u64 = 2 * LEAF as u64 + 100;

/// A file of three leaves.
fn film() -> Vec<u8> {
    let number = |n: u64| (n.wrapping_mul(n) >> 7) as u8;
    (0..FILM).map(number).collect()
}

/// A film of which the receiver has the first leaf, from now or from an earlier attempt, and its
/// stream.
fn running(inbox: &Inbox, key: u8) -> (EvilSender, u16) {
    let mut sender = inbox.sender();
    let stream = sender.begin(file_offer(key, "film", FILM));
    let reply = sender.entry(stream, file_entry(0, "film", FILM)).unwrap();
    match reply {
        Reply::Start(Start { offset: 0, .. }) => sender.honest_leaf(stream, 0, &film(), 0),
        Reply::Start(Start { offset, .. }) if offset == LEAF as u64 => {
            sender.hashes(stream, 0, &film(), 0..1);
        }
        other => panic!("{other:?}"),
    }
    (sender, stream)
}

/// The sender is told to go, with one of the two codes for those that break rules.
fn is_hung_up_on(sender: &mut EvilSender, what: &str) {
    let bye = sender.evil.closed().bye;
    let is_told = matches!(bye, Some(ByeCode::Illegal | ByeCode::TooMuch));
    assert!(is_told, "{what}: {bye:?}");
}

/// A frame of any length, kind and payload.
fn frame(len: u32, kind: Kind, stream: u16, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        len,
        kind: kind.code(),
        flags: 0,
        stream,
    };
    [&header.encode(), payload].concat()
}

#[test]
fn b18_frames_of_any_length_end_one_connection_only() {
    let mut inbox = Inbox::new();
    let bulk = u32::try_from(RECORD_BULK).unwrap();
    let kinds = [Kind::Offer, Kind::Entry, Kind::Leaf, Kind::Data, Kind::End];
    for kind in kinds {
        let longest = u32::try_from(kind.payload_limit()).unwrap();
        for len in [0, 1, longest + 1, bulk, 1 << 31, u32::MAX] {
            let (mut sender, stream) = running(&inbox, 1);
            let payload = vec![0x41; (len as usize).min(RECORD_BULK - 8)];
            // One byte of data is what a leaf may have.
            let is_legal = kind == Kind::Data && len == 1;
            if is_legal {
                sender.evil.say(stream, leaf(0, LEAF as u64, LEAF as u32));
                sender.data(stream, b"A");
            }
            sender.evil.send(&frame(len, kind, stream, &payload));
            if !is_legal {
                is_hung_up_on(&mut sender, &format!("{kind:?} of {len}"));
            }
        }
    }
    // A frame, and a record, that never come to their end.
    let (mut sender, stream) = running(&inbox, 1);
    let cut = frame(4000, Kind::Entry, stream, b"cut");
    sender.evil.send(&cut);
    drop(sender);
    let (mut sender, _) = running(&inbox, 1);
    sender.evil.send_raw(&[0xff, 0xff, 1, 2, 3]);
    drop(sender);
    // A record that holds nothing.
    let (mut sender, _) = running(&inbox, 1);
    sender.evil.send_raw(&[0, 0]);
    sender.evil.closed();
    inbox.is_unharmed();
    assert!(inbox.peak_kib() < 64 * 1024, "{} KiB", inbox.peak_kib());
}

#[test]
fn b18_a_handshake_that_trickles_ends_at_its_deadline() {
    let mut inbox = Inbox::new();
    let began = Instant::now();
    let mut raw = Raw::connect(&inbox.address);
    for byte in b"TRSM\x01\x01\x03\x00\x00\x20".iter().chain(&[0x41; 5]) {
        raw.send(&[*byte]);
        std::thread::sleep(Duration::from_millis(300));
    }
    raw.until_closed();
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    inbox.is_unharmed();
}

fn leaf(index: u32, offset: u64, len: u32) -> Message<'static> {
    Message::Leaf(Leaf {
        index,
        offset,
        len,
        hash: [0; 32],
        content: LeafContent::Data,
    })
}

#[test]
fn b19_leaves_out_of_place_end_their_transfer_and_no_other() {
    let mut inbox = Inbox::new();
    let size = LEAF as u64;
    let whole = u32::try_from(LEAF).unwrap();
    // Another peer's transfer stays open through all of it.
    let mut other = inbox.other_sender();
    let others = other.begin(file_offer(1, "other", FILM));
    let reply = other.entry(others, file_entry(0, "other", FILM));
    assert!(matches!(reply, Ok(Reply::Start(_))));
    let cases = [
        ("a leaf skipped", leaf(0, 2 * size, 100)),
        ("a leaf repeated", leaf(0, 0, whole)),
        ("an offset at the end", leaf(0, 3 * size, whole)),
        ("an offset beyond", leaf(0, FILE - (FILE % size), whole)),
        ("a leaf too short", leaf(0, size, 5)),
        ("an entry never announced", leaf(1, 0, whole)),
        ("the largest index", leaf(ENTRIES - 1, 0, whole)),
    ];
    for (what, message) in cases {
        let (mut sender, stream) = running(&inbox, 2);
        sender.evil.say(stream, message);
        is_hung_up_on(&mut sender, what);
    }
    for offset in [1, size + 1, FILE + 1, u64::MAX, u64::MAX - size + 1] {
        let (mut sender, stream) = running(&inbox, 2);
        sender
            .evil
            .say_changed(stream, leaf(0, size, whole), |payload| {
                payload[4..12].copy_from_slice(&offset.to_be_bytes());
            });
        is_hung_up_on(&mut sender, &format!("offset {offset}"));
    }
    let mut sender = inbox.sender();
    sender.leaf(77, 0, 0, [0; 32], b"more");
    is_hung_up_on(&mut sender, "a stream without an offer");
    // What comes for a transfer that is over may have been on its way when it ended.
    let mut sender = inbox.sender();
    let stream = sender.begin(file_offer(3, "a", CONTENT.len() as u64));
    let entry = file_entry(0, "a", CONTENT.len() as u64);
    assert_eq!(sender.file(stream, entry, CONTENT), Ok(Reply::Done));
    assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable));
    sender.leaf(stream, 0, 0, [0; 32], b"more");
    assert_eq!(send_folder(&mut sender, 4, "d", &["x"]), Ending::Durable);
    // The other peer's file is whole.
    other.content(others, 0, &film());
    assert_eq!(other.reply(others, 0), Ok(Reply::Done));
    assert_eq!(other.finish(others, 1), Ok(Ending::Durable));
    assert_eq!(std::fs::read(inbox.path("other")).unwrap(), film());
    assert_eq!(std::fs::read(inbox.path("a")).unwrap(), CONTENT);
    assert_eq!(inbox.names(), ["a", "d", "other"]);
    inbox.still_serves();
}

#[test]
fn b19_a_transfer_offered_twice_runs_once() {
    let mut inbox = Inbox::new();
    let (mut first, stream) = running(&inbox, 1);
    let mut second = inbox.sender();
    let again = second.offer(file_offer(1, "film", FILM));
    let answer = second.answer(again);
    // The newer connection goes on with it, or is told to come back: never both.
    if answer == Ok(Ok(())) {
        let reply = second.entry(again, file_entry(0, "film", FILM)).unwrap();
        let Reply::Start(start) = reply else {
            panic!("{reply:?}");
        };
        second.rest(again, start, &film());
        assert_eq!(second.reply(again, 0), Ok(Reply::Done));
        assert_eq!(second.finish(again, 1), Ok(Ending::Durable));
        let film = film();
        first.honest_leaf(stream, 0, &film, 1);
        first.honest_leaf(stream, 0, &film, 2);
    } else {
        first.content(stream, 0, &film());
    }
    drop((first, second));
    eventually("one film", || inbox.names() == ["film"]);
    assert_eq!(std::fs::read(inbox.path("film")).unwrap(), film());
    inbox.still_serves();
}

#[test]
fn b20_a_file_of_more_or_fewer_bytes_than_announced_is_no_success() {
    let mut inbox = Inbox::new();
    // More bytes than the leaf, than the entry, and than the offer.
    let (mut sender, stream) = running(&inbox, 1);
    sender.honest_leaf(stream, 0, &film(), 1);
    sender.honest_leaf(stream, 0, &film(), 2);
    sender.data(stream, b"x");
    is_hung_up_on(&mut sender, "data past the end");
    let (mut sender, stream) = running(&inbox, 2);
    sender.evil.say(stream, leaf(0, LEAF as u64, LEAF as u32));
    sender.data(stream, &vec![0; LEAF + 1]);
    is_hung_up_on(&mut sender, "data past the leaf");
    let mut sender = inbox.sender();
    let stream = sender.begin(file_offer(3, "film", FILM));
    let entry = file_entry(0, "film", FILM + 1);
    sender.evil.say(stream, Message::Entry(entry));
    is_hung_up_on(&mut sender, "an entry past the offer");
    // Fewer: the end early, with the announced and the true size; the size of another.
    for (key, size) in (10..).zip([FILM, LEAF as u64, 0, FILE]) {
        let (mut sender, stream) = running(&inbox, key);
        sender.end(stream, 0, size, content_root(&film()[..LEAF]));
        is_hung_up_on(&mut sender, &format!("an end of {size}"));
    }
    // Fewer, and then the connection is lost: kept for the next attempt, and not shown.
    let (sender, _) = running(&inbox, 20);
    drop(sender);
    inbox.is_unharmed();
    // Sizes that no file has.
    for size in [FILE + 1, 1 << 63, u64::MAX] {
        let mut sender = inbox.sender();
        let stream = sender.new_stream();
        let offer = Message::Offer(file_offer(30, "film", 1));
        sender.evil.say_changed(stream, offer, |payload| {
            payload[22..30].copy_from_slice(&size.to_be_bytes());
        });
        is_hung_up_on(&mut sender, &format!("an offer of {size}"));
    }
    // The largest file there may be finds no room, or is begun and has no end.
    let mut sender = inbox.sender();
    let stream = sender.offer(file_offer(31, "film", FILE));
    assert!(matches!(sender.answer(stream), Ok(Err(_))));
    // An empty file is a file.
    let stream = sender.begin(file_offer(32, "empty", 0));
    assert_eq!(
        sender.file(stream, file_entry(0, "empty", 0), b""),
        Ok(Reply::Done)
    );
    assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable));
    assert_eq!(inbox.names(), ["empty"]);
    inbox.still_serves();
}

#[test]
fn b20_a_folder_is_not_called_whole_with_fewer_entries_than_its_finish_says() {
    let mut inbox = Inbox::new();
    let size = CONTENT.len() as u64;
    // A file may vanish between the count and its turn, so only the finish says how many came.
    for (key, said) in [(1, 0), (2, 2), (3, u32::MAX)] {
        let mut sender = inbox.sender();
        let stream = sender.begin(folder_offer(key, "d", 2, 2 * size));
        let entry = file_entry(0, "a", size);
        assert_eq!(sender.file(stream, entry, CONTENT), Ok(Reply::Done));
        let ending = sender.finish(stream, said);
        assert_ne!(ending, Ok(Ending::Durable), "{said}");
    }
    inbox.is_unharmed();
}

#[test]
fn b21_counts_and_sums_are_capped_before_anything_is_allocated() {
    let mut inbox = Inbox::new();
    // Counts above the limit never become an offer.
    for files in [ENTRIES + 1, u32::MAX] {
        let mut sender = inbox.sender();
        let stream = sender.new_stream();
        let offer = Message::Offer(folder_offer(1, "d", 1, 1));
        sender.evil.say_changed(stream, offer, |payload| {
            payload[18..22].copy_from_slice(&files.to_be_bytes());
        });
        is_hung_up_on(&mut sender, &format!("{files} entries"));
    }
    // Sums that overflow, and counts that don't agree with what comes.
    let entries = [
        [file_entry(0, "a", FILE), file_entry(1, "b", FILE)],
        [file_entry(0, "a", 0), file_entry(1, "b", 11)],
        [file_entry(1, "a", 0), file_entry(0, "b", 0)],
        [file_entry(0, "a", 0), file_entry(0, "b", 0)],
    ];
    for (key, entries) in (2..).zip(entries) {
        let mut sender = inbox.sender();
        let stream = sender.begin(folder_offer(key, "d", 2, 10));
        for entry in entries {
            sender.evil.say(stream, Message::Entry(entry));
        }
        is_hung_up_on(&mut sender, &format!("{entries:?}"));
    }
    for entries in [0, 2, ENTRIES] {
        let mut sender = inbox.sender();
        let stream = sender.begin(folder_offer(10, "d", 2, 10));
        sender
            .evil
            .say(stream, Message::Entry(file_entry(0, "a", 1)));
        sender.evil.say(stream, Message::Finish(Finish { entries }));
        is_hung_up_on(&mut sender, &format!("a finish of {entries}"));
    }
    // A million entries offered, and all announced at once by a sender that gives no data.
    let mut sender = inbox.sender();
    let stream = sender.begin(folder_offer(11, "d", 1_000_000, 1_000_000));
    let long = format!("{}/{}", "x".repeat(255), "y".repeat(240));
    for index in 0..=ENTRIES_AHEAD {
        let path = format!("{long}{index}");
        let entry = file_entry(index, &path, 1);
        sender.evil.say(stream, Message::Entry(entry));
    }
    is_hung_up_on(&mut sender, "entries ahead");
    assert!(inbox.peak_kib() < 64 * 1024, "{} KiB", inbox.peak_kib());
    inbox.is_unharmed();
}

#[test]
fn b22_hashes_and_leaves_of_a_wrong_size_are_refused() {
    let mut inbox = Inbox::new();
    let whole = u32::try_from(LEAF).unwrap();
    for len in [0_u32, whole + 1, 1 << 31, u32::MAX] {
        let (mut sender, stream) = running(&inbox, 1);
        let message = leaf(0, LEAF as u64, whole);
        sender.evil.say_changed(stream, message, |payload| {
            payload[12..16].copy_from_slice(&len.to_be_bytes());
        });
        is_hung_up_on(&mut sender, &format!("a leaf of {len}"));
    }
    for bytes in [0, 31, 33, 64] {
        let (mut sender, stream) = running(&inbox, 2);
        let message = leaf(0, LEAF as u64, whole);
        sender.evil.say_changed(stream, message, |payload| {
            payload.resize(17 + bytes, 0);
        });
        is_hung_up_on(&mut sender, &format!("a hash of {bytes}"));
        let (mut sender, stream) = running(&inbox, 3);
        let end = Message::End(transom_wire::End {
            index: 0,
            size: FILM,
            root: [0; 32],
        });
        sender.evil.say_changed(stream, end, |payload| {
            payload.resize(12 + bytes, 0);
        });
        is_hung_up_on(&mut sender, &format!("a root of {bytes}"));
    }
    inbox.is_unharmed();
}

/// One way to damage a film on its way.
type Damage = fn(&mut EvilSender, u16, &[u8]);

#[test]
fn b25_damaged_data_are_caught_before_the_name_appears() {
    let mut inbox = Inbox::new();
    let size = LEAF as u64;
    let damages: [(&str, u32, Damage); 7] = [
        ("a flipped bit in the data", 3, |sender, stream, film| {
            let hash = transom_store::hash_leaf(&film[LEAF..2 * LEAF], LEAF as u64, FILM);
            let mut bytes = film[LEAF..2 * LEAF].to_vec();
            bytes[LEAF - 1] ^= 0x80;
            sender.leaf(stream, 0, LEAF as u64, hash, &bytes);
        }),
        ("a flipped bit in a hash", 3, |sender, stream, film| {
            let bytes = &film[LEAF..2 * LEAF];
            let mut hash = transom_store::hash_leaf(bytes, LEAF as u64, FILM);
            hash[31] ^= 1;
            sender.leaf(stream, 0, LEAF as u64, hash, bytes);
        }),
        (
            "right bytes at a wrong offset",
            3,
            |sender, stream, film| {
                let bytes = &film[..LEAF];
                let hash = transom_store::hash_leaf(bytes, 0, FILM);
                sender.leaf(stream, 0, LEAF as u64, hash, bytes);
            },
        ),
        (
            "a hash as of a file of one leaf",
            3,
            |sender, stream, film| {
                let bytes = &film[LEAF..2 * LEAF];
                let hash = content_root(bytes);
                sender.leaf(stream, 0, LEAF as u64, hash, bytes);
            },
        ),
        ("a hole where there are data", 3, |sender, stream, film| {
            let hash = transom_store::hash_leaf(&film[LEAF..2 * LEAF], LEAF as u64, FILM);
            let whole = u32::try_from(LEAF).unwrap();
            sender.hole(stream, 0, LEAF as u64, whole, hash);
        }),
        ("a leaf of another file", 0, |sender, stream, film| {
            let foreign = vec![7; LEAF];
            let hash = transom_store::hash_leaf(&foreign, LEAF as u64, FILM);
            sender.leaf(stream, 0, LEAF as u64, hash, &foreign);
            sender.honest_leaf(stream, 0, film, 2);
            sender.end(stream, 0, FILM, content_root(film));
        }),
        ("a flipped bit in the root", 0, |sender, stream, film| {
            sender.honest_leaf(stream, 0, film, 1);
            sender.honest_leaf(stream, 0, film, 2);
            let mut root = content_root(film);
            root[0] ^= 1;
            sender.end(stream, 0, FILM, root);
        }),
    ];
    let film = film();
    for (key, (what, times, damage)) in (1..).zip(damages) {
        let (mut sender, stream) = running(&inbox, key);
        damage(&mut sender, stream, &film);
        // A leaf that does not have its hash is asked for again, alone and not without end.
        let mut asked = 0;
        let mut reply = sender.reply(stream, 0);
        while let Ok(Reply::Again(again)) = reply {
            assert_eq!((again.offset, again.leaves), (size, 1), "{what}");
            asked += 1;
            damage(&mut sender, stream, &film);
            reply = sender.reply(stream, 0);
        }
        assert_eq!(reply, Ok(Reply::Failed(FailReason::Corrupt)), "{what}");
        assert_eq!(asked, times, "{what}");
        sender.abandon(stream, 0);
        assert_eq!(sender.finish(stream, 1), Ok(Ending::Failed), "{what}");
        assert_eq!(inbox.names(), [""; 0], "{what}");
        // The same file, sent well by the same connection, is taken.
        let again = sender.begin(file_offer(key, "film", FILM));
        let reply = sender.entry(again, file_entry(0, "film", FILM)).unwrap();
        let Reply::Start(start) = reply else {
            panic!("{what}: {reply:?}");
        };
        // What was verified may be held; the damaged leaf never is.
        assert!(start.offset <= size, "{what}: {start:?}");
        sender.rest(again, start, &film);
        assert_eq!(sender.reply(again, 0), Ok(Reply::Done), "{what}");
        assert_eq!(sender.finish(again, 1), Ok(Ending::Durable), "{what}");
        assert_eq!(std::fs::read(inbox.path("film")).unwrap(), film, "{what}");
        std::fs::remove_file(inbox.path("film")).unwrap();
    }
    inbox.is_unharmed();
}

#[test]
fn b25_a_leaf_of_one_entry_is_not_taken_for_another() {
    let mut inbox = Inbox::new();
    let mut sender = inbox.sender();
    let stream = sender.begin(folder_offer(1, "d", 2, 20));
    for (index, path) in [(0, "a"), (1, "b")] {
        let reply = sender.entry(stream, file_entry(index, path, 10));
        assert!(matches!(reply, Ok(Reply::Start(_))));
    }
    // The data and hash of `a` under the index of `b`, which only the root of `b` tells.
    let (a, b) = (b"aaaaaaaaaa", b"bbbbbbbbbb");
    sender.leaf(stream, 1, 0, content_root(a), a);
    sender.end(stream, 1, 10, content_root(b));
    let corrupt = Ok(Reply::Failed(FailReason::Corrupt));
    assert_eq!(sender.reply(stream, 1), corrupt);
    sender.abandon(stream, 1);
    sender.content(stream, 0, a);
    assert_eq!(sender.reply(stream, 0), Ok(Reply::Done));
    sender.finish(stream, 2).unwrap();
    assert!(!inbox.path("d/b").exists());
    inbox.still_serves();
}

#[test]
fn b26_a_peer_s_rates_pauses_and_keys_take_nothing_from_others() {
    let mut inbox = Inbox::new();
    let mut sender = inbox.sender();
    let stream = sender.offer(Offer {
        transfer: TransferKey([0xff; 16]),
        ..file_offer(1, "a", CONTENT.len() as u64)
    });
    // Each before and after the answer, thousands of times.
    let says = |sender: &mut EvilSender| {
        for number in 0..1000_u64 {
            let paused = number.is_multiple_of(2);
            sender.evil.say(stream, Message::Pause(Pause { paused }));
            for bytes_per_second in [0, 1, number, u64::MAX] {
                let rate = Rate { bytes_per_second };
                sender.evil.say(stream, Message::Rate(rate));
            }
        }
    };
    says(&mut sender);
    assert_eq!(sender.answer(stream), Ok(Ok(())));
    says(&mut sender);
    inbox.still_serves();
    // Nor does it hinder its own transfer at our side: a sender limits itself.
    let entry = file_entry(0, "a", CONTENT.len() as u64);
    assert_eq!(sender.file(stream, entry, CONTENT), Ok(Reply::Done));
    assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable));
    assert_eq!(inbox.names(), ["a"]);
    inbox.still_serves();
    assert!(inbox.peak_kib() < 64 * 1024, "{} KiB", inbox.peak_kib());
}

#[test]
fn b23_a_sender_can_not_say_that_its_data_are_compressed() {
    let mut inbox = Inbox::new();
    let whole = u32::try_from(LEAF).unwrap();
    let messages = [leaf(0, LEAF as u64, whole), Message::Data(b"x")];
    for message in messages {
        for bit in 0..8 {
            let (mut sender, stream) = running(&inbox, 1);
            let mut frame = vec![0; RECORD_BULK];
            let used = message.encode(stream, 1 << bit, &mut frame).unwrap();
            sender.evil.send(&frame[..used]);
            is_hung_up_on(&mut sender, &format!("flag {bit}"));
        }
    }
    inbox.is_unharmed();
}

#[test]
fn b24_archives_are_plain_files() {
    let mut inbox = Inbox::new();
    // The start of a gzip stream that would unpack to more, and the directory of an empty zip.
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 500]].concat();
    let zip = [&b"PK\x05\x06"[..], &[0; 18]].concat();
    let files = [("bomb.gz", bomb), ("tree.zip", zip)];
    let mut sender = inbox.sender();
    for (key, (name, content)) in (1..).zip(&files) {
        let size = content.len() as u64;
        let stream = sender.begin(file_offer(key, name, size));
        let reply = sender.file(stream, file_entry(0, name, size), content);
        assert_eq!(reply, Ok(Reply::Done));
        assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable));
        assert_eq!(&std::fs::read(inbox.path(name)).unwrap(), content);
    }
    assert_eq!(inbox.names(), ["bomb.gz", "tree.zip"]);
    inbox.still_serves();
}

#[test]
fn b35_records_replayed_reordered_or_of_another_session_end_the_connection() {
    let mut inbox = Inbox::new();
    let ping = |stream| {
        let mut frame = vec![0; 100];
        let message = Message::Ping(transom_wire::Ping { clock: 0 });
        let used = message.encode(stream, 0, &mut frame).unwrap();
        frame.truncate(used);
        frame
    };
    let mut sender = inbox.sender();
    let record = sender.evil.seal(&ping(0));
    sender.evil.send_raw(&record);
    sender.evil.send_raw(&record);
    sender.evil.closed();
    let mut sender = inbox.sender();
    let (first, second) = (sender.evil.seal(&ping(0)), sender.evil.seal(&ping(0)));
    sender.evil.send_raw(&second);
    sender.evil.send_raw(&first);
    sender.evil.closed();
    // An offer sealed for one session is none in another.
    let mut frame = vec![0; RECORD_BULK];
    let offer = Message::Offer(file_offer(1, "film", FILM));
    let used = offer.encode(1, 0, &mut frame).unwrap();
    let record = inbox.sender().evil.seal(&frame[..used]);
    let mut sender = inbox.sender();
    sender.evil.send_raw(&record);
    sender.evil.closed();
    inbox.is_unharmed();
}

#[test]
fn b37_what_was_offered_is_what_is_written() {
    let mut inbox = Inbox::new();
    let size = CONTENT.len() as u64;
    let others = ["evil.sh", "safe.txt/x", "Safe.txt", "safe.txt "];
    for path in others {
        let mut sender = inbox.sender();
        let stream = sender.begin(file_offer(1, "safe.txt", size));
        let entry = file_entry(0, path, size);
        sender.evil.say(stream, Message::Entry(entry));
        is_hung_up_on(&mut sender, path);
    }
    // Nor does a second offer change the first.
    let mut sender = inbox.sender();
    let stream = sender.begin(file_offer(2, "safe.txt", size));
    let again = Message::Offer(file_offer(2, "evil.sh", size));
    sender.evil.say(stream, again);
    is_hung_up_on(&mut sender, "a second offer");
    inbox.is_unharmed();
}
