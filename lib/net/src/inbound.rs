//! Splits the bytes of a socket into records. It knows neither their keys nor their meaning.

use std::io::{self, IoSliceMut, Read};

use transom_secure::RECORD_HEAD;

/// The incomplete record of a peer. The next read is vectored: the rest of that record goes behind
/// its beginning, and all further bytes into a buffer that all peers share. So no byte is copied
/// more than once.
///
/// ```text
///            own         shared
///   read 1   |head|      |body |head|body |head|bo|
///   kept     |head|bo|   <----------------- copied
///   read 2   |head|body| |head|body |head|body|
/// ```
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    /// Filled up to `len`; the rest is room, zeroed once and reused.
    own: Vec<u8>,
    len: usize,
}

impl Inbound {
    /// Reads once. Returns the number of bytes read, and the part of them in `shared`, which is to
    /// be [taken](Self::take) before the next read.
    pub(crate) fn read<'a>(
        &mut self,
        mut socket: impl Read,
        shared: &'a mut [u8],
    ) -> io::Result<(usize, &'a mut [u8])> {
        let wanted = self.wanted();
        self.reserve(wanted);
        let own = &mut self.own[self.len..wanted];
        let room = own.len();
        let count = socket.read_vectored(&mut [IoSliceMut::new(own), IoSliceMut::new(shared)])?;
        let first = count.min(room);
        self.len += first;
        Ok((count, &mut shared[..count - first]))
    }

    /// Calls `each` with every record that `bytes` complete, without its length; `each` may change
    /// the record. Stops at the first error.
    pub(crate) fn take<E>(
        &mut self,
        bytes: &mut [u8],
        mut each: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = bytes;
        loop {
            if self.len < RECORD_HEAD {
                let missing = rest.len().min(RECORD_HEAD - self.len);
                let (head, after) = rest.split_at_mut(missing);
                self.keep(head);
                rest = after;
            }
            let whole = self.wanted();
            if self.len > RECORD_HEAD && self.len == whole {
                self.len = 0;
                each(&mut self.own[RECORD_HEAD..whole])?;
            } else if self.len == RECORD_HEAD && rest.len() >= whole - RECORD_HEAD {
                let (record, after) = rest.split_at_mut(whole - RECORD_HEAD);
                self.len = 0;
                each(record)?;
                rest = after;
            } else {
                // `rest` is empty or begins an incomplete record: a read completes a kept record
                // before it fills the shared buffer.
                self.keep(rest);
                return Ok(());
            }
        }
    }

    /// Bytes of the incomplete record, as far as known: its length field, or all of it.
    fn wanted(&self) -> usize {
        match self.own[..self.len].first_chunk() {
            Some(head) => RECORD_HEAD + usize::from(u16::from_be_bytes(*head)),
            None => RECORD_HEAD,
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        self.reserve(end);
        self.own[self.len..end].copy_from_slice(bytes);
        self.len = end;
    }

    fn reserve(&mut self, len: usize) {
        if self.own.len() < len {
            self.own.resize(len, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that returns a stream in pieces, each spread over the buffers of a vectored read.
    struct Pieces<'a> {
        stream: &'a [u8],
        piece: usize,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.read_vectored(&mut [IoSliceMut::new(buffer)])
        }

        fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
            let (mut piece, after) = self.stream.split_at(self.piece.min(self.stream.len()));
            self.stream = after;
            let mut count = 0;
            for buffer in buffers {
                count += piece.read(buffer)?;
            }
            assert!(piece.is_empty(), "the test's buffers have room for a piece");
            Ok(count)
        }
    }

    #[test]
    fn records_are_the_same_over_any_fragmentation() {
        let lengths = [0, 1, 2, 3, 300, 0, 7, 40_000, 65_535, 5];
        let mut stream = Vec::new();
        for (number, length) in lengths.into_iter().enumerate() {
            stream.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            stream.resize(stream.len() + length, number as u8);
        }
        let mut shared = vec![0; stream.len()];
        for piece in [1, 2, 3, 5, 301, 65_537, stream.len()] {
            let (mut inbound, mut found) = (Inbound::default(), Vec::new());
            let mut socket = Pieces {
                stream: &stream,
                piece,
            };
            loop {
                let (count, rest) = inbound.read(&mut socket, &mut shared).unwrap();
                if count == 0 {
                    break;
                }
                let each = |record: &mut [u8]| {
                    let number = found.len() as u8;
                    assert!(record.iter().all(|byte| *byte == number), "{piece}");
                    found.push(record.len());
                    // A record is decrypted in place, which changes its bytes.
                    record.fill(0xee);
                    Ok::<_, ()>(())
                };
                inbound.take(rest, each).unwrap();
            }
            assert_eq!(found, lengths, "{piece}");
            assert_eq!(inbound.len, 0);
        }
    }

    #[test]
    fn taking_stops_at_the_first_error() {
        let mut seen = 0;
        let each = |_: &mut [u8]| {
            seen += 1;
            Err(())
        };
        let result = Inbound::default().take(&mut [0, 1, 9, 0, 1, 9], each);
        assert_eq!((result, seen), (Err(()), 1));
    }

    #[test]
    fn at_most_one_record_is_kept() {
        let mut inbound = Inbound::default();
        let mut bytes = vec![0xff; 2 + 65_534];
        inbound.take(&mut bytes, |_| Ok::<_, ()>(())).unwrap();
        assert_eq!(inbound.own.len(), 2 + 65_534);
        let mut seen = 0;
        let (count, rest) = inbound.read(&[1, 2, 3][..], &mut bytes).unwrap();
        assert_eq!((count, rest.len()), (3, 2));
        let each = |record: &mut [u8]| {
            seen += record.len();
            Ok::<_, ()>(())
        };
        inbound.take(rest, each).unwrap();
        assert_eq!((seen, inbound.own.len(), inbound.len), (65_535, 65_537, 2));
    }
}
