//! What goes to the server, and which replies are awaited.

use std::collections::VecDeque;

use super::error::ServerError;
use super::frames::header;
use super::messages::SECOND_BYTES;
use super::tags::Writer;

/// Bytes that wait for a server that reads nothing: the sound that it asked for, and messages.
const MAX_OUT_BYTES: usize = 2 * SECOND_BYTES as usize;
/// Replies that are awaited at the same time.
const MAX_WAITING: usize = 8;

/// What was asked, so that the reply can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Auth,
    ClientName,
    Create,
    Describe,
    Latency,
    ServerInfo,
    Sinks,
    Sources,
    Subscribe,
}

/// The outgoing side of a connection.
#[derive(Debug, Default)]
pub(super) struct Requests {
    out: VecDeque<u8>,
    sequence: u32,
    waiting: VecDeque<(u32, Asked)>,
}

impl Requests {
    /// Asks the server for something; `fill` writes what follows the command.
    pub(super) fn ask(&mut self, command: u32, asked: Asked, fill: impl FnOnce(Writer) -> Writer) {
        // A server that moves a stream on and on and answers nothing: its words are given up.
        if self.waiting.len() >= MAX_WAITING {
            return;
        }
        self.sequence = self.sequence.wrapping_add(1);
        let message = Writer::default().u32(command).u32(self.sequence);
        let message = fill(message).into_bytes();
        self.out.extend(header(message.len(), None));
        self.out.extend(message);
        self.waiting.push_back((self.sequence, asked));
    }

    /// What a reply answers.
    ///
    /// # Errors
    /// If nothing was asked under this number.
    pub(super) fn answered(&mut self, sequence: u32) -> Result<Asked, ServerError> {
        let position = self.waiting.iter().position(|(sent, _)| *sent == sequence);
        let waiting = position.and_then(|position| self.waiting.remove(position));
        let (_, asked) = waiting.ok_or(ServerError::Frame("a reply to no question"))?;
        Ok(asked)
    }

    /// Sends sound.
    ///
    /// # Errors
    /// When the server takes nothing out of its socket.
    pub(super) fn play(&mut self, channel: u32, samples: &[i16]) -> Result<(), ServerError> {
        if self.out.len() > MAX_OUT_BYTES {
            return Err(ServerError::Stuck);
        }
        self.out.extend(header(samples.len() * 2, Some(channel)));
        self.out
            .extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        Ok(())
    }

    /// So many bytes were sent.
    pub(super) fn sent(&mut self, count: usize) {
        self.out.drain(..count.min(self.out.len()));
    }

    /// Bytes to send, as far as they stand together.
    pub(super) fn bytes(&self) -> &[u8] {
        self.out.as_slices().0
    }

    /// Whether such a reply is awaited.
    pub(super) fn awaits(&self, wanted: Asked) -> bool {
        self.waiting.iter().any(|(_, asked)| *asked == wanted)
    }

    /// Whether the replies that are awaited are within their limit.
    pub(super) fn is_bounded(&self) -> bool {
        self.waiting.len() <= MAX_WAITING
    }
}
