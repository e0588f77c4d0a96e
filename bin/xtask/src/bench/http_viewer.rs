//! Viewers of pictures by HTTP, of our door or of ustreamer, on a thread of their own. They tell
//! how old each picture was once all of it had arrived.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::failure::{Context, Failure, Outcome};

use super::peers::LISTENING;

/// How a viewer gets its pictures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// A stream of ustreamer.
    Ustreamer,
    /// A stream of our door.
    Stream,
    /// A question for each picture to our door, as our page asks.
    Next,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ustreamer => "ustreamer",
            Self::Stream => "/stream",
            Self::Next => "/next",
        })
    }
}

impl Way {
    fn request(self, last: u64) -> String {
        match self {
            Self::Ustreamer => "GET /stream?extra_headers=1 HTTP/1.0\r\n\r\n".into(),
            Self::Stream => "GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".into(),
            Self::Next => format!("GET /next?after={last} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        }
    }

    /// The header with the time of the capture in seconds, and its clock.
    fn stamp(self) -> (&'static str, ClockId) {
        match self {
            Self::Ustreamer => ("X-UStreamer-Grab-Time", ClockId::Monotonic),
            Self::Stream | Self::Next => ("X-Timestamp", ClockId::Realtime),
        }
    }
}

/// Viewers of one server, which end when the server does.
///
/// They look at their sockets each millisecond instead of waiting for them. So the server doesn't
/// pay for waking them, as it doesn't for viewers on other machines; on a virtual machine that
/// would be a good part of its processor time.
pub(super) struct HttpViewers {
    thread: thread::JoinHandle<Vec<f64>>,
    counting: Arc<AtomicBool>,
}

impl HttpViewers {
    /// Connects each of them.
    pub(super) fn start(way: Way, port: u16, count: usize) -> Outcome<Self> {
        let viewers = (0..count).map(|_| Viewer::connect(way, port));
        let mut viewers: Vec<_> = viewers.collect::<Outcome<_>>()?;
        let counting = Arc::<AtomicBool>::default();
        let counts = Arc::clone(&counting);
        let thread = thread::spawn(move || {
            let (mut latencies, mut buffer) = (Vec::new(), vec![0; READ]);
            while !viewers.is_empty() {
                let counted = latencies.len();
                viewers.retain_mut(|viewer| viewer.look(&mut buffer, &mut latencies).is_ok());
                if !counts.load(Ordering::Relaxed) {
                    latencies.truncate(counted);
                }
                thread::sleep(LOOK);
            }
            latencies
        });
        Ok(Self { thread, counting })
    }

    /// Counts pictures from now on.
    pub(super) fn count(&self) {
        self.counting.store(true, Ordering::Relaxed);
    }

    /// How late each counted picture was in milliseconds, in order, after the server has ended.
    pub(super) fn latencies(self) -> Outcome<Vec<f64>> {
        let latencies = self.thread.join();
        let mut latencies = latencies.map_err(|_| Failure::new("a viewer panicked"))?;
        latencies.sort_by(f64::total_cmp);
        Ok(latencies)
    }
}

const LOOK: Duration = Duration::from_millis(1);

/// A whole picture in one read.
const READ: usize = 1 << 20;

struct Viewer {
    way: Way,
    stream: TcpStream,
    /// A head that is not complete.
    head: Vec<u8>,
    picture: Picture,
}

/// The picture that is being received.
#[derive(Default)]
struct Picture {
    sequence: u64,
    /// In seconds.
    captured: f64,
    /// Bytes to come; 0 within a head.
    left: usize,
}

impl Viewer {
    fn connect(way: Way, port: u16) -> Outcome<Self> {
        let last = Instant::now() + LISTENING;
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Err(_) if Instant::now() < last => thread::sleep(Duration::from_millis(20)),
                stream => break stream.context("the HTTP server")?,
            }
        };
        stream.set_nonblocking(true).context("a viewer")?;
        let mut viewer = Self {
            way,
            stream,
            head: Vec::new(),
            picture: Picture::default(),
        };
        viewer.ask().context("a viewer")?;
        Ok(viewer)
    }

    fn ask(&mut self) -> io::Result<()> {
        let request = self.way.request(self.picture.sequence);
        self.stream.write_all(request.as_bytes())
    }

    /// Takes all that has arrived, and notes how late each picture is that is complete.
    fn look(&mut self, buffer: &mut [u8], latencies: &mut Vec<f64>) -> io::Result<()> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.take(&buffer[..count], latencies)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, mut bytes: &[u8], latencies: &mut Vec<f64>) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.picture.left > 0 {
                let taken = self.picture.left.min(bytes.len());
                bytes = &bytes[taken..];
                self.picture.left -= taken;
                if self.picture.left == 0 {
                    let now = clock_gettime(self.way.stamp().1);
                    let now = now.tv_sec as f64 + now.tv_nsec as f64 / 1e9;
                    latencies.push((now - self.picture.captured) * 1e3);
                    if self.way == Way::Next {
                        self.ask()?;
                    }
                }
                continue;
            }
            let before = self.head.len();
            self.head.extend_from_slice(bytes);
            let mut windows = self.head.windows(HEAD_END.len());
            let Some(end) = windows.position(|bytes| bytes == HEAD_END) else {
                return Ok(());
            };
            let end = end + HEAD_END.len();
            bytes = &bytes[end - before..];
            self.read_head(end);
        }
        Ok(())
    }

    /// Reads a head that is complete. The head of a stream has no length, that of a picture has.
    fn read_head(&mut self, end: usize) {
        let head = String::from_utf8_lossy(&self.head[..end]).into_owned();
        self.head.clear();
        let (stamp, _) = self.way.stamp();
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            match name {
                "Content-Length" => self.picture.left = value.parse().unwrap_or_default(),
                "X-Sequence" => self.picture.sequence = value.parse().unwrap_or_default(),
                _ if name == stamp => self.picture.captured = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
    }
}

const HEAD_END: &[u8] = b"\r\n\r\n";

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn any_cut_of_a_stream_has_the_same_pictures() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = b"HTTP/1.1 200 OK\r\nContent-Type: multipart\r\n\r\n--a\r\n\
            Content-Length: 3\r\nX-Timestamp: 1.5\r\n\r\n\r\n\r\r\n--a\r\n\
            Content-Length: 2\r\nX-Timestamp: 2.5\r\n\r\nab\r\n--a\r\n";
        for step in 1..stream.len() {
            let mut viewer = Viewer::connect(Way::Stream, port).unwrap();
            // A listener holds only so many connections that are not accepted.
            listener.accept().unwrap();
            let mut latencies = Vec::new();
            for bytes in stream.chunks(step) {
                viewer.take(bytes, &mut latencies).unwrap();
            }
            assert_eq!(
                (latencies.len(), viewer.picture.captured),
                (2, 2.5),
                "{step}"
            );
        }
    }
}
