//! Pictures of one call on their way out (wire 6): a slot of one, credit, chunks and aborts.

use alloc::collections::VecDeque;
use core::time::Duration;

use transom_wire::limits::{PICTURE, PICTURE_CREDIT};
use transom_wire::{Message, PictureHead, flags};

use super::record::Record;
use crate::video::Counts;
use crate::{Instant, PeerError, Picture, Queued, UsageError};

/// The smallest part of a picture that is sent before its end: about a TCP segment, so that headers
/// stay small beside it and a budget that opens by a few bytes makes no system call.
pub(crate) const MIN_CHUNK: usize = 1024;

/// Pictures that a viewer may have and not have shown: one being decoded, and one that waits, so
/// that the decoder never does.
const AHEAD: usize = 2;

/// A picture is aborted for a newer one only while less than this part of it has been sent. The
/// bytes already sent are wasted: with a half, video whose pictures each take a little more than
/// two frame intervals to send lost a third of the link to aborted pictures. With a quarter,
/// pictures on a screen were the newest or nearly so at 24 to 72 Mbit/s of video on 20 (simulated).
const OVERTAKEN: usize = 4;

/// ```text
///   put --> slot --(credit, budget)--> current --(last byte sent)--> unshown --Shown--> credit
///            ^ newer replaces            | newer waits, little is sent
///                                        `--> Abort
/// ```
#[derive(Default)]
pub(crate) struct Outgoing {
    slot: Option<Picture>,
    current: Option<Current>,
    /// Pictures begun and not yet shown, at most [`PICTURE_CREDIT`].
    unshown: VecDeque<Unshown>,
    /// The last picture begun was aborted: the next one is sent whole, or no picture would ever be
    /// complete on a slow link.
    aborted: bool,
    /// The camera was switched off while a picture was partly sent: an abort is due instead of its
    /// rest.
    withdrawn: bool,
    /// Since when the slot has held a picture that the viewer has credit for.
    waits: Option<Instant>,
}

struct Unshown {
    sequence: u32,
    captured: u64,
    /// When its last byte was sent; `None` while it is partly sent.
    sent: Option<Instant>,
}

/// What the path allows now.
#[derive(Clone, Copy)]
pub(crate) struct Gate {
    /// Bytes of pictures that may be sent.
    pub(crate) budget: usize,
    /// The shortest round trip.
    pub(crate) rtt: Duration,
    pub(crate) now: Instant,
}

/// A picture that is partly sent: `0 < at < picture.bytes.len()`.
struct Current {
    picture: Picture,
    /// Bytes of it that have been sent.
    at: usize,
}

impl Outgoing {
    /// Puts a picture where the next one is taken from.
    pub(crate) fn put(
        &mut self,
        mut picture: Picture,
        counts: &mut Counts,
    ) -> Result<Queued, UsageError> {
        let found = picture.bytes.len();
        let limit = PICTURE as usize;
        match u32::try_from(found) {
            Ok(total) if (1..=PICTURE).contains(&total) => picture.head.total = total,
            _ => {
                return Err(UsageError::Length {
                    what: "picture",
                    found,
                    limit,
                });
            }
        }
        if self.slot.replace(picture).is_none() {
            return Ok(Queued::Fresh);
        }
        counts.replaced += 1;
        Ok(Queued::Replaced)
    }

    /// The camera is off: nothing that has not been sent is sent any more.
    pub(crate) fn withdraw(&mut self) {
        self.slot = None;
        self.waits = None;
        self.withdrawn = self.current.is_some();
    }

    /// Notes since when a picture waits. To be called right after [`put`](Self::put), too.
    pub(crate) fn handle_time(&mut self, rtt: Duration, now: Instant) {
        match self.slot.is_some() && self.has_credit(rtt, now) {
            true => self.waits = self.waits.or(Some(now)),
            false => self.waits = None,
        }
    }

    /// Whether a picture is partly sent, or waits and the viewer has credit for it.
    pub(crate) fn has_picture(&self) -> bool {
        self.current.is_some() || self.waits.is_some()
    }

    /// Since when a picture waits that the viewer has credit for.
    pub(crate) fn waits(&self) -> Option<Instant> {
        self.waits
    }

    /// The peer showed a picture; gives its capture time.
    pub(crate) fn handle_shown(&mut self, sequence: u32) -> Result<u64, PeerError> {
        let is_shown = |unshown: &Unshown| unshown.sent.is_some() && unshown.sequence == sequence;
        let Some(at) = self.unshown.iter().position(is_shown) else {
            return Err(PeerError::Unexpected {
                what: "shown for a picture that was not sent",
            });
        };
        let shown = self.unshown.remove(at);
        Ok(shown.map_or(0, |shown| shown.captured))
    }

    /// Continues the picture that is partly sent, or aborts it if it is withdrawn or overtaken.
    /// Returns false if there is none or it was aborted, so that the next may begin; true also if
    /// this record completes it.
    pub(crate) fn go_on(
        &mut self,
        stream: u16,
        record: &mut Record<'_>,
        gate: Gate,
        counts: &mut Counts,
    ) -> bool {
        let overtaken = gate.budget >= MIN_CHUNK && self.is_overtaken();
        if (self.withdrawn || overtaken) && record.push(stream, 0, &Message::Abort) {
            self.current = None;
            self.unshown.pop_back();
            self.aborted = !core::mem::take(&mut self.withdrawn);
            counts.aborted += 1;
        }
        let Some(Current { picture, at }) = &mut self.current else {
            return false;
        };
        let rest = picture.bytes.get(*at..).unwrap_or(&[]);
        if self.withdrawn {
            return true;
        }
        if let Some((chunk, flags)) = chunk(rest, record.room(), gate.budget)
            && record.push(stream, flags, &Message::PictureData(chunk))
        {
            *at += chunk.len();
            self.sent(flags, gate.now, counts);
        }
        true
    }

    /// Begins the picture in the slot if the viewer has credit for it and the budget allows;
    /// returns whether it did.
    pub(crate) fn begin(
        &mut self,
        stream: u16,
        record: &mut Record<'_>,
        gate: Gate,
        counts: &mut Counts,
    ) -> bool {
        let credit = self.has_credit(gate.rtt, gate.now);
        let Some(mut picture) = self.slot.take_if(|_| credit) else {
            return false;
        };
        let age = gate.now - Instant(picture.head.captured);
        picture.head.sent_after = u32::try_from(age.as_micros()).unwrap_or(u32::MAX);
        let room = record.room().saturating_sub(PictureHead::BYTES);
        let Some((chunk, flags)) =
            chunk(&picture.bytes, room, gate.budget).filter(|(chunk, flags)| {
                record.push(stream, *flags, &Message::Picture(picture.head, chunk))
            })
        else {
            self.slot = Some(picture);
            return false;
        };
        let waited = (picture.head.sent_after).saturating_sub(picture.head.ready_after);
        counts.begun.0 += 1;
        counts.begun.1 = Duration::from_micros(waited.into());
        let at = chunk.len();
        self.unshown.push_back(Unshown {
            sequence: picture.head.sequence,
            captured: picture.head.captured,
            sent: None,
        });
        self.current = Some(Current { picture, at });
        self.waits = None;
        self.sent(flags, gate.now, counts);
        true
    }

    /// Whether the picture being sent should be aborted for the newer one in the slot.
    fn is_overtaken(&self) -> bool {
        let Some(current) = &self.current else {
            return false;
        };
        self.slot.is_some() && !self.aborted && current.at < current.picture.bytes.len() / OVERTAKEN
    }

    /// A chunk with those flags was sent.
    fn sent(&mut self, flags: u8, now: Instant, counts: &mut Counts) {
        if flags & flags::LAST != 0 {
            self.current = None;
            if let Some(unshown) = self.unshown.back_mut() {
                unshown.sent = Some(now);
            }
            self.aborted = false;
            counts.sent += 1;
        }
    }

    /// Whether the viewer has credit for another picture. One whose last byte was sent less than a
    /// round trip ago does not count among those [`AHEAD`]: no `Shown` for it can have arrived.
    fn has_credit(&self, rtt: Duration, now: Instant) -> bool {
        let counts = |unshown: &&Unshown| unshown.sent.is_none_or(|sent| now - sent >= rtt);
        self.unshown.len() < PICTURE_CREDIT as usize
            && self.unshown.iter().filter(counts).count() < AHEAD
    }
}

/// The start of `rest` that goes into a frame, and the frame's flags; `None` if that is neither all
/// of `rest` nor [`MIN_CHUNK`] bytes.
fn chunk(rest: &[u8], room: usize, budget: usize) -> Option<(&[u8], u8)> {
    let len = rest.len().min(room).min(budget);
    let is_last = len == rest.len();
    let flags = if is_last { flags::LAST } else { 0 };
    let chunk = rest.get(..len)?;
    (is_last || len >= MIN_CHUNK).then_some((chunk, flags))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::fuzzing::picture;

    const GATE: Gate = Gate {
        budget: 10_000,
        rtt: Duration::ZERO,
        now: Instant(1_000_000),
    };

    fn put(outgoing: &mut Outgoing, sequence: u32) {
        let picture = picture(sequence, 0, 5_000);
        outgoing.put(picture, &mut Counts::default()).unwrap();
    }

    fn begin(outgoing: &mut Outgoing, room: usize) -> bool {
        let mut out = vec![0; room];
        let mut counts = Counts::default();
        outgoing.begin(1, &mut Record::new(&mut out), GATE, &mut counts)
    }

    #[test]
    fn a_picture_waits_in_the_slot_with_credit_and_is_there_while_half_out() {
        let mut outgoing = Outgoing::default();
        assert!(!outgoing.has_picture());
        put(&mut outgoing, 1);
        outgoing.handle_time(GATE.rtt, GATE.now);
        assert_eq!(
            (outgoing.waits(), outgoing.has_picture()),
            (Some(GATE.now), true)
        );
        assert!(begin(&mut outgoing, 2_000));
        assert_eq!((outgoing.waits(), outgoing.has_picture()), (None, true));
        let mut out = [0; 9_000];
        let mut record = Record::new(&mut out);
        assert!(outgoing.go_on(1, &mut record, GATE, &mut Counts::default()));
        assert!(!outgoing.has_picture(), "it is out");
        put(&mut outgoing, 2);
        assert!(begin(&mut outgoing, 9_000));
        put(&mut outgoing, 3);
        outgoing.handle_time(GATE.rtt, GATE.now);
        assert!(
            !outgoing.has_picture(),
            "without credit it is not held by the gate"
        );
        assert!(!begin(&mut outgoing, 9_000));
    }

    #[test]
    fn a_picture_that_begins_tells_how_long_it_waited() {
        let (mut outgoing, mut counts) = (Outgoing::default(), Counts::default());
        let mut ready = picture(1, 999_000, 5_000);
        ready.head.ready_after = 200;
        outgoing.put(ready, &mut counts).unwrap();
        assert_eq!(counts.begun.0, 0);
        let mut out = [0; 2_000];
        assert!(outgoing.begin(1, &mut Record::new(&mut out), GATE, &mut counts));
        assert_eq!(counts.begun, (1, Duration::from_micros(800)));
    }

    #[test]
    fn a_picture_that_is_withdrawn_waits_no_longer() {
        let mut outgoing = Outgoing::default();
        put(&mut outgoing, 1);
        outgoing.handle_time(GATE.rtt, GATE.now);
        outgoing.withdraw();
        assert_eq!((outgoing.waits(), outgoing.has_picture()), (None, false));
    }

    #[test]
    fn a_camera_that_goes_off_between_pictures_aborts_none() {
        let (mut outgoing, mut counts) = (Outgoing::default(), Counts::default());
        outgoing.withdraw();
        let mut out = [0; 9_000];
        let mut record = Record::new(&mut out);
        assert!(!outgoing.go_on(1, &mut record, GATE, &mut counts));
        assert!(record.is_empty(), "nothing was begun");
        // The camera is on again.
        put(&mut outgoing, 1);
        assert!(begin(&mut outgoing, 2_000));
        assert!(outgoing.go_on(1, &mut record, GATE, &mut counts));
        assert_eq!((counts.sent, counts.aborted), (1, 0));
    }

    #[test]
    fn a_chunk_is_worth_a_frame_or_is_the_last() {
        let length = |rest: usize, room, budget| {
            let bytes = vec![0; rest];
            chunk(&bytes, room, budget).map(|(chunk, flags)| (chunk.len(), flags))
        };
        assert_eq!(length(5_000, 4_000, 3_000), Some((3_000, 0)));
        assert_eq!(length(5_000, 3_000, 4_000), Some((3_000, 0)));
        assert_eq!(length(5_000, 5_000, 5_000), Some((5_000, flags::LAST)));
        assert_eq!(length(5_000, MIN_CHUNK, 5_000), Some((MIN_CHUNK, 0)));
        assert_eq!(length(5_000, MIN_CHUNK - 1, 5_000), None);
        assert_eq!(length(5_000, 5_000, MIN_CHUNK - 1), None);
        assert_eq!(length(10, 5_000, 5_000), Some((10, flags::LAST)));
        assert_eq!(length(10, 5_000, 9), None, "the end goes whole or not");
    }

    #[test]
    fn a_picture_of_which_a_quarter_is_sent_is_not_aborted() {
        let enough = MIN_CHUNK;
        for (out, budget, aborted) in [
            (1_249, enough, 1),
            (1_249, enough - 1, 0),
            (1_250, enough, 0),
        ] {
            let (mut outgoing, mut counts) = (Outgoing::default(), Counts::default());
            put(&mut outgoing, 1);
            let gate = Gate {
                budget: out,
                ..GATE
            };
            let mut record = [0; 9_000];
            let mut record = Record::new(&mut record);
            assert!(outgoing.begin(1, &mut record, gate, &mut counts));
            put(&mut outgoing, 2);
            outgoing.go_on(1, &mut record, Gate { budget, ..GATE }, &mut counts);
            assert_eq!(counts.aborted, aborted, "{out} of 5,000 bytes, {budget}");
        }
    }

    #[test]
    fn only_a_picture_that_was_sent_whole_can_be_shown() {
        let (mut outgoing, mut counts) = (Outgoing::default(), Counts::default());
        put(&mut outgoing, 1);
        assert!(begin(&mut outgoing, 2_000));
        assert!(outgoing.handle_shown(1).is_err());
        let mut out = [0; 9_000];
        let mut record = Record::new(&mut out);
        assert!(outgoing.go_on(1, &mut record, GATE, &mut counts));
        assert!(outgoing.handle_shown(2).is_err());
        assert!(outgoing.handle_shown(1).is_ok());
        assert!(outgoing.handle_shown(1).is_err(), "once");
    }

    #[test]
    fn over_a_long_path_no_more_pictures_are_unshown_than_the_wire_allows() {
        let (mut outgoing, mut counts) = (Outgoing::default(), Counts::default());
        let gate = Gate {
            rtt: Duration::from_secs(1),
            ..GATE
        };
        let mut begin = |outgoing: &mut Outgoing, sequence| {
            put(outgoing, sequence);
            let mut out = [0; 9_000];
            outgoing.begin(1, &mut Record::new(&mut out), gate, &mut counts)
        };
        for sequence in 0..PICTURE_CREDIT {
            assert!(begin(&mut outgoing, sequence), "{sequence}");
        }
        assert!(!begin(&mut outgoing, 100));
        outgoing.handle_shown(0).unwrap();
        assert!(begin(&mut outgoing, 101));
    }

    #[test]
    fn a_picture_that_is_half_out_takes_credit() {
        let mut outgoing = Outgoing::default();
        put(&mut outgoing, 1);
        assert!(begin(&mut outgoing, 9_000));
        put(&mut outgoing, 2);
        assert!(begin(&mut outgoing, 2_000));
        put(&mut outgoing, 3);
        outgoing.handle_time(GATE.rtt, GATE.now);
        assert_eq!(outgoing.waits(), None);
    }
}
