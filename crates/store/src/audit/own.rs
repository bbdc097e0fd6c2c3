//! This organisation's way to the ledger: its batches, their leaves, what waits, what was refused.

use time::OffsetDateTime;

use super::{Snapshot, each};
use crate::error::Error;

/// A row of `batch`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditOwnBatch {
    pub sequence: i64,
    pub hash: Vec<u8>,
    pub signed: Vec<u8>,
    pub created_at: OffsetDateTime,
    pub height: Option<i64>,
}

/// A row of `batch_leaves`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditLeaves {
    pub sequence: i64,
    pub leaves: Vec<u8>,
}

/// A row of `outbox`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditOutbox {
    pub id: i64,
    pub event_seq: Option<i64>,
    pub captured_at: Option<OffsetDateTime>,
    pub commitment: Option<Vec<u8>>,
    pub updates: Vec<u8>,
    pub update_count: i32,
    pub changes: Vec<u8>,
    pub last: bool,
    pub created_at: OffsetDateTime,
    pub batch_sequence: Option<i64>,
    pub leaf: Option<i64>,
}

/// A row of `update_refusal`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditRefusal {
    pub event_seq: i64,
    pub record_key: Vec<u8>,
    pub refusal: i16,
    pub height: i64,
}

impl Snapshot {
    /// The organisation whose batches on the chain are those of table `batch`, if any are.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn own_organisation(&mut self) -> Result<Option<i64>, Error> {
        let found = sqlx::query_scalar!(
            "SELECT b.author FROM (SELECT sequence, hash FROM batch ORDER BY sequence LIMIT 1000) o
             JOIN block_batch b ON b.sequence = o.sequence AND b.hash = o.hash
             GROUP BY b.author ORDER BY count(*) DESC, b.author LIMIT 1"
        );
        Ok(found.fetch_optional(&mut self.conn).await?)
    }

    /// Every batch of table `batch`, by sequence.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn own_batches(&mut self, mut visit: impl FnMut(AuditOwnBatch)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditOwnBatch,
            "SELECT sequence, hash, signed, created_at, height FROM batch ORDER BY sequence"
        );
        each!(self, visit, all)
    }

    /// The leaves of every batch, by sequence.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn leaves(&mut self, mut visit: impl FnMut(AuditLeaves)) -> Result<(), Error> {
        let all = sqlx::query_as!(AuditLeaves, "SELECT sequence, leaves FROM batch_leaves ORDER BY sequence");
        each!(self, visit, all)
    }

    /// What waits, or is in a batch that no block holds, in order.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn outbox(&mut self, mut visit: impl FnMut(AuditOutbox)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditOutbox,
            "SELECT id, event_seq, captured_at, commitment, updates, update_count, changes, last, created_at,
                    batch_sequence, leaf
             FROM outbox ORDER BY id"
        );
        each!(self, visit, all)
    }

    /// Every refusal, by event and pack.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn refusals(&mut self, mut visit: impl FnMut(AuditRefusal)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditRefusal,
            "SELECT event_seq, record_key, refusal, height FROM update_refusal ORDER BY event_seq, record_key"
        );
        each!(self, visit, all)
    }
}
