//! What connections measure, told once a second while the owner wants to know.

use std::time::{Duration, Instant};

use transom_proto::Stats;

use crate::calls::Calls;
use crate::camera::OwnCamera;
use crate::context::Context;
use crate::links::Links;
use crate::notice::{Notice, Numbers};
use crate::quality::Quality;
use crate::sound::Sound;

/// Often enough to see a change, seldom enough to read the numbers.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Measure {
    next: Option<Instant>,
}

impl Measure {
    pub(crate) fn ask(&mut self, on: bool, now: Instant) {
        self.next = on.then(|| self.next.unwrap_or(now));
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Tells the numbers of every peer if it is time.
    pub(crate) fn turn(
        &mut self,
        now: Instant,
        links: &Links,
        calls: &Calls,
        camera: &OwnCamera,
        sound: &Sound,
        out: &mut Context,
    ) {
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + PAUSE);
        let moment = out.net.now();
        for peer in links.present() {
            // Of several connections the one with the call is meant.
            let link = calls.link_of(&peer).or_else(|| links.link_of(&peer));
            let stats = link.and_then(|link| out.with(link, |session| session.stats(moment)));
            if let Some(stats) = stats {
                let quality = link.and_then(|link| camera.quality(link, calls));
                let mut numbers = numbers(&stats, quality);
                if let Some(link) = link {
                    sound.add_numbers(link, &mut numbers, out);
                }
                out.notify(Notice::Measured { peer, numbers });
            }
        }
    }
}

fn numbers(stats: &Stats, quality: Option<Quality>) -> Numbers {
    Numbers {
        sent: stats.sent,
        received: stats.received,
        rtt: stats.rtt,
        min_rtt: stats.min_rtt,
        queue_delay: stats.queue_delay,
        pictures_sent: stats.pictures_sent,
        pictures_dropped: stats.pictures_replaced + stats.pictures_aborted,
        pictures_received: stats.pictures_received,
        shown_after: stats.shown_after,
        quality,
        #[cfg(feature = "sound")]
        sound: None,
    }
}
