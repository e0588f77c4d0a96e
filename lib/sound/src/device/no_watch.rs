//! Twin of `watch` where devices don't tell that they come and go: the timer of the retries finds
//! them.

use std::time::Instant;

use mio::{Registry, Token};

/// Never tells anything.
pub struct DeviceWatcher;

impl DeviceWatcher {
    /// Watches nothing.
    ///
    /// # Errors
    /// None.
    pub fn open(_: &Registry, _: Token) -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Always false.
    pub fn changed(&mut self) -> bool {
        false
    }

    /// Never.
    pub fn due(&self) -> Option<Instant> {
        None
    }
}
