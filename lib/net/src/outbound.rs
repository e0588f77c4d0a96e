//! Sealed bytes that wait for the socket. It does not know their meaning.

use std::io::{self, ErrorKind, Write};

use transom_secure::{Channel, ChannelError, RECORD_HEAD, RECORD_OVERHEAD};
use transom_wire::limits::RECORD_BULK;

/// A buffer that is filled at its end, written from its start, and reset when it is empty.
///
/// ```text
/// 0 ......... start ========= end ......... bytes.len()
///   written         to write      room, zeroed once and reused
/// ```
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// How a flush ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flushed {
    All,
    WouldBlock,
}

impl Outbound {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// Lets `fill` write the plain bytes of a record directly into the buffer, and seals them in
    /// place. Returns the number of plain bytes; 0 if there is no record.
    pub(crate) fn seal(
        &mut self,
        channel: &mut Channel,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<usize, ChannelError> {
        let record = self.room(RECORD_BULK + RECORD_OVERHEAD);
        let count = fill(&mut record[RECORD_HEAD..][..RECORD_BULK]);
        if count > 0 {
            channel.seal_in_place(&mut record[..count + RECORD_OVERHEAD])?;
            self.end += count + RECORD_OVERHEAD;
        }
        Ok(count)
    }

    /// Writes until the buffer is empty or a write would block.
    pub(crate) fn flush(&mut self, mut socket: impl Write) -> io::Result<Flushed> {
        while self.start < self.end {
            match socket.write(&self.bytes[self.start..self.end]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.start += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Flushed::WouldBlock);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        (self.start, self.end) = (0, 0);
        Ok(Flushed::All)
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn room(&mut self, count: usize) -> &mut [u8] {
        let needed = self.end + count;
        if self.bytes.is_empty() {
            // Zeroed pages of the system take no memory until they are written.
            self.bytes = vec![0; needed];
        } else if self.bytes.len() < needed {
            self.bytes.resize(needed, 0);
        }
        &mut self.bytes[self.end..needed]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that accepts `step` bytes per write, and would block after `left`.
    struct SlowSocket {
        taken: Vec<u8>,
        step: usize,
        left: usize,
    }

    impl Write for SlowSocket {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.step).min(self.left);
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.left -= count;
            self.taken.extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn bytes_keep_their_order_over_partial_writes() {
        let mut outbound = Outbound::default();
        outbound.push(b"one two ");
        let mut socket = SlowSocket {
            taken: Vec::new(),
            step: 3,
            left: 5,
        };
        assert_eq!(outbound.flush(&mut socket).unwrap(), Flushed::WouldBlock);
        assert_eq!(outbound.len(), 3);
        outbound.push(b"three");
        socket.left = 100;
        assert_eq!(outbound.flush(&mut socket).unwrap(), Flushed::All);
        assert!(outbound.is_empty());
        assert_eq!(socket.taken, b"one two three");
    }

    #[test]
    fn an_empty_buffer_is_reused() {
        let mut outbound = Outbound::default();
        for _ in 0..1000 {
            outbound.push(&[7; 1000]);
            outbound.flush(io::sink()).unwrap();
        }
        assert_eq!(outbound.bytes.len(), 1000);
    }
}
