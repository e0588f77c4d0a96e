//! The rules of a session, without IO: no clock, socket, file or thread.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ack;
mod call;
mod config;
mod deframer;
mod error;
mod event;
mod file;
mod instant;
mod least;
mod outlet;
mod ping;
mod queue;
mod record;
mod scheduler;
mod session;
mod stats;
mod streams;
mod text;
mod verbs;
mod video;
mod window;

pub use config::Config;
pub use error::{PeerError, UsageError};
pub use event::{
    CallId, Event, FileId, LeafData, OwnedEntry, OwnedOffer, PathString, Picture, Queued,
    ReceivedPicture, Side,
};
pub use instant::Instant;
pub use session::Session;
pub use stats::Stats;

#[doc(hidden)]
pub mod fuzzing;
