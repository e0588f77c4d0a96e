//! A viewer of pictures by HTTP, of our door or of ustreamer, on a thread of its own. It tells how
//! old each picture was once all of it had arrived.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
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
pub(super) struct HttpViewers {
    threads: Vec<thread::JoinHandle<Vec<f64>>>,
    counting: Arc<AtomicBool>,
}

impl HttpViewers {
    /// Connects each of them.
    pub(super) fn start(way: Way, port: u16, count: usize) -> Outcome<Self> {
        let counting = Arc::default();
        let viewers: Vec<_> = (0..count)
            .map(|_| Viewer::connect(way, port, &counting))
            .collect::<Outcome<_>>()?;
        let threads = viewers
            .into_iter()
            .map(|viewer| thread::spawn(move || viewer.watch()));
        Ok(Self {
            threads: threads.collect(),
            counting,
        })
    }

    /// Counts pictures from now on.
    pub(super) fn count(&self) {
        self.counting.store(true, Ordering::Relaxed);
    }

    /// How late each counted picture was in milliseconds, in order, after the server has ended.
    pub(super) fn latencies(self) -> Outcome<Vec<f64>> {
        let mut latencies = Vec::new();
        for thread in self.threads {
            let seen = thread.join();
            latencies.extend(seen.map_err(|_| Failure::new("a viewer panicked"))?);
        }
        latencies.sort_by(f64::total_cmp);
        Ok(latencies)
    }
}

struct Viewer {
    way: Way,
    stream: BufReader<TcpStream>,
    counting: Arc<AtomicBool>,
}

/// One picture.
#[derive(Default)]
struct Seen {
    sequence: u64,
    late_ms: f64,
}

impl Viewer {
    fn connect(way: Way, port: u16, counting: &Arc<AtomicBool>) -> Outcome<Self> {
        let last = Instant::now() + LISTENING;
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Err(_) if Instant::now() < last => thread::sleep(Duration::from_millis(20)),
                stream => break stream.context("the HTTP server")?,
            }
        };
        Ok(Self {
            way,
            stream: BufReader::with_capacity(64 * 1024, stream),
            counting: Arc::clone(counting),
        })
    }

    /// The latency of each picture in milliseconds, until the connection ends.
    fn watch(mut self) -> Vec<f64> {
        let mut latencies = Vec::new();
        let mut last = None;
        loop {
            if last.is_none() || self.way == Way::Next {
                let request = self.way.request(last.unwrap_or(0));
                if self.stream.get_mut().write_all(request.as_bytes()).is_err() {
                    return latencies;
                }
            }
            let Ok(seen) = self.picture() else {
                return latencies;
            };
            last = Some(seen.sequence);
            if self.counting.load(Ordering::Relaxed) {
                latencies.push(seen.late_ms);
            }
        }
    }

    /// Reads heads up to one with a length, which the picture follows.
    fn picture(&mut self) -> io::Result<Seen> {
        let (stamp, clock) = self.way.stamp();
        let mut seen = Seen::default();
        let mut line = String::new();
        let (mut length, mut captured) = (None, 0.0);
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = line.trim_end();
            let (name, value) = text.split_once(": ").unwrap_or_default();
            match name {
                "Content-Length" => length = value.parse().ok(),
                "X-Sequence" => seen.sequence = value.parse().unwrap_or_default(),
                _ if name == stamp => captured = value.parse().unwrap_or_default(),
                _ => {}
            }
            // An empty line ends the head.
            let Some(bytes) = length.filter(|_| text.is_empty()) else {
                continue;
            };
            let mut picture = vec![0; bytes];
            self.stream.read_exact(&mut picture)?;
            let now = clock_gettime(clock);
            let now = now.tv_sec as f64 + now.tv_nsec as f64 / 1e9;
            seen.late_ms = (now - captured) * 1e3;
            return Ok(seen);
        }
    }
}
