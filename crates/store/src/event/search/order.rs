//! The order of events, and how a page goes on where the last one ended.

use epcis::query::{Order, OrderBy};
use sqlx::{Postgres, QueryBuilder};
use time::OffsetDateTime;

use super::Position;
use crate::convert::to_i64;
use crate::error::Error;

/// What events are sorted by, then by their sequence number.
pub(super) enum Sort<'a> {
    /// Nothing else.
    Capture,
    /// A column of times.
    Time { column: &'static str, descending: bool },
    /// An extension field.
    Field { number: &'a str, time: &'a str, text: &'a str, descending: bool },
}

impl<'a> Sort<'a> {
    pub(super) fn of(order: Option<&'a Order>) -> Self {
        let Some(Order { by, descending }) = order else { return Self::Capture };
        let descending = *descending;
        match by {
            OrderBy::EventTime => Self::Time { column: "x.event_time", descending },
            OrderBy::RecordTime => Self::Time { column: "x.captured_at", descending },
            OrderBy::Extension { number, time, text } => Self::Field { number, time, text, descending },
        }
    }

    /// Whether an index has events in this order.
    pub(super) fn is_indexed(&self) -> bool {
        !matches!(self, Self::Field { .. })
    }

    /// The key as two columns of text.
    pub(super) fn push_key(&self, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Capture => sql.push("'', ''"),
            Self::Time { column, .. } => {
                sql.push("(extract(epoch FROM ").push(column).push(") * 1000000)::bigint::text, ''")
            }
            Self::Field { .. } => sql.push("k.number::text, k.text"),
        };
    }

    /// Where the key of a field comes from. An event without the field comes last either way.
    pub(super) fn push_from(&self, sql: &mut QueryBuilder<Postgres>) {
        let Self::Field { number, time, text, descending } = self else { return };
        let names = vec![(*number).to_owned(), (*time).to_owned()];
        sql.push(
            " CROSS JOIN LATERAL (SELECT coalesce((SELECT min(m.value) FROM event_measure m
                                                  WHERE m.event_seq = x.event_seq AND m.name = ANY (",
        );
        sql.push_bind(names).push(")), ");
        sql.push(if *descending { "'-Infinity'" } else { "'Infinity'" });
        sql.push(
            "::numeric) AS number,
                     coalesce((SELECT min(substr(t.term, ",
        );
        let start = i32::try_from(text.chars().count()).unwrap_or(i32::MAX).saturating_add(1);
        sql.push_bind(start).push(")) FROM unnest(x.terms) AS t (term) WHERE starts_with(t.term, ");
        sql.push_bind((*text).to_owned()).push(")), ");
        sql.push(if *descending { "''" } else { "U&'\\+10FFFF'" });
        sql.push(") COLLATE \"C\" AS text) AS k");
    }

    pub(super) fn push_after(&self, sql: &mut QueryBuilder<Postgres>, after: &Position) -> Result<(), Error> {
        let seq = to_i64("seq", after.seq)?;
        match self {
            Self::Capture => {
                sql.push(" AND x.event_seq > ").push_bind(seq);
            }
            Self::Time { column, descending } => {
                let micros = after.number.parse::<i64>().unwrap_or_default();
                let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
                    .unwrap_or(OffsetDateTime::UNIX_EPOCH);
                sql.push(" AND (").push(column).push(", x.event_seq) ").push(beyond(*descending)).push(" (");
                sql.push_bind(time).push(", ").push_bind(seq).push(")");
            }
            Self::Field { descending, .. } => {
                sql.push(" AND (k.number, k.text, x.event_seq) ").push(beyond(*descending)).push(" (");
                sql.push_bind(after.number.clone()).push("::numeric, ").push_bind(after.text.clone());
                sql.push(", ").push_bind(seq).push(")");
            }
        }
        Ok(())
    }

    pub(super) fn push_order(&self, sql: &mut QueryBuilder<Postgres>) {
        let (columns, descending) = match self {
            Self::Capture => (&["x.event_seq"][..], false),
            Self::Time { column, descending } => (&[*column, "x.event_seq"][..], *descending),
            Self::Field { descending, .. } => (&["k.number", "k.text", "x.event_seq"][..], *descending),
        };
        let direction = if descending { " DESC" } else { "" };
        let columns: Vec<String> = columns.iter().map(|column| format!("{column}{direction}")).collect();
        sql.push(" ORDER BY ").push(columns.join(", "));
    }
}

fn beyond(descending: bool) -> &'static str {
    if descending { "<" } else { ">" }
}
