//! BLAKE3 by leaves: the hash of each leaf, and the root that all of them make.
//! It opens no file.

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

/// The bytes of a leaf that lies in a hole.
pub static ZEROS: [u8; LEAF] = [0; LEAF];

/// The hash of successive leaves of a file, kept as the roots of its whole subtrees.
///
/// ```text
/// leaves   0 1 2 3 4 5 6        3 4 5 6 7 8
///          \-----/ \-/ 6        3 \-----/ 8
/// ```
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// Leaves of the file before its own.
    first: u64,
    /// The roots from left to right, each with how many leaves it has. Two that have a common
    /// parent are merged once more leaves follow, since the last merge of all is a different one.
    nodes: Vec<(u64, [u8; 32])>,
    leaves: u64,
}

impl Tree {
    /// A tree of the leaves after the first ones, to be [appended](Tree::append) to theirs.
    pub(crate) fn after(first: u64) -> Self {
        Self {
            first,
            ..Self::default()
        }
    }

    /// Takes the next leaf's hash.
    pub(crate) fn push(&mut self, leaf: [u8; 32]) {
        self.put((1, leaf));
    }

    /// Takes the tree of the leaves that follow.
    pub(crate) fn append(&mut self, next: &Tree) {
        debug_assert_eq!(self.first + self.leaves, next.first);
        next.nodes.iter().for_each(|node| self.put(*node));
    }

    /// How many leaves it has.
    pub(crate) fn leaves(&self) -> u64 {
        self.leaves
    }

    /// BLAKE3 of the file, if it has all leaves.
    pub(crate) fn root(&self) -> [u8; 32] {
        let mut left = self.nodes.iter().rev().map(|(_, hash)| hash);
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

    fn put(&mut self, node: (u64, [u8; 32])) {
        while let Some(parent) = self.last_parent() {
            self.nodes.truncate(self.nodes.len() - 2);
            self.nodes.push(parent);
        }
        self.leaves += node.0;
        self.nodes.push(node);
    }

    /// The parent of the last two nodes, if they have a common one.
    fn last_parent(&self) -> Option<(u64, [u8; 32])> {
        let [.., (left_leaves, left), (leaves, right)] = &self.nodes[..] else {
            return None;
        };
        let both = left_leaves + leaves;
        let begins_at = self.first + self.leaves - both;
        let are_siblings = left_leaves == leaves && begins_at.is_multiple_of(both);
        are_siblings.then(|| (both, merge_subtrees_non_root(left, right, Mode::Hash)))
    }
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
            assert_eq!(tree.leaves(), leaves(size as u64));
        }
    }

    #[test]
    fn trees_of_both_parts_of_a_file_make_the_root_wherever_it_is_parted() {
        let data: Vec<u8> = (0..LEAF * 9 + 5).map(|i| (i * 7 + i / 251) as u8).collect();
        let size = data.len() as u64;
        let hashes: Vec<_> = (data.chunks(LEAF).zip(0..))
            .map(|(bytes, number)| leaf(bytes, number * LEAF_BYTES, size))
            .collect();
        for parted in 0..=hashes.len() {
            let (mut tree, mut next) = (Tree::default(), Tree::after(parted as u64));
            hashes[parted..].iter().for_each(|hash| next.push(*hash));
            hashes[..parted].iter().for_each(|hash| tree.push(*hash));
            tree.append(&next);
            assert_eq!(tree.root(), *blake3::hash(&data).as_bytes(), "{parted}");
        }
    }
}
