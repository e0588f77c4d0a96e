//! Quality follows the link.
mod controller;
mod ladder;
mod skipper;
