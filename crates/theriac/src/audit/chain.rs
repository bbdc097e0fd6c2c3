//! The chain, executed again from the genesis: blocks, batches, results.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::block::batches_tree;
use ledger::directory::Entry;
use ledger::execute::{InvalidBatch, InvalidBlock, record_keys};
use ledger::prove::DecidedBlock;
use ledger::{
    Block, BlockHeader, Canonical as _, ChainState, Directory, Execution, Genesis, Hash, Height, Outcome,
    PublicKey, SignedBatch, execute,
};
use lifecycle::Transition;
use store::audit::{AuditBatch, AuditChange};

use super::block::{Against, Decoded, Signers, Unsigned};
use super::feed::Stored;
use super::finding::{Findings, What};
use super::own::Own;
use super::parallel;
use super::records::Records;
use super::tally::{Keys, Tally};

/// The last block that was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// Height.
    pub height: u64,
    /// Time, in milliseconds since 1970 UTC.
    pub time_ms: u64,
}

/// Entries of the directory by kind and key: what they are, and the height that wrote them.
pub type Entries = BTreeMap<(i16, Vec<u8>), (Vec<u8>, u64)>;

/// The chain up to some height.
pub struct Chain {
    /// After the last block that was executed.
    pub state: ChainState,
    /// The first block that could not be executed: what is above it cannot be judged.
    pub stopped: Option<u64>,
    /// The last block.
    pub head: Option<Head>,
    /// Every pack's record.
    pub records: Records,
    /// Changes after commissioning, by height.
    pub history: Tally,
    /// The directory, as stored.
    pub entries: Entries,
    /// Whether the last block's roots must still reach a header.
    pub roots_pending: bool,
    /// This organisation's part of it.
    pub own: Own,
    keys: Keys,
    next: u64,
    below: Option<Hash>,
}

impl Chain {
    /// Before the first block.
    pub fn new(genesis: &Genesis, own: Own, keys: Keys) -> Self {
        let state = ChainState::genesis(genesis);
        let mut entries = Entries::new();
        put(&mut entries, state.directory.entries(), 0);
        Chain {
            below: Some(state.block),
            state,
            stopped: None,
            head: None,
            records: Records::default(),
            history: Tally::default(),
            entries,
            roots_pending: false,
            own,
            keys,
            next: 1,
        }
    }

    /// Takes blocks in their order.
    pub fn take(&mut self, chunk: Vec<Stored>, findings: &mut Findings<'_>) {
        let (network, directory) = (self.state.network, Arc::clone(&self.state.directory));
        let voters = self.state.next_validators().clone();
        let against = Against { network: &network, validators: &voters, directory: &directory };
        let slots: Vec<_> = chunk.into_iter().map(|stored| std::sync::Mutex::new(Some(stored))).collect();
        let decoded = parallel::map(&slots, |slot| {
            let stored = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()?;
            Some(Decoded::of(stored, against))
        });
        for mut one in decoded.into_iter().flatten() {
            let now = self.state.next_validators();
            if *now != voters {
                let against = Against { validators: now, directory: &self.state.directory, ..against };
                one = Decoded::of(one.stored, against);
            }
            self.block(&one, findings);
        }
    }

    fn block(&mut self, one: &Decoded, findings: &mut Findings<'_>) {
        for stray in &one.stored.strays {
            if stray.height < 1 {
                findings.add("block_batch", batch_row(stray), What::Added, "no block has this height");
            }
        }
        let row = block_row(one.stored.block.height);
        let height = match u64::try_from(one.stored.block.height) {
            Ok(height) if height >= self.next => height,
            _ => return findings.add("block", row, What::Added, format!("the next block is {}", self.next)),
        };
        self.gap(height, findings);
        self.next = height + 1;
        if let Err(cause) = &one.certified {
            findings.add("block", &*row, What::Altered, format!("the certificate does not hold: {cause}"));
        }
        let Some(header) = one.trusted(self.executed()) else {
            findings.add("block", row, What::Altered, "header, hash and certificate are not of one block");
            self.below = one.certified.as_ref().ok().copied();
            self.own_batches(one, height, None);
            return self.stop(height);
        };
        self.columns(one, &header, &row, findings);
        let block = self.batches(one, &header, findings);
        let execution = block.as_ref().and_then(|block| self.execute(one, block, &row, findings));
        let outcomes = execution.as_ref().map(|execution| execution.outcomes.as_slice());
        if let Some(outcomes) = outcomes
            && DecidedBlock::outcome_bytes(outcomes) != one.stored.block.results
        {
            findings.add("block", row, What::Altered, "the results are not those that its execution gives");
        }
        self.own_batches(one, height, outcomes);
        self.below = Some(header.hash());
        self.head = Some(Head { height, time_ms: header.time_ms });
        match (block, execution) {
            (Some(block), Some(execution)) => self.advance(&block, execution),
            _ => self.stop(height),
        }
    }

    /// The state below the block at hand, while there is one.
    fn executed(&self) -> Option<&ChainState> {
        self.stopped.is_none().then_some(&self.state)
    }

    /// Says that blocks are missing between the last one and that which the node says it has executed.
    pub fn ends_before(&mut self, height: u64, findings: &mut Findings<'_>) {
        self.gap(height.saturating_add(1).min(self.next + MISSING_MAX), findings);
    }

    fn stop(&mut self, height: u64) {
        self.stopped.get_or_insert(height);
    }

    fn gap(&mut self, height: u64, findings: &mut Findings<'_>) {
        for missing in (self.next..height).take(MISSING_MAX as usize) {
            let detail = "a block above it is there, or the node says that it has executed it";
            findings.add("block", format!("height {missing}"), What::Missing, detail);
            self.stop(missing);
            self.below = None;
        }
    }

    /// Compares the columns of a block with its header, and the header with the block below.
    fn columns(&self, one: &Decoded, header: &BlockHeader, row: &str, findings: &mut Findings<'_>) {
        let (stored, hash) = (&one.stored.block, header.hash());
        let mut altered = |what: String| findings.add("block", row, What::Altered, what);
        if one.header.as_ref() != Some(header) {
            altered(format!("the header is not that of block {hash}"));
        }
        if *stored.hash != hash.0 {
            altered(format!("the hash is not the header's, {hash}"));
        }
        if u64::try_from(stored.time_ms) != Ok(header.time_ms) {
            altered(format!("the time is not the header's, {}", header.time_ms));
        }
        if header.next_validators != self.state.directory.validators().hash() {
            altered("its header hands over to validators that nobody has decided".to_owned());
        }
        let follows = self.below.is_none_or(|below| below == header.previous);
        if header.height.0 + 1 != self.next || !follows || header.network != self.state.network {
            let found = header.height;
            let detail = format!("its header is of height {found} and does not follow the block below");
            findings.add("block", row, What::OutOfOrder, detail);
        }
    }

    /// The block with its batches, if all of them are there and none was altered.
    fn batches(&self, one: &Decoded, header: &BlockHeader, findings: &mut Findings<'_>) -> Option<Block> {
        let mut places: BTreeMap<u32, (&AuditBatch, Option<&SignedBatch>)> = BTreeMap::new();
        for (row, signed) in one.stored.batches.iter().zip(&one.batches) {
            match u32::try_from(row.position).ok().filter(|place| *place < header.batches) {
                Some(place) => drop(places.insert(place, (row, signed.as_ref()))),
                None => {
                    let detail = format!("the block has {} batches", header.batches);
                    findings.add("block_batch", batch_row(row), What::Added, detail);
                }
            }
        }
        for place in (0..header.batches).filter(|place| !places.contains_key(place)) {
            let row = format!("height {}, position {place}", header.height);
            findings.add("block_batch", row, What::Missing, "the header counts it");
        }
        for (row, signed) in places.values() {
            for fault in faults(row, *signed) {
                findings.add("block_batch", batch_row(row), What::Altered, fault);
            }
        }
        let batches: Option<Vec<SignedBatch>> = (0..header.batches)
            .map(|place| places.get(&place).and_then(|(_, signed)| signed.cloned()))
            .collect();
        if self.stopped.is_some() {
            // Whoever may sign is known up to the last block that was executed.
            for (row, _) in one.stored.batches.iter().zip(&one.signers).filter(|(_, key)| key.is_none()) {
                findings.add("block_batch", batch_row(row), What::Altered, UNSIGNED);
            }
        }
        let batches = batches?;
        if batches_tree(&batches).root() == header.batches_root {
            return Some(Block { header: header.clone(), batches });
        }
        self.blame(&places, findings);
        None
    }

    /// Names the batches for which a block's root is not that of its batches: those whose content has another hash than
    /// the row says, or whose author did not sign them; all, where none stands out.
    fn blame(
        &self,
        places: &BTreeMap<u32, (&AuditBatch, Option<&SignedBatch>)>,
        findings: &mut Findings<'_>,
    ) {
        let directory = &self.state.directory;
        let odd = |(row, signed): &&(&AuditBatch, Option<&SignedBatch>)| {
            signed.is_none_or(|signed| {
                signed.batch.header.hash().0 != *row.hash || !is_signed(signed, directory, self.next)
            })
        };
        let mut blamed: Vec<_> = places.values().filter(odd).collect();
        if blamed.is_empty() {
            blamed = places.values().collect();
        }
        for (row, _) in blamed {
            let detail =
                "it is not the batch that the block's header names, or stands elsewhere in the block";
            findings.add("block_batch", batch_row(row), What::Altered, detail);
        }
    }

    fn execute(
        &mut self,
        one: &Decoded,
        block: &Block,
        row: &str,
        findings: &mut Findings<'_>,
    ) -> Option<Execution> {
        self.executed()?;
        // Encoded: the header, a count of four bytes, the batches.
        let signed: usize = one.stored.batches.iter().map(|row| row.signed.len()).sum();
        let length = one.stored.block.header.len() + 4 + signed;
        let keys: Vec<Option<PublicKey>> = one.signers.clone();
        let signers = Signers { batches: &block.batches, keys: &keys };
        let time_ms = block.header.time_ms;
        let mut judged = self.state.check(block, length, time_ms, &signers);
        if let Err(InvalidBlock::Batch { cause: InvalidBatch::Signature(_), .. }) = judged {
            for (row, signed) in one.stored.batches.iter().zip(&block.batches) {
                if !is_signed(signed, &self.state.directory, self.next - 1) {
                    findings.add("block_batch", batch_row(row), What::Altered, UNSIGNED);
                }
            }
            let unsigned = Unsigned(&self.state.directory, block.header.height);
            judged = self.state.check(block, length, time_ms, &unsigned);
        }
        if let Err(cause) = judged {
            self.tell(&cause, one, row, findings);
            return None;
        }
        Some(execute(&self.state, block, self.records.of(&record_keys(block))))
    }

    fn tell(&self, cause: &InvalidBlock, one: &Decoded, row: &str, findings: &mut Findings<'_>) {
        match cause {
            InvalidBlock::Batch { index, cause } => {
                let stored = one.stored.batches.get(*index as usize);
                let row = stored.map_or_else(|| row.to_owned(), batch_row);
                let what = match cause {
                    InvalidBatch::Sequence { .. } | InvalidBatch::Previous => What::OutOfOrder,
                    _ => What::Altered,
                };
                findings.add("block_batch", row, what, cause.to_string());
            }
            InvalidBlock::Header(root) => {
                let detail = format!("its {root} is not what executing the blocks below gives");
                findings.add("block", row, What::Altered, detail);
            }
            cause => findings.add("block", row, What::Altered, cause.to_string()),
        }
    }

    /// Takes this organisation's batches of a block; without outcomes where it was not executed.
    fn own_batches(&mut self, one: &Decoded, height: u64, outcomes: Option<&[Vec<Outcome>]>) {
        for (place, signed) in one.batches.iter().enumerate() {
            let Some(signed) = signed else { continue };
            let outcomes = outcomes.and_then(|outcomes| outcomes.get(place)).map(Vec::as_slice);
            self.own.take(signed, height, outcomes);
        }
    }

    fn advance(&mut self, block: &Block, execution: Execution) {
        let height = block.header.height.0;
        for change in history(block, &execution.outcomes) {
            self.history
                .expect(usize::try_from(height).unwrap_or(usize::MAX), self.keys.row(&row_of(&change)));
        }
        put(&mut self.entries, execution.entries.into_iter(), height);
        self.records.put(&execution.records);
        self.roots_pending = !block.batches.is_empty();
        self.state = execution.state;
    }
}

/// Missing blocks that are told of one by one.
const MISSING_MAX: u64 = 1_000;

/// What is wrong with a batch whose signature does not hold.
const UNSIGNED: &str = "no key of its author at this height made the signature";

fn put(entries: &mut Entries, new: impl Iterator<Item = Entry>, height: u64) {
    for entry in new {
        entries.insert((entry.kind() as i16, entry.key()), (entry.to_bytes(), height));
    }
}

fn is_signed(signed: &SignedBatch, directory: &Directory, height: u64) -> bool {
    let author = directory.organisation(signed.batch.header.author);
    author.is_some_and(|author| signed.verify(author.keys_at(Height(height))).is_ok())
}

fn faults(row: &AuditBatch, signed: Option<&SignedBatch>) -> Vec<String> {
    let Some(signed) = signed else { return vec!["the batch does not decode".to_owned()] };
    let header = &signed.batch.header;
    let hash = header.hash();
    let columns = [
        (
            row.author == i64::from(header.author.0),
            format!("the author is not the batch's, {}", header.author),
        ),
        (
            u64::try_from(row.sequence) == Ok(header.sequence),
            format!("the sequence is not the batch's, {}", header.sequence),
        ),
        (*row.hash == hash.0, format!("the hash is not the batch's, {hash}")),
        (signed.batch.is_whole(), "header and items do not belong together".to_owned()),
    ];
    columns.into_iter().filter(|(same, _)| !same).map(|(_, fault)| fault).collect()
}

/// Accepted changes after commissioning, as rows of `status_history`.
pub fn history(block: &Block, outcomes: &[Vec<Outcome>]) -> Vec<AuditChange> {
    let mut changes = Vec::new();
    for ((batch, signed), outcomes) in (0i32..).zip(&block.batches).zip(outcomes) {
        let first = signed.batch.header.changes;
        let results = outcomes.iter().skip(first as usize);
        for ((item, update), outcome) in (i64::from(first)..).zip(&signed.batch.updates).zip(results) {
            if *outcome == Outcome::Accepted && update.transition != Transition::Commission {
                changes.push(AuditChange {
                    height: i64::try_from(block.header.height.0).unwrap_or(i64::MAX),
                    batch,
                    item: i32::try_from(item).unwrap_or(i32::MAX),
                    record_key: update.record_key.0.to_vec(),
                    version: i32::try_from(u64::from(update.version) + 1).unwrap_or(i32::MAX),
                });
            }
        }
    }
    changes
}

/// What a row of `status_history` is compared by.
pub fn row_of(change: &AuditChange) -> (i64, i32, i32, &[u8], i32) {
    (change.height, change.batch, change.item, &change.record_key, change.version)
}

/// Key of a row of `block`.
pub fn block_row(height: i64) -> String {
    format!("height {height}")
}

/// Key of a row of `block_batch`.
pub fn batch_row(row: &AuditBatch) -> String {
    format!("height {}, position {}", row.height, row.position)
}
