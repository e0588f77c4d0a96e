//! Frames out of a stream of bytes that is cut anywhere.

use alloc::vec::Vec;

use transom_wire::{DecodeError, Header, limits};

/// One whole frame.
pub(crate) struct Frame<'a> {
    pub(crate) header: Header,
    pub(crate) payload: &'a [u8],
}

/// Holds the frame that is cut, at most a header and [`limits::PAYLOAD`] bytes.
///
/// ```text
///   handle_bytes(1)        handle_bytes(2)
///  |frame|frame|fra        me|frame|frame|
///   `-- read in place --'   `held`'`- read in place
/// ```
#[derive(Default)]
pub(crate) struct Deframer {
    held: Vec<u8>,
    /// Whether `held` was given out and is to be forgotten.
    given: bool,
}

impl Deframer {
    /// The next whole frame of what is held and then `rest`, which is shortened; `None` when it is
    /// used up.
    pub(crate) fn next<'a, 'b: 'a>(
        &'a mut self,
        rest: &mut &'b [u8],
    ) -> Result<Option<Frame<'a>>, DecodeError> {
        if self.given {
            self.held.clear();
            self.given = false;
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
        self.given = frame.is_some();
        Ok(frame)
    }

    /// Bytes of the frame that is cut.
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

/// The first frame and what follows it.
fn split(bytes: &[u8]) -> Result<Option<(Frame<'_>, &[u8])>, DecodeError> {
    let Some((head, rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let header = Header::decode(*head)?;
    let len = usize::try_from(header.len).unwrap_or(limits::PAYLOAD);
    let parts = rest.split_at_checked(len);
    Ok(parts.map(|(payload, after)| (Frame { header, payload }, after)))
}
