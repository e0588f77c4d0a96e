//! What the far side says over and over of a call: how its camera is and what it did, and whether
//! the far side records. The newest word counts, and one that comes too fast waits for its time.

use std::time::Instant;

use transom_wire::{CameraState, CameraStats};

use super::call::Call;
use crate::camera::FarCameraStats;
use crate::context::Context;
use crate::notice::Notice;

/// What was said and not told yet.
#[derive(Debug, Default)]
pub(super) struct PendingReports {
    pub(super) camera: Option<(CameraState, String)>,
    pub(super) recording: Option<bool>,
    pub(super) stats: Option<CameraStats>,
}

impl PendingReports {
    fn is_empty(&self) -> bool {
        self.camera.is_none() && self.recording.is_none() && self.stats.is_none()
    }
}

impl Call {
    /// When there is something to tell of it.
    pub(super) fn reports_due(&self, now: Instant, out: &Context) -> Option<Instant> {
        (!self.marks.is_empty()).then(|| out.paces.next(self.key.0, now))
    }

    /// The far side says whether it records. After a lost connection it says so anew, also that it
    /// still does not.
    pub(super) fn mark_far_recording(&mut self, on: bool) {
        self.marks.recording = (on || self.far_records).then_some(on);
    }

    /// Tells what waits, if the peer is at its pace.
    pub(super) fn tell_reports(&mut self, now: Instant, out: &mut Context) {
        let peer = self.peer;
        if self.marks.camera.is_some()
            && out.paces.take(self.key.0, now)
            && let Some((state, text)) = self.marks.camera.take()
        {
            self.far_camera = Some((state, text.clone()));
            if self.for_door {
                out.tell_far_camera(peer, state, &text);
            }
            if self.is_told {
                out.notify(Notice::FarCamera { peer, state, text });
            }
        }
        if self.marks.recording.is_some()
            && out.paces.take(self.key.0, now)
            && let Some(on) = self.marks.recording.take()
        {
            self.far_records = on;
            if self.is_told {
                out.notify(Notice::FarRecording { peer, on });
            }
        }
        if self.marks.stats.is_some()
            && out.paces.take(self.key.0, now)
            && let Some(stats) = self.marks.stats.take()
        {
            let stats = Box::new(FarCameraStats::of_wire(&stats));
            if self.is_told {
                out.notify(Notice::FarCameraStats { peer, stats });
            }
        }
    }
}
