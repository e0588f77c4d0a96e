//! The same command again: what is there stays, what changed sends its changed leaves, and a folder
//! is completed where it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use transom_tests::Person;

use super::Pair;

const LEAF: usize = 256 * 1024;

/// A file of 8 MiB, in which no leaf is like another, and two small ones.
fn album(pair: &Pair) -> PathBuf {
    let film: Vec<u8> = (0..32 * LEAF / 4)
        .flat_map(|n| (n as u32).wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    pair.scratch.file("out/album/below/film", film);
    pair.scratch.file("out/album/a", "small");
    pair.scratch.file("out/album/empty", "");
    pair.scratch.join("out/album")
}

const BYTES: usize = 32 * LEAF + 5;

/// Sends it; gives the end of the transfer.
fn sent(from: &Person, path: &Path) -> Value {
    let mut send = from.start(&["send", "far", path.to_str().unwrap(), "--json"]);
    send.event("transfer_ended")
}

fn change(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_folder_sent_again_moves_nothing_whatever_its_times() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let album = album(&pair);
    let first = sent(&pair.near, &album);
    assert_eq!(
        (&first["outcome"], &first["moved"]),
        (&"durable".into(), &BYTES.into())
    );
    for seconds in [0, 1_600_000_000] {
        if seconds > 0 {
            for name in ["below/film", "a", "empty"] {
                let file = fs::File::options()
                    .write(true)
                    .open(album.join(name))
                    .unwrap();
                let when = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
                file.set_modified(when).unwrap();
            }
        }
        let again = sent(&pair.near, &album);
        assert_eq!(again["outcome"], "already_there", "{again}");
        assert_eq!(again["moved"], 0, "{again}");
        assert_eq!(again["path"], first["path"]);
    }
    assert!(!pair.far.path("inbox/album (1)").exists());
}

#[test]
fn a_byte_that_changed_sends_one_leaf() {
    for in_folder in [true, false] {
        let pair = Pair::new();
        let _inbox = pair.inbox(&[]);
        let album = album(&pair);
        let film = album.join("below/film");
        let sends = if in_folder { &album } else { &film };
        sent(&pair.near, sends);
        let old = fs::read(&film).unwrap();
        change(&film, 20 * LEAF + 3);
        let again = sent(&pair.near, sends);
        assert_eq!(again["outcome"], "durable", "{again}");
        assert_eq!(again["moved"], LEAF, "{again}");
        let there = if in_folder {
            "inbox/album/below"
        } else {
            "inbox"
        };
        let there = |name: &str| fs::read(pair.far.path(there).join(name)).unwrap();
        assert!(there("film") == old && there("film (1)") == fs::read(&film).unwrap());
        assert!(!pair.far.path("inbox/album (1)").exists());
        assert_eq!(sent(&pair.near, sends)["moved"], 0);
    }
}

#[test]
fn a_folder_that_lacks_files_is_completed_where_it_is() {
    let pair = Pair::new();
    let inbox = pair.inbox(&[]);
    let album = album(&pair);
    sent(&pair.near, &album);
    fs::remove_dir_all(pair.far.path("inbox/album/below")).unwrap();
    pair.scratch.file("out/album/new", "new");
    let again = sent(&pair.near, &album);
    assert_eq!(again["outcome"], "durable", "{again}");
    assert_eq!(again["moved"], BYTES - 5 + 3, "{again}");
    // Also by a receiver that was started again.
    drop(inbox);
    let _inbox = pair.inbox(&[]);
    let last = sent(&pair.near, &album);
    assert_eq!(
        (&last["outcome"], &last["moved"]),
        (&"already_there".into(), &0.into())
    );
    assert!(!pair.far.path("inbox/album (1)").exists());
    for name in ["a", "empty", "new", "below/film"] {
        let came = fs::read(pair.far.path("inbox/album").join(name)).unwrap();
        assert!(came == fs::read(album.join(name)).unwrap(), "{name}");
    }
}

#[test]
fn b29_another_key_learns_nothing_of_what_came_from_the_first() {
    let pair = Pair::new();
    let other = Person::new(&pair.scratch, "other");
    pair.far.knows(&other, "127.0.0.1:9", "files");
    let _inbox = pair.inbox(&[]);
    fs::copy(pair.near.book(), other.book()).unwrap();
    let album = album(&pair);
    sent(&pair.near, &album);
    let again = sent(&other, &album);
    assert_eq!(again["moved"], BYTES, "{again}");
    // Nor which leaves are the same of a file that is another one.
    change(&album.join("below/film"), 0);
    let again = sent(&other, &album.join("below/film"));
    assert_eq!(again["moved"], BYTES - 5, "{again}");
}
