//! The way into a running engine from any thread: verbs that queue a command and wake the thread.
//! Frames of each stream have a short queue of their own, in which the oldest make room.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mio::Waker;

use crate::{DeviceName, EchoMode, Format, ToneKind};

/// Frames of a stream that wait for the thread at most: 200 ms of 10 ms frames. The thread takes
/// them every few milliseconds; more wait only while it opens a device, and older sound would be
/// cut by the playout anyway.
pub(crate) const QUEUE_FRAMES: usize = 20;

/// Streams with frames that wait at most. A station has at most a few calls; the rest is a fault.
const QUEUE_STREAMS: usize = 64;

/// Names one stream of sound to be heard, as of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamId(pub u32);

/// An encoded frame of a stream.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Counts the frames of its sender; a gap is sound that was dropped on the way.
    pub sequence: u32,
    /// When its first sample was captured, by the sender's clock.
    pub captured: Duration,
    /// How it is encoded.
    pub format: Format,
    /// The encoded samples.
    pub bytes: Arc<[u8]>,
}

/// For which codecs the microphone is encoded; for none, the microphone is closed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// A listener takes PCM only.
    pub pcm: bool,
    /// A listener takes Opus.
    pub opus: bool,
}

impl Wanted {
    /// Whether anything is wanted at all.
    pub fn any(self) -> bool {
        self.pcm || self.opus
    }
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Microphone(DeviceName),
    Speaker(DeviceName),
    Wanted(Wanted),
    Mute(bool),
    Echo(EchoMode),
    Volume(StreamId, f32),
    RaiseReserve(StreamId, Duration),
    Forget(StreamId),
    Tone(Option<ToneKind>),
    HearYourself(bool),
    Stop,
}

/// What a stream brings.
#[derive(Debug)]
pub(crate) enum Item {
    Frame(Frame),
    /// Its sender sends nothing for now.
    End,
}

/// All that waits for the thread.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) commands: Vec<Command>,
    pub(crate) streams: BTreeMap<StreamId, VecDeque<Item>>,
}

impl Waiting {
    fn push(&mut self, stream: StreamId, item: Item) {
        if self.streams.len() >= QUEUE_STREAMS && !self.streams.contains_key(&stream) {
            return;
        }
        let queue = self.streams.entry(stream).or_default();
        if queue.len() >= QUEUE_FRAMES {
            queue.pop_front();
        }
        queue.push_back(item);
    }
}

/// The queue between a [`Controls`] and its thread.
#[derive(Debug)]
pub(crate) struct Shared {
    waiting: Mutex<Waiting>,
    waker: Waker,
    /// Whether the thread was woken and has not looked yet: waking it again would cost a system
    /// call for nothing.
    woken: AtomicBool,
    /// Whether an open loudspeaker makes the thread look every few milliseconds: then a frame waits
    /// for the loudspeaker and need not wake the thread.
    pulls: AtomicBool,
}

impl Shared {
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            waiting: Mutex::default(),
            waker,
            woken: AtomicBool::new(false),
            pulls: AtomicBool::new(false),
        }
    }

    /// Whether a loudspeaker is open.
    pub(crate) fn pulls(&self, is_open: bool) {
        self.pulls.store(is_open, Ordering::SeqCst);
    }

    /// Takes all that waits; what comes from now on wakes the thread anew.
    pub(crate) fn take(&self) -> Waiting {
        self.woken.store(false, Ordering::SeqCst);
        std::mem::take(&mut *self.lock())
    }

    fn wake(&self) -> io::Result<()> {
        match self.woken.swap(true, Ordering::SeqCst) {
            true => Ok(()),
            false => self.waker.wake(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Speaks to a running [`Engine`](super::Engine). Cheap to clone, usable from any thread; never
/// blocks. Answers come as [`Event`](super::Event)s.
#[derive(Clone, Debug)]
pub struct Controls {
    pub(crate) shared: Arc<Shared>,
}

impl Controls {
    /// Uses another microphone from now on.
    pub fn microphone(&self, name: DeviceName) {
        self.command(Command::Microphone(name));
    }

    /// Uses another loudspeaker from now on.
    pub fn speaker(&self, name: DeviceName) {
        self.command(Command::Speaker(name));
    }

    /// For which codecs the microphone is wanted. It is open only while there is one.
    pub fn wanted(&self, wanted: Wanted) {
        self.command(Command::Wanted(wanted));
    }

    /// Mutes the microphone: while it is muted, nothing is encoded. The microphone stays open, so
    /// that a person who speaks all the same can be told.
    pub fn mute(&self, on: bool) {
        self.command(Command::Mute(on));
    }

    /// What is done against the echo of the loudspeaker in the microphone.
    pub fn echo(&self, mode: EchoMode) {
        self.command(Command::Echo(mode));
    }

    /// How loud a stream is played: 1 as it came, 0 to 4.
    pub fn volume(&self, stream: StreamId, volume: f32) {
        self.command(Command::Volume(stream, volume));
    }

    /// Plays a frame. At most 20 frames of a stream wait for the thread; the oldest make room.
    pub fn play(&self, stream: StreamId, frame: Frame) {
        self.item(stream, Item::Frame(frame));
    }

    /// The sender of a stream sends nothing for now: what is there plays out, and the silence after
    /// it is no fault.
    pub fn end(&self, stream: StreamId) {
        self.item(stream, Item::End);
    }

    /// The stream is over.
    pub fn forget(&self, stream: StreamId) {
        self.command(Command::Forget(stream));
    }

    /// Holds that much more of a stream before it is heard, so that it doesn't lead its pictures.
    pub fn raise_reserve(&self, stream: StreamId, by: Duration) {
        self.command(Command::RaiseReserve(stream, by));
    }

    /// Plays a tone beside the streams, in place of the one before: one that ends ends by itself.
    pub fn tone(&self, kind: Option<ToneKind>) {
        self.command(Command::Tone(kind));
    }

    /// Plays the microphone through the loudspeaker.
    pub fn hear_yourself(&self, on: bool) {
        self.command(Command::HearYourself(on));
    }

    /// Ends [`Engine::run`](super::Engine::run).
    pub fn stop(&self) {
        self.command(Command::Stop);
    }

    fn command(&self, command: Command) {
        self.shared.lock().commands.push(command);
        self.wake();
    }

    fn item(&self, stream: StreamId, item: Item) {
        self.shared.lock().push(stream, item);
        if !self.shared.pulls.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Err(error) = self.shared.wake() {
            log::error!("can't wake the sound thread: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Codec;

    fn frame(sequence: u32) -> Item {
        Item::Frame(Frame {
            sequence,
            captured: Duration::ZERO,
            format: Format::of(Codec::Pcm),
            bytes: Arc::default(),
        })
    }

    #[test]
    fn of_frames_that_wait_the_oldest_make_room() {
        let mut waiting = Waiting::default();
        for sequence in 0..100 {
            waiting.push(StreamId(1), frame(sequence));
        }
        waiting.push(StreamId(2), frame(7));
        let queue = &waiting.streams[&StreamId(1)];
        assert_eq!(queue.len(), QUEUE_FRAMES);
        assert!(matches!(&queue[0], Item::Frame(first) if first.sequence == 80));
        assert_eq!(waiting.streams[&StreamId(2)].len(), 1);
    }

    #[test]
    fn streams_that_wait_have_an_end() {
        let mut waiting = Waiting::default();
        for stream in 0..1000 {
            waiting.push(StreamId(stream), frame(0));
        }
        assert_eq!(waiting.streams.len(), QUEUE_STREAMS);
    }
}
