//! An inbox on FAT or exFAT (B17), as a stick or a memory card has it: upper and lower case are the
//! same there, some names are impossible, and there are no modes, holes or times of nanoseconds.
//!
//! The variable `TRANSOM_TEST_FAT` names the folder where one of at least 32 MB is mounted, as in
//! the virtual machine of `cargo xtask vm`. The tests leave nothing there; each uses a folder of its
//! own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use transom_tests::Program;

use super::Pair;

const LEAF: usize = 256 * 1024;

/// A folder on FAT, which goes with what is in it.
struct Stick(PathBuf);

impl Stick {
    /// None where there is no FAT, which it says.
    fn new(name: &str) -> Option<Self> {
        let Some(mounted) = std::env::var_os("TRANSOM_TEST_FAT") else {
            eprintln!("skipped: TRANSOM_TEST_FAT is not set (`cargo xtask vm` sets it)");
            return None;
        };
        let mounted = PathBuf::from(mounted);
        let found = rustix::fs::statfs(&mounted).unwrap().f_type;
        let is_fat = FAT.contains(&found);
        assert!(is_fat, "{} is no FAT: {found:x}", mounted.display());
        let folder = mounted.join(name);
        fs::create_dir(&folder).unwrap();
        Some(Self(folder))
    }

    /// A receiver that keeps what comes in it.
    fn inbox(&self, pair: &Pair) -> Program {
        let into = self.0.to_str().unwrap();
        pair.listen("receive", &["--into", into, "--accept", "known"])
    }

    /// The files in it, our own notes left out.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        list(&self.0, "", &mut files);
        files
    }
}

impl Drop for Stick {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The numbers of FAT, of exFAT and of a file system in user space, as exfat-fuse is one, in
/// `linux/magic.h`.
const FAT: [rustix::fs::FsWord; 3] = [0x4d44, 0x2011_bab0, 0x6573_5546];

fn list(folder: &Path, above: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == ".transom-incoming" {
            continue;
        }
        let name = format!("{above}{name}");
        match path.is_dir() {
            true => list(&path, &format!("{name}/"), files),
            false => drop(files.insert(name, fs::read(&path).unwrap())),
        }
    }
}

/// Bytes of which no leaf is like another.
fn bytes(count: usize) -> Vec<u8> {
    let words = (0..count.div_ceil(4) as u32).map(|n| n.wrapping_mul(2_654_435_761));
    let mut bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
    bytes.truncate(count);
    bytes
}

fn sent(pair: &Pair, path: &Path) -> Value {
    let path = path.to_str().unwrap();
    let mut sender = pair.near.start(&["send", "far", path, "--json"]);
    sender.event("transfer_ended")
}

#[test]
fn b17_files_and_folders_arrive_on_fat_and_are_known_again() {
    let Some(stick) = Stick::new("whole") else {
        return;
    };
    let pair = Pair::new();
    let _inbox = stick.inbox(&pair);
    let film = bytes(9 * LEAF + 17);
    let alone = pair.scratch.file("out/film.bin", &film);
    pair.scratch.file("out/album/Summer/film.bin", &film);
    pair.scratch.file("out/album/note.txt", "small");
    pair.scratch.file("out/album/empty", "");
    let album = pair.scratch.join("out/album");
    for path in [&alone, &album] {
        let first = sent(&pair, path);
        assert_eq!(first["outcome"], "durable", "{first}");
        let again = sent(&pair, path);
        assert_eq!(
            (&again["outcome"], &again["moved"]),
            (&"already_there".into(), &0.into()),
            "{again}"
        );
    }
    let wanted = [
        ("film.bin", film.clone()),
        ("album/Summer/film.bin", film),
        ("album/note.txt", b"small".to_vec()),
        ("album/empty", Vec::new()),
    ];
    let wanted = wanted.map(|(name, bytes)| (name.to_owned(), bytes));
    assert!(stick.files() == wanted.into(), "{:?}", stick.files().keys());
}

#[test]
fn b17_names_that_fat_cannot_tell_apart_or_hold_fail_alone() {
    let Some(stick) = Stick::new("names") else {
        return;
    };
    let pair = Pair::new();
    let _inbox = stick.inbox(&pair);
    for name in ["README", "readme", "a:b", "what?", "fine"] {
        pair.scratch.file(&format!("out/mixed/{name}"), name);
    }
    let folder = pair.scratch.join("out/mixed");
    let end = pair.near.run(&["send", "far", folder.to_str().unwrap()]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().ends_with("but for 3 items"), "{end:?}");
    // Of two names that are one there, the first one to come has it.
    let files = stick.files();
    let (first, second) = match files.contains_key("mixed/README") {
        true => ("README", "readme"),
        false => ("readme", "README"),
    };
    let wanted = ["fine", first].map(|name| (format!("mixed/{name}"), name.into()));
    assert_eq!(files, wanted.into());
    // A colon is shown as its number.
    for name in [second, "a\\x3ab", "what?"] {
        let told = format!("transom: {name}: at the receiver: the disk ");
        assert!(end.stderr.contains(&told), "{name}: {end:?}");
    }
}

#[test]
fn b17_a_file_goes_on_where_it_was_cut_on_fat() {
    let Some(stick) = Stick::new("cut") else {
        return;
    };
    let pair = Pair::new();
    let mut inbox = stick.inbox(&pair);
    let film = bytes(40 * LEAF);
    let path = pair.scratch.file("out/film.bin", &film);
    let path_text = path.to_str().unwrap();
    let slowly = ["send", "far", path_text, "--limit", "4M", "--json"];
    let mut sender = pair.near.start(&slowly);
    sender.event_where("transfer", |transfer| {
        transfer["verified"].as_u64() > Some(4 * LEAF as u64)
    });
    sender.kill();
    inbox.kill();
    assert!(stick.files().is_empty(), "nothing shows before it is whole");
    drop(inbox);
    let _inbox = stick.inbox(&pair);
    let ended = sent(&pair, &path);
    assert_eq!(ended["outcome"], "durable", "{ended}");
    assert!(ended["resumed"].as_u64() > Some(0), "{ended}");
    assert!(stick.files() == [("film.bin".to_owned(), film)].into());
}
