//! The unavoidable parts of a file transfer: sending its bytes over plain TCP (by socat),
//! encrypting and decrypting them, hashing them on both sides. Their total processor time, divided
//! by two processors (one for each side), is a lower limit of the time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::Outcome;
use crate::machine;
use crate::step;
use crate::workspace;

use super::peers::{self, Peer as _, Socat};
use super::processor;

/// Processor time of each part, in the order of [`NAMES`].
pub(super) type Parts = [Duration; 3];

pub(super) const NAMES: [&str; 3] = ["socat", "AES-GCM twice", "BLAKE3 twice"];

/// Measures the parts.
pub(super) struct Bench {
    socat: Socat,
    program: PathBuf,
    mib: String,
}

impl Bench {
    /// Builds the loops over our ciphers and hashes; `None` without socat.
    pub(super) fn new(target: &Path, mib: u32, builds: bool) -> Outcome<Option<Self>> {
        if machine::program("socat").is_none() {
            return Ok(None);
        }
        let program = workspace::release("examples/parts");
        if builds || !program.is_file() {
            let build = "build --locked --release -p transom-tests --example parts";
            let mut build = workspace::cargo(build.split(' '));
            step::run("building the parts", &mut build)?;
        }
        Ok(Some(Self {
            socat: Socat::new(target),
            program,
            mib: mib.to_string(),
        }))
    }

    /// Runs each part once. The copy of socat stays in the target folder.
    pub(super) fn once(&mut self, source: &Path) -> Outcome<Parts> {
        Ok([
            used(|| self.socat.copy(source))?,
            used(|| self.part("cipher"))?,
            used(|| self.part("hash"))?,
        ])
    }

    fn part(&self, name: &str) -> Outcome {
        peers::quiet(Command::new(&self.program).args([name, &self.mib]))
    }
}

/// The processor time of the child processes that `work` starts and waits for.
fn used(work: impl FnOnce() -> Outcome) -> Outcome<Duration> {
    let before = processor::used_by_children()?;
    work()?;
    Ok(processor::used_by_children()? - before)
}
