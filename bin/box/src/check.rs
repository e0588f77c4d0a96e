//! A look at each picture of a peer before it is written or handed on: others will open it.

use transom::RemotePicture;
use transom::media::probe;

use crate::format::count;

/// Counts what is left out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Check {
    wrong: u64,
}

impl Check {
    /// Whether it is a JPEG of a size that can be, and of the size its sender says. The data behind the header are the
    /// business of whoever decodes it.
    pub(crate) fn passes(&mut self, picture: &RemotePicture) -> bool {
        let is_right = probe(&picture.jpeg)
            .is_ok_and(|header| (header.width, header.height) == (picture.width, picture.height));
        self.wrong += u64::from(!is_right);
        is_right
    }

    /// What was left out, in words.
    pub(crate) fn words(&self) -> Option<String> {
        (self.wrong > 0).then(|| {
            format!(
                "{} left out: not JPEG, or not of the size announced",
                count(self.wrong, "picture")
            )
        })
    }
}
