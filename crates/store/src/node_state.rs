//! Table `node_state`: one row, how far this database is. Written in the transaction of each block.

use sqlx::PgConnection;

use crate::convert::{Bytes32, Place, to_i64};
use crate::error::Error;

/// The state after the last executed block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub block_hash: Bytes32,
    /// Root of its results.
    pub results_root: Bytes32,
    /// Status root after it.
    pub status_root: Bytes32,
    /// Directory root after it.
    pub directory_root: Bytes32,
    /// What else the executor carries from block to block, in canonical form.
    pub carry: Vec<u8>,
}

/// The state; `None` before the first [`set`].
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn get(conn: &mut PgConnection) -> Result<Option<NodeState>, Error> {
    let row = sqlx::query!(
        "SELECT height, block_hash, results_root, status_root, directory_root, carry FROM node_state WHERE id = 1",
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let place = Place::new("node_state", 1);
        Ok(NodeState {
            height: place.u64("height", row.height)?,
            block_hash: place.bytes32("block_hash", row.block_hash)?,
            results_root: place.bytes32("results_root", row.results_root)?,
            status_root: place.bytes32("status_root", row.status_root)?,
            directory_root: place.bytes32("directory_root", row.directory_root)?,
            carry: row.carry,
        })
    })
    .transpose()
}

/// How far this database is, in two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Height of the last executed block; 0: the genesis.
    pub height: u64,
    /// That block's time, milliseconds since 1970; `None` at the genesis.
    pub time_ms: Option<u64>,
}

/// The head; `None` before the first [`set`].
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn head(conn: &mut PgConnection) -> Result<Option<Head>, Error> {
    let row = sqlx::query!(
        r#"SELECT n.height, b.time_ms AS "time_ms?" FROM node_state n LEFT JOIN block b ON b.height = n.height
           WHERE n.id = 1"#,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let place = Place::new("node_state", 1);
        Ok(Head {
            height: place.u64("height", row.height)?,
            time_ms: place.u64_or_none("time_ms", row.time_ms)?,
        })
    })
    .transpose()
}

/// As [`get`], and holds the row until the transaction ends: one executor at a time.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn lock(conn: &mut PgConnection) -> Result<Option<u64>, Error> {
    let height = sqlx::query_scalar!("SELECT height FROM node_state WHERE id = 1 FOR UPDATE")
        .fetch_optional(conn)
        .await?;
    height.map(|height| Place::new("node_state", 1).u64("height", height)).transpose()
}

/// Writes the state.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn set(conn: &mut PgConnection, state: &NodeState) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO node_state (id, height, block_hash, results_root, status_root, directory_root, carry)
         VALUES (1, $1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT node_state_pkey DO UPDATE
         SET height = excluded.height, block_hash = excluded.block_hash, results_root = excluded.results_root,
             status_root = excluded.status_root, directory_root = excluded.directory_root, carry = excluded.carry",
        to_i64("height", state.height)?,
        &state.block_hash,
        &state.results_root,
        &state.status_root,
        &state.directory_root,
        state.carry,
    )
    .execute(conn)
    .await?;
    Ok(())
}
