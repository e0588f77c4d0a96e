//! A connection, for the code that moves its bytes.

use transom_wire::ByeCode;

use crate::{Config, Event, Instant, PeerError, Session, Side};

/// One connection with one peer, after the handshake: bytes, time and events. See the
/// [crate's page](crate) for the order of calls.
///
/// The code that moves the bytes keeps the connection and lends its [`Session`] to the owner.
#[derive(Debug)]
pub struct Connection {
    /// The verbs and readings of the connection.
    pub session: Session,
}

impl Connection {
    /// Begins a connection and queues its Hello.
    pub fn new(config: Config, side: Side, now: Instant) -> Self {
        Self {
            session: Session::new(config, side, now),
        }
    }

    /// Handles received bytes after decryption, in pieces of any size. Take out all events
    /// afterwards.
    ///
    /// # Errors
    /// A violation of the protocol. The connection ignores all further bytes: call
    /// [`bye`](Self::bye) with the error's code, send that, and close.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Instant) -> Result<(), PeerError> {
        self.session.handle_bytes(bytes, now)
    }

    /// So many bytes of an incomplete record were received. They end the peer's silence, which
    /// matters on a link where a record takes seconds.
    pub fn handle_partial(&mut self, bytes: usize, now: Instant) {
        self.session.handle_partial(bytes, now);
    }

    /// To be called once [`poll_timeout`](Self::poll_timeout) has passed, after all bytes received
    /// by then were handled.
    ///
    /// # Errors
    /// [`PeerError::Silent`] when nothing was received for [`Config::give_up`], or for
    /// [`Config::give_up_live`] while a call rings or is live.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), PeerError> {
        self.session.handle_timeout(now)
    }

    /// Writes the plain bytes of the next record into `out`, which has room for
    /// [`RECORD_BULK`](transom_wire::limits::RECORD_BULK). Returns how many, 0 if nothing may be
    /// sent now.
    ///
    /// Call it only when the socket is writable: the content of a record is chosen here, as late as
    /// possible. Take out all events afterwards.
    pub fn poll_transmit(&mut self, out: &mut [u8], now: Instant) -> usize {
        self.session.poll_transmit(out, now)
    }

    /// The next event, oldest first. Taking out a text acks it.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.session.poll_event()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and then
    /// [`poll_transmit`](Self::poll_transmit), at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.session.poll_timeout()
    }

    /// Says goodbye: waiting messages of class control are sent first, and nothing afterwards.
    pub fn bye(&mut self, code: ByeCode, text: &str) {
        self.session.bye(code, text);
    }
}
