//! The ledger's side: blocks, batches, records, history, directory, state.

use super::{Snapshot, each};
use crate::error::Error;

/// A row of `block`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditBlock {
    pub height: i64,
    pub hash: Vec<u8>,
    pub time_ms: i64,
    pub header: Vec<u8>,
    pub certificate: Vec<u8>,
    pub results: Vec<u8>,
}

/// A row of `block_batch`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditBatch {
    pub height: i64,
    pub position: i32,
    pub author: i64,
    pub sequence: i64,
    pub hash: Vec<u8>,
    pub signed: Vec<u8>,
}

/// A row of `status_record`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditRecord {
    pub record_key: Vec<u8>,
    pub record: Vec<u8>,
}

/// A row of `status_history`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditChange {
    pub height: i64,
    pub batch: i32,
    pub item: i32,
    pub record_key: Vec<u8>,
    pub version: i32,
}

/// A row of `directory_entry`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditEntry {
    pub kind: i16,
    pub key: Vec<u8>,
    pub body: Vec<u8>,
    pub height: i64,
}

/// The row of `node_state`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditState {
    pub id: i16,
    pub height: i64,
    pub block_hash: Vec<u8>,
    pub results_root: Vec<u8>,
    pub status_root: Vec<u8>,
    pub directory_root: Vec<u8>,
    pub carry: Vec<u8>,
}

impl Snapshot {
    /// Blocks above `height`, in order, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn blocks(&mut self, height: i64, limit: u32) -> Result<Vec<AuditBlock>, Error> {
        let rows = sqlx::query_as!(
            AuditBlock,
            "SELECT height, hash, time_ms, header, certificate, results FROM block
             WHERE height > $1 ORDER BY height LIMIT $2",
            height,
            i64::from(limit),
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }

    /// Batches after one, by height and position, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn batches(
        &mut self,
        (height, position): (i64, i32),
        limit: u32,
    ) -> Result<Vec<AuditBatch>, Error> {
        let rows = sqlx::query_as!(
            AuditBatch,
            "SELECT height, position, author, sequence, hash, signed FROM block_batch
             WHERE (height, position) > ($1, $2) ORDER BY height, position LIMIT $3",
            height,
            position,
            i64::from(limit),
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }

    /// The batches of a block, in order.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn batches_of(&mut self, height: i64) -> Result<Vec<AuditBatch>, Error> {
        let rows = sqlx::query_as!(
            AuditBatch,
            "SELECT height, position, author, sequence, hash, signed FROM block_batch
             WHERE height = $1 ORDER BY position",
            height,
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }

    /// Every record, by its key.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn records(&mut self, mut visit: impl FnMut(AuditRecord)) -> Result<(), Error> {
        let all =
            sqlx::query_as!(AuditRecord, "SELECT record_key, record FROM status_record ORDER BY record_key");
        each!(self, visit, all)
    }

    /// Every row of the history, in no order.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn history(&mut self, mut visit: impl FnMut(AuditChange)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditChange,
            "SELECT height, batch, item, record_key, version FROM status_history"
        );
        each!(self, visit, all)
    }

    /// The history of these heights, in the order of the chain.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn history_of(&mut self, heights: &[i64]) -> Result<Vec<AuditChange>, Error> {
        let rows = sqlx::query_as!(
            AuditChange,
            "SELECT height, batch, item, record_key, version FROM status_history
             WHERE height = ANY ($1) ORDER BY height, batch, item, record_key, version",
            heights,
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }

    /// The directory.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn entries(&mut self) -> Result<Vec<AuditEntry>, Error> {
        let rows = sqlx::query_as!(
            AuditEntry,
            "SELECT kind, key, body, height FROM directory_entry ORDER BY kind, key"
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }

    /// How far the node says it is: one row, unless somebody was here.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn states(&mut self) -> Result<Vec<AuditState>, Error> {
        let rows = sqlx::query_as!(
            AuditState,
            "SELECT id, height, block_hash, results_root, status_root, directory_root, carry
             FROM node_state ORDER BY id LIMIT 100"
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }
}
