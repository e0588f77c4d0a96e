//! Files and folders from one folder to another, compared byte by byte.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Pair;

#[cfg(unix)]
#[test]
fn what_was_sent_in_part_is_neither_called_safe_nor_not_sent() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let file = pair.scratch.file("out/folder/file", "bytes");
    let folder = file.parent().unwrap();
    std::os::unix::fs::symlink("file", folder.join("link")).unwrap();
    let end = pair.near.run(&["send", "far", folder.to_str().unwrap()]);
    assert_eq!((end.code, end.stdout.as_str()), (Some(1), ""), "{end:?}");
    let words = end.stderr.lines().last().unwrap_or_default();
    assert!(
        words.contains("folder was sent in part: ") && words.ends_with("but for 1 item: link"),
        "{words}"
    );
}

#[cfg(unix)]
#[test]
fn all_that_is_left_out_is_counted() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let file = pair.scratch.file("out/folder/file", "bytes");
    let folder = file.parent().unwrap();
    for number in 0..1100 {
        std::os::unix::fs::symlink("file", folder.join(format!("link{number}"))).unwrap();
    }
    let end = pair.near.run(&["send", "far", folder.to_str().unwrap()]);
    assert_eq!(end.code, Some(1), "{end:?}");
    let words = end.stderr.lines().last().unwrap_or_default();
    assert!(words.contains("but for 1100 items: link"), "{words}");
    assert!(words.ends_with(" and 1097 more"), "{words}");
    let end = pair
        .near
        .run(&["send", "far", folder.to_str().unwrap(), "--skip-special"]);
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""), "{end:?}");
    let last = end.stdout.lines().last();
    let left_out = "1100 items left out: links, devices, pipes or sockets";
    assert_eq!(last, Some(left_out), "{end:?}");
}

#[test]
fn a_file_arrives_as_it_was() {
    let pair = Pair::new();
    let mut inbox = pair.inbox(&["--once"]);
    let content: Vec<u8> = (0..700_001_u32)
        .map(|n| (n.wrapping_mul(n) >> 5) as u8)
        .collect();
    let file = pair.scratch.file("out/a b.bin", &content);
    let end = pair.near.run(&["send", "far", file.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    inbox.event("transfer_ended");
    let end = inbox.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(fs::read(pair.far.path("inbox/a b.bin")).unwrap(), content);
}

/// A page of data in 2 GiB, which is all that a disk has of the file at both sides.
#[cfg(target_os = "linux")]
#[test]
fn holes_stay_holes() {
    use std::os::unix::fs::{FileExt as _, MetadataExt as _};
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let path = pair.scratch.file("out/sparse", b"");
    let (size, page) = (2 << 30, 4096);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(size).unwrap();
    file.write_all_at(&[7; 4096], (1 << 30) + page).unwrap();
    drop(file);
    let used = |path: &Path| fs::metadata(path).unwrap().blocks() * 512;
    assert!(used(&path) <= 2 * page, "the test's disk has holes");
    let end = pair.near.run(&["send", "far", path.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let there = pair.far.path("inbox/sparse");
    assert_eq!(fs::metadata(&there).unwrap().len(), size);
    assert!(used(&there) <= 2 * page, "{} bytes used", used(&there));
    let mut around = [1; 3 * 4096];
    let file = fs::File::open(&there).unwrap();
    file.read_exact_at(&mut around, 1 << 30).unwrap();
    let wanted = [[0; 4096], [7; 4096], [0; 4096]].concat();
    assert!(around[..] == wanted[..]);
    // Again: what is there is the same.
    let end = pair.near.run(&["send", "far", path.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let there = fs::read_dir(pair.far.path("inbox")).unwrap();
    let files = there.filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(files.count(), 1);
}

#[test]
fn a_folder_arrives_as_it_was() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let folder = tree(&pair);
    let end = pair.near.run(&["send", "far", folder.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    same(&folder, &pair.far.path("inbox/tree"));
}

#[test]
fn sending_again_keeps_both_or_knows_that_it_is_there() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let file = pair.scratch.file("out/note.txt", "one");
    for content in ["one", "two"] {
        fs::write(&file, content).unwrap();
        let end = pair.near.run(&["send", "far", file.to_str().unwrap()]);
        assert_eq!(end.code, Some(0), "{end:?}");
    }
    assert_eq!(fs::read(pair.far.path("inbox/note.txt")).unwrap(), b"one");
    assert_eq!(
        fs::read(pair.far.path("inbox/note (1).txt")).unwrap(),
        b"two"
    );
}

#[test]
fn sending_the_same_again_moves_nothing() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let file = pair.scratch.file("out/film", vec![7; 2_000_000]);
    for (moved, outcome) in [(2_000_000, "durable"), (0, "already_there")] {
        let mut send = pair
            .near
            .start(&["send", "far", file.to_str().unwrap(), "--json"]);
        let ended = send.event("transfer_ended");
        assert_eq!(ended["outcome"], outcome, "{ended}");
        assert_eq!(ended["moved"], moved, "{ended}");
        assert_eq!(send.finish().code, Some(0));
    }
}

#[test]
fn what_is_taken_can_be_skipped_or_replaced() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&["--allow-overwrite"]);
    for (policy, after) in [("skip", "old"), ("overwrite", "new")] {
        assert_eq!(new_over_old(&pair, policy), after, "{policy}");
    }
}

#[test]
fn nobody_replaces_what_is_there_unless_the_receiver_lets_them() {
    let pair = Pair::new();
    let mut inbox = pair.inbox(&[]);
    assert_eq!(new_over_old(&pair, "overwrite"), "old");
    let kept = fs::read_to_string(pair.far.path("inbox/note (1).txt"));
    assert_eq!(kept.unwrap(), "new");
    inbox.event_where("offered", |offer| offer["overwrites"] == true);
}

#[test]
fn once_takes_all_that_the_first_sender_has() {
    let pair = Pair::new();
    let inbox = pair.inbox(&["--once"]);
    let names: Vec<String> = (0..20).map(|number| format!("file-{number}")).collect();
    let files: Vec<_> = names
        .iter()
        .map(|name| pair.scratch.file(&format!("out/{name}"), name))
        .collect();
    let mut arguments = vec!["send", "far"];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    let end = pair.near.run(&arguments);
    assert_eq!(end.code, Some(0), "{end:?}");
    let end = inbox.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    for name in &names {
        let there = fs::read_to_string(pair.far.path("inbox").join(name));
        assert_eq!(&there.unwrap(), name);
    }
}

#[test]
fn an_empty_file_and_an_empty_folder_arrive() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let file = pair.scratch.file("out/nothing", "");
    let folder = pair.scratch.folder("out/void");
    let paths = [file.to_str().unwrap(), folder.to_str().unwrap()];
    let end = pair.near.run(&["send", "far", paths[0], paths[1]]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(
        fs::metadata(pair.far.path("inbox/nothing")).unwrap().len(),
        0
    );
    assert!(pair.far.path("inbox/void").is_dir());
}

#[test]
fn a_missing_path_is_exit_code_1_and_the_others_are_sent() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&[]);
    let file = pair.scratch.file("out/there", "x");
    let end = pair
        .near
        .run(&["send", "far", "missing", file.to_str().unwrap()]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("missing"), "{end:?}");
    assert_eq!(fs::read(pair.far.path("inbox/there")).unwrap(), b"x");
}

/// Sends a new `note.txt` where there is an old one; gives what has that name then.
fn new_over_old(pair: &Pair, policy: &str) -> String {
    let file = pair.scratch.file("out/note.txt", "new");
    let there = pair.far.path("inbox/note.txt");
    fs::write(&there, "old").unwrap();
    let file = file.to_str().unwrap();
    let end = pair
        .near
        .run(&["send", "far", file, "--on-collision", policy]);
    assert_eq!(end.code, Some(0), "{policy}: {end:?}");
    fs::read_to_string(&there).unwrap()
}

/// Names and sizes that have broken other programs.
fn tree(pair: &Pair) -> std::path::PathBuf {
    let leaf = 256 * 1024;
    for (name, size) in [
        ("empty", 0),
        ("one", 1),
        ("leaf", leaf),
        ("leaf-and-one", leaf + 1),
        ("deep/er/and/deeper/x", 5000),
        ("-dash", 3),
        (".hidden", 3),
        ("Bücher/猫 (1).txt", 9),
        ("deep/spaces at the end ", 2),
    ] {
        let content: Vec<u8> = (0..size).map(|n: usize| ((n * 31) >> 3) as u8).collect();
        pair.scratch.file(&format!("out/tree/{name}"), content);
    }
    for number in 0..300 {
        pair.scratch
            .file(&format!("out/tree/many/{number:03}"), number.to_string());
    }
    pair.scratch.folder("out/tree/empty-folder");
    pair.scratch.join("out/tree")
}

/// By the judge everybody trusts.
fn same(sent: &Path, received: &Path) {
    let diff = Command::new("diff")
        .arg("-r")
        .args([sent, received])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&diff.stdout).into_owned();
    assert!(
        diff.status.success(),
        "{words}{}",
        String::from_utf8_lossy(&diff.stderr)
    );
}
