//! Batches: what one organisation hands to the ledger at a time.

use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::hash::{TaggedHasher, hash_of};
use crate::limits::{BATCH_CHANGES_MAX, BATCH_EVENTS_MAX, BATCH_GOVERNED_MAX, BATCH_UPDATES_MAX};
use crate::merkle::Tree;
use crate::{DirectoryChange, Hash, OrganisationId, PublicKey, Signature, SigningKey, StatusUpdate, tags};

/// What a batch is known by; the batch hash covers it and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHeader {
    /// Which network it is for.
    pub network: Hash,
    /// Whose it is.
    pub author: OrganisationId,
    /// Counts the author's batches, from 1.
    pub sequence: u64,
    /// Hash of the author's batch before; zero for the first.
    pub previous: Hash,
    /// How many leaves the author's batches before had, padding included.
    pub first_event: u64,
    /// Leaves of the events tree: events and padding, a power of four; or none.
    pub events: u32,
    /// Root of the tree over the events' commitments.
    pub events_root: Hash,
    /// How many directory changes it has.
    pub changes: u32,
    /// How many status updates it has.
    pub updates: u32,
    /// Root of the tree over its items: directory changes first, then status updates.
    pub items_root: Hash,
    /// When it was made by its author's clock, in milliseconds since 1970 UTC.
    pub time_ms: u64,
}
canonical_struct!(BatchHeader {
    network,
    author,
    sequence,
    previous,
    first_event,
    events,
    events_root,
    changes,
    updates,
    items_root,
    time_ms,
});

impl BatchHeader {
    /// The batch's hash. It does not cover the signature, so that a rotated key can sign the same batch.
    pub fn hash(&self) -> Hash {
        hash_of(tags::BATCH, self)
    }

    /// How many items it has.
    pub fn items(&self) -> u32 {
        self.changes.saturating_add(self.updates)
    }
}

/// A leaf of the items tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A directory change.
    Change(DirectoryChange),
    /// A status update.
    Update(StatusUpdate),
}

impl Canonical for Item {
    fn write(&self, to: &mut Writer) {
        match self {
            Item::Change(change) => write_change(change, to),
            Item::Update(update) => write_update(update, to),
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::read(from)? {
            1 => Ok(Item::Change(DirectoryChange::read(from)?)),
            2 => Ok(Item::Update(StatusUpdate::read(from)?)),
            _ => Err(DecodeError::Invalid { what: "kind of batch item" }),
        }
    }
}

fn write_change(change: &DirectoryChange, to: &mut Writer) {
    1u8.write(to);
    change.write(to);
}

fn write_update(update: &StatusUpdate, to: &mut Writer) {
    2u8.write(to);
    update.write(to);
}

/// A batch: its header and items. The events themselves stay with their author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The header.
    pub header: BatchHeader,
    /// Changes to the directory.
    pub changes: Vec<DirectoryChange>,
    /// Changes to packs.
    pub updates: Vec<StatusUpdate>,
}

/// Where the next batch of an author goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tip {
    /// Sequence of the author's last batch; 0: none yet.
    pub sequence: u64,
    /// Its hash; zero: none yet.
    pub hash: Hash,
    /// Leaves of all its batches.
    pub events: u64,
}
canonical_struct!(Tip { sequence, hash, events });

/// How many leaves a batch of `events` events has: none, or the next power of four, so that an observer
/// learns the size only roughly.
pub fn padded(events: u32) -> u32 {
    let mut size = 1;
    while size < events {
        size *= 4;
    }
    if events == 0 { 0 } else { size }
}

/// The leaf that pads a batch at `number` among the author's leaves: to anybody without the organisation's
/// padding secret it looks like any commitment.
pub fn padding(secret: &[u8; 32], number: u64) -> Hash {
    TaggedHasher::new(tags::PADDING).fixed(secret).fixed(&number.to_be_bytes()).finish()
}

/// The tree over a batch's leaves (commitments and padding).
pub fn events_tree(leaves: &[Hash]) -> Tree {
    Tree::of(leaves)
}

/// The tree over a batch's items.
pub fn items_tree(changes: &[DirectoryChange], updates: &[StatusUpdate]) -> Tree {
    let mut writer = Writer::default();
    let mut leaf = |write: &dyn Fn(&mut Writer)| {
        writer.0.clear();
        write(&mut writer);
        writer.0.clone()
    };
    let mut leaves = Vec::with_capacity(changes.len() + updates.len());
    leaves.extend(changes.iter().map(|change| leaf(&|to| write_change(change, to))));
    leaves.extend(updates.iter().map(|update| leaf(&|to| write_update(update, to))));
    Tree::of(leaves)
}

impl Batch {
    /// Makes the author's next batch. `leaves` are commitments and padding, [`padded`] in number.
    ///
    /// # Panics
    /// When the leaves are not padded, or a bound of [`crate::limits`] is passed: the batcher's error.
    pub fn next(
        (network, author): (Hash, OrganisationId),
        tip: &Tip,
        leaves: &[Hash],
        changes: Vec<DirectoryChange>,
        updates: Vec<StatusUpdate>,
        time_ms: u64,
    ) -> Self {
        let events = leaves.len() as u32;
        assert_eq!(events, padded(events), "leaves are padded to a power of four");
        assert!(
            events <= BATCH_EVENTS_MAX
                && changes.len() <= BATCH_CHANGES_MAX
                && updates.len() <= BATCH_UPDATES_MAX
        );
        let header = BatchHeader {
            network,
            author,
            sequence: tip.sequence + 1,
            previous: tip.hash,
            first_event: tip.events,
            events,
            events_root: events_tree(leaves).root(),
            changes: changes.len() as u32,
            updates: updates.len() as u32,
            items_root: items_tree(&changes, &updates).root(),
            time_ms,
        };
        Batch { header, changes, updates }
    }

    /// Signs it.
    pub fn sign(self, key: &SigningKey) -> SignedBatch {
        let signature = key.sign(&signed_digest(&self.header.hash()));
        SignedBatch { batch: self, signature }
    }

    /// The author's tip once this batch is in a block.
    pub fn tip(&self) -> Tip {
        let header = &self.header;
        Tip {
            sequence: header.sequence,
            hash: header.hash(),
            events: header.first_event + u64::from(header.events),
        }
    }

    /// The item at `index`: changes first, then updates.
    pub fn item(&self, index: u32) -> Option<Item> {
        let index = index as usize;
        match self.changes.get(index) {
            Some(change) => Some(Item::Change(change.clone())),
            None => self.updates.get(index - self.changes.len()).cloned().map(Item::Update),
        }
    }

    /// Whether header and items belong together and keep the bounds.
    pub fn is_whole(&self) -> bool {
        let header = &self.header;
        let governed = |change: &&DirectoryChange| matches!(change, DirectoryChange::Governed(_));
        header.changes as usize == self.changes.len()
            && self.changes.iter().filter(governed).count() <= BATCH_GOVERNED_MAX
            && header.updates as usize == self.updates.len()
            && header.events <= BATCH_EVENTS_MAX
            && header.events == padded(header.events)
            && header.first_event.checked_add(header.events.into()).is_some()
            && header.items_root == items_tree(&self.changes, &self.updates).root()
    }
}

impl Canonical for Batch {
    fn write(&self, to: &mut Writer) {
        self.header.write(to);
        to.list(&self.changes);
        to.list(&self.updates);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Batch {
            header: BatchHeader::read(from)?,
            changes: from.list("directory changes", BATCH_CHANGES_MAX)?,
            updates: from.list("status updates", BATCH_UPDATES_MAX)?,
        })
    }
}

fn signed_digest(batch: &Hash) -> Hash {
    TaggedHasher::new(tags::BATCH_SIGNATURE).fixed(&batch.0).finish()
}

/// A batch with its author's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBatch {
    /// The batch.
    pub batch: Batch,
    /// Over its hash, under a tag of its own.
    pub signature: Signature,
}
canonical_struct!(SignedBatch { batch, signature });

impl SignedBatch {
    /// Which of `keys` signed it.
    pub fn signer<'a>(&self, keys: impl IntoIterator<Item = &'a PublicKey>) -> Option<&'a PublicKey> {
        let digest = signed_digest(&self.batch.header.hash());
        keys.into_iter().find(|key| key.verify(&digest, &self.signature).is_ok())
    }
}
