//! A twin of [`Net`](crate::Net) whose peers are joined by a modelled network, on a clock that is
//! moved by hand. Records cost the bytes of sealed ones, but nothing is sealed. A handshake is
//! messages of its lengths without ciphers: keys are simply told.
//!
//! ```text
//!   World   hosts, their links, the clock; next(), advance(), poll_ready()
//!     `- Net of a host   as the real one, but wait() returns at once; due() tells when to call it
//!          `- Peer       SYN, SYN-ACK, three handshake messages, records, FIN
//! ```
//!
//! Left out, since it costs a station nothing but time: accept limits, half-open limits, watched
//! descriptors, and marks of packets.

mod net;
mod peer;
mod world;

pub use net::Net;
pub use world::{HostId, ProgramId, World};
