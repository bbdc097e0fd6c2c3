//! Taking turns at deliveries: who holds a row's lease works on it, and no transaction is open meanwhile.

use sqlx::PgConnection;
use sqlx::types::JsonValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Place, to_i64};
use crate::error::Error;

/// A delivery that was begun and is not acknowledged: a repeat sends the same events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Its last event.
    pub through_seq: u64,
    /// Whether it is the last of its turn.
    pub is_last: bool,
}

/// A subscription whose turn it is, with what sending needs.
#[derive(Clone, PartialEq)]
pub struct Due {
    /// Its id.
    pub id: Uuid,
    /// The name of the query.
    pub query_name: String,
    /// The query.
    pub query: JsonValue,
    /// Prefixes in it.
    pub namespaces: JsonValue,
    /// GLN that its client is bound to.
    pub site_gln: Option<String>,
    /// Where to send events.
    pub dest: String,
    /// The schedule; `None`: as events come.
    pub schedule: Option<JsonValue>,
    /// Whether a turn without events is told.
    pub report_if_empty: bool,
    /// GS1-EPC-Format.
    pub epc_format: Option<String>,
    /// Events recorded before this are not sent.
    pub initial_record_time: Option<OffsetDateTime>,
    /// The encrypted secret.
    pub sealed_secret: Option<Vec<u8>>,
    /// The watermark.
    pub after_seq: u64,
    /// What was begun before.
    pub pending: Option<Pending>,
    /// Most events of one delivery.
    pub events_max: u32,
    /// The turn of the schedule.
    pub turn_at: Option<OffsetDateTime>,
    /// Failures since the last acknowledgement.
    pub attempts: u32,
}

impl std::fmt::Debug for Due {
    /// Neither its destination, which may hold a token, nor its secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Due")
            .field("id", &self.id)
            .field("after_seq", &self.after_seq)
            .finish_non_exhaustive()
    }
}

struct Row {
    id: Uuid,
    query_name: String,
    query: JsonValue,
    namespaces: JsonValue,
    site_gln: Option<String>,
    dest: String,
    schedule: Option<JsonValue>,
    report_if_empty: bool,
    epc_format: Option<String>,
    initial_record_time: Option<OffsetDateTime>,
    sealed_secret: Option<Vec<u8>>,
    after_seq: i64,
    pending_seq: Option<i64>,
    pending_last: bool,
    events_max: i32,
    turn_at: Option<OffsetDateTime>,
    attempts: i32,
}

impl TryFrom<Row> for Due {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("subscription", row.id);
        let pending = place.u64_or_none("pending_seq", row.pending_seq)?;
        Ok(Self {
            id: row.id,
            query_name: row.query_name,
            query: row.query,
            namespaces: row.namespaces,
            site_gln: row.site_gln,
            dest: row.dest,
            schedule: row.schedule,
            report_if_empty: row.report_if_empty,
            epc_format: row.epc_format,
            initial_record_time: row.initial_record_time,
            sealed_secret: row.sealed_secret,
            after_seq: place.u64("after_seq", row.after_seq)?,
            pending: pending.map(|through_seq| Pending { through_seq, is_last: row.pending_last }),
            events_max: place.u32("events_max", row.events_max)?,
            turn_at: row.turn_at,
            attempts: place.u32("attempts", row.attempts)?,
        })
    }
}

/// Takes the lease of subscriptions that are due and that nobody works on, those that wait longest first: streams with
/// events above their watermark and up to `horizon`, schedules whose turn has come. Those of clients whose keys are
/// void, or lack one of `permissions`, rest; so do those with a secret, unless `secrets` says that it can be read here.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
#[expect(clippy::too_many_arguments, reason = "each is a condition of the one statement")]
pub async fn claim(
    conn: &mut PgConnection,
    lease: Uuid,
    now: OffsetDateTime,
    until: OffsetDateTime,
    horizon: u64,
    permissions: &[String],
    secrets: bool,
    limit: u32,
) -> Result<Vec<Due>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"WITH due AS (
               SELECT s.id FROM subscription s JOIN api_client c ON c.id = s.client_id
               WHERE s.ended_at IS NULL AND s.next_attempt_at <= $2 AND (s.leased_until IS NULL OR s.leased_until <= $2)
                 AND (s.turn_at IS NOT NULL OR s.pending_seq IS NOT NULL OR s.after_seq < $4)
                 AND c.revoked_at IS NULL AND c.permissions @> $5 AND ($6 OR s.sealed_secret IS NULL)
               ORDER BY s.next_attempt_at LIMIT $7 FOR UPDATE OF s SKIP LOCKED)
           UPDATE subscription s SET lease = $1, leased_until = $3
           FROM due, named_query q, api_client c
           WHERE s.id = due.id AND q.id = s.query_id AND c.id = s.client_id
           RETURNING s.id, q.name AS query_name, q.query, q.namespaces, c.site_gln, s.dest, s.schedule,
                     s.report_if_empty, s.epc_format, s.initial_record_time, s.sealed_secret, s.after_seq,
                     s.pending_seq, s.pending_last, s.events_max, s.turn_at, s.attempts"#,
        lease,
        now,
        until,
        to_i64("horizon", horizon)?,
        permissions,
        secrets,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Due::try_from).collect()
}

/// Notes what is about to be sent, so that whoever repeats it after a crash sends the same. `false`: the lease is lost.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn begin(conn: &mut PgConnection, id: Uuid, lease: Uuid, pending: Pending) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE subscription SET pending_seq = $3, pending_last = $4 WHERE id = $1 AND lease = $2",
        id,
        lease,
        to_i64("pending_seq", pending.through_seq)?,
        pending.is_last,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The receiver has everything up to `through_seq`: the watermark moves. `next_turn` is given where that was the last
/// delivery of a schedule's turn; `recorded` is the recordTime of the last event sent.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn acknowledge(
    conn: &mut PgConnection,
    id: Uuid,
    lease: Uuid,
    through_seq: u64,
    now: OffsetDateTime,
    next_turn: Option<OffsetDateTime>,
    recorded: Option<OffsetDateTime>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE subscription
         SET after_seq = $3, pending_seq = NULL, attempts = 0, last_status = NULL, last_notified_at = $4,
             min_record_time = COALESCE($6, min_record_time),
             turn_at = COALESCE($5, turn_at), next_attempt_at = COALESCE($5, $4), lease = NULL, leased_until = NULL
         WHERE id = $1 AND lease = $2",
        id,
        lease,
        to_i64("after_seq", through_seq)?,
        now,
        next_turn,
        recorded,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// None of the query's events is there up to `through_seq`, and nothing is sent: as [`acknowledge`], but nobody was
/// notified.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn pass(
    conn: &mut PgConnection,
    id: Uuid,
    lease: Uuid,
    through_seq: u64,
    next_turn: Option<OffsetDateTime>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE subscription
         SET after_seq = $3, pending_seq = NULL, turn_at = COALESCE($4, turn_at),
             next_attempt_at = COALESCE($4, next_attempt_at), lease = NULL, leased_until = NULL
         WHERE id = $1 AND lease = $2",
        id,
        lease,
        to_i64("after_seq", through_seq)?,
        next_turn,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The delivery failed: the same is sent again, not before `at`.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn postpone(
    conn: &mut PgConnection,
    id: Uuid,
    lease: Uuid,
    status: Option<u16>,
    at: OffsetDateTime,
) -> Result<bool, Error> {
    let status = status.and_then(|status| i16::try_from(status).ok());
    let done = sqlx::query!(
        "UPDATE subscription
         SET attempts = LEAST(attempts, 1000000) + 1, last_status = $3, next_attempt_at = $4, lease = NULL, leased_until = NULL
         WHERE id = $1 AND lease = $2",
        id,
        lease,
        status,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The delivery was too large for the receiver: from now on half as many events are sent at once, and these again.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn shrink(conn: &mut PgConnection, id: Uuid, lease: Uuid) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE subscription
         SET events_max = GREATEST(events_max / 2, 1), pending_seq = NULL, last_status = 413, lease = NULL, leased_until = NULL
         WHERE id = $1 AND lease = $2",
        id,
        lease,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The receiver is gone for good: nothing is sent any more.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn end(
    conn: &mut PgConnection,
    id: Uuid,
    lease: Uuid,
    status: u16,
    at: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE subscription SET ended_at = $4, last_status = $3, lease = NULL, leased_until = NULL
         WHERE id = $1 AND lease = $2",
        id,
        lease,
        i16::try_from(status).unwrap_or_default(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the lease back, whatever became of the delivery: the service stops.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn release(conn: &mut PgConnection, id: Uuid, lease: Uuid) -> Result<bool, Error> {
    let done = sqlx::query!(
        "UPDATE subscription SET lease = NULL, leased_until = NULL WHERE id = $1 AND lease = $2",
        id,
        lease,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
