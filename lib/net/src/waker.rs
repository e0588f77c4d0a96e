//! Wakes a loop from another thread. It carries no message.

use std::io;
use std::sync::Arc;

use mio::{Registry, Token};

/// Wakes its [`Net`](crate::Net): the current wait, or the next, ends with
/// [`Event::Woken`](crate::Event::Woken).
#[derive(Clone, Debug)]
pub struct Waker(Arc<mio::Waker>);

impl Waker {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self(Arc::new(mio::Waker::new(registry, token)?)))
    }

    /// Wakes the loop. Several calls before the loop wakes count as a single call.
    pub fn wake(&self) {
        if let Err(error) = self.0.wake() {
            log::error!("can't wake the loop: {error}");
        }
    }
}
