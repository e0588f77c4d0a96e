//! Checks the header of each picture of a peer before it is written or piped on, because other
//! programs will open it. The picture data behind the header is not checked.

use transom::media::probe;

use crate::format::count;

/// Counts the pictures that were left out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Check {
    wrong: u64,
}

impl Check {
    /// Whether it is a JPEG of an allowed size, which is also the size that its sender announced.
    pub(crate) fn passes(&mut self, jpeg: &[u8], announced: (u16, u16)) -> bool {
        let is_right = probe(jpeg).is_ok_and(|header| (header.width, header.height) == announced);
        self.wrong += u64::from(!is_right);
        is_right
    }

    /// The pictures left out, in words.
    pub(crate) fn words(&self) -> Option<String> {
        (self.wrong > 0).then(|| {
            format!(
                "{} left out: not JPEG, or not of the size announced",
                count(self.wrong, "picture")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transom::media::{CaptureRequest, Encoder, Source, open};

    #[test]
    fn only_jpeg_of_the_size_announced_passes_and_the_rest_is_counted() {
        let request = CaptureRequest {
            source: Source::Pattern,
            size: Some((64, 48)),
            ..CaptureRequest::default()
        };
        let mut camera = open(&request).unwrap();
        let mut encoder = Encoder::new(80, None);
        let picture = camera.newest(Some(&mut encoder)).unwrap();
        let picture = picture.expect("the first picture is due at once");
        let mut check = Check::default();
        assert!(check.passes(&picture.jpeg, (64, 48)));
        assert_eq!(check.words(), None);
        assert!(!check.passes(&picture.jpeg, (640, 480)));
        assert!(!check.passes(&picture.jpeg[..10], (64, 48)));
        assert!(!check.passes(b"#!/bin/sh\nexit", (64, 48)));
        let words = check.words().unwrap();
        assert!(words.starts_with("3 pictures left out"), "{words}");
    }
}
