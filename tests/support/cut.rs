//! Connections that can be cut or frozen: a relay between two stations, on threads of its own.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use transom::people::Contact;

/// Relays connections to one address. Its threads end with the test program.
pub(crate) struct Cut {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Whether new connections get nowhere.
    closed: AtomicBool,
    ends: Mutex<Vec<Ends>>,
}

/// One relayed connection.
struct Ends {
    /// The side that dialed.
    near: TcpStream,
    /// The side that was dialed.
    far: TcpStream,
    /// While it is set no byte is carried, and neither side is told.
    frozen: Arc<AtomicBool>,
}

impl Cut {
    pub(crate) fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let relay = shared.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if !relay.closed.load(Ordering::SeqCst) {
                    // One that can't be relayed is as good as cut.
                    drop(relay.join(near, target));
                }
            }
        });
        Self { address, shared }
    }

    /// Where a contact of that name is to be dialed.
    pub(crate) fn contact(&self, name: &str) -> Contact {
        format!("{name} {}", self.address).parse().unwrap()
    }

    /// Ends every connection, at both ends, and lets no new one through.
    pub(crate) fn cut(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        for Ends { near, far, .. } in self.shared.ends.lock().unwrap().drain(..) {
            // An end that is gone already needs no more.
            drop(near.shutdown(Shutdown::Both));
            drop(far.shutdown(Shutdown::Both));
        }
    }

    /// Ends every connection for who dialed; who was dialed hears nothing of it.
    pub(crate) fn cut_near(&self) {
        for Ends { near, .. } in self.shared.ends.lock().unwrap().iter() {
            drop(near.shutdown(Shutdown::Both));
        }
    }

    /// From now on the connections that are up carry nothing, as when a machine loses its power or
    /// its cable: neither side is told. New connections go through.
    pub(crate) fn freeze(&self) {
        self.set_frozen(true);
    }

    /// What was held back goes on, as when the cable is back soon enough.
    pub(crate) fn thaw(&self) {
        self.set_frozen(false);
    }

    fn set_frozen(&self, frozen: bool) {
        for ends in self.shared.ends.lock().unwrap().iter() {
            ends.frozen.store(frozen, Ordering::SeqCst);
        }
    }

    /// Lets new connections through again.
    pub(crate) fn mend(&self) {
        self.shared.closed.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    fn join(&self, near: TcpStream, target: SocketAddr) -> io::Result<()> {
        let far = TcpStream::connect(target)?;
        let frozen = Arc::default();
        for (from, to) in [(&near, &far), (&far, &near)] {
            let (from, to, frozen) = (from.try_clone()?, to.try_clone()?, Arc::clone(&frozen));
            thread::spawn(move || relay(from, to, &frozen));
        }
        self.ends.lock().unwrap().push(Ends { near, far, frozen });
        Ok(())
    }
}

/// Carries bytes; the end of one side is not the end of the other.
fn relay(mut from: TcpStream, mut to: TcpStream, frozen: &AtomicBool) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        while frozen.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        if to.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
}
