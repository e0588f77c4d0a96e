//! A connection as the code that moves its bytes sees it.

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

    /// Takes in opened plain bytes, cut anywhere. Take out all events afterwards.
    ///
    /// # Errors
    /// What the peer did wrong. The connection takes in nothing more then: say [`bye`](Self::bye)
    /// with the error's code, send that, and close.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Instant) -> Result<(), PeerError> {
        self.session.handle_bytes(bytes, now)
    }

    /// So many bytes of a record have come that is not whole yet. They count as a sign of life,
    /// which matters where a record takes seconds.
    pub fn handle_partial(&mut self, bytes: usize, now: Instant) {
        self.session.handle_partial(bytes, now);
    }

    /// To be called once [`poll_timeout`](Self::poll_timeout) has passed, after the bytes that had
    /// come by then were taken in.
    ///
    /// # Errors
    /// [`PeerError::Silent`] when nothing was heard for [`Config::give_up`], or for
    /// [`Config::give_up_live`] while a call rings or runs.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), PeerError> {
        self.session.handle_timeout(now)
    }

    /// Writes the plain bytes of the next record into `out`, which has room for
    /// [`RECORD_BULK`](transom_wire::limits::RECORD_BULK); gives how many, 0 when nothing may be
    /// sent now.
    ///
    /// To be called only when the socket takes bytes: what goes is decided here, as late as can be.
    /// Take out all events afterwards.
    pub fn poll_transmit(&mut self, out: &mut [u8], now: Instant) -> usize {
        self.session.poll_transmit(out, now)
    }

    /// The next event, oldest first. A text counts as arrived when it is taken out here.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.session.poll_event()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and then
    /// [`poll_transmit`](Self::poll_transmit), at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.session.poll_timeout()
    }

    /// Says goodbye: what waits in class control goes first, and nothing is sent after it.
    pub fn bye(&mut self, code: ByeCode, text: &str) {
        self.session.bye(code, text);
    }
}
