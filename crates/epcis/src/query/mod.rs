//! Questions about events, as data: SimpleEventQuery (EPCIS 2.0 section 8.2.7.1).
//!
//! An [`EventQuery`] is read from parameters, in whichever way they came: the query string of the REST binding, the
//! JSON of a named query. It is a list of [`Clause`]s which all must hold. An event is found by its [`EventIndex`]:
//! the terms and measures that clauses name. Both sides are built here, so that they agree on every spelling: a key is
//! its canonical form whether it was written as a URN or a Digital Link, a word of the CBV is bare, an extension is its
//! namespace and local name whatever its prefix, and a measured value is in the base unit of its dimension.

mod attribute;
mod field;
mod index;
mod measure;
mod parameter;
pub mod schedule;
mod unit;

pub use attribute::{MasterDataField, attribute_name};
pub use gs1::epc::KeyRange;
pub use index::{EventIndex, bounded};
pub use measure::{Measure, Relation};
pub use parameter::Values;

use crate::model::{EpcRole, Event, Namespaces};

/// Most ranges of keys that the patterns of one query stand for: a hundred companies' units, each by its extension digit.
pub const RANGES_MAX: usize = 1_000;

/// Most values in all parameters of one query: a pallet's packs.
pub const VALUES_MAX: usize = 10_000;

/// What events are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventQuery {
    /// What must hold, all of it.
    pub clauses: Vec<Clause>,
    /// In which order events come; in that of their capture where nothing is said.
    pub order: Option<Order>,
    /// eventCountLimit: the first so many of that order.
    pub event_count_limit: Option<u64>,
    /// maxEventCount: more events than this are an error.
    pub max_event_count: Option<u64>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// The event has one of these terms.
    Term(Vec<String>),
    /// The event has a measure of this name that stands in this relation to one of the values.
    Measure(Measure),
    /// eventTime, in microseconds since 1970 UTC: from the first on, before the second.
    EventTime(Option<i64>, Option<i64>),
    /// recordTime, in the same way.
    RecordTime(Option<i64>, Option<i64>),
    /// One of these identifiers occurs in one of these places.
    Identifier(Identifiers),
    /// The place is one of these, or lies in one of them by the `children` of master data.
    Within {
        /// Which place of the event.
        field: MasterDataField,
        /// Canonical keys.
        places: Vec<String>,
    },
    /// What stands in the field has a master data attribute.
    Attribute {
        /// Which field of the event.
        field: MasterDataField,
        /// The names of attributes, one of which it has; see [`attribute_name`].
        names: Vec<String>,
        /// The values, one of which that attribute has; empty: any.
        values: Vec<String>,
    },
}

/// Where identifiers are looked for, and which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identifiers {
    /// The places.
    pub places: Vec<Place>,
    /// Canonical keys.
    pub exact: Vec<String>,
    /// Where canonical keys lie that match.
    pub ranges: Vec<KeyRange>,
}

/// A place in an event where identifiers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The list, or the parent.
    pub role: EpcRole,
    /// Whether it is the quantity list of that part.
    pub is_class: bool,
}

/// In which order events come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: OrderBy,
    /// From the largest to the smallest (`DESC`, as the standard has it unless told otherwise).
    pub descending: bool,
}

/// What events are ordered by. Events of the same value stand in the order of their capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderBy {
    /// eventTime.
    EventTime,
    /// recordTime.
    RecordTime,
    /// An extension field: its number or time where it is one, else its text. Events without it come last.
    Extension {
        /// The name of its numbers, see [`EventIndex::measures`].
        number: String,
        /// The name of its times.
        time: String,
        /// What the terms of its texts begin with, see [`EventIndex::terms`].
        text: String,
    },
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFault {
    /// Its name, as given.
    pub parameter: String,
    /// What is wrong.
    pub message: String,
    /// Whether there is no such parameter.
    pub unknown: bool,
}

/// The prefix of an extension in the name of a parameter, or in the value of `orderBy`; one that the standard binds is
/// none, since what captured documents make of it does not matter.
pub fn prefix_of(name: &str) -> Option<&str> {
    const OPERATORS: [&str; 8] = ["EQ_", "GT_", "GE_", "LT_", "LE_", "EXISTS_", "EQATTR_", "HASATTR_"];
    let rest = OPERATORS.iter().find_map(|operator| name.strip_prefix(operator)).unwrap_or(name);
    let attribute =
        MasterDataField::ALL.iter().find_map(|(field, _)| rest.strip_prefix(field)?.strip_prefix('_'));
    let prefix = field::prefix(if name.contains("ATTR_") { attribute.unwrap_or(rest) } else { rest })?;
    crate::model::predefined_namespace(prefix).is_none().then_some(prefix)
}

impl EventQuery {
    /// Reads a query from its parameters. Names of extensions are written with a prefix of `namespaces` or of the
    /// standard's own, or as a whole URI.
    ///
    /// # Errors
    /// Every parameter that is unknown, or has a value that it cannot have.
    pub fn parse(
        parameters: &[(String, Vec<String>)],
        namespaces: &Namespaces,
    ) -> Result<Self, Vec<QueryFault>> {
        parameter::query(parameters, namespaces)
    }

    /// Whether events are counted, cut off or put in order: what a subscription cannot do (EPCIS 2.0 section 8.2.7.1).
    pub fn is_ordered_or_bounded(&self) -> bool {
        self.order.is_some() || self.event_count_limit.is_some() || self.max_event_count.is_some()
    }

    /// Whether an event is among those asked for. Clauses that need master data are left out of the judgement.
    pub fn matches(&self, event: &Event) -> bool {
        let index = EventIndex::of(event);
        self.clauses.iter().all(|clause| index.satisfies(clause, event))
    }
}
