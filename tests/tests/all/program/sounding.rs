//! Sound from a WAV file at one side to a WAV file at the other, and what both sides say of it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use transom_sound::measure::{delay_of, speech};
use transom_sound::{RATE, WavReader, WavWriter, level_db};
use transom_tests::{Finished, Person, Program, eventually};

use super::Pair;

/// Samples of a fifth of a second: what has to be heard whole. Over longer pieces the pace of the
/// playout, which is up to 0.5 % off on purpose, shows in the correlation.
const PIECE: usize = RATE as usize / 5;

/// Microphone and loudspeaker of a side, in its own folder. Nothing is turned down: no sound goes
/// from the file of one to that of the other.
const FILES: &[&str] = &[
    "--microphone",
    "loop:spoken.wav",
    "--speaker",
    "file:heard.wav",
    "--echo",
    "off",
];

/// Two seconds of somebody's voice, again and again, with pauses so that no two pieces are alike.
fn speaks(person: &Person, seed: u64) -> Vec<i16> {
    let samples = speech(2.0, seed);
    let file = File::create(person.path("spoken.wav")).unwrap();
    let mut writer = WavWriter::new(file).unwrap();
    writer.write(&samples).unwrap();
    writer.finish().unwrap();
    samples
}

/// What was heard so far, also while the file is still written.
fn recording(path: &Path) -> Vec<i16> {
    let file = File::open(path).map(BufReader::new).ok();
    let reader = file.and_then(|file| WavReader::new(file).ok());
    let samples = reader.and_then(|mut reader| reader.read_all().ok());
    samples.unwrap_or_default()
}

/// How like the loudest piece of what was spoken is to what was heard of it in the last seconds.
fn best_likeness(spoken: &[i16], path: &Path) -> f32 {
    let heard = recording(path);
    let last = &heard[heard.len().saturating_sub(3 * RATE as usize)..];
    let pieces = spoken.chunks_exact(PIECE);
    let loudest = pieces.max_by(|one, two| level_db(one).total_cmp(&level_db(two)));
    let piece = loudest.expect("more than one piece is spoken");
    delay_of(piece, last).map_or(0.0, |found| found.likeness)
}

fn is_heard_by(person: &Person, spoken: &[i16]) {
    let path = person.path("heard.wav");
    eventually("what is spoken is heard", || {
        thread::sleep(Duration::from_millis(500));
        best_likeness(spoken, &path) >= 0.98
    });
}

/// A call of two with these options more at each side.
fn talk(pair: &Pair, near: &[&str], far: &[&str]) -> [Program; 2] {
    let far = pair.listen("call", &[&["--answer", "near"], far].concat());
    let near = pair
        .near
        .start(&[&["call", "far", "--json"], near].concat());
    [near, far]
}

#[test]
fn what_is_spoken_at_one_side_is_heard_at_the_other_both_ways() {
    let pair = Pair::new();
    let spoken = [speaks(&pair.near, 1), speaks(&pair.far, 2)];
    let [mut near, mut far] = talk(&pair, FILES, FILES);
    for program in [&mut near, &mut far] {
        assert_eq!(program.event("heard_by")["on"], true);
        program.event_where("far_sound", |sound| sound["state"] == "on");
    }
    is_heard_by(&pair.far, &spoken[0]);
    is_heard_by(&pair.near, &spoken[1]);
    near.ask_to_end();
    assert_eq!(near.finish().code, Some(0));
    assert_eq!(far.finish().code, Some(0));
}

#[test]
fn who_has_no_microphone_says_so_and_hears_all_the_same() {
    let pair = Pair::new();
    let spoken = speaks(&pair.far, 3);
    let near = ["--speaker", "file:heard.wav"];
    let far = [
        "--microphone",
        "loop:spoken.wav",
        "--speaker",
        "file:heard.wav",
    ];
    let [near, mut far] = talk(&pair, &near, &far);
    far.event_where("far_sound", |sound| sound["state"] == "none");
    is_heard_by(&pair.near, &spoken);
    near.ask_to_end();
    let told = near.finish().stdout;
    assert!(!told.contains("heard_by"), "nobody hears it: {told}");
}

#[test]
fn a_microphone_that_nobody_listens_to_stays_closed() {
    let pair = Pair::new();
    speaks(&pair.far, 4);
    let [mut near, mut far] = talk(&pair, &["--seconds", "2"], FILES);
    near.event_where("far_sound", |sound| sound["state"] == "on");
    assert_eq!(near.finish().code, Some(0));
    far.event("call_ended");
    let told = far.finish().stdout;
    assert!(
        !told.contains("\"microphone\"") && !told.contains("heard_by"),
        "{told}"
    );
}

#[test]
fn a_microphone_that_is_lost_is_told_at_both_sides() {
    let pair = Pair::new();
    let near = ["--speaker", "file:heard.wav"];
    let far = ["--microphone", "cmd:head -c 96000 /dev/zero"];
    let [mut near, mut far] = talk(&pair, &near, &far);
    far.event_where("microphone", |device| device["state"] == "on");
    let lost = far.event_where("microphone", |device| device["state"] == "lost");
    assert!(lost["text"].as_str().unwrap().contains("ended"), "{lost}");
    let lost = near.event_where("far_sound", |sound| sound["state"] == "lost");
    // Commands and paths are the owner's.
    assert_eq!(lost["text"], "its program ended");
}

/// A box with a microphone, which the near side watches with these rights.
fn listens_to_a_box(pair: &Pair, rights: &str) -> [Program; 2] {
    std::fs::write(pair.far.book(), "").unwrap();
    pair.far.knows(&pair.near, "127.0.0.1:9", rights);
    let porch = pair.camera(&[
        "--source",
        "pattern",
        "--size",
        "320x240",
        "--fps",
        "10",
        "--microphone",
        "loop:spoken.wav",
    ]);
    let watch = ["watch", "far", "--hear", "heard.wav", "--stats-json"];
    [pair.near.start(&watch), porch]
}

#[test]
fn a_box_is_heard_by_those_who_may_and_tells_of_each() {
    let pair = Pair::new();
    let spoken = speaks(&pair.far, 5);
    let [mut near, mut porch] = listens_to_a_box(&pair, "view,hear");
    assert_eq!(porch.event("heard_by")["peer"], "near");
    is_heard_by(&pair.near, &spoken);
    near.event_where("stats", |stats| {
        let sound = &stats["sound"];
        sound["delay_ms"].is_number() && sound["skew_ms"].is_number()
    });
    near.ask_to_end();
    assert_eq!(near.finish().code, Some(0));
    porch.event_where("microphone", |device| device["state"] == "closed");
}

#[test]
fn a_viewer_without_the_right_hears_nothing_and_its_exit_status_says_so() {
    let pair = Pair::new();
    speaks(&pair.far, 6);
    let [mut near, mut porch] = listens_to_a_box(&pair, "view");
    near.event_where("far_sound", |sound| sound["state"] == "not_allowed");
    near.event("stats");
    near.ask_to_end();
    let end = near.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("may=view,hear"), "{end:?}");
    porch.event("call_ended");
    porch.ask_to_end();
    let told = porch.finish().stdout;
    assert!(
        !told.contains("\"microphone\"") && !told.contains("heard_by"),
        "{told}"
    );
    assert!(
        !pair.near.path("heard.wav").exists(),
        "nothing came to be heard"
    );
}

/// A viewer of the far side's box, which sounds, in a script of the shell as `"$@"`.
fn hears_in_a_shell(script: &str, options: &[&str]) -> (Pair, Finished) {
    let pair = Pair::new();
    std::fs::write(pair.far.book(), "").unwrap();
    pair.far.knows(&pair.near, "127.0.0.1:9", "view,hear");
    let _porch = pair.camera(&["--source", "pattern", "--microphone", "tone"]);
    let watch = pair.near.command(&[&["watch", "far"], options].concat());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg("sh");
    shell.arg(watch.get_program()).args(watch.get_args());
    shell.current_dir(watch.get_current_dir().unwrap());
    shell.envs(
        watch
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let end = Program::start(&mut shell).finish();
    (pair, end)
}

#[test]
fn a_viewer_whose_sound_nobody_reads_any_more_ends() {
    let script = r#"{ "$@"; echo $? > code; } | head -c 20000 > heard"#;
    let (pair, end) = hears_in_a_shell(script, &["--hear", "-"]);
    let code = std::fs::read_to_string(pair.near.path("code")).unwrap();
    assert_eq!(code, "0\n", "{end:?}");
    let heard = std::fs::read(pair.near.path("heard")).unwrap();
    assert!(heard.len() == 20_000 && heard.starts_with(b"RIFF"));
}

#[test]
fn sound_on_stdout_goes_behind_what_its_file_holds() {
    for (script, start) in [
        (
            r#"echo before > heard; "$@" >> heard"#,
            &b"before\nRIFF"[..],
        ),
        (r#"{ echo first; "$@"; } > heard"#, &b"first\nRIFF"[..]),
    ] {
        let (pair, end) = hears_in_a_shell(script, &["--hear", "-", "--seconds", "2"]);
        assert_eq!(end.code, Some(0), "{end:?}");
        let heard = std::fs::read(pair.near.path("heard")).unwrap();
        assert!(heard.starts_with(start), "{script}: {:?}", &heard[..20]);
        assert!(heard.len() > 10_000, "{script}: {}", heard.len());
    }
}

/// `/dev/full` is a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn sound_that_can_not_be_saved_ends_a_viewer_with_words() {
    for (script, file) in [(r#""$@""#, "/dev/full"), (r#""$@" > /dev/full"#, "-")] {
        let (_pair, end) = hears_in_a_shell(script, &["--hear", file]);
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(
            end.stderr.contains("transom: can't save the sound"),
            "{end:?}"
        );
        assert!(end.stderr.contains("No space left"), "{end:?}");
    }
}

#[test]
fn a_file_for_sound_that_can_not_be_is_told_before_anybody_is_dialed() {
    let pair = Pair::new();
    pair.near.knows(&pair.far, "127.0.0.1:9", "view,call,files");
    for arguments in [
        ["watch", "far", "--hear", "."],
        ["watch", "far", "--hear", "nodir/x.wav"],
        ["watch", "far", "--speaker", "file:nodir/x.wav"],
        ["call", "far", "--speaker", "file:nodir/x.wav"],
    ] {
        let end = pair.near.run(&arguments);
        assert_eq!(end.code, Some(1), "{end:?}");
        let why = end.complaint();
        assert!(
            why.starts_with("transom: can't write "),
            "{arguments:?}: {why}"
        );
    }
    let end = pair.near.run(&["watch", "far", "--hear", "new.wav"]);
    assert!(end.complaint().contains("far"), "{end:?}");
    let is_made = pair.near.path("new.wav").exists();
    assert!(!is_made, "nothing came to be heard");
}
