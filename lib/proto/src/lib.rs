//! The rules of a session, without IO: no clock, socket, file or thread.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod config;
mod error;
mod event;
mod instant;
mod session;
mod stats;

pub use config::Config;
pub use error::{PeerError, UsageError};
pub use event::{
    CallId, Event, FileId, LeafData, OwnedEntry, OwnedOffer, PathString, Picture, Queued,
    ReceivedPicture, Side,
};
pub use instant::Instant;
pub use session::Session;
pub use stats::Stats;
