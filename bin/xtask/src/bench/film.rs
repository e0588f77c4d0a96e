//! A film whose JPEG pictures all have the same size in bytes: pictures of the test pattern, padded
//! with comment segments.

use std::fs;
use std::path::Path;

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::sandbox::Sandbox;

/// Pictures of the test pattern, to be padded.
pub(super) struct Pictures(Vec<Vec<u8>>);

impl Pictures {
    /// Records a second of the pattern over loopback, in pictures of 1280 by 720.
    pub(super) fn record(sandbox: &Sandbox) -> Outcome<Self> {
        Self::record_size(sandbox, "1280x720")
    }

    /// Like [`Pictures::record`], in another size such as `1920x1080`.
    pub(super) fn record_size(sandbox: &Sandbox, size: &str) -> Outcome<Self> {
        let recorder = format!("recorder-{size}");
        let (camera, viewer) = (
            sandbox.user(&recorder)?,
            sandbox.user(&format!("spectator-{size}"))?,
        );
        camera.knows(&viewer, "127.0.0.1:9")?;
        let pattern = format!("camera --source pattern --size {size} --fps 30");
        let pattern: Vec<&str> = pattern.split(' ').collect();
        let (_box, address) = camera.listen(&pattern)?;
        viewer.knows(&camera, &address)?;
        let film = sandbox.path("pattern.mjpeg");
        let path = film.to_string_lossy();
        let watch = [
            "watch", &recorder, "--frames", "30", "--json", "--save", &path,
        ];
        Background::start(&mut viewer.transom(&watch))?.finish()?;
        let bytes = fs::read(&film).context(film.display())?;
        Ok(Self(split(&bytes)))
    }

    /// The size to which all of them can be padded.
    pub(super) fn largest(&self) -> usize {
        let largest = self.0.iter().map(Vec::len).max().unwrap_or_default();
        // The padding is at least one segment.
        largest + MIN_SEGMENT
    }

    /// The first of them, padded to exactly that size.
    pub(super) fn padded(&self, bytes: usize) -> Outcome<Vec<u8>> {
        let padded = self.0.first().and_then(|jpeg| pad(jpeg, bytes));
        padded.ok_or_else(|| too_large(bytes))
    }

    /// The first of them in exactly that size, for programs that leave comments out: the padding is
    /// within the coded data, behind the last block, where decoders skip it.
    pub(super) fn padded_behind_its_blocks(&self, bytes: usize) -> Outcome<Vec<u8>> {
        let (Some(jpeg), true) = (self.0.first(), self.largest() <= bytes) else {
            return Err(too_large(bytes));
        };
        let coded = jpeg.len() - END_OF_IMAGE.len();
        let mut padded = jpeg[..coded].to_vec();
        // Zeros would be taken for padding behind the end, which is looked through byte by byte.
        padded.resize(bytes - END_OF_IMAGE.len(), 0x55);
        padded.extend(END_OF_IMAGE);
        Ok(padded)
    }

    /// Writes a film of them, each padded to exactly that size.
    pub(super) fn write(&self, path: &Path, bytes: usize) -> Outcome {
        let padded: Option<Vec<_>> = self.0.iter().map(|jpeg| pad(jpeg, bytes)).collect();
        let padded = padded.ok_or_else(|| too_large(bytes))?;
        fs::write(path, padded.concat()).context(path.display())
    }
}

fn too_large(bytes: usize) -> Failure {
    Failure::new(format!(
        "a picture of the pattern is larger than {bytes} bytes"
    ))
}

/// Cuts after each end-of-image marker. Its bytes occur nowhere else in a picture without a
/// thumbnail: in coded data every 0xff is followed by 0.
fn split(film: &[u8]) -> Vec<Vec<u8>> {
    let mut pictures = Vec::new();
    let mut start = 0;
    for (at, marker) in film.windows(2).enumerate() {
        if marker == END_OF_IMAGE {
            pictures.push(film[start..at + 2].to_vec());
            start = at + 2;
        }
    }
    pictures
}

const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// The picture with comment segments after its first marker, so that it has `bytes` bytes.
fn pad(jpeg: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let (start, rest) = jpeg.split_at_checked(2)?;
    let mut padded = start.to_vec();
    let mut missing = bytes.checked_sub(jpeg.len())?;
    while missing > 0 {
        // The rest must be 0 or the size of a whole segment.
        let part = match missing {
            ..=MAX_SEGMENT => missing,
            _ => MAX_SEGMENT - MIN_SEGMENT,
        };
        let length = u16::try_from(part.checked_sub(2)?)
            .ok()
            .filter(|length| *length >= 2)?;
        padded.extend([0xff, 0xfe]);
        padded.extend(length.to_be_bytes());
        padded.resize(padded.len() + part - MIN_SEGMENT, b' ');
        missing -= part;
    }
    padded.extend(rest);
    Some(padded)
}

/// Marker and length.
const MIN_SEGMENT: usize = 4;
const MAX_SEGMENT: usize = 2 + u16::MAX as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_picture_has_exactly_the_size_and_whole_segments() {
        let jpeg = [0xff, 0xd8, 0xff, 0xda, 7, 0xff, 0, 7, 0xff, 0xd9];
        for bytes in [14, 15, 40_000, 65_547, 65_548, 65_551, 150_000, 300_000] {
            let padded = pad(&jpeg, bytes).unwrap();
            assert_eq!(padded.len(), bytes);
            let mut at = 2;
            while padded[at..at + 2] == [0xff, 0xfe] {
                at += 2 + usize::from(u16::from_be_bytes([padded[at + 2], padded[at + 3]]));
            }
            assert_eq!(padded[at..], jpeg[2..], "{bytes}");
        }
        assert_eq!(pad(&jpeg, 9), None);
        assert_eq!(pad(&jpeg, 10).as_deref(), Some(&jpeg[..]));
    }

    #[test]
    fn a_film_is_cut_at_the_ends_of_its_pictures() {
        let film = [
            0xff, 0xd8, 1, 0xff, 0xd9, 0xff, 0xd8, 2, 0xff, 0, 0xff, 0xd9,
        ];
        assert_eq!(split(&film), [&film[..5], &film[5..]]);
    }
}
