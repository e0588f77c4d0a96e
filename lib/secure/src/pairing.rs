//! Pairing as a state machine over bytes (wire 10): SPAKE2 inside an encrypted channel. The caller
//! keeps the time, counts the tries of a code and stores the result.

#[cfg(feature = "pairing")]
mod exchange;
#[cfg(not(feature = "pairing"))]
#[path = "pairing/off.rs"]
mod exchange;

use std::time::Duration;

use transom_wire::limits;

pub use self::exchange::Pairing;
use crate::channel::RECORD_OVERHEAD;

/// Whether this build can pair.
pub const CAN_PAIR: bool = cfg!(feature = "pairing");

/// How long a pairing may take from the first byte of its connection: the handshake's time, and
/// three more round trips over bad Wi-Fi. No user is asked within it.
pub const PAIRING_TIMEOUT: Duration = Duration::from_secs(5);

/// Most bytes that a pairing buffers of a stranger.
pub const PAIRING_BUFFER: usize = limits::PAIRING_RECORD + RECORD_OVERHEAD;
