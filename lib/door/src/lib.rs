//! The HTTP door, without IO: cameras in browsers and in the programs that people already have. It
//! knows requests, passes, streams and the page; it knows no socket, no clock, no file, no camera.
//!
//! # Order of calls
//!
//! 1. [`Door::new`]. A socket is accepted: [`Door::accept`].
//! 2. Bytes were received: [`handle_bytes`](Door::handle_bytes), while
//!    [`wants_bytes`](Door::wants_bytes). The stream ended: [`handle_end`](Door::handle_end).
//! 3. The time of [`poll_timeout`](Door::poll_timeout) has passed:
//!    [`handle_timeout`](Door::handle_timeout).
//! 4. The owner opens the cameras that have [`viewers`](Door::viewers), gives their pictures to
//!    [`show`](Door::show) and tells of their states by [`set_state`](Door::set_state). It opens
//!    the microphones that have [`listeners`](Door::listeners), and gives their sound to
//!    [`push_sound`](Door::push_sound).
//! 5. After each of these, for the connection of the socket, or for every connection if
//!    [`take_dirty`](Door::take_dirty) says so: while its socket is writable, write what
//!    [`poll_transmit`](Door::poll_transmit) gives, and report it by
//!    [`transmitted`](Door::transmitted). Then do what [`fate`](Door::fate) says.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//! use transom_door::{Access, Config, ConnectionId, Door, Now, Pass, Picture, SourceId, Token};
//!
//! let token = Token::from_random([7; 20]);
//! let pass = Pass::new("octoprint", &token)?;
//! let access = Access::Passes([pass].into_iter().collect());
//! let mut door = Door::new(Config::new(vec!["hall".into()], access, 8));
//! let now = Now { instant: Instant::now(), unix: Duration::from_secs(1_795_800_836) };
//! let (client, camera) = (ConnectionId(1), SourceId(0));
//! door.accept(client, None, now)?;
//! let request = format!("GET /stream?token={token} HTTP/1.1\r\nHost: hall\r\n\r\n");
//! assert_eq!(door.handle_bytes(client, request.as_bytes(), now), request.len());
//!
//! let head = door.poll_transmit(client, now).concat();
//! assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n") && head.ends_with(b"--transomframe\r\n"));
//! door.transmitted(client, head.len(), now);
//! assert_eq!(door.viewers(camera), 1);
//!
//! let jpeg = Arc::new(b"\xff\xd8\xff\xd9".to_vec());
//! let picture = Picture { jpeg: &jpeg, size: (640, 480), orientation: 1, captured: now.instant };
//! door.show(camera, picture, now);
//! let part = door.poll_transmit(client, now).concat();
//! assert!(part.starts_with(b"Content-Type: image/jpeg\r\nContent-Length: 4\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Paths
//!
//! | path | answer |
//! |---|---|
//! | `/stream`, `/stream.mjpg`, `/stream.mjpeg`, `/video`, `/?action=stream` | a stream of JPEGs; `fps=N` at most so many a second, without a limit for 0; `advance_headers=0\|1` and `raw=0\|1` overrule what is guessed of the client |
//! | `/snapshot`, `/snapshot.jpg`, `/shot.jpg`, `/?action=snapshot` | a picture captured after the question, or 503 after 4 s; never an old one |
//! | `/next?after=N&state=S` | the first picture after number N, held until there is one; 204 with `X-State` and `X-Words` after 10 s, or when the state isn't S |
//! | `/sound` | the microphone as a WAV file without an end, 48 kHz, 16 bit, one channel; 403 to a pass without `sound`, 404 without a microphone |
//! | `/state` | JSON |
//! | `/metrics` | Prometheus text, of all cameras |
//! | `/` | the page, which needs no pass |
//!
//! Several cameras have these below `/NAME/`, except `/metrics`; `/state` lists their names then.
#![forbid(unsafe_code)]

mod client;
mod connection;
mod credentials;
mod date;
mod door;
mod encoding;
mod failures;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod held;
mod host;
mod input;
mod jpeg;
pub mod limits;
mod links;
mod metrics;
mod now;
mod output;
mod page;
mod passes;
mod reply;
mod request;
mod route;
mod sound;
mod source;
mod state;
mod strangers;
mod stream;
#[cfg(test)]
mod tests;
mod words;

pub use connection::Fate;
pub use door::{Access, Config, ConnectionId, Door, Full};
pub use links::Links;
pub use now::Now;
pub use passes::{InvalidPass, InvalidPasses, InvalidToken, Pass, Passes, Token};
pub use source::{Picture, PictureCounts, SourceId, SourceState};
