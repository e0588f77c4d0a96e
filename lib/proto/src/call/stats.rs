//! Statistics of a camera in calls (wire 5.1).

use transom_wire::{CameraStats, Message, WantStats};

use super::{Calls, Phase, expect};
use crate::send::Output;
use crate::{CallEvent, CallId, PeerError, UsageError};

impl Calls {
    pub(crate) fn want_stats(
        &mut self,
        id: CallId,
        on: bool,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        if !self.live(id, "want_stats")?.shows {
            return Err(UsageError::NotNow { verb: "want_stats" });
        }
        output.room("wishes for statistics")?;
        output.send(id.0, &Message::WantStats(WantStats { on }));
        Ok(())
    }

    pub(crate) fn camera_stats(
        &mut self,
        id: CallId,
        stats: CameraStats,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        if !self.live(id, "camera_stats")?.sends {
            return Err(UsageError::NotNow {
                verb: "camera_stats",
            });
        }
        output.room("statistics")?;
        output.send(id.0, &Message::CameraStats(stats));
        Ok(())
    }

    pub(crate) fn handle_want_stats(
        &mut self,
        stream: u16,
        WantStats { on }: WantStats,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(call) = self.open.get(&stream) else {
            return Ok(());
        };
        expect(
            call.phase == Phase::Live && call.sends,
            "a wish for statistics of no camera",
        )?;
        output.emit_call(CallId(stream), CallEvent::WantStats { on });
        Ok(())
    }

    pub(crate) fn handle_camera_stats(
        &mut self,
        stream: u16,
        stats: CameraStats,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(call) = self.open.get(&stream) else {
            return Ok(());
        };
        expect(
            call.phase == Phase::Live && call.shows,
            "statistics of no camera",
        )?;
        output.emit_call(CallId(stream), CallEvent::CameraStats(stats));
        Ok(())
    }
}
