//! The sources behind [`Camera`](crate::Camera), one file each. Devices are in the folder of their
//! system.

pub(crate) mod auto;
pub(crate) mod command;
pub(crate) mod device;
pub(crate) mod file;
#[cfg(unix)]
mod messages;
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

/// Makes a picture of a repaired JPEG, whose bytes are in `jpeg`, and counts the repair. `captured`
/// is `None` where the source has no timestamps.
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

/// The picture, scaled down if `encoder` wants it smaller. `None` without an encoder, for a frame
/// that is skipped, or where scaling fails, which is counted.
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

/// The error of opening a file or starting a program. `device` is its name as the user wrote it.
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

/// The shared bytes of a picture.
pub(crate) type Bytes = Arc<Vec<u8>>;
