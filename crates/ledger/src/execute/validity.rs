//! Whether a block may be voted for.

use std::collections::BTreeMap;

use super::{ChainState, run_changes};
use crate::batch::Tip;
use crate::codec::Canonical;
use crate::directory::OrganisationStanding;
use crate::limits::{BATCH_BYTES_MAX, BLOCK_BYTES_MAX};
use crate::{Block, Directory, Hash, Height, OrganisationId, PublicKey, SignedBatch};

/// Why a batch may not be included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBatch {
    /// It is for another network.
    #[error("the batch is for another network")]
    Network,
    /// Its author is not in the directory.
    #[error("organisation {0} is not in the directory")]
    Author(OrganisationId),
    /// Its author is suspended.
    #[error("organisation {0} is suspended")]
    Suspended(OrganisationId),
    /// Header and items do not belong together, or a bound is passed.
    #[error("the batch is not whole")]
    Shape,
    /// No key that its author may use at this height signed it.
    #[error("the signature is not by a key of organisation {0}")]
    Signature(OrganisationId),
    /// It does not follow its author's last batch.
    #[error("the batch has sequence {found}; the next is {expected}")]
    Sequence {
        /// Its sequence.
        found: u64,
        /// The next sequence of its author.
        expected: u64,
    },
    /// It has the next sequence, but follows another batch than the author's last.
    #[error("the batch does not follow its author's last one")]
    Previous,
    /// It is dated too far ahead.
    #[error("the batch is dated after the block")]
    Time,
}

/// Why a block may not be voted for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// It is longer than permitted.
    #[error("the block is too long")]
    Length,
    /// It is for another height.
    #[error("the block is for height {found}; the next is {expected}")]
    Height {
        /// Its height.
        found: Height,
        /// The next height.
        expected: Height,
    },
    /// Its header is not the one that the state and its batches give.
    #[error("the header's {0} is not what this node computes")]
    Header(&'static str),
    /// Its time is not after its parent's, or too far ahead of this node's clock.
    #[error("the block's time is out of bounds")]
    Time,
    /// One of its batches may not be included.
    #[error("batch {index} may not be included")]
    Batch {
        /// Which, from 0.
        index: u32,
        /// Why.
        #[source]
        cause: InvalidBatch,
    },
}

/// Batches that this node has found whole and signed before, so that it need not hash and verify them again: it meets
/// one when it is gossiped, when it is proposed and when it is voted for.
pub trait Verified {
    /// The key that signed exactly this batch, header, items and signature, if it was verified.
    fn signer(&self, signed: &SignedBatch) -> Option<PublicKey>;
}

/// Nothing was verified before.
impl Verified for () {
    fn signer(&self, _: &SignedBatch) -> Option<PublicKey> {
        None
    }
}

impl SignedBatch {
    /// Whether it is whole, within its bounds, and signed by one of `keys`: by which.
    ///
    /// # Errors
    /// [`InvalidBatch::Shape`]; [`InvalidBatch::Signature`].
    pub fn verify<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a PublicKey>,
    ) -> Result<PublicKey, InvalidBatch> {
        if !self.batch.is_whole() || encoded_length(self) > BATCH_BYTES_MAX {
            return Err(InvalidBatch::Shape);
        }
        self.signer(keys).copied().ok_or(InvalidBatch::Signature(self.batch.header.author))
    }
}

impl ChainState {
    /// Whether the network may vote for this block. `now_ms` is this node's clock.
    ///
    /// # Errors
    /// [`InvalidBlock`] naming the first fault.
    pub fn check(
        &self,
        block: &Block,
        length: usize,
        now_ms: u64,
        verified: &impl Verified,
    ) -> Result<(), InvalidBlock> {
        let header = &block.header;
        if length > BLOCK_BYTES_MAX {
            return Err(InvalidBlock::Length);
        }
        if header.height != self.height.next() {
            return Err(InvalidBlock::Height { found: header.height, expected: self.height.next() });
        }
        let latest = now_ms.saturating_add(self.opening().rules().block_ahead_max_ms);
        if header.time_ms <= self.time_ms || header.time_ms > latest {
            return Err(InvalidBlock::Time);
        }
        self.check_header(block)?;
        let mut tips = BTreeMap::new();
        let after = self.after_changes(block);
        for (index, signed) in (0u32..).zip(&block.batches) {
            let author = signed.batch.header.author;
            let tip = tips.get(&author).copied().unwrap_or_else(|| self.tip(author));
            let next = after
                .judge(&after.directory, signed, &tip, (header.height, header.time_ms), verified)
                .map_err(|cause| InvalidBlock::Batch { index, cause })?;
            tips.insert(author, next);
        }
        Ok(())
    }

    fn check_header(&self, block: &Block) -> Result<(), InvalidBlock> {
        let (header, own) = (&block.header, self.next_header(&block.batches, block.header.time_ms));
        let fields: [(&'static str, bool); 9] = [
            ("network", header.network == own.network),
            ("previous block", header.previous == own.previous),
            ("batch count", header.batches == own.batches),
            ("batches root", header.batches_root == own.batches_root),
            ("rules version", header.rules_version == own.rules_version),
            ("next validators", header.next_validators == own.next_validators),
            ("results root", header.results_root == own.results_root),
            ("directory root", header.directory_root == own.directory_root),
            ("status root", header.status_root == own.status_root),
        ];
        match fields.iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(InvalidBlock::Header(field)),
            None => Ok(()),
        }
    }

    /// The state in which a block's batches are judged: with governed changes of its height and its own directory
    /// changes made, so that a suspension holds from its very block on.
    fn after_changes(&self, block: &Block) -> std::borrow::Cow<'_, ChainState> {
        let due = self.directory.is_due(block.header.height);
        if !due && block.batches.iter().all(|signed| signed.batch.changes.is_empty()) {
            return std::borrow::Cow::Borrowed(self);
        }
        let mut after = self.clone();
        after.height = block.header.height;
        after.time_ms = block.header.time_ms;
        run_changes(&mut after, block, &mut Vec::new());
        std::borrow::Cow::Owned(after)
    }

    /// Whether a batch may follow its author's last one in the next block, at `height` and `time_ms`. Returns the
    /// author's tip after it.
    ///
    /// # Errors
    /// [`InvalidBatch`] naming the first fault.
    pub fn includable(
        &self,
        signed: &SignedBatch,
        height: Height,
        time_ms: u64,
    ) -> Result<Tip, InvalidBatch> {
        self.includable_after(signed, &self.tip(signed.batch.header.author), (height, time_ms), &())
    }

    /// As [`Self::includable`], after other batches of the same author in the same block.
    ///
    /// # Errors
    /// [`InvalidBatch`] naming the first fault.
    pub fn includable_after(
        &self,
        signed: &SignedBatch,
        tip: &Tip,
        at: (Height, u64),
        verified: &impl Verified,
    ) -> Result<Tip, InvalidBatch> {
        self.judge(&self.opening(), signed, tip, at, verified)
    }

    /// Judges a batch by `directory`, which is that of its block.
    fn judge(
        &self,
        directory: &Directory,
        signed: &SignedBatch,
        tip: &Tip,
        (height, time_ms): (Height, u64),
        verified: &impl Verified,
    ) -> Result<Tip, InvalidBatch> {
        let header = &signed.batch.header;
        if header.network != self.network {
            return Err(InvalidBatch::Network);
        }
        let author = directory.organisation(header.author).ok_or(InvalidBatch::Author(header.author))?;
        if author.standing == OrganisationStanding::Suspended {
            return Err(InvalidBatch::Suspended(header.author));
        }
        if header.sequence != tip.sequence + 1 {
            return Err(InvalidBatch::Sequence { found: header.sequence, expected: tip.sequence + 1 });
        }
        if header.previous != tip.hash || header.first_event != tip.events {
            return Err(InvalidBatch::Previous);
        }
        if header.time_ms > time_ms.saturating_add(directory.rules().windows.ahead_max_ms) {
            return Err(InvalidBatch::Time);
        }
        match verified.signer(signed) {
            Some(key) if author.keys_at(height).any(|valid| *valid == key) => {}
            _ => drop(signed.verify(author.keys_at(height))?),
        }
        Ok(signed.batch.tip())
    }
}

/// Encoding costs as much as one hash of the batch; the header's roots were computed from it anyway.
fn encoded_length(signed: &SignedBatch) -> usize {
    signed.to_bytes().len()
}

/// A root that this node computed and a decided header does not have: the node must stop voting and say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divergence {
    /// Which root.
    pub root: &'static str,
    /// What the network decided.
    pub decided: Hash,
    /// What this node computed.
    pub own: Hash,
}

impl ChainState {
    /// Compares this node's roots with those of a decided header of the next height.
    pub fn divergence(&self, header: &crate::BlockHeader) -> Option<Divergence> {
        let roots = [
            ("results root", header.results_root, self.results_root),
            ("directory root", header.directory_root, self.directory_root()),
            ("status root", header.status_root, self.status_root),
        ];
        let differing = roots.into_iter().find(|(_, decided, own)| decided != own);
        differing.map(|(root, decided, own)| Divergence { root, decided, own })
    }
}
