//! Table `idempotency`: first answers to writes, repeated to who repeats the write.
//!
//! A handler (or a group of them) looks its keys up with [`find`], does the work, and adds its answers with
//! [`insert`], all in one transaction. Of two requests with one key at the same instant, the second waits in
//! [`insert`] and gets [`Error::Conflict`] on `idempotency_pkey`: done again, it finds the first one's answer.

use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Bytes32, Place, column};
use crate::error::Error;

/// The answer to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedAnswer {
    /// Who wrote.
    pub client_id: Uuid,
    /// Under which key.
    pub key: String,
    /// SHA3-256 of method, path and body.
    pub request_hash: Bytes32,
    /// HTTP status.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// When.
    pub created_at: OffsetDateTime,
}

/// The answers saved under these keys, in no order.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, keys: &[(Uuid, String)]) -> Result<Vec<SavedAnswer>, Error> {
    let rows = sqlx::query!(
        r#"SELECT i.client_id, i.key, i.request_hash, i.status,
                  i.headers AS "headers: Json<Vec<(String, String)>>", i.body, i.created_at
           FROM unnest($1::uuid[], $2::text[]) AS k (client_id, key)
           JOIN idempotency i ON i.client_id = k.client_id AND i.key = k.key"#,
        &column(keys, |key| key.0),
        &column(keys, |key| key.1.clone()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::new("idempotency", row.client_id);
            Ok(SavedAnswer {
                client_id: row.client_id,
                request_hash: place.bytes32("request_hash", row.request_hash)?,
                status: u16::try_from(row.status).map_err(|_| place.fault("status", "negative"))?,
                key: row.key,
                headers: row.headers.0,
                body: row.body,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// Saves answers, in the transaction of the writes they belong to.
///
/// # Errors
/// [`Error::Conflict`] on `idempotency_pkey` when one of the keys was used meanwhile.
pub async fn insert(conn: &mut PgConnection, answers: &[SavedAnswer]) -> Result<(), Error> {
    let status: Result<Vec<i16>, Error> = answers
        .iter()
        .map(|answer| {
            i16::try_from(answer.status).map_err(|_| Error::OverLimit {
                what: "HTTP status",
                given: u64::from(answer.status),
                bound: 999,
            })
        })
        .collect();
    sqlx::query!(
        "INSERT INTO idempotency (client_id, key, request_hash, status, headers, body, created_at)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::smallint[], $5::jsonb[], $6::bytea[],
                              $7::timestamptz[]) AS r (client_id, key, request_hash, status, headers, body, created_at)
         ORDER BY client_id, key",
        &column(answers, |answer| answer.client_id),
        &column(answers, |answer| answer.key.clone()),
        &column(answers, |answer| answer.request_hash.to_vec()),
        &status?,
        &column(answers, |answer| Json(&answer.headers)) as &[Json<&Vec<(String, String)>>],
        &column(answers, |answer| answer.body.clone()),
        &column(answers, |answer| answer.created_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets answers given before `before`; returns how many.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn purge(conn: &mut PgConnection, before: OffsetDateTime) -> Result<u64, Error> {
    Ok(sqlx::query!("DELETE FROM idempotency WHERE created_at < $1", before)
        .execute(conn)
        .await?
        .rows_affected())
}
