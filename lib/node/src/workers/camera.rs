//! The thread `camera`, which opens and closes cameras and reads those without a descriptor.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};

use transom_media::{Camera, CameraError, CaptureRequest, Frame, Slot, Wait};

use super::{Opening, Report, Reports, Workers};

/// What the camera thread is to do.
pub(super) enum CameraJob {
    Open(Opening, CaptureRequest),
    /// To close one may take as long as to open it: a device stops, a program ends.
    Close(Box<dyn Camera>),
}

impl Workers {
    /// Opens a camera on its thread, in place of any other one.
    pub(crate) fn open_camera(&mut self, request: CaptureRequest) -> Opening {
        let opening = Opening(self.last_opening.0.wrapping_add(1).max(1));
        self.last_opening = opening;
        self.camera_wanted.store(opening.0, Ordering::Release);
        self.camera_job(CameraJob::Open(opening, request));
        opening
    }

    /// Closes a camera on its thread; what is opened after it finds the device free.
    pub(crate) fn close_camera(&mut self, camera: Box<dyn Camera>) {
        self.camera_job(CameraJob::Close(camera));
    }

    fn camera_job(&mut self, job: CameraJob) {
        let sender = match self.camera.take() {
            Some(sender) => sender,
            None => {
                let (sender, jobs) = channel();
                let (running, ended) = channel();
                self.camera_ended = Some(ended);
                let (reports, frames, wanted) = (
                    self.reports.clone(),
                    self.frames.clone(),
                    self.camera_wanted.clone(),
                );
                self.start("camera", move || {
                    camera_thread(&jobs, &reports, &frames, &wanted);
                    drop(running);
                });
                sender
            }
        };
        // Without that thread a camera is closed here.
        self.camera = sender.send(job).is_ok().then_some(sender);
    }

    /// The last viewer has gone: a camera read on the thread is closed, one that is just opening
    /// will be.
    pub(crate) fn release_camera(&self) {
        self.camera_wanted.store(0, Ordering::Release);
    }
}

fn camera_thread(
    jobs: &Receiver<CameraJob>,
    reports: &Reports,
    frames: &Slot<Frame>,
    wanted: &AtomicU32,
) {
    for job in jobs {
        let (opening, request) = match job {
            CameraJob::Open(opening, request) => (opening, request),
            CameraJob::Close(camera) => {
                drop(camera);
                continue;
            }
        };
        let is_wanted = || wanted.load(Ordering::Acquire) == opening.0;
        if !is_wanted() {
            continue;
        }
        match transom_media::open(&request) {
            // Closed here, so that the device is free for the next opening.
            Ok(camera) if !is_wanted() => drop(camera),
            Ok(camera) if matches!(camera.wait(), Wait::Blocking) => {
                reports.send(Report::Blocking(opening, camera.format().clone()));
                let unusable = || reports.send(Report::Unusable(opening));
                if let Err(error) = read_blocking(camera, reports, frames, unusable, is_wanted) {
                    reports.send(Report::CameraFailed(opening, error));
                }
            }
            Ok(camera) => reports.send(Report::Opened(opening, camera)),
            Err(error) => reports.send(Report::CameraFailed(opening, error)),
        }
    }
}

fn read_blocking(
    mut camera: Box<dyn Camera>,
    reports: &Reports,
    frames: &Slot<Frame>,
    unusable: impl Fn(),
    is_wanted: impl Fn() -> bool,
) -> Result<(), CameraError> {
    while is_wanted() {
        let before = camera.format().dropped.bad();
        if let Some(frame) = camera.newest()? {
            frames.put(frame);
            reports.queue.wake();
        } else if camera.format().dropped.bad() > before {
            unusable();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use transom_media::Format;

    use super::*;
    use crate::handle::Queue;

    /// A camera read on its thread whose every second picture is damaged.
    #[derive(Default)]
    struct Halting(Format, u32);

    impl Camera for Halting {
        fn wait(&self) -> Wait<'_> {
            Wait::Blocking
        }

        fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
            self.1 += 1;
            self.0.dropped.damaged += u64::from(self.1 % 2);
            Ok(None)
        }

        fn format(&self) -> &Format {
            &self.0
        }
    }

    #[test]
    fn damaged_pictures_of_a_blocking_camera_are_reported() {
        let (sender, _inbox) = channel();
        let queue = Queue::new(|| ());
        let reports = Reports { sender, queue };
        let (turns, damaged) = (Cell::new(0), Cell::new(0));
        let unusable = || damaged.set(damaged.get() + 1);
        let is_wanted = || turns.replace(turns.get() + 1) < 10;
        let camera = Box::new(Halting::default());
        read_blocking(camera, &reports, &Slot::new(), unusable, is_wanted).unwrap();
        assert_eq!(damaged.get(), 5);
    }
}
