//! The world as it is: ports taken, cameras missing, folders that can't be written to, disks that
//! are full.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use transom_tests::{PATIENCE, Person, Program, Scratch};

use super::Pair;

#[test]
fn a_taken_port_is_one_line_that_names_it() {
    let pair = Pair::new();
    let _first = pair.camera(&["--source", "pattern"]);
    let address = &pair.address();
    let end = pair.far.run(&[
        "camera", "--source", "pattern", "--listen", address, "--quiet",
    ]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().contains(address), "{end:?}");
}

#[test]
fn a_missing_camera_is_told_to_the_viewer_and_the_box_stays() {
    let pair = Pair::new();
    let mut camera = pair.camera(&["--source", "/dev/video-that-is-not-there"]);
    let mut watcher = pair.near.start(&["watch", "far", "--json"]);
    let told = watcher.event_where("far_camera", |state| state["state"] == "lost");
    assert_eq!(told["text"], "it was not found");
    // Which one it is, is for the owner to know.
    let told = camera.event_where("camera", |state| state["state"] == "lost");
    let words = told["text"].as_str().unwrap_or_default();
    assert!(words.contains("video-that-is-not-there"), "{told}");
    assert!(camera.is_running() && watcher.is_running());
}

#[test]
fn pictures_that_are_none_stop_nobody() {
    let pair = Pair::new();
    let junk = pair.scratch.file("junk.mjpeg", vec![0x55; 300_000]);
    let source = format!("file:{}", junk.display());
    let mut camera = pair.camera(&["--source", &source]);
    let mut watcher = pair.near.start(&["watch", "far", "--json"]);
    watcher.event_where("far_camera", |state| state["state"] == "lost");
    assert!(camera.is_running());
}

#[test]
fn a_missing_file_of_pictures_is_told_at_once() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let end = amy.run(&["camera", "--source", "file:/not/there.mjpeg"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().contains("/not/there.mjpeg"), "{end:?}");
}

#[test]
fn an_inbox_that_can_not_be_made_is_told_at_once() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    // A file stands where the folder should be, which stops root too.
    let file = scratch.file("file", "");
    let inbox = file.join("inbox");
    let inbox = inbox.to_str().unwrap();
    let arguments = [
        "receive",
        "--into",
        inbox,
        "--accept",
        "known",
        "--listen",
        "127.0.0.1:0",
    ];
    let end = amy.run(&arguments);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint().contains(inbox), "{end:?}");
}

#[test]
fn b31_a_disk_that_takes_no_more_fails_that_file_on_both_sides() {
    let pair = Pair::new();
    let mut receive = pair.far.command(&[
        "receive",
        "--into",
        "inbox",
        "--accept",
        "known",
        "--listen",
        "127.0.0.1:0",
        "--json",
    ]);
    let mut inbox = Program::start(&mut limited(&mut receive, 1024));
    let listening = inbox.event("listening");
    pair.near
        .knows(&pair.far, listening["address"].as_str().unwrap(), "files");

    let big = pair.scratch.file("out/big", vec![7; 3_000_000]);
    let end = pair.near.run(&["send", "far", big.to_str().unwrap()]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("File too large"), "{end:?}");
    assert!(!pair.far.path("inbox/big").exists());
    let small = pair.scratch.file("out/small", "fits");
    let end = pair.near.run(&["send", "far", small.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "the inbox goes on: {end:?}");
}

#[test]
fn a_film_that_grows_too_large_ends_with_words_and_what_is_there_stays() {
    let pair = Pair::new();
    let _box = pair.camera(&["--source", "pattern", "--size", "320x240"]);
    for film in ["film.mkv", "film.mjpeg"] {
        let film = pair.scratch.join(film);
        let film = film.to_str().unwrap();
        let mut watch = pair.near.command(&["watch", "far", "--save", film]);
        let end = Program::start(&mut limited(&mut watch, 128)).finish();
        assert_eq!(end.code, Some(1), "{end:?}");
        let words = end.complaint();
        assert!(
            words.contains(film) && words.contains("File too large"),
            "{words}"
        );
        assert!(end.stdout.contains("pictures"), "a summary: {end:?}");
        assert!(fs::metadata(film).unwrap().len() > 0);
    }
}

#[test]
fn a_command_that_gives_pictures_starts_with_the_signals_as_they_usually_are() {
    let pair = Pair::new();
    let ignored = pair.scratch.join("ignored");
    let source = format!(
        "cmd:grep SigIgn /proc/self/status >{0}.new; mv {0}.new {0}; sleep 60",
        ignored.display()
    );
    let _box = pair.camera(&["--source", &source]);
    let _watcher = pair.near.start(&["watch", "far"]);
    let last = Instant::now() + PATIENCE;
    while !ignored.exists() && Instant::now() < last {
        sleep(Duration::from_millis(10));
    }
    let mask = fs::read_to_string(&ignored).unwrap();
    let mask = mask.trim_start_matches("SigIgn:").trim();
    let mask = u64::from_str_radix(mask, 16).unwrap();
    // A signal that is ignored stays so in every program that is started: a filter would never end
    // with its reader.
    let (pipe, too_large) = (1 << (13 - 1), 1 << (25 - 1));
    assert_eq!(mask & (pipe | too_large), 0, "{mask:x}");
}

#[test]
fn b33_a_quota_is_kept() {
    let pair = Pair::new();
    let _inbox = pair.inbox(&["--quota", "1M"]);
    let big = pair.scratch.file("out/big", vec![7; 3_000_000]);
    let end = pair.near.run(&["send", "far", big.to_str().unwrap()]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(!pair.far.path("inbox/big").exists());
}

/// A file system in memory of that many MiB, where the tests may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, mebibytes: u32) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let size = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at);
        let mounted = mount.output().is_ok_and(|done| done.status.success());
        mounted.then_some(Self(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_a_pause_that_both_sides_see_and_that_ends_by_itself() {
    let pair = Pair::new();
    let Some(disk) = SmallDisk::mount(pair.far.path("inbox"), 16) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let own = disk.0.join("own");
    fs::write(&own, vec![1; 8 << 20]).unwrap();
    let mut inbox = pair.inbox(&["--keep-free", "0"]);
    let big = pair.scratch.file("out/big", vec![7; 12 << 20]);
    let mut send = pair
        .near
        .start(&["send", "far", big.to_str().unwrap(), "--json"]);
    let lacking = (4 << 20)..(5 << 20);
    for side in [&mut send, &mut inbox] {
        let full = side.event_where("transfer", |it| it["phase"] == "full");
        let missing = full["missing"].as_u64().unwrap();
        assert!(lacking.contains(&missing), "{full}");
    }
    fs::remove_file(own).unwrap();
    let ended = send.event("transfer_ended");
    assert_eq!(
        (&ended["outcome"], &ended["missing"]),
        (&"durable".into(), &0.into())
    );
    assert_eq!(send.finish().code, Some(0));
    assert_eq!(
        fs::read(disk.0.join("big")).unwrap(),
        fs::read(big).unwrap()
    );
    drop(inbox);
    // What can never fit is refused.
    let _inbox = pair.inbox(&["--keep-free", "0"]);
    let huge = pair.scratch.file("out/huge", vec![7; 20 << 20]);
    let end = pair.near.run(&["send", "far", huge.to_str().unwrap()]);
    assert_eq!(end.code, Some(1), "{end:?}");
}

#[test]
fn a_signal_ends_a_box_with_success() {
    let pair = Pair::new();
    let camera = pair.camera(&["--source", "pattern"]);
    camera.ask_to_end();
    let end = camera.finish();
    assert_eq!(end.code, Some(0), "{end:?}");
}

#[test]
fn who_hangs_up_at_once_is_not_said_to_mind_the_key() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let end = amy.run(&["watch", &address]);
    assert_eq!(end.code, Some(1), "{end:?}");
    let words = end.complaint();
    assert!(words.contains("they may be busy"), "{words}");
    assert!(!words.contains("contact book"), "{words}");
}

#[test]
fn a_folder_that_is_not_there_is_told_before_anybody_is_dialed() {
    let scratch = Scratch::new();
    let amy = Person::new(&scratch, "amy");
    for option in ["--save", "--snapshot"] {
        let end = amy.run(&["watch", "127.0.0.1:9", option, "/not/there/x.mkv"]);
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.complaint().contains("/not/there/x.mkv"), "{end:?}");
    }
}

/// The same command, which may make no file larger than so many blocks of 512 bytes.
fn limited(command: &mut Command, blocks: u32) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
    shell.arg("-c").arg(script);
    shell.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}
