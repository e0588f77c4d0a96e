//! `transom send --follow`: a file that is written to while it is sent.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use transom_tests::Program;
use transom_wire::limits::LEAF;

use super::Pair;

/// Records on: so many leaves more, and some bytes.
fn record(film: &PathBuf, leaves: usize) {
    let file = OpenOptions::new().create(true).append(true).open(film);
    let mut file = file.unwrap();
    let at = file.metadata().unwrap().len();
    let bytes = (at..).take(leaves * LEAF + 1000);
    let bytes: Vec<_> = bytes.map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
    file.write_all(&bytes).unwrap();
}

fn follow(pair: &Pair, film: &Path, options: &[&str]) -> Program {
    let film = film.to_str().unwrap();
    let arguments = [&["send", "far", "--follow", film, "--json"], options].concat();
    pair.near.start(&arguments)
}

/// Waits until the receiver has so many whole leaves on its disk while the file grows.
fn has(sender: &mut Program, leaves: usize) {
    let told = sender.event_where("transfer", |transfer| {
        transfer["verified"].as_u64() >= Some((leaves * LEAF) as u64)
    });
    assert_eq!(told["counted"], false, "{told}");
}

#[test]
fn a_growing_file_is_at_the_receiver_before_its_end_and_survives_a_kill_of_the_sender() {
    let pair = Pair::new();
    let mut inbox = pair.inbox(&[]);
    let film = pair
        .scratch
        .file("out/film", b"header, to be written at the end");
    record(&film, 4);
    let mut doomed = follow(&pair, &film, &[]);
    has(&mut doomed, 4);
    record(&film, 4);
    has(&mut doomed, 8);
    doomed.kill();
    inbox.event("left");
    assert!(!pair.far.path("inbox/film").exists(), "it is not whole");

    record(&film, 4);
    // As the length of a film, which its first bytes tell.
    let header = OpenOptions::new().write(true).open(&film).unwrap();
    header.write_all_at(b"length", 0).unwrap();
    let end = follow(&pair, &film, &["--until-idle", "1"]).finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    let last = end.stdout.lines().last().unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    let size = fs::metadata(&film).unwrap().len();
    assert_eq!(
        (&last["bytes"], &last["counted"]),
        (&size.into(), &true.into())
    );
    // The first leaf was held, and came again.
    assert_eq!(last["resumed"], (7 * LEAF) as u64, "{last}");
    assert!(fs::read(&film).unwrap() == fs::read(pair.far.path("inbox/film")).unwrap());
}

#[test]
fn a_signal_ends_a_file_that_is_followed_with_what_it_has() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let film = pair.scratch.file("out/film", b"");
    record(&film, 2);
    let mut sender = follow(&pair, &film, &[]);
    has(&mut sender, 2);
    record(&film, 1);
    sender.ask_to_end();
    let end = sender.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.complaint().contains("again stops at once"), "{end:?}");
    assert!(fs::read(&film).unwrap() == fs::read(pair.far.path("inbox/film")).unwrap());
}

#[test]
fn what_can_not_be_followed_is_said_before_a_peer_is_called() {
    let pair = Pair::new();
    let film = pair.scratch.file("out/film", b"film");
    let (film, folder) = (film.to_str().unwrap(), pair.scratch.join("out"));
    let folder = folder.to_str().unwrap();
    for (paths, why) in [
        (vec![folder], "it is a folder"),
        (vec![film, film], "only one file can be"),
    ] {
        let end = pair
            .near
            .run(&[vec!["send", "far", "--follow"], paths].concat());
        assert_eq!(end.code, Some(2), "{end:?}");
        assert!(end.complaint().contains(why), "{end:?}");
    }
}
