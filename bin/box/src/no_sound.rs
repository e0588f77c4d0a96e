//! The twin of `sound.rs` in a build without the feature `sound`: no options, no notices.

use clap::Args;
use serde_json::Value;
use transom::{Handle, Notice, PeerName, Settings};

#[derive(Args, Debug)]
pub(crate) struct SoundOptions {}

impl SoundOptions {
    pub(crate) fn apply(self, _: &mut Settings) {}
}

#[derive(Args, Clone, Debug)]
pub(crate) struct HearingOptions {}

impl HearingOptions {
    pub(crate) fn apply(&self, _: &mut Settings) {}

    pub(crate) fn ask(&self, _: &Handle, _: &PeerName) {}
}

pub(crate) fn is_sound(_: &Notice) -> bool {
    false
}

pub(crate) fn describe(_: &Notice) -> Option<(String, Value)> {
    None
}
