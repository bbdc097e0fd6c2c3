//! The event query: an [`EventQuery`] as SQL over the index of events.
//!
//! Which conditions there are is known only when a query is asked, so that these statements are put together at run time
//! and alone are not checked when this crate is compiled; every value is a parameter. They are planned with their values:
//! the planner must know how common a term is to choose between the index of terms and the order of capture.

mod condition;
mod order;

use epcis::query::EventQuery;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};
use time::OffsetDateTime;

use self::condition::Condition;
use self::order::Sort;
use super::StoredEvent;
use crate::convert::{Place, to_i64};
use crate::error::Error;

/// Which events of a query are read.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    /// What they must have.
    pub query: &'a EventQuery,
    /// GLN of the only site whose events are seen: those that happened there, and those that come from or go to it.
    pub site: Option<&'a str>,
    /// The last event of the page before.
    pub after: Option<&'a Position>,
    /// The last event in the order of capture that is shown, see [`newest`] and [`horizon`].
    pub through_seq: u64,
    /// Most events.
    pub limit: u32,
}

/// Where an event stands in the order of its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Its sequence number.
    pub seq: u64,
    /// What it was ordered by: microseconds or a number, as text; empty where events come in the order of capture.
    pub number: String,
    /// The text it was ordered by, where there is one.
    pub text: String,
}

/// An event, and its place in the order of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The event.
    pub event: StoredEvent,
    /// Its place.
    pub position: Position,
}

/// Events that are asked for, in the order that is. Runs in a transaction of the caller.
///
/// # Errors
/// [`Error::OverLimit`] for a place or an attribute of master data that stands for too many identifiers;
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn search(conn: &mut PgConnection, search: &Search<'_>) -> Result<Vec<Found>, Error> {
    let mut sql = statement(conn, search, "").await?;
    set_plan_mode(conn, "force_custom_plan").await?;
    let rows = sql.build().persistent(false).fetch_all(&mut *conn).await?;
    set_plan_mode(conn, "force_generic_plan").await?;
    let mut keys = Vec::with_capacity(rows.len());
    let mut positions = Vec::with_capacity(rows.len());
    for row in rows {
        let (seq, captured_at): (i64, OffsetDateTime) = (row.try_get(0)?, row.try_get(1)?);
        let seq = Place::new("event_search", seq).u64("event_seq", seq)?;
        keys.push((seq, captured_at));
        positions.push(Position { seq, number: row.try_get(2)?, text: row.try_get(3)? });
    }
    let events = super::get(conn, &keys).await?;
    let found = |position: Position| {
        let at = events.binary_search_by_key(&position.seq, |event| event.seq).ok();
        let event = at.and_then(|at| events.get(at)).cloned();
        let missing = || Place::new("event_search", position.seq).fault("event_seq", "no such event");
        event.ok_or_else(missing).map(|event| Found { event, position })
    };
    positions.into_iter().map(found).collect()
}

/// The statement of a search, after `before`.
async fn statement(
    conn: &mut PgConnection,
    search: &Search<'_>,
    before: &str,
) -> Result<QueryBuilder<Postgres>, Error> {
    let conditions = condition::all(conn, &search.query.clauses, search.site).await?;
    let sort = Sort::of(search.query.order.as_ref());
    let mut sql = QueryBuilder::new(before);
    sql.push("SELECT x.event_seq, x.captured_at, ");
    sort.push_key(&mut sql);
    sql.push(" FROM event_search x");
    sort.push_from(&mut sql);
    push_where(&mut sql, &conditions, search.through_seq)?;
    if let Some(after) = search.after {
        sort.push_after(&mut sql, after)?;
    }
    sort.push_order(&mut sql);
    sql.push(" LIMIT ").push_bind(i64::from(search.limit));
    Ok(sql)
}

/// How PostgreSQL does a search, and what that cost.
///
/// # Errors
/// As [`search`].
#[cfg(feature = "testing")]
pub async fn explain(conn: &mut PgConnection, search: &Search<'_>) -> Result<String, Error> {
    let mut sql = statement(conn, search, "EXPLAIN (ANALYZE, TIMING OFF) ").await?;
    set_plan_mode(conn, "force_custom_plan").await?;
    let lines: Vec<String> = sql.build_query_scalar().persistent(false).fetch_all(&mut *conn).await?;
    set_plan_mode(conn, "force_generic_plan").await?;
    Ok(lines.join("\n"))
}

/// How many events are asked for, at most `most`. Runs in a transaction of the caller.
///
/// # Errors
/// As [`search`].
pub async fn count(conn: &mut PgConnection, search: &Search<'_>, most: u64) -> Result<u64, Error> {
    let conditions = condition::all(conn, &search.query.clauses, search.site).await?;
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM event_search x");
    push_where(&mut sql, &conditions, search.through_seq)?;
    sql.push(" LIMIT ").push_bind(to_i64("maxEventCount", most)?).push(") AS found");
    set_plan_mode(conn, "force_custom_plan").await?;
    let count: i64 = sql.build_query_scalar().persistent(false).fetch_one(&mut *conn).await?;
    set_plan_mode(conn, "force_generic_plan").await?;
    Place::new("event_search", "count").u64("count", count)
}

/// Events that are asked for, in the order of capture, after `after_seq` and up to `through_seq`. For whoever follows
/// events: with [`horizon`] as the upper bound none is missed and none comes twice. Runs in a transaction of the caller.
///
/// # Errors
/// As [`search`].
pub async fn arrived(
    conn: &mut PgConnection,
    query: &EventQuery,
    site: Option<&str>,
    after_seq: u64,
    through_seq: u64,
    limit: u32,
) -> Result<Vec<StoredEvent>, Error> {
    let query = EventQuery { clauses: query.clauses.clone(), ..EventQuery::default() };
    let after = Position { seq: after_seq, number: String::new(), text: String::new() };
    let asked = Search { query: &query, site, after: Some(&after), through_seq, limit };
    Ok(search(conn, &asked).await?.into_iter().map(|found| found.event).collect())
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

/// The sequence number up to which every event is committed: no event with a lower one comes any more. Events that were
/// captured are read in a later statement.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn horizon(conn: &mut PgConnection) -> Result<u64, Error> {
    let seq = sqlx::query_scalar!(r#"SELECT event_horizon() AS "seq!""#).fetch_one(conn).await?;
    Place::new("event", "horizon").u64("seq", seq)
}

/// For the rest of the transaction.
async fn set_plan_mode(conn: &mut PgConnection, mode: &'static str) -> Result<(), Error> {
    sqlx::query_scalar!("SELECT set_config('plan_cache_mode', $1, true)", mode).fetch_one(conn).await?;
    Ok(())
}

fn push_where(
    sql: &mut QueryBuilder<Postgres>,
    conditions: &[Condition],
    through_seq: u64,
) -> Result<(), Error> {
    sql.push(" WHERE x.event_seq <= ").push_bind(to_i64("through_seq", through_seq)?);
    for condition in conditions {
        sql.push(" AND ");
        condition.push(sql);
    }
    Ok(())
}
