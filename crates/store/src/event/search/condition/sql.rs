//! Conditions in SQL: as something that an index leads to, and as something that a row is asked.

use epcis::query::{KeyRange, Measure, Relation};
use sqlx::{Postgres, QueryBuilder};
use time::OffsetDateTime;

use super::Condition;

impl Condition {
    /// A condition on row `x` of `event_search` that an index may lead to.
    pub(in super::super) fn push(&self, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Terms(terms) => {
                sql.push("x.terms && ").push_bind(terms.clone());
            }
            Self::EventTime(from, before) => push_times(sql, "x.event_time", *from, *before),
            Self::RecordTime(from, before) => push_times(sql, "x.captured_at", *from, *before),
            Self::Measure(_) | Self::Identifiers { .. } => {
                sql.push("x.event_seq IN (SELECT k.event_seq FROM (");
                self.push_keys(sql);
                sql.push(") AS k)");
            }
        }
    }

    /// The same for few rows `x`, which come from elsewhere. `OFFSET 0` keeps it a question to each row.
    pub(in super::super) fn push_on_row(&self, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Measure(measure) => {
                sql.push(
                    "EXISTS (SELECT FROM event_measure m
                             WHERE m.event_seq = x.event_seq AND m.captured_at = x.captured_at AND ",
                );
                push_measure(sql, measure);
                sql.push(" OFFSET 0)");
            }
            Self::Identifiers { roles, exact, ranges } if ranges.is_empty() => {
                sql.push("EXISTS (SELECT FROM event_epc p WHERE p.event_seq = x.event_seq AND p.epc = ANY (");
                sql.push_bind(exact.clone()).push(") AND p.captured_at = x.captured_at AND p.role = ANY (");
                sql.push_bind(roles.clone()).push(") OFFSET 0)");
            }
            _ => self.push(sql),
        }
    }

    /// `event_seq` and `captured_at` of the events, maybe more than once, where they are found in another table.
    pub(in super::super) fn push_keys(&self, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Terms(_) | Self::EventTime(..) | Self::RecordTime(..) => {
                sql.push("SELECT x.event_seq, x.captured_at FROM event_search x WHERE ");
                self.push(sql);
            }
            Self::Measure(measure) => {
                sql.push("SELECT m.event_seq, m.captured_at FROM event_measure m WHERE ");
                push_measure(sql, measure);
            }
            Self::Identifiers { roles, exact, ranges } => push_identifiers(sql, Some(roles), exact, ranges),
        }
    }

    /// Rows of an index that are read to find its events: at least as many as there are events.
    pub(in super::super) fn push_entries(&self, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Identifiers { exact, ranges, .. } => push_identifiers(sql, None, exact, ranges),
            _ => self.push_keys(sql),
        }
    }
}

/// The keys, as [`Condition::push_keys`] has them, of all events that may have a measure within two bounds: those with a
/// value between the two, and those with several values, one of which meets the first bound.
pub(in super::super) fn push_between(sql: &mut QueryBuilder<Postgres>, lower: &Measure, upper: &Measure) {
    sql.push("SELECT m.event_seq, m.captured_at FROM event_measure m WHERE ");
    push_measure(sql, lower);
    sql.push(" AND ");
    push_measure(sql, upper);
    sql.push(" UNION ALL SELECT m.event_seq, m.captured_at FROM event_measure m WHERE m.several AND ");
    push_measure(sql, lower);
}

fn push_times(
    sql: &mut QueryBuilder<Postgres>,
    column: &'static str,
    from: Option<OffsetDateTime>,
    before: Option<OffsetDateTime>,
) {
    sql.push("(true");
    if let Some(from) = from {
        sql.push(" AND ").push(column).push(" >= ").push_bind(from);
    }
    if let Some(before) = before {
        sql.push(" AND ").push(column).push(" < ").push_bind(before);
    }
    sql.push(")");
}

fn push_measure(sql: &mut QueryBuilder<Postgres>, measure: &Measure) {
    let values: Vec<String> = measure.values.iter().map(|value| value.normalised()).collect();
    sql.push("m.name = ").push_bind(measure.name.clone());
    sql.push(" AND m.value ").push(measure.relation.operator());
    match (measure.relation, values.first()) {
        (Relation::Eq, _) => sql.push(" ANY (").push_bind(values).push("::text[]::numeric[])"),
        (_, first) => sql.push(" ").push_bind(first.cloned()).push("::numeric"),
    };
}

/// Without roles: all that the index is read for.
fn push_identifiers(
    sql: &mut QueryBuilder<Postgres>,
    roles: Option<&[i16]>,
    exact: &[String],
    ranges: &[KeyRange],
) {
    sql.push("SELECT p.event_seq, p.captured_at FROM event_epc p WHERE p.epc = ANY (");
    sql.push_bind(exact.to_vec()).push(")");
    push_roles(sql, roles);
    if ranges.is_empty() {
        return;
    }
    let starts: Vec<String> = ranges.iter().map(|range| range.start.clone()).collect();
    // No character of a key comes after this one.
    let ends: Vec<String> = starts.iter().map(|start| format!("{start}\u{10ffff}")).collect();
    let has: Vec<String> = ranges.iter().map(|range| range.has.to_owned()).collect();
    sql.push(" UNION ALL SELECT p.event_seq, p.captured_at FROM unnest(").push_bind(starts);
    sql.push("::text[], ").push_bind(ends).push("::text[], ").push_bind(has);
    sql.push(
        "::text[]) AS r (first, last, has) JOIN event_epc p ON p.epc >= r.first AND p.epc < r.last WHERE true",
    );
    if roles.is_some() {
        sql.push(" AND strpos(p.epc, r.has) > 0");
    }
    push_roles(sql, roles);
}

fn push_roles(sql: &mut QueryBuilder<Postgres>, roles: Option<&[i16]>) {
    if let Some(roles) = roles {
        sql.push(" AND p.role = ANY (").push_bind(roles.to_vec()).push(")");
    }
}
