//! Table `batch`: this organisation's chain of signed batches.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{Bytes32, Place, to_i64};
use crate::error::Error;

/// A batch of this organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnBatch {
    /// Position in the chain.
    pub sequence: u64,
    /// Hash, without the signature.
    pub hash: Bytes32,
    /// The signed batch as sent; empty once it is final.
    pub signed: Vec<u8>,
    /// When it was signed.
    pub created_at: OffsetDateTime,
    /// The block that holds it.
    pub height: Option<u64>,
}

struct Row {
    sequence: i64,
    hash: Vec<u8>,
    signed: Vec<u8>,
    created_at: OffsetDateTime,
    height: Option<i64>,
}

impl TryFrom<Row> for OwnBatch {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("batch", row.sequence);
        Ok(OwnBatch {
            sequence: place.u64("sequence", row.sequence)?,
            hash: place.bytes32("hash", row.hash)?,
            signed: row.signed,
            created_at: row.created_at,
            height: place.u64_or_none("height", row.height)?,
        })
    }
}

/// Adds a batch, before it is sent.
///
/// # Errors
/// [`Error::Conflict`] on `batch_pkey`: another signer was here.
pub async fn insert(
    conn: &mut PgConnection,
    sequence: u64,
    hash: &Bytes32,
    signed: &[u8],
    created_at: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO batch (sequence, hash, signed, created_at) VALUES ($1, $2, $3, $4)",
        to_i64("sequence", sequence)?,
        hash,
        signed,
        created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How the chain of batches stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Sequence and hash of the newest batch.
    pub newest: Option<(u64, Bytes32)>,
    /// How many batches are in no executed block yet.
    pub unfinished: u32,
}

/// How the chain of batches stands, without the batches themselves.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn standing(conn: &mut PgConnection) -> Result<Standing, Error> {
    let row = sqlx::query!(
        r#"SELECT sequence, hash, (SELECT count(*) FROM batch WHERE height IS NULL) AS "unfinished!"
           FROM batch ORDER BY sequence DESC LIMIT 1"#,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(Standing::default()) };
    let place = Place::new("batch", row.sequence);
    let newest = (place.u64("sequence", row.sequence)?, place.bytes32("hash", row.hash)?);
    Ok(Standing { newest: Some(newest), unfinished: place.u32("unfinished", row.unfinished)? })
}

/// One batch.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, sequence: u64) -> Result<Option<OwnBatch>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT sequence, hash, signed, created_at, height FROM batch WHERE sequence = $1",
        to_i64("sequence", sequence)?,
    )
    .fetch_optional(conn)
    .await?;
    row.map(OwnBatch::try_from).transpose()
}

/// Batches that no executed block holds yet, in order, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn unfinished(conn: &mut PgConnection, limit: u32) -> Result<Vec<OwnBatch>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT sequence, hash, signed, created_at, height FROM batch WHERE height IS NULL
         ORDER BY sequence LIMIT $1",
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(OwnBatch::try_from).collect()
}

/// Signs again (a rotated key): the same batch, other bytes. `false` when it is final or unknown.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn replace_signed(conn: &mut PgConnection, sequence: u64, signed: &[u8]) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE batch SET signed = $2 WHERE sequence = $1 AND height IS NULL",
        to_i64("sequence", sequence)?,
        signed,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Says that an executed block holds the batch, whose bytes are in `block_batch` from now on. All of its
/// events become final by this one row. `false` when it was so before or is unknown.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn set_final(conn: &mut PgConnection, sequence: u64, height: u64) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE batch SET height = $2, signed = '' WHERE sequence = $1 AND height IS NULL",
        to_i64("sequence", sequence)?,
        to_i64("height", height)?,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes a batch that lost its sequence on the chain. `false` when it is final or unknown.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, sequence: u64) -> Result<bool, Error> {
    let done = sqlx::query!(
        "DELETE FROM batch WHERE sequence = $1 AND height IS NULL",
        to_i64("sequence", sequence)?
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
