//! Small JPEGs as our encoder and bad cameras make them, alone and in a row.

use transom_media::fuzzing::{sample, without_tables};

/// Single pictures.
pub(crate) fn single() -> Vec<(&'static str, Vec<u8>)> {
    let whole = sample(48, 32);
    let padded = [whole.as_slice(), &[0; 64]].concat();
    vec![
        ("bare", without_tables(&whole)),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("padded", padded),
        ("whole", whole),
    ]
}

/// Streams; the first byte is the grain of the cut.
pub(crate) fn streams() -> Vec<(&'static str, Vec<u8>)> {
    let picture = sample(16, 16);
    let noise: &[u8] = b"--boundary\r\nContent-Type: image/jpeg\r\n\r\n";
    vec![
        ("two", [&[0], picture.as_slice(), &picture].concat()),
        ("parts", [&[9], noise, &picture, noise, &picture].concat()),
        ("no-end", [&[99], &picture[..200], &picture].concat()),
    ]
}
