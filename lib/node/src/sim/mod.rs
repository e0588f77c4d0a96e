//! Whole stations on a virtual clock, joined by modelled links: calls, cameras and transfers of
//! hours in seconds, the same in every run of a seed.
//!
//! ```text
//!   Simulation   moves the clock to whatever is due next, and gives stations their turn
//!     |- World     hosts and their links             transom_net::sim, transom_proto::sim
//!     `- Station   the real one: links, calls, camera, transfers, notices
//!          |- Net      its sessions are real; records are not sealed
//!          `- Inline   the workers: a modelled camera and encoder, files without bytes on a disk
//! ```
//!
//! Time that a computer takes is not modelled, except for encoding. What links and TCP do is. By
//! `cargo xtask sim` and by `cargo xtask bench link` as README has it, 12 s a row:
//!
//! | row | p50 / p99 ms | shown | file Mbit/s | measured: ms | shown | file Mbit/s |
//! |---|---|---|---|---|---|---|
//! | video alone, 20 Mbit/s | 13.7 / 13.7 | 100 % | - | 13.8 / 14.1 | 100 % | - |
//! | same, RTT 20 ms | 27.0 / 31.0 | 100 % | - | 27.5 / 28.6 | 100 % | - |
//! | 1 | 19.1 / 20.2 | 100 % | 8.9 | 17.8 / 20.5 | 100 % | 9.3 |
//! | 2 | 18.4 / 20.3 | 100 % | 8.9 | 17.6 / 20.0 | 100 % | 9.0 |
//! | 3 | 19.4 / 20.4 | 100 % | 8.6 | 18.5 / 20.6 | 100 % | 9.0 |
//! | 4 | 19.1 / 20.2 | 100 % | 8.9 | 18.0 / 20.5 | 100 % | 9.3 |
//! | 5 | 4.8 / 6.1 | 100 % | 85.0 | 4.8 / 6.7 | 100 % | 85.1 |
//! | 6 | 29.2 / 33.8 | 100 % | 9.1 | 30.0 / 35.1 | 100 % | 8.9 |
//! | 7 | 21.8 / 62.1 | 99 % | 555 | 24.9 / 56.3 | 99 % | 407 |
//! | 8 | 83.6 / 85.6 | 50 % | - | 82.6 / 90.0 | 50 % | - |
//! | 9 | 33.3 / 43.4 | 100 % | 1.6 | 18.2 / 49.2 | 81 % | 8.0 |
//! | 10 | 8.5 / 103.1 | 73 % | 17.8 | 7.5 / 107.1 | 73 % | 17.5 |
//! | 11 | 20.2 / 24.8 | 100 % | 8.9 | 19.4 / 22.2 | 100 % | 9.1 |
//!
//! Rows 12 and 13 have no link to model. Medians, pictures shown and files agree within a fifth but
//! in two rows. In row 7 real sockets are bounded by the computer. In row 9 the modelled encoder's
//! pictures take 17 Mbit/s at full quality and fit, while the real ones are larger and adapt. The
//! model gives a file in rows 1 to 4 some 4 % less.
//!
//! A picture's first bytes tell when it was ready, see [`ready`]; a file's leaves tell their place,
//! which the receiver checks. A path names what is sent, see [`file`] and [`folder`].
//!
//! ```
//! use std::time::Duration;
//! use transom::sim::{Camera, Link, Simulation};
//! use transom::{CallKind, Notice};
//!
//! let mut simulation = Simulation::new(1);
//! let desk = simulation.add("desk", Link::mbits(20), Link::IDEAL, |_| {});
//! let door = simulation.add("door", Link::mbits(20), Link::IDEAL, |settings| {
//!     settings.serve_camera = true;
//! });
//! simulation.set_camera(door, Camera::jpeg(30, 40_000));
//! simulation.introduce(desk, door);
//! let (handle, mut pictures) = (simulation.handle(desk), 0);
//! simulation.run(Duration::from_secs(10), |_, station, notice| match notice {
//!     Notice::Joined { peer, .. } if station == desk => handle.ring(&peer, CallKind::View),
//!     Notice::Picture { .. } => pictures += 1,
//!     _ => {}
//! });
//! assert!(pictures > 290);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod camera;
mod files;
mod report;
mod scenario;
mod simulation;
pub(crate) mod workers;

pub use camera::{Camera, Gives, ready};
pub use files::{broken, file, folder};
pub use report::{Report, Seen, quantile};
pub use scenario::{Act, FileTo, Scenario};
pub use simulation::{Simulation, StationId};
pub use transom_net::sim::{HostId, World};
pub use transom_proto::sim::Link;
