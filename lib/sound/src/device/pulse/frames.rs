//! Frames of the native protocol: 20 bytes of header, then a control message, or sound of a
//! channel. Control messages are collected, sound is handed on as it comes.
//!
//! ```text
//!  0        4         8         16       20
//!  | length | channel | offset  | flags  | payload ...
//!             2^32-1: control     0, else shared memory, which we never agree to
//! ```

use super::error::ServerError;

pub(super) const HEADER_BYTES: usize = 20;
/// A control message is at most so large: a list of some hundred devices with their properties.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// A frame of sound is at most so large; the servers send 64 KiB at most.
const MAX_SOUND_BYTES: u32 = 1024 * 1024;
/// The channel of control messages.
const CONTROL: u32 = u32::MAX;
/// The lowest bits of the flags are a seek mode, which is 0 for all sound of a microphone.
const SEEK_MODE: u32 = 0xff;

/// What a frame is made of.
#[derive(Debug, PartialEq)]
pub(super) enum Part<'a> {
    /// A whole control message.
    Message(Vec<u8>),
    /// Bytes of sound of this channel, in any number.
    Sound(u32, &'a [u8]),
}

/// Takes frames apart, in whatever pieces they come.
#[derive(Debug, Default)]
pub(super) struct Frames {
    header: Vec<u8>,
    message: Vec<u8>,
    body: Option<Body>,
}

#[derive(Clone, Copy, Debug)]
enum Body {
    Message { left: usize },
    Sound { channel: u32, left: usize },
}

impl Frames {
    /// The next part; it takes the bytes it has used away. `None` once more bytes are needed.
    pub(super) fn next<'a>(
        &mut self,
        bytes: &mut &'a [u8],
    ) -> Result<Option<Part<'a>>, ServerError> {
        loop {
            match self.body {
                None => {
                    let taken = take(bytes, HEADER_BYTES - self.header.len());
                    self.header.extend(taken);
                    if self.header.len() < HEADER_BYTES {
                        return Ok(None);
                    }
                    self.body = Some(body(&self.header)?);
                    self.header.clear();
                }
                Some(Body::Message { left }) => {
                    let taken = take(bytes, left);
                    self.message.extend(taken);
                    let left = left - taken.len();
                    self.body = Some(Body::Message { left });
                    if left > 0 {
                        return Ok(None);
                    }
                    self.body = None;
                    return Ok(Some(Part::Message(std::mem::take(&mut self.message))));
                }
                Some(Body::Sound { left: 0, .. }) => self.body = None,
                Some(Body::Sound { channel, left }) => {
                    let taken = take(bytes, left);
                    if taken.is_empty() {
                        return Ok(None);
                    }
                    let left = left - taken.len();
                    self.body = Some(Body::Sound { channel, left });
                    return Ok(Some(Part::Sound(channel, taken)));
                }
            }
        }
    }
}

/// At most so many bytes of the front.
fn take<'a>(bytes: &mut &'a [u8], limit: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(bytes.len().min(limit));
    *bytes = rest;
    taken
}

fn body(header: &[u8]) -> Result<Body, ServerError> {
    let number = |at: usize| {
        let bytes = header.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    let (length, channel, flags) = (number(0), number(4), number(16));
    if flags & !SEEK_MODE != 0 {
        return Err(ServerError::Frame("shared memory, which was not agreed on"));
    }
    match channel {
        CONTROL if length as usize > MAX_MESSAGE_BYTES => {
            Err(ServerError::Frame("a message above 1 MiB"))
        }
        CONTROL => Ok(Body::Message {
            left: length as usize,
        }),
        _ if length > MAX_SOUND_BYTES => Err(ServerError::Frame("sound above 1 MiB")),
        channel => Ok(Body::Sound {
            channel,
            left: length as usize,
        }),
    }
}

/// Writes the header of a frame.
pub(super) fn header(length: usize, channel: Option<u32>) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    // Our frames are small: the bounds are those of the caller's buffers.
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    header[..4].copy_from_slice(&length.to_be_bytes());
    header[4..8].copy_from_slice(&channel.unwrap_or(CONTROL).to_be_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(pieces: &[&[u8]]) -> Result<(Vec<Vec<u8>>, Vec<u8>), ServerError> {
        let mut frames = Frames::default();
        let (mut messages, mut sound) = (Vec::new(), Vec::new());
        for mut bytes in pieces.iter().copied() {
            while let Some(part) = frames.next(&mut bytes)? {
                match part {
                    Part::Message(message) => messages.push(message),
                    Part::Sound(7, bytes) => sound.extend(bytes),
                    Part::Sound(..) => {}
                }
            }
        }
        Ok((messages, sound))
    }

    fn frame(channel: Option<u32>, payload: &[u8]) -> Vec<u8> {
        let mut frame = header(payload.len(), channel).to_vec();
        frame.extend(payload);
        frame
    }

    #[test]
    fn frames_are_the_same_in_whatever_pieces_they_come() {
        let mut bytes = frame(None, b"first");
        bytes.extend(frame(Some(7), b"sound"));
        bytes.extend(frame(None, b""));
        bytes.extend(frame(Some(9), b"of another"));
        bytes.extend(frame(Some(7), b" and more"));
        let whole = parts(&[&bytes]).unwrap();
        assert_eq!(whole.0, [b"first".to_vec(), Vec::new()]);
        assert_eq!(whole.1, b"sound and more");
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(parts(&single).unwrap(), whole);
    }

    #[test]
    fn a_frame_that_is_too_large_or_not_in_the_socket_is_an_error() {
        for (length, channel) in [(MAX_MESSAGE_BYTES + 1, None), (usize::MAX, Some(7))] {
            assert!(parts(&[&header(length, channel)]).is_err());
        }
        let mut shared = header(0, Some(7));
        shared[16] = 0x80;
        assert!(parts(&[&shared]).is_err());
    }
}
