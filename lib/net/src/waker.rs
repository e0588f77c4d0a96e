//! Ends the sleep of a loop from another thread. What there is to do, the loop's owner knows.

use std::io;
use std::sync::Arc;

use mio::{Registry, Token};

/// Wakes its [`Net`](crate::Net): the turn under way, or the next, ends with
/// [`Event::Woken`](crate::Event::Woken).
#[derive(Clone, Debug)]
pub struct Waker(Arc<mio::Waker>);

impl Waker {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self(Arc::new(mio::Waker::new(registry, token)?)))
    }

    /// Wakes the loop; several times before it looks are as once.
    pub fn wake(&self) {
        if let Err(error) = self.0.wake() {
            log::error!("can't wake the loop: {error}");
        }
    }
}
