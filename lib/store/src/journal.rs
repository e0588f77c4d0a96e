//! The journal of one file in progress: the hash of each leaf that was verified and written. It
//! trusts nothing it reads: a record counts only if its check fits the file, the place and the
//! hash.
//!
//! ```text
//! | head: magic 8, identity 32, check 8 | leaf 0: hash 32, check 8 | leaf 1 ...
//! ```

use std::io::{self, Read};

use crate::file::File;

/// What a file is: entry, path, size and time as the sender told them. Another identity is another
/// file.
pub(crate) type Identity = [u8; 32];

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    identity: Identity,
}

impl Journal {
    /// Begins a journal in that file, whatever is in it.
    pub(crate) fn begin(file: File, identity: Identity) -> io::Result<Self> {
        file.set_len(0)?;
        file.write_all_at(&Self::image(&identity, []), 0)?;
        Ok(Self { file, identity })
    }

    /// Goes on with a journal of this attempt whose file was closed.
    pub(crate) fn again(file: File, identity: Identity) -> Self {
        Self { file, identity }
    }

    /// Takes the journal of an earlier attempt and hands over its hashes, at most `most`; none if
    /// it is of another identity.
    pub(crate) fn read(
        file: File,
        identity: Identity,
        most: u64,
        each: impl FnMut([u8; 32]),
    ) -> io::Result<Option<Self>> {
        let found = read(file.reader(0), &identity, most, each)?;
        Ok(found.map(|_| Self { file, identity }))
    }

    /// The bytes of a journal of these leaves.
    pub(crate) fn image(
        identity: &Identity,
        hashes: impl IntoIterator<Item = [u8; 32]>,
    ) -> Vec<u8> {
        let mut bytes = head(identity).to_vec();
        for (leaf, hash) in (0..).zip(hashes) {
            bytes.extend_from_slice(&record(identity, leaf, &hash));
        }
        bytes
    }

    /// Notes a leaf.
    pub(crate) fn put(&self, leaf: u64, hash: &[u8; 32]) -> io::Result<()> {
        self.file
            .write_all_at(&record(&self.identity, leaf, hash), at(leaf))
    }

    /// Hands over the hashes of the leaves from `from` to `to`; an error if one is not there any
    /// more.
    pub(crate) fn each(
        &self,
        from: u64,
        to: u64,
        mut each: impl FnMut(u64, &[u8; 32]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut block = vec![0; RECORD * BLOCK.min(to.saturating_sub(from)) as usize];
        let mut leaf = from;
        while leaf < to {
            let some = BLOCK.min(to - leaf);
            let bytes = &mut block[..RECORD * some as usize];
            self.file.read_exact_at(bytes, at(leaf))?;
            for record in bytes.as_chunks::<RECORD>().0 {
                let hash = check(&self.identity, leaf, record).ok_or(io::ErrorKind::InvalidData)?;
                each(leaf, &hash)?;
                leaf += 1;
            }
        }
        Ok(())
    }

    /// Forgets the leaves from `leaves` on.
    pub(crate) fn truncate(&self, leaves: u64) -> io::Result<()> {
        self.file.set_len(at(leaves))
    }

    /// Waits until it is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Hands over the hashes that a journal of that identity holds, one after the other, and gives how
/// many there are; none if it isn't one.
pub(crate) fn read(
    mut from: impl Read,
    identity: &Identity,
    most: u64,
    mut each: impl FnMut([u8; 32]),
) -> io::Result<Option<u64>> {
    let mut from = io::BufReader::with_capacity(RECORD * BLOCK as usize, &mut from);
    let mut found = [0; HEAD];
    match from.read_exact(&mut found) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    if found != head(identity) {
        return Ok(None);
    }
    let mut record = [0; RECORD];
    for leaf in 0..most {
        match from.read_exact(&mut record) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Some(leaf)),
            read => read?,
        }
        match check(identity, leaf, &record) {
            Some(hash) => each(hash),
            None => return Ok(Some(leaf)),
        }
    }
    Ok(Some(most))
}

fn at(leaf: u64) -> u64 {
    // Leaves are at most 2^45, so this is far from the end of a u64.
    HEAD as u64 + leaf * RECORD as u64
}

fn head(identity: &Identity) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..40].copy_from_slice(identity);
    let sum = sum(&[&MAGIC, identity]);
    head[40..].copy_from_slice(&sum);
    head
}

fn record(identity: &Identity, leaf: u64, hash: &[u8; 32]) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..32].copy_from_slice(hash);
    record[32..].copy_from_slice(&sum(&[identity, &leaf.to_le_bytes(), hash]));
    record
}

fn check(identity: &Identity, leaf: u64, found: &[u8; RECORD]) -> Option<[u8; 32]> {
    let (hash, _) = found.split_first_chunk::<32>()?;
    (record(identity, leaf, hash) == *found).then_some(*hash)
}

/// Eight bytes of BLAKE3: enough against a torn write or a fallen bit, and no second checksum to
/// depend on.
pub(crate) fn sum(parts: &[&[u8]]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut sum = [0; 8];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

const MAGIC: [u8; 8] = *b"transom1";
const HEAD: usize = 48;
const RECORD: usize = 40;
/// Records read at a time.
const BLOCK: u64 = 512;
