//! The errors of cameras and of pictures, each with what the user can do about it. [`CameraError`]
//! is about the state of a camera, [`ImageError`] about bytes that are no usable picture.

use std::borrow::Cow;
use std::io;

/// Why a camera can't be used, or no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// The bus can't carry what was asked for.
    #[error(
        "{device}: no room on the USB bus; ask for a smaller size or fewer fps, or use another port"
    )]
    Bandwidth {
        /// The device.
        device: String,
    },
    /// Another program has it open.
    #[error("{device}: already in use{}; close the other program", held_by(.by))]
    Busy {
        /// The device.
        device: String,
        /// The program that has it open, if it is known.
        by: Option<String>,
    },
    /// This user may not open it.
    #[error("{device}: permission denied; add this user to the group `video` and log in again")]
    Denied {
        /// The device or file.
        device: String,
    },
    /// The system's camera driver refused a step.
    #[error("{device}: {step}: {why}")]
    Driver {
        /// The device.
        device: String,
        /// The step that failed.
        step: &'static str,
        /// The error of the driver.
        why: String,
    },
    /// The file, command or pipe came to its end.
    #[error("{source_name}: {how}")]
    Ended {
        /// The source.
        source_name: String,
        /// How it ended.
        how: String,
    },
    /// The kernel refused a step.
    #[error("{device}: {step}")]
    Io {
        /// The device or file.
        device: String,
        /// What was being done.
        step: &'static str,
        /// Why it failed.
        #[source]
        why: io::Error,
    },
    /// The driver does not answer.
    #[error("{device}: the driver has not answered for {seconds} s; unplug the camera, or restart")]
    Hangs {
        /// The device.
        device: String,
        /// How long it has not answered, in seconds.
        seconds: u64,
    },
    /// It was unplugged, or its driver was unloaded.
    #[error("{device}: the camera is gone; waiting until it is plugged in again")]
    Lost {
        /// The device.
        device: String,
    },
    /// None of its formats can be used.
    #[error("{device}: no usable picture format, it offers {offered}")]
    NoFormat {
        /// The device.
        device: String,
        /// The formats that it offers.
        offered: String,
    },
    /// No usable camera was found.
    #[error("no camera found{}; plug one in", in_parentheses(.looked))]
    NoneFound {
        /// Each device that was tried, and why it can't be used.
        looked: Vec<String>,
    },
    /// It exists, but is no camera.
    #[error("{device}: not a camera, {why}")]
    NotACamera {
        /// The device.
        device: String,
        /// What it is, and what to use in its place.
        why: String,
    },
    /// It doesn't exist.
    #[error("{device}: not found{hint}")]
    NotFound {
        /// The device, file or program.
        device: String,
        /// What to do, or nothing.
        hint: &'static str,
    },
    /// It sends bytes without a usable picture.
    #[error("{source_name}: {}", none_in(*bytes, fault))]
    NotPictures {
        /// The source.
        source_name: String,
        /// How many bytes were searched.
        bytes: u64,
        /// What was wrong with the last of them.
        fault: ImageError,
    },
    /// It is gone, and another camera is there in its place.
    #[error(
        "{device}: another camera is there now; waiting for {wanted}, or start again to use the \
         other one"
    )]
    Replaced {
        /// The name that was asked for.
        device: String,
        /// The camera that was used before.
        wanted: String,
    },
    /// It sends nothing, and reports no error.
    #[error("{device}: no picture for {seconds} s")]
    Stalled {
        /// The device.
        device: String,
        /// How long it has sent nothing, in seconds.
        seconds: u64,
    },
    /// This system has no such source.
    #[error("{source_name}: not available on this system")]
    Unsupported {
        /// The source.
        source_name: String,
    },
    /// The connection to a USB camera failed in a step.
    #[error(
        "{device}: its USB connection failed: {step}; use another cable or port, without a hub"
    )]
    Usb {
        /// The device.
        device: String,
        /// What was being done.
        step: &'static str,
        /// The error of the driver.
        #[source]
        why: io::Error,
    },
    /// It sends pictures, and none of them can be used.
    #[error("{device}: none of its pictures can be used: {fault}{}", fault.advice())]
    Unusable {
        /// The device.
        device: String,
        /// What is wrong with its last picture.
        fault: ImageError,
    },
}

impl CameraError {
    /// What is wrong, for viewers on other machines, in one of a few fixed sentences: paths,
    /// commands, serial numbers and the names of other programs are for the owner alone.
    pub fn for_viewers(&self) -> Cow<'static, str> {
        let fixed = match self {
            Self::Bandwidth { .. } => "there is no room on its USB bus",
            Self::Busy { .. } => "another program uses it",
            Self::Denied { .. } => "it may not be opened",
            Self::Driver { .. } => "its driver failed",
            Self::Ended { .. } => "its pictures came to an end",
            Self::Hangs { .. } => "its driver doesn't answer",
            Self::Io { .. } => "it can't be read",
            Self::Lost { .. } | Self::Replaced { .. } => "it was unplugged",
            Self::NoFormat { .. } => "it has no picture format that can be used",
            Self::NoneFound { .. } => "no camera was found",
            Self::NotACamera { .. } => "it is no camera",
            Self::NotFound { .. } => "it was not found",
            Self::Stalled { .. } => "it sends no pictures",
            Self::Unsupported { .. } => "its system can't use it",
            Self::Usb { .. } => "its USB connection failed",
            Self::NotPictures { bytes: 0, .. } => "it is empty",
            Self::NotPictures { fault, .. } | Self::Unusable { fault, .. } => {
                return format!("none of its pictures can be used: {}", fault.for_viewers()).into();
            }
        };
        fixed.into()
    }

    /// True if a reset of the USB device may help: the driver reports an error of the bus, as it
    /// does when the device or its link hangs.
    pub fn wants_reset(&self) -> bool {
        match self {
            Self::Usb { .. } => true,
            Self::Io { why, .. } => crate::source::device::wants_reset(why),
            _ => false,
        }
    }

    /// True if opening the camera again later may succeed without the user doing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            // A node that was just plugged in belongs to root until udev has looked at it.
            Self::Denied { .. }
            | Self::Busy { .. }
            | Self::Driver { .. }
            | Self::Hangs { .. }
            | Self::Io { .. }
            | Self::Lost { .. }
            | Self::NoneFound { .. }
            | Self::NotFound { .. }
            | Self::Replaced { .. }
            | Self::Stalled { .. }
            | Self::Usb { .. }
            | Self::Unusable { .. }
            | Self::Bandwidth { .. } => true,
            Self::Ended { .. }
            | Self::NoFormat { .. }
            | Self::NotACamera { .. }
            | Self::NotPictures { .. }
            | Self::Unsupported { .. } => false,
        }
    }
}

fn none_in(bytes: u64, fault: &ImageError) -> String {
    match bytes {
        0 => "it is empty; waiting until there are pictures in it".to_owned(),
        _ => format!(
            "no usable picture in {bytes} bytes: {fault}{}",
            fault.advice()
        ),
    }
}

fn held_by(by: &Option<String>) -> String {
    by.as_ref()
        .map(|name| format!(" by {name}"))
        .unwrap_or_default()
}

fn in_parentheses(looked: &[String]) -> String {
    if looked.is_empty() {
        String::new()
    } else {
        format!(" ({})", looked.join("; "))
    }
}

/// Why bytes are not a picture that we accept.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The decoder gave up.
    #[error("broken JPEG: {0}")]
    Broken(String),
    /// The encoder gave up.
    #[error("encode: {0}")]
    Encode(String),
    /// The driver marked it as damaged.
    #[error("the driver marks it as damaged")]
    Flagged,
    /// The bytes end within a segment, or before the picture data.
    #[error("the JPEG ends within its header")]
    Header,
    /// The bytes are of another format, named here.
    #[error("{0}, not JPEG")]
    OtherFormat(&'static str),
    /// It doesn't begin like a JPEG.
    #[error("not a JPEG")]
    NotJpeg,
    /// The JPEG codec panicked; see [`guard`](crate::guard).
    #[error("the codec failed on this picture")]
    Panicked,
    /// Fewer bytes of raw pixels than width and height need.
    #[error("{bytes} bytes of pixels where {needed} are needed")]
    Short {
        /// Bytes there.
        bytes: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// More pixels or bytes than allowed.
    #[error("{width}x{height} pixels are beyond the limit")]
    TooLarge {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// More bytes than a picture may have.
    #[error("a picture of {0} bytes is beyond the limit of {max}", max = crate::MAX_JPEG_BYTES)]
    TooLong(usize),
    /// It ends in the middle.
    #[error("the picture is cut short")]
    Truncated,
    /// A kind of JPEG that cameras don't make.
    #[error("{0} JPEG is not supported")]
    Unsupported(&'static str),
}

impl ImageError {
    /// What is wrong, for viewers on other machines, in fixed words.
    fn for_viewers(&self) -> Cow<'static, str> {
        let fixed = match self {
            Self::Broken(_) | Self::Header | Self::Short { .. } | Self::Truncated => {
                "they are damaged"
            }
            Self::Flagged => "its driver marks them as damaged",
            Self::Encode(_) | Self::Panicked => "they can't be encoded",
            Self::OtherFormat(name) => return format!("they are {name}, not JPEG").into(),
            Self::NotJpeg => "they are no JPEG",
            Self::TooLarge { .. } | Self::TooLong(_) => "they are too large",
            Self::Unsupported(_) => return self.to_string().into(),
        };
        fixed.into()
    }

    /// What the owner can do, as the end of a sentence.
    fn advice(&self) -> &'static str {
        match self {
            Self::Flagged | Self::Header | Self::Short { .. } | Self::Truncated => {
                "; try another cable or USB port, or a smaller --size"
            }
            Self::TooLarge { .. } | Self::TooLong(_) => "; ask for a smaller --size",
            Self::NotJpeg | Self::OtherFormat(_) | Self::Unsupported(_) => {
                "; make the source send baseline JPEG, as ffmpeg does with `-c:v mjpeg -f mjpeg`"
            }
            Self::Broken(_) | Self::Encode(_) | Self::Panicked => "",
        }
    }
}
