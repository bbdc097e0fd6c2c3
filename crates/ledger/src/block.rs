//! Blocks: batches in an agreed order, chained.

use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::hash::hash_of;
use crate::limits::BLOCK_BATCHES_MAX;
use crate::merkle::Tree;
use crate::{Hash, SignedBatch, tags};

/// Number of a block, from 1; 0 is the genesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Height(pub u64);

impl Height {
    /// The height above.
    pub fn next(self) -> Height {
        Height(self.0 + 1)
    }
}

impl std::fmt::Display for Height {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Canonical for Height {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Height(u64::read(from)?))
    }
}

/// What a block is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockHeader {
    /// Which network it belongs to.
    pub network: Hash,
    /// Its height.
    pub height: Height,
    /// Hash of the block below; at height 1, the network.
    pub previous: Hash,
    /// Its time, in milliseconds since 1970 UTC; above that of the block below.
    pub time_ms: u64,
    /// How many batches it has.
    pub batches: u32,
    /// Root of the tree over the batches' hashes.
    pub batches_root: Hash,
    /// Rules it is executed under.
    pub rules_version: u32,
    /// Hash of the validators of the next height.
    pub next_validators: Hash,
    /// Root of the results of the block below.
    pub results_root: Hash,
    /// Directory root after the block below.
    pub directory_root: Hash,
    /// Status root after the block below.
    pub status_root: Hash,
}
canonical_struct!(BlockHeader {
    network,
    height,
    previous,
    time_ms,
    batches,
    batches_root,
    rules_version,
    next_validators,
    results_root,
    directory_root,
    status_root,
});

impl BlockHeader {
    /// The block's hash: what validators vote on.
    pub fn hash(&self) -> Hash {
        hash_of(tags::BLOCK, self)
    }
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its header.
    pub header: BlockHeader,
    /// Its batches, in order.
    pub batches: Vec<SignedBatch>,
}

/// The tree over batch hashes.
pub fn batches_tree(batches: &[SignedBatch]) -> Tree {
    Tree::of(batches.iter().map(|signed| signed.batch.header.hash()))
}

impl Canonical for Block {
    fn write(&self, to: &mut Writer) {
        self.header.write(to);
        to.list(&self.batches);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Block { header: BlockHeader::read(from)?, batches: from.list("batches", BLOCK_BATCHES_MAX)? })
    }
}
