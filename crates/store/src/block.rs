//! Table `block`: the decided blocks that this node has executed.

use sqlx::PgConnection;

use crate::convert::{Bytes32, Place, to_i64};
use crate::error::Error;

/// A block without its batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlock {
    /// Height.
    pub height: u64,
    /// Hash.
    pub hash: Bytes32,
    /// Block time, milliseconds since 1970.
    pub time_ms: u64,
    /// Header in canonical form.
    pub header: Vec<u8>,
    /// Certificate in canonical form.
    pub certificate: Vec<u8>,
    /// A result for each item, in order, in canonical form.
    pub results: Vec<u8>,
}

struct Row {
    height: i64,
    hash: Vec<u8>,
    time_ms: i64,
    header: Vec<u8>,
    certificate: Vec<u8>,
    results: Vec<u8>,
}

impl TryFrom<Row> for StoredBlock {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("block", row.height);
        Ok(StoredBlock {
            height: place.u64("height", row.height)?,
            hash: place.bytes32("hash", row.hash)?,
            time_ms: place.u64("time_ms", row.time_ms)?,
            header: row.header,
            certificate: row.certificate,
            results: row.results,
        })
    }
}

/// Adds a block, in the transaction that executes it.
///
/// # Errors
/// [`Error::Conflict`] on `block_pkey`: it was executed before.
pub async fn insert(conn: &mut PgConnection, block: &StoredBlock) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO block (height, hash, time_ms, header, certificate, results) VALUES ($1, $2, $3, $4, $5, $6)",
        to_i64("height", block.height)?,
        &block.hash,
        to_i64("time_ms", block.time_ms)?,
        block.header,
        block.certificate,
        block.results,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The highest block.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn head(conn: &mut PgConnection) -> Result<Option<StoredBlock>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT height, hash, time_ms, header, certificate, results FROM block ORDER BY height DESC LIMIT 1",
    )
    .fetch_optional(conn)
    .await?;
    row.map(StoredBlock::try_from).transpose()
}

/// One block.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, height: u64) -> Result<Option<StoredBlock>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT height, hash, time_ms, header, certificate, results FROM block WHERE height = $1",
        to_i64("height", height)?,
    )
    .fetch_optional(conn)
    .await?;
    row.map(StoredBlock::try_from).transpose()
}

/// Blocks from `height` on, in order, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn range(conn: &mut PgConnection, height: u64, limit: u32) -> Result<Vec<StoredBlock>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT height, hash, time_ms, header, certificate, results FROM block
         WHERE height >= $1 ORDER BY height LIMIT $2",
        to_i64("height", height)?,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(StoredBlock::try_from).collect()
}

/// Several blocks, in order: for receipts of events in many of them.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn get(conn: &mut PgConnection, heights: &[u64]) -> Result<Vec<StoredBlock>, Error> {
    let heights: Result<Vec<i64>, Error> = heights.iter().map(|height| to_i64("height", *height)).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT b.height, b.hash, b.time_ms, b.header, b.certificate, b.results
         FROM unnest($1::bigint[]) AS k (height) JOIN block b ON b.height = k.height ORDER BY b.height",
        &heights?,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(StoredBlock::try_from).collect()
}
