//! Blocks with their batches, in order, a bounded number at a time.

use std::collections::VecDeque;

use store::audit::{AuditBatch, AuditBlock, Snapshot};

use crate::limits::{AUDIT_BATCHES_PAGE, AUDIT_BLOCKS_PAGE, AUDIT_CHUNK_BYTES};

/// A block as stored.
#[derive(Debug)]
pub struct Stored {
    /// Its row.
    pub block: AuditBlock,
    /// Its batches' rows, by position.
    pub batches: Vec<AuditBatch>,
    /// Rows of batches of heights below it that no block has.
    pub strays: Vec<AuditBatch>,
}

/// Reads two tables side by side.
#[derive(Debug)]
pub struct Feed {
    blocks: VecDeque<AuditBlock>,
    batches: VecDeque<AuditBatch>,
    block: i64,
    batch: (i64, i32),
    is_last_page: bool,
    /// Rows of table `block` read.
    pub blocks_read: u64,
    /// Rows of table `block_batch` read.
    pub batches_read: u64,
}

impl Feed {
    /// Before the first block.
    pub fn new() -> Self {
        Feed {
            blocks: VecDeque::new(),
            batches: VecDeque::new(),
            block: i64::MIN,
            batch: (i64::MIN, i32::MIN),
            is_last_page: false,
            blocks_read: 0,
            batches_read: 0,
        }
    }

    /// Some more blocks; none at the end.
    ///
    /// # Errors
    /// What the store fails with.
    pub async fn chunk(&mut self, db: &mut Snapshot) -> Result<Vec<Stored>, store::Error> {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while chunk.len() < AUDIT_BLOCKS_PAGE as usize && bytes < AUDIT_CHUNK_BYTES {
            let Some(stored) = self.next(db).await? else { break };
            bytes += stored.block.header.len() + stored.block.certificate.len() + stored.block.results.len();
            bytes += stored.batches.iter().map(|batch| batch.signed.len()).sum::<usize>();
            chunk.push(stored);
        }
        Ok(chunk)
    }

    async fn next(&mut self, db: &mut Snapshot) -> Result<Option<Stored>, store::Error> {
        if self.blocks.is_empty() {
            self.blocks.extend(db.blocks(self.block, AUDIT_BLOCKS_PAGE).await?);
        }
        let Some(block) = self.blocks.pop_front() else { return Ok(None) };
        self.block = block.height;
        self.blocks_read += 1;
        let (mut batches, mut strays) = (Vec::new(), Vec::new());
        while let Some(batch) = self.next_batch(db, block.height).await? {
            if batch.height == block.height { batches.push(batch) } else { strays.push(batch) }
        }
        Ok(Some(Stored { block, batches, strays }))
    }

    /// The next batch up to this height.
    async fn next_batch(
        &mut self,
        db: &mut Snapshot,
        height: i64,
    ) -> Result<Option<AuditBatch>, store::Error> {
        if self.batches.is_empty() && !self.is_last_page {
            let page = db.batches(self.batch, AUDIT_BATCHES_PAGE).await?;
            self.is_last_page = page.len() < AUDIT_BATCHES_PAGE as usize;
            self.batch = page.last().map_or(self.batch, |last| (last.height, last.position));
            self.batches_read += page.len() as u64;
            self.batches.extend(page);
        }
        Ok(self.batches.pop_front_if(|next| next.height <= height))
    }

    /// Batches above the last block, at most so many.
    ///
    /// # Errors
    /// What the store fails with.
    pub async fn above(&mut self, db: &mut Snapshot, most: usize) -> Result<Vec<AuditBatch>, store::Error> {
        let mut above = Vec::new();
        while above.len() < most
            && let Some(batch) = self.next_batch(db, i64::MAX).await?
        {
            above.push(batch);
        }
        Ok(above)
    }
}
