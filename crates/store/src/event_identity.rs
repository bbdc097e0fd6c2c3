//! Table `event_identity`: an event is captured once.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{Bytes32, Place, column, column_i64};
use crate::error::Error;

/// An event's identity and where it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventIdentity {
    /// eventID; the Event Hash ID where the document gave none.
    pub event_id: String,
    /// SHA-256 inside the Event Hash ID: tells a repeated event from another one under the same eventID.
    pub event_hash: Bytes32,
    /// Sequence number of the event.
    pub event_seq: u64,
    /// Its time of capture.
    pub captured_at: OffsetDateTime,
}

/// Claims identities for events that this transaction stores. Returns the eventIDs that were new; the others
/// are captured already (look them up with [`find`]). Waits for a concurrent capture of the same event.
///
/// # Errors
/// [`Error::Interrupted`] when two captures wait for each other; the transaction is then done again.
pub async fn claim(conn: &mut PgConnection, identities: &[EventIdentity]) -> Result<Vec<String>, Error> {
    let new = sqlx::query_scalar!(
        "INSERT INTO event_identity (event_id, event_hash, event_seq, captured_at)
         SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::timestamptz[])
                       AS r (event_id, event_hash, event_seq, captured_at)
         ORDER BY event_id
         ON CONFLICT ON CONSTRAINT event_identity_pkey DO NOTHING
         RETURNING event_id",
        &column(identities, |identity| identity.event_id.as_str()) as &[&str],
        &column(identities, |identity| identity.event_hash) as &[Bytes32],
        &column_i64("event_seq", identities, |identity| identity.event_seq)?,
        &column(identities, |identity| identity.captured_at),
    )
    .fetch_all(conn)
    .await?;
    Ok(new)
}

/// The identities of these eventIDs that are captured, in no order.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, event_ids: &[&str]) -> Result<Vec<EventIdentity>, Error> {
    let rows = sqlx::query!(
        "SELECT i.event_id, i.event_hash, i.event_seq, i.captured_at
         FROM unnest($1::text[]) AS k (event_id) JOIN event_identity i ON i.event_id = k.event_id",
        event_ids as &[&str],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::new("event_identity", row.event_seq);
            Ok(EventIdentity {
                event_id: row.event_id,
                event_hash: place.bytes32("event_hash", row.event_hash)?,
                event_seq: place.u64("event_seq", row.event_seq)?,
                captured_at: row.captured_at,
            })
        })
        .collect()
}

/// Gives identities back that this transaction has claimed and does not use.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, event_ids: &[&str]) -> Result<(), Error> {
    sqlx::query!(
        "DELETE FROM event_identity i USING unnest($1::text[]) AS k (event_id) WHERE i.event_id = k.event_id",
        event_ids as &[&str],
    )
    .execute(conn)
    .await?;
    Ok(())
}
