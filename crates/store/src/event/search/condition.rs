//! Clauses as conditions in SQL.

use epcis::CbvVocabulary;
use epcis::query::{Clause, Identifiers, KeyRange, MasterDataField, Measure, Place, Relation};
use epcis::vocabulary::normalise;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use time::OffsetDateTime;

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

    pub(super) fn push(&self, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Terms(terms) => {
                sql.push("x.terms && ").push_bind(terms.clone());
            }
            Self::Measure(measure) => push_measure(sql, measure),
            Self::EventTime(from, before) => push_times(sql, "x.event_time", *from, *before),
            Self::RecordTime(from, before) => push_times(sql, "x.captured_at", *from, *before),
            Self::Identifiers { roles, exact, ranges } => push_identifiers(sql, roles, exact, ranges),
        }
    }
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
    sql.push("x.event_seq IN (SELECT m.event_seq FROM event_measure m WHERE m.name = ");
    sql.push_bind(measure.name.clone()).push(" AND m.value ").push(measure.relation.operator());
    match (measure.relation, values.first()) {
        (Relation::Eq, _) => sql.push(" ANY (").push_bind(values).push("::text[]::numeric[]))"),
        (_, first) => sql.push(" ").push_bind(first.cloned()).push("::numeric)"),
    };
}

fn push_identifiers(sql: &mut QueryBuilder<Postgres>, roles: &[i16], exact: &[String], ranges: &[KeyRange]) {
    sql.push("x.event_seq IN (SELECT p.event_seq FROM event_epc p WHERE p.epc = ANY (");
    sql.push_bind(exact.to_vec()).push(") AND p.role = ANY (").push_bind(roles.to_vec()).push(")");
    if !ranges.is_empty() {
        let starts: Vec<String> = ranges.iter().map(|range| range.start.clone()).collect();
        // No character of a key comes after this one.
        let ends: Vec<String> = starts.iter().map(|start| format!("{start}\u{10ffff}")).collect();
        let has: Vec<String> = ranges.iter().map(|range| range.has.to_owned()).collect();
        sql.push(" UNION ALL SELECT p.event_seq FROM unnest(").push_bind(starts).push("::text[], ");
        sql.push_bind(ends).push("::text[], ").push_bind(has);
        sql.push(
            "::text[]) AS r (first, last, has) JOIN event_epc p ON p.epc >= r.first AND p.epc < r.last
             WHERE strpos(p.epc, r.has) > 0 AND p.role = ANY (",
        );
        sql.push_bind(roles.to_vec()).push(")");
    }
    sql.push(")");
}
