//! Cameras that are programs: they give, hang, babble, exit or won't end, and none outlives its
//! box.

use std::fs;
use std::io::{PipeWriter, Write, pipe};
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use transom_media::fuzzing::sample;
use transom_media::probe;
use transom_tests::{FakeCamera, Mark, Mood, PATIENCE, Program, Signal, eventually};

use super::Pair;

/// A box whose camera is a pipeline with a part that ignores the polite signals, and a viewer.
fn watched_pipeline(pair: &Pair) -> (Program, Program) {
    let fake = FakeCamera::new(&pair.scratch, &sample(32, 16), Mood::Stubborn);
    let source = format!("{} | cat | cat", fake.as_command());
    let mut camera = pair.camera(&["--source", &source]);
    let watcher = pair.near.start(&["watch", "far", "--json"]);
    camera.event_where("camera", |state| state["state"] == "live");
    // The box, the shell that watches, that of the command, the script and two `cat`.
    eventually("the whole pipeline runs", || {
        camera.mark().running().len() >= 6
    });
    (camera, watcher)
}

fn assert_none_left(mark: &Mark) {
    assert_eq!(mark.left_after(PATIENCE), Vec::<String>::new());
}

#[test]
fn no_part_of_a_camera_program_outlives_a_box_that_is_killed() {
    for signal in [Signal::KILL, Signal::ABORT] {
        let pair = Pair::new();
        let (camera, _watcher) = watched_pipeline(&pair);
        let mark = camera.mark();
        camera.signal(signal);
        assert_none_left(&mark);
        assert_eq!(camera.finish().code, None);
    }
}

/// The kernel tells the program itself, whoever ended the shell that watches over its group.
#[cfg(target_os = "linux")]
#[test]
fn a_camera_program_without_its_watcher_still_ends_with_a_killed_box() {
    let pair = Pair::new();
    let fake = FakeCamera::new(&pair.scratch, &sample(32, 16), Mood::Gives);
    let (camera, _watcher) = watched_pi(&pair, &fake);
    let end = pair.near.run(&["watch", "far", "--frames", "3"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let mark = camera.mark();
    let all = mark.left_after(Duration::ZERO);
    let watches = |line: &&String| line.contains("read -r _");
    let shell = all.iter().find(watches).expect("a shell that watches");
    let id = shell.split(' ').next().unwrap();
    let killed = Command::new("kill").args(["-KILL", id]).status();
    assert!(killed.unwrap().success());
    camera.signal(Signal::KILL);
    assert_none_left(&mark);
}

#[test]
fn no_part_of_a_camera_program_outlives_a_box_that_is_asked_to_end() {
    for signals in [&[Signal::TERM][..], &[Signal::TERM; 2], &[Signal::INT; 3]] {
        let pair = Pair::new();
        let (camera, _watcher) = watched_pipeline(&pair);
        let mark = camera.mark();
        for signal in signals {
            camera.signal(*signal);
        }
        assert_none_left(&mark);
        camera.finish();
    }
}

/// A box whose ribbon cable camera is this program, and a viewer.
fn watched_pi(pair: &Pair, fake: &FakeCamera) -> (Program, Program) {
    let camera = pair.listen_by("camera", &["--source", "pi"], |command| {
        fake.put_in_path(command);
        Program::start(command)
    });
    (camera, pair.near.start(&["watch", "far", "--json"]))
}

/// Waits until a viewer is told that the camera is lost, in these words.
fn hears_why(watcher: &mut Program, why: &str) {
    watcher.event_where("far_camera", |state| {
        let text = state["text"].as_str().unwrap_or_default();
        state["state"] == "lost" && text.contains(why)
    });
}

/// A viewer is told why there are no pictures in a fixed sentence, the owner in the program's own
/// words. The program is started again, and the box ends with nothing left.
fn assert_pi_recovers(mood: Mood, to_viewers: &str, to_owner: &str) {
    let pair = Pair::new();
    let fake = FakeCamera::new(&pair.scratch, &sample(32, 16), mood);
    let (mut camera, mut watcher) = watched_pi(&pair, &fake);
    // Told once: it stays lost while it is started again and again.
    hears_why(&mut watcher, to_viewers);
    eventually("it is started again", || fake.starts() > 2);
    assert!(camera.is_running());
    let mark = camera.mark();
    camera.ask_to_end();
    let end = camera.finish();
    assert_eq!(end.code, Some(0));
    assert!(end.stdout.contains(to_owner), "{end:?}");
    assert_none_left(&mark);
}

#[test]
fn a_pi_camera_that_hangs_is_told_and_started_again() {
    assert_pi_recovers(
        Mood::Hangs,
        "it sends no pictures",
        "pi: no picture for 8 s",
    );
}

#[test]
fn a_pi_camera_that_babbles_is_told_and_started_again() {
    assert_pi_recovers(Mood::Babbles, "its driver failed", "no usable picture in");
}

#[test]
fn a_pi_camera_that_is_not_plugged_in_is_told_in_its_own_words() {
    let (to_viewers, to_owner) = ("no camera was found", "no cameras available");
    assert_pi_recovers(Mood::Exits, to_viewers, to_owner);
}

#[test]
fn a_pi_camera_that_ignores_signals_ends_with_its_box() {
    let pair = Pair::new();
    let fake = FakeCamera::new(&pair.scratch, &sample(32, 16), Mood::Stubborn);
    let (camera, _watcher) = watched_pi(&pair, &fake);
    let end = pair.near.run(&["watch", "far", "--frames", "3"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let mark = camera.mark();
    camera.ask_to_end();
    assert_eq!(camera.finish().code, Some(0));
    assert_none_left(&mark);
}

#[test]
fn a_command_that_stalls_babbles_and_exits_is_a_camera_again_when_it_gives() {
    let pair = Pair::new();
    let fake = FakeCamera::new(&pair.scratch, &sample(32, 16), Mood::Gives);
    let mut camera = pair.camera(&["--source", &fake.as_command()]);
    let mut watcher = pair.near.start(&["watch", "far", "--json"]);
    let pictures_come = || {
        let end = pair.near.run(&["watch", "far", "--frames", "3"]);
        assert_eq!(end.code, Some(0), "{end:?}");
    };
    pictures_come();

    fake.set_mood(Mood::Hangs);
    let arguments = ["watch", "far", "--frames", "3", "--json"];
    let mut patient = pair.near.start(&arguments);
    patient.event_where("far_camera", |state| state["state"] == "live");
    fake.set_mood(Mood::Gives);
    let end = patient.finish();
    assert_eq!(end.code, Some(0), "{end:?}");

    for (mood, why) in [
        (Mood::Babbles, "they are no JPEG"),
        (Mood::Exits, "its pictures came to an end"),
    ] {
        fake.set_mood(mood);
        hears_why(&mut watcher, why);
        fake.set_mood(Mood::Gives);
        pictures_come();
    }
    assert!(camera.is_running());
}

#[test]
fn a_viewer_who_comes_later_is_shown_the_last_picture_with_its_age_and_no_snapshot_of_it() {
    let pair = Pair::new();
    let fake = FakeCamera::new(&pair.scratch, &sample(32, 16), Mood::Gives);
    let mut camera = pair.camera(&["--source", &fake.as_command()]);
    let mut first = pair.near.start(&["watch", "far", "--json"]);
    camera.event_where("camera", |state| state["state"] == "live");
    fake.set_mood(Mood::Exits);
    hears_why(&mut first, "its pictures came to an end");
    thread::sleep(Duration::from_secs(3));
    let file = pair.scratch.join("later.jpg");
    let file = file.to_str().unwrap();
    let arguments = [
        "watch",
        "far",
        "--json",
        "--snapshot",
        file,
        "--seconds",
        "2",
    ];
    let mut later = pair.near.start(&arguments);
    later.event_where("last_picture", |told| {
        told["age_seconds"].as_u64().is_some_and(|age| age >= 3)
    });
    let end = later.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(!fs::exists(file).unwrap());
}

#[test]
fn a_box_that_is_asked_to_ends_when_its_camera_is_beyond_help() {
    let pair = Pair::new();
    let options = ["--source", "cmd:exit 3", "--exit-on-camera-error"];
    let camera = pair.camera(&options);
    let _watcher = pair.near.start(&["watch", "far", "--json"]);
    let end = camera.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    let why = "the camera is given up: cmd: the command ended with exit status: 3";
    assert!(end.stderr.contains(why), "{end:?}");
}

#[test]
fn what_comes_in_place_of_pictures_is_told_by_name_with_what_to_do() {
    let pair = Pair::new();
    let source = r"cmd:printf '\211PNG\r\n\032\n'; exec sleep 600";
    let mut camera = pair.camera(&["--source", source]);
    let mut watcher = pair.near.start(&["watch", "far", "--json"]);
    hears_why(&mut watcher, "they are PNG, not JPEG");
    camera.event_where("camera", |state| {
        let text = state["text"].as_str().unwrap_or_default();
        state["state"] == "lost" && text.contains("PNG, not JPEG; make the source send baseline")
    });
}

/// Writes at least so many bytes of one picture; false once the box has ended.
fn write_pictures(writer: &mut PipeWriter, picture: &[u8], bytes: usize) -> bool {
    (0..=bytes / picture.len()).all(|_| writer.write_all(picture).is_ok())
}

#[test]
fn standard_input_is_read_while_nobody_watches_and_never_shown_late() {
    let pair = Pair::new();
    let (input, mut writer) = pipe().unwrap();
    let camera = pair.listen_by("camera", &["--source", "-"], |command| {
        Program::start_with_input(command, input)
    });
    let (sender, written) = channel();
    let writing = thread::spawn(move || {
        let (old, new) = (sample(64, 64), sample(32, 16));
        write_pictures(&mut writer, &old, 4 * 1024 * 1024);
        // More than a pipe holds: the old ones have left it.
        write_pictures(&mut writer, &new, 2 * 1024 * 1024);
        sender.send(()).unwrap();
        while write_pictures(&mut writer, &new, 0) {
            thread::sleep(Duration::from_millis(10));
        }
    });
    written.recv_timeout(PATIENCE).expect("nobody reads");
    let file = pair.scratch.join("first.jpg");
    let end = pair
        .near
        .run(&["watch", "far", "--snapshot", file.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let first = fs::read(file).unwrap();
    assert_eq!(probe(&first).unwrap().width, 32);
    drop(camera);
    writing.join().unwrap();
}

/// As the terminal's would be, whose other programs then fail to read and write.
#[cfg(target_os = "linux")]
#[test]
fn a_standard_input_that_others_share_keeps_its_flags() {
    use std::os::fd::AsRawFd;

    let pair = Pair::new();
    let (input, mut writer) = pipe().unwrap();
    let shared = input.try_clone().unwrap();
    let info = format!("/proc/self/fdinfo/{}", shared.as_raw_fd());
    let before = fs::read_to_string(&info).unwrap();
    let flags = |info: &str| {
        info.lines()
            .find(|line| line.starts_with("flags"))
            .map(str::to_owned)
    };
    let camera = pair.listen_by("camera", &["--source", "-"], |command| {
        Program::start_with_input(command, input)
    });
    let writing = thread::spawn(move || {
        while write_pictures(&mut writer, &sample(32, 16), 0) {
            thread::sleep(Duration::from_millis(10));
        }
    });
    let end = pair.near.run(&["watch", "far", "--frames", "3"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let watched = fs::read_to_string(&info).unwrap();
    assert_eq!(flags(&watched), flags(&before));
    drop((camera, shared));
    writing.join().unwrap();
}
