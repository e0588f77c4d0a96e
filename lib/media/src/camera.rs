//! The camera as a thread sees it, and how one is opened. What stands behind it is the business of
//! `source` and of each system's folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::source;
use crate::{CameraError, CaptureRequest, Encoder, ImageError, Picture, Source};

/// A source of pictures, read by one thread.
///
/// 1. [`Camera::wait`] tells when a frame may be there; [`Waiter`](crate::Waiter) waits for it.
/// 2. [`Camera::newest`] then makes a picture of the newest one and drops the older.
/// 3. An error ends it: drop the camera, and open it again later if [`CameraError::is_retryable`].
///
/// A camera that hangs gives no error: how long it may be silent is the caller's business.
pub trait Camera: Send {
    /// How to learn that a frame may be there; ask again after every [`Camera::newest`].
    fn wait(&self) -> Wait<'_>;

    /// The picture of the newest frame, or `None` where there is none yet. Pixels are encoded where
    /// they lie, in the memory of the driver; a JPEG picture passes as it is if it fits the size of
    /// `encoder`. Without an encoder no picture is made, and what there is is dropped.
    ///
    /// Reads until the source would block; only a camera of [`Wait::Blocking`] blocks here. A frame
    /// that can't be used is no error: [`Format::counts`] counts it, and [`Format::fault`] says
    /// what was wrong with the last one.
    fn newest(&mut self, encoder: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError>;

    /// What it gives, as known by now.
    fn format(&self) -> &Format;

    /// The node of its device, where it has one.
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
    /// Call [`Camera::newest`] on a thread of its own, it waits there.
    Blocking,
    /// Never given; ties the lifetime where there are no descriptors.
    #[doc(hidden)]
    #[cfg(not(unix))]
    Never(std::convert::Infallible, std::marker::PhantomData<&'a ()>),
}

/// What a camera gives.
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
    /// Whether every picture is encoded here; otherwise JPEG pictures come from outside.
    pub encodes: bool,
    /// What came so far.
    pub counts: Counts,
    /// What was wrong with the last frame that could not be used.
    pub fault: Option<ImageError>,
}

impl Format {
    /// Counts a frame that was counted as good, and can't be used after all.
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

/// Frames that came, by what became of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Could be used, also where nobody wanted a picture of it.
    pub good: u64,
    /// Could be used, but a newer one was there already.
    pub stale: u64,
    /// The driver marked it as damaged.
    pub damaged: u64,
    /// It was no picture that can be used.
    pub unusable: u64,
    /// More bytes or more pixels than a picture may have.
    pub too_large: u64,
    /// Skipped by the camera or the bus, as the gaps in its own count tell; it never came.
    pub skipped: u64,
    /// Of the good ones: passed on after its end or its tables were added.
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
    /// What came after `before`, an earlier count of the same camera.
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

    /// Frames that came damaged, that could not be used, or that never came: the camera's doing,
    /// and that of its cable.
    pub fn imperfect(&self) -> u64 {
        self.bad() + self.mended + self.skipped
    }

    /// Frames lost in all.
    pub fn lost(&self) -> u64 {
        self.bad() + self.stale + self.skipped
    }
}

/// What came and what became of it, without what did not happen.
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

/// Starts what must run before a camera is opened, and returns at once. Standard input is read from
/// here on and pictures that nobody takes are dropped, so that a camera that is opened later shows
/// the present. Other sources need no preparation.
pub fn prepare(request: &CaptureRequest) {
    if request.source == Source::Stdin
        && let Err(error) = source::stdin::prepare()
    {
        // Opening it fails in the same way, and then a viewer is told.
        log::warn!("{error}");
    }
}

/// Opens what the request asks for. May take seconds: call it on a thread that may block. Dropping
/// a camera may take a second, as a program that is one is ended.
pub fn open(request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
    match &request.source {
        Source::Auto => source::auto::open(request),
        Source::Command(command) => source::command::open(command),
        Source::Device(path) => source::device::open(path, request),
        Source::File(path) => Ok(Box::new(source::file::FileCamera::open(path, request)?)),
        Source::Pattern => Ok(Box::new(source::pattern::PatternCamera::new(request)?)),
        Source::Pi => source::pi::open(request),
        Source::Stdin => source::stdin::open(request),
    }
}
