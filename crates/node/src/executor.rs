//! What consensus asks of the ledger: to propose, to check, to commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use consensus::{App, AppError, Committed, Verdict};
use ledger::{
    Block, Canonical, Certificate, ChainState, Execution, Hash, Height, StatusRecord, ValidatorSet,
};
use ledger::{execute, execute::record_keys};
use store::PgPool;
use tokio::sync::Notify;

use crate::chain::Chain;
use crate::config::Clock;
use crate::error::Error;
use crate::indexer::Indexer;
use crate::limits::ROOTS_AFTER;
use crate::mempool::Mempool;
use crate::rest::Rest;

/// The executor: consensus' `App` over the chain, the mempool and the database.
pub struct Executor {
    /// The state after the last block.
    pub chain: Arc<Chain>,
    /// Batches that wait.
    pub mempool: Arc<Mempool>,
    /// Writes what a block did.
    pub indexer: Indexer,
    /// The database.
    pub pool: PgPool,
    /// The node's clock.
    pub clock: Clock,
    /// Tells that a block with batches of this organisation was indexed.
    pub own_final: Arc<Notify>,
    /// The pause after a block.
    pub rest: Rest,
}

impl Executor {
    fn build(&self) -> Block {
        let state = self.chain.state();
        let now = (self.clock)().max(state.time_ms + 1);
        let mut batches = self.mempool.propose(&state, now);
        loop {
            let block = Block { header: state.next_header(&batches, now), batches };
            match state.check(&block, 0, now, self.mempool.as_ref()) {
                Err(ledger::InvalidBlock::Batch { index, cause }) => {
                    batches = block.batches;
                    let header = batches.remove(index as usize).batch.header;
                    tracing::warn!(batch.author = header.author.0, batch.sequence = header.sequence, %cause, "dropped a batch");
                    self.mempool.drop_batch(header.author, header.sequence);
                }
                _ => return block,
            }
        }
    }

    async fn load(&self, block: &Block) -> Result<BTreeMap<Hash, StatusRecord>, Error> {
        let keys: Vec<[u8; 32]> = record_keys(block).into_iter().map(|key| key.0).collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut connection = self.pool.acquire().await.map_err(store::Error::from)?;
        let rows = store::status_record::find(&mut connection, &keys).await?;
        rows.into_iter()
            .map(|row| {
                let record = StatusRecord::from_bytes(&row.record)
                    .map_err(Error::undecodable("status_record.record"))?;
                Ok((Hash(row.record_key), record))
            })
            .collect()
    }

    async fn apply(&self, block: Block, certificate: Certificate) -> Result<Committed, AppError> {
        let state = self.chain.state();
        let height = block.header.height;
        if height <= state.height {
            return Ok(committed(&state));
        }
        if let Some(difference) = state.divergence(&block.header) {
            let ledger::execute::Divergence { root, decided, own } = difference;
            return Err(AppError::Halt(format!(
                "block {height} was decided with {root} {decided}, and this node computes {own}"
            )));
        }
        if height != state.height.next() || block.header.previous != state.block {
            return Err(AppError::Halt(format!("block {height} does not follow block {}", state.height)));
        }
        let records = self.load(&block).await.map_err(app_error)?;
        let execution = execute(&state, &block, records);
        let roots_pending = !block.batches.is_empty();
        let own = self.indexer.organisation;
        let updates: usize = block.batches.iter().map(|signed| signed.batch.updates.len()).sum();
        let has_own = block.batches.iter().any(|signed| signed.batch.header.author == own);
        self.indexer.index(&block, &certificate, &execution, roots_pending).await.map_err(app_error)?;
        let Execution { state, .. } = execution;
        let answer = committed(&state);
        self.chain.advance(state, roots_pending);
        self.mempool.prune(&self.chain.state());
        self.rest.after(updates);
        if has_own {
            self.own_final.notify_one();
        }
        Ok(answer)
    }
}

fn committed(state: &ChainState) -> Committed {
    Committed { next_validators: state.next_validators().clone() }
}

fn app_error(error: Error) -> AppError {
    if error.is_transient() {
        AppError::Unavailable(Box::new(error))
    } else {
        AppError::Halt(error.to_string())
    }
}

#[async_trait]
impl App for Executor {
    async fn propose(&self, height: Height, _round: u32, _deadline: Duration) -> Result<Vec<u8>, AppError> {
        let block = self.build();
        if block.header.height != height {
            let found = block.header.height;
            return Err(AppError::Halt(format!("asked to propose height {height}, and the next is {found}")));
        }
        Ok(block.to_bytes())
    }

    async fn check(&self, height: Height, bytes: &[u8]) -> Result<Verdict, AppError> {
        let state = self.chain.state();
        let judged = match Block::from_bytes(bytes) {
            Err(cause) => Err(cause.to_string()),
            Ok(block) if block.header.height != height => Err("the block is for another height".to_owned()),
            Ok(block) => match state.check(&block, bytes.len(), (self.clock)(), self.mempool.as_ref()) {
                Ok(()) => Ok(block.header.hash()),
                Err(ledger::InvalidBlock::Batch { index, cause }) => Err(format!("batch {index}: {cause}")),
                Err(cause) => Err(cause.to_string()),
            },
        };
        Ok(match judged {
            Ok(hash) => Verdict::Valid { hash },
            Err(reason) => Verdict::Invalid { reason },
        })
    }

    fn block_hash(&self, bytes: &[u8]) -> Option<Hash> {
        let mut reader = ledger::Reader::new(bytes);
        ledger::BlockHeader::read(&mut reader).ok().map(|header| header.hash())
    }

    async fn commit(
        &self,
        height: Height,
        bytes: Vec<u8>,
        certificate: Certificate,
    ) -> Result<Committed, AppError> {
        let block = Block::from_bytes(&bytes)
            .map_err(|cause| AppError::Halt(format!("decided block {height} does not decode: {cause}")))?;
        self.apply(block, certificate).await
    }

    async fn height(&self) -> Result<Height, AppError> {
        Ok(self.chain.state().height)
    }

    async fn validators(&self, height: Height) -> Result<ValidatorSet, AppError> {
        let nobody = || AppError::Halt(format!("nobody votes on block {height}"));
        self.chain.voters().at(height).cloned().ok_or_else(nobody)
    }

    async fn wait_for_work(&self) {
        self.rest.wait().await;
        loop {
            let changed = self.mempool.changed();
            tokio::pin!(changed);
            // Enabled before the look, so that no batch slips between look and wait.
            changed.as_mut().enable();
            if self.mempool.has_work(&self.chain.state()) {
                return;
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(ROOTS_AFTER), if self.chain.roots_pending() => return,
            }
        }
    }
}
