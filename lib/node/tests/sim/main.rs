//! Whole stations on a virtual clock, over modelled links. Latencies are asserted, as no time
//! passes but the simulated one.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod odd;
mod outages;
mod repeats;
mod roaming;
mod rows;
mod unreachable;
mod viewers;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A folder that goes when the test is over.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("transom-sim-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
