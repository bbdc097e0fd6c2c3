//! Table `lookup_log`: what a regulator looked up, and why. Rows are only ever added.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::Error;

/// A look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Id.
    pub id: Uuid,
    /// Who looked.
    pub client_id: Uuid,
    /// When.
    pub at: OffsetDateTime,
    /// Why, in words.
    pub reason: String,
    /// Case number.
    pub case_number: String,
    /// What was looked up: a canonical key.
    pub subject: String,
    /// What was answered, in a word.
    pub result: String,
}

/// Adds a look-up, in the transaction that reads what is answered.
///
/// # Errors
/// [`Error::Conflict`] on `lookup_log_pkey`.
pub async fn insert(conn: &mut PgConnection, lookup: &Lookup) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO lookup_log (id, client_id, at, reason, case_number, subject, result)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        lookup.id,
        lookup.client_id,
        lookup.at,
        lookup.reason,
        lookup.case_number,
        lookup.subject,
        lookup.result,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Look-ups, newest first, before the one that `before` names by time and id.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn list(
    conn: &mut PgConnection,
    before: Option<(OffsetDateTime, Uuid)>,
    limit: u32,
) -> Result<Vec<Lookup>, Error> {
    let (time, id) = before.unzip();
    let lookups = sqlx::query_as!(
        Lookup,
        "SELECT id, client_id, at, reason, case_number, subject, result FROM lookup_log
         WHERE (at, id) < (COALESCE($1, 'infinity'::timestamptz), COALESCE($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
         ORDER BY at DESC, id DESC LIMIT $3",
        time,
        id,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    Ok(lookups)
}
