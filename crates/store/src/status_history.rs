//! Table `status_history`: where each change of a pack after its commissioning is on the chain. (Where it was
//! commissioned is in its record.)

use sqlx::PgConnection;

use crate::convert::{Bytes32, Place, column, column_i64, to_i32};
use crate::error::Error;

/// A change, accepted by every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusChange {
    /// The pack.
    pub record_key: Bytes32,
    /// The record's version after it.
    pub version: u32,
    /// The block.
    pub height: u64,
    /// The batch in the block, from 0.
    pub batch: u32,
    /// The item in the batch, from 0.
    pub item: u32,
}

/// Adds changes, in the transaction of their block.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn insert(conn: &mut PgConnection, changes: &[StatusChange]) -> Result<(), Error> {
    let numbers = |what, take: fn(&StatusChange) -> u32| -> Result<Vec<i32>, Error> {
        changes.iter().map(|change| to_i32(what, take(change))).collect()
    };
    sqlx::query!(
        "INSERT INTO status_history (record_key, version, height, batch, item)
         SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[], $4::integer[], $5::integer[])",
        &column(changes, |change| change.record_key) as &[Bytes32],
        &numbers("version", |change| change.version)?,
        &column_i64("height", changes, |change| change.height)?,
        &numbers("batch", |change| change.batch)?,
        &numbers("item", |change| change.item)?,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The changes of a pack, oldest first, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn of_record(
    conn: &mut PgConnection,
    record_key: &Bytes32,
    limit: u32,
) -> Result<Vec<StatusChange>, Error> {
    let rows = sqlx::query!(
        "SELECT version, height, batch, item FROM status_history WHERE record_key = $1 ORDER BY version LIMIT $2",
        record_key,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::new("status_history", row.height);
            Ok(StatusChange {
                record_key: *record_key,
                version: place.u32("version", row.version)?,
                height: place.u64("height", row.height)?,
                batch: place.u32("batch", row.batch)?,
                item: place.u32("item", row.item)?,
            })
        })
        .collect()
}
