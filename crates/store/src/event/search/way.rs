//! The ways to the events that are asked for, as statements.

use sqlx::{Postgres, QueryBuilder};

use super::Search;
use super::condition::{Condition, push_between};
use super::lead::Lead;
use super::order::Sort;
use crate::convert::to_i64;
use crate::error::Error;

/// Events that [`Ways::near`] reads: some milliseconds' worth.
pub(super) const NEAR_EVENTS: u64 = 10_000;

/// Binary digits of a sequence number that do not count in the number of its span, see index `event_search_terms_idx`.
const SPAN_BITS: u32 = 12;
/// Rows that [`Ways::far`] reads in the time in which [`Ways::along`] asks for a span.
const ROWS_PER_SPAN: i64 = 32;
/// Most spans that are asked for: some hundred milliseconds' worth.
const SPANS_MAX: i64 = 4_096;

/// What all of the ways have in common.
pub(super) struct Ways<'a> {
    /// What the statement begins with.
    pub before: &'static str,
    pub search: &'a Search<'a>,
    pub conditions: &'a [Condition],
    pub sort: Sort<'a>,
}

impl Ways<'_> {
    /// By the condition that leads; `None` where there is none.
    pub(super) fn led(&self, lead: &Lead<'_>) -> Result<Option<QueryBuilder<Postgres>>, Error> {
        let mut sql = self.page();
        if !self.push_led(&mut sql, lead) {
            return Ok(None);
        }
        self.sort.push_from(&mut sql);
        self.push_bounds(&mut sql, true)?;
        self.push_asked(&mut sql, lead);
        self.push_end(&mut sql);
        Ok(Some(sql))
    }

    /// How many events [`Ways::led`] finds, at most `most`.
    pub(super) fn led_count(
        &self,
        lead: &Lead<'_>,
        most: i64,
    ) -> Result<Option<QueryBuilder<Postgres>>, Error> {
        let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT FROM (");
        if !self.push_led(&mut sql, lead) {
            return Ok(None);
        }
        self.push_bounds(&mut sql, true)?;
        self.push_asked(&mut sql, lead);
        sql.push(" LIMIT ").push_bind(most).push(") AS found");
        Ok(Some(sql))
    }

    /// Among the next events of the order that is asked for; `None` where that order has no index, or where a condition
    /// is not decided by the event's own row.
    pub(super) fn near(&self) -> Result<Option<QueryBuilder<Postgres>>, Error> {
        if !self.sort.is_indexed() || !self.conditions.iter().all(Condition::is_of_the_row) {
            return Ok(None);
        }
        let mut sql = self.page();
        sql.push("SELECT * FROM event_search x");
        self.push_bounds(&mut sql, true)?;
        self.sort.push_order(&mut sql);
        sql.push(" LIMIT ").push_bind(to_i64("events", NEAR_EVENTS)?).push(") AS x WHERE true");
        for condition in self.conditions {
            sql.push(" AND ");
            condition.push(&mut sql);
        }
        self.push_end(&mut sql);
        Ok(Some(sql))
    }

    /// Span by span along the order of capture, where all conditions are terms, as far as that is cheaper than
    /// reading all events with the rarest. Says also whether that is every span there is.
    pub(super) fn along(&self, lead: &Lead<'_>) -> Result<Option<(QueryBuilder<Postgres>, bool)>, Error> {
        let is_of_terms = |condition: &Condition| matches!(condition, Condition::Terms(_));
        let Lead::Common(rarest) = lead else { return Ok(None) };
        let is_along = matches!(self.sort, Sort::Capture) && self.conditions.iter().all(is_of_terms);
        if !is_along || self.conditions.is_empty() {
            return Ok(None);
        }
        let first = to_i64("after", self.search.after.map_or(0, |after| after.seq))? >> SPAN_BITS;
        let end = to_i64("through_seq", self.search.through_seq)? >> SPAN_BITS;
        let spans = (rarest / ROWS_PER_SPAN).clamp(1, SPANS_MAX);
        let last = end.min(first.saturating_add(spans));
        let mut sql = self.page();
        // A loop over the spans that stops when there are enough: what they give comes in order.
        sql.push("SELECT x.* FROM generate_series(").push_bind(first).push("::bigint, ").push_bind(last);
        sql.push(
            "::bigint) AS s (span) CROSS JOIN LATERAL (SELECT * FROM (SELECT * FROM event_search x WHERE ",
        );
        sql.push(format!("ARRAY[x.event_seq >> {SPAN_BITS}] && ARRAY[s.span]"));
        for condition in self.conditions {
            sql.push(" AND ");
            condition.push(&mut sql);
        }
        sql.push(" OFFSET 0) AS x");
        self.push_bounds(&mut sql, true)?;
        self.sort.push_order(&mut sql);
        sql.push(") AS x LIMIT ").push_bind(i64::from(self.search.limit)).push(") AS x");
        self.push_end(&mut sql);
        Ok(Some((sql, last == end)))
    }

    /// By whatever index PostgreSQL prefers. What is common by nature leads only with
    /// other terms: a table of its own, or an order of times, is the better choice.
    pub(super) fn far(&self) -> Result<QueryBuilder<Postgres>, Error> {
        let mut sql = self.page();
        let asked = self.push_far(&mut sql)?;
        self.sort.push_from(&mut sql);
        self.push_bounds(&mut sql, !self.sort.is_indexed())?;
        for condition in asked {
            sql.push(" AND ");
            condition.push_on_row(&mut sql);
        }
        self.push_end(&mut sql);
        Ok(sql)
    }

    /// How many events [`Ways::far`] finds, at most `most`.
    pub(super) fn far_count(&self, most: i64) -> Result<QueryBuilder<Postgres>, Error> {
        let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT FROM (");
        let asked = self.push_far(&mut sql)?;
        sql.push(" WHERE true");
        for condition in asked {
            sql.push(" AND ");
            condition.push_on_row(&mut sql);
        }
        sql.push(" LIMIT ").push_bind(most).push(") AS found");
        Ok(sql)
    }

    /// The beginning of a statement whose rows come from a sub-select, which is next.
    fn page(&self) -> QueryBuilder<Postgres> {
        let mut sql = QueryBuilder::new(self.before);
        sql.push("SELECT x.event_seq, x.captured_at, ");
        self.sort.push_key(&mut sql);
        sql.push(" FROM (");
        sql
    }

    fn push_end(&self, sql: &mut QueryBuilder<Postgres>) {
        self.sort.push_order(sql);
        sql.push(" LIMIT ").push_bind(i64::from(self.search.limit));
    }

    /// The rows of what leads; `OFFSET 0` keeps everything else out of that choice.
    fn push_led(&self, sql: &mut QueryBuilder<Postgres>, lead: &Lead<'_>) -> bool {
        match lead {
            Lead::Between(lower, upper) => push_found(sql, |sql| push_between(sql, lower, upper)),
            Lead::By(at) => match self.conditions.get(*at) {
                Some(condition) if condition.is_of_the_row() => {
                    sql.push("SELECT * FROM event_search x WHERE ");
                    condition.push(sql);
                }
                Some(condition) => push_found(sql, |sql| condition.push_keys(sql)),
                None => return false,
            },
            Lead::Common(_) => return false,
        }
        sql.push(" OFFSET 0) AS x");
        true
    }

    /// Conditions that do not lead.
    fn push_asked(&self, sql: &mut QueryBuilder<Postgres>, lead: &Lead<'_>) {
        for (at, condition) in self.conditions.iter().enumerate() {
            if !matches!(lead, Lead::By(leading) if *leading == at) {
                sql.push(" AND ");
                condition.push_on_row(sql);
            }
        }
    }

    /// All rows, by PostgreSQL's choice, and the conditions that are still to be asked of them.
    fn push_far(&self, sql: &mut QueryBuilder<Postgres>) -> Result<Vec<&Condition>, Error> {
        // The index of terms intersects them: each that is given saves it events.
        let is_all_terms = self.conditions.iter().all(|condition| matches!(condition, Condition::Terms(_)));
        let (asked, leading): (Vec<_>, Vec<_>) =
            self.conditions.iter().partition(|condition| !is_all_terms && condition.is_common_by_nature());
        sql.push("SELECT * FROM event_search x");
        self.push_bounds(sql, self.sort.is_indexed())?;
        for condition in leading {
            sql.push(" AND ");
            condition.push(sql);
        }
        sql.push(" OFFSET 0) AS x");
        Ok(asked)
    }

    /// Between the page before, where `is_after`, and the end of the walk.
    fn push_bounds(&self, sql: &mut QueryBuilder<Postgres>, is_after: bool) -> Result<(), Error> {
        sql.push(" WHERE x.event_seq <= ").push_bind(to_i64("through_seq", self.search.through_seq)?);
        match self.search.after.filter(|_| is_after) {
            Some(after) => self.sort.push_after(sql, after),
            None => Ok(()),
        }
    }
}

/// The events of keys that another table has.
fn push_found(sql: &mut QueryBuilder<Postgres>, keys: impl FnOnce(&mut QueryBuilder<Postgres>)) {
    sql.push("SELECT x.* FROM (SELECT DISTINCT k.event_seq, k.captured_at FROM (");
    keys(sql);
    sql.push(
        ") AS k OFFSET 0) AS k
         JOIN event_search x ON x.event_seq = k.event_seq AND x.captured_at = k.captured_at",
    );
}
