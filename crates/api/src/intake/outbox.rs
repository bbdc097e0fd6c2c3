//! What the ledger takes: the event's commitment and its status updates.

use ledger::{Canonical as _, StatusUpdate};
use store::PgConnection;
use store::outbox::NewOutboxRow;

use super::Live;
use crate::limits::OUTBOX_UPDATES_MAX;
use crate::problem::Problem;

pub(super) async fn insert(conn: &mut PgConnection, live: &[Live<'_>]) -> Result<(), Problem> {
    let rows: Vec<NewOutboxRow> = live.iter().flat_map(rows_of).collect();
    if rows.is_empty() {
        return Ok(());
    }
    Ok(store::outbox::insert(conn, &rows).await?)
}

/// At least one row an event; the commitment is in the first, the last is marked.
fn rows_of(one: &Live<'_>) -> Vec<NewOutboxRow> {
    let row = |updates: &[StatusUpdate]| NewOutboxRow {
        event: Some((one.at.seq, one.at.captured_at)),
        commitment: None,
        updates: updates.iter().flat_map(StatusUpdate::to_bytes).collect(),
        update_count: u32::try_from(updates.len()).unwrap_or(u32::MAX),
        changes: Vec::new(),
        last: false,
        created_at: one.at.captured_at,
    };
    let mut rows: Vec<NewOutboxRow> = if one.updates.is_empty() {
        vec![row(&[])]
    } else {
        one.updates.chunks(OUTBOX_UPDATES_MAX).map(row).collect()
    };
    if let Some(first) = rows.first_mut() {
        first.commitment = Some(one.event.commitment);
    }
    if let Some(last) = rows.last_mut() {
        last.last = true;
    }
    rows
}
