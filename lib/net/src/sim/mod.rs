//! A [`Net`](crate::Net) over a modelled network, on a virtual clock that the caller advances.
//! Records have the length of sealed records but are not encrypted. A handshake's messages have
//! their real lengths, and carry the keys without a proof.
//!
//! ```text
//!   World   hosts, their links, the clock; next(), advance(), poll_ready()
//!     `- Net of a host   the same methods; wait() returns at once, and due() says when to call it
//!          `- Peer       SYN, SYN-ACK, three handshake messages, records, FIN
//! ```
//!
//! Not modelled, since they do not affect sessions: limits on accepting and on handshakes, watched
//! descriptors, and packet marks.

mod net;
mod peer;
mod world;

pub use net::Net;
pub use world::{HostId, ProgramId, World};
