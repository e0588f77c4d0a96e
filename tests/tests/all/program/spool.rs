//! `transom send --spool`: what is kept while the contact is away arrives once they are there.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use transom_tests::{Person, Program, eventually};

use super::Pair;

/// Nobody is there.
const AWAY: &str = "127.0.0.1:9";

/// The near side keeps things for the far side, which is away.
fn pair() -> Pair {
    let pair = Pair::new();
    pair.near.knows(&pair.far, AWAY, "view,call,files");
    pair
}

/// The near side as a camera box, and its address.
fn camera(pair: &Pair) -> (Program, String) {
    pair.near.listen(&["camera", "--source", "pattern"])
}

/// Keeps a path for the far side; gives the number of the item.
fn keep(pair: &Pair, path: &str) -> u64 {
    let kept = pair.near.run(&["send", "--spool", "far", path, "--json"]);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    let kept: Value = serde_json::from_str(&kept.stdout).unwrap();
    assert_eq!(
        (&kept["event"], &kept["contact"]),
        (&"spooled".into(), &"far".into())
    );
    kept["number"].as_u64().unwrap()
}

/// What is kept.
fn kept(person: &Person) -> Vec<Value> {
    let spool = person.run(&["spool", "--json"]);
    assert_eq!(spool.code, Some(0), "{spool:?}");
    let lines = spool.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Waits until all was delivered, and the copies are gone.
fn is_over(pair: &Pair) {
    eventually("the spool is empty", || {
        let entries = fs::read_dir(pair.near.state().join("spool")).unwrap();
        let mut names = entries.map(|entry| entry.unwrap().file_name());
        names.all(|name| name == "adding" || name == "delivering")
    });
    assert!(kept(&pair.near).is_empty());
}

fn folder(pair: &Pair) -> PathBuf {
    let folder = pair.scratch.folder("holiday");
    fs::write(folder.join("a"), "of the first day").unwrap();
    fs::create_dir(folder.join("sub")).unwrap();
    fs::write(folder.join("sub/b"), vec![7; 600_000]).unwrap();
    folder
}

#[test]
fn a_box_that_was_restarted_sends_what_it_kept_over_the_link_that_its_viewer_opens() {
    let pair = pair();
    let (mut box_before, _) = camera(&pair);
    let folder = folder(&pair);
    assert_eq!(keep(&pair, folder.to_str().unwrap()), 1);
    fs::remove_dir_all(&folder).unwrap();
    let listed = kept(&pair.near);
    let [item] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert_eq!(
        (&item["name"], &item["entries"]),
        (&"holiday".into(), &3.into())
    );
    assert_eq!(
        (&item["bytes"], &item["reason"]),
        (&600_016.into(), &Value::Null)
    );
    let human = pair.near.run(&["spool"]);
    let line = "1  holiday/ (3 items, 600 kB), kept for far less than a minute ago";
    assert!(human.stdout.contains(line), "{human:?}");
    box_before.kill();

    let (_box, address) = camera(&pair);
    fs::write(pair.far.book(), "").unwrap();
    pair.far.knows(&pair.near, &address, "view,call,files");
    let inbox = pair.scratch.folder("inbox");
    let _viewer = pair
        .far
        .start(&["watch", "near", "--measure-inbox", inbox.to_str().unwrap()]);
    is_over(&pair);
    let came = |path: &str| fs::read(inbox.join("holiday").join(path)).unwrap();
    assert_eq!(came("a"), b"of the first day");
    assert_eq!(came("sub/b"), vec![7; 600_000]);
}

#[test]
fn a_contact_that_comes_is_dialed_and_gets_all_in_its_order() {
    let pair = pair();
    let (mut near, _) = camera(&pair);
    for (number, name) in ["first", "second", "third"].iter().enumerate() {
        let path = pair.scratch.join(name);
        fs::write(&path, name).unwrap();
        assert_eq!(keep(&pair, path.to_str().unwrap()), number as u64 + 1);
    }
    let _far = pair.inbox(&[]);
    for name in ["first", "second", "third"] {
        let ended = near.event("transfer_ended");
        let told = (&ended["name"], &ended["outcome"], &ended["peer"]);
        assert_eq!(told, (&name.into(), &"durable".into(), &"far".into()));
        let came = fs::read_to_string(pair.far.path("inbox").join(name));
        assert_eq!(came.unwrap(), name);
    }
    is_over(&pair);
}

#[test]
fn b30_a_box_that_is_killed_while_it_delivers_loses_nothing() {
    let pair = pair();
    let (mut near, _) = camera(&pair);
    let path = pair.scratch.join("big");
    let bytes: Vec<u8> = (0..4_000_000u32)
        .flat_map(|n| (n >> 3).to_le_bytes())
        .collect();
    fs::write(&path, &bytes).unwrap();
    keep(&pair, path.to_str().unwrap());
    let mut far = pair.inbox(&[]);
    // Taken without a question, it is on its way from here on.
    far.event("offered");
    far.freeze();
    near.kill();
    far.thaw();
    let (_near, _) = camera(&pair);
    is_over(&pair);
    assert!(fs::read(pair.far.path("inbox/big")).unwrap() == bytes);
    let names = fs::read_dir(pair.far.path("inbox")).unwrap();
    let names: Vec<_> = names.map(|name| name.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the file and the private folder: {names:?}");
}

#[test]
fn what_is_refused_stays_with_its_reason_until_it_is_taken() {
    let pair = pair();
    let (mut near, _) = camera(&pair);
    let path = pair.scratch.join("letter");
    fs::write(&path, "dear far").unwrap();
    keep(&pair, path.to_str().unwrap());
    let other = pair.scratch.join("other");
    fs::write(&other, "another").unwrap();
    let far = pair.listen("receive", &["--into", "inbox", "--accept", "ben"]);
    let ended = near.event("transfer_ended");
    assert_eq!(ended["outcome"], "refused", "{ended}");
    let reason = kept(&pair.near)[0]["reason"].clone();
    assert_eq!(reason, ended["text"]);
    assert!(!pair.far.path("inbox/letter").exists());
    // What waits behind it is tried too.
    keep(&pair, other.to_str().unwrap());
    let ended = near.event("transfer_ended");
    assert_eq!(
        (&ended["name"], &ended["outcome"]),
        (&"other".into(), &"refused".into())
    );
    drop(far);
    near.kill();

    let _far = pair.inbox(&[]);
    let (_near, _) = camera(&pair);
    is_over(&pair);
    assert_eq!(
        fs::read(pair.far.path("inbox/letter")).unwrap(),
        b"dear far"
    );
    assert_eq!(fs::read(pair.far.path("inbox/other")).unwrap(), b"another");
}

#[test]
fn what_is_kept_for_a_contact_that_was_removed_stays_until_its_owner_removes_it() {
    let pair = pair();
    let path = pair.scratch.join("letter");
    fs::write(&path, "dear far").unwrap();
    let number = keep(&pair, path.to_str().unwrap());
    fs::write(pair.near.book(), "").unwrap();
    let (near, _) = pair
        .near
        .listen(&["receive", "--into", "inbox", "--accept", "known"]);
    eventually("the lock is taken", || {
        pair.near.state().join("spool/delivering").exists()
    });
    let item = &kept(&pair.near)[0];
    assert_eq!(
        (&item["contact"], &item["is_contact"]),
        (&"far".into(), &false.into())
    );
    near.ask_to_end();
    let end = near.finish();
    let said = "item 1 of the spool stays: far is no contact any more; to remove letter: transom";
    assert!(end.stderr.contains(said), "{end:?}");

    let number = number.to_string();
    let removed = pair.near.run(&["spool", "--remove", &number]);
    assert_eq!(
        (removed.code, removed.stdout.as_str()),
        (Some(0), "item 1 is not kept any more")
    );
    assert!(kept(&pair.near).is_empty());
    let again = pair.near.run(&["spool", "--remove", &number]);
    assert_eq!(again.code, Some(1));
    let said = "transom: can't remove it: the spool has no item 1";
    assert_eq!(again.complaint(), said);
}

#[test]
fn what_can_not_be_kept_is_said_and_leaves_nothing() {
    let pair = pair();
    let file = pair.scratch.join("file");
    fs::write(&file, "x").unwrap();
    let file = file.to_str().unwrap();
    pair.near.write_in_book("keyless 10.0.0.9");
    for (to, path, code, said) in [
        ("far", "missing", 1, "can't send missing: No such file"),
        (
            "far",
            "/dev/null",
            1,
            "/dev/null is not kept: /dev/null is neither a file nor a folder",
        ),
        (
            "keyless",
            file,
            1,
            "can't keep files for keyless: they are no contact whose key is known",
        ),
        (
            "10.0.0.8",
            file,
            1,
            "can't keep files for 10.0.0.8:7447: they are no contact",
        ),
        (
            "no one",
            file,
            2,
            "no one is neither a contact nor an address",
        ),
    ] {
        let end = pair.near.run(&["send", "--spool", to, path]);
        assert_eq!(end.code, Some(code), "{end:?}");
        assert!(end.stderr.contains(said), "{end:?}");
    }
    assert!(kept(&pair.near).is_empty());
    // A folder in which something can't be sent is kept without that, as it would be sent.
    let folder = folder(&pair);
    std::os::unix::fs::symlink("a", folder.join("link")).unwrap();
    let end = pair
        .near
        .run(&["send", "--spool", "far", folder.to_str().unwrap()]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        end.stderr
            .contains("holiday/link is left out: is a symbolic link"),
        "{end:?}"
    );
    assert!(
        end.stderr
            .contains("holiday is kept in part: 1 item left out"),
        "{end:?}"
    );
    assert_eq!(kept(&pair.near)[0]["entries"], 3);
}
