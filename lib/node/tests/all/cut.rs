//! A connection that can be cut: a relay between two stations, on threads of its own.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

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
    /// Both ends of every connection: of who dialed, and of who was dialed.
    ends: Mutex<Vec<(TcpStream, TcpStream)>>,
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
        for (near, far) in self.shared.ends.lock().unwrap().drain(..) {
            // An end that is gone already needs no more.
            drop(near.shutdown(Shutdown::Both));
            drop(far.shutdown(Shutdown::Both));
        }
    }

    /// Ends every connection for who dialed; who was dialed hears nothing of it.
    pub(crate) fn cut_near(&self) {
        for (near, _) in self.shared.ends.lock().unwrap().iter() {
            drop(near.shutdown(Shutdown::Both));
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
        for (from, to) in [(&near, &far), (&far, &near)] {
            let (from, to) = (from.try_clone()?, to.try_clone()?);
            thread::spawn(move || relay(from, to));
        }
        self.ends.lock().unwrap().push((near, far));
        Ok(())
    }
}

/// Carries bytes; the end of one side is not the end of the other.
fn relay(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
}
