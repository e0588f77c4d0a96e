//! Splits a byte stream, received in pieces of any size, into frames.

use alloc::vec::Vec;

use transom_wire::{DecodeError, Header, limits};

/// A complete frame.
pub(crate) struct Frame<'a> {
    pub(crate) header: Header,
    pub(crate) payload: &'a [u8],
}

/// Holds the start of an incomplete frame, at most a header and [`limits::PAYLOAD`] bytes. Complete
/// frames are read in place.
///
/// ```text
///   handle_bytes(1)        handle_bytes(2)
///  |frame|frame|fra        me|frame|frame|
///   `-- read in place --'   `held`'`- read in place
/// ```
#[derive(Default)]
pub(crate) struct Deframer {
    held: Vec<u8>,
    /// `held` was a complete frame, which the caller has seen: clear it on the next call.
    is_done: bool,
}

impl Deframer {
    /// The next complete frame of the bytes held and then `rest`, which is advanced; `None` when
    /// all of `rest` is consumed.
    pub(crate) fn next<'a, 'b: 'a>(
        &'a mut self,
        rest: &mut &'b [u8],
    ) -> Result<Option<Frame<'a>>, DecodeError> {
        if core::mem::take(&mut self.is_done) {
            self.held.clear();
        }
        if self.held.is_empty() {
            let Some((frame, after)) = split(rest)? else {
                self.held.extend_from_slice(core::mem::take(rest));
                return Ok(None);
            };
            *rest = after;
            return Ok(Some(frame));
        }
        self.hold(limits::HEADER, rest);
        if let Some(head) = self.held.first_chunk() {
            let header = Header::decode(*head)?;
            let len = usize::try_from(header.len).unwrap_or(limits::PAYLOAD);
            self.hold(limits::HEADER + len, rest);
        }
        let frame = split(&self.held)?.map(|(frame, _)| frame);
        self.is_done = frame.is_some();
        Ok(frame)
    }

    /// Bytes of the incomplete frame.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Moves bytes from `rest` until `len` are held.
    fn hold(&mut self, len: usize, rest: &mut &[u8]) {
        let wanted = len.saturating_sub(self.held.len()).min(rest.len());
        let (taken, after) = rest.split_at(wanted);
        self.held.extend_from_slice(taken);
        *rest = after;
    }
}

/// The first frame, if complete, and the bytes after it.
fn split(bytes: &[u8]) -> Result<Option<(Frame<'_>, &[u8])>, DecodeError> {
    let Some((head, rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let header = Header::decode(*head)?;
    let len = usize::try_from(header.len).unwrap_or(limits::PAYLOAD);
    let parts = rest.split_at_checked(len);
    Ok(parts.map(|(payload, after)| (Frame { header, payload }, after)))
}
