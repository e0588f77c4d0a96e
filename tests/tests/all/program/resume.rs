//! SIGKILL or silence in the middle of a file: the same command again goes on and ends with the
//! very same bytes.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use transom_tests::Program;
use transom_wire::limits::LEAF;

use super::Pair;

/// At this rate the file takes 8 s, so that the kill always finds it in the middle.
const RATE: &str = "4M";
const SIZE: usize = 32_000_000;
const ENOUGH: u64 = 4_000_000;

#[test]
fn b30_a_killed_sender_goes_on() {
    let pair = Pair::new();
    let mut inbox = pair.inbox(&[]);
    let file = big_file(&pair);
    cut_off(&pair, &mut inbox);

    let end = pair
        .near
        .run(&["send", "far", file.to_str().unwrap(), "--json"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(resumed(&end.stdout) > 0, "{end:?}");
    assert_eq!(
        fs::read(file).unwrap(),
        fs::read(pair.far.path("inbox/big")).unwrap()
    );
}

#[test]
fn a_sender_that_fell_silent_is_taken_over_by_the_same_command() {
    let pair = Pair::new();
    let inbox = pair.inbox(&["--once"]);
    let file = big_file(&pair);
    let path = file.to_str().unwrap();
    let mut silent = pair
        .near
        .start(&["send", "far", path, "--limit", RATE, "--json"]);
    silent.event_where("transfer", |transfer| {
        transfer["verified"].as_u64() > Some(ENOUGH)
    });
    silent.freeze();

    let end = pair.near.run(&["send", "far", path, "--json"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(resumed(&end.stdout) > 0, "{end:?}");
    assert_eq!(
        fs::read(file).unwrap(),
        fs::read(pair.far.path("inbox/big")).unwrap()
    );
    let inbox = inbox.finish();
    assert_eq!(inbox.code, Some(0), "all of it came: {inbox:?}");
    silent.thaw();
}

#[test]
fn the_same_command_twice_at_the_same_time_is_refused_in_clear_words() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let file = big_file(&pair);
    let path = file.to_str().unwrap();
    // Slow enough for the other one to be refused in its middle on any machine.
    let mut first = pair
        .near
        .start(&["send", "far", path, "--limit", "1M", "--json"]);
    first.event_where("transfer", |transfer| {
        transfer["verified"].as_u64() > Some(0)
    });
    let second = pair.near.run(&["send", "far", path]);
    assert_eq!(second.code, Some(1), "{second:?}");
    let why = "refused: busy: another program of yours sends the same here already";
    assert!(second.complaint().contains(why), "{second:?}");
    assert!(first.is_running());
}

#[test]
fn b30_a_killed_receiver_goes_on() {
    let pair = Pair::new();
    let file = big_file(&pair);
    let path = file.to_str().unwrap();
    let mut inbox = pair.inbox(&[]);
    let mut sender = pair.near.start(&[
        "send", "far", path, "--limit", RATE, "--json", "--wait", "0",
    ]);
    sender.event_where("transfer", |transfer| {
        transfer["verified"].as_u64() > Some(ENOUGH)
    });
    inbox.kill();
    let end = sender.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        !pair.far.path("inbox/big").exists(),
        "no half file under its final name"
    );

    let _inbox = pair.inbox(&[]);
    let end = pair.near.run(&["send", "far", path, "--json"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(resumed(&end.stdout) > 0, "{end:?}");
    assert_eq!(
        fs::read(file).unwrap(),
        fs::read(pair.far.path("inbox/big")).unwrap()
    );
}

#[test]
fn a_file_that_changed_and_grew_in_between_keeps_its_other_leaves() {
    let pair = Pair::new();
    let mut inbox = pair.inbox(&[]);
    let file = big_file(&pair);
    cut_off(&pair, &mut inbox);

    let mut content = fs::read(&file).unwrap();
    content[0] ^= 1;
    content.extend((0..10_000_000u32).map(|n| (n >> 5) as u8));
    fs::write(&file, &content).unwrap();
    let end = pair
        .near
        .run(&["send", "far", file.to_str().unwrap(), "--json"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(content, fs::read(pair.far.path("inbox/big")).unwrap());
    let (resumed, moved) = (told(&end.stdout, "resumed"), told(&end.stdout, "moved"));
    assert!(resumed > ENOUGH / 2, "{resumed} bytes did not come again");
    assert_eq!(resumed + moved, content.len() as u64);
}

#[test]
fn a_leaf_that_was_damaged_on_the_receivers_disk_comes_again_alone() {
    let pair = Pair::new();
    let mut inbox = pair.inbox(&[]);
    let file = big_file(&pair);
    cut_off(&pair, &mut inbox);

    let staging = pair.far.path("inbox/.transom-incoming");
    let transfers = fs::read_dir(staging).unwrap();
    let staged = transfers.map(|entry| entry.unwrap().path().join("tree/data"));
    let staged: Vec<_> = staged.filter(|path| path.exists()).collect();
    let [staged] = &staged[..] else {
        panic!("{staged:?}");
    };
    let held = fs::metadata(staged).unwrap().len();
    let part = fs::File::options().write(true).open(staged).unwrap();
    part.write_all_at(b"damaged", LEAF as u64 + 5).unwrap();
    let end = pair
        .near
        .run(&["send", "far", file.to_str().unwrap(), "--json"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(
        fs::read(&file).unwrap(),
        fs::read(pair.far.path("inbox/big")).unwrap()
    );
    let missing = SIZE as u64 - held;
    let moved = told(&end.stdout, "moved");
    // What was in flight when it was cut off may not be held.
    assert!(
        (missing + LEAF as u64..missing + 4_000_000).contains(&moved),
        "{moved} bytes moved, {missing} were missing"
    );
}

/// The file is sent and the sender killed in its middle.
fn cut_off(pair: &Pair, inbox: &mut Program) {
    let path = pair.scratch.join("out/big");
    let path = path.to_str().unwrap();
    let mut doomed = pair
        .near
        .start(&["send", "far", path, "--limit", RATE, "--json"]);
    doomed.event_where("transfer", |transfer| {
        transfer["verified"].as_u64() > Some(ENOUGH)
    });
    doomed.kill();
    inbox.event("left");
}

fn big_file(pair: &Pair) -> PathBuf {
    let content: Vec<u8> = (0..SIZE).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
    pair.scratch.file("out/big", content)
}

/// Bytes that did not travel again, as the sender was told at the end.
fn resumed(stdout: &str) -> u64 {
    told(stdout, "resumed")
}

/// A number of the end of the transfer.
fn told(stdout: &str, what: &str) -> u64 {
    let ended = stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|value| value["event"] == "transfer_ended")
        .expect("the end of the transfer is told");
    ended[what].as_u64().expect("a number")
}
