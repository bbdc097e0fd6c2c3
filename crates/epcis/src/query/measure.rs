//! Numbers and times by which events are compared.

use std::cmp::Ordering;

use crate::model::{Decimal, Timestamp};

/// How a value stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Equal.
    Eq,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

impl Relation {
    /// Whether `left` stands so to `right`.
    pub fn holds(self, left: &Decimal, right: &Decimal) -> bool {
        let order = left.cmp(right);
        match self {
            Self::Eq => order == Ordering::Equal,
            Self::Gt => order == Ordering::Greater,
            Self::Ge => order != Ordering::Less,
            Self::Lt => order == Ordering::Less,
            Self::Le => order != Ordering::Greater,
        }
    }

    /// The operator in SQL.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
        }
    }
}

/// A condition on a number or time of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The name of the measure; see [`EventIndex::measures`](super::EventIndex::measures).
    pub name: String,
    /// How the event's value stands to one of `values`.
    pub relation: Relation,
    /// The values, at least one; times in microseconds since 1970 UTC.
    pub values: Vec<Decimal>,
}

/// A number or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Time,
}

impl Kind {
    /// The name of a field's measures of this kind.
    pub fn of(self, field: &str) -> String {
        match self {
            Self::Number => format!("{field}#number"),
            Self::Time => format!("{field}#time"),
        }
    }
}

/// The number or time that a text is: a number, a time with its offset, or a date, which stands for its beginning in UTC.
pub(super) fn read(text: &str) -> Option<(Kind, Decimal)> {
    if let Some(number) = Decimal::parse(text) {
        return Some((Kind::Number, number));
    }
    time(text).map(|time| (Kind::Time, time))
}

/// The time that a text is, in microseconds.
pub(super) fn time(text: &str) -> Option<Decimal> {
    let is_date = text.len() == 10 && text.as_bytes().get(4) == Some(&b'-');
    let time = if is_date { Timestamp::parse(&format!("{text}T00:00:00Z")) } else { Timestamp::parse(text) };
    time.as_ref().map(micros)
}

pub(super) fn micros(time: &Timestamp) -> Decimal {
    Decimal::parse(&time.unix_micros().to_string()).unwrap_or_else(|| Decimal::from_u64(0))
}
