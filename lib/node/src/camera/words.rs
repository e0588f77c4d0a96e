//! What is said of the camera. Its owner may read paths and names; who views it from another
//! machine is told a kind and a size, or one of a few fixed sentences. Nothing but numbers and
//! fixed sentences gets into the words for viewers here, and nobody else makes any.

use transom_media::{CameraError, Format, Picture, Source};

use super::supervisor::Trouble;

/// One state of the camera in words; empty where the state says it all.
#[derive(Debug, Default)]
pub(super) struct Words {
    owner: String,
    viewers: String,
}

impl Words {
    /// It gives pictures like this one.
    pub(super) fn live(format: &Format, source: &Source, picture: &Picture) -> Self {
        let size = format!("{}x{}", picture.width, picture.height);
        let (what, kind) = (&format.what, source.kind());
        let owner = match source {
            // What is said of these was said before anything came.
            Source::Command(_) | Source::Stdin => format!("{size} of {what}"),
            Source::File(_) => format!("{size} {what}"),
            _ => what.to_string(),
        };
        let is_made_smaller =
            !format.encodes && (picture.width, picture.height) != (format.width, format.height);
        let owner = match is_made_smaller {
            true => format!(
                "{owner}; made smaller here, to {size}: each picture is decoded and encoded again, \
                 this one in {} ms",
                picture
                    .ready
                    .saturating_duration_since(picture.acquired)
                    .as_millis()
            ),
            false => owner,
        };
        let viewers = match format.fps {
            0 => format!("{size}, from {kind}"),
            fps => format!("{size}, {fps} fps, from {kind}"),
        };
        Self { owner, viewers }
    }

    /// It gives none, and why.
    pub(super) fn lost(error: &CameraError) -> Self {
        // With what the system says behind it.
        let owner = match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        Self {
            owner,
            viewers: error.for_viewers().into_owned(),
        }
    }

    /// It tells no error, and yet something is wrong.
    pub(super) fn of(trouble: Trouble, format: &Format, source: String) -> Self {
        let device = match &*format.what {
            "" => source,
            what => what.to_owned(),
        };
        match trouble {
            Trouble::Silent(silence) => Self::lost(&CameraError::Stalled {
                device,
                seconds: silence.as_secs(),
            }),
            Trouble::Hangs(patience) => Self::lost(&CameraError::Hangs {
                device,
                seconds: patience.as_secs(),
            }),
            Trouble::Unusable(fault) => Self::lost(&CameraError::Unusable { device, fault }),
        }
    }

    /// For the owner, who may read all.
    pub(super) fn for_owner(&self) -> &str {
        &self.owner
    }

    /// For people on other machines.
    pub(super) fn for_viewers(&self) -> &str {
        &self.viewers
    }
}
