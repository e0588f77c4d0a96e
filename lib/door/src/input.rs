//! Bytes of a client that are not answered yet, and the requests in them.

use crate::limits::MAX_HEAD_BYTES;
use crate::request::{HeadError, Request};

/// At most [`MAX_HEAD_BYTES`] bytes.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    /// How many bytes were parsed without finding a whole head. Without a line feed behind them
    /// another attempt finds nothing either: a head that comes byte by byte is parsed once a line.
    parsed: usize,
}

impl Input {
    /// Takes the bytes for which there is room; gives back how many.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> usize {
        let room = MAX_HEAD_BYTES - self.bytes.len();
        let taken = &bytes[..bytes.len().min(room)];
        self.bytes.extend_from_slice(taken);
        taken.len()
    }

    /// Forgets all, and the memory with it.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the next request out, if all of its head is here.
    pub(crate) fn next_request(&mut self) -> Result<Option<Request>, HeadError> {
        // A client may send an empty line after a request.
        let is_line_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let lines = self.bytes.iter().take_while(is_line_end).count();
        self.take(lines);
        if !self.has_new_line() {
            return Ok(None);
        }
        let request = Request::parse(&self.bytes)?;
        self.parsed = self.bytes.len();
        Ok(request.map(|(request, length)| {
            self.take(length);
            request
        }))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() == MAX_HEAD_BYTES
    }

    /// Whether parsing may find something that the last attempt did not.
    fn has_new_line(&self) -> bool {
        self.is_full() || self.bytes[self.parsed..].contains(&b'\n')
    }

    fn take(&mut self, count: usize) {
        if count > 0 {
            self.bytes.drain(..count);
            self.parsed = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_comes_byte_by_byte_is_parsed_once_a_line() {
        let head = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
            "y".repeat(8_000)
        );
        let mut input = Input::default();
        let (mut attempts, mut found) = (0, 0);
        for byte in head.bytes() {
            assert_eq!(input.push(&[byte]), 1);
            attempts += usize::from(input.has_new_line());
            found += usize::from(input.next_request().unwrap().is_some());
        }
        assert_eq!((attempts, found), (4, 1));
        assert!(input.is_empty());
    }

    #[test]
    fn what_is_behind_a_request_is_looked_at_from_its_start() {
        let mut input = Input::default();
        let head = "GET / HTTP/1.0\r\n\r\n";
        input.push(format!("{head}\r\n{head}GET /").as_bytes());
        let mut next = || input.next_request().unwrap().is_some();
        assert_eq!([next(), next(), next()], [true, true, false]);
        input.push(b" HTTP/1.0\r\n\r\n");
        assert!(input.next_request().unwrap().is_some() && input.is_empty());
    }

    #[test]
    fn a_head_without_an_end_is_refused_when_there_is_no_room() {
        let mut input = Input::default();
        assert_eq!(input.push(&[b'G'; MAX_HEAD_BYTES - 1]), MAX_HEAD_BYTES - 1);
        assert_eq!(input.next_request(), Ok(None));
        assert_eq!(input.push(b"GG"), 1);
        assert_eq!(input.next_request(), Err(HeadError::TooLarge));
    }
}
