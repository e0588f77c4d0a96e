//! How a thread waits for its camera, and how another thread ends that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

#[cfg(unix)]
use std::io::{PipeReader, PipeWriter};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(not(unix))]
use std::time::Duration;

use crate::{Camera, Wait};

/// Waits for a camera as long as its [`Hold`] lives.
#[derive(Debug)]
pub struct Waiter {
    released: Arc<AtomicBool>,
    /// Readable once the hold is dropped.
    #[cfg(unix)]
    end: PipeReader,
}

/// Exists as long as the camera is wanted. Dropping it ends every wait of its [`Waiter`], at once
/// on Unix.
#[derive(Debug)]
pub struct Hold {
    released: Arc<AtomicBool>,
    /// Nothing is written to it: closing it wakes the waiter.
    #[cfg(unix)]
    _end: PipeWriter,
}

/// How often a wait checks its hold, on systems where another thread can't wake it.
#[cfg(not(unix))]
const POLL: Duration = Duration::from_millis(50);

impl Waiter {
    /// A waiter and its hold.
    ///
    /// # Errors
    /// The process has no descriptors left.
    pub fn new() -> std::io::Result<(Hold, Self)> {
        let released = Arc::<AtomicBool>::default();
        #[cfg(unix)]
        let (end, kept) = std::io::pipe()?;
        let hold = Hold {
            released: released.clone(),
            #[cfg(unix)]
            _end: kept,
        };
        let waiter = Self {
            released,
            #[cfg(unix)]
            end,
        };
        Ok((hold, waiter))
    }

    /// Whether the hold still lives.
    pub fn is_held(&self) -> bool {
        !self.released.load(Ordering::Acquire)
    }

    /// Returns when the camera may have a picture, or when the hold is dropped. For one of
    /// [`Wait::Blocking`] it returns at once.
    #[cfg(unix)]
    pub fn wait(&self, camera: &dyn Camera) {
        let end = self.end.as_fd();
        match camera.wait() {
            Wait::Readable(device) => crate::sys::wait_for(Some(device), end, None),
            Wait::ReadableUntil(device, due) => {
                crate::sys::wait_for(Some(device), end, Some(due));
            }
            Wait::At(due) => crate::sys::wait_for(None, end, Some(due)),
            Wait::Blocking => {}
        }
    }

    /// Returns when that descriptor is readable or at its end, or when the hold is dropped.
    #[cfg(unix)]
    pub(crate) fn wait_for(&self, descriptor: BorrowedFd<'_>) {
        crate::sys::wait_for(Some(descriptor), self.end.as_fd(), None);
    }

    /// Waits until that time, or until the hold is dropped.
    #[cfg(unix)]
    pub fn wait_until(&self, due: Instant) {
        crate::sys::wait_for(None, self.end.as_fd(), Some(due));
    }

    /// Returns when the camera may have a picture, or soon after the hold is dropped. For one of
    /// [`Wait::Blocking`] it returns at once.
    #[cfg(not(unix))]
    pub fn wait(&self, camera: &dyn Camera) {
        match camera.wait() {
            Wait::At(due) => self.wait_until(due),
            Wait::Blocking => {}
            Wait::Never(never, _) => match never {},
        }
    }

    /// Waits until that time, or until soon after the hold is dropped.
    #[cfg(not(unix))]
    pub fn wait_until(&self, due: Instant) {
        while self.is_held() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(POLL));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.released.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{CaptureRequest, Source, open};

    #[test]
    fn a_wait_ends_when_a_picture_is_due_and_when_the_hold_is_dropped() {
        let request = CaptureRequest {
            source: Source::Pattern,
            fps: Some(1),
            ..CaptureRequest::default()
        };
        let mut camera = open(&request).unwrap();
        let (hold, waiter) = Waiter::new().unwrap();
        waiter.wait(&*camera);
        camera.newest(None).unwrap();
        assert!(waiter.is_held());
        // The next picture is due in a second, and this time never comes.
        let waiting = std::thread::spawn(move || {
            waiter.wait_until(Instant::now() + Duration::from_secs(3600));
            waiter
        });
        drop(hold);
        let waiter = waiting.join().unwrap();
        assert!(!waiter.is_held());
        waiter.wait(&*camera);
    }
}
