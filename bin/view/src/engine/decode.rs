//! JPEG to RGBA beside the window: only the newest picture, into images that are used again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use transom::{PeerName, RemotePicture};
use transom_media::{Image, Limit, Slot, decode};

use crate::model::Shown;

use super::mailbox::{Letter, Mailbox};
use super::{Arrived, Wake};

/// The rate is counted over this time.
const SECOND: Duration = Duration::from_secs(1);
/// Times kept to count the rate, more than any camera gives in a second.
const MAX_TIMES: usize = 1000;

/// A picture ready to be shown.
pub(crate) struct Decoded {
    /// Whose.
    pub(crate) peer: PeerName,
    /// The pixels.
    pub(crate) image: Image,
    /// What to say about it.
    pub(crate) shown: Shown,
}

/// Where the decoder leaves the newest picture, and where the window gives the used one back.
pub(crate) struct Screen {
    newest: Slot<Decoded>,
    spare: Slot<Image>,
    wake: Wake,
}

impl Screen {
    pub(super) fn new(wake: Wake) -> Self {
        Self {
            newest: Slot::new(),
            spare: Slot::new(),
            wake,
        }
    }

    /// The newest picture, once.
    pub(crate) fn take(&self) -> Option<Decoded> {
        self.newest.take()
    }

    /// Gives an image back, so that the next picture needs no new memory.
    pub(crate) fn give_back(&self, image: Image) {
        drop(self.spare.put(image));
    }

    fn put(&self, decoded: Decoded) {
        // One that was not shown in time makes room, and its image is used again.
        if let Some(unseen) = self.newest.put(decoded) {
            self.give_back(unseen.image);
        }
        (self.wake)();
    }
}

/// Decodes until the slot is closed.
pub(super) fn run(pictures: &Slot<Arrived>, screen: &Screen, mailbox: &Mailbox) {
    let mut rate = Rate::default();
    let mut image = Image::default();
    while let Some(Arrived { peer, picture }) = pictures.wait() {
        match decode(&picture.jpeg, Limit::default(), &mut image) {
            Ok(()) => {
                let shown = describe(&picture, &image, rate.count(peer, Instant::now()));
                let image = std::mem::take(&mut image);
                screen.put(Decoded { peer, image, shown });
            }
            Err(error) => mailbox.put(Letter::Broken(peer, error.to_string())),
        }
        // Only now the peer may send another one.
        drop(picture);
        if image.rgba.is_empty() {
            image = screen.spare.take().unwrap_or_default();
        }
    }
}

fn describe(picture: &RemotePicture, image: &Image, rate: f32) -> Shown {
    Shown {
        width: image.width,
        height: image.height,
        orientation: picture.orientation,
        rate,
        latency: picture.timing.captured.map(|captured| captured.elapsed()),
    }
}

/// Counts the pictures of one peer over the last second.
#[derive(Default)]
struct Rate {
    peer: Option<PeerName>,
    times: VecDeque<Instant>,
}

impl Rate {
    fn count(&mut self, peer: PeerName, now: Instant) -> f32 {
        if self.peer.replace(peer) != Some(peer) || self.times.len() >= MAX_TIMES {
            self.times.clear();
        }
        self.times.push_back(now);
        while self
            .times
            .front()
            .is_some_and(|first| now - *first > SECOND)
        {
            self.times.pop_front();
        }
        match self.times.front().map(|first| (now - *first).as_secs_f32()) {
            Some(span) if span > 0.0 => (self.times.len() - 1) as f32 / span,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_the_last_second_and_of_one_peer() {
        let (door, yard) = ("door".parse().unwrap(), "yard".parse().unwrap());
        let mut rate = Rate::default();
        let start = Instant::now();
        let mut last = 0.0;
        for at in 0..60 {
            last = rate.count(door, start + Duration::from_millis(at * 50));
        }
        assert!((last - 20.0).abs() < 0.1, "{last}");
        assert_eq!(rate.count(yard, start + Duration::from_secs(3)), 0.0);
    }
}
