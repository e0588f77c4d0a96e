//! The fuzz corpus on the stable toolchain: each seed and each former finding again, in every test
//! run.

use std::fs;
use std::path::Path;

use transom_tests::root;

/// A target of fuzz/fuzz_targets and the law it hands its bytes to.
type Law = fn(&[u8]);

const LAWS: &[(&str, Law)] = &[
    ("address", transom_users::fuzzing::address),
    ("book", transom_users::fuzzing::book),
    ("film", transom_media::fuzzing::film),
    ("frame", transom_wire::fuzzing::frame),
    ("handshake", transom_secure::fuzzing::handshake),
    ("http", transom_door::fuzzing::http),
    ("journal", transom_store::fuzzing::journal),
    ("manifest", transom_store::fuzzing::manifest),
    ("names", |bytes| {
        transom_wire::fuzzing::names(bytes);
        transom_store::fuzzing::names(bytes);
    }),
    ("opus", transom_sound::fuzzing::opus),
    ("pair", transom_proto::fuzzing::pair),
    ("pairing", transom_secure::fuzzing::pairing),
    ("pictures", transom_media::fuzzing::split),
    ("playout", transom_sound::fuzzing::playout),
    ("repair", transom_media::fuzzing::repair),
    ("server", transom_sound::fuzzing::server),
    ("session", transom_proto::fuzzing::session),
    ("split", transom_proto::fuzzing::split),
    ("wav", transom_sound::fuzzing::wav),
];

#[test]
fn every_seed_keeps_its_law() {
    for (target, law) in LAWS {
        let folder = root().join("fuzz/corpus").join(target);
        let seeds = names_in(&folder);
        assert!(!seeds.is_empty(), "{} is empty", folder.display());
        for seed in seeds {
            let path = folder.join(seed);
            // A law that breaks says how; which input broke it is said here.
            eprintln!("{}", path.display());
            law(&fs::read(&path).expect("a seed can be read"));
        }
    }
}

#[test]
fn every_target_is_replayed() {
    let replayed: Vec<String> = LAWS.iter().map(|(name, _)| format!("{name}.rs")).collect();
    assert_eq!(names_in(&root().join("fuzz/fuzz_targets")), replayed);
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the fuzz package is part of the checkout");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a folder entry").file_name())
        .map(|name| name.into_string().expect("a plain name"))
        .collect();
    names.sort();
    names
}
