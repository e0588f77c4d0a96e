//! Two sessions over a modelled link, on a hand-moved clock.

#![allow(clippy::unwrap_used, reason = "a test's panic is its verdict")]

mod acks;
mod beside;
mod calls;
mod evil;
mod fairness;
mod files;
mod hostile;
mod latency;
mod later;
mod laws;
mod live;
mod memory;
mod messages;
mod rates;
mod sending;
mod slow;
mod sound;
mod texts;
mod timing;
mod video;
