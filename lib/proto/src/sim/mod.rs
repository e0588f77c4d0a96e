//! A modelled network on a virtual clock: links with a FIFO, and TCP connections over them. It
//! knows no session; what a connection carries is any value that stands for some bytes.
//!
//! ```text
//!   sender                        links of the route                       receiver
//!   write() -> send buffer -> cwnd -> FIFO -> rate -> delay -> ... -> reassembly -> read()
//!              not sent yet           drops    loss    jitter                 |
//!                  ^------- acks, over the links of the way back -------------'
//! ```
//!
//! Packets are modelled one by one, and so are the parts of TCP that a sender of live pictures
//! feels: the send buffer and `TCP_NOTSENT_LOWAT`, CUBIC with HyStart, the ack clock, SACK with
//! RACK, tail loss probes, the retransmission timeout and `TCP_USER_TIMEOUT`. A lost packet delays
//! all bytes behind it. Left out: receive windows, delayed acks, reordering, ECN and pacing.
//!
//! Everything that is random comes from one seed, so that a run can be repeated.
#![allow(
    clippy::cast_possible_truncation,
    reason = "the numbers of a model fit: bytes and nanoseconds of a run in 64 bits"
)]

mod cubic;
mod flow;
mod link;
mod network;
mod random;
mod scene;

pub use link::{Link, LinkId};
pub use network::{ConnectionId, Network};
pub use random::Random;
pub use scene::{Load, Outcome, Scene, TICK, Video};

#[cfg(test)]
mod tests;
