//! What no test through a reception reaches without hundreds of megabytes.

use std::fs;
use std::path::PathBuf;

use transom_wire::{EntryKind, RelativePath};

use super::*;
use crate::dir::Dir;

/// The folder of a transfer that holds a file of that many leaves, all zeros and not on the disk,
/// with records that say nothing of zeros.
fn staged(leaves: u64) -> (PathBuf, Staging) {
    let name = format!("transom-part-{leaves}-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::create_dir_all(path.join("tree")).unwrap();
    fs::create_dir_all(path.join("leaves")).unwrap();
    let file = fs::File::create(path.join("tree/data")).unwrap();
    file.set_len(leaves * LEAF_BYTES).unwrap();
    let identity = *blake3::hash(b"data").as_bytes();
    let journal = journal::image(&identity, (0..leaves).map(recorded));
    fs::write(path.join("leaves").join(journal::name(&identity)), journal).unwrap();
    let places =
        Staging::open(&Dir::open(&path).unwrap(), Dir::open(&path).unwrap(), true).unwrap();
    (path, places)
}

fn recorded(leaf: u64) -> [u8; 32] {
    *blake3::hash(&leaf.to_le_bytes()).as_bytes()
}

#[test]
fn scattered_leaves_that_differ_are_asked_one_by_one_up_to_a_bound_and_then_all() {
    let leaves = 4 * RUNS as u64;
    let (path, places) = staged(leaves);
    let entry = Entry {
        index: 0,
        kind: EntryKind::File,
        mode: 0o644,
        mtime: 0,
        size: leaves * LEAF_BYTES,
        path: RelativePath::new("data").unwrap(),
    };
    let (mut part, _) = Part::begin(&places, &entry, "data").unwrap();
    assert_eq!(part.offset(), leaves * LEAF_BYTES);
    let theirs: Vec<_> = (0..leaves)
        .map(|leaf| recorded(leaf + (leaf + 1) % 2 * leaves))
        .collect();
    let mut asked = Vec::new();
    for (batch, theirs) in (0..).zip(theirs.chunks(limits::HASHES)) {
        let offset = batch * limits::HASHES as u64 * LEAF_BYTES;
        asked.extend(part.hashes(&places, offset, theirs).unwrap());
    }
    assert_eq!(asked.len(), RUNS + 1);
    assert!(asked[..RUNS].iter().all(|run| run.leaves == 1));
    let rest = asked[RUNS];
    assert_eq!(rest.offset, 2 * RUNS as u64 * LEAF_BYTES);
    assert_eq!(
        rest.offset + u64::from(rest.leaves) * LEAF_BYTES,
        entry.size
    );
    assert_eq!(part.held(), rest.offset - RUNS as u64 * LEAF_BYTES);
    // One that comes wrong is asked again alone: those behind it are already, or are right.
    let wrong = part.leaf(&places, 0, &[1; 32], &[2; 32], &[0; LEAF], false);
    assert_eq!(wrong.unwrap(), Some(asked[0]));
    fs::remove_dir_all(path).unwrap();
}
