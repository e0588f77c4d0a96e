//! The sources behind [`Camera`](crate::Camera), one file each. Those of a device live in the
//! folder of their system.

pub(crate) mod auto;
pub(crate) mod command;
pub(crate) mod device;
pub(crate) mod file;
mod pace;
pub(crate) mod pattern;
pub(crate) mod pi;
mod pipe;
#[cfg(unix)]
mod process_group;
#[cfg(not(unix))]
#[path = "process_alone.rs"]
mod process_group;
pub(crate) mod stdin;
mod stream;

use std::sync::Arc;
use std::time::Instant;

use crate::jpeg::repair::Mended;
use crate::{Encoder, Format, Frame, Picture};

/// The picture of a JPEG that was looked at, as its bytes are in `jpeg`; counts what had to be
/// mended. `captured` is `None` where the source tells no time.
pub(crate) fn picture(
    mended: &Mended<'_>,
    jpeg: Bytes,
    format: &mut Format,
    sequence: u32,
    captured: Option<Instant>,
) -> Picture {
    let header = mended.header;
    if mended.added_end || mended.added_tables {
        format.counts.mended += 1;
    }
    (format.width, format.height) = (header.width, header.height);
    let acquired = Instant::now();
    Picture {
        jpeg,
        width: header.width,
        height: header.height,
        orientation: header.orientation,
        sequence,
        captured: captured.unwrap_or(acquired),
        acquired,
        ready: acquired,
    }
}

/// The picture as the encoder is to give it; none where none is wanted, or where it fails.
pub(crate) fn fitted(
    picture: Picture,
    encoder: Option<&mut Encoder>,
    format: &mut Format,
) -> Option<Picture> {
    let encoder = encoder.filter(|encoder| encoder.wants(picture.captured))?;
    match encoder.encode(Frame::Jpeg(picture)) {
        Ok(picture) => Some(picture),
        Err(fault) => {
            format.take_back(fault);
            None
        }
    }
}

/// Where an error names a file or program the way the user wrote it.
pub(crate) fn opening(device: &str, hint: &'static str, why: std::io::Error) -> crate::CameraError {
    use std::io::ErrorKind;
    let device = device.to_owned();
    match why.kind() {
        ErrorKind::NotFound => crate::CameraError::NotFound { device, hint },
        _ => crate::CameraError::Io {
            device,
            step: "open",
            why,
        },
    }
}

/// Pictures that are the same as long as nobody changes them.
pub(crate) type Bytes = Arc<Vec<u8>>;
