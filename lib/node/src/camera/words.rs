//! What is said of the camera. Its owner may read paths and names; who views it from another
//! machine is told a kind and a size, or one of a few fixed sentences. Nothing but numbers and
//! `&'static str` gets into the words for viewers here, and nobody else makes any.

use transom_media::{CameraError, Format, Picture, Source};

/// What is wrong with a picture that its source refused.
pub(super) const REFUSED: &str = "they are damaged, or no baseline JPEG";

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
        let owner = match (format.width, format.fps) {
            // A program, or a file, of which nothing was known before.
            (0, 0) => format!("{size} of {what}"),
            (0, _) => format!("{size} {what}"),
            _ => what.clone(),
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
        Self::new(owner, error.for_viewers())
    }

    /// The system can't wait for it.
    pub(super) fn unpollable(error: &std::io::Error) -> Self {
        let owner = format!("it can't be waited for ({error}); give it a pipe or a file");
        Self::new(owner, "it can't be read")
    }

    /// None of its pictures could be used.
    pub(super) fn unusable(why: &str) -> Self {
        let all = CameraError::UNUSABLE;
        Self::new(format!("{all}: {why}"), all)
    }

    /// For the owner, who may read all.
    pub(super) fn for_owner(&self) -> &str {
        &self.owner
    }

    /// For people on other machines.
    pub(super) fn for_viewers(&self) -> &str {
        &self.viewers
    }

    fn new(owner: String, viewers: &'static str) -> Self {
        Self {
            owner,
            viewers: viewers.to_owned(),
        }
    }
}
