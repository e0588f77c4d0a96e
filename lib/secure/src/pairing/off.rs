//! The twin of `exchange.rs` in a build without pairing: none ever begins.

use transom_wire::{Introduction, Side};

use crate::channel::Channel;
use crate::code::Code;
use crate::error::PairingError;

/// One side of a pairing, which this build never is.
#[derive(Debug)]
pub struct Pairing {
    channel: Channel,
}

impl Pairing {
    /// Fails.
    ///
    /// # Errors
    /// Always: this build can't pair.
    pub fn new(_: Channel, _: Side, _: &Code, _: Introduction) -> Result<Self, PairingError> {
        Err(PairingError::NotBuilt)
    }

    /// Handles bytes that were read.
    ///
    /// # Errors
    /// Always: this build can't pair.
    pub fn handle_bytes(&mut self, _: &[u8]) -> Result<(), PairingError> {
        Err(PairingError::NotBuilt)
    }

    /// The next bytes to write, in order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Whether the peer has had a try at the code.
    pub fn has_tried(&self) -> bool {
        false
    }

    /// The peer's introduction.
    pub fn peer(&self) -> Option<&Introduction> {
        None
    }

    /// The channel, which has the peer's key.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Received bytes that are buffered.
    pub fn buffered(&self) -> usize {
        0
    }
}
