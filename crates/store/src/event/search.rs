//! The event query: an [`EventQuery`] as SQL over the index of events.
//!
//! Which conditions there are is known only when a query is asked, so that these statements are put together at run time
//! and alone are not checked when this crate is compiled; every value is a parameter.
//!
//! What costs time is reading events that are not asked for, and which index reads fewest depends on how often each value
//! occurs. PostgreSQL knows that of common values, and nothing of rare ones; left alone it walks a million events for one
//! of them, or fetches a million for their site. So there are four [ways](way::Ways), and none is left to its estimates:
//!
//! 1. *Led.* A condition that [few events meet](lead) leads to them, by its index; the others are asked of each. The look
//!    at how many those are is bounded. A site, an action, a type of event leads only where it is rare itself.
//! 2. *Near.* Where every condition is common: among the next ten thousand events of the order that is asked for.
//! 3. *Along.* Where common terms have none there, because one begins only later: the order of capture is cut into spans
//!    of 4,096 events, the index of terms knows the span of each event, and an intersection with a span costs a tenth of a
//!    millisecond when it is empty. As many spans are asked for as cost no more than the last way.
//! 4. *Far.* Everything that is found by an index of PostgreSQL's choice, sorted. This is what is left for another order
//!    than that of capture, and for identifiers, measures and times that many events have.

mod condition;
mod lead;
mod order;
#[cfg(feature = "testing")]
mod testing;
mod way;

use epcis::query::EventQuery;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use time::OffsetDateTime;

use self::lead::Lead;
use self::order::Sort;
#[cfg(feature = "testing")]
pub use self::testing::{each_way, explain};
use self::way::{NEAR_EVENTS, Ways};
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
    set_plan_mode(conn, "force_custom_plan").await?;
    let lead = lead::choose(conn, &conditions).await?;
    let sort = Sort::of(search.query.order.as_ref());
    let ways = Ways { before: "", search, conditions: &conditions, sort };
    let rows = page(conn, &ways, &lead).await?;
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

/// Goes the ways in turn, until one says that this is the page.
async fn page(conn: &mut PgConnection, ways: &Ways<'_>, lead: &Lead<'_>) -> Result<Vec<PgRow>, Error> {
    let limit = ways.search.limit as usize;
    if let Some(mut sql) = ways.led(lead)? {
        return Ok(sql.build().persistent(false).fetch_all(conn).await?);
    }
    if let Some(mut sql) = ways.near()? {
        let rows = sql.build().persistent(false).fetch_all(&mut *conn).await?;
        if rows.len() >= limit || is_all_near(ways.search) {
            return Ok(rows);
        }
    }
    if let Some((mut sql, is_all)) = ways.along(lead)? {
        let rows = sql.build().persistent(false).fetch_all(&mut *conn).await?;
        if rows.len() >= limit || is_all {
            return Ok(rows);
        }
    }
    Ok(ways.far()?.build().persistent(false).fetch_all(conn).await?)
}

/// Whether no event lies beyond those that [`Ways::near`] reads.
fn is_all_near(search: &Search<'_>) -> bool {
    let after = search.after.filter(|_| search.query.order.is_none()).map_or(0, |after| after.seq);
    search.through_seq.saturating_sub(after) <= NEAR_EVENTS
}

/// How many events are asked for, at most `most`. Runs in a transaction of the caller.
///
/// # Errors
/// As [`search`].
pub async fn count(conn: &mut PgConnection, search: &Search<'_>, most: u64) -> Result<u64, Error> {
    let conditions = condition::all(conn, &search.query.clauses, search.site).await?;
    set_plan_mode(conn, "force_custom_plan").await?;
    let lead = lead::choose(conn, &conditions).await?;
    let ways = Ways { before: "", search, conditions: &conditions, sort: Sort::Capture };
    let most = to_i64("maxEventCount", most)?;
    let mut sql = match ways.led_count(&lead, most)? {
        Some(sql) => sql,
        None => ways.far_count(most)?,
    };
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
