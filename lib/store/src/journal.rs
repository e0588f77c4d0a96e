//! The journal of one file in progress: the hash of each leaf that is on the disk. It trusts
//! nothing it reads: a record counts only if its check fits the file, the place and the hash.
//!
//! ```text
//! | head: magic 8, identity 32, check 8 | leaf 0: hash 32, check 8 | leaf 1 ...
//! ```
//!
//! A record is written only after its leaf was synced, and withdrawn (overwritten with zeros, and
//! that synced) before its leaf is overwritten. So after a crash at any point each record that
//! checks names bytes that are on the disk.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use crate::file::File;

/// BLAKE3 of the file's path in the tree. Size and time are not part of it: a file that changed
/// keeps the leaves that did not.
pub(crate) type Identity = [u8; 32];

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    identity: Identity,
}

impl Journal {
    /// Begins a journal in that file, and removes what is in it.
    pub(crate) fn begin(file: File, identity: Identity) -> io::Result<Self> {
        file.set_len(0)?;
        file.write_all_at(&head(&identity), 0)?;
        Ok(Self { file, identity })
    }

    /// Opens a journal of this attempt again.
    pub(crate) fn again(file: File, identity: Identity) -> Self {
        Self { file, identity }
    }

    /// Takes the journal of an earlier attempt, unless it is of another file.
    pub(crate) fn earlier(file: File, identity: Identity) -> io::Result<Option<Self>> {
        let mut found = [0; HEAD];
        match file.read_exact_at(&mut found, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        Ok((found == head(&identity)).then_some(Self { file, identity }))
    }

    /// How many leaves it has records for, right or not: its length alone tells.
    pub(crate) fn leaves(&self) -> io::Result<u64> {
        Ok(self.file.len()?.saturating_sub(HEAD as u64) / RECORD as u64)
    }

    /// The hashes of a range of leaves, as far as it has records that check. A range is at most
    /// [`BLOCK`] leaves.
    pub(crate) fn read(&self, leaves: Range<u64>) -> io::Result<Vec<Option<[u8; 32]>>> {
        let there = leaves.start..leaves.end.min(self.leaves()?);
        let mut bytes = vec![0; there.clone().count() * RECORD];
        self.file.read_exact_at(&mut bytes, at(leaves.start))?;
        let mut hashes = check(&self.identity, there.start, &bytes);
        hashes.resize(leaves.count(), None);
        Ok(hashes)
    }

    /// Writes the records of leaves that are on the disk.
    pub(crate) fn write(&self, records: &BTreeMap<u64, [u8; 32]>) -> io::Result<()> {
        let mut run = (0, Vec::new());
        for (&leaf, hash) in records {
            if at(leaf) != run.0 + run.1.len() as u64 {
                self.file.write_all_at(&run.1, run.0)?;
                run = (at(leaf), Vec::new());
            }
            run.1.extend_from_slice(&record(&self.identity, leaf, hash));
        }
        self.file.write_all_at(&run.1, run.0)
    }

    /// Withdraws the records of leaves that are to be overwritten. It has to be synced before they
    /// are.
    pub(crate) fn withdraw(&self, leaves: Range<u64>) -> io::Result<()> {
        let mut leaf = leaves.start;
        while leaf < leaves.end {
            let some = BLOCK.min(leaves.end - leaf);
            let zeros = vec![0; RECORD * some as usize];
            self.file.write_all_at(&zeros, at(leaf))?;
            leaf += some;
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

/// The bytes of a journal of these leaves.
pub(crate) fn image(identity: &Identity, hashes: impl Iterator<Item = [u8; 32]>) -> Vec<u8> {
    let mut bytes = head(identity).to_vec();
    for (leaf, hash) in (0..).zip(hashes) {
        bytes.extend_from_slice(&record(identity, leaf, &hash));
    }
    bytes
}

/// The hashes that the bytes of a whole journal hold; none if they are of another one.
pub(crate) fn parse(bytes: &[u8], identity: &Identity) -> Vec<Option<[u8; 32]>> {
    match bytes.split_first_chunk::<HEAD>() {
        Some((found, records)) if *found == head(identity) => check(identity, 0, records),
        _ => Vec::new(),
    }
}

/// Its name in the folder of journals.
pub(crate) fn name(identity: &Identity) -> String {
    let (name, _) = identity.split_at(16);
    name.iter().map(|byte| format!("{byte:02x}")).collect()
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

/// The hashes of whole records, the first of which is that of leaf `first`.
fn check(identity: &Identity, first: u64, records: &[u8]) -> Vec<Option<[u8; 32]>> {
    let each = (first..).zip(records.as_chunks::<RECORD>().0);
    each.map(|(leaf, found)| {
        let (hash, _) = found.split_first_chunk::<32>()?;
        (record(identity, leaf, hash) == *found).then_some(*hash)
    })
    .collect()
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

const MAGIC: [u8; 8] = *b"transom2";
const HEAD: usize = 48;
const RECORD: usize = 40;
/// Records read or withdrawn by one call.
pub(crate) const BLOCK: u64 = 512;
