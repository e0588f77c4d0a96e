//! One way to copy and its times; comparing and removing what it made.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::peers::Peer;
use crate::bench::processor;
use crate::failure::{Context, Failure, Outcome};

/// One way to copy, and its times.
pub(super) struct Runs {
    pub(super) peer: Box<dyn Peer>,
    pub(super) times: Vec<Duration>,
    /// Processor time of both sides.
    pub(super) used: Vec<Duration>,
}

impl Runs {
    pub(super) fn of(peer: Box<dyn Peer>) -> Self {
        Self {
            peer,
            times: Vec::new(),
            used: Vec::new(),
        }
    }

    /// Copies, compares (not timed), and removes the copy.
    pub(super) fn once(&mut self, source: &Path, target: &Path) -> Outcome {
        let (before, started) = (self.used_so_far()?, Instant::now());
        self.peer.copy(source)?;
        self.times.push(started.elapsed());
        self.used.push(self.used_so_far()? - before);
        let copy = target.join(source.file_name().unwrap_or_default());
        if !same(source, &copy).context(copy.display())? {
            let name = self.peer.name();
            return Err(Failure::new(format!("{name}: the copy differs")));
        }
        remove_copy(source, target)
    }

    fn used_so_far(&self) -> Outcome<Duration> {
        let server = self.peer.server().map(processor::used_by).transpose()?;
        Ok(server.unwrap_or_default() + processor::used_by_children()?)
    }

    pub(super) fn median(&self) -> Duration {
        median(self.times.clone())
    }
}

pub(super) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(super) fn remove_copy(source: &Path, target: &Path) -> Outcome {
    let copy = target.join(source.file_name().unwrap_or_default());
    let removed = match copy.is_dir() {
        true => fs::remove_dir_all(&copy),
        false => fs::remove_file(&copy),
    };
    removed.context(copy.display())
}

/// Whether both are the same file, or folders of the same files.
fn same(one: &Path, other: &Path) -> io::Result<bool> {
    if !one.is_dir() {
        return same_bytes(one, other);
    }
    let mut count = 0;
    for entry in fs::read_dir(one)? {
        let name = entry?.file_name();
        let copy = other.join(&name);
        if !copy.exists() || !same(&one.join(name), &copy)? {
            return Ok(false);
        }
        count += 1;
    }
    Ok(fs::read_dir(other)?.count() == count)
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let size = one.metadata()?.len();
    if size != other.metadata()?.len() || size == 0 {
        return Ok(size == other.metadata()?.len());
    }
    let (mut left, mut right) = (vec![0; BLOCK], vec![0; BLOCK]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..count])?;
        if left[..count] != right[..count] {
            return Ok(false);
        }
    }
}

pub(super) const BLOCK: usize = 1 << 20;
