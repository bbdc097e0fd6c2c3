//! Table `block_batch`: the batches in the executed blocks, every organisation's.

use sqlx::PgConnection;

use crate::convert::{Bytes32, Place, column, column_i64, to_i32, to_i64};
use crate::error::Error;

/// A batch in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockBatch {
    /// The block.
    pub height: u64,
    /// Position in the block, from 0.
    pub position: u32,
    /// Organisation that made it.
    pub author: u32,
    /// Its place in that organisation's chain.
    pub sequence: u64,
    /// Hash, without the signature.
    pub hash: Bytes32,
    /// The signed batch in canonical form.
    pub signed: Vec<u8>,
}

struct Row {
    height: i64,
    position: i32,
    author: i64,
    sequence: i64,
    hash: Vec<u8>,
    signed: Vec<u8>,
}

impl TryFrom<Row> for BlockBatch {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("block_batch", row.height);
        Ok(BlockBatch {
            height: place.u64("height", row.height)?,
            position: place.u32("position", row.position)?,
            author: place.u32("author", row.author)?,
            sequence: place.u64("sequence", row.sequence)?,
            hash: place.bytes32("hash", row.hash)?,
            signed: row.signed,
        })
    }
}

/// Adds the batches of a block.
///
/// # Errors
/// [`Error::Conflict`] on `block_batch_author_sequence_key`: a batch twice on the chain.
pub async fn insert(conn: &mut PgConnection, batches: &[BlockBatch]) -> Result<(), Error> {
    let positions: Result<Vec<i32>, Error> =
        batches.iter().map(|batch| to_i32("position", batch.position)).collect();
    sqlx::query!(
        "INSERT INTO block_batch (height, position, author, sequence, hash, signed)
         SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[])",
        &column_i64("height", batches, |batch| batch.height)?,
        &positions?,
        &column(batches, |batch| i64::from(batch.author)),
        &column_i64("sequence", batches, |batch| batch.sequence)?,
        &column(batches, |batch| batch.hash) as &[Bytes32],
        &column(batches, |batch| batch.signed.as_slice()) as &[&[u8]],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The batches of a block, in order.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn of_block(conn: &mut PgConnection, height: u64) -> Result<Vec<BlockBatch>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT height, position, author, sequence, hash, signed FROM block_batch
         WHERE height = $1 ORDER BY position",
        to_i64("height", height)?,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(BlockBatch::try_from).collect()
}

/// An organisation's batch by its sequence.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, author: u32, sequence: u64) -> Result<Option<BlockBatch>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT height, position, author, sequence, hash, signed FROM block_batch
         WHERE author = $1 AND sequence = $2",
        i64::from(author),
        to_i64("sequence", sequence)?,
    )
    .fetch_optional(conn)
    .await?;
    row.map(BlockBatch::try_from).transpose()
}

/// An organisation's last batch on the chain.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn last_of(conn: &mut PgConnection, author: u32) -> Result<Option<BlockBatch>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT height, position, author, sequence, hash, signed FROM block_batch
         WHERE author = $1 ORDER BY sequence DESC LIMIT 1",
        i64::from(author),
    )
    .fetch_optional(conn)
    .await?;
    row.map(BlockBatch::try_from).transpose()
}
