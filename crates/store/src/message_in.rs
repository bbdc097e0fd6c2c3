//! Table `message_in`: messages of other organisations, stored before they are acknowledged.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::Place;
use crate::error::Error;

/// A message as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMessage {
    /// Id, which its sender chose.
    pub id: Uuid,
    /// exchange's code of the kind.
    pub kind: i16,
    /// Sending organisation, as its connection proves.
    pub sender: u32,
    /// Content, in exchange's encoding.
    pub payload: Vec<u8>,
    /// When it came first.
    pub received_at: OffsetDateTime,
}

/// Stores a message; `false` when it came before. Either way it may be acknowledged after the commit.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn insert(conn: &mut PgConnection, message: &InMessage) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO message_in (id, kind, sender, payload, received_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT message_in_pkey DO NOTHING",
        message.id,
        message.kind,
        i64::from(message.sender),
        message.payload,
        message.received_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Messages of one sender by their ids, worked on or not, in no order: the pages of one notice.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn get(conn: &mut PgConnection, sender: u32, ids: &[Uuid]) -> Result<Vec<InMessage>, Error> {
    let rows = sqlx::query!(
        "SELECT id, kind, sender, payload, received_at FROM message_in WHERE sender = $1 AND id = ANY ($2)",
        i64::from(sender),
        ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(InMessage {
                sender: Place::new("message_in", row.id).u32("sender", row.sender)?,
                id: row.id,
                kind: row.kind,
                payload: row.payload,
                received_at: row.received_at,
            })
        })
        .collect()
}

/// How many of these messages of one sender were worked on.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn worked_on(conn: &mut PgConnection, sender: u32, ids: &[Uuid]) -> Result<usize, Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM message_in
         WHERE sender = $1 AND id = ANY ($2) AND processed_at IS NOT NULL"#,
        i64::from(sender),
        ids,
    )
    .fetch_one(conn)
    .await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Locks the oldest message that is still to be worked on and that no other worker holds, until the
/// transaction ends.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn claim(conn: &mut PgConnection) -> Result<Option<InMessage>, Error> {
    let row = sqlx::query!(
        "SELECT id, kind, sender, payload, received_at FROM message_in WHERE processed_at IS NULL
         ORDER BY received_at, id LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(InMessage {
            sender: Place::new("message_in", row.id).u32("sender", row.sender)?,
            id: row.id,
            kind: row.kind,
            payload: row.payload,
            received_at: row.received_at,
        })
    })
    .transpose()
}

/// Says that the work on a message is done, or why it was refused, in the transaction of that work.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn finish(
    conn: &mut PgConnection,
    sender: u32,
    id: Uuid,
    at: OffsetDateTime,
    refusal: Option<&str>,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE message_in SET processed_at = $3, refusal = $4 WHERE sender = $1 AND id = $2",
        i64::from(sender),
        id,
        at,
        refusal,
    )
    .execute(conn)
    .await?;
    Ok(())
}
