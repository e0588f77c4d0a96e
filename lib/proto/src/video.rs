//! Pictures of one call in both directions (wire 6): a slot of one, credit, chunks and their
//! assembly.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use transom_wire::limits::{PICTURE, PICTURE_CREDIT};
use transom_wire::{DecodeError, Message, PictureHead, flags};

use crate::send::Record;
use crate::{Instant, PeerError, Picture, Queued, ReceivedPicture, UsageError};

/// Bytes set aside for a picture before any came; more is set aside as it comes.
const FIRST_ROOM: usize = 64 * 1024;

/// What became of pictures, for the stats.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) replaced: u64,
    pub(crate) aborted: u64,
    pub(crate) received: u64,
}

/// Pictures on their way out.
///
/// ```text
///   put --> slot --(gate open, credit)--> current --(last byte out)--> unshown --Shown--> credit
///            ^ newer replaces               | newer waits, less than half is out
///                                           `--> Abort
/// ```
#[derive(Default)]
pub(crate) struct Outgoing {
    slot: Option<Picture>,
    current: Option<Current>,
    /// Sequence and capture time of pictures begun and not yet shown, at most [`PICTURE_CREDIT`].
    unshown: VecDeque<(u32, u64)>,
    /// The last picture begun was aborted: the next one is sent whole, or a slow link would only
    /// ever see beginnings.
    aborted: bool,
    /// The camera went off while a picture was half out: no more of it goes.
    withdrawn: bool,
    /// Since when the slot has held a picture that the viewer has credit for.
    waits: Option<Instant>,
}

struct Current {
    picture: Picture,
    /// Bytes of it that are out.
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

    /// The camera is off: what is not out by now stays here.
    pub(crate) fn withdraw(&mut self) {
        self.slot = None;
        self.waits = None;
        match &self.current {
            Some(current) if current.at > 0 => self.withdrawn = true,
            Some(_) => {
                self.current = None;
                self.unshown.pop_back();
            }
            None => {}
        }
    }

    /// Notes since when a picture waits. The caller tells the time right after it has put one in.
    pub(crate) fn handle_time(&mut self, now: Instant) {
        match self.slot.is_some() && self.has_credit() {
            true => self.waits = self.waits.or(Some(now)),
            false => self.waits = None,
        }
    }

    /// Since when a picture waits that the viewer has credit for.
    pub(crate) fn waits(&self) -> Option<Instant> {
        self.waits
    }

    /// The peer showed a picture; gives its capture time.
    pub(crate) fn handle_shown(&mut self, sequence: u32) -> Result<u64, PeerError> {
        let sending = usize::from(self.current.is_some());
        let whole = self.unshown.len() - sending;
        let mut waiting = self.unshown.iter().take(whole);
        let Some(at) = waiting.position(|(unshown, _)| *unshown == sequence) else {
            return Err(PeerError::Unexpected {
                what: "shown for a picture that was not sent",
            });
        };
        let shown = self.unshown.remove(at);
        Ok(shown.map_or(0, |(_, captured)| captured))
    }

    /// Writes as much as fits. A picture is begun only through an open gate.
    pub(crate) fn pull(
        &mut self,
        stream: u16,
        record: &mut Record<'_>,
        gate: bool,
        now: Instant,
        counts: &mut Counts,
    ) {
        let gives_up = self.withdrawn || gate && self.is_overtaken();
        if gives_up && record.push(stream, 0, &Message::Abort) {
            self.current = None;
            self.unshown.pop_back();
            self.aborted = !core::mem::take(&mut self.withdrawn);
            counts.aborted += 1;
        }
        if self.withdrawn {
            return;
        }
        if self.current.is_none() && gate && self.has_credit() {
            self.begin(now);
        }
        self.chunk(stream, record, counts);
    }

    fn begin(&mut self, now: Instant) {
        let Some(mut picture) = self.slot.take() else {
            return;
        };
        let age = now - Instant(picture.head.captured);
        picture.head.sent_after = u32::try_from(age.as_micros()).unwrap_or(u32::MAX);
        self.unshown
            .push_back((picture.head.sequence, picture.head.captured));
        self.current = Some(Current { picture, at: 0 });
        self.waits = None;
    }

    fn has_credit(&self) -> bool {
        self.unshown.len() < PICTURE_CREDIT as usize
    }

    /// Whether the picture being sent should make way for the newer one.
    fn is_overtaken(&self) -> bool {
        let Some(current) = &self.current else {
            return false;
        };
        self.slot.is_some() && !self.aborted && current.at < current.picture.bytes.len() / 2
    }

    /// One frame; a record has room for no more.
    fn chunk(&mut self, stream: u16, record: &mut Record<'_>, counts: &mut Counts) {
        let Some(Current { picture, at }) = &mut self.current else {
            return;
        };
        let head = if *at == 0 { PictureHead::BYTES } else { 0 };
        let rest = picture.bytes.get(*at..).unwrap_or(&[]);
        let len = record.room().saturating_sub(head).min(rest.len());
        let bytes = rest.get(..len).unwrap_or(&[]);
        let last = len == rest.len();
        let flags = if last { flags::LAST } else { 0 };
        let message = match *at {
            0 => Message::Picture(picture.head, bytes),
            _ => Message::PictureData(bytes),
        };
        if len == 0 || !record.push(stream, flags, &message) {
            return;
        }
        *at += len;
        if last {
            self.current = None;
            self.aborted = false;
            counts.sent += 1;
        }
    }
}

/// Pictures coming in: at most one being put together and [`PICTURE_CREDIT`] not yet shown.
#[derive(Default)]
pub(crate) struct Incoming {
    partial: Option<(PictureHead, Vec<u8>)>,
    unshown: Vec<u32>,
}

impl Incoming {
    pub(crate) fn handle_head(
        &mut self,
        head: PictureHead,
        bytes: &[u8],
        last: bool,
        now: Instant,
    ) -> Result<Option<ReceivedPicture>, PeerError> {
        if self.partial.is_some() {
            return Err(PeerError::Unexpected {
                what: "a picture inside another",
            });
        }
        if self.unshown.len() >= PICTURE_CREDIT as usize {
            return Err(PeerError::TooMuch {
                what: "pictures not yet shown",
            });
        }
        let room = FIRST_ROOM.min(head.total as usize);
        self.partial = Some((head, Vec::with_capacity(room)));
        self.add(bytes, last, now)
    }

    pub(crate) fn handle_data(
        &mut self,
        bytes: &[u8],
        last: bool,
        now: Instant,
    ) -> Result<Option<ReceivedPicture>, PeerError> {
        if bytes.is_empty() {
            return Err(DecodeError::Cut("picture data").into());
        }
        self.add(bytes, last, now)
    }

    pub(crate) fn handle_abort(&mut self) -> Result<(), PeerError> {
        match self.partial.take() {
            Some(_) => Ok(()),
            None => Err(PeerError::Unexpected {
                what: "abort without a picture",
            }),
        }
    }

    pub(crate) fn held(&self) -> usize {
        let partial = self.partial.as_ref();
        partial.map_or(0, |(_, bytes)| bytes.capacity())
    }

    /// The picture has been shown: gives the credit back.
    pub(crate) fn shown(&mut self, sequence: u32) -> Result<(), UsageError> {
        match self.unshown.iter().position(|unshown| *unshown == sequence) {
            Some(at) => self.unshown.remove(at),
            None => return Err(UsageError::NotNow { verb: "shown" }),
        };
        Ok(())
    }

    fn add(
        &mut self,
        bytes: &[u8],
        last: bool,
        now: Instant,
    ) -> Result<Option<ReceivedPicture>, PeerError> {
        let Some((head, picture)) = &mut self.partial else {
            return Err(PeerError::Unexpected {
                what: "picture data without a picture",
            });
        };
        let total = head.total as usize;
        if bytes.len() > total - picture.len() {
            return Err(PeerError::TooMuch {
                what: "a picture's announced bytes",
            });
        }
        reserve(picture, bytes.len(), total);
        picture.extend_from_slice(bytes);
        if last != (picture.len() == total) {
            return Err(DecodeError::Illegal("last flag").into());
        }
        if !last {
            return Ok(None);
        }
        let whole = self.partial.take();
        Ok(whole.map(|(head, bytes)| {
            self.unshown.push(head.sequence);
            ReceivedPicture {
                head,
                bytes,
                received: now,
            }
        }))
    }
}

/// Makes room by doubling, but never for more than was announced.
fn reserve(picture: &mut Vec<u8>, more: usize, total: usize) {
    let needed = picture.len() + more;
    if needed > picture.capacity() {
        let room = needed.max(picture.capacity() * 2).min(total);
        picture.reserve_exact(room - picture.len());
    }
}
