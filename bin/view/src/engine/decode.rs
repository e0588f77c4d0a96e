//! JPEG to RGBA on threads of their own: only the newest picture of each stream, not much larger
//! than it is shown, into images that are reused. Streams take turns, so no stream waits for
//! another stream that is slow or broken.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use transom::latency::{Stage, Stages};
use transom::{OwnPicture, PeerName, RemotePicture};
use transom_media::{Image, ImageError, Limit, Picture, decode, guard};

use crate::model::{Face, Sample, Shown};

use super::Wake;
use super::letter::Letter;
use super::mailbox::Mailbox;
use super::rate::Rate;
use super::shrink::{factor, shrink};

/// The size to decode to before the window has reported how large a stream is shown.
const FIRST_SIZE: (usize, usize) = (1280, 720);
/// The longest side that is ever shown: a 4K screen's, and within what every graphics driver takes.
const MAX_SIDE: usize = 4096;
/// Memory that is kept for the next picture: enough for 4K. An 8K picture of one peer must not
/// hold 133 MB for ever.
const MAX_KEPT_BYTES: usize = MAX_SIDE * 2304 * 4;

/// A picture on its way to a decoder.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(super) face: Face,
    pub(super) picture: Picture,
    pub(super) received: Instant,
    pub(super) stages: Stages,
    /// Returns the credit to the sender when dropped.
    pub(super) hold: Option<RemotePicture>,
}

impl Arrived {
    /// A peer's.
    pub(super) fn remote(peer: PeerName, mut remote: RemotePicture) -> Self {
        let timing = remote.timing;
        let picture = Picture {
            jpeg: std::mem::take(&mut remote.jpeg),
            width: remote.width,
            height: remote.height,
            orientation: remote.orientation,
            sequence: remote.sequence,
            captured: timing.captured(),
            acquired: timing.received,
            ready: timing.received,
        };
        Self {
            face: Face::Peer(peer),
            picture,
            received: timing.received,
            stages: timing.stages,
            hold: Some(remote),
        }
    }

    /// Our own camera's.
    pub(super) fn own(own: OwnPicture) -> Self {
        let now = Instant::now();
        let picture = Picture {
            jpeg: own.jpeg,
            width: own.width,
            height: own.height,
            orientation: own.orientation,
            sequence: 0,
            captured: now,
            acquired: now,
            ready: now,
        };
        Self {
            face: Face::Own,
            picture,
            received: now,
            stages: Stages::default(),
            hold: None,
        }
    }
}

/// A picture ready to be shown.
pub(crate) struct Decoded {
    /// Whose.
    pub(crate) face: Face,
    /// The pixels.
    pub(crate) image: Image,
    /// What to say about it.
    pub(crate) shown: Shown,
    /// What happened to it so far.
    pub(crate) sample: Sample,
}

/// Where pictures come in and the decoded ones are fetched.
pub(crate) struct Desk {
    streams: Mutex<Streams>,
    work: Condvar,
    wake: Wake,
}

#[derive(Default)]
struct Streams {
    by_face: BTreeMap<Face, Stream>,
    /// Counts arrivals, so that the stream that waits longest is next.
    arrivals: u64,
    closed: bool,
}

#[derive(Default)]
struct Stream {
    waiting: Option<Arrived>,
    /// The arrival count when its picture began to wait.
    since: u64,
    /// Whether a decoder works on this stream; a second one would break the order of its pictures.
    busy: bool,
    done: Option<Decoded>,
    /// Pictures skipped since the last decoded picture.
    undecoded: u32,
    spare: Image,
    wanted: Option<(usize, usize)>,
    /// Whether the stream is not on the screen; its pictures are not decoded then.
    hidden: bool,
    rate: Rate,
    /// The last good picture, as it was received.
    last: Option<Arc<Vec<u8>>>,
}

/// What a decoder is to do.
struct Task {
    arrived: Arrived,
    into: Image,
    wanted: (usize, usize),
}

impl Desk {
    pub(super) fn new(wake: Wake) -> Self {
        Self {
            streams: Mutex::default(),
            work: Condvar::new(),
            wake,
        }
    }

    /// Adds a picture. It replaces a picture of the same stream that still waits.
    pub(super) fn put(&self, arrived: Arrived) {
        let mut streams = self.lock();
        if streams.closed {
            return;
        }
        streams.arrivals += 1;
        let now = streams.arrivals;
        let stream = streams.by_face.entry(arrived.face).or_default();
        if stream.hidden {
            return;
        }
        let late = stream.waiting.replace(arrived);
        if late.is_some() {
            stream.undecoded = stream.undecoded.saturating_add(1);
        } else {
            stream.since = now;
        }
        drop(streams);
        self.work.notify_one();
    }

    /// The newest decoded picture of each stream, unless it was fetched before.
    pub(crate) fn fetch(&self) -> Vec<Decoded> {
        let mut streams = self.lock();
        let streams = streams.by_face.values_mut();
        streams.filter_map(|stream| stream.done.take()).collect()
    }

    /// Whether [`fetch`](Self::fetch) would give a picture.
    pub(crate) fn has_news(&self) -> bool {
        self.lock()
            .by_face
            .values()
            .any(|stream| stream.done.is_some())
    }

    /// Returns an image, whose memory the next picture uses.
    pub(crate) fn give_back(&self, face: Face, image: Image) {
        if let Some(stream) = self.lock().by_face.get_mut(&face) {
            stream.keep(image);
        }
    }

    /// How large a stream is shown, in pixels of its pictures before they are turned.
    pub(crate) fn want(&self, face: Face, size: (usize, usize)) {
        if let Some(stream) = self.lock().by_face.get_mut(&face) {
            stream.wanted = Some(size);
        }
    }

    /// Forgets all other streams.
    pub(crate) fn retain(&self, wanted: impl Fn(Face) -> bool) {
        self.lock().by_face.retain(|face, _| wanted(*face));
    }

    /// Stops decoding the streams that are not on the screen. Their senders get their credit at
    /// once.
    pub(crate) fn show(&self, on_screen: impl Fn(Face) -> bool) {
        for (face, stream) in &mut self.lock().by_face {
            stream.hidden = !on_screen(*face);
        }
    }

    /// The last good picture of a stream, as it was received.
    pub(crate) fn last(&self, face: Face) -> Option<Arc<Vec<u8>>> {
        self.lock().by_face.get(&face)?.last.clone()
    }

    /// Ends the decoder threads.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
    }

    /// Waits for the next picture, of the stream that waits longest; `None` once closed.
    fn next(&self) -> Option<Task> {
        let mut streams = self.lock();
        loop {
            if streams.closed {
                return None;
            }
            if let Some(task) = streams.next() {
                return Some(task);
            }
            streams = self
                .work
                .wait(streams)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, arrived: Arrived, image: Image, size: (usize, usize)) {
        let decoded = Instant::now();
        let mut streams = self.lock();
        let Some(stream) = streams.by_face.get_mut(&arrived.face) else {
            return;
        };
        stream.busy = false;
        stream.last = Some(arrived.picture.jpeg.clone());
        let stages = arrived.stages;
        let stages = stages.with(Stage::Decode, since(decoded, arrived.received));
        let mut sample = Sample {
            bytes: arrived.picture.jpeg.len(),
            sequence: arrived.picture.sequence,
            undecoded: std::mem::take(&mut stream.undecoded),
            unseen: 0,
            stages,
            received: arrived.received,
            decoded,
            presented: decoded,
        };
        let shown = Shown {
            width: size.0,
            height: size.1,
            orientation: arrived.picture.orientation,
            rate: stream.rate.count(decoded),
            latency: stages.total(),
            received: arrived.received,
        };
        // A picture that was not shown in time is dropped, and its image reused.
        if let Some(unseen) = stream.done.take() {
            sample.undecoded = sample.undecoded.saturating_add(unseen.sample.undecoded);
            sample.unseen = unseen.sample.unseen.saturating_add(1);
            stream.keep(unseen.image);
        }
        let face = arrived.face;
        stream.done = Some(Decoded {
            face,
            image,
            shown,
            sample,
        });
        drop(streams);
        (self.wake)();
        self.work.notify_one();
    }

    fn failed(&self, face: Face, image: Image) {
        if let Some(stream) = self.lock().by_face.get_mut(&face) {
            stream.busy = false;
            stream.keep(image);
        }
        self.work.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn next(&mut self) -> Option<Task> {
        let ready = self
            .by_face
            .values_mut()
            .filter(|stream| !stream.busy && stream.waiting.is_some());
        let stream = ready.min_by_key(|stream| stream.since)?;
        let arrived = stream.waiting.take()?;
        stream.busy = true;
        Some(Task {
            arrived,
            into: std::mem::take(&mut stream.spare),
            wanted: stream.wanted.unwrap_or(FIRST_SIZE),
        })
    }
}

impl Stream {
    fn keep(&mut self, image: Image) {
        if image.rgba.capacity() <= MAX_KEPT_BYTES {
            self.spare = image;
        }
    }
}

/// Decodes until the desk is closed.
pub(super) fn run(desk: &Desk, mailbox: &Mailbox) {
    run_with(desk, mailbox, |jpeg, into| {
        decode(jpeg, Limit::default(), into)
    });
}

fn run_with(
    desk: &Desk,
    mailbox: &Mailbox,
    decode: impl Fn(&[u8], &mut Image) -> Result<(), ImageError>,
) {
    let mut whole = Image::default();
    while let Some(Task {
        mut arrived,
        mut into,
        wanted,
    }) = desk.next()
    {
        let decoded = guard(|| decode(&arrived.picture.jpeg, &mut whole));
        // The peer may send the next picture only now.
        drop(arrived.hold.take());
        let fitted = decoded.and_then(|()| {
            guard(|| {
                let size = (whole.width, whole.height);
                match factor(size, wanted, MAX_SIDE) {
                    1 => std::mem::swap(&mut whole, &mut into),
                    factor => shrink(&whole, factor, &mut into),
                }
                Ok(size)
            })
        });
        match fitted {
            Ok(size) => desk.done(arrived, into, size),
            Err(error) => {
                desk.failed(arrived.face, into);
                mailbox.put(Letter::Broken(arrived.face, error.to_string()));
            }
        }
        if whole.rgba.capacity() > MAX_KEPT_BYTES {
            whole = Image::default();
        }
    }
}

fn since(later: Instant, earlier: Instant) -> Duration {
    later.saturating_duration_since(earlier)
}

#[cfg(test)]
mod tests;
