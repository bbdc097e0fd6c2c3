//! Table `message_out`: messages to other organisations, kept until the receiver has stored them.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Place, column};
use crate::error::Error;

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Id, which the receiver sees and remembers.
    pub id: Uuid,
    /// exchange's code of the kind.
    pub kind: i16,
    /// Receiving organisation.
    pub recipient: u32,
    /// Content, in exchange's encoding.
    pub payload: Vec<u8>,
    /// When it was written; it is due at once.
    pub created_at: OffsetDateTime,
}

/// A message that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMessage {
    /// Id.
    pub id: Uuid,
    /// exchange's code of the kind.
    pub kind: i16,
    /// Receiving organisation.
    pub recipient: u32,
    /// Content, in exchange's encoding.
    pub payload: Vec<u8>,
    /// Attempts so far, this one included.
    pub attempts: u32,
}

/// Adds messages, in the transaction of what they tell.
///
/// # Errors
/// [`Error::Conflict`] on `message_out_pkey`.
pub async fn insert(conn: &mut PgConnection, messages: &[NewMessage]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO message_out (id, kind, recipient, payload, created_at, next_attempt_at)
         SELECT r.id, r.kind, r.recipient, r.payload, r.created_at, r.created_at
         FROM unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::bytea[], $5::timestamptz[])
              AS r (id, kind, recipient, payload, created_at)",
        &column(messages, |message| message.id),
        &column(messages, |message| message.kind),
        &column(messages, |message| i64::from(message.recipient)),
        &column(messages, |message| message.payload.as_slice()) as &[&[u8]],
        &column(messages, |message| message.created_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes messages that are due at `now`, longest due first, counts the attempt, and makes them due again at
/// `again_at`, so that a sender that dies loses nothing. Two senders never take the same.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn take_due(
    conn: &mut PgConnection,
    now: OffsetDateTime,
    again_at: OffsetDateTime,
    limit: u32,
) -> Result<Vec<DueMessage>, Error> {
    let rows = sqlx::query!(
        "UPDATE message_out m SET attempts = m.attempts + 1, next_attempt_at = $2
         FROM (SELECT id FROM message_out WHERE acknowledged_at IS NULL AND next_attempt_at <= $1
               ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS due
         WHERE m.id = due.id
         RETURNING m.id, m.kind, m.recipient, m.payload, m.attempts",
        now,
        again_at,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::new("message_out", row.id);
            Ok(DueMessage {
                id: row.id,
                kind: row.kind,
                recipient: place.u32("recipient", row.recipient)?,
                payload: row.payload,
                attempts: place.u32("attempts", row.attempts)?,
            })
        })
        .collect()
}

/// Sets when to try these again, after a failure or when their receiver is back.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn retry_at(conn: &mut PgConnection, ids: &[Uuid], at: OffsetDateTime) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE message_out m SET next_attempt_at = $2 FROM unnest($1::uuid[]) AS k (id)
         WHERE m.id = k.id AND m.acknowledged_at IS NULL",
        ids,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Makes everything for one receiver due at `at`: it was away and is back. Returns how many.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn retry_recipient(
    conn: &mut PgConnection,
    recipient: u32,
    at: OffsetDateTime,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE message_out SET next_attempt_at = $2
         WHERE recipient = $1 AND acknowledged_at IS NULL AND next_attempt_at > $2",
        i64::from(recipient),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The receiver has stored these: they are never sent again. Returns how many were open.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn acknowledge(conn: &mut PgConnection, ids: &[Uuid], at: OffsetDateTime) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE message_out m SET acknowledged_at = $2 FROM unnest($1::uuid[]) AS k (id)
         WHERE m.id = k.id AND m.acknowledged_at IS NULL",
        ids,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// What there is to write and to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Shipments have no notice yet; their events may not be final.
    pub shipments: bool,
    /// Alerts must be forwarded.
    pub forwards: bool,
    /// When the next message is due; `None`: none waits.
    pub next_due: Option<OffsetDateTime>,
}

/// One look at all that a sender could have to do.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn work(conn: &mut PgConnection) -> Result<Work, Error> {
    let row = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM shipment WHERE notice_id IS NULL) AS "shipments!",
                  EXISTS (SELECT FROM alert_forward) AS "forwards!",
                  (SELECT next_attempt_at FROM message_out WHERE acknowledged_at IS NULL
                   ORDER BY next_attempt_at LIMIT 1) AS next_due"#,
    )
    .fetch_one(conn)
    .await?;
    Ok(Work { shipments: row.shipments, forwards: row.forwards, next_due: row.next_due })
}
