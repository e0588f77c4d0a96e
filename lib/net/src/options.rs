//! Socket options: the few numbers that make TCP quick about freshness and about death. Each is
//! best effort, since a connection without it still works.

use std::io;
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use crate::send_buffer::SendBuffer;

/// What every connection gets from its beginning.
pub(crate) fn begin(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE);
    #[cfg(not(any(target_os = "openbsd", target_os = "haiku")))]
    let keepalive = keepalive.with_interval(KEEPALIVE_INTERVAL);
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "macos",
        target_os = "freebsd"
    ))]
    let keepalive = keepalive.with_retries(KEEPALIVE_RETRIES);
    report("nodelay", socket.set_tcp_nodelay(true));
    report("keepalive", socket.set_tcp_keepalive(&keepalive));
    Tuning::default().apply(&socket);
}

/// What changes when a call begins or the last one ends.
#[derive(Debug, Default)]
pub(crate) struct Tuning {
    /// A call of the connection's own is live.
    live: bool,
    /// A call is live anywhere that shares our link to the network.
    shared: bool,
    /// Nothing is done about queues: the system's defaults count.
    naive: bool,
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    send_buffer: SendBuffer,
}

impl Tuning {
    /// Tunes the socket if a call has begun or the last one has ended since it was tuned: `live` on
    /// this connection, `shared` anywhere that shares our link to the network.
    pub(crate) fn set_live(&mut self, stream: &TcpStream, live: bool, shared: bool) {
        if (self.live, self.shared) != (live, shared) {
            (self.live, self.shared) = (live, shared);
            self.apply(&SockRef::from(stream));
        }
    }

    /// Leaves queues to the system, for measurements.
    pub(crate) fn set_naive(&mut self, stream: &TcpStream) {
        self.naive = true;
        self.apply(&SockRef::from(stream));
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn apply(&mut self, socket: &SockRef<'_>) {
        let unsent = match self.live || self.shared {
            true => UNSENT_LIVE,
            false => UNSENT_BULK,
        };
        let patience = match self.live {
            true => PATIENCE_LIVE,
            false => PATIENCE_IDLE,
        };
        let unsent = if self.naive { SYSTEM_DEFAULT } else { unsent };
        report("notsent_lowat", socket.set_tcp_notsent_lowat(unsent));
        report("user_timeout", socket.set_tcp_user_timeout(Some(patience)));
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn apply(&mut self, socket: &SockRef<'_>) {
        let live = (self.live || self.shared) && !self.naive;
        report("send buffer", self.send_buffer.tune(socket, live));
    }
}

fn report(what: &str, result: io::Result<()>) {
    if let Err(error) = result {
        log::debug!("socket option {what}: {error}");
    }
}

/// One live record: when the kernel has less than that unsent, the next picture is chosen, so it is
/// a fresh one.
#[cfg(any(target_os = "linux", target_os = "android", feature = "sim"))]
pub(crate) const UNSENT_LIVE: u32 = 16 * 1024;

/// What may stand before the first picture of a call that begins in the middle of a file: 80 ms at
/// 100 Mbit/s.
#[cfg(any(target_os = "linux", target_os = "android", feature = "sim"))]
pub(crate) const UNSENT_BULK: u32 = 1024 * 1024;

/// What lets the system's own setting count.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SYSTEM_DEFAULT: u32 = 0;

/// Unacknowledged data end a call's connection after this; the default is a quarter of an hour.
#[cfg(any(target_os = "linux", target_os = "android", feature = "sim"))]
pub(crate) const PATIENCE_LIVE: Duration = Duration::from_secs(5);

/// The same without a call, where a short break of the Wi-Fi is no harm.
#[cfg(any(target_os = "linux", target_os = "android", feature = "sim"))]
pub(crate) const PATIENCE_IDLE: Duration = Duration::from_secs(20);

/// Keepalive finds a dead peer when nothing is on its way: after 2 s and two probes of 1 s.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(2);
#[cfg(not(any(target_os = "openbsd", target_os = "haiku")))]
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "freebsd"
))]
const KEEPALIVE_RETRIES: u32 = 2;

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn in_naive_order_the_system_decides_what_waits_unsent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = TcpStream::from_std(near);
        let unsent = || SockRef::from(&stream).tcp_notsent_lowat().unwrap();
        begin(&stream);
        assert_eq!(unsent(), UNSENT_BULK);
        let mut tuning = Tuning::default();
        tuning.set_live(&stream, true, false);
        assert_eq!(unsent(), UNSENT_LIVE);
        tuning.set_naive(&stream);
        assert_eq!(unsent(), SYSTEM_DEFAULT);
        tuning.set_live(&stream, false, false);
        assert_eq!(unsent(), SYSTEM_DEFAULT);
    }
}
