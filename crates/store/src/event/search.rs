//! The event query: an [`EventQuery`] as SQL over the index of events.
//!
//! Which conditions there are is known only when a query is asked, so that these statements are put together at run time
//! and alone are not checked when this crate is compiled; every value is a parameter.
//!
//! A page is looked for twice. First [near by](near): among the next ten thousand events of the order that is asked for,
//! where what is common is found at once. Then, where that was not enough, [everywhere](far), by the indexes of terms,
//! measures, identifiers and times, where what is rare is found at once. The planner is not asked to choose between the
//! two: it knows how often a common term occurs, and nothing of a rare one.

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
    /// GLN of the only site whose events are seen: those that happened there, those that come from or go to it, and those
    /// that its clients captured.
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
    let conditions = condition::all(conn, &search.query.clauses, search.site).await?;
    let sort = Sort::of(search.query.order.as_ref());
    set_plan_mode(conn, "force_custom_plan").await?;
    let mut rows = Vec::new();
    let mut is_done = false;
    if let Some(mut sql) = near("", search, &conditions, &sort)? {
        rows = sql.build().persistent(false).fetch_all(&mut *conn).await?;
        is_done = rows.len() >= search.limit as usize || is_all_near(search);
    }
    if !is_done {
        rows = far("", search, &conditions, &sort)?.build().persistent(false).fetch_all(&mut *conn).await?;
    }
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

/// Events that [`near`] reads: some milliseconds' worth.
const NEAR_EVENTS: u64 = 10_000;

/// Whether no event lies beyond those that [`near`] reads.
fn is_all_near(search: &Search<'_>) -> bool {
    let after = search.after.filter(|_| search.query.order.is_none()).map_or(0, |after| after.seq);
    search.through_seq.saturating_sub(after) <= NEAR_EVENTS
}

/// The events asked for among the next ones of their order; `None` where that order has no index, or where an index of
/// identifiers or measures leads to the events more directly.
fn near(
    before: &str,
    search: &Search<'_>,
    conditions: &[Condition],
    sort: &Sort<'_>,
) -> Result<Option<QueryBuilder<Postgres>>, Error> {
    if !sort.is_indexed() || !conditions.iter().all(Condition::is_of_the_row) {
        return Ok(None);
    }
    let mut sql = QueryBuilder::new(before);
    sql.push("SELECT x.event_seq, x.captured_at, ");
    sort.push_key(&mut sql);
    sql.push(" FROM (SELECT * FROM event_search x");
    push_bounds(&mut sql, search, sort)?;
    sort.push_order(&mut sql);
    sql.push(" LIMIT ").push_bind(to_i64("events", NEAR_EVENTS)?).push(") AS x WHERE true");
    push_conditions(&mut sql, conditions);
    sort.push_order(&mut sql);
    sql.push(" LIMIT ").push_bind(i64::from(search.limit));
    Ok(Some(sql))
}

/// The events asked for, found by the index of a condition. `OFFSET 0` keeps the order out of that choice.
fn far(
    before: &str,
    search: &Search<'_>,
    conditions: &[Condition],
    sort: &Sort<'_>,
) -> Result<QueryBuilder<Postgres>, Error> {
    let mut sql = QueryBuilder::new(before);
    sql.push("SELECT x.event_seq, x.captured_at, ");
    sort.push_key(&mut sql);
    sql.push(" FROM (SELECT * FROM event_search x");
    push_bounds(&mut sql, search, sort)?;
    push_conditions(&mut sql, conditions);
    sql.push(" OFFSET 0) AS x");
    sort.push_from(&mut sql);
    sql.push(" WHERE true");
    if let Some(after) = search.after.filter(|_| !sort.is_indexed()) {
        sort.push_after(&mut sql, after)?;
    }
    sort.push_order(&mut sql);
    sql.push(" LIMIT ").push_bind(i64::from(search.limit));
    Ok(sql)
}

/// How PostgreSQL does a search near by and everywhere, and what that cost.
///
/// # Errors
/// As [`search`].
#[cfg(feature = "testing")]
pub async fn explain(conn: &mut PgConnection, search: &Search<'_>) -> Result<Vec<String>, Error> {
    let conditions = condition::all(conn, &search.query.clauses, search.site).await?;
    let sort = Sort::of(search.query.order.as_ref());
    set_plan_mode(conn, "force_custom_plan").await?;
    let before = "EXPLAIN (ANALYZE, TIMING OFF) ";
    let mut plans = Vec::new();
    if let Some(mut sql) = near(before, search, &conditions, &sort)? {
        let plan: Vec<String> = sql.build_query_scalar().persistent(false).fetch_all(&mut *conn).await?;
        plans.push(plan.join("\n"));
    }
    if plans.is_empty() || self::search(conn, search).await?.len() < search.limit as usize {
        let mut sql = far(before, search, &conditions, &sort)?;
        let plan: Vec<String> = sql.build_query_scalar().persistent(false).fetch_all(&mut *conn).await?;
        plans.push(plan.join("\n"));
    }
    set_plan_mode(conn, "force_generic_plan").await?;
    Ok(plans)
}

/// How many events are asked for, at most `most`. Runs in a transaction of the caller.
///
/// # Errors
/// As [`search`].
pub async fn count(conn: &mut PgConnection, search: &Search<'_>, most: u64) -> Result<u64, Error> {
    let conditions = condition::all(conn, &search.query.clauses, search.site).await?;
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM (SELECT 1 FROM event_search x");
    push_bounds(&mut sql, search, &Sort::Capture)?;
    push_conditions(&mut sql, &conditions);
    sql.push(" OFFSET 0) AS x LIMIT ").push_bind(to_i64("maxEventCount", most)?).push(") AS found");
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

/// Between the page before and the end of the walk.
fn push_bounds(sql: &mut QueryBuilder<Postgres>, search: &Search<'_>, sort: &Sort<'_>) -> Result<(), Error> {
    sql.push(" WHERE x.event_seq <= ").push_bind(to_i64("through_seq", search.through_seq)?);
    match search.after.filter(|_| sort.is_indexed()) {
        Some(after) => sort.push_after(sql, after),
        None => Ok(()),
    }
}

fn push_conditions(sql: &mut QueryBuilder<Postgres>, conditions: &[Condition]) {
    for condition in conditions {
        sql.push(" AND ");
        condition.push(sql);
    }
}
