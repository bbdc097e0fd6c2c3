//! Table `update_refusal`: updates of this organisation's events that the ledger refused.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{Bytes32, Place, column, column_i64};
use crate::error::Error;

/// An update that the ledger refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRefusal {
    /// The event that asked for it.
    pub event_seq: u64,
    /// The pack.
    pub record_key: Bytes32,
    /// lifecycle's code.
    pub refusal: u8,
    /// The block.
    pub height: u64,
}

/// Adds refusals, in the transaction of their block.
///
/// # Errors
/// [`Error::Conflict`] on `update_refusal_pkey`.
pub async fn insert(conn: &mut PgConnection, refusals: &[UpdateRefusal]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO update_refusal (event_seq, record_key, refusal, height)
         SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::smallint[], $4::bigint[])",
        &column_i64("event_seq", refusals, |refusal| refusal.event_seq)?,
        &column(refusals, |refusal| refusal.record_key) as &[Bytes32],
        &column(refusals, |refusal| i16::from(refusal.refusal)),
        &column_i64("height", refusals, |refusal| refusal.height)?,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What became of one pack in one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// The event.
    pub event_seq: u64,
    /// Block with the last of the event's updates; `None`: not final yet.
    pub height: Option<u64>,
    /// lifecycle's code of the refusal; `None`: accepted, or not final yet.
    pub refusal: Option<u8>,
}

/// What became of each of these (event, time of capture, pack), in the order given: one statement for all who
/// wait for a block.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn fates(
    conn: &mut PgConnection,
    changes: &[(u64, OffsetDateTime, Bytes32)],
) -> Result<Vec<Fate>, Error> {
    let rows = sqlx::query!(
        r#"SELECT k.event_seq AS "event_seq!", b.height AS "height?", r.refusal AS "refusal?"
           FROM unnest($1::bigint[], $2::timestamptz[], $3::bytea[]) WITH ORDINALITY
                AS k (event_seq, captured_at, record_key, place)
           LEFT JOIN event_anchor a ON a.event_seq = k.event_seq AND a.captured_at = k.captured_at
           LEFT JOIN batch b ON b.sequence = a.last_batch_sequence
           LEFT JOIN update_refusal r ON r.event_seq = k.event_seq AND r.record_key = k.record_key
           ORDER BY k.place"#,
        &column_i64("event_seq", changes, |change| change.0)?,
        &column(changes, |change| change.1),
        &column(changes, |change| change.2) as &[Bytes32],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::new("event_anchor", row.event_seq);
            Ok(Fate {
                event_seq: place.u64("event_seq", row.event_seq)?,
                height: row.height.map(|height| place.u64("height", height)).transpose()?,
                refusal: match row.refusal.map(u8::try_from) {
                    None => None,
                    Some(Ok(code)) => Some(code),
                    Some(Err(_)) => return Err(place.fault("refusal", "not a code")),
                },
            })
        })
        .collect()
}
