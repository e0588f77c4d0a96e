//! Packet marks (DSCP and SO_PRIORITY), by which routers and Wi-Fi distinguish media from files.
//! Best effort: a connection without marks still works.

use mio::net::TcpStream;
use socket2::SockRef;
use transom_proto::Traffic;

/// The marks of one socket.
///
/// ```text
///  traffic   DSCP              byte   SO_PRIORITY (Linux)
///  Idle      CS0, default      0x00   0, best effort
///  Files     LE, RFC 8622      0x04   1, background
///  Media     AF41, RFC 4594    0x88   5, video
/// ```
/// `SO_PRIORITY` numbers are those of 802.1D, which queueing disciplines, VLANs and Wi-Fi drivers
/// map to their classes; without privileges a program may use 0 to 6. A connection that carries
/// both has the marks of its media: packets of one TCP connection in two queues would arrive out
/// of order.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    traffic: Traffic,
}

impl Marks {
    /// Marks the socket's packets from now on, if its traffic has changed.
    pub(crate) fn set(&mut self, stream: &TcpStream, traffic: Traffic) {
        if std::mem::replace(&mut self.traffic, traffic) != traffic {
            mark(stream, traffic);
        }
    }
}

fn mark(stream: &TcpStream, traffic: Traffic) {
    let socket = SockRef::from(stream);
    let (byte, priority) = match traffic {
        Traffic::Idle => (DEFAULT, 0),
        Traffic::Files => (LOWER_EFFORT, 1),
        Traffic::Media => (AF41, 5),
    };
    // An IPv6 socket sends IPv4 packets if the peer's address is an IPv4-mapped one.
    let is_v6 = stream.peer_addr().is_ok_and(|address| address.is_ipv6());
    let marked = match is_v6 {
        true => socket.set_tclass_v6(byte).and(socket.set_tos_v4(byte)),
        false => socket.set_tos_v4(byte),
    };
    if let Err(error) = marked {
        log::debug!("socket option traffic class: {error}");
    }
    set_priority(&socket, priority);
}

/// Must follow the traffic class, since Linux derives a priority from that.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_priority(socket: &SockRef<'_>, priority: u32) {
    if let Err(error) = socket.set_priority(priority) {
        log::debug!("socket option priority: {error}");
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set_priority(_: &SockRef<'_>, _: u32) {}

/// The class field with the DSCP in its upper six bits; the kernel keeps the two bits of ECN.
const DEFAULT: u32 = 0;
const LOWER_EFFORT: u32 = 0b00_0001 << 2;
const AF41: u32 = 34 << 2;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Both sockets of a connection to that address.
    fn connected(address: &str) -> (TcpStream, std::net::TcpStream) {
        let listener = TcpListener::bind(address).unwrap();
        let ours = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (theirs, _) = listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        (TcpStream::from_std(ours), theirs)
    }

    #[test]
    fn packets_have_the_marks_of_their_traffic() {
        let (stream, _theirs) = connected("127.0.0.1:0");
        let socket = SockRef::from(&stream);
        let mut marks = Marks::default();
        for (traffic, byte, priority) in [
            (Traffic::Files, 0x04, 1),
            (Traffic::Media, 0x88, 5),
            (Traffic::Idle, 0, 0),
        ] {
            marks.set(&stream, traffic);
            let found = (socket.tos_v4().unwrap(), socket.priority().unwrap());
            assert_eq!(found, (byte, priority), "{traffic:?}");
        }
    }

    #[test]
    fn ipv6_packets_have_the_marks_of_their_traffic() {
        let (stream, _theirs) = connected("[::1]:0");
        Marks::default().set(&stream, Traffic::Media);
        let socket = SockRef::from(&stream);
        assert_eq!(socket.tclass_v6().unwrap(), AF41);
        assert_eq!(socket.priority().unwrap(), 5);
    }

    #[test]
    fn a_mark_set_by_another_part_stays_until_the_traffic_changes() {
        let (stream, _theirs) = connected("127.0.0.1:0");
        let socket = SockRef::from(&stream);
        socket.set_tos_v4(0x20).unwrap();
        Marks::default().set(&stream, Traffic::Idle);
        assert_eq!(socket.tos_v4().unwrap(), 0x20);
    }
}
