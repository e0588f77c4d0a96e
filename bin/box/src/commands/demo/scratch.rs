//! The demo's file: made of random bytes, in a private folder that goes away with it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// A private folder with a file of random bytes, removed at the end.
pub(super) struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    pub(super) fn new() -> io::Result<Self> {
        let dir = std::env::temp_dir().join(format!("transom-demo-{}", std::process::id()));
        // An existing folder may be a trap of another user, so it is an error.
        fs::create_dir(&dir)?;
        let scratch = Self { dir };
        fs::create_dir(scratch.inbox())?;
        write_random(&scratch.source())?;
        Ok(scratch)
    }

    pub(super) fn source(&self) -> PathBuf {
        self.dir.join("random.bin")
    }

    pub(super) fn inbox(&self) -> PathBuf {
        self.dir.join("inbox")
    }

    pub(super) fn arrived(&self) -> PathBuf {
        self.inbox().join("random.bin")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            log::warn!("can't remove {}: {error}", self.dir.display());
        }
    }
}

/// Writes incompressible bytes: xorshift, seeded by the clock.
fn write_random(path: &Path) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(BLOCK, File::create(path)?);
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut state = clock.map_or(1, |time| time.as_nanos() as u64) | 1;
    for _ in 0..FILE_BYTES / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_ne_bytes())?;
    }
    file.flush()
}

/// Whether two files have the same content.
pub(super) fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; BLOCK], vec![0; BLOCK]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(true);
        }
        let right = &mut right[..read];
        other.read_exact(right)?;
        if left[..read] != *right {
            return Ok(false);
        }
    }
}

/// Enough to measure a rate, little enough for a small machine's /tmp.
pub(super) const FILE_BYTES: u64 = 128 * 1024 * 1024;

const BLOCK: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_in_one_byte_differ() {
        let dir = std::env::temp_dir().join(format!("transom-same-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let (one, other) = (dir.join("one"), dir.join("other"));
        let mut content = vec![7; 2 * BLOCK + 3];
        fs::write(&one, &content).unwrap();
        fs::write(&other, &content).unwrap();
        assert!(same_bytes(&one, &other).unwrap());
        content[BLOCK] ^= 1;
        fs::write(&other, &content).unwrap();
        assert!(!same_bytes(&one, &other).unwrap());
        fs::write(&other, &content[1..]).unwrap();
        assert!(!same_bytes(&one, &other).unwrap());
        fs::remove_dir_all(&dir).unwrap();
    }
}
