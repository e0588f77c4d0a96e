//! What the camera gives: its pictures are handed on, and what is wanted of the next ones is told.

use std::time::Instant;

use transom_media::{CaptureRequest, Picture, fit};
use transom_wire::CameraState;

use super::supervisor::Trouble;
use super::words::Words;
use super::{MORE_LOSSES, Of, OwnCamera};
use crate::calls::Calls;
use crate::context::Context;
use crate::notice::{Notice, OwnPicture};
use crate::quality::{Coding, Full};
use crate::workers::{CameraNews, Wanted, Wish};

impl OwnCamera {
    /// Takes what the camera has given and hands it on. Pictures may arrive before the report that
    /// the camera is open: until then they stay in the mailbox.
    pub(super) fn take_news(&mut self, now: Instant, calls: &Calls, out: &mut Context) {
        if self.supervisor.is_opening() {
            return;
        }
        while let Some(news) = out.workers.camera_news() {
            if news.opening == self.opening && self.supervisor.is_open() {
                self.take(news, now, calls, out);
            }
        }
    }

    pub(super) fn take(
        &mut self,
        news: CameraNews,
        now: Instant,
        calls: &Calls,
        out: &mut Context,
    ) {
        let (before, counts) = (self.format.counts, news.format.counts);
        if counts.bad() > before.bad()
            && let Some(fault) = &news.format.fault
        {
            self.supervisor.bad(fault.clone(), now);
        }
        if counts.good > before.good {
            let at = news.good_at.unwrap_or(now);
            self.supervisor.good(counts.good - before.good, at);
        }
        if let Some(statistics) = &mut self.statistics {
            statistics.count(&counts.since(&before));
        }
        self.format = news.format;
        self.set_source();
        if self.losses_due.is_some_and(|due| due <= now) {
            self.losses_due = Some(now + MORE_LOSSES);
            self.tell_losses(out);
        }
        if let Some(picture) = news.picture {
            self.distribute(picture, calls, out);
        }
    }

    /// Says what pictures are at their best.
    fn set_source(&mut self) {
        let Some(request) = &self.request else {
            return;
        };
        let full = (self.format.width, self.format.height);
        if full == (0, 0) {
            return; // Nothing has come yet.
        }
        let size = request.size.map_or(full, |limit| fit(full, limit));
        self.viewers.set_source(Full {
            fps: (self.format.fps > 0).then_some(self.format.fps),
            size,
            quality: (self.format.encodes || size != full).then_some(request.quality),
        });
    }

    /// Tells the camera's thread which pictures are wanted, and how they are to be encoded.
    pub(super) fn tell_wish(&mut self, calls: &Calls, out: &mut Context) {
        let Some(request) = &self.request else {
            return;
        };
        let Coding { quality, size } = self.viewers.coding(request.quality);
        let wish = Wish {
            quality,
            size: size.or(request.size),
            wanted: self.wanted(calls, out),
        };
        if wish != self.wish {
            self.wish = wish;
            out.workers.wish(wish);
        }
    }

    /// Those that the first of the viewers waits for.
    fn wanted(&self, calls: &Calls, out: &mut Context) -> Wanted {
        if self.preview || out.door_viewers() > 0 {
            return Wanted::All;
        }
        let earliest = calls.viewers().map(|viewer| self.viewers.earliest(viewer));
        // None of a viewer is before every moment: that viewer wants each picture.
        match earliest.min() {
            None => Wanted::Nothing,
            Some(None) => Wanted::All,
            Some(Some(captured)) => Wanted::From(captured),
        }
    }

    /// Hands a picture to every viewer.
    fn distribute(&mut self, picture: Picture, calls: &Calls, out: &mut Context) {
        if self.camera_state != CameraState::Live
            && let Some(request) = &self.request
        {
            let words = Words::live(&self.format, request, &picture);
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
        if let Some(statistics) = &mut self.statistics {
            statistics.picture(&picture, out.now());
        }
        out.show_at_door(&picture);
        self.send(&picture, calls, out);
        self.last = (self.of == Of::Box).then_some(picture);
    }

    /// What is wrong, in words.
    pub(super) fn words_of(&self, trouble: Trouble) -> Words {
        let request = self.request.as_ref();
        let source = request.map_or_else(String::new, CaptureRequest::source_name);
        Words::of(trouble, &self.format, source)
    }
}
