//! A receiver that is killed in the middle of things, in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use transom_store::{Begin, Inbox};
use transom_wire::Collision;

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
    let (mut outbox, mut reception) = begun_as(&mut inbox, &path, Collision::Rename);
    for index in 0..outbox.counted().entries {
        let info = outbox.entry(index).unwrap();
        let begun = reception.begin_entry(&announced(index, &info)).unwrap();
        let Begin::Data { offset } = begun else {
            continue;
        };
        let sender = Sender::new(&mut outbox, index);
        let again = sender.hashes(&mut reception, offset).unwrap();
        let held = offset.div_ceil(LEAF as u64) as usize;
        for leaf in again
            .into_iter()
            .flat_map(leaves_of)
            .chain(held..sender.leaves.len())
        {
            sender.leaf(&mut reception, leaf).unwrap();
            println!("\nleaf taken");
            std::io::stdout().flush().unwrap();
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        sender.end(&mut reception).unwrap();
    }
    panic!("the parent kills before that");
}

#[test]
fn b30_a_killed_receiver_goes_on_from_its_last_checkpoint() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(60 * LEAF + 5, 3));
    for leaves in [1, 7, 13] {
        kill_after(&scratch, &path, leaves);
    }
    // Whether a second passed, and with it a checkpoint, depends on the machine.
    let (held, sent) = send_rest(&scratch, &path);
    assert_eq!(
        held + sent * LEAF as u64 - (LEAF as u64 - 5),
        60 * LEAF as u64 + 5
    );
    assert_eq!(published(&scratch), ["film"]);
}

#[test]
fn a_kill_costs_at_most_what_a_checkpoint_has() {
    let scratch = Scratch::new();
    let path = scratch.put("film", b"");
    let file = writable(&path);
    file.set_len(300 * LEAF as u64).unwrap();
    kill_after(&scratch, &path, 280);
    let (held, _) = send_rest(&scratch, &path);
    assert!(held + (64 << 20) >= 280 * LEAF as u64, "{held}");
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
