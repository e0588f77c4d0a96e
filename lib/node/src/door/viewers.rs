//! Tells the owner which clients look at its cameras or listen to them.

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::notice::{HttpViewers, Notice};

#[derive(Debug, Default)]
pub(super) struct Viewers {
    /// The owner knows of clients that look or listen.
    told: bool,
    /// The owner knows of clients that listen.
    told_listening: bool,
    next: Option<Instant>,
}

impl Viewers {
    /// Tells the owner, if it is time.
    pub(super) fn turn(&mut self, now: Instant, out: &mut Context) {
        // The first and the last that listens are told at once: the microphone opens and closes by
        // them, and the cause is told before the effect.
        let is_listening = out.has_http_listeners();
        if self.next.is_some_and(|next| now < next) && is_listening == self.told_listening {
            return;
        }
        self.told_listening = is_listening;
        let viewers = out.http_viewers();
        let is_used = viewers.count + viewers.listeners > 0;
        let is_news = is_used || self.told;
        self.told = is_used;
        self.next = is_news.then(|| now + PAUSE);
        if is_news {
            out.notify(Notice::HttpViewers(viewers));
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }
}

impl Context {
    /// Clients of the door that look or listen, at any camera.
    pub(crate) fn http_viewers(&mut self) -> HttpViewers {
        let mut viewers = HttpViewers::default();
        let Some((door, _)) = self.net.door() else {
            return viewers;
        };
        for camera in self.door_sources.ids() {
            let counts = door.pictures(camera);
            viewers.count += door.viewers(camera);
            viewers.listeners += door.listeners(camera);
            viewers.given += counts.shown;
            viewers.pictures.sent += counts.sent;
            viewers.pictures.dropped += counts.skipped;
        }
        viewers.passes = door.passes_that_look().map(str::to_owned).collect();
        viewers.listener_passes = door.passes_that_listen().map(str::to_owned).collect();
        viewers
    }
}

/// Often enough for the watchdog of a box to see that pictures come.
const PAUSE: Duration = Duration::from_secs(1);
