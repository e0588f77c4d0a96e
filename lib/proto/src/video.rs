//! Received pictures of one call (wire 6): reassembled from chunks, within the sender's credit.

use alloc::vec::Vec;
use core::time::Duration;

use transom_wire::limits::PICTURE_CREDIT;
use transom_wire::{DecodeError, PictureHead};

use crate::{Instant, PeerError, ReceivedPicture, UsageError};

/// Most bytes allocated for a picture on its head alone: a peer that announces 8 MiB must send them
/// before we allocate them.
const FIRST_ROOM: usize = 64 * 1024;

/// Numbers of pictures, for the stats.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) replaced: u64,
    pub(crate) aborted: u64,
    pub(crate) received: u64,
    /// Pictures whose sending began, and how long the last of them had waited for it.
    pub(crate) begun: (u64, Duration),
}

/// At most one incomplete picture, and [`PICTURE_CREDIT`] pictures not yet shown.
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
            return Err(PeerError::unexpected("a picture inside another"));
        }
        if self.unshown.len() >= PICTURE_CREDIT as usize {
            return Err(PeerError::too_much("pictures not yet shown"));
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
            None => Err(PeerError::unexpected("abort without a picture")),
        }
    }

    pub(crate) fn held(&self) -> usize {
        let partial = self.partial.as_ref();
        partial.map_or(0, |(_, bytes)| bytes.capacity())
    }

    /// The picture was shown: frees its credit.
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
            return Err(PeerError::unexpected("picture data without a picture"));
        };
        let total = head.total as usize;
        if bytes.len() > total - picture.len() {
            return Err(PeerError::too_much("a picture's announced bytes"));
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

/// Grows by doubling, to the announced size at most.
fn reserve(picture: &mut Vec<u8>, more: usize, total: usize) {
    let needed = picture.len() + more;
    if needed > picture.capacity() {
        let room = needed.max(picture.capacity() * 2).min(total);
        picture.reserve_exact(room - picture.len());
    }
}
