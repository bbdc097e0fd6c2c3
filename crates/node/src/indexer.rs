//! What a block did, written in one transaction.

use std::sync::Arc;

use ledger::prove::DecidedBlock;
use ledger::{Block, Canonical, Certificate, Execution, Height, OrganisationId, Outcome, SignedBatch};
use lifecycle::Transition;
use store::block::StoredBlock;
use store::block_batch::BlockBatch;
use store::status_history::StatusChange;
use store::status_record::StatusRow;
use store::{PgConnection, PgPool};

use crate::chain::{entry_rows, stored};
use crate::config::Clock;
use crate::error::Error;
use crate::own;

/// Writes blocks.
pub struct Indexer {
    /// The database.
    pub pool: PgPool,
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// Recognises padding in batches that a restored database does not know.
    pub padding_secret: [u8; 32],
    /// The node's clock.
    pub clock: Clock,
}

/// A block's rows, computed once however often the transaction is tried.
struct Rows {
    block: StoredBlock,
    batches: Vec<BlockBatch>,
    commissioned: Vec<StatusRow>,
    changed: Vec<StatusRow>,
    history: Vec<StatusChange>,
    entries: Vec<store::directory_entry::DirectoryEntry>,
    state: store::node_state::NodeState,
}

impl Indexer {
    /// Writes a block and all that it did.
    ///
    /// # Errors
    /// [`Error`]; a transient one leaves nothing written.
    pub async fn index(
        &self,
        block: &Block,
        certificate: &Certificate,
        execution: &Execution,
        roots_pending: bool,
    ) -> Result<(), Error> {
        let rows = Arc::new(rows(block, certificate, execution, roots_pending));
        let mine = |one: &(&SignedBatch, &Vec<Outcome>)| one.0.batch.header.author == self.organisation;
        let own: Vec<(SignedBatch, Vec<Outcome>)> = block
            .batches
            .iter()
            .zip(&execution.outcomes)
            .filter(mine)
            .map(|(signed, outcomes)| (signed.clone(), outcomes.clone()))
            .collect();
        let (own, directory, now) = (Arc::new(own), execution.state.directory.clone(), (self.clock)());
        let secret = self.padding_secret;
        store::tx(&self.pool, "index_block", move |conn| {
            let (rows, own, directory) = (rows.clone(), own.clone(), directory.clone());
            Box::pin(async move {
                write(conn, &rows).await?;
                for (signed, outcomes) in own.iter() {
                    own::finish(conn, &directory, &secret, signed, outcomes, Height(rows.block.height), now)
                        .await?;
                }
                store::notify::final_height(conn, rows.block.height).await?;
                Ok::<(), Error>(())
            })
        })
        .await
    }
}

async fn write(conn: &mut PgConnection, rows: &Rows) -> Result<(), Error> {
    store::node_state::set(conn, &rows.state).await?;
    store::block::insert(conn, &rows.block).await?;
    if !rows.batches.is_empty() {
        store::block_batch::insert(conn, &rows.batches).await?;
    }
    if !rows.commissioned.is_empty() {
        store::status_record::insert(conn, &rows.commissioned).await?;
    }
    if !rows.changed.is_empty() {
        store::status_record::update(conn, &rows.changed).await?;
        store::status_history::insert(conn, &rows.history).await?;
    }
    if !rows.entries.is_empty() {
        store::directory_entry::upsert(conn, &rows.entries).await?;
    }
    Ok(())
}

fn rows(block: &Block, certificate: &Certificate, execution: &Execution, roots_pending: bool) -> Rows {
    let header = &block.header;
    let is_new = |row: &&(&ledger::Hash, &ledger::StatusRecord)| row.1.commissioned.height == header.height;
    let status_row = |(key, record): (&ledger::Hash, &ledger::StatusRecord)| StatusRow {
        record_key: key.0,
        record: record.to_bytes(),
    };
    let (commissioned, changed): (Vec<_>, Vec<_>) = execution.records.iter().partition(|row| is_new(&row));
    Rows {
        block: StoredBlock {
            height: header.height.0,
            hash: header.hash().0,
            time_ms: header.time_ms,
            header: header.to_bytes(),
            certificate: certificate.to_bytes(),
            results: DecidedBlock::outcome_bytes(&execution.outcomes),
        },
        batches: (0u32..)
            .zip(&block.batches)
            .map(|(position, signed)| batch_row(header.height, position, signed))
            .collect(),
        history: history(block, &execution.outcomes),
        commissioned: commissioned.into_iter().map(status_row).collect(),
        changed: changed.into_iter().map(status_row).collect(),
        entries: entry_rows(execution.entries.iter().cloned(), header.height),
        state: stored(&execution.state, roots_pending),
    }
}

fn batch_row(height: Height, position: u32, signed: &SignedBatch) -> BlockBatch {
    let header = &signed.batch.header;
    BlockBatch {
        height: height.0,
        position,
        author: header.author.0,
        sequence: header.sequence,
        hash: header.hash().0,
        signed: signed.to_bytes(),
    }
}

/// Accepted changes after commissioning: where each stands, for a pack's history.
fn history(block: &Block, outcomes: &[Vec<Outcome>]) -> Vec<StatusChange> {
    let mut changes = Vec::new();
    for ((batch, signed), outcomes) in (0u32..).zip(&block.batches).zip(outcomes) {
        let first = signed.batch.header.changes;
        let results = outcomes.iter().skip(first as usize);
        for ((item, update), outcome) in (first..).zip(&signed.batch.updates).zip(results) {
            if *outcome == Outcome::Accepted && update.transition != Transition::Commission {
                changes.push(StatusChange {
                    record_key: update.record_key.0,
                    version: update.version + 1,
                    height: block.header.height.0,
                    batch,
                    item,
                });
            }
        }
    }
    changes
}
