//! A database restored from a backup: the chain has batches of this organisation that its database does not know, and
//! their rows wait in the outbox once more. Anchored again, a commissioning would be refused and look like a
//! falsification; so such rows are recognised, and are final where the chain has them.

use ledger::batch::events_tree;
use ledger::{Batch, Canonical, SignedBatch};
use store::PgConnection;
use store::outbox::TakeLimits;

use crate::error::Error;
use crate::gather::Gathered;
use crate::limits::{BATCH_ITEM_BYTES_MAX, BATCH_ROWS_MAX};
use crate::time::at_ms;

/// Takes the oldest waiting rows for those of a decided batch if they come to just that batch, and writes what the
/// batcher would have written. `false`: they do not, and nothing was written.
///
/// # Errors
/// [`Error::Store`]; [`Error::Undecodable`] for a row that holds something else.
pub async fn adopt(
    conn: &mut PgConnection,
    signed: &SignedBatch,
    padding_secret: &[u8; 32],
) -> Result<bool, Error> {
    let header = &signed.batch.header;
    let limits =
        TakeLimits { rows: BATCH_ROWS_MAX, updates: header.updates.into(), bytes: BATCH_ITEM_BYTES_MAX };
    let rows = store::outbox::take(conn, limits).await?;
    let mut gathered = Gathered::after(conn, &rows).await?;
    for row in &rows {
        gathered.add(row, header.first_event)?;
        let Some(leaves) = leaves_of(&gathered, &signed.batch, padding_secret) else { continue };
        let made_at = at_ms(header.time_ms);
        store::batch::insert(conn, header.sequence, &header.hash().0, &signed.to_bytes(), made_at).await?;
        store::batch_leaves::insert(conn, header.sequence, &leaves).await?;
        store::outbox::mark(conn, header.sequence, &gathered.marks).await?;
        return Ok(true);
    }
    Ok(false)
}

/// The leaves, if what was gathered is the batch.
fn leaves_of(gathered: &Gathered, batch: &Batch, padding_secret: &[u8; 32]) -> Option<Vec<[u8; 32]>> {
    if gathered.changes != batch.changes || gathered.updates != batch.updates {
        return None;
    }
    let leaves = gathered.leaves(batch.header.first_event, padding_secret);
    let same =
        leaves.len() as u32 == batch.header.events && events_tree(&leaves).root() == batch.header.events_root;
    same.then(|| leaves.into_iter().map(|leaf| leaf.0).collect())
}
