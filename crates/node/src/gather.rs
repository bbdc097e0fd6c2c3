//! What rows of the outbox come to in a batch. The same rows after the same batches come to the same, time and signature
//! aside.

use std::collections::{BTreeMap, BTreeSet};

use ledger::batch::{padded, padding};
use ledger::{Canonical, DirectoryChange, Hash, Reader, StatusUpdate};
use store::PgConnection;
use store::outbox::{Mark, OutboxRow};

use crate::error::Error;

/// What rows of the outbox come to in a batch.
#[derive(Default)]
pub struct Gathered {
    /// Commitments of the events.
    commitments: Vec<Hash>,
    /// Changes to the directory.
    pub changes: Vec<DirectoryChange>,
    /// Changes to packs.
    pub updates: Vec<StatusUpdate>,
    /// Where each row went.
    pub marks: Vec<Mark>,
    /// Leaf of each event, for the rows that carry no commitment.
    of_event: BTreeMap<u64, u64>,
}

impl Gathered {
    /// Nothing yet, knowing the leaves of events in `rows` whose first row is in an earlier batch.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn after(conn: &mut PgConnection, rows: &[OutboxRow]) -> Result<Self, Error> {
        Ok(Gathered { of_event: earlier_leaves(conn, rows).await?, ..Gathered::default() })
    }

    /// Adds a row; `first` is the number of the batch's first leaf. An event's further rows carry no commitment:
    /// their updates refer to the leaf that its first row has, in this batch or an earlier one.
    ///
    /// # Errors
    /// [`Error::Undecodable`] for a row that holds something else.
    pub fn add(&mut self, row: &OutboxRow, first: u64) -> Result<(), Error> {
        let mut leaf = None;
        if let Some(commitment) = row.commitment {
            let number = first + self.commitments.len() as u64;
            self.commitments.push(Hash(commitment));
            self.of_event.extend(row.event.map(|(seq, _)| (seq, number)));
            leaf = Some(number);
        }
        let event = row.event.and_then(|(seq, _)| self.of_event.get(&seq)).copied().unwrap_or_default();
        let mut reader = Reader::new(&row.updates);
        for _ in 0..row.update_count {
            let mut update = StatusUpdate::read(&mut reader).map_err(Error::undecodable("outbox.updates"))?;
            update.event = event;
            self.updates.push(update);
        }
        reader.finish().map_err(Error::undecodable("outbox.updates"))?;
        let mut reader = Reader::new(&row.changes);
        while reader.offset() < row.changes.len() {
            self.changes
                .push(DirectoryChange::read(&mut reader).map_err(Error::undecodable("outbox.changes"))?);
        }
        self.marks.push(Mark { id: row.id, leaf });
        Ok(())
    }

    /// The batch's leaves: commitments, then padding. `first` is the number of the first.
    pub fn leaves(&self, first: u64, padding_secret: &[u8; 32]) -> Vec<Hash> {
        let events = self.commitments.len() as u32;
        let pads = first + u64::from(events)..first + u64::from(padded(events));
        self.commitments.iter().copied().chain(pads.map(|n| padding(padding_secret, n))).collect()
    }
}

/// Leaves of events whose first row is in an earlier batch.
async fn earlier_leaves(conn: &mut PgConnection, rows: &[OutboxRow]) -> Result<BTreeMap<u64, u64>, Error> {
    let begun: BTreeSet<u64> =
        rows.iter().filter(|row| row.commitment.is_some()).filter_map(|row| row.event).map(|e| e.0).collect();
    let mut continued: Vec<_> =
        rows.iter().filter_map(|row| row.event).filter(|event| !begun.contains(&event.0)).collect();
    continued.dedup();
    if continued.is_empty() {
        return Ok(BTreeMap::new());
    }
    let events = store::event::get(conn, &continued).await?;
    Ok(events.iter().filter_map(|event| Some((event.seq, event.anchor.as_ref()?.leaf))).collect())
}
