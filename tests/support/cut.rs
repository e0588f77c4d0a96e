//! Connections that can be cut, frozen or held at a byte: a relay between two stations, on threads
//! of its own. The tests of the node use this file too.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Relays connections to one address. Its threads end with the test program.
#[derive(Debug)]
pub struct Cut {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    /// Whether new connections get nowhere.
    closed: AtomicBool,
    /// Whether the end of one side is passed on to the other.
    passes_ends: AtomicBool,
    /// Bytes from the sides that dialed to those that were dialed, over all connections.
    carried: AtomicU64,
    /// How far `carried` may grow.
    hold_at: AtomicU64,
    ends: Mutex<Vec<Ends>>,
}

/// One relayed connection.
#[derive(Debug)]
struct Ends {
    /// The side that dialed.
    near: TcpStream,
    /// The side that was dialed.
    far: TcpStream,
    /// While it is set no byte is carried, and neither side is told.
    frozen: Arc<AtomicBool>,
}

impl Cut {
    /// A relay to that address, on a free port of loopback.
    ///
    /// # Panics
    /// When there is none.
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            closed: AtomicBool::new(false),
            passes_ends: AtomicBool::new(false),
            carried: AtomicU64::new(0),
            hold_at: AtomicU64::new(u64::MAX),
            ends: Mutex::default(),
        });
        let relay = shared.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if !relay.closed.load(Ordering::SeqCst) {
                    // A connection that can't be relayed is as good as cut.
                    drop(relay.join(near));
                }
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a contact of that name is to be dialed.
    ///
    /// # Panics
    /// When that is no name.
    pub fn contact<C: FromStr<Err: Debug>>(&self, name: &str) -> C {
        let contact = format!("{name} {}", self.address);
        contact.parse().expect("a name and an address")
    }

    /// New connections go to that address.
    pub fn aim(&self, target: SocketAddr) {
        *lock(&self.shared.target) = target;
    }

    /// From now on the end of one side of a connection is passed on to the other, as when a program
    /// ends; without, it is as when a machine loses its power.
    pub fn pass_ends(&self) {
        self.shared.passes_ends.store(true, Ordering::SeqCst);
    }

    /// Bytes that went from the sides that dialed to those that were dialed.
    pub fn carried(&self) -> u64 {
        self.shared.carried.load(Ordering::SeqCst)
    }

    /// Carries no more than so many further bytes from the sides that dialed, until
    /// [`Cut::release`].
    pub fn hold_after(&self, bytes: u64) {
        let at = self.carried().saturating_add(bytes);
        self.shared.hold_at.store(at, Ordering::SeqCst);
    }

    /// Whether all bytes that [`Cut::hold_after`] allowed were carried.
    pub fn is_held(&self) -> bool {
        self.carried() >= self.shared.hold_at.load(Ordering::SeqCst)
    }

    /// What was held goes on.
    pub fn release(&self) {
        self.shared.hold_at.store(u64::MAX, Ordering::SeqCst);
    }

    /// Ends every connection, at both ends, and lets no new one through.
    pub fn cut(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        for Ends { near, far, .. } in lock(&self.shared.ends).drain(..) {
            // An end that is gone already needs no more.
            drop(near.shutdown(Shutdown::Both));
            drop(far.shutdown(Shutdown::Both));
        }
    }

    /// Ends every connection for the side that dialed; the other side hears nothing of it.
    pub fn cut_near(&self) {
        for Ends { near, .. } in lock(&self.shared.ends).iter() {
            drop(near.shutdown(Shutdown::Both));
        }
    }

    /// From now on the connections that are up carry nothing, as when a machine loses its power or
    /// its cable: neither side is told. New connections go through.
    pub fn freeze(&self) {
        self.set_frozen(true);
    }

    /// What was held back goes on, as when the cable is back soon enough.
    pub fn thaw(&self) {
        self.set_frozen(false);
    }

    fn set_frozen(&self, frozen: bool) {
        for ends in lock(&self.shared.ends).iter() {
            ends.frozen.store(frozen, Ordering::SeqCst);
        }
    }

    /// Lets new connections through again.
    pub fn mend(&self) {
        self.shared.closed.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    fn join(self: &Arc<Self>, near: TcpStream) -> io::Result<()> {
        let far = TcpStream::connect(*lock(&self.target))?;
        let frozen = Arc::default();
        for (from, to, is_forth) in [(&near, &far, true), (&far, &near, false)] {
            let (from, to) = (from.try_clone()?, to.try_clone()?);
            let (shared, frozen) = (self.clone(), Arc::clone(&frozen));
            thread::spawn(move || shared.relay(from, to, is_forth, &frozen));
        }
        lock(&self.ends).push(Ends { near, far, frozen });
        Ok(())
    }

    /// Carries bytes of one direction until its connection ends.
    fn relay(&self, mut from: TcpStream, mut to: TcpStream, is_forth: bool, frozen: &AtomicBool) {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let mut rest = &bytes[..count];
            while !rest.is_empty() {
                let room = match is_forth {
                    true => self.room(),
                    false => u64::MAX,
                };
                if frozen.load(Ordering::SeqCst) || room == 0 {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                let now = rest.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                if to.write_all(&rest[..now]).is_err() {
                    return;
                }
                if is_forth {
                    self.carried.fetch_add(now as u64, Ordering::SeqCst);
                }
                rest = &rest[now..];
            }
        }
        if self.passes_ends.load(Ordering::SeqCst) {
            drop(to.shutdown(Shutdown::Both));
        }
    }

    /// Bytes that may be carried now.
    fn room(&self) -> u64 {
        let hold_at = self.hold_at.load(Ordering::SeqCst);
        hold_at.saturating_sub(self.carried.load(Ordering::SeqCst))
    }
}

/// A test that failed while it held a lock is not to hide behind those of others.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
