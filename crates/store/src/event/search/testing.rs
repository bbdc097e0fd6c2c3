//! What the ways do, each by itself: for tests.

use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};

use super::lead::{self, Lead};
use super::order::Sort;
use super::way::Ways;
use super::{Search, condition, is_all_near, set_plan_mode};
use crate::error::Error;

/// How PostgreSQL does a search, each of the ways that are gone, and what that cost.
///
/// # Errors
/// As [`search`](super::search).
pub async fn explain(conn: &mut PgConnection, search: &Search<'_>) -> Result<Vec<String>, Error> {
    let conditions = condition::all(conn, &search.query.clauses, search.site).await?;
    set_plan_mode(conn, "force_custom_plan").await?;
    let lead = lead::choose(conn, &conditions).await?;
    let sort = || Sort::of(search.query.order.as_ref());
    let before = "EXPLAIN (ANALYZE, TIMING OFF) ";
    let explained = Ways { before, search, conditions: &conditions, sort: sort() };
    let asked = Ways { before: "", search, conditions: &conditions, sort: sort() };
    let mut plans = Vec::new();
    let limit = search.limit as usize;
    if let Some(sql) = explained.led(&lead)? {
        plans.push(plan(conn, sql).await?);
        return Ok(plans);
    }
    if let (Some(sql), Some(near)) = (explained.near()?, asked.near()?) {
        plans.push(plan(conn, sql).await?);
        if seqs(conn, near).await?.len() >= limit || is_all_near(search) {
            return Ok(plans);
        }
    }
    if let (Some((sql, is_all)), Some((along, _))) = (explained.along(&lead)?, asked.along(&lead)?) {
        plans.push(plan(conn, sql).await?);
        if is_all || seqs(conn, along).await?.len() >= limit {
            return Ok(plans);
        }
    }
    plans.push(plan(conn, explained.far()?).await?);
    Ok(plans)
}

/// Sequence numbers of what each way finds that is possible: led by each condition and by each pair of bounds, along the
/// whole order of capture, and far.
///
/// # Errors
/// As [`search`](super::search).
pub async fn each_way(
    conn: &mut PgConnection,
    search: &Search<'_>,
) -> Result<Vec<(String, Vec<i64>)>, Error> {
    let conditions = condition::all(conn, &search.query.clauses, search.site).await?;
    set_plan_mode(conn, "force_custom_plan").await?;
    let sort = Sort::of(search.query.order.as_ref());
    let ways = Ways { before: "", search, conditions: &conditions, sort };
    let mut found = vec![("far".to_owned(), seqs(conn, ways.far()?).await?)];
    let single = (0..conditions.len()).map(|at| (format!("led by {at}"), Lead::By(at)));
    let pairs = lead::bounds(&conditions).map(|(low, high)| ("between".to_owned(), Lead::Between(low, high)));
    for (name, lead) in single.chain(pairs) {
        if let Some(sql) = ways.led(&lead)? {
            found.push((name, seqs(conn, sql).await?));
        }
    }
    if let Some((sql, true)) = ways.along(&Lead::Common(i64::MAX))? {
        found.push(("along".to_owned(), seqs(conn, sql).await?));
    }
    if let Some(sql) = ways.near()?.filter(|_| is_all_near(search)) {
        found.push(("near".to_owned(), seqs(conn, sql).await?));
    }
    set_plan_mode(conn, "force_generic_plan").await?;
    Ok(found)
}

async fn seqs(conn: &mut PgConnection, mut sql: QueryBuilder<Postgres>) -> Result<Vec<i64>, Error> {
    let rows = sql.build().persistent(false).fetch_all(conn).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn plan(conn: &mut PgConnection, mut sql: QueryBuilder<Postgres>) -> Result<String, Error> {
    let lines: Vec<String> = sql.build_query_scalar().persistent(false).fetch_all(conn).await?;
    Ok(lines.join("\n"))
}
