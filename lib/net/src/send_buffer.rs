//! The size of the send buffer, on systems where TCP_NOTSENT_LOWAT would need unsafe code. During a
//! call a small buffer keeps old pictures from queueing in the kernel.

use std::io;

use socket2::SockRef;

/// A small send buffer during a call, and at least the previous size afterwards.
#[derive(Debug, Default)]
pub(crate) struct SendBuffer {
    /// The size before the call, while a call is live.
    before: Option<usize>,
}

impl SendBuffer {
    /// Shrinks the buffer when a call begins and widens it when the last one ends.
    ///
    /// # Errors
    /// The system can't report the size, or refuses the new size.
    pub(crate) fn tune(&mut self, socket: &SockRef<'_>, live: bool) -> io::Result<()> {
        match (live, self.before) {
            (true, None) => {
                self.before = Some(socket.send_buffer_size()?);
                socket.set_send_buffer_size(LIVE)
            }
            (false, Some(before)) => {
                self.before = None;
                // Some systems refuse a size above their limit.
                let wide = socket.set_send_buffer_size(before.max(BULK));
                wide.or_else(|_| socket.set_send_buffer_size(before))
            }
            (true, Some(_)) | (false, None) => Ok(()),
        }
    }
}

/// Measured at 20 Mbit/s: 64 KiB keep the queue at 60 ms, where the default lets it grow to a
/// second.
const LIVE: usize = 64 * 1024;

/// The minimum after a call: 10 ms at 800 Mbit/s. On these systems a size that was set once is no
/// longer auto-tuned, so the size from before an early call may be too small for files.
const BULK: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn every_call_has_a_small_buffer_and_its_end_widens_it_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = SockRef::from(&stream);
        socket.set_send_buffer_size(100_000).unwrap();
        let before = socket.send_buffer_size().unwrap();
        let mut buffer = SendBuffer::default();
        for _ in 0..3 {
            buffer.tune(&socket, true).unwrap();
            // Linux reports twice the size that was set.
            assert!(socket.send_buffer_size().unwrap() <= 2 * LIVE);
            buffer.tune(&socket, false).unwrap();
            assert!(socket.send_buffer_size().unwrap() >= before);
        }
    }
}
