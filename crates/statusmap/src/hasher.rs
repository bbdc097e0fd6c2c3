//! The ledger's hashes, as NOMT asks for them.

use ledger::Hash;
use ledger::map::{inner_node, leaf_node};
use nomt::hasher::{NodeHasher, ValueHasher, node_kind_by_msb};
use nomt::trie::{InternalData, LeafData, Node, NodeKind};

/// Nodes are the ledger's; a value is its own 32 bytes.
pub(crate) struct Sha3Nodes;

impl NodeHasher for Sha3Nodes {
    fn hash_leaf(data: &LeafData) -> [u8; 32] {
        leaf_node(&Hash(data.key_path), &Hash(data.value_hash)).0
    }

    fn hash_internal(data: &InternalData) -> [u8; 32] {
        inner_node(&Hash(data.left), &Hash(data.right)).0
    }

    fn node_kind(node: &Node) -> NodeKind {
        node_kind_by_msb(node)
    }
}

impl ValueHasher for Sha3Nodes {
    /// Of other lengths there are none; what a damaged file says is no value that was put in.
    fn hash_value(value: &[u8]) -> [u8; 32] {
        value.try_into().unwrap_or([0; 32])
    }
}
