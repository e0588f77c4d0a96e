//! Socket options, which keep the kernel's send queue short and detect a dead peer early. Each is
//! best effort, since a connection without it still works.

use std::io;
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use crate::send_buffer::SendBuffer;

/// Sets the options of a new connection.
pub(crate) fn set_up(stream: &TcpStream) {
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

/// Sets the options of a connection of an HTTP client. A picture is chosen when the kernel has room
/// for it, so a short queue keeps pictures fresh.
#[cfg(feature = "http")]
pub(crate) fn set_up_http(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    report("nodelay", socket.set_tcp_nodelay(true));
    report("send buffer", socket.set_send_buffer_size(HTTP_SEND_BUFFER));
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        report("notsent_lowat", socket.set_tcp_notsent_lowat(UNSENT_LIVE));
        let timeout = Some(transom_door::limits::STALL);
        report("user_timeout", socket.set_tcp_user_timeout(timeout));
    }
}

/// The options that change when a call begins or the last one ends.
#[derive(Debug, Default)]
pub(crate) struct Tuning {
    /// A call of this connection is live.
    live: bool,
    /// A call is live at a station or program that shares our link to the network.
    shared: bool,
    /// The kernel's queue keeps the system's defaults.
    naive: bool,
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    send_buffer: SendBuffer,
}

impl Tuning {
    /// Tunes the socket if `live` (a call on this connection) or `shared` (a call on any connection
    /// that shares our link to the network) has changed.
    pub(crate) fn set_live(&mut self, stream: &TcpStream, live: bool, shared: bool) {
        if (self.live, self.shared) != (live, shared) {
            (self.live, self.shared) = (live, shared);
            self.apply(&SockRef::from(stream));
        }
    }

    /// Leaves the kernel's queue at the system's defaults, for measurements.
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
        let timeout = match self.live {
            true => USER_TIMEOUT_LIVE,
            false => USER_TIMEOUT_IDLE,
        };
        let unsent = if self.naive { SYSTEM_DEFAULT } else { unsent };
        report("notsent_lowat", socket.set_tcp_notsent_lowat(unsent));
        report("user_timeout", socket.set_tcp_user_timeout(Some(timeout)));
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

/// TCP_NOTSENT_LOWAT during a call: one record. The next picture is chosen only when the kernel has
/// less than that unsent, so that the picture is fresh.
#[cfg(any(target_os = "linux", target_os = "android", feature = "sim"))]
pub(crate) const UNSENT_LIVE: u32 = 16 * 1024;

/// TCP_NOTSENT_LOWAT without a call. It delays the first picture of a call that begins during a
/// transfer: by 80 ms at 100 Mbit/s.
#[cfg(any(target_os = "linux", target_os = "android", feature = "sim"))]
pub(crate) const UNSENT_BULK: u32 = 1024 * 1024;

/// TCP_NOTSENT_LOWAT that selects the system's own setting.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SYSTEM_DEFAULT: u32 = 0;

/// TCP_USER_TIMEOUT during a call: data unacknowledged for so long end the connection. The system's
/// default is a quarter of an hour.
#[cfg(any(target_os = "linux", target_os = "android", feature = "sim"))]
pub(crate) const USER_TIMEOUT_LIVE: Duration = Duration::from_secs(5);

/// TCP_USER_TIMEOUT without a call: a transfer survives a short outage of the Wi-Fi.
#[cfg(any(target_os = "linux", target_os = "android", feature = "sim"))]
pub(crate) const USER_TIMEOUT_IDLE: Duration = Duration::from_secs(20);

/// SO_SNDBUF of an HTTP client: most of a picture, so that a slow client holds less than one that
/// is old.
#[cfg(feature = "http")]
const HTTP_SEND_BUFFER: usize = 64 * 1024;

/// Keepalive detects a dead peer while no data is in flight: after 2 s and two probes of 1 s.
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
    fn naive_order_keeps_the_systems_unsent_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = TcpStream::from_std(near);
        let unsent = || SockRef::from(&stream).tcp_notsent_lowat().unwrap();
        set_up(&stream);
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
