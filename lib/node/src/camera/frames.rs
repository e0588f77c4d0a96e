//! What a live camera gives: its frames are read, encoded if they must be, and handed on.

use std::time::Instant;

use transom_media::{CaptureRequest, Frame, Picture, Wait, fit};
use transom_wire::CameraState;

use super::words::{REFUSED, Words};
use super::{OwnCamera, Reader, State};
use crate::calls::Calls;
use crate::context::Context;
use crate::notice::{Notice, OwnPicture};
use crate::quality::{Coding, Full};

impl OwnCamera {
    /// Whether the camera may have something, or has to say why not. To ask a device costs a system
    /// call, and most turns of the loop are not about it.
    fn is_due(&mut self, now: Instant) -> bool {
        let State::Live { reader, .. } = &self.state else {
            return false;
        };
        let Reader::Loop(camera, Some(_)) = reader else {
            return true;
        };
        let readable = std::mem::take(&mut self.readable);
        match camera.wait() {
            // A program whose output has ended: until its exit is known, each turn asks, since the
            // time it names moves on with each answer.
            Wait::At(_) => true,
            _ => readable || camera.deadline().is_some_and(|at| at <= now),
        }
    }

    /// Takes what the camera has and hands it on.
    pub(super) fn read(&mut self, now: Instant, calls: &Calls, out: &mut Context) {
        if !self.is_due(now) {
            return;
        }
        let coding = self.coding();
        let State::Live {
            reader,
            format,
            encodes,
            ..
        } = &mut self.state
        else {
            return;
        };
        let newest = match reader {
            Reader::Loop(camera, _) => {
                *encodes = camera.encode_as(coding.quality, coding.size);
                let newest = camera.newest();
                let dropped = camera.format().dropped;
                if dropped.bad() > format.dropped.bad() {
                    self.watchdog.bad(now, REFUSED.to_owned());
                }
                format.dropped = dropped;
                newest
            }
            Reader::Thread => Ok(out.workers.newest_frame()),
        };
        match newest {
            Ok(Some(frame)) => self.hand_on(frame, calls, out),
            Ok(None) => {}
            Err(error) => self.fail(&error, out),
        }
    }

    fn hand_on(&mut self, frame: Frame, calls: &Calls, out: &mut Context) {
        let (size, captured) = match &frame {
            Frame::Jpeg(picture) => ((picture.width, picture.height), picture.captured),
            Frame::Raw(raw) => ((raw.width, raw.height), raw.captured),
        };
        let passes = matches!(&frame, Frame::Jpeg(picture) if self.passes(picture));
        self.set_source(size, passes);
        let mut viewers = calls.viewers();
        if !self.preview && !viewers.any(|viewer| self.viewers.wants(viewer, captured)) {
            return;
        }
        let limit = self.request.as_ref().and_then(|request| request.size);
        match frame {
            Frame::Jpeg(picture) if passes => self.distribute(&picture, calls, out),
            other => {
                let Coding { quality, size } = self.coding();
                out.workers
                    .encode(self.opening, other, quality, size.or(limit));
            }
        }
    }

    /// Whether a JPEG can go out as it is.
    fn passes(&self, picture: &Picture) -> bool {
        let size = self.request.as_ref().and_then(|request| request.size);
        let fits = size.is_none_or(|size| size == (picture.width, picture.height));
        fits || matches!(self.state, State::Live { encodes: true, .. })
    }

    /// Says what pictures are at their best, by a frame of that size.
    fn set_source(&mut self, size: (u16, u16), passes: bool) {
        let (
            Some(request),
            State::Live {
                format, encodes, ..
            },
        ) = (&self.request, &self.state)
        else {
            return;
        };
        let size = match encodes {
            // Its pictures may be smaller now.
            true => (format.width, format.height),
            false => request.size.map_or(size, |limit| fit(size, limit)),
        };
        self.viewers.set_source(Full {
            fps: (format.fps > 0).then_some(format.fps),
            size,
            quality: (*encodes || !passes).then_some(request.quality),
        });
    }

    /// How pictures are to be encoded now.
    fn coding(&self) -> Coding {
        let request = self.request.as_ref();
        self.viewers
            .coding(request.map_or(CaptureRequest::QUALITY, |request| request.quality))
    }

    /// Hands a picture to every viewer.
    pub(super) fn distribute(&mut self, picture: &Picture, calls: &Calls, out: &mut Context) {
        self.watchdog.good();
        if self.camera_state != CameraState::Live
            && let (State::Live { format, .. }, Some(request)) = (&self.state, &self.request)
        {
            let words = Words::live(format, &request.source, picture);
            self.change(CameraState::Live, words, out);
        }
        if self.preview {
            out.notify(Notice::OwnPicture(OwnPicture {
                jpeg: picture.jpeg.clone(),
                width: picture.width,
                height: picture.height,
                orientation: picture.orientation,
            }));
        }
        self.send(picture, calls, out);
    }
}
