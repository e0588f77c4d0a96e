//! A little sound: packets, what a playout goes through, and files.

use std::io::Cursor;

use transom_sound::measure::speech;
use transom_sound::{WavWriter, fuzzing};

/// Opus packets; the first byte announces how long they are.
pub(crate) fn packets() -> Vec<(&'static str, Vec<u8>)> {
    let whole = fuzzing::packets(&speech(0.05, 1));
    let mut other = whole.clone();
    other[0] = 1;
    vec![
        ("cut", whole[..whole.len() - 30].to_vec()),
        ("other-length", other),
        ("whole", whole),
    ]
}

/// Pairs of what happens and how much.
pub(crate) const PLAYOUT: &[(&str, &[u8])] = &[
    // Frames of 480 samples, pulls of 240, 5 ms apart.
    (
        "calm",
        &[0, 30, 7, 80, 6, 5, 7, 80, 0, 30, 7, 80, 6, 5, 7, 80, 4, 0],
    ),
    (
        "burst",
        &[0, 255, 0, 255, 0, 255, 0, 255, 7, 80, 0, 255, 3, 4, 0, 255],
    ),
    (
        "ends",
        &[0, 30, 4, 0, 0, 30, 4, 0, 0, 30, 7, 80, 4, 0, 5, 99, 0, 1],
    ),
];

/// Files that begin as ours do.
pub(crate) fn files() -> Vec<(&'static str, Vec<u8>)> {
    let mut writer = WavWriter::new(Cursor::new(Vec::new())).expect("memory can be written");
    writer
        .write(&speech(0.01, 2))
        .expect("memory can be written");
    let whole = writer.finish().expect("memory can be written").into_inner();
    let mut slow = whole.clone();
    slow[24..28].copy_from_slice(&8_000_u32.to_le_bytes());
    let mut stereo = whole.clone();
    stereo[22] = 2;
    vec![
        ("cut", whole[..whole.len() - 101].to_vec()),
        ("slow", slow),
        ("stereo", stereo),
        ("whole", whole),
    ]
}
