//! The [`Camera`] trait, and how a camera is opened. The sources are in `source` and in the folder
//! of each system.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::source;
use crate::{CameraError, CaptureRequest, Encoder, ImageError, Picture, Source};

/// A source of pictures, read by one thread.
///
/// 1. [`Camera::wait`] says what to wait for; [`Waiter`](crate::Waiter) waits until a frame may be
///    there.
/// 2. [`Camera::newest`] then makes a picture of the newest one and drops the older.
/// 3. An error ends it: drop the camera, and open it again later if [`CameraError::is_retryable`].
///
/// A camera that hangs returns no error: the caller needs a timeout of its own.
pub trait Camera: Send {
    /// How to learn that a frame may be there; ask again after every [`Camera::newest`].
    fn wait(&self) -> Wait<'_>;

    /// The picture of the newest frame, or `None` where there is none yet. Raw pixels are encoded
    /// straight from the memory of the driver; a JPEG picture is passed on unchanged if it fits the
    /// size of `encoder`. Without an encoder the waiting frames are dropped and no picture is made.
    ///
    /// Reads until the source would block; only a camera of [`Wait::Blocking`] blocks here. A frame
    /// that can't be used is no error: [`Format::counts`] counts it, and [`Format::fault`] says
    /// what was wrong with the last one.
    fn newest(&mut self, encoder: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError>;

    /// The format of its pictures and the counts of its frames so far.
    fn format(&self) -> &Format;

    /// The device node, of sources that have one.
    fn device(&self) -> Option<&Path> {
        None
    }
}

/// How to learn that a frame may be there.
#[derive(Debug)]
pub enum Wait<'a> {
    /// Poll this descriptor for reading.
    #[cfg(unix)]
    Readable(std::os::fd::BorrowedFd<'a>),
    /// Poll this descriptor for reading, and come back at this time if nothing is there before.
    #[cfg(unix)]
    ReadableUntil(std::os::fd::BorrowedFd<'a>, Instant),
    /// Come back at this time.
    At(Instant),
    /// Call [`Camera::newest`] on a thread that may block: it waits for the frame.
    Blocking,
    /// Never returned; uses the lifetime on systems without descriptors.
    #[doc(hidden)]
    #[cfg(not(unix))]
    Never(std::convert::Infallible, std::marker::PhantomData<&'a ()>),
}

/// Format and counts of a camera's pictures.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Format {
    /// For the owner: `MJPG 1280x720 30 fps of HD Webcam`. It may hold a path or a device's name.
    pub what: Arc<str>,
    /// Pixels across at full size, 0 while unknown.
    pub width: u16,
    /// Pixels down at full size, 0 while unknown.
    pub height: u16,
    /// Pictures a second as agreed with the device, 0 while unknown.
    pub fps: u32,
    /// Whether this program encodes every picture; otherwise the source sends JPEG.
    pub encodes: bool,
    /// Whether most frames are imperfect, and are shown all the same: marked as damaged by the
    /// driver, or cut short.
    pub shows_damaged: bool,
    /// Frames so far.
    pub counts: Counts,
    /// What was wrong with the last frame that could not be used.
    pub fault: Option<ImageError>,
}

impl Format {
    /// Counts a frame as bad that was counted as good: encoding it failed.
    pub(crate) fn take_back(&mut self, fault: ImageError) {
        self.counts.good = self.counts.good.saturating_sub(1);
        self.refuse(fault);
    }

    /// Counts a frame that can't be used.
    pub(crate) fn refuse(&mut self, fault: ImageError) {
        let counts = &mut self.counts;
        let count = match fault {
            ImageError::Flagged => &mut counts.damaged,
            ImageError::TooLarge { .. } | ImageError::TooLong(_) => &mut counts.too_large,
            _ => &mut counts.unusable,
        };
        *count += 1;
        log::debug!("{} unusable=\"{fault}\"", self.what);
        self.fault = Some(fault);
    }
}

/// Frames of a camera, by what became of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Usable, also without a viewer who wanted the picture.
    pub good: u64,
    /// Usable, but a newer frame was already there.
    pub stale: u64,
    /// Marked as damaged by the driver.
    pub damaged: u64,
    /// Not a usable picture.
    pub unusable: u64,
    /// More bytes or more pixels than a picture may have.
    pub too_large: u64,
    /// Never received: gaps in the sequence numbers of the camera, which it or the bus skipped.
    pub skipped: u64,
    /// Of the good frames: passed on after an end marker or Huffman tables were added.
    pub mended: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.good += more.good;
        self.stale += more.stale;
        self.damaged += more.damaged;
        self.unusable += more.unusable;
        self.too_large += more.too_large;
        self.skipped += more.skipped;
        self.mended += more.mended;
    }
}

impl Counts {
    /// The frames since `before`, an earlier count of the same camera.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            good: self.good.saturating_sub(before.good),
            stale: self.stale.saturating_sub(before.stale),
            damaged: self.damaged.saturating_sub(before.damaged),
            unusable: self.unusable.saturating_sub(before.unusable),
            too_large: self.too_large.saturating_sub(before.too_large),
            skipped: self.skipped.saturating_sub(before.skipped),
            mended: self.mended.saturating_sub(before.mended),
        }
    }

    /// Frames that came, usable or not.
    pub fn came(&self) -> u64 {
        self.good + self.bad()
    }

    /// Frames that came and could not be used.
    pub fn bad(&self) -> u64 {
        self.damaged + self.unusable + self.too_large
    }

    /// Frames that were damaged, unusable, repaired or never received: the fault of the camera or
    /// of its cable.
    pub fn imperfect(&self) -> u64 {
        self.bad() + self.mended + self.skipped
    }

    /// Frames lost in all.
    pub fn lost(&self) -> u64 {
        self.bad() + self.stale + self.skipped
    }
}

/// The counts in words, those of 0 left out.
impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} good frames", self.good)?;
        for (count, what) in [
            (self.mended, "of these repaired"),
            (self.stale, "of these replaced by newer ones"),
            (self.damaged, "marked as damaged by the driver"),
            (self.unusable, "that can't be used"),
            (self.too_large, "too large"),
            (self.skipped, "skipped by the camera"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// Starts to read standard input, if that is the source, and returns at once. Pictures are dropped
/// until a camera is opened, so that it shows the present and not what a full pipe held back. Other
/// sources need no preparation.
pub fn prepare(request: &CaptureRequest) {
    if request.source == Source::Stdin
        && let Err(error) = source::stdin::prepare()
    {
        // Opening the camera fails in the same way, and that error reaches the viewers.
        log::warn!("{error}");
    }
}

/// Opens the source that the request names. May take seconds: call it on a thread that may block.
/// Dropping a camera may take a second, because the program of [`Source::Command`] and
/// [`Source::Pi`] is ended first.
pub fn open(request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
    match &request.source {
        Source::Auto => source::auto::open(request, None),
        Source::Command(command) => source::command::open(command),
        Source::Device(path) => source::device::open(path, request),
        Source::File(path) => Ok(Box::new(source::file::FileCamera::open(path, request)?)),
        Source::Pattern => Ok(Box::new(source::pattern::PatternCamera::new(request)?)),
        Source::Pi => source::pi::open(request),
        Source::Stdin => source::stdin::open(request),
    }
}
