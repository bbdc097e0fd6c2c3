//! Building the proofs that [`crate::receipt`] checks, from blocks and batches as stored.

use crate::batch::{events_tree, items_tree};
use crate::block::batches_tree;
use crate::codec::{Canonical as _, DecodeError};
use crate::execute::results_tree;
use crate::merkle::Tree;
use crate::receipt::{Anchor, EventReceipt, ItemReceipt, Path, SignedHeader};
use crate::{Block, BlockHeader, Certificate, Hash, Outcome, SignedBatch};

/// A decided block with all that proofs about it need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedBlock {
    /// The block.
    pub block: Block,
    /// Who decided it.
    pub certificate: Certificate,
    /// What became of its items, for each batch.
    pub outcomes: Vec<Vec<Outcome>>,
}

impl DecidedBlock {
    /// Its header, signed.
    pub fn signed_header(&self) -> SignedHeader {
        SignedHeader { header: self.block.header.clone(), certificate: self.certificate.clone() }
    }

    /// Proof that a batch is in the block; none where it has no such batch.
    pub fn anchor(&self, batch: u32) -> Option<Anchor> {
        let signed = self.block.batches.get(batch as usize)?;
        let tree = batches_tree(&self.block.batches);
        Some(Anchor {
            batch: signed.batch.header.clone(),
            path: path(&tree, batch),
            block: self.signed_header(),
        })
    }

    /// Receipt of an event: `leaves` are all leaves of its batch, padding included, and `leaf` is its place among
    /// them. None where the leaves are not those of the batch.
    pub fn event_receipt(&self, batch: u32, leaves: &[Hash], leaf: u32) -> Option<EventReceipt> {
        let (anchor, commitment) = (self.anchor(batch)?, *leaves.get(leaf as usize)?);
        let tree = events_tree(leaves);
        let same = tree.root() == anchor.batch.events_root;
        same.then(|| EventReceipt { commitment, path: path(&tree, leaf), anchor })
    }

    /// Receipt of an item, with its result in the block above; none where there is no such item, or `next` is not
    /// the block above.
    pub fn item_receipt(&self, batch: u32, item: u32, next: &SignedHeader) -> Option<ItemReceipt> {
        let signed = self.block.batches.get(batch as usize)?;
        let content = signed.batch.item(item)?;
        let outcome = *self.outcomes.get(batch as usize)?.get(item as usize)?;
        let results = results_tree(&self.block, &self.outcomes);
        if next.header.previous != self.block.header.hash() || next.header.results_root != results.root() {
            return None;
        }
        let before: usize = self.outcomes.iter().take(batch as usize).map(Vec::len).sum();
        let result = u32::try_from(before).ok()?.checked_add(item)?;
        Some(ItemReceipt {
            item: content,
            path: path(&items_tree(&signed.batch.changes, &signed.batch.updates), item),
            anchor: self.anchor(batch)?,
            outcome,
            result_path: path(&results, result),
            next: next.clone(),
        })
    }

    /// Outcomes as stored: one byte an item, in block order.
    pub fn outcome_bytes(outcomes: &[Vec<Outcome>]) -> Vec<u8> {
        outcomes.iter().flatten().map(|outcome| outcome.code()).collect()
    }

    /// A decided block from its parts as stored: header, signed batches, certificate and outcomes, each in canonical
    /// form.
    ///
    /// # Errors
    /// [`DecodeError`] of the first part that does not decode, or where the outcomes are not those of the block.
    pub fn decode<'a>(
        header: &[u8],
        batches: impl IntoIterator<Item = &'a [u8]>,
        certificate: &[u8],
        outcomes: &[u8],
    ) -> Result<Self, DecodeError> {
        let batches: Result<Vec<_>, _> = batches.into_iter().map(SignedBatch::from_bytes).collect();
        let block = Block { header: BlockHeader::from_bytes(header)?, batches: batches? };
        let certificate = Certificate::from_bytes(certificate)?;
        Self::from_stored(block, certificate, outcomes)
            .ok_or(DecodeError::Invalid { what: "outcomes of a block" })
    }

    /// A decided block from what [`Self::outcome_bytes`] stored; none where the bytes are not those of the block.
    pub fn from_stored(block: Block, certificate: Certificate, outcomes: &[u8]) -> Option<Self> {
        let mut rest = outcomes;
        let mut lists = Vec::with_capacity(block.batches.len());
        for signed in &block.batches {
            let (own, others) = rest.split_at_checked(signed.batch.header.items() as usize)?;
            rest = others;
            lists.push(own.iter().map(|code| Outcome::from_code(*code).ok()).collect::<Option<Vec<_>>>()?);
        }
        rest.is_empty().then_some(DecidedBlock { block, certificate, outcomes: lists })
    }
}

fn path(tree: &Tree, index: u32) -> Path {
    Path { index, size: tree.size(), siblings: tree.path(index) }
}
