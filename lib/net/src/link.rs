//! An admitted peer: its connection and the channel that seals and opens its records. It has no
//! socket.

use transom_proto::{self as proto, Connection, PeerError};
use transom_secure::{Channel, ChannelError};

use crate::event::Departure;
use crate::outbound::Outbound;

pub(crate) struct Link {
    pub(crate) connection: Connection,
    channel: Channel,
    heard: bool,
}

/// Why the bytes of a peer can't be taken.
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

    /// Opens a record in place and hands its plain bytes to the session.
    pub(crate) fn open(&mut self, sealed: &mut [u8], now: proto::Instant) -> Result<(), Fault> {
        let plain = self.channel.open(sealed).map_err(Fault::Channel)?;
        self.heard = true;
        let result = self.connection.handle_bytes(plain, now);
        result.map_err(Fault::Session)
    }

    /// Seals the record that the session chooses now. Gives the number of its plain bytes; 0 when
    /// there is none.
    pub(crate) fn seal_next(
        &mut self,
        outbound: &mut Outbound,
        now: proto::Instant,
    ) -> Result<usize, Fault> {
        let connection = &mut self.connection;
        let fill = |plain: &mut [u8]| connection.poll_transmit(plain, now);
        outbound
            .seal(&mut self.channel, fill)
            .map_err(Fault::Channel)
    }

    /// Whether a record of the peer was opened, which proves that the peer has admitted us.
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
