//! Table `directory_entry`: organisations, products, recalls, validators and rules, as of the last executed block.

use sqlx::PgConnection;

use crate::convert::{Place, column, column_i64};
use crate::error::Error;

/// An entry of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// ledger's code of the kind.
    pub kind: i16,
    /// What tells it from others of its kind, in canonical form; empty where there is but one.
    pub key: Vec<u8>,
    /// The entry in canonical form.
    pub body: Vec<u8>,
    /// The block that wrote it last.
    pub height: u64,
}

struct Row {
    kind: i16,
    key: Vec<u8>,
    body: Vec<u8>,
    height: i64,
}

impl TryFrom<Row> for DirectoryEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let height = Place::new("directory_entry", row.kind).u64("height", row.height)?;
        Ok(DirectoryEntry { kind: row.kind, key: row.key, body: row.body, height })
    }
}

/// Adds or replaces entries, in the transaction of the block that changed them.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn upsert(conn: &mut PgConnection, entries: &[DirectoryEntry]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO directory_entry (kind, key, body, height)
         SELECT * FROM unnest($1::smallint[], $2::bytea[], $3::bytea[], $4::bigint[])
         ON CONFLICT ON CONSTRAINT directory_entry_pkey DO UPDATE SET body = excluded.body, height = excluded.height",
        &column(entries, |entry| entry.kind),
        &column(entries, |entry| entry.key.as_slice()) as &[&[u8]],
        &column(entries, |entry| entry.body.as_slice()) as &[&[u8]],
        &column_i64("height", entries, |entry| entry.height)?,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The whole directory, in order of kind and key: thousands of products at most, read at start.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn all(conn: &mut PgConnection) -> Result<Vec<DirectoryEntry>, Error> {
    let rows = sqlx::query_as!(Row, "SELECT kind, key, body, height FROM directory_entry ORDER BY kind, key")
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(DirectoryEntry::try_from).collect()
}

/// The entries that a block after `height` wrote, oldest first: how an API that runs apart from its node
/// keeps its copy of the directory.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn changed_after(conn: &mut PgConnection, height: u64) -> Result<Vec<DirectoryEntry>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT kind, key, body, height FROM directory_entry WHERE height > $1 ORDER BY height, kind, key",
        crate::convert::to_i64("height", height)?,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(DirectoryEntry::try_from).collect()
}

/// One entry.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, kind: i16, key: &[u8]) -> Result<Option<DirectoryEntry>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT kind, key, body, height FROM directory_entry WHERE kind = $1 AND key = $2",
        kind,
        key,
    )
    .fetch_optional(conn)
    .await?;
    row.map(DirectoryEntry::try_from).transpose()
}
