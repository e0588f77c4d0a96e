//! What the threads of sound have for the loop: frames in a short queue whose oldest make room, and
//! the newest word on everything else.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use transom_sound::{Device, DeviceState, Encoded, Event, OwnLevel, StreamId, StreamNumbers};

use crate::handle::Queue;

/// Frames that wait at most: 200 ms of each of two codecs. A loop that is held up for longer sends
/// none of the older ones, since their listeners would cut them.
const FRAMES: usize = 40;

/// All that came since the loop last looked.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    pub(super) frames: VecDeque<Encoded>,
    pub(super) level: Option<OwnLevel>,
    pub(super) muted_speech: bool,
    pub(super) microphone: Option<DeviceState>,
    pub(super) speaker: Option<DeviceState>,
    pub(super) heard: BTreeMap<StreamId, StreamNumbers>,
    pub(super) devices: Option<Vec<Device>>,
}

impl Arrived {
    fn add(&mut self, event: Event) {
        match event {
            Event::Encoded(frame) => {
                if self.frames.len() >= FRAMES {
                    self.frames.pop_front();
                }
                self.frames.push_back(frame);
            }
            Event::Level(level) => self.level = Some(level),
            Event::MutedSpeech => self.muted_speech = true,
            Event::Microphone(state) => self.microphone = Some(state),
            Event::Speaker(state) => self.speaker = Some(state),
            Event::Heard(numbers) => drop(self.heard.insert(numbers.stream, numbers)),
            _ => {}
        }
    }
}

/// Shared by the loop and the threads.
pub(crate) struct Inbox {
    arrived: Mutex<Arrived>,
    queue: Arc<Queue>,
}

impl Inbox {
    pub(super) fn new(queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self {
            arrived: Mutex::default(),
            queue,
        })
    }

    /// From the thread `sound`.
    pub(crate) fn tell(&self, event: Event) {
        self.with(|arrived| arrived.add(event));
        self.queue.wake();
    }

    /// From the thread `sounds`.
    pub(crate) fn list(&self, devices: Vec<Device>) {
        self.with(|arrived| arrived.devices = Some(devices));
        self.queue.wake();
    }

    pub(super) fn take(&self) -> Arrived {
        self.with(std::mem::take)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Arrived) -> T) -> T {
        act(&mut self.arrived.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use transom_sound::Codec;

    use super::*;

    #[test]
    fn of_frames_that_a_slow_loop_left_the_newest_are_sent() {
        let inbox = Inbox::new(Queue::new(|| ()));
        for sequence in 0..1000 {
            inbox.tell(Event::Encoded(Encoded {
                codec: Codec::Pcm,
                sequence,
                captured: Instant::now(),
                bytes: Arc::default(),
                speaks: false,
            }));
        }
        let frames = inbox.take().frames;
        assert_eq!((frames.len(), frames[0].sequence), (FRAMES, 960));
        assert!(inbox.take().frames.is_empty());
    }
}
