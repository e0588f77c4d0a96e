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
//! Time that a computer takes is not modelled, except for encoding. What links and TCP do is: over
//! the rows of `cargo xtask bench link` the same commit (da3ab73) gave, in a run of 12 s each,
//!
//! | row | p50 / p99 ms | shown | file Mbit/s | measured: ms | shown | file Mbit/s |
//! |---|---|---|---|---|---|---|
//! | video alone, 20 Mbit/s | 13.6 / 13.7 | 100 % | - | 13.7 / 13.9 | 100 % | - |
//! | video alone, 100 Mbit/s | 2.7 / 2.7 | 100 % | - | 2.9 / 3.1 | 100 % | - |
//! | 1 | 26.7 / 34.6 | 100 % | 8.1 | 27.1 / 34.0 | 100 % | 8.6 |
//! | 2 | 13.6 / 22.5 | 100 % | 3.1 | 14.2 / 17.8 | 100 % | 2.1 |
//! | 4 | 26.7 / 34.6 | 100 % | 8.1 | 27.6 / 34.5 | 100 % | 8.8 |
//! | 5 | 22.8 / 25.0 | 100 % | 85.2 | 22.4 / 27.9 | 100 % | 85.3 |
//! | 6 | 54.9 / 75.0 | 84 % | 10.4 | 56.0 / 73.6 | 79 % | 9.9 |
//! | 7 | 121.7 / 147.0 | 28 % | 90.4 | 116.6 / 139.5 | 29 % | 85.1 |
//! | 8 | 73.1 / 77.2 | 50 % | - | 72.0 / 75.9 | 50 % | - |
//! | 11 | 25.7 / 38.5 | 100 % | 8.0 | 26.1 / 41.8 | 99 % | 8.1 |
//!
//! Row 2 is the only one that differs by more than a fifth. Its file was almost starved by that
//! commit's controller, and a rate near the floor depends on single packets.
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
pub use files::{file, folder};
pub use report::{Report, Seen, quantile};
pub use scenario::{Act, FileTo, Scenario};
pub use simulation::{Simulation, StationId};
pub use transom_net::sim::{HostId, World};
pub use transom_proto::sim::Link;
