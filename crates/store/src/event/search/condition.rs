//! Clauses as conditions, with master data looked up.

mod sql;

use epcis::CbvVocabulary;
use epcis::query::{Clause, Identifiers, KeyRange, MasterDataField, Measure, Place};
use epcis::vocabulary::normalise;
use sqlx::PgConnection;
use time::OffsetDateTime;

pub(super) use self::sql::push_between;
use crate::error::Error;
use crate::event_epc::EpcRole;
use crate::master_data;

/// A condition that needs no more look-ups.
pub(super) enum Condition {
    /// One of these terms.
    Terms(Vec<String>),
    Measure(Measure),
    EventTime(Option<OffsetDateTime>, Option<OffsetDateTime>),
    RecordTime(Option<OffsetDateTime>, Option<OffsetDateTime>),
    /// One of these identifiers, or one that begins like this, in one of these roles.
    Identifiers {
        roles: Vec<i16>,
        exact: Vec<String>,
        ranges: Vec<KeyRange>,
    },
}

/// All that must hold: the clauses, and that the event is of the site.
pub(super) async fn all(
    conn: &mut PgConnection,
    clauses: &[Clause],
    site: Option<&str>,
) -> Result<Vec<Condition>, Error> {
    let mut conditions: Vec<Condition> =
        site.map(|gln| Condition::Terms(vec![format!("site={gln}")])).into_iter().collect();
    for clause in clauses {
        conditions.push(match clause {
            Clause::Term(terms) => Condition::Terms(terms.clone()),
            Clause::Measure(measure) => Condition::Measure(measure.clone()),
            Clause::EventTime(from, before) => Condition::EventTime(moment(*from), moment(*before)),
            Clause::RecordTime(from, before) => Condition::RecordTime(moment(*from), moment(*before)),
            Clause::Identifier(asked) => identifiers(asked),
            Clause::Within { field, places } => {
                of_field(*field, master_data::within(&mut *conn, places).await?)
            }
            Clause::Attribute { field, names, values } => {
                of_field(*field, master_data::having(&mut *conn, names, values).await?)
            }
        });
    }
    Ok(conditions)
}

/// The nearest moment that PostgreSQL's driver has.
fn moment(micros: Option<i64>) -> Option<OffsetDateTime> {
    let nearest = |micros: i64| {
        let last =
            if micros < 0 { OffsetDateTime::UNIX_EPOCH } else { time::PrimitiveDateTime::MAX.assume_utc() };
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap_or(last)
    };
    micros.map(nearest)
}

fn identifiers(asked: &Identifiers) -> Condition {
    Condition::Identifiers {
        roles: asked.places.iter().map(role).collect(),
        exact: asked.exact.clone(),
        ranges: asked.ranges.clone(),
    }
}

fn role(place: &Place) -> i16 {
    let role = match (place.role, place.is_class) {
        (epcis::EpcRole::Epc, false) => EpcRole::Epc,
        (epcis::EpcRole::Parent, _) => EpcRole::Parent,
        (epcis::EpcRole::Child, false) => EpcRole::Child,
        (epcis::EpcRole::Input, false) => EpcRole::Input,
        (epcis::EpcRole::Output, false) => EpcRole::Output,
        (epcis::EpcRole::Epc, true) => EpcRole::Quantity,
        (epcis::EpcRole::Child, true) => EpcRole::ChildQuantity,
        (epcis::EpcRole::Input, true) => EpcRole::InputQuantity,
        (epcis::EpcRole::Output, true) => EpcRole::OutputQuantity,
    };
    role.code()
}

fn vocabulary(field: MasterDataField) -> Option<CbvVocabulary> {
    match field {
        MasterDataField::BizStep => Some(CbvVocabulary::BizStep),
        MasterDataField::Disposition => Some(CbvVocabulary::Disposition),
        _ => None,
    }
}

/// The field has one of these identifiers of master data.
fn of_field(field: MasterDataField, ids: Vec<String>) -> Condition {
    let instances = [EpcRole::Epc, EpcRole::Parent, EpcRole::Child, EpcRole::Input, EpcRole::Output];
    let classes =
        [EpcRole::Quantity, EpcRole::ChildQuantity, EpcRole::InputQuantity, EpcRole::OutputQuantity];
    let roles: &[EpcRole] = match field {
        MasterDataField::Epc => &instances,
        MasterDataField::ParentId => &[EpcRole::Parent],
        MasterDataField::EpcClass => &classes,
        MasterDataField::ReadPoint
        | MasterDataField::BizLocation
        | MasterDataField::BizStep
        | MasterDataField::Disposition
        | MasterDataField::Source
        | MasterDataField::Destination => {
            let terms = field.term_starts().iter().flat_map(|start| {
                // Master data may spell a word of the CBV in full; terms have it bare.
                ids.iter().map(move |id| match vocabulary(field) {
                    Some(vocabulary) => format!("{start}{}", normalise(vocabulary, id)),
                    None => format!("{start}{id}"),
                })
            });
            return Condition::Terms(terms.collect());
        }
    };
    Condition::Identifiers {
        roles: roles.iter().map(|role| role.code()).collect(),
        // What a class has, its instances and lots have.
        ranges: ids.iter().map(|id| KeyRange { start: format!("{id}/"), has: "" }).collect(),
        exact: ids,
    }
}

impl Condition {
    /// Whether it is decided by the event's own row of the index.
    pub(super) fn is_of_the_row(&self) -> bool {
        matches!(self, Self::Terms(_) | Self::EventTime(..) | Self::RecordTime(..))
    }

    /// Whether most events may well meet it, by what it asks for: a type, an action, or the site that its client is of.
    pub(super) fn is_common_by_nature(&self) -> bool {
        let common =
            |term: &String| ["eventType=", "action=", "site="].iter().any(|start| term.starts_with(start));
        matches!(self, Self::Terms(terms) if terms.iter().any(common))
    }
}
