//! Table `pending_change`: state changes this site has decided and that are not final.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{Bytes32, Place, column, column_i64};
use crate::error::Error;

/// A change of one pack that is on its way to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingChange {
    /// The pack.
    pub record_key: Bytes32,
    /// The event that caused it.
    pub event_seq: u64,
    /// lifecycle's code of the transition.
    pub transition: i16,
    /// When it was decided.
    pub created_at: OffsetDateTime,
}

/// Adds changes. Returns the keys that were taken: the others have a change on its way already, and are to be
/// refused. Waits for a concurrent change of the same pack.
///
/// # Errors
/// [`Error::Interrupted`] when two transactions wait for each other; the work is then done again.
pub async fn insert(conn: &mut PgConnection, changes: &[PendingChange]) -> Result<Vec<Bytes32>, Error> {
    let taken = sqlx::query_scalar!(
        "INSERT INTO pending_change (record_key, event_seq, transition, created_at)
         SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::timestamptz[])
                       AS r (record_key, event_seq, transition, created_at)
         ORDER BY record_key
         ON CONFLICT ON CONSTRAINT pending_change_pkey DO NOTHING
         RETURNING record_key",
        &column(changes, |change| change.record_key) as &[Bytes32],
        &column_i64("event_seq", changes, |change| change.event_seq)?,
        &column(changes, |change| change.transition),
        &column(changes, |change| change.created_at),
    )
    .fetch_all(conn)
    .await?;
    taken.into_iter().map(|key| Place::new("pending_change", "?").bytes32("record_key", key)).collect()
}

/// The changes on their way for these packs, in no order.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, keys: &[Bytes32]) -> Result<Vec<PendingChange>, Error> {
    let rows = sqlx::query!(
        "SELECT p.record_key, p.event_seq, p.transition, p.created_at
         FROM unnest($1::bytea[]) AS k (record_key) JOIN pending_change p ON p.record_key = k.record_key",
        keys as &[Bytes32],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::new("pending_change", row.event_seq);
            Ok(PendingChange {
                record_key: place.bytes32("record_key", row.record_key)?,
                event_seq: place.u64("event_seq", row.event_seq)?,
                transition: row.transition,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// Removes changes whose result is final, accepted or refused.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, keys: &[Bytes32]) -> Result<u64, Error> {
    let done = sqlx::query!(
        "DELETE FROM pending_change p USING unnest($1::bytea[]) AS k (record_key)
         WHERE p.record_key = k.record_key",
        keys as &[Bytes32],
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
