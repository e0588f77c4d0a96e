//! The connection of an admitted peer: a session, and the channel that encrypts and decrypts its
//! records. It has no socket.

use transom_proto::{self as proto, Connection, PeerError};
use transom_secure::{Channel, ChannelError};

use crate::event::Departure;
use crate::outbound::Outbound;

pub(crate) struct SealedConnection {
    pub(crate) connection: Connection,
    channel: Channel,
    has_received: bool,
}

/// Why the bytes of a peer are not accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Session(PeerError),
    Channel(ChannelError),
}

impl SealedConnection {
    pub(crate) fn new(connection: Connection, channel: Channel) -> Self {
        Self {
            connection,
            channel,
            has_received: false,
        }
    }

    /// Opens a record in place and passes its plain bytes to the session.
    pub(crate) fn open(&mut self, sealed: &mut [u8], now: proto::Instant) -> Result<(), Fault> {
        let plain = self.channel.open(sealed).map_err(Fault::Channel)?;
        self.has_received = true;
        let result = self.connection.handle_bytes(plain, now);
        result.map_err(Fault::Session)
    }

    /// Seals the next record, which the session chooses now. Returns the number of its plain bytes;
    /// 0 if there is no record.
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
    pub(crate) fn has_received(&self) -> bool {
        self.has_received
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
