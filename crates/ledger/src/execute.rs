//! Execution: what a decided block does to the state. Every node computes the same.
//!
//! Governed changes that take effect at this height come first, then directory changes of all batches, then status
//! updates, each in block order. A refusal concerns
//! one item and consumes its batch's sequence; a batch that may not be included at all makes the block invalid.

use std::collections::BTreeMap;
use std::sync::Arc;

use lifecycle::{Change, Current, Refusal, Transition, admit};
use serde::{Deserialize, Serialize};

use crate::batch::Tip;
use crate::block::batches_tree;
use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::directory::Entry;
use crate::hash::TaggedHasher;
use crate::keys::lock_of;
use crate::merkle::Tree;
use crate::status::Location;
use crate::{
    Block, Directory, DirectoryChange, Genesis, Hash, Height, OrganisationId, StatusRecord, StatusUpdate,
    ValidatorSet, tags,
};

mod validity;

pub use validity::{Divergence, InvalidBatch, InvalidBlock, Verified};

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took effect.
    Accepted,
    /// It did not, because.
    Refused(Refusal),
}

impl Outcome {
    /// 0, or the refusal's code.
    pub fn code(self) -> u8 {
        match self {
            Outcome::Accepted => 0,
            Outcome::Refused(refusal) => refusal.code(),
        }
    }

    /// The outcome with this code.
    ///
    /// # Errors
    /// [`DecodeError`] where there is none.
    pub fn from_code(code: u8) -> Result<Self, DecodeError> {
        if code == 0 { Ok(Outcome::Accepted) } else { Ok(Outcome::Refused(Refusal::from_code(code)?)) }
    }
}

impl Canonical for Outcome {
    fn write(&self, to: &mut Writer) {
        self.code().write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Outcome::from_code(u8::read(from)?)
    }
}

/// Leaf of the results tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemResult {
    /// The batch.
    pub batch: Hash,
    /// The item in it, from 0.
    pub item: u32,
    /// What became of it.
    pub outcome: Outcome,
}
canonical_struct!(ItemResult { batch, item, outcome });

/// All that executing the next block needs besides the records it touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainState {
    /// Which network.
    pub network: Hash,
    /// Height of the last block executed.
    pub height: Height,
    /// Its hash; at height 0, the network.
    pub block: Hash,
    /// Its time, in milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// The directory after it.
    pub directory: Arc<Directory>,
    /// Root of the directory's entries: kept, because it seldom changes.
    pub entries_root: Hash,
    /// Where each organisation's next batch goes.
    pub tips: BTreeMap<OrganisationId, Tip>,
    /// Root of its results.
    pub results_root: Hash,
    /// Status root after it.
    pub status_root: Hash,
}

impl ChainState {
    /// The state before the first block.
    pub fn genesis(genesis: &Genesis) -> Self {
        let (network, directory) = (genesis.network(), Arc::new(genesis.directory()));
        ChainState {
            network,
            height: Height(0),
            block: network,
            time_ms: genesis.time_ms,
            entries_root: directory.root(),
            directory,
            tips: BTreeMap::new(),
            results_root: Tree::default().root(),
            status_root: Hash::ZERO,
        }
    }

    /// Root of the directory and of where each organisation's batches stand.
    pub fn directory_root(&self) -> Hash {
        let mut tips = Writer::default();
        for (organisation, tip) in &self.tips {
            organisation.write(&mut tips);
            tip.write(&mut tips);
        }
        TaggedHasher::new(tags::DIRECTORY_ROOT).fixed(&self.entries_root.0).var(&tips.0).finish()
    }

    /// The directory in which the next block begins: with the governed changes made that take effect at its height.
    pub fn opening(&self) -> Arc<Directory> {
        let mut directory = self.directory.clone();
        if directory.is_due(self.height.next()) {
            Arc::make_mut(&mut directory).take_effect(self.height.next());
        }
        directory
    }

    /// Who votes on the next block.
    pub fn next_validators(&self) -> &ValidatorSet {
        self.directory.validators_at(self.height.next())
    }

    /// Where this organisation's next batch goes.
    pub fn tip(&self, organisation: OrganisationId) -> Tip {
        self.tips.get(&organisation).copied().unwrap_or_default()
    }
}

/// What a block did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The state after it.
    pub state: ChainState,
    /// For each batch, what became of each of its items.
    pub outcomes: Vec<Vec<Outcome>>,
    /// Directory entries that are new or changed.
    pub entries: Vec<Entry>,
    /// Records that are new or changed.
    pub records: BTreeMap<Hash, StatusRecord>,
}

/// Keys of all records that executing the block may read: load them and nothing else.
pub fn record_keys(block: &Block) -> Vec<Hash> {
    let updates = block.batches.iter().flat_map(|signed| &signed.batch.updates);
    let mut keys: Vec<Hash> = updates.map(|update| update.record_key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Executes a decided block. `records` holds what [`record_keys`] names, as far as it exists.
///
/// # Panics
/// When the block does not follow the state: callers check it first ([`ChainState::check`]).
pub fn execute(state: &ChainState, block: &Block, records: BTreeMap<Hash, StatusRecord>) -> Execution {
    assert_eq!(block.header.previous, state.block, "the block follows the state");
    let mut next = state.clone();
    next.height = block.header.height;
    next.block = block.header.hash();
    next.time_ms = block.header.time_ms;
    let mut outcomes: Vec<Vec<Outcome>> = Vec::with_capacity(block.batches.len());
    let entries = run_changes(&mut next, block, &mut outcomes);
    let mut run = Run { state: &next, records, changed: BTreeMap::new() };
    for (batch, signed) in (0u32..).zip(&block.batches) {
        let author = signed.batch.header.author;
        let first = signed.batch.header.changes;
        for (item, update) in (first..).zip(&signed.batch.updates) {
            let location = Location { height: next.height, batch, item };
            outcomes[batch as usize].push(match run.update(author, update, location) {
                Ok(record) => {
                    run.changed.insert(update.record_key, record);
                    Outcome::Accepted
                }
                Err(refusal) => Outcome::Refused(refusal),
            });
        }
    }
    let changed = run.changed;
    next.status_root = status_root(&next.status_root, &changed);
    next.results_root = results_tree(block, &outcomes).root();
    for signed in &block.batches {
        next.tips.insert(signed.batch.header.author, signed.batch.tip());
    }
    Execution { state: next, outcomes, entries, records: changed }
}

/// The tree over the results of a block.
pub fn results_tree(block: &Block, outcomes: &[Vec<Outcome>]) -> Tree {
    let mut leaves = Vec::new();
    for (signed, outcomes) in block.batches.iter().zip(outcomes) {
        let batch = signed.batch.header.hash();
        leaves.extend(
            (0..)
                .zip(outcomes)
                .map(|(item, outcome)| ItemResult { batch, item, outcome: *outcome }.to_bytes()),
        );
    }
    Tree::of(leaves)
}

fn run_changes(next: &mut ChainState, block: &Block, outcomes: &mut Vec<Vec<Outcome>>) -> Vec<Entry> {
    let mut entries = Vec::new();
    if next.directory.is_due(next.height) {
        entries = Arc::make_mut(&mut next.directory).take_effect(next.height);
    }
    for signed in &block.batches {
        let author = signed.batch.header.author;
        outcomes.push(Vec::with_capacity(signed.batch.header.items() as usize));
        for change in &signed.batch.changes {
            let decided = match change {
                DirectoryChange::Governed(change) => {
                    next.directory.admit_governed(&next.network, author, change, next.height)
                }
                _ => next.directory.admit(author, change, next.height, next.time_ms),
            };
            let outcome = match decided {
                Ok(entry) => {
                    Arc::make_mut(&mut next.directory).put(entry.clone());
                    entries.push(entry);
                    Outcome::Accepted
                }
                Err(refusal) => Outcome::Refused(refusal),
            };
            outcomes.last_mut().into_iter().for_each(|list| list.push(outcome));
        }
    }
    if !entries.is_empty() {
        next.entries_root = next.directory.root();
    }
    entries
}

/// Until the status map exists: a chain of hashes over the records that each block changed.
fn status_root(previous: &Hash, changed: &BTreeMap<Hash, StatusRecord>) -> Hash {
    if changed.is_empty() {
        return *previous;
    }
    let mut hasher = TaggedHasher::new(tags::STATUS_ROOT).fixed(&previous.0);
    for (key, record) in changed {
        hasher = hasher.fixed(&key.0).var(&record.to_bytes());
    }
    hasher.finish()
}

struct Run<'a> {
    state: &'a ChainState,
    records: BTreeMap<Hash, StatusRecord>,
    changed: BTreeMap<Hash, StatusRecord>,
}

impl Run<'_> {
    fn update(
        &self,
        author: OrganisationId,
        update: &StatusUpdate,
        at: Location,
    ) -> Result<StatusRecord, Refusal> {
        let directory = &self.state.directory;
        let by = directory.organisation(author).ok_or(Refusal::UnknownOrganisation)?;
        let before = self.changed.get(&update.record_key).or_else(|| self.records.get(&update.record_key));
        let commission = update.transition == Transition::Commission;
        if commission && author != update.issuer && !by.commissions_for.contains(&update.issuer) {
            return Err(Refusal::NotOwner);
        }
        if before.is_some_and(|record| record.issuer != update.issuer) {
            return Err(Refusal::UnknownPack);
        }
        let change = Change {
            transition: update.transition,
            role: by.role,
            same_author: before.is_some_and(|record| record.author == author),
            same_site: before
                .is_some_and(|record| record.site_tag.is_some() && record.site_tag == update.site_tag),
            site_time_ms: update.site_time_ms,
            block_time_ms: self.state.time_ms,
        };
        let current = before.map(|record| Current {
            state: record.state,
            site_time_ms: record.site_time_ms,
            block_time_ms: record.block_time_ms,
        });
        let rules = directory.rules();
        let state = admit(current.as_ref(), &change, &rules.matrix, &rules.windows)?;
        // No site can know this block or a later one: who says so would never be asked to check again.
        if update.checked < directory.last_stop(update.issuer) || update.checked >= self.state.height {
            return Err(Refusal::Recheck);
        }
        let version = next_version(author, update, before)?;
        let label = before.map(|record| record.label).or(update.label).ok_or(Refusal::Possession)?;
        Ok(StatusRecord {
            issuer: update.issuer,
            state,
            version,
            lock: update.next_lock,
            label,
            site_tag: update.site_tag,
            author,
            site_time_ms: update.site_time_ms,
            block_time_ms: self.state.time_ms,
            commissioned: before.map_or(at, |record| record.commissioned),
            changed: at,
            plain: before.map_or(update.plain, |record| record.plain),
        })
    }
}

/// Version and possession: the record stands where the author saw it, and the author holds the label or is
/// the issuer.
fn next_version(
    author: OrganisationId,
    update: &StatusUpdate,
    before: Option<&StatusRecord>,
) -> Result<u32, Refusal> {
    let Some(record) = before else {
        return if update.version == 0 && update.site_tag.is_none() { Ok(0) } else { Err(Refusal::Version) };
    };
    if update.version != record.version {
        return Err(Refusal::Version);
    }
    let opened = update.opening.is_some_and(|opening| lock_of(&opening) == record.lock);
    if author != record.issuer && !opened || update.label.is_some() {
        return Err(Refusal::Possession);
    }
    record.version.checked_add(1).ok_or(Refusal::Version)
}

impl ChainState {
    /// The header of the next block with these batches at this time.
    pub fn next_header(&self, batches: &[crate::SignedBatch], time_ms: u64) -> crate::BlockHeader {
        let height = self.height.next();
        crate::BlockHeader {
            network: self.network,
            height,
            previous: self.block,
            time_ms: time_ms.max(self.time_ms + 1),
            batches: batches.len() as u32,
            batches_root: batches_tree(batches).root(),
            rules_version: self.opening().rules().version,
            next_validators: self.directory.validators_at(height.next()).hash(),
            results_root: self.results_root,
            directory_root: self.directory_root(),
            status_root: self.status_root,
        }
    }
}

#[cfg(test)]
mod tests;
