//! Table `subscription`: where the events that a named query finds are sent (EPCIS 2.0 section 8.2.5).
//!
//! What clients see of it is here; how deliveries take turns is in `delivery`: [`claim`], [`begin`], then one of [`acknowledge`], [`pass`], [`postpone`], [`shrink`], [`end`] or [`release`], each of which gives the lease
//! back and does nothing when it was lost.

use sqlx::PgConnection;
use sqlx::types::JsonValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Place, to_i32, to_i64};
use crate::error::Error;

mod delivery;
pub use delivery::{Due, Pending, acknowledge, begin, claim, end, pass, postpone, release, shrink};

/// A subscription to be made.
#[derive(Debug, Clone)]
pub struct NewSubscription<'a> {
    /// Its id.
    pub id: Uuid,
    /// The query.
    pub query_id: Uuid,
    /// Whose it is.
    pub client_id: Uuid,
    /// Where to send events: a URL.
    pub dest: &'a str,
    /// The member `schedule` as given; `None`: as events come.
    pub schedule: Option<&'a JsonValue>,
    /// Whether a turn of the schedule without events is told.
    pub report_if_empty: bool,
    /// GS1-EPC-Format.
    pub epc_format: Option<&'a str>,
    /// Events recorded before this are not sent.
    pub initial_record_time: Option<OffsetDateTime>,
    /// The encrypted secret.
    pub sealed_secret: Option<&'a [u8]>,
    /// When it is made.
    pub created_at: OffsetDateTime,
    /// The last event that is not sent.
    pub after_seq: u64,
    /// Most events of one delivery.
    pub events_max: u32,
    /// The first turn of the schedule.
    pub turn_at: Option<OffsetDateTime>,
}

/// A subscription as its client sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// Where events are sent.
    pub dest: String,
    /// The member `schedule` as given; `None`: as events come.
    pub schedule: Option<JsonValue>,
    /// Whether a turn of the schedule without events is told.
    pub report_if_empty: bool,
    /// GS1-EPC-Format.
    pub epc_format: Option<String>,
    /// Events recorded before this are not sent.
    pub initial_record_time: Option<OffsetDateTime>,
    /// The watermark as a recordTime: that of the last event acknowledged.
    pub min_record_time: OffsetDateTime,
    /// Whether deliveries are signed.
    pub has_secret: bool,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When a delivery was last acknowledged.
    pub last_notified_at: Option<OffsetDateTime>,
    /// Failures since then.
    pub attempts: u32,
    /// HTTP status of the last failure, where there was an answer.
    pub last_status: Option<u16>,
    /// When the next attempt is made, where some failed.
    pub next_attempt_at: OffsetDateTime,
    /// Since when nothing is sent any more.
    pub ended_at: Option<OffsetDateTime>,
}

struct Row {
    id: Uuid,
    dest: String,
    schedule: Option<JsonValue>,
    report_if_empty: bool,
    epc_format: Option<String>,
    initial_record_time: Option<OffsetDateTime>,
    min_record_time: OffsetDateTime,
    has_secret: bool,
    created_at: OffsetDateTime,
    last_notified_at: Option<OffsetDateTime>,
    attempts: i32,
    last_status: Option<i16>,
    next_attempt_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Subscription {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("subscription", row.id);
        let status = |code: i16| u16::try_from(code).map_err(|_| place.fault("last_status", "negative"));
        Ok(Self {
            id: row.id,
            dest: row.dest,
            schedule: row.schedule,
            report_if_empty: row.report_if_empty,
            epc_format: row.epc_format,
            initial_record_time: row.initial_record_time,
            min_record_time: row.min_record_time,
            has_secret: row.has_secret,
            created_at: row.created_at,
            last_notified_at: row.last_notified_at,
            attempts: place.u32("attempts", row.attempts)?,
            last_status: row.last_status.map(status).transpose()?,
            next_attempt_at: row.next_attempt_at,
            ended_at: row.ended_at,
        })
    }
}

/// Adds a subscription. It is due at once, or at the first turn of its schedule.
///
/// # Errors
/// [`Error::Conflict`] on `subscription_pkey`, or on `subscription_query_id_fkey` when the query is gone.
pub async fn insert(conn: &mut PgConnection, new: &NewSubscription<'_>) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO subscription (id, query_id, client_id, dest, schedule, report_if_empty, epc_format,
                                   initial_record_time, sealed_secret, created_at, after_seq, events_max, turn_at,
                                   next_attempt_at, min_record_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8::timestamptz, $9, $10::timestamptz, $11, $12, $13::timestamptz,
                 COALESCE($13::timestamptz, $10::timestamptz), COALESCE($8::timestamptz, $10::timestamptz))",
        new.id,
        new.query_id,
        new.client_id,
        new.dest,
        new.schedule,
        new.report_if_empty,
        new.epc_format,
        new.initial_record_time,
        new.sealed_secret,
        new.created_at,
        to_i64("after_seq", new.after_seq)?,
        to_i32("events_max", new.events_max)?,
        new.turn_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One subscription of a query.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, query_id: Uuid, id: Uuid) -> Result<Option<Subscription>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, dest, schedule, report_if_empty, epc_format, initial_record_time, min_record_time,
                  sealed_secret IS NOT NULL AS "has_secret!", created_at, last_notified_at, attempts, last_status,
                  next_attempt_at, ended_at
           FROM subscription WHERE query_id = $1 AND id = $2"#,
        query_id,
        id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Subscription::try_from).transpose()
}

/// A query's subscriptions by id, after this one.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn list(
    conn: &mut PgConnection,
    query_id: Uuid,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Subscription>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, dest, schedule, report_if_empty, epc_format, initial_record_time, min_record_time,
                  sealed_secret IS NOT NULL AS "has_secret!", created_at, last_notified_at, attempts, last_status,
                  next_attempt_at, ended_at
           FROM subscription WHERE query_id = $1 AND id > COALESCE($2, '00000000-0000-0000-0000-000000000000'::uuid)
           ORDER BY id LIMIT $3"#,
        query_id,
        after,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Subscription::try_from).collect()
}

/// How many subscriptions a client has.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn count(conn: &mut PgConnection, client_id: Uuid) -> Result<u64, Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM subscription WHERE client_id = $1"#,
        client_id
    )
    .fetch_one(conn)
    .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Deletes a subscription of a query; `false` when there was none.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, query_id: Uuid, id: Uuid) -> Result<bool, Error> {
    let done = sqlx::query!("DELETE FROM subscription WHERE query_id = $1 AND id = $2", query_id, id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
