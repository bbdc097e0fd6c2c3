//! Table `capture_job`: documents on their way to become events.
//!
//! A worker, in one transaction a page: [`claim`], store the page's events, [`advance`] or [`finish`], commit.
//! A worker that dies releases the row's lock, and the next goes on where the last page ended.

use sqlx::PgConnection;
use sqlx::types::JsonValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Place, stored_enum, to_i64};
use crate::error::Error;

stored_enum! {
    /// What happens to a document with a faulty event (EPCIS 2.0, `GS1-Capture-Error-Behaviour`).
    ErrorBehaviour {
        /// None of its events is captured.
        Rollback = 1,
        /// The others are captured.
        Proceed = 2,
    }
}

/// A document as accepted.
#[derive(Debug, Clone)]
pub struct NewCaptureJob<'a> {
    /// The capture id.
    pub id: Uuid,
    /// Who sent it.
    pub client_id: Uuid,
    /// When it was accepted.
    pub created_at: OffsetDateTime,
    /// What to do about faulty events.
    pub error_behaviour: ErrorBehaviour,
    /// Media type as sent.
    pub media_type: &'a str,
    /// The document.
    pub body: &'a [u8],
}

/// A capture job without its document.
#[derive(Debug, Clone, PartialEq)]
pub struct CaptureJob {
    /// The capture id.
    pub id: Uuid,
    /// Who sent it.
    pub client_id: Uuid,
    /// When it was accepted.
    pub created_at: OffsetDateTime,
    /// When its last event was stored or refused.
    pub finished_at: Option<OffsetDateTime>,
    /// Not finished.
    pub running: bool,
    /// No event was refused so far.
    pub success: bool,
    /// What to do about faulty events.
    pub error_behaviour: ErrorBehaviour,
    /// Media type as sent.
    pub media_type: String,
    /// Events in the document, once it was read.
    pub event_count: Option<u64>,
    /// Position of the next event to store.
    pub next_event: u64,
    /// Problem documents, in the order of the events.
    pub errors: JsonValue,
}

struct Row {
    id: Uuid,
    client_id: Uuid,
    created_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
    running: bool,
    success: bool,
    error_behaviour: i16,
    media_type: String,
    event_count: Option<i64>,
    next_event: i64,
    errors: JsonValue,
}

impl TryFrom<Row> for CaptureJob {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("capture_job", row.id);
        Ok(CaptureJob {
            id: row.id,
            client_id: row.client_id,
            created_at: row.created_at,
            finished_at: row.finished_at,
            running: row.running,
            success: row.success,
            error_behaviour: ErrorBehaviour::from_code(row.error_behaviour)
                .ok_or_else(|| place.fault("error_behaviour", "unknown code"))?,
            media_type: row.media_type,
            event_count: place.u64_or_none("event_count", row.event_count)?,
            next_event: place.u64("next_event", row.next_event)?,
            errors: row.errors,
        })
    }
}

/// Stores a document to be captured.
///
/// # Errors
/// [`Error::Conflict`] on `capture_job_pkey`.
pub async fn insert(conn: &mut PgConnection, job: &NewCaptureJob<'_>) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO capture_job (id, client_id, created_at, error_behaviour, media_type, body)
         VALUES ($1, $2, $3, $4, $5, $6)",
        job.id,
        job.client_id,
        job.created_at,
        job.error_behaviour.code(),
        job.media_type,
        job.body,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One job.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<CaptureJob>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, client_id, created_at, finished_at, running, success, error_behaviour, media_type,
                event_count, next_event, errors
         FROM capture_job WHERE id = $1",
        id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(CaptureJob::try_from).transpose()
}

/// A client's jobs, newest first, after the one that `before` names by its time and id.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn list(
    conn: &mut PgConnection,
    client_id: Uuid,
    before: Option<(OffsetDateTime, Uuid)>,
    limit: u32,
) -> Result<Vec<CaptureJob>, Error> {
    let (time, id) = before.unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, client_id, created_at, finished_at, running, success, error_behaviour, media_type,
                event_count, next_event, errors
         FROM capture_job
         WHERE client_id = $1
           AND (created_at, id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
         ORDER BY created_at DESC, id DESC LIMIT $4",
        client_id,
        time,
        id,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(CaptureJob::try_from).collect()
}

/// Locks the oldest running job that no other worker holds, until the transaction ends.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn claim(conn: &mut PgConnection) -> Result<Option<CaptureJob>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, client_id, created_at, finished_at, running, success, error_behaviour, media_type,
                event_count, next_event, errors
         FROM capture_job WHERE running ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .fetch_optional(conn)
    .await?;
    row.map(CaptureJob::try_from).transpose()
}

/// Locks a running job until the transaction ends; `None` when it is finished, or another transaction holds it.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<Option<CaptureJob>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, client_id, created_at, finished_at, running, success, error_behaviour, media_type,
                event_count, next_event, errors
         FROM capture_job WHERE id = $1 AND running FOR UPDATE SKIP LOCKED",
        id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(CaptureJob::try_from).transpose()
}

/// The document as received; empty once the job is finished.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn body(conn: &mut PgConnection, id: Uuid) -> Result<Option<Vec<u8>>, Error> {
    Ok(sqlx::query_scalar!("SELECT body FROM capture_job WHERE id = $1", id).fetch_optional(conn).await?)
}

/// Says how far the job is, and adds problem documents (a JSON array) of the events passed.
///
/// # Errors
/// [`Error::Conflict`] on `capture_job_progress`.
pub async fn advance(
    conn: &mut PgConnection,
    id: Uuid,
    event_count: u64,
    next_event: u64,
    errors: &JsonValue,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE capture_job
         SET event_count = $2, next_event = $3, errors = errors || $4, success = success AND $4 = '[]'::jsonb
         WHERE id = $1",
        id,
        to_i64("event_count", event_count)?,
        to_i64("next_event", next_event)?,
        errors,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the job and lets its document go. Call [`advance`] first for what its last page did.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn finish(
    conn: &mut PgConnection,
    id: Uuid,
    at: OffsetDateTime,
    success: bool,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE capture_job SET running = false, finished_at = $2, success = success AND $3, body = ''
         WHERE id = $1",
        id,
        at,
        success,
    )
    .execute(conn)
    .await?;
    Ok(())
}
