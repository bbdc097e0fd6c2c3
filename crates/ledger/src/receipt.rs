//! Receipts: proof that an event is anchored, and what became of a change.
//!
//! Inclusion is not acceptance: a receipt of an event proves that its commitment is in a decided block; a
//! receipt of an item proves, besides, what its execution came to.

use serde::{Deserialize, Serialize};

use crate::certificate::CertificateError;
use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::execute::ItemResult;
use crate::limits::PATH_MAX;
use crate::merkle::{ProofError, root_of_path};
use crate::trust::BrokenHandover;
pub use crate::trust::Trust;
use crate::{BatchHeader, BlockHeader, Certificate, Hash, Height, Item, Outcome};

/// Version of the receipts' encodings.
pub const VERSION: u8 = 1;

/// A way from a leaf to a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// Index of the leaf, from 0.
    pub index: u32,
    /// How many leaves the tree has.
    pub size: u32,
    /// Siblings from the leaf upwards.
    pub siblings: Vec<Hash>,
}

impl Canonical for Path {
    fn write(&self, to: &mut Writer) {
        self.index.write(to);
        self.size.write(to);
        to.list(&self.siblings);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Path {
            index: u32::read(from)?,
            size: u32::read(from)?,
            siblings: from.list("siblings", PATH_MAX)?,
        })
    }
}

impl Path {
    /// Checks that `leaf` is under `root`.
    ///
    /// # Errors
    /// [`ProofError`] naming what does not fit.
    pub fn verify(&self, leaf: &[u8], root: &Hash) -> Result<(), ProofError> {
        let found = root_of_path(leaf, self.index, self.size, &self.siblings)?;
        if found == *root { Ok(()) } else { Err(ProofError::Root) }
    }
}

/// A decided block's header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHeader {
    /// The header.
    pub header: BlockHeader,
    /// Who decided it.
    pub certificate: Certificate,
}
canonical_struct!(SignedHeader { header, certificate });

/// A batch in a decided block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Header of the batch.
    pub batch: BatchHeader,
    /// From the batch's hash to the block's batches root.
    pub path: Path,
    /// The block.
    pub block: SignedHeader,
}
canonical_struct!(Anchor { batch, path, block });

/// Proof that an event is anchored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReceipt {
    /// What the ledger knows of the event.
    pub commitment: Hash,
    /// From the commitment to the batch's events root.
    pub path: Path,
    /// The batch, in its block.
    pub anchor: Anchor,
}

/// Proof of what became of a directory change or a status update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemReceipt {
    /// The item.
    pub item: Item,
    /// From the item to the batch's items root.
    pub path: Path,
    /// The batch, in its block.
    pub anchor: Anchor,
    /// What became of it.
    pub outcome: Outcome,
    /// From the result to the results root of the next block.
    pub result_path: Path,
    /// The next block.
    pub next: SignedHeader,
}

macro_rules! versioned {
    ($type:ident { $($field:ident),* }) => {
        impl Canonical for $type {
            fn write(&self, to: &mut Writer) {
                VERSION.write(to);
                $(self.$field.write(to);)*
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                if u8::read(from)? != VERSION {
                    return Err(DecodeError::Invalid { what: "receipt version" });
                }
                $(let $field = Canonical::read(from)?;)*
                Ok($type { $($field),* })
            }
        }
    };
}
versioned!(EventReceipt { commitment, path, anchor });
versioned!(ItemReceipt { item, path, anchor, outcome, result_path, next });

/// The link at which a proof breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A hash path does not lead where it should.
    #[error("{link}: {cause}")]
    Path {
        /// Which path.
        link: &'static str,
        /// How it fails.
        cause: ProofError,
    },
    /// A certificate does not hold.
    #[error("certificate of block {height}: {cause}")]
    Certificate {
        /// Height of the block.
        height: Height,
        /// How it fails.
        cause: CertificateError,
    },
    /// A hand-over does not follow from the one before it.
    #[error("hand-over at block {height}: {cause}")]
    Handover {
        /// Height of its block.
        height: Height,
        /// How it fails.
        cause: BrokenHandover,
    },
    /// Two parts that belong together do not.
    #[error("{0}")]
    Mismatch(&'static str),
}

fn path(link: &'static str, path: &Path, leaf: &[u8], root: &Hash) -> Result<(), Broken> {
    path.verify(leaf, root).map_err(|cause| Broken::Path { link, cause })
}

impl Anchor {
    /// Checks that the batch is in the block and the block was decided.
    ///
    /// # Errors
    /// [`Broken`] naming the link.
    pub fn verify(&self, trust: Trust<'_>) -> Result<(), Broken> {
        let header = &self.block.header;
        if self.path.size != header.batches || self.batch.network != header.network {
            return Err(Broken::Mismatch("the batch's path is of another block"));
        }
        path("batch in block", &self.path, &self.batch.hash().0, &header.batches_root)?;
        self.block.verify(trust)
    }
}

impl EventReceipt {
    /// Checks the whole chain: commitment, batch, block, certificate.
    ///
    /// # Errors
    /// [`Broken`] naming the link.
    pub fn verify(&self, trust: Trust<'_>) -> Result<(), Broken> {
        if self.path.size != self.anchor.batch.events {
            return Err(Broken::Mismatch("the event's path is of another batch"));
        }
        path("event in batch", &self.path, &self.commitment.0, &self.anchor.batch.events_root)?;
        self.anchor.verify(trust)
    }

    /// The event's number among all leaves of its author's batches.
    pub fn event(&self) -> u64 {
        self.anchor.batch.first_event.saturating_add(self.path.index.into())
    }
}

impl ItemReceipt {
    /// Checks the whole chain: item, batch, block, certificate; and result, next block, certificate.
    ///
    /// # Errors
    /// [`Broken`] naming the link.
    pub fn verify(&self, trust: Trust<'_>) -> Result<(), Broken> {
        let batch = &self.anchor.batch;
        if self.path.size != batch.items()
            || (self.path.index < batch.changes) != matches!(self.item, Item::Change(_))
        {
            return Err(Broken::Mismatch("the item's path is of another batch"));
        }
        path("item in batch", &self.path, &self.item.to_bytes(), &batch.items_root)?;
        self.anchor.verify(trust)?;
        let block = &self.anchor.block.header;
        if self.next.header.height != block.height.next() || self.next.header.previous != block.hash() {
            return Err(Broken::Mismatch("the block with the results does not follow the item's block"));
        }
        let result = ItemResult { batch: batch.hash(), item: self.path.index, outcome: self.outcome };
        path("result in next block", &self.result_path, &result.to_bytes(), &self.next.header.results_root)?;
        self.next.verify(trust)
    }
}
