//! The sparse Merkle map: 32-byte keys to 32-byte values under one root, with proofs of what is in it and what is not.
//!
//! A binary trie over the keys' bits, the first bit of the first byte first. A node is 32 bytes: [`TERMINATOR`] where
//! nothing is below; for one entry its leaf, wherever in the trie that is; for more the hash of the two children. The
//! first bit of a node tells a leaf (1) from an inner node (0). The form is that of NOMT, whose files hold the status
//! map; what a value stands for is the caller's: it is a digest of what the entry says.
//!
//! [`Map`] is the map in memory, [`MapProof`] shows up to [`crate::limits::MAP_PROOF_KEYS_MAX`] keys present or absent.

mod build;
mod proof;
mod tree;

#[cfg(test)]
mod tests;

pub use build::MapPath;
pub use proof::{MapProof, MapProofError};
pub use tree::Map;

use crate::hash::TaggedHasher;
use crate::{Hash, Height, tags};

/// The node below which nothing is: 32 zero bytes.
pub const TERMINATOR: Hash = Hash::ZERO;

/// Most bits that a way from the root has: those of a key.
pub const DEPTH_MAX: u16 = 256;

/// Node of one entry. Its first bit is 1.
pub fn leaf_node(key: &Hash, value: &Hash) -> Hash {
    let mut node = TaggedHasher::new(tags::MAP_LEAF).fixed(&key.0).fixed(&value.0).finish();
    node.0[0] |= 0x80;
    node
}

/// Node of two children. Its first bit is 0.
pub fn inner_node(left: &Hash, right: &Hash) -> Hash {
    let mut node = TaggedHasher::new(tags::MAP_NODE).fixed(&left.0).fixed(&right.0).finish();
    node.0[0] &= 0x7f;
    node
}

/// Whether a node is that of one entry.
pub fn is_leaf(node: &Hash) -> bool {
    node.0[0] & 0x80 != 0
}

/// Whether two nodes may be children of one: a trie joins neither nothing with nothing, nor nothing with one entry.
fn may_be_siblings(left: &Hash, right: &Hash) -> bool {
    match (*left == TERMINATOR, *right == TERMINATOR) {
        (true, true) => false,
        (true, false) => !is_leaf(right),
        (false, true) => !is_leaf(left),
        (false, false) => true,
    }
}

/// Bit of a key at a depth below [`DEPTH_MAX`]; false leads left.
fn bit(key: &Hash, depth: u16) -> bool {
    let byte = key.0[usize::from(depth / 8)];
    (byte >> (7 - depth % 8)) & 1 == 1
}

/// How many bits two keys share at their beginning.
fn shared_bits(one: &Hash, other: &Hash) -> u16 {
    let mut shared = 0;
    for (a, b) in one.0.iter().zip(&other.0) {
        let differing = a ^ b;
        shared += differing.leading_zeros() as u16;
        if differing != 0 {
            break;
        }
    }
    shared
}

/// Where sorted items split into those that go left and those that go right, at a depth.
fn split<T>(items: &[T], depth: u16, key: impl Fn(&T) -> &Hash) -> (&[T], &[T]) {
    items.split_at(items.partition_point(|item| !bit(key(item), depth)))
}

/// Key of the entry that tells the height of a map.
pub fn height_key() -> Hash {
    TaggedHasher::new(tags::MAP_HEIGHT).finish()
}

/// The entry that tells the height of a map: of the last block that changed it. It is part of the root.
pub fn height_entry(height: Height) -> (Hash, Hash) {
    let mut value = Hash::ZERO;
    value.0[24..].copy_from_slice(&height.0.to_be_bytes());
    (height_key(), value)
}

/// The height that a value of [`height_key`] tells; none where it is not the value of a height.
pub fn height_of(value: &Hash) -> Option<Height> {
    let (zeros, height) = value.0.split_last_chunk::<8>()?;
    zeros.iter().all(|byte| *byte == 0).then(|| Height(u64::from_be_bytes(*height)))
}
