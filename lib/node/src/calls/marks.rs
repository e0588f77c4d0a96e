//! What the far side says over and over of a call: how its camera is, and whether it records. The newest word counts, and
//! one that comes too fast waits for its time.

use std::time::Instant;

use transom_wire::Lens;

use super::call::Call;
use crate::notice::Notice;
use crate::outside::Outside;

/// What was said and not told yet.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) camera: Option<(Lens, String)>,
    pub(super) recording: Option<bool>,
}

impl Marks {
    fn is_empty(&self) -> bool {
        self.camera.is_none() && self.recording.is_none()
    }
}

impl Call {
    /// When there is something to tell of it.
    pub(super) fn marks_due(&self, now: Instant, out: &Outside) -> Option<Instant> {
        (!self.marks.is_empty()).then(|| out.paces.next(self.key.0, now))
    }

    /// The far side says whether it records. After a lost connection it says so anew, also that it
    /// still does not.
    pub(super) fn mark_far_recording(&mut self, on: bool) {
        self.marks.recording = (on || self.far_records).then_some(on);
    }

    /// Tells what waits, if the peer is at its pace.
    pub(super) fn tell_marks(&mut self, now: Instant, out: &mut Outside) {
        let peer = self.peer;
        if self.marks.camera.is_some()
            && out.paces.take(self.key.0, now)
            && let Some((lens, text)) = self.marks.camera.take()
        {
            out.tell(Notice::FarCamera { peer, lens, text });
        }
        if self.marks.recording.is_some()
            && out.paces.take(self.key.0, now)
            && let Some(on) = self.marks.recording.take()
        {
            self.far_records = on;
            out.tell(Notice::FarRecording { peer, on });
        }
    }
}
