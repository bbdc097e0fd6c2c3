//! This organisation's batches: on the chain, in table `batch`, and their leaves.

use std::collections::BTreeMap;

use ledger::batch::{events_tree, padding};
use ledger::{Canonical as _, Hash, OrganisationId, Outcome, SignedBatch};
use store::audit::{AuditLeaves, AuditOwnBatch};
use time::OffsetDateTime;

use super::finding::{Findings, What};
use super::leaves::Leaves;
use super::tally::Keys;

/// A batch of this organisation: as the chain has it, or signed and in no block yet.
#[derive(Debug, Clone)]
pub struct OwnBatch {
    /// The block that holds it.
    pub height: Option<u64>,
    /// Its hash.
    pub hash: Hash,
    /// Number of its first leaf among all of this organisation's.
    pub first: u64,
    /// How many leaves it has.
    pub events: u32,
    /// Root of the tree over them.
    pub root: Hash,
    /// When it was made, in milliseconds since 1970 UTC.
    pub time_ms: u64,
}

/// An update of this organisation's that was refused.
#[derive(Debug, Clone)]
pub struct RefusedUpdate {
    /// Leaf of the event that asked for it.
    pub leaf: u64,
    /// The pack.
    pub record_key: Hash,
    /// lifecycle's code.
    pub code: u8,
    /// The block.
    pub height: u64,
}

/// This organisation's part of the ledger.
#[derive(Debug, Default)]
pub struct Own {
    /// Whose database it is, where that is known.
    pub organisation: Option<OrganisationId>,
    /// Its batches, by sequence.
    pub batches: BTreeMap<u64, OwnBatch>,
    /// All leaves of them.
    pub leaves: Leaves,
    /// Its updates that were refused.
    pub refused: Vec<RefusedUpdate>,
    /// The last batch with updates of an event, by the event's leaf, where that is not the leaf's own batch.
    pub later: BTreeMap<u64, u64>,
    /// Batches that are signed and in no block yet, by sequence.
    pub waiting: BTreeMap<u64, SignedBatch>,
}

impl Own {
    /// Nothing yet.
    pub fn of(organisation: Option<OrganisationId>) -> Self {
        Own { organisation, ..Own::default() }
    }

    /// Takes a batch of a block, if it is this organisation's.
    pub fn take(&mut self, signed: &SignedBatch, height: u64, outcomes: Option<&[Outcome]>) {
        let header = &signed.batch.header;
        if Some(header.author) != self.organisation || !self.enter(signed, Some(height)) {
            return;
        }
        let results = outcomes.unwrap_or_default().iter().skip(header.changes as usize);
        for (update, outcome) in signed.batch.updates.iter().zip(results) {
            if let Outcome::Refused(refusal) = outcome {
                let (record_key, code) = (update.record_key, refusal.code());
                self.refused.push(RefusedUpdate { leaf: update.event, record_key, code, height });
            }
        }
    }

    fn enter(&mut self, signed: &SignedBatch, height: Option<u64>) -> bool {
        let header = &signed.batch.header;
        if self.batches.contains_key(&header.sequence) || !self.leaves.grow(header.first_event, header.events)
        {
            return false;
        }
        for update in &signed.batch.updates {
            self.leaves.refer(update.event);
            if update.event < header.first_event {
                self.later.insert(update.event, header.sequence);
            }
        }
        let (hash, root) = (header.hash(), header.events_root);
        let (first, events, time_ms) = (header.first_event, header.events, header.time_ms);
        self.batches.insert(header.sequence, OwnBatch { height, hash, first, events, root, time_ms });
        true
    }

    /// The batch that a leaf is in.
    pub fn batch_of(&self, sequence: i64) -> Option<&OwnBatch> {
        self.batches.get(&u64::try_from(sequence).ok()?)
    }
}

/// Rows of `batch`, compared with the chain one by one.
pub struct OwnBatches<'a> {
    own: &'a mut Own,
    seen: u64,
    /// Rows read.
    pub rows: u64,
    /// When each batch was made, where the row says another time.
    made: Vec<u64>,
}

impl<'a> OwnBatches<'a> {
    /// Before the first row.
    pub fn new(own: &'a mut Own) -> Self {
        OwnBatches { own, seen: 0, rows: 0, made: Vec::new() }
    }

    /// Takes the next row, by sequence.
    pub fn take(&mut self, row: &AuditOwnBatch, findings: &mut Findings<'_>) {
        self.rows += 1;
        let key = batch_row(row.sequence);
        let Some(sequence) = u64::try_from(row.sequence).ok().filter(|sequence| *sequence > self.seen) else {
            return findings.add("batch", key, What::Added, "no batch has this sequence");
        };
        self.missing(sequence, findings);
        self.seen = sequence;
        if !self.own.batches.contains_key(&sequence) {
            return self.waiting(sequence, row, findings);
        }
        let Some(batch) = self.own.batches.get(&sequence) else { return };
        let mut altered = |detail: String| findings.add("batch", &*key, What::Altered, detail);
        if *row.hash != batch.hash.0 {
            altered(format!("the chain has batch {} under this sequence", batch.hash));
        }
        if row.height.map(u64::try_from) != batch.height.map(Ok) {
            altered(format!("the batch is in block {}", batch.height.unwrap_or_default()));
        }
        if !row.signed.is_empty() {
            altered("a final batch keeps no copy here".to_owned());
        }
        if milliseconds(row.created_at) != Some(batch.time_ms) {
            self.made.push(sequence);
        }
    }

    fn missing(&self, below: u64, findings: &mut Findings<'_>) {
        for (sequence, batch) in self.own.batches.range(self.seen + 1..below) {
            let detail = format!("block {} holds it", batch.height.unwrap_or_default());
            findings.add("batch", format!("sequence {sequence}"), What::Missing, detail);
        }
    }

    /// A batch that no block holds: it must follow the one before, and be signed.
    fn waiting(&mut self, sequence: u64, row: &AuditOwnBatch, findings: &mut Findings<'_>) {
        let key = batch_row(row.sequence);
        if row.height.is_some() {
            return findings.add("batch", key, What::Added, "the block that it names does not hold it");
        }
        let signed = SignedBatch::from_bytes(&row.signed).ok().filter(|signed| signed.batch.is_whole());
        let Some(signed) = signed else {
            return findings.add("batch", key, What::Altered, "the signed batch does not decode");
        };
        let header = &signed.batch.header;
        let before = self.own.batches.get(&(sequence - 1)).map(|batch| batch.hash).unwrap_or_default();
        if header.sequence != sequence || header.previous != before {
            return findings.add("batch", key, What::OutOfOrder, "the batch does not follow the one before");
        }
        if *row.hash != header.hash().0 {
            findings.add("batch", &*key, What::Altered, "the hash is not the signed batch's");
        }
        if milliseconds(row.created_at) != Some(header.time_ms) {
            self.made.push(sequence);
        }
        if self.own.enter(&signed, None) {
            self.own.waiting.insert(sequence, signed);
        }
    }

    /// After the last row: batches of the chain that have none, and the batches whose time is another than they say.
    pub fn end(self, findings: &mut Findings<'_>) -> Vec<u64> {
        self.missing(u64::MAX, findings);
        self.made
    }
}

/// Rows of `batch_leaves`.
pub struct BatchLeaves<'a> {
    own: &'a mut Own,
    keys: &'a Keys,
    seen: u64,
    /// Rows read.
    pub rows: u64,
    /// Batches without leaves here.
    pub without: Vec<u64>,
}

impl<'a> BatchLeaves<'a> {
    /// Before the first row.
    pub fn new(own: &'a mut Own, keys: &'a Keys) -> Self {
        BatchLeaves { own, keys, seen: 0, rows: 0, without: Vec::new() }
    }

    /// Takes the next row, by sequence.
    pub fn take(&mut self, row: &AuditLeaves, findings: &mut Findings<'_>) {
        self.rows += 1;
        let key = batch_row(row.sequence);
        let sequence = u64::try_from(row.sequence).ok().filter(|sequence| *sequence > self.seen);
        let Some((sequence, batch)) = sequence.and_then(|s| Some((s, self.own.batches.get(&s)?))) else {
            return findings.add("batch_leaves", key, What::Added, "there is no such batch");
        };
        let (first, events, root) = (batch.first, batch.events, batch.root);
        self.missing(sequence, findings);
        self.seen = sequence;
        let (leaves, rest) = row.leaves.as_chunks::<32>();
        let leaves: Vec<Hash> = leaves.iter().map(|leaf| Hash(*leaf)).collect();
        if !rest.is_empty() || leaves.len() != events as usize || events_tree(&leaves).root() != root {
            let detail = format!("its {} leaves do not lead to the batch's events root {root}", leaves.len());
            return findings.add("batch_leaves", key, What::Altered, detail);
        }
        for (number, leaf) in (first..).zip(&leaves) {
            self.own.leaves.know(number, self.keys.short(&leaf.0));
        }
    }

    fn missing(&mut self, below: u64, findings: &mut Findings<'_>) {
        for (sequence, batch) in self.own.batches.range(self.seen + 1..below) {
            self.without.push(*sequence);
            let detail = format!("the batch has {} leaves; its events cannot be found in it", batch.events);
            findings.add("batch_leaves", format!("sequence {sequence}"), What::Missing, detail);
        }
    }

    /// After the last row.
    pub fn end(mut self, findings: &mut Findings<'_>) -> Vec<u64> {
        self.missing(u64::MAX, findings);
        self.without
    }
}

/// Leaves that no event of the database has: those that must be events are missing. Returns how many may be padding or
/// events; with the padding secret none are left open.
pub fn unclaimed(own: &Own, secret: Option<&[u8; 32]>, keys: &Keys, findings: &mut Findings<'_>) -> u64 {
    let mut open = 0;
    for (sequence, batch) in &own.batches {
        let last =
            (0..batch.events).rev().find(|place| own.leaves.is_claimed(batch.first + u64::from(*place)));
        for place in 0..batch.events {
            let number = batch.first + u64::from(place);
            if !own.leaves.is_known(number) || own.leaves.is_claimed(number) {
                continue;
            }
            // Events come first, and padding leads no further than to the next power of four.
            let must = last.is_some_and(|last| place < last) || is_event(place, batch.events);
            let is_padding =
                secret.map(|secret| own.leaves.is(number, keys.short(&padding(secret, number).0)));
            match is_padding {
                Some(true) => {}
                None if !must && !own.leaves.is_referred(number) => open += 1,
                _ => {
                    let row = format!("leaf {number}: batch {sequence}, place {place}");
                    findings.add("event", row, What::Missing, "the ledger has its commitment");
                }
            }
        }
    }
    open
}

/// Whether the leaf at a place is an event's whatever the number of events: fewer would have been padded to fewer leaves.
fn is_event(place: u32, leaves: u32) -> bool {
    leaves == 1 || place <= leaves / 4
}

fn milliseconds(at: OffsetDateTime) -> Option<u64> {
    let nanoseconds = at.unix_timestamp_nanos();
    (nanoseconds % 1_000_000 == 0).then(|| u64::try_from(nanoseconds / 1_000_000).ok()).flatten()
}

/// Key of a row of `batch` or `batch_leaves`.
pub fn batch_row(sequence: i64) -> String {
    format!("sequence {sequence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_that_fewer_events_would_not_have_is_an_event() {
        for events in 1..=64u32 {
            let leaves = ledger::batch::padded(events);
            let must = (0..leaves).filter(|place| is_event(*place, leaves)).count() as u32;
            assert!(must <= events, "{events} events in {leaves} leaves: {must} must be");
            assert!(ledger::batch::padded(must) == leaves, "{must} fill {leaves}");
        }
    }
}
