//! Sockets: one mio loop that listens, dials, runs handshakes, seals and opens records, and moves
//! bytes between sockets and sessions. It starts no thread and touches no file or camera. Its owner
//! decides which peers are admitted.
//!
//! 1. [`Net::bind`], then [`Net::dial`] the addresses to connect to.
//! 2. [`Net::wait`] is one turn of the loop; it sleeps only while there is nothing to do.
//! 3. [`Net::next_event`] until it returns `None`. Answer [`Event::Key`] with [`Net::admit`] or
//!    [`Net::refuse`]; act on the sessions' events through [`Net::session`]. Then 2 again, which
//!    also sends what step 3 queued.
//!
//! A pairing by a typed code (wire 10) is a connection of its own, without `Key` and session: see
//! [`Net::open_pairing`] and [`Net::dial_pairing`].
//!
//! ```
//! use std::time::{Duration, Instant};
//! use transom_net::{Config, Event, Net};
//! use transom_secure::Identity;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let door = Identity::generate()?;
//! let mut near = Net::bind(Config::new(Identity::generate()?, vec!["127.0.0.1:0".parse()?]))?;
//! let mut far = Net::bind(Config::new(door.clone(), vec!["127.0.0.1:0".parse()?]))?;
//! near.dial(far.local_addresses()[0])?;
//!
//! let (mut joined, mut number) = (0, 0);
//! while joined < 2 {
//!     for net in [&mut near, &mut far] {
//!         net.wait(Some(Instant::now() + Duration::from_millis(1)))?;
//!         while let Some(event) = net.next_event() {
//!             match event {
//!                 Event::Key { peer, .. } => {
//!                     number += 1;
//!                     net.admit(peer, transom_proto::Config::new("door".parse()?, 1, number));
//!                 }
//!                 Event::Joined { .. } => joined += 1,
//!                 other => println!("{other:?}"),
//!             }
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod clock;
mod config;
mod error;
mod event;
mod handshaking;
#[cfg(feature = "http")]
mod http;
#[cfg(not(feature = "http"))]
#[path = "no_http.rs"]
mod http;
mod inbound;
mod listener;
mod loop_context;
mod marks;
mod net;
mod options;
mod outbound;
mod pairing;
mod peer;
mod readiness;
mod sealed_connection;
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod send_buffer;
#[cfg(feature = "sim")]
pub mod sim;
mod waker;
#[cfg(unix)]
mod watch;

pub use config::Config;
#[cfg(feature = "http")]
pub use config::HttpConfig;
pub use error::BindError;
pub use event::{Departure, Event, PairingEvent, PeerId, WatchId};
pub use net::Net;
pub use pairing::{CodeId, PairingTerms, TRIES};
pub use waker::Waker;

/// What is said on the connections of [`HttpConfig`].
#[cfg(feature = "http")]
pub use transom_door as door;
