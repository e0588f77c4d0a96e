//! Whole stations on a virtual clock, joined by modelled links: calls, cameras and transfers of
//! hours in seconds, the same in every run of a seed.
//!
//! ```text
//!   Simulation   moves the clock to whatever is due next, and gives stations their turn
//!     |- World     hosts and their links                       transom_net::sim, transom_proto::sim
//!     `- Station   the real one: links, calls, camera, transfers, notices
//!          |- Net      its sessions are real; records are not sealed
//!          `- Inline   the workers: a modelled camera and encoder, files without bytes on a disk
//! ```
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
