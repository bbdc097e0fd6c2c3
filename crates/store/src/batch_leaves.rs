//! Table `batch_leaves`: the leaves of this organisation's batches, from which receipts of events are built.

use sqlx::PgConnection;

use crate::convert::{Bytes32, Place, to_i64};
use crate::error::Error;

/// Adds a batch's leaves, in the transaction that adds the batch.
///
/// # Errors
/// [`Error::Conflict`] on `batch_leaves_pkey`.
pub async fn insert(conn: &mut PgConnection, sequence: u64, leaves: &[Bytes32]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO batch_leaves (sequence, leaves) VALUES ($1, $2)",
        to_i64("sequence", sequence)?,
        leaves.as_flattened(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A batch's leaves, in order; `None` for a batch that is not this organisation's.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, sequence: u64) -> Result<Option<Vec<Bytes32>>, Error> {
    let sequence = to_i64("sequence", sequence)?;
    let leaves = sqlx::query_scalar!("SELECT leaves FROM batch_leaves WHERE sequence = $1", sequence)
        .fetch_optional(conn)
        .await?;
    let Some(leaves) = leaves else { return Ok(None) };
    let (chunks, rest) = leaves.as_chunks::<32>();
    if rest.is_empty() {
        Ok(Some(chunks.to_vec()))
    } else {
        Err(Place::new("batch_leaves", sequence).fault("leaves", "not a multiple of 32 bytes"))
    }
}

/// Deletes the leaves of a batch that lost its sequence on the chain.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, sequence: u64) -> Result<(), Error> {
    let sequence = to_i64("sequence", sequence)?;
    sqlx::query!("DELETE FROM batch_leaves WHERE sequence = $1", sequence).execute(conn).await?;
    Ok(())
}
