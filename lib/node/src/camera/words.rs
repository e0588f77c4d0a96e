//! What is said of the camera. Its owner may read paths and names; who views it from another
//! machine is told a kind and a size, or one of a few fixed sentences. Nothing but numbers and
//! fixed sentences gets into the words for viewers here, and nobody else makes any.

use transom_media::{CameraError, CaptureRequest, Format, Picture, Source};

use super::supervisor::Trouble;

/// One state of the camera in words; empty where the state says it all.
#[derive(Debug, Default)]
pub(super) struct Words {
    owner: String,
    viewers: String,
}

impl Words {
    /// It gives pictures like this one.
    pub(super) fn live(format: &Format, request: &CaptureRequest, picture: &Picture) -> Self {
        let size = format!("{}x{}", picture.width, picture.height);
        let (what, kind) = (&format.what, request.source.kind());
        let owner = match request.source {
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
        let owner = owner + &unmet(format, request) + damaged(format);
        let fps = request.fps.map_or(format.fps, |fps| fps.min(format.fps));
        let viewers = match fps {
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

/// What the owner asked for and the camera does not have.
fn unmet(format: &Format, request: &CaptureRequest) -> String {
    let mut words = String::new();
    if let Some((width, height)) = request.size
        && (width > format.width && height > format.height)
        && format.width > 0
    {
        words += &format!("; it has no {width}x{height}, the size that was asked for");
    }
    match request.fps {
        Some(fps) if format.fps > fps => {
            words += &format!("; {fps} of these frames a second are passed on, as asked for");
        }
        Some(fps) if format.fps > 0 && format.fps < fps => {
            words += &format!("; it has no {fps} fps at this size, the rate that was asked for");
        }
        _ => {}
    }
    words
}

fn damaged(format: &Format) -> &'static str {
    match format.shows_damaged {
        true => {
            "; most of its frames are damaged and are shown all the same: try another cable or \
             USB port"
        }
        false => "",
    }
}
