//! Two sessions over a modelled path on a hand-moved clock, and laws for fuzzing. For tests only.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test's panic is its verdict"
)]

mod acks;
mod choices;
mod courier;
mod frames;
mod laws;
mod lone;
mod pair;
mod picture;
mod pipe;
mod sound;

pub use acks::Acks;
pub use courier::{Courier, Parcel, content};
pub use laws::{pair, session, split};
pub use pair::{Pair, Who};
pub use picture::picture;
pub use pipe::{Pipe, Route};
pub use sound::sound;
