//! A receiver that is killed in the middle of things, in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use transom_store::{Begin, Inbox, Outbox, Step};
use transom_wire::{Collision, Entry, RelativePath};

use crate::support::*;

const PATH: &str = "TRANSOM_TEST_SEND";
const INTO: &str = "TRANSOM_TEST_INTO";

/// Receives `path` in another process and kills that after so many leaves.
fn kill_after(scratch: &Scratch, path: &Path, leaves: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::a_receiver_to_be_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(PATH, path)
        .env(INTO, scratch.path("in"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut go_on = child.stdin.take().unwrap();
    for leaf in 0..leaves {
        assert!(
            lines.any(|line| line.unwrap().contains("leaf taken")),
            "leaf {leaf}"
        );
        if leaf + 1 < leaves {
            go_on.write_all(b"\n").unwrap();
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
#[ignore = "started by the tests below in a process of its own"]
fn a_receiver_to_be_killed() {
    let path = PathBuf::from(std::env::var_os(PATH).unwrap());
    let into = PathBuf::from(std::env::var_os(INTO).unwrap());
    let mut inbox = Inbox::open(limited(into, ALL_ROOM)).unwrap();
    let mut outbox = Outbox::walk(&path).unwrap();
    let offer = offer(&outbox, Collision::Rename);
    let mut reception = inbox.receive(PEER, &offer).unwrap();
    for index in 0..outbox.files() {
        let info = outbox.entry(index).unwrap();
        let path = RelativePath::new(&info.path).unwrap();
        let entry = Entry {
            index,
            kind: info.kind,
            mode: info.mode,
            mtime: info.mtime,
            size: info.size,
            path,
        };
        let Begin::Data { offset, proof } = reception.entry(&entry).unwrap() else {
            continue;
        };
        outbox.start(index, offset, &proof).unwrap();
        loop {
            match outbox.next_leaf(index, Vec::new()).unwrap() {
                Step::Leaf {
                    index,
                    offset,
                    hash,
                    bytes,
                } => {
                    reception.leaf(index, offset, &hash, &bytes).unwrap();
                    println!("\nleaf taken");
                    std::io::stdout().flush().unwrap();
                    std::io::stdin().read_line(&mut String::new()).unwrap();
                }
                Step::End { size, root, .. } => {
                    reception.end(index, size, &root).unwrap();
                    break;
                }
            }
        }
    }
    panic!("the parent kills before that");
}

#[test]
fn a_killed_receiver_goes_on_with_what_it_had() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(60 * LEAF + 5, 3));
    let mut taken = 0;
    for leaves in [1, 7, 13] {
        kill_after(&scratch, &path, leaves);
        taken += leaves as u64;
    }
    let (held, sent) = send_rest(&scratch, &path);
    assert_eq!((held, sent), (taken * LEAF as u64, 61 - taken));
    assert_eq!(published(&scratch), ["film"]);
}

#[test]
fn a_killed_receiver_of_a_folder_goes_on_with_what_it_had() {
    let scratch = Scratch::new();
    for i in 0..200 {
        scratch.put(&format!("d/{}/{i}", i % 3), noise(3000, i));
    }
    for leaves in [20, 40, 60] {
        kill_after(&scratch, &scratch.path("d"), leaves);
    }
    let (held, sent) = send_rest(&scratch, &scratch.path("d"));
    assert_eq!((held, sent), (3000 * 120, 80));
    assert_eq!(published(&scratch), ["d"]);
}
