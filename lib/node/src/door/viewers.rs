//! Tells the owner which clients look at the camera or listen to it.

use std::time::{Duration, Instant};

use super::CAMERA;
use crate::camera::ViewerCounts;
use crate::context::Context;
use crate::notice::{HttpViewers, Notice};

#[derive(Debug, Default)]
pub(super) struct Viewers {
    /// The owner knows of clients that look or listen.
    told: bool,
    next: Option<Instant>,
}

impl Viewers {
    /// Tells the owner, if it is time.
    pub(super) fn turn(&mut self, now: Instant, out: &mut Context) {
        if self.next.is_some_and(|next| now < next) {
            return;
        }
        let is_used = out.door_viewers() > 0 || out.door_listeners() > 0;
        let is_news = is_used || self.told;
        self.told = is_used;
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
    fn door_listeners(&mut self) -> usize {
        let door = self.net.door();
        door.map_or(0, |(door, _)| door.listeners(CAMERA))
    }

    /// Clients of the door that look at our camera.
    pub(crate) fn http_viewers(&mut self) -> HttpViewers {
        let Some((door, _)) = self.net.door() else {
            return HttpViewers::default();
        };
        let counts = door.pictures(CAMERA);
        HttpViewers {
            count: door.viewers(CAMERA),
            listeners: door.listeners(CAMERA),
            passes: door.passes_in_use(CAMERA).map(str::to_owned).collect(),
            given: counts.shown,
            pictures: ViewerCounts {
                sent: counts.sent,
                dropped: counts.skipped,
                left_out: 0,
            },
        }
    }
}

/// Often enough for the watchdog of a box to see that pictures come.
const PAUSE: Duration = Duration::from_secs(1);
