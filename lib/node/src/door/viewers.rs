//! Tells the owner which clients look at its cameras.

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::notice::{HttpViewers, Notice};

#[derive(Debug, Default)]
pub(super) struct Viewers {
    /// The owner knows of clients that look.
    told: bool,
    next: Option<Instant>,
}

impl Viewers {
    /// Tells the owner, if it is time.
    pub(super) fn turn(&mut self, now: Instant, out: &mut Context) {
        if self.next.is_some_and(|next| now < next) {
            return;
        }
        let looks = out.has_http_viewers();
        let is_news = looks || self.told;
        self.told = looks;
        self.next = is_news.then(|| now + PAUSE);
        if is_news {
            let viewers = out.http_viewers();
            out.notify(Notice::HttpViewers(viewers));
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }
}

impl Context {
    /// Clients of the door that look, at any camera.
    pub(crate) fn http_viewers(&mut self) -> HttpViewers {
        let mut viewers = HttpViewers::default();
        let Some((door, _)) = self.net.door() else {
            return viewers;
        };
        for camera in self.door_sources.ids() {
            let counts = door.pictures(camera);
            viewers.count += door.viewers(camera);
            viewers.given += counts.shown;
            viewers.pictures.sent += counts.sent;
            viewers.pictures.dropped += counts.skipped;
        }
        viewers.passes = door.passes_that_look().map(str::to_owned).collect();
        viewers
    }
}

/// Often enough for the watchdog of a box to see that pictures come.
const PAUSE: Duration = Duration::from_secs(1);
