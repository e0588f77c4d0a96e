//! Sound from a WAV file at one side to a WAV file at the other, and what both sides say of it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use transom_sound::measure::{delay_of, likeness, speech};
use transom_sound::{RATE, WavReader, WavWriter};
use transom_tests::Program;

use super::Pair;

/// Seconds that are spoken.
const SECONDS: f32 = 3.0;

/// The farthest that a sound may be from where it was spoken: what a program takes to open its
/// devices after the other one has, on a machine that does much else.
const LATEST: usize = 20 * RATE as usize;

fn write(path: &Path, samples: &[i16]) {
    let mut writer = WavWriter::new(File::create(path).unwrap()).unwrap();
    writer.write(samples).unwrap();
    writer.finish().unwrap();
}

fn read(path: &Path) -> Vec<i16> {
    let file = BufReader::new(File::open(path).unwrap());
    WavReader::new(file).unwrap().read_all().unwrap()
}

/// What was spoken by a voice, in a file with silence before it.
fn spoken(path: &Path, seed: u64) -> Vec<i16> {
    let samples = speech(SECONDS, seed);
    write(path, &samples);
    samples
}

/// How like what was spoken is to what was heard: of the middle of it, since a loudspeaker begins
/// when it begins, and a stall may cut a piece.
fn heard(spoken: &[i16], path: &Path) -> (usize, f32) {
    let recording = read(path);
    let piece = &spoken[RATE as usize..2 * RATE as usize];
    let found = delay_of(piece, &recording).expect("a recording longer than a second");
    let copy = &recording[found.at..found.at + piece.len()];
    (found.at, likeness(piece, copy))
}

fn talk(options: [&[&str]; 2]) -> (Pair, Program, Program) {
    let pair = Pair::new();
    let far = pair.listen("call", &[&["--answer"], options[1]].concat());
    let near = pair.near.start(&[&["call", "far", "--json"], options[0]].concat());
    (pair, near, far)
}

#[test]
fn what_is_spoken_at_one_side_is_heard_at_the_other_both_ways() {
    let pair = Pair::new();
    let [near_says, far_says] = [1, 2].map(|seed| {
        let path = pair.scratch.path().join(format!("{seed}.wav"));
        (spoken(&path, seed), path)
    });
    let options = |path: &Path, heard: &str| {
        let microphone = format!("file:{}", path.display());
        ["--echo", "off", "--microphone", &microphone, "--speaker", heard].map(str::to_owned)
    };
    todo!()
}
