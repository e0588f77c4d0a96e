//! What goes from the camera to each onlooker: pictures, how the camera is, and in which quality
//! the onlooker gets it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use transom_media::Picture;
use transom_proto::UsageError;
use transom_wire::{CameraState, Codec, Orientation, PictureHead};

use super::{OwnCamera, ViewerId};
use crate::calls::{Calls, Onlooker};
use crate::context::Context;
use crate::latency::MAX_AGE;
use crate::notice::Notice;
use crate::quality::{Quality, SendResult};

/// What an onlooker was told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Told {
    /// The number of the camera's state; 0 for one that it is not shown.
    change: u32,
    is_shown: bool,
    /// How it gets our pictures, once that was less than full.
    quality: Option<Quality>,
}

impl OwnCamera {
    /// Tells each onlooker how the camera is for it, and the owner how a viewer gets its pictures.
    pub(super) fn tell_onlookers(&mut self, now: Instant, calls: &Calls, out: &mut Context) {
        let mut told = BTreeMap::new();
        for onlooker in calls.onlookers() {
            let id = (onlooker.link, onlooker.call);
            let before = self.told.get(&id).copied();
            let state = self.state_for(&onlooker, now);
            if before != Some(state) {
                let (camera_state, words) = self.words_for(state);
                let said = out.with(onlooker.link, |session| {
                    session.camera_state(onlooker.call, camera_state, &words)
                });
                if !matches!(said, Some(Ok(()))) {
                    // Its queue is full, or it is about to go: said in a later turn.
                    told.extend(before.map(|before| (id, before)));
                    continue;
                }
            }
            if let Some(quality) = state.quality
                && before.is_none_or(|before| before.quality != state.quality)
            {
                let peer = onlooker.peer;
                out.notify(Notice::Quality { peer, quality });
            }
            let is_new = state.is_shown && before.is_none_or(|before| !before.is_shown);
            if is_new && self.camera_state != CameraState::Live {
                self.send_last(id, out);
            }
            told.insert(id, state);
        }
        self.viewers
            .retain(|id| told.get(&id).is_some_and(|told: &Told| told.is_shown));
        self.told = told;
    }

    /// What an onlooker is to know. One that is not shown the camera hears of none of its changes.
    fn state_for(&mut self, onlooker: &Onlooker, now: Instant) -> Told {
        let is_shown = onlooker.is_shown;
        let is_live = is_shown && self.camera_state == CameraState::Live;
        let id = (onlooker.link, onlooker.call);
        Told {
            change: if is_shown { self.changes } else { 0 },
            is_shown,
            quality: is_live.then(|| self.viewers.told(id, now)).flatten(),
        }
    }

    fn words_for(&self, state: Told) -> (CameraState, String) {
        match state.quality.filter(|quality| quality.bottleneck.is_some()) {
            Some(quality) => (CameraState::Reduced, quality.to_string()),
            None if state.is_shown => (self.camera_state, self.words.for_viewers().to_owned()),
            None => (CameraState::Off, String::new()),
        }
    }

    /// Gives a viewer who comes while the camera is not live the last picture of it, which tells
    /// its age.
    fn send_last(&self, (link, call): ViewerId, out: &mut Context) {
        let Some(picture) = &self.last else {
            return;
        };
        let (head, bytes) = (head(picture, out), picture.jpeg.clone());
        let sent = out.with(link, |session| {
            session.send_picture(call, transom_proto::Picture { head, bytes })
        });
        if let Some(Err(error)) = sent {
            log::debug!("the last picture can't be sent: {error}");
        }
    }

    /// Gives a picture to the session of every viewer whose turn it is.
    pub(super) fn send(&mut self, picture: &Picture, calls: &Calls, out: &mut Context) {
        let head = head(picture, out);
        let (moment, files) = (out.net.now(), self.files_move);
        let now = out.net.instant(moment);
        for (link, call) in calls.viewers() {
            if !self.viewers.wants((link, call), picture.captured) {
                if let Some(statistics) = &mut self.statistics {
                    statistics.left_out(link);
                }
                continue;
            }
            let bytes = picture.jpeg.clone();
            let sent = out.with(link, |session| {
                let before = session.stats(moment);
                session.send_picture(call, transom_proto::Picture { head, bytes })?;
                let after = session.stats(moment);
                Ok::<_, UsageError>(SendResult {
                    before,
                    after,
                    files,
                })
            });
            match sent {
                Some(Ok(outcome)) => {
                    let id = (link, call);
                    if let Some(statistics) = &mut self.statistics {
                        statistics.sent(link, &outcome.before, now);
                    }
                    (self.viewers).handle_picture(id, picture.captured, &outcome, now);
                }
                Some(Err(error)) => log::warn!("picture {} can't be sent: {error}", head.sequence),
                None => {}
            }
        }
    }
}

fn head(picture: &Picture, out: &Context) -> PictureHead {
    let captured = captured(picture);
    PictureHead {
        sequence: picture.sequence,
        captured: out.net.clock(captured).0,
        acquired_after: micros(picture.acquired.saturating_duration_since(captured)),
        ready_after: micros(picture.ready.saturating_duration_since(captured)),
        // Each session says when it sends the first byte.
        sent_after: 0,
        width: picture.width,
        height: picture.height,
        orientation: Orientation::from_code(picture.orientation),
        codec: Codec::Jpeg,
        total: picture.jpeg.len().try_into().unwrap_or(u32::MAX),
    }
}

/// When the sensor began it. A stamp in the future or long ago is of another clock: then the
/// earliest moment known is when we had the frame.
pub(super) fn captured(picture: &Picture) -> Instant {
    let age = picture.acquired.checked_duration_since(picture.captured);
    match age {
        Some(age) if age <= MAX_AGE => picture.captured,
        _ => picture.acquired,
    }
}

fn micros(span: Duration) -> u32 {
    span.as_micros().try_into().unwrap_or(u32::MAX)
}
