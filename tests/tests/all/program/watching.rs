//! A camera box and who watches it.

use std::fs;

use super::Pair;

const SMALL: &[&str] = &["--source", "pattern", "--size", "320x240", "--fps", "30"];

#[test]
fn pictures_arrive_and_are_saved_whole() {
    let pair = Pair::new();
    let _box = pair.camera(SMALL);
    let saved = pair.scratch.join("saved.mjpeg");
    let saved = saved.to_str().unwrap();
    let end = pair
        .near
        .run(&["watch", "far", "--frames", "20", "--save", saved]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let bytes = fs::read(saved).unwrap();
    assert_eq!(pictures(&bytes), 20);
}

#[test]
fn a_snapshot_is_one_picture() {
    let pair = Pair::new();
    let _box = pair.camera(SMALL);
    let file = pair.scratch.join("one.jpg");
    let end = pair
        .near
        .run(&["watch", "far", "--snapshot", file.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let bytes = fs::read(file).unwrap();
    assert!(bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9]));
    assert_eq!(pictures(&bytes), 1);
}

#[test]
fn a_snapshot_of_a_camera_that_gives_no_pictures_can_be_given_up() {
    let pair = Pair::new();
    let _box = pair.camera(&["--source", "cmd:sleep 600"]);
    let file = pair.scratch.join("one.jpg");
    let file = file.to_str().unwrap();
    let line = ["watch", "far", "--snapshot", file, "--timeout", "1"];
    let end = pair.near.run(&line);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(
        end.stderr.contains("no picture: none came for 1 s"),
        "{end:?}"
    );
}

#[test]
fn a_saved_picture_says_how_it_is_rotated_and_mirrored() {
    let pair = Pair::new();
    let options = [SMALL, &["--rotate", "90", "--mirror"]].concat();
    let _box = pair.camera(&options);
    for name in ["one.jpg", "film.mjpeg"] {
        let file = pair.scratch.join(name);
        let file = file.to_str().unwrap();
        let option = if name == "one.jpg" {
            "--snapshot"
        } else {
            "--save"
        };
        let end = pair
            .near
            .run(&["watch", "far", "--frames", "1", option, file]);
        assert_eq!(end.code, Some(0), "{end:?}");
        let header = transom::media::probe(&fs::read(file).unwrap()).unwrap();
        assert_eq!(header.orientation, 5, "{name}");
    }
}

#[test]
fn a_file_of_pictures_passes_through_unchanged() {
    let pair = Pair::new();
    let first = {
        let _box = pair.camera(SMALL);
        let file = pair.scratch.join("first.mjpeg");
        let end = pair.near.run(&[
            "watch",
            "far",
            "--frames",
            "1",
            "--save",
            file.to_str().unwrap(),
        ]);
        assert_eq!(end.code, Some(0), "{end:?}");
        file
    };
    let source = format!("file:{}", first.display());
    let _box = pair.camera(&["--source", &source, "--fps", "30"]);
    let second = pair.scratch.join("second.mjpeg");
    let end = pair.near.run(&[
        "watch",
        "far",
        "--frames",
        "1",
        "--save",
        second.to_str().unwrap(),
    ]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn several_watch_at_once_and_one_that_is_killed_disturbs_nobody() {
    let pair = Pair::new();
    let mut camera = pair.camera(SMALL);
    let mut doomed = pair.near.start(&["watch", "far", "--stats-json"]);
    camera.event("call_started");
    let saved = pair.scratch.join("other.mjpeg");
    let steady = pair.near.start(&[
        "watch",
        "far",
        "--frames",
        "60",
        "--save",
        saved.to_str().unwrap(),
    ]);
    camera.event("call_started");
    doomed.kill();
    let end = steady.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(camera.is_running());
}

#[test]
fn a_viewer_reads_what_the_far_camera_did() {
    let pair = Pair::new();
    let _box = pair.camera(SMALL);
    let mut watcher = pair.near.start(&["watch", "far", "--stats-json"]);
    let stats = watcher.event("camera_stats");
    assert_eq!(
        (&stats["peer"], &stats["agreed_fps"]),
        (&"far".into(), &30.into())
    );
    assert!(stats["fps"].as_f64() > Some(1.0), "{stats}");
    assert!(stats["good"].as_u64() > Some(0), "{stats}");
    assert_eq!(
        (&stats["viewer_count"], &stats["skipped"]),
        (&1.into(), &0.into())
    );
    assert!(stats["viewer"]["sent"].as_u64() > Some(0), "{stats}");
    assert!(
        stats["latency_stages_ms"]["wait"]["p50"].is_f64(),
        "{stats}"
    );
    assert!(stats["machine"].as_object().is_some(), "{stats}");
    // What the owner of the camera is told alone.
    assert!(stats.get("what").is_none() && stats.get("viewers").is_none());
    let lines = ["watch", "far", "--stats", "1", "--seconds", "4"];
    let end = pair.near.run(&lines);
    assert_eq!(end.code, Some(0), "{end:?}");
    let told = end
        .stdout
        .lines()
        .find(|line| line.starts_with("the camera of far: "));
    let told = told.unwrap_or_else(|| panic!("{end:?}"));
    assert!(told.contains("; 2 viewers: this one "), "{told}");
}

#[test]
fn a_box_that_ends_is_told_and_watched_again_when_it_is_back() {
    let pair = Pair::new();
    let mut camera = pair.camera(SMALL);
    let mut watcher = pair.near.start(&["watch", "far", "--json"]);
    camera.event("call_started");
    camera.ask_to_end();
    let end = camera.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
    watcher.event("left");

    let arguments = ["camera", "--listen", &pair.address(), "--json"];
    let mut camera = pair.far.start(&[&arguments, SMALL].concat());
    camera.event("call_started");
    watcher.event("call_started");
}

/// Stands in commands, paths and names of devices.
const SECRET: &str = "hunter2";

#[test]
fn commands_and_paths_of_a_box_stay_on_it() {
    let pair = Pair::new();
    let film = pair.scratch.join(&format!("{SECRET}.mjpeg"));
    let film = film.to_str().unwrap();
    {
        let _box = pair.camera(SMALL);
        let end = pair
            .near
            .run(&["watch", "far", "--frames", "1", "--save", film]);
        assert_eq!(end.code, Some(0), "{end:?}");
    }
    for (source, state, text) in [
        (
            format!("cmd:cat {film}; sleep 600"),
            "live",
            "320x240, from a program",
        ),
        (
            format!("file:{film}"),
            "live",
            "320x240, 25 fps, from a file",
        ),
        (
            format!("cmd:exit 3 # {SECRET}"),
            "lost",
            "its pictures came to an end",
        ),
        (format!("/dev/{SECRET}"), "lost", "it was not found"),
    ] {
        let mut camera = pair.camera(&["--source", &source, "-v"]);
        let mut watcher = pair.near.start(&["watch", "far", "--json", "-v"]);
        let is_so = |event: &serde_json::Value| event["state"] == state;
        assert_eq!(
            watcher.event_where("far_camera", is_so)["text"],
            text,
            "{source}"
        );
        camera.event_where("camera", is_so);
        for (program, is_owner) in [(watcher, false), (camera, true)] {
            program.ask_to_end();
            let end = program.finish();
            // The owner may read paths. The command is in nothing that we print.
            let may = is_owner && !source.starts_with("cmd:");
            let told = format!("{}{}", end.stdout, end.stderr);
            assert!(may || !told.contains(SECRET), "{source}: {told}");
        }
    }
}

#[test]
fn a_text_arrives() {
    let pair = Pair::new();
    let mut inbox = pair.inbox(&[]);
    let end = pair.near.run(&["text", "far", "the", "door", "is", "open"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let text = inbox.event("text");
    assert_eq!(text["text"], "the door is open");
    assert_eq!(text["peer"], "near");
}

#[test]
fn a_few_pictures_have_no_rate() {
    let pair = Pair::new();
    let _box = pair.camera(SMALL);
    let end = pair.near.run(&["watch", "far", "--frames", "3"]);
    let last = end.stdout.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("3 pictures, ") && !last.contains("fps"),
        "{end:?}"
    );
    let end = pair.near.run(&["watch", "far", "--frames", "40"]);
    let last = end.stdout.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("40 pictures in ") && last.contains(" fps, "),
        "{end:?}"
    );
}

#[test]
fn quiet_is_quiet_but_for_what_was_asked_for() {
    let pair = Pair::new();
    let camera = pair.camera(SMALL);
    pair.near.write_in_book("a bad line");
    let end = pair.near.run(&["-q", "watch", "far", "--frames", "3"]);
    assert_eq!(
        (end.code, end.stdout, end.stderr),
        (Some(0), String::new(), String::new())
    );
    drop(camera);

    let address = pair.address();
    let receive = [
        "-q", "receive", "--into", "inbox", "--accept", "known", "--listen", &address,
    ];
    let mut inbox = pair.far.start(&receive);
    let file = pair.scratch.file("out/file", "bytes");
    let file = file.to_str().unwrap();
    // The inbox says nothing when it listens, so it is asked until it does.
    let send = ["-q", "send", "far", file];
    let mut tries = (0..600).map(|_| pair.near.run(&send));
    let end = tries
        .find(|end| !end.stderr.contains("no program listens"))
        .unwrap();
    assert_eq!(
        (end.code, end.stdout, end.stderr),
        (Some(0), String::new(), String::new())
    );
    let end = pair.near.run(&["-q", "text", "far", "hello"]);
    assert_eq!((end.code, end.stdout), (Some(0), String::new()));
    assert_eq!(inbox.line_with("hello"), "near: hello");
    inbox.ask_to_end();
    let end = inbox.finish();
    assert_eq!(
        (end.stdout.as_str(), end.stderr),
        ("near: hello", String::new())
    );
}

/// JPEG images in a row, by their end marks; thumbnails have none in what we send.
fn pictures(bytes: &[u8]) -> usize {
    bytes
        .windows(2)
        .filter(|pair| **pair == [0xff, 0xd9])
        .count()
}

#[test]
fn a_file_of_another_program_of_the_same_owner_yields_to_the_call() {
    let pair = Pair::new();
    let mut inbox = pair.inbox(&[]);
    let file = pair.scratch.file("out/film", vec![7; 4_000_000]);
    let send = [
        "send",
        "far",
        file.to_str().unwrap(),
        "--json",
        "--limit",
        "100k",
    ];
    let mut send = pair.near.start(&send);
    let yields = |wanted: bool| move |line: &serde_json::Value| line["yields"] == wanted;
    send.event_where("transfer", yields(false));
    inbox.event("joined");
    // The owner of the file has a camera box too, in a program of its own, and it is watched.
    let (_box, address) = pair.near.listen(&[&["camera"][..], SMALL].concat());
    fs::write(pair.far.book(), "").unwrap();
    pair.far.knows(&pair.near, &address, "view");
    let watch = pair.far.start(&["watch", "near"]);
    send.event_where("transfer", yields(true));
    drop(watch);
    send.event_where("transfer", yields(false));
}
