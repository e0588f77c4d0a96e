//! What a station has of its machine: time, random numbers, sockets and threads. With feature `sim`
//! the twin `sim/parts.rs` takes this file's place, in which each may also be a model.

use std::time::Instant;

pub(crate) use transom_net::Net;
use transom_net::{BindError, Config};

use crate::context::Context;
use crate::handle::Queue;
pub(crate) use crate::workers::Workers;

/// The machine's clock and its random numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine;

impl Machine {
    pub(crate) fn now(&self) -> Instant {
        Instant::now()
    }

    /// 64 bits that nobody can guess, or `None` where the system gives none.
    pub(crate) fn random(&self) -> Option<u64> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).ok()?;
        Some(u64::from_ne_bytes(random))
    }
}

/// Binds, and starts the threads.
///
/// # Errors
/// It can't listen, or can't make its loop.
pub(crate) fn open(config: Config) -> Result<Context, BindError> {
    let net = Net::bind(config)?;
    let waker = net.waker();
    let queue = Queue::new(move || waker.wake());
    let workers = Workers::new(queue.clone());
    Ok(Context::new(Machine, net, workers, queue))
}
