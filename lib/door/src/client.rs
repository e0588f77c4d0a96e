//! How a client wants its stream, guessed from what it says of itself.

use std::num::NonZeroU32;

use crate::request::{Request, Version};
use crate::route::parameter;

/// How the parts of a stream are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct StreamFormat {
    /// Each part's head goes out behind the picture before, and has no length.
    ///
    /// Chromium and WebKit paint a part in `<img>` when the head of the next is complete, so
    /// without this they are one picture late (crbug.com/527446). Other clients need the length.
    pub(crate) early_heads: bool,
    /// The stream is called a file of bytes.
    ///
    /// WebKit hands no multipart body to `fetch`; scripts that take it apart themselves work.
    pub(crate) is_raw: bool,
    /// Pictures a second, at most.
    pub(crate) fps: Option<NonZeroU32>,
}

/// A rate that was asked for is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("fps takes a whole number of pictures a second, such as fps=5")]
pub(crate) struct InvalidFps;

impl StreamFormat {
    pub(crate) fn of(request: &Request) -> Result<Self, InvalidFps> {
        let agent = |product: &str| request.user_agent.contains(product);
        let is_modern = request.version == Version::Http11;
        // Only an image element asks for images first.
        let is_image = is_modern && request.accept.starts_with("image/");
        let is_fetch_of_safari =
            request.accept == "*/*" && agent("Safari/") && !agent("Chrome/") && is_modern;
        let fps = match parameter(&request.query, "fps") {
            Some(fps) => NonZeroU32::new(fps.parse().map_err(|_| InvalidFps)?),
            None => None,
        };
        Ok(Self {
            early_heads: flag(request, "advance_headers")
                .unwrap_or(is_image && agent("AppleWebKit/")),
            is_raw: flag(request, "raw").unwrap_or(is_fetch_of_safari),
            fps,
        })
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self.is_raw {
            true => "application/octet-stream",
            // Unquoted and last, because Fluidd takes all that follows as the boundary.
            false => "multipart/x-mixed-replace; boundary=transomframe",
        }
    }
}

fn flag(request: &Request, key: &str) -> Option<bool> {
    match parameter(&request.query, key)?.as_str() {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}
