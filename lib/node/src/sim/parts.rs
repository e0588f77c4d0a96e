//! The twin of `parts.rs`: what a station has of its machine, or of a simulated one.

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::time::Instant;

use transom_net::sim::World;
use transom_net::{BindError, CodeId, Config, Event, PairingTerms, PeerId, WatchId};
use transom_proto::{self as proto, Session};
use transom_wire::{ByeCode, PeerName, PublicKey};

use crate::context::{Context, earlier};
use crate::handle::Queue;
use crate::sim::workers::Inline;
use crate::workers::Workers as Threads;

/// The machine's clock and its random numbers, or those of a simulation.
#[derive(Clone, Debug, Default)]
pub(crate) enum Machine {
    #[default]
    Real,
    Simulated(World),
}

impl Machine {
    pub(crate) fn now(&self) -> Instant {
        match self {
            Self::Real => Instant::now(),
            Self::Simulated(world) => world.now(),
        }
    }

    /// 64 bits that nobody can guess, or `None` where the system gives none.
    pub(crate) fn random(&self) -> Option<u64> {
        match self {
            Self::Real => {
                let mut random = [0; 8];
                getrandom::fill(&mut random).ok()?;
                Some(u64::from_ne_bytes(random))
            }
            Self::Simulated(world) => Some(world.random()),
        }
    }
}

/// Binds, and starts the threads, of this machine.
///
/// # Errors
/// It can't listen, or can't make its loop.
pub(crate) fn open(config: Config) -> Result<Context, BindError> {
    let net = transom_net::Net::bind(config)?;
    let waker = net.waker();
    let queue = Queue::new(move || waker.wake());
    let workers = Workers::Threads(Box::new(Threads::new(queue.clone())));
    let net = Net::Sockets(Box::new(net));
    Ok(Context::new(Machine::Real, net, workers, queue))
}

/// Sockets, or a model of them.
pub(crate) enum Net {
    Sockets(Box<transom_net::Net>),
    Modelled(Box<transom_net::sim::Net>),
}

/// Threads, or their work done at once.
pub(crate) enum Workers {
    Threads(Box<Threads>),
    Inline(Box<Inline>),
}

impl Context {
    /// When a simulated station has something to do.
    pub(crate) fn simulated_due(&self) -> Option<Instant> {
        let net = match &self.net {
            Net::Sockets(_) => None,
            Net::Modelled(net) => net.due(),
        };
        let workers = match &self.workers {
            Workers::Threads(_) => None,
            Workers::Inline(inline) => inline.due(),
        };
        earlier(net, workers)
    }
}

/// The same call to whichever it is.
macro_rules! each {
    ($self:ident, $this:ident => $call:expr) => {
        match $self {
            Self::Sockets($this) => $call,
            Self::Modelled($this) => $call,
        }
    };
}

impl Net {
    pub(crate) fn listen(
        &mut self,
        addresses: &[SocketAddr],
    ) -> Result<Vec<SocketAddr>, BindError> {
        match self {
            Self::Sockets(net) => net.listen(addresses),
            // A simulated station listens from its start or never.
            Self::Modelled(_) => Ok(Vec::new()),
        }
    }

    pub(crate) fn dial(&mut self, address: SocketAddr) -> io::Result<PeerId> {
        each!(self, net => net.dial(address))
    }

    pub(crate) fn dial_pairing(
        &mut self,
        address: SocketAddr,
        terms: PairingTerms,
        key: Option<PublicKey>,
    ) -> io::Result<PeerId> {
        match self {
            Self::Sockets(net) => net.dial_pairing(address, terms, key),
            // A simulated station does not pair.
            Self::Modelled(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(crate) fn open_pairing(&mut self, terms: PairingTerms) -> CodeId {
        match self {
            Self::Sockets(net) => net.open_pairing(terms),
            // No event has it: a simulated station does not pair.
            Self::Modelled(_) => CodeId::default(),
        }
    }

    pub(crate) fn close_pairing(&mut self) {
        if let Self::Sockets(net) = self {
            net.close_pairing();
        }
    }

    pub(crate) fn rename(&mut self, name: PeerName) {
        each!(self, net => net.rename(name));
    }

    pub(crate) fn admit(&mut self, peer: PeerId, session: proto::Config) {
        each!(self, net => net.admit(peer, session));
    }

    pub(crate) fn refuse(&mut self, peer: PeerId) {
        each!(self, net => net.refuse(peer));
    }

    pub(crate) fn session(&mut self, peer: PeerId) -> Option<&mut Session> {
        each!(self, net => net.session(peer))
    }

    pub(crate) fn close(&mut self, peer: PeerId, code: ByeCode, text: &str) {
        each!(self, net => net.close(peer, code, text));
    }

    pub(crate) fn wait(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        each!(self, net => net.wait(deadline))
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        each!(self, net => net.next_event())
    }

    pub(crate) fn local_addresses(&self) -> Vec<SocketAddr> {
        each!(self, net => net.local_addresses())
    }

    #[cfg(feature = "http")]
    pub(crate) fn door(
        &mut self,
    ) -> Option<(&mut transom_net::door::Door, transom_net::door::Now)> {
        match self {
            Self::Sockets(net) => net.door(),
            // A simulated station has no door.
            Self::Modelled(_) => None,
        }
    }

    #[cfg(feature = "http")]
    pub(crate) fn open_door(&mut self, config: transom_net::HttpConfig) -> Result<(), BindError> {
        match self {
            Self::Sockets(net) => net.open_door(config),
            Self::Modelled(_) => Ok(()),
        }
    }

    #[cfg(feature = "http")]
    pub(crate) fn close_door(&mut self) {
        if let Self::Sockets(net) = self {
            net.close_door();
        }
    }

    #[cfg(feature = "http")]
    pub(crate) fn door_addresses(&self) -> Vec<SocketAddr> {
        match self {
            Self::Sockets(net) => net.door_addresses(),
            Self::Modelled(_) => Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> proto::Instant {
        each!(self, net => net.now())
    }

    pub(crate) fn instant(&self, moment: proto::Instant) -> Instant {
        each!(self, net => net.instant(moment))
    }

    pub(crate) fn clock(&self, moment: Instant) -> proto::Instant {
        each!(self, net => net.clock(moment))
    }

    #[cfg(unix)]
    pub(crate) fn watch(&mut self, fd: BorrowedFd<'_>) -> io::Result<WatchId> {
        match self {
            Self::Sockets(net) => net.watch(fd),
            // A simulated camera has no descriptor.
            Self::Modelled(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    #[cfg(unix)]
    pub(crate) fn unwatch(&mut self, id: WatchId) {
        if let Self::Sockets(net) = self {
            net.unwatch(id);
        }
    }
}
