//! Replaces `sound.rs` in a build without the feature `sound`: no options, no notices.

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use transom::media::FilmSound;
use transom::{Handle, Notice, PeerName, Settings};

use crate::failure::Failure;

#[derive(Args, Debug)]
pub(crate) struct SoundOptions {}

impl SoundOptions {
    pub(crate) fn check(&self) -> Result<(), Failure> {
        Ok(())
    }

    pub(crate) fn apply(self, _: &mut Settings) {}
}

#[derive(Args, Clone, Debug)]
pub(crate) struct HearingOptions {}

impl HearingOptions {
    pub(crate) fn check(&self) -> Result<(), Failure> {
        Ok(())
    }

    pub(crate) fn takes_stdout(&self) -> bool {
        false
    }

    pub(crate) fn apply(&self, _: &mut Settings) {}
}

pub(crate) fn served(_: &Settings) -> (bool, bool) {
    (false, false)
}

pub(crate) fn add_tone(_: &mut Settings) {}

#[derive(Debug)]
pub(crate) struct Hearing;

impl Hearing {
    pub(crate) fn new(_: &HearingOptions) -> Self {
        Self
    }

    pub(crate) fn of_demo(_: &mut Settings) -> Option<Self> {
        None
    }

    pub(crate) fn delay(&self) -> Option<Duration> {
        None
    }

    pub(crate) fn ask(&self, _: &Handle, _: &PeerName) {}

    pub(crate) fn is_taken(&self, _: &Notice) -> Result<bool, Failure> {
        Ok(true)
    }

    pub(crate) fn notice(&mut self, _: &Notice) {}

    pub(crate) fn check_heard(&self, _: &PeerName) -> Result<(), Failure> {
        Ok(())
    }

    pub(crate) fn add_to(&self, _: &mut Value) {}

    pub(crate) fn line(&self) -> Option<String> {
        None
    }
}

pub(crate) fn recorded(_: &Notice) -> Option<FilmSound<'_>> {
    None
}

pub(crate) fn measured(_: &Notice) -> Option<Value> {
    None
}

pub(crate) fn is_loss(_: &Notice) -> bool {
    false
}

pub(crate) fn is_sound(_: &Notice) -> bool {
    false
}

pub(crate) fn describe(_: &Notice) -> Option<(String, Value)> {
    None
}
