//! The queue of sound: its newest 200 ms. Frames are encoded when a record takes them, since only
//! then is it known before which frame a head is due.

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use transom_wire::{Message, Sound, SoundHead, flags};

use super::record::Record;
use crate::{Instant, Queued, SoundFrame};

/// The oldest sound that is still sent. A listener's jitter buffer holds less than that: older
/// sound would be dropped there, after it has delayed all newer sound.
pub(crate) const NEWEST: Duration = Duration::from_millis(200);

/// Most frames that wait, whatever their times are: those of [`NEWEST`] at 2.5 ms each, the
/// shortest frame of Opus.
const FRAMES: usize = 80;

/// Frames of all calls in the order in which they were queued; none has waited for longer than
/// [`NEWEST`] when it is sent.
#[derive(Default)]
pub(crate) struct SoundQueue {
    waiting: VecDeque<Waiting>,
    /// Calls that have sound, by stream.
    calls: BTreeMap<u16, Sent>,
    counts: SoundCounts,
}

/// How many frames were sent and dropped, for the stats.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SoundCounts {
    pub(crate) sent: u64,
    pub(crate) dropped: u64,
}

struct Waiting {
    stream: u16,
    queued: Instant,
    frame: SoundFrame,
}

/// What the peer knows of a call's sound.
#[derive(Default)]
struct Sent {
    format: Option<SoundHead>,
    /// Frames were sent since the last `SoundEnd`.
    runs: bool,
    /// The run ends before the next frame that is sent.
    ends: bool,
}

impl SoundQueue {
    /// Adds a frame; drops frames that are too old, and the oldest one if the queue is full.
    pub(crate) fn push(&mut self, stream: u16, frame: SoundFrame, now: Instant) -> Queued {
        let before = self.counts.dropped;
        self.drop_older(now);
        if self.waiting.len() >= FRAMES {
            self.drop_oldest();
        }
        self.waiting.push_back(Waiting {
            stream,
            queued: now,
            frame,
        });
        match self.counts.dropped > before {
            true => Queued::Replaced,
            false => Queued::Fresh,
        }
    }

    /// The call's sound pauses. Frames that wait are dropped: after a mute, or when a peer may no
    /// longer hear, nothing more leaves.
    pub(crate) fn end(&mut self, stream: u16) {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.stream != stream);
        self.counts.dropped += (before - self.waiting.len()) as u64;
        self.calls.entry(stream).or_default().ends = true;
    }

    /// The call is over.
    pub(crate) fn forget(&mut self, stream: u16) {
        self.waiting.retain(|waiting| waiting.stream != stream);
        self.calls.remove(&stream);
    }

    /// Moves as many frames as fit.
    pub(crate) fn pull(&mut self, record: &mut Record<'_>, now: Instant) {
        self.drop_older(now);
        for (stream, sent) in &mut self.calls {
            if !sent.finish(*stream, record) {
                return;
            }
        }
        while let Some(waiting) = self.waiting.front()
            && self
                .calls
                .entry(waiting.stream)
                .or_default()
                .send(waiting, record)
        {
            self.counts.sent += 1;
            self.waiting.pop_front();
        }
    }

    /// Whether frames wait, or the peer has not been sent the `SoundEnd` of a run.
    pub(crate) fn is_running(&self) -> bool {
        !self.waiting.is_empty() || self.calls.values().any(|sent| sent.runs)
    }

    pub(crate) fn counts(&self) -> SoundCounts {
        self.counts
    }

    /// How long the oldest frame has waited.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        let oldest = self.waiting.front()?;
        Some(now - oldest.queued)
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        let bytes = |waiting: &Waiting| waiting.frame.bytes.len();
        self.waiting.iter().map(bytes).sum()
    }

    fn drop_older(&mut self, now: Instant) {
        while self.age(now).is_some_and(|age| age > NEWEST) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if self.waiting.pop_front().is_some() {
            self.counts.dropped += 1;
        }
    }
}

impl Sent {
    /// Writes the frame, and before it the `SoundEnd` or head that is due; returns whether the
    /// frame fitted.
    fn send(&mut self, waiting: &Waiting, record: &mut Record<'_>) -> bool {
        let (stream, frame) = (waiting.stream, &waiting.frame);
        if !self.finish(stream, record) {
            return false;
        }
        if self.format != Some(frame.format) {
            if !record.push(stream, 0, &Message::SoundHead(frame.format)) {
                return false;
            }
            self.format = Some(frame.format);
        }
        let sound = Message::Sound(Sound {
            sequence: frame.sequence,
            captured: frame.captured,
            bytes: &frame.bytes,
        });
        let flags = if frame.voice { flags::VOICE } else { 0 };
        if !record.push(stream, flags, &sound) {
            return false;
        }
        self.runs = true;
        true
    }

    /// Writes a `SoundEnd` if one is due; returns false if it did not fit.
    fn finish(&mut self, stream: u16, record: &mut Record<'_>) -> bool {
        if self.ends && self.runs && !record.push(stream, 0, &Message::SoundEnd) {
            return false;
        }
        if self.ends {
            (self.ends, self.runs) = (false, false);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use transom_wire::{Header, Kind, SoundCodec};

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);
    const NOW: Instant = Instant(1_000_000_000);
    const PCM: SoundHead = SoundHead::new(SoundCodec::Pcm, 480);
    const OPUS: SoundHead = SoundHead::new(SoundCodec::Opus, 480);

    fn frame(format: SoundHead, sequence: u32) -> SoundFrame {
        SoundFrame {
            format,
            sequence,
            captured: 0,
            voice: false,
            bytes: vec![7; 2].into(),
        }
    }

    /// Frames of 20 ms.
    fn queue(frames: u32) -> SoundQueue {
        let mut queue = SoundQueue::default();
        for sequence in 0..frames {
            queue.push(1, frame(OPUS, sequence), NOW + sequence * 20 * MILLI);
        }
        queue
    }

    /// What goes into a record: each kind, and the sequence of a frame.
    fn pull(queue: &mut SoundQueue, room: usize, now: Instant) -> Vec<(u16, Kind, u32)> {
        let mut out = vec![0; room];
        let mut record = Record::new(&mut out);
        queue.pull(&mut record, now);
        let used = record.used();
        let (mut rest, mut sent) = (out.get(..used).unwrap(), Vec::new());
        while let Some((head, more)) = rest.split_first_chunk() {
            let header = Header::decode(*head).unwrap();
            let (payload, more) = more.split_at(header.len as usize);
            let sequence = match Message::decode(header, payload).unwrap().unwrap() {
                Message::Sound(sound) => sound.sequence,
                _ => 0,
            };
            sent.push((
                header.stream,
                Kind::from_code(header.kind).unwrap(),
                sequence,
            ));
            rest = more;
        }
        sent
    }

    /// Frames of a call with these sequences.
    fn frames(sequences: impl IntoIterator<Item = u32>) -> Vec<(u16, Kind, u32)> {
        let told = |sequence| (1, Kind::Sound, sequence);
        sequences.into_iter().map(told).collect()
    }

    const HEAD: (u16, Kind, u32) = (1, Kind::SoundHead, 0);
    const END: (u16, Kind, u32) = (1, Kind::SoundEnd, 0);
    /// Bytes of a frame and of a head in a record.
    const FRAME_BYTES: usize = 8 + 12 + 2;
    const HEAD_BYTES: usize = 8 + 8;

    #[test]
    fn sound_leaves_in_order_and_whole_after_its_head() {
        let mut queue = queue(6);
        assert_eq!(queue.len(), 12);
        let now = NOW + 100 * MILLI;
        let sent = pull(&mut queue, HEAD_BYTES + 4 * FRAME_BYTES, now);
        assert_eq!(sent, [vec![HEAD], frames(0..4)].concat());
        assert_eq!(queue.age(now), Some(20 * MILLI));
        assert_eq!(pull(&mut queue, 2 * FRAME_BYTES - 1, now), frames([4]));
        assert_eq!(pull(&mut queue, FRAME_BYTES, now), frames([5]));
        assert_eq!((queue.len(), queue.age(now)), (0, None));
        assert_eq!((queue.counts().sent, queue.counts().dropped), (6, 0));
    }

    #[test]
    fn a_head_goes_before_each_change_of_format_and_for_each_call() {
        let mut queue = SoundQueue::default();
        for (sequence, format) in (0..).zip([PCM, PCM, OPUS, PCM]) {
            queue.push(1, frame(format, sequence), NOW);
        }
        queue.push(3, frame(PCM, 0), NOW);
        let kinds = pull(&mut queue, 1000, NOW);
        let kinds: Vec<_> = kinds
            .iter()
            .map(|(stream, kind, _)| (*stream, *kind))
            .collect();
        let (head, sound) = (Kind::SoundHead, Kind::Sound);
        let first = [head, sound, sound, head, sound, head, sound];
        let first = first.map(|kind| (1, kind));
        assert_eq!(kinds, [&first[..], &[(3, head), (3, sound)]].concat());
    }

    #[test]
    fn a_head_that_finds_no_room_goes_into_the_next_record() {
        let mut queue = SoundQueue::default();
        queue.push(1, frame(PCM, 0), NOW);
        queue.push(1, frame(OPUS, 1), NOW);
        let room = HEAD_BYTES + FRAME_BYTES;
        let sent = pull(&mut queue, room + HEAD_BYTES - 1, NOW);
        assert_eq!(sent, [vec![HEAD], frames([0])].concat());
        assert_eq!(
            pull(&mut queue, room, NOW),
            [vec![HEAD], frames([1])].concat()
        );
    }

    #[test]
    fn the_newest_200_ms_are_kept_and_the_oldest_dropped() {
        let mut queue = queue(15);
        // The last was queued at 280 ms: those before 80 ms are too old beside it.
        assert_eq!(queue.counts().dropped, 4);
        let now = NOW + 280 * MILLI;
        let sent = pull(&mut queue, HEAD_BYTES + 3 * FRAME_BYTES, now);
        assert_eq!(sent, [vec![HEAD], frames(4..7)].concat());
        // Frame 10 was queued at 200 ms.
        let sent = pull(&mut queue, 3 * FRAME_BYTES, NOW + 400 * MILLI);
        assert_eq!(sent, frames(10..13));
        assert_eq!(queue.counts().dropped, 7);
        assert_eq!(pull(&mut queue, 1000, NOW + 1000 * MILLI), []);
        assert_eq!((queue.len(), queue.counts().dropped), (0, 9));
    }

    #[test]
    fn frames_of_one_time_do_not_pile_up() {
        let mut queue = SoundQueue::default();
        for sequence in 0..1000 {
            let queued = queue.push(1, frame(PCM, sequence), NOW);
            let is_full = sequence as usize >= FRAMES;
            assert_eq!(queued == Queued::Replaced, is_full);
        }
        assert_eq!((queue.waiting.len(), queue.counts().dropped), (FRAMES, 920));
    }

    #[test]
    fn after_an_end_nothing_that_waited_leaves_and_the_peer_is_told_once() {
        let mut queue = queue(3);
        let now = NOW + 40 * MILLI;
        let sent = pull(&mut queue, HEAD_BYTES + FRAME_BYTES, now);
        assert_eq!(sent, [vec![HEAD], frames([0])].concat());
        queue.push(3, frame(OPUS, 7), now);
        queue.end(1);
        queue.end(1);
        assert_eq!(queue.counts().dropped, 2);
        queue.push(1, frame(OPUS, 3), now);
        let other = [(3, Kind::SoundHead, 0), (3, Kind::Sound, 7)];
        let wanted = [vec![END], other.to_vec(), frames([3])].concat();
        assert_eq!(pull(&mut queue, 1000, now), wanted);
        queue.end(1);
        assert_eq!(pull(&mut queue, 1000, now), [END]);
        queue.end(1);
        assert_eq!(pull(&mut queue, 1000, now), [], "no run, no end");
    }

    #[test]
    fn a_run_of_which_nothing_was_sent_has_no_end() {
        let mut queue = queue(1);
        assert!(queue.is_running(), "room is made for its first frame too");
        queue.end(1);
        assert_eq!(pull(&mut queue, 1000, NOW), []);
        assert!(!queue.is_running());
    }

    #[test]
    fn a_call_that_is_over_leaves_nothing() {
        let mut queue = queue(3);
        pull(&mut queue, HEAD_BYTES + FRAME_BYTES, NOW);
        queue.push(3, frame(PCM, 9), NOW);
        queue.forget(1);
        assert_eq!((queue.waiting.len(), queue.calls.len()), (1, 0));
        assert_eq!(
            queue.counts().dropped,
            0,
            "frames of a call that is over are not counted"
        );
    }

    #[test]
    fn an_end_outlives_later_frames_that_are_dropped_too() {
        let mut queue = queue(1);
        pull(&mut queue, 1000, NOW);
        queue.push(1, frame(OPUS, 1), NOW);
        queue.end(1);
        queue.push(1, frame(OPUS, 2), NOW);
        let later = NOW + 300 * MILLI;
        queue.push(1, frame(OPUS, 3), later);
        let sent = pull(&mut queue, 1000, later);
        assert_eq!(sent, [vec![END], frames([3])].concat());
    }
}
