//! The event query: the parameters of EPCIS 2.0's SimpleEventQuery that are served so far.
//!
//! A condition that is not given is `$n IS NULL OR …`. These two statements alone are planned with their values:
//! then the unused conditions are gone before an index is chosen.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{EventAction, EventType, Row, StoredEvent};
use crate::convert::{Place, to_i64};
use crate::error::Error;

/// What events must have, all of it; `None` and an empty list ask nothing.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// eventType.
    pub event_types: Vec<EventType>,
    /// EQ_action.
    pub actions: Vec<EventAction>,
    /// GE_eventTime.
    pub event_time_from: Option<OffsetDateTime>,
    /// LT_eventTime.
    pub event_time_before: Option<OffsetDateTime>,
    /// GE_recordTime.
    pub captured_from: Option<OffsetDateTime>,
    /// LT_recordTime.
    pub captured_before: Option<OffsetDateTime>,
    /// EQ_bizStep.
    pub biz_steps: Vec<String>,
    /// EQ_disposition.
    pub dispositions: Vec<String>,
    /// EQ_readPoint.
    pub read_points: Vec<String>,
    /// EQ_bizLocation.
    pub biz_locations: Vec<String>,
    /// EQ_eventID.
    pub event_ids: Vec<String>,
    /// MATCH_anyEPC and its kin: canonical keys, one of which must occur in one of `epc_roles`.
    pub epcs: Vec<String>,
    /// Roles (see table `event_epc`) in which `epcs` count; empty: all.
    pub epc_roles: Vec<i16>,
    /// The last event of the page before.
    pub after_seq: u64,
    /// The last event that the walk through the pages shows at all, see [`newest`]; `None`: no bound.
    pub through_seq: Option<u64>,
    /// Most events to return.
    pub limit: u32,
}

/// The parameters as SQL takes them: a list is null when it asks nothing.
struct Parameters<'a> {
    event_types: Option<Vec<i16>>,
    actions: Option<Vec<i16>>,
    biz_steps: Option<&'a [String]>,
    dispositions: Option<&'a [String]>,
    read_points: Option<&'a [String]>,
    biz_locations: Option<&'a [String]>,
    event_ids: Option<&'a [String]>,
    epc_roles: Option<&'a [i16]>,
    after_seq: i64,
    through_seq: Option<i64>,
}

fn asked<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

impl<'a> Parameters<'a> {
    fn new(filter: &'a EventFilter) -> Result<Self, Error> {
        let types = filter.event_types.iter().map(|kind| kind.code()).collect();
        let actions = filter.actions.iter().map(|action| action.code()).collect();
        Ok(Parameters {
            event_types: asked(&filter.event_types).map(|_| types),
            actions: asked(&filter.actions).map(|_| actions),
            biz_steps: asked(&filter.biz_steps),
            dispositions: asked(&filter.dispositions),
            read_points: asked(&filter.read_points),
            biz_locations: asked(&filter.biz_locations),
            event_ids: asked(&filter.event_ids),
            epc_roles: asked(&filter.epc_roles),
            after_seq: to_i64("after_seq", filter.after_seq)?,
            through_seq: filter.through_seq.map(|seq| to_i64("through_seq", seq)).transpose()?,
        })
    }
}

/// Events that have all that `filter` asks, in capture order. Runs in a transaction of the caller.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn search(conn: &mut PgConnection, filter: &EventFilter) -> Result<Vec<StoredEvent>, Error> {
    let parameters = Parameters::new(filter)?;
    set_plan_mode(conn, "force_custom_plan").await?;
    let rows = if filter.epcs.is_empty() {
        all(conn, filter, &parameters).await?
    } else {
        with_epcs(conn, filter, &parameters).await?
    };
    set_plan_mode(conn, "force_generic_plan").await?;
    rows.into_iter().map(StoredEvent::try_from).collect()
}

/// Sequence number of the newest event there is; 0 when there is none. A walk through the pages of a query that began
/// now shows what is stored up to here, however much comes meanwhile.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn newest(conn: &mut PgConnection) -> Result<u64, Error> {
    let seq =
        sqlx::query_scalar!("SELECT seq FROM event ORDER BY seq DESC LIMIT 1").fetch_optional(conn).await?;
    Place::new("event", "newest").u64("seq", seq.unwrap_or_default())
}

/// For the rest of the transaction.
async fn set_plan_mode(conn: &mut PgConnection, mode: &'static str) -> Result<(), Error> {
    sqlx::query_scalar!("SELECT set_config('plan_cache_mode', $1, true)", mode).fetch_one(conn).await?;
    Ok(())
}

async fn all(
    conn: &mut PgConnection,
    filter: &EventFilter,
    parameters: &Parameters<'_>,
) -> Result<Vec<Row>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT e.seq, e.captured_at, e.event_id, e.hash_id, e.event_type, e.event_time, e.body, e.salt,
                  e.commitment, e.capture_id, a.batch_sequence AS "batch_sequence?", a.leaf AS "leaf?",
                  a.last_batch_sequence, b.height AS "height?", l.height AS "last_height?"
           FROM event e
           LEFT JOIN event_anchor a ON a.event_seq = e.seq AND a.captured_at = e.captured_at
           LEFT JOIN batch b ON b.sequence = a.batch_sequence
           LEFT JOIN batch l ON l.sequence = a.last_batch_sequence
           WHERE e.seq > $1
             AND ($2::timestamptz IS NULL OR e.captured_at >= $2)
             AND ($3::timestamptz IS NULL OR e.captured_at < $3)
             AND ($4::timestamptz IS NULL OR e.event_time >= $4)
             AND ($5::timestamptz IS NULL OR e.event_time < $5)
             AND ($6::smallint[] IS NULL OR e.event_type = ANY ($6))
             AND ($7::smallint[] IS NULL OR e.action = ANY ($7))
             AND ($8::text[] IS NULL OR e.biz_step = ANY ($8))
             AND ($9::text[] IS NULL OR e.disposition = ANY ($9))
             AND ($10::text[] IS NULL OR e.read_point = ANY ($10))
             AND ($11::text[] IS NULL OR e.biz_location = ANY ($11))
             AND ($12::text[] IS NULL
                  OR e.seq = ANY (ARRAY (SELECT i.event_seq FROM event_identity i WHERE i.event_id = ANY ($12))))
             AND ($14::bigint IS NULL OR e.seq <= $14)
           ORDER BY e.seq LIMIT $13"#,
        parameters.after_seq,
        filter.captured_from,
        filter.captured_before,
        filter.event_time_from,
        filter.event_time_before,
        parameters.event_types.as_deref(),
        parameters.actions.as_deref(),
        parameters.biz_steps,
        parameters.dispositions,
        parameters.read_points,
        parameters.biz_locations,
        parameters.event_ids,
        i64::from(filter.limit),
        parameters.through_seq,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn with_epcs(
    conn: &mut PgConnection,
    filter: &EventFilter,
    parameters: &Parameters<'_>,
) -> Result<Vec<Row>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT e.seq, e.captured_at, e.event_id, e.hash_id, e.event_type, e.event_time, e.body, e.salt,
                  e.commitment, e.capture_id, a.batch_sequence AS "batch_sequence?", a.leaf AS "leaf?",
                  a.last_batch_sequence, b.height AS "height?", l.height AS "last_height?"
           FROM (SELECT DISTINCT x.event_seq, x.captured_at FROM event_epc x
                 WHERE x.epc = ANY ($14) AND x.event_seq > $1 AND ($16::bigint IS NULL OR x.event_seq <= $16)
                   AND ($15::smallint[] IS NULL OR x.role = ANY ($15))) AS k
           JOIN event e ON e.seq = k.event_seq AND e.captured_at = k.captured_at
           LEFT JOIN event_anchor a ON a.event_seq = e.seq AND a.captured_at = e.captured_at
           LEFT JOIN batch b ON b.sequence = a.batch_sequence
           LEFT JOIN batch l ON l.sequence = a.last_batch_sequence
           WHERE ($2::timestamptz IS NULL OR e.captured_at >= $2)
             AND ($3::timestamptz IS NULL OR e.captured_at < $3)
             AND ($4::timestamptz IS NULL OR e.event_time >= $4)
             AND ($5::timestamptz IS NULL OR e.event_time < $5)
             AND ($6::smallint[] IS NULL OR e.event_type = ANY ($6))
             AND ($7::smallint[] IS NULL OR e.action = ANY ($7))
             AND ($8::text[] IS NULL OR e.biz_step = ANY ($8))
             AND ($9::text[] IS NULL OR e.disposition = ANY ($9))
             AND ($10::text[] IS NULL OR e.read_point = ANY ($10))
             AND ($11::text[] IS NULL OR e.biz_location = ANY ($11))
             AND ($12::text[] IS NULL OR e.event_id = ANY ($12))
           ORDER BY e.seq LIMIT $13"#,
        parameters.after_seq,
        filter.captured_from,
        filter.captured_before,
        filter.event_time_from,
        filter.event_time_before,
        parameters.event_types.as_deref(),
        parameters.actions.as_deref(),
        parameters.biz_steps,
        parameters.dispositions,
        parameters.read_points,
        parameters.biz_locations,
        parameters.event_ids,
        i64::from(filter.limit),
        &filter.epcs,
        parameters.epc_roles,
        parameters.through_seq,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
