//! Replaces `http.rs` in a build without the feature `http`: no options, no door.

use std::time::Instant;

use clap::Args;
use transom::{Handle, Notice, Settings};

use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;

#[derive(Args, Debug)]
pub(crate) struct HttpOptions {}

impl HttpOptions {
    pub(crate) fn is_given(&self) -> bool {
        false
    }

    pub(crate) fn apply(
        &self,
        _: &mut Settings,
        _: &Place,
        _: &Output,
    ) -> Result<HttpDoor, Failure> {
        Ok(HttpDoor)
    }
}

/// Replaces the options of a bridge.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct BridgeOptions {}

#[derive(Debug, Default)]
pub(crate) struct HttpDoor;

impl HttpDoor {
    pub(crate) fn due(&self) -> Option<Instant> {
        None
    }

    pub(crate) fn on_time(&mut self, _: &Handle, _: &Output) {}

    pub(crate) fn notice(&mut self, _: &Notice, _: &Output) {}
}
