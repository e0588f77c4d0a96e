//! BLAKE3 by leaves: the hash of each leaf, and the root that all of them make.
//! It knows no files but the one it is asked to hash.

use std::fs::File;
use std::io;
use std::path::Path;

use blake3::hazmat::{HasherExt as _, Mode, merge_subtrees_non_root, merge_subtrees_root};
use transom_wire::limits::LEAF;

/// Bytes of a leaf, as a number of a file.
pub(crate) const LEAF_BYTES: u64 = LEAF as u64;

/// How many leaves a file of that size has.
pub(crate) fn leaves(size: u64) -> u64 {
    size.div_ceil(LEAF_BYTES)
}

/// Hash of the leaf at `offset` in a file of `size` bytes (wire 7): its BLAKE3 chaining value, or
/// the root if it is the only one. `offset` is a multiple of [`LEAF`]; `bytes` is the whole leaf.
/// What can't be a leaf gets zeros, which no bytes hash to.
pub fn leaf(bytes: &[u8], offset: u64, size: u64) -> [u8; 32] {
    let is_leaf = offset.is_multiple_of(LEAF_BYTES) && (1..=LEAF).contains(&bytes.len());
    if !is_leaf {
        return [0; 32];
    }
    if size <= LEAF_BYTES {
        return blake3::hash(bytes).into();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(offset);
    hasher.update(bytes).finalize_non_root()
}

/// The hash of a file's leaves so far, kept as the roots of its whole left subtrees.
///
/// ```text
/// leaves   0 1 2 3 4 5 6        one hash for each bit of the count, 7 = 0b111:
///          \-----/ \-/ 6        4 + 2 + 1
/// ```
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    stack: Vec<[u8; 32]>,
    leaves: u64,
}

impl Tree {
    /// Takes the next leaf's hash.
    pub(crate) fn push(&mut self, leaf: [u8; 32]) {
        // Merged one leaf late, since the last merge of all is a different one.
        while self.stack.len() > self.leaves.count_ones() as usize {
            self.merge();
        }
        self.stack.push(leaf);
        self.leaves += 1;
    }

    /// How many leaves it has.
    pub(crate) fn leaves(&self) -> u64 {
        self.leaves
    }

    /// BLAKE3 of the file, if there are no more leaves.
    pub(crate) fn root(&self) -> [u8; 32] {
        let mut left = self.stack.iter().rev();
        let Some(mut right) = left.next().copied() else {
            return blake3::hash(b"").into();
        };
        let mut left = left.peekable();
        while let Some(hash) = left.next() {
            right = match left.peek() {
                Some(_) => merge_subtrees_non_root(hash, &right, Mode::Hash),
                None => merge_subtrees_root(hash, &right, Mode::Hash).into(),
            };
        }
        right
    }

    fn merge(&mut self) {
        if let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) {
            self.stack
                .push(merge_subtrees_non_root(&left, &right, Mode::Hash));
        }
    }
}

/// BLAKE3 of the hashes of leaves, joined: shows that both sides hold the same beginning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof(blake3::Hasher);

impl Proof {
    /// Takes the next leaf's hash.
    pub(crate) fn push(&mut self, leaf: &[u8; 32]) {
        self.0.update(leaf);
    }

    /// The proof for the leaves so far.
    pub(crate) fn value(&self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// BLAKE3 of a file as `b3sum` prints it.
///
/// # Errors
/// What the system says on opening or reading it.
pub fn hash_file(path: &Path) -> io::Result<[u8; 32]> {
    hash_open(&File::open(path)?)
}

/// BLAKE3 of an open file from where it stands.
pub(crate) fn hash_open(file: &File) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_make_the_root_that_blake3_gives() {
        let data: Vec<u8> = (0..LEAF * 9 + 5).map(|i| (i * 7 + i / 251) as u8).collect();
        let sizes = [
            0,
            1,
            1024,
            LEAF - 1,
            LEAF,
            LEAF + 1,
            LEAF * 2,
            LEAF * 3 + 7,
            LEAF * 7,
        ];
        for size in sizes.into_iter().chain([LEAF * 8, data.len()]) {
            let mut tree = Tree::default();
            for (k, bytes) in data[..size].chunks(LEAF).enumerate() {
                tree.push(leaf(bytes, k as u64 * LEAF_BYTES, size as u64));
            }
            assert_eq!(
                tree.root(),
                *blake3::hash(&data[..size]).as_bytes(),
                "{size} bytes"
            );
            assert_eq!(tree.leaves, leaves(size as u64));
        }
    }
}
