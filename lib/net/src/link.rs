//! An admitted peer: its connection and the channel that seals and opens for it, without a socket.

use transom_proto::{self as proto, Connection, PeerError};
use transom_secure::{Channel, ChannelError};

use crate::event::Departure;
use crate::outbound::Outbound;

pub(crate) struct Link {
    pub(crate) connection: Connection,
    channel: Channel,
    heard: bool,
}

/// What is wrong with the bytes that came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Session(PeerError),
    Channel(ChannelError),
}

impl Link {
    pub(crate) fn new(connection: Connection, channel: Channel) -> Self {
        Self {
            connection,
            channel,
            heard: false,
        }
    }

    /// Opens the whole records that `bytes` begins with and says how many bytes they are.
    pub(crate) fn open(
        &mut self,
        bytes: &[u8],
        plain: &mut [u8],
        now: proto::Instant,
    ) -> Result<usize, Fault> {
        let mut rest = bytes;
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((sealed, after)) = after.split_at_checked(length) else {
                break;
            };
            let count = self.channel.open(sealed, plain).map_err(Fault::Channel)?;
            self.heard = true;
            let result = self.connection.handle_bytes(&plain[..count], now);
            result.map_err(Fault::Session)?;
            rest = after;
        }
        Ok(bytes.len() - rest.len())
    }

    /// Seals the record that is the best to send now. Gives its plain bytes; 0 when there is none.
    pub(crate) fn seal_next(
        &mut self,
        outbound: &mut Outbound,
        plain: &mut [u8],
        now: proto::Instant,
    ) -> Result<usize, Fault> {
        let count = self.connection.poll_transmit(plain, now);
        if count > 0 {
            let result = outbound.seal(&mut self.channel, &plain[..count]);
            result.map_err(Fault::Channel)?;
        }
        Ok(count)
    }

    /// Whether the peer has sent anything sealed, which proves that it lets us in.
    pub(crate) fn was_heard(&self) -> bool {
        self.heard
    }
}

impl Fault {
    pub(crate) fn departure(self) -> Departure {
        match self {
            Self::Session(PeerError::Silent) => Departure::Silent,
            Self::Session(error) => Departure::Illegal(error),
            Self::Channel(error) => Departure::Forged(error),
        }
    }
}
