//! The store as its users see it: folders in, folders out, and everything that can go wrong
//! between.
#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod again;
mod crash;
mod disk;
mod durable;
mod fails_alone;
mod flips;
mod follow;
mod held;
mod hostile;
mod leftovers;
mod links;
mod lying;
mod model;
mod receive;
mod records;
mod resume;
mod room;
mod send;
mod spool;
mod support;
