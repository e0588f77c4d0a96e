//! The camera as the loop sees it, and how one is opened. What stands behind it is the business of
//! `source` and of each system's folder.

use std::time::Instant;

use crate::source;
use crate::{CameraError, CaptureRequest, Frame, Source};

/// A source of frames, driven by somebody else's loop.
///
/// 1. [`Camera::wait`] tells when a frame may be there.
/// 2. [`Camera::newest`] then gives the newest one and drops the older.
/// 3. An error ends it: drop the camera, and open it again later if [`CameraError::is_retryable`].
pub trait Camera: Send {
    /// How to learn that a frame may be there; ask again after every [`Camera::newest`].
    fn wait(&self) -> Wait<'_>;

    /// The newest frame, or `None` where there is none yet. Reads until the source would block, so
    /// that an edge-triggered poll works; only a camera of [`Wait::Blocking`] blocks here.
    fn newest(&mut self) -> Result<Option<Frame>, CameraError>;

    /// When to call [`Camera::newest`] though nothing woke the loop: it then tells whether the
    /// camera hangs.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// What it gives, as known by now.
    fn format(&self) -> &Format;

    /// Makes pictures of that JPEG quality and within that size from now on, where the source
    /// encodes them itself; `None` is its full size. Returns false where pictures come from outside
    /// and pass as they are.
    fn encode_as(&mut self, _quality: u8, _size: Option<(u16, u16)>) -> bool {
        false
    }
}

/// How to learn that a frame may be there.
#[derive(Debug)]
pub enum Wait<'a> {
    /// Poll this descriptor for reading.
    #[cfg(unix)]
    Readable(std::os::fd::BorrowedFd<'a>),
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
    pub what: String,
    /// Pixels across, 0 while unknown.
    pub width: u16,
    /// Pixels down, 0 while unknown.
    pub height: u16,
    /// Pictures a second as agreed with the device, 0 while unknown.
    pub fps: u32,
    /// What was not passed on, and why.
    pub dropped: Dropped,
}

/// Frames that were not passed on, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Dropped {
    /// A newer one was there already.
    pub stale: u64,
    /// The driver marked it as damaged.
    pub damaged: u64,
    /// It was no JPEG that can be used.
    pub unusable: u64,
    /// The camera or the bus skipped it: gaps in its own count.
    pub skipped: u64,
    /// Passed on after its end or its tables were added; counted, not dropped.
    pub mended: u64,
}

impl Dropped {
    /// Frames that came and could not be used.
    pub fn bad(&self) -> u64 {
        self.damaged + self.unusable
    }

    /// Frames lost in all.
    pub fn total(&self) -> u64 {
        self.stale + self.damaged + self.unusable + self.skipped
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
