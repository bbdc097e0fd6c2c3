use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use ledger::{Certificate, Hash, Height, ValidatorSet};

/// What consensus asks of the ledger's executor. Blocks are opaque bytes here.
///
/// Calls come one at a time, except that [`wait_for_work`](App::wait_for_work) runs beside others and is dropped
/// when the next height starts for another reason.
#[async_trait]
pub trait App: Send + Sync + 'static {
    /// Builds the encoded block to propose at `height` and `round`, within `deadline`. An error, or a late
    /// answer, costs the network this round. Asked once per height and round: the answer is stored and repeated.
    async fn propose(&self, height: Height, round: u32, deadline: Duration) -> Result<Vec<u8>, AppError>;

    /// Says whether an encoded block may be decided at `height`, the one after the last applied. Must depend on
    /// the block and the applied state alone, but for the bound on clocks: what one validator calls invalid the
    /// others should too.
    async fn check(&self, height: Height, block: &[u8]) -> Result<Verdict, AppError>;

    /// The hash that votes and certificates carry for an encoded block; `None` if these bytes are no block.
    fn block_hash(&self, block: &[u8]) -> Option<Hash>;

    /// Applies a decided block and makes it durable. Idempotent: after a crash the same height comes again, with
    /// the same block and possibly other signers in the certificate, and must answer the same.
    /// [`AppError::Unavailable`] is retried until it works; [`AppError::Halt`] stops this node.
    async fn commit(
        &self,
        height: Height,
        block: Vec<u8>,
        certificate: Certificate,
    ) -> Result<Committed, AppError>;

    /// The last applied height, 0 before the first.
    async fn height(&self) -> Result<Height, AppError>;

    /// The validators of `height`, at most one above the last applied.
    async fn validators(&self, height: Height) -> Result<ValidatorSet, AppError>;

    /// Returns when there is something to decide: batches in the mempool, or roots that must still reach a
    /// header. Level-triggered: returns at once for as long as there is work. Must be safe to drop.
    async fn wait_for_work(&self);
}

/// The application's judgement of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// May be decided; `hash` is what votes carry.
    Valid {
        /// The block's hash.
        hash: Hash,
    },
    /// Must not be decided.
    Invalid {
        /// For the log: no contents of the block.
        reason: String,
    },
}

/// What a committed block changes for consensus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Validators of the next height.
    pub next_validators: ValidatorSet,
}

/// Why the application did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Not now (its database is away, it is shutting down): worth asking again.
    #[error("the application is not available")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// Never: its state contradicts a decided block, or it lacks the rules of this height. The node stops voting
    /// and reports the reason.
    #[error("{0}")]
    Halt(String),
}
