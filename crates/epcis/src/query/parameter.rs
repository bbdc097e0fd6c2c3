//! From parameters to clauses (EPCIS 2.0 section 8.2.7.1).

use super::attribute::{MasterDataField, attribute_name};
use super::field;
use super::index::{bounded, field_measure, one_identity, term};
use super::measure::{self, Kind, Measure, Relation};
use super::unit::{difference_in_base, in_base};
use super::{Clause, EventQuery, Identifiers, Order, OrderBy, Place, QueryFault, RANGES_MAX, VALUES_MAX};
use crate::model::{Action, Decimal, EpcRole, EventType, Namespaces, Timestamp};
use crate::vocabulary::{Vocabulary, normalise};

/// The values of one parameter: alternatives.
pub type Values = Vec<String>;

/// What a parameter comes to.
enum Part {
    Clause(Clause),
    OrderBy(OrderBy),
    Descending(bool),
    EventCountLimit(u64),
    MaxEventCount(u64),
}

/// What is wrong: a message, or `None` where there is no such parameter.
type Refusal = Option<String>;

fn refusal(message: impl Into<String>) -> Refusal {
    Some(message.into())
}

pub(super) fn query(
    parameters: &[(String, Values)],
    namespaces: &Namespaces,
) -> Result<EventQuery, Vec<QueryFault>> {
    let (mut query, mut faults) = (EventQuery::default(), Vec::new());
    let (mut by, mut descending) = (None, None);
    let mut fault = |parameter: &str, message: Refusal| {
        let unknown = message.is_none();
        let message = message.unwrap_or_else(|| "there is no such parameter".to_owned());
        faults.push(QueryFault { parameter: parameter.to_owned(), message, unknown });
    };
    let mut count = 0_usize;
    for (place, (name, values)) in parameters.iter().enumerate() {
        count = count.saturating_add(values.len());
        if count > VALUES_MAX {
            fault(name, refusal(format!("more than {VALUES_MAX} values in all")));
            break;
        }
        if parameters.iter().take(place).any(|(earlier, _)| earlier == name) {
            fault(name, refusal("given twice; alternatives are joined by |"));
            continue;
        }
        match part(name, values, namespaces) {
            Ok(Part::Clause(clause)) => query.clauses.push(clause),
            Ok(Part::OrderBy(field)) => by = Some(field),
            Ok(Part::Descending(is)) => descending = Some(is),
            Ok(Part::EventCountLimit(limit)) => query.event_count_limit = Some(limit),
            Ok(Part::MaxEventCount(limit)) => query.max_event_count = Some(limit),
            Err(message) => fault(name, message),
        }
    }
    if query.event_count_limit.is_some() && query.max_event_count.is_some() {
        fault("maxEventCount", refusal("not together with eventCountLimit"));
    }
    if query.event_count_limit.is_some() && by.is_none() {
        fault("eventCountLimit", refusal("the first of which order? Give orderBy as well"));
    }
    if descending.is_some() && by.is_none() {
        fault("orderDirection", refusal("give orderBy as well"));
    }
    query.order = by.map(|by| Order { by, descending: descending.unwrap_or(true) });
    if faults.is_empty() { Ok(query) } else { Err(faults) }
}

fn part(name: &str, values: &Values, namespaces: &Namespaces) -> Result<Part, Refusal> {
    match name {
        "orderBy" => return order_by(one(values)?, namespaces).map(Part::OrderBy),
        "orderDirection" => {
            return match one(values)? {
                "ASC" => Ok(Part::Descending(false)),
                "DESC" => Ok(Part::Descending(true)),
                _ => Err(refusal("ASC or DESC")),
            };
        }
        "eventCountLimit" => return natural(one(values)?).map(Part::EventCountLimit),
        "maxEventCount" => return natural(one(values)?).map(Part::MaxEventCount),
        "eventType" => {
            return words(name, values, None, |text| EventType::parse(text).is_some()).map(Part::Clause);
        }
        _ => {}
    }
    let (operator, rest) = name.split_once('_').ok_or(None)?;
    let clause = match operator {
        "EQ" => equal(rest, values, namespaces)?,
        "GT" => compared(Relation::Gt, rest, values, namespaces)?,
        "GE" => compared(Relation::Ge, rest, values, namespaces)?,
        "LT" => compared(Relation::Lt, rest, values, namespaces)?,
        "LE" => compared(Relation::Le, rest, values, namespaces)?,
        "MATCH" => identifiers(rest, values)?,
        "WD" => within(rest, values)?,
        "EXISTS" => exists(rest, values, namespaces)?,
        "HASATTR" => has_attribute(rest, values, namespaces)?,
        "EQATTR" => attribute(rest, values, namespaces)?,
        _ => return Err(None),
    };
    Ok(Part::Clause(clause))
}

fn one(values: &Values) -> Result<&str, Refusal> {
    match values.as_slice() {
        [value] if !value.is_empty() => Ok(value),
        _ => Err(refusal("one value")),
    }
}

fn natural(text: &str) -> Result<u64, Refusal> {
    let number = text.parse::<u64>().ok().filter(|number| (1..=1_000_000_000).contains(number));
    number.ok_or_else(|| refusal("a whole number from 1 to 1000000000"))
}

/// The values, at least one, none of them empty.
fn some(values: &Values) -> Result<impl Iterator<Item = &str>, Refusal> {
    if values.is_empty() || values.iter().any(String::is_empty) {
        return Err(refusal("at least one value, and none that is empty"));
    }
    Ok(values.iter().map(String::as_str))
}

/// A field with one of some words.
fn words(
    field: &str,
    values: &Values,
    vocabulary: Option<Vocabulary>,
    is_known: impl Fn(&str) -> bool,
) -> Result<Clause, Refusal> {
    let mut terms = Vec::new();
    for value in some(values)? {
        if !is_known(value) {
            return Err(refusal(format!("{value:?} is none of its values")));
        }
        let value = vocabulary.map_or_else(|| one_identity(value), |vocabulary| normalise(vocabulary, value));
        terms.push(term(field, &value));
    }
    Ok(Clause::Term(terms))
}

fn any(_: &str) -> bool {
    true
}

fn equal(field: &str, values: &Values, namespaces: &Namespaces) -> Result<Clause, Refusal> {
    if let Some(rest) = field.strip_prefix("ATTR_") {
        // The spelling of GS1's query schema.
        return attribute(rest, values, namespaces);
    }
    let vocabulary = match field {
        "action" => return words(field, values, None, |text| Action::parse(text).is_some()),
        "bizStep" => Some(Vocabulary::BizStep),
        "disposition" | "persistentDisposition_set" | "persistentDisposition_unset" => {
            Some(Vocabulary::Disposition)
        }
        "errorReason" => Some(Vocabulary::ErrorReason),
        "type" => Some(Vocabulary::Measurement),
        "exception" => Some(Vocabulary::SensorAlert),
        "component" => Some(Vocabulary::Component),
        "readPoint"
        | "bizLocation"
        | "transformationID"
        | "eventID"
        | "correctiveEventID"
        | "deviceID"
        | "deviceMetadata"
        | "rawData"
        | "dataProcessingMethod"
        | "microorganism"
        | "chemicalSubstance"
        | "coordinateReferenceSystem"
        | "bizRules"
        | "stringValue"
        | "uriValue" => None,
        "booleanValue" => return words(field, values, None, |text| matches!(text, "true" | "false")),
        "hexBinaryValue" => {
            let upper = values.iter().map(|value| value.to_ascii_uppercase()).collect();
            return words(field, &upper, None, |text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        _ => {
            let of_type = [
                ("bizTransaction_", Vocabulary::BizTransactionType),
                ("source_", Vocabulary::SourceDestType),
                ("destination_", Vocabulary::SourceDestType),
            ];
            for (start, types) in of_type {
                if let Some(kind) = field.strip_prefix(start) {
                    let name = format!("{start}{}", normalise(types, kind));
                    return words(&name, values, None, any);
                }
            }
            if let Some(name) = measured(field) {
                return measure_clause(Relation::Eq, name, values);
            }
            return extension(field, values, namespaces);
        }
    };
    words(field, values, vocabulary, any)
}

/// EQ of an extension: its text, or its number where JSON has one.
fn extension(name: &str, values: &Values, namespaces: &Namespaces) -> Result<Clause, Refusal> {
    let field = field::parse(name, namespaces)?;
    let mut terms = Vec::new();
    for value in some(values)? {
        terms.push(term(&field, &one_identity(value)));
        if let Some(number) = Decimal::parse(value) {
            terms.push(term(&field, &format!("#{}", number.normalised())));
        }
    }
    Ok(Clause::Term(terms))
}

/// How a measure that the standard names is found.
enum Measured<'a> {
    /// By its name alone.
    Plain(&'a str),
    /// In a unit.
    In { name: &'a str, uom: &'a str },
}

fn measured(field: &str) -> Option<Measured<'_>> {
    const NAMES: [&str; 7] = ["quantity", "value", "minValue", "maxValue", "meanValue", "sDev", "percValue"];
    if matches!(field, "quantity" | "percRank") {
        return Some(Measured::Plain(field));
    }
    let (name, uom) = field.split_once('_')?;
    let is_uom = (1..=20).contains(&uom.len()) && uom.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (NAMES.contains(&name) && is_uom).then_some(Measured::In { name, uom })
}

fn measure_clause(relation: Relation, measured: Measured<'_>, values: &Values) -> Result<Clause, Refusal> {
    let numbers: Option<Vec<Decimal>> = some(values)?.map(Decimal::parse).collect();
    let numbers = numbers.ok_or_else(|| refusal("a number"))?;
    let (name, values) = match measured {
        Measured::Plain(name) => (name.to_owned(), numbers),
        Measured::In { name, uom } => {
            let convert = if name == "sDev" { difference_in_base } else { in_base };
            let based: Vec<(String, Decimal)> = numbers.iter().map(|number| convert(number, uom)).collect();
            let (dimension, _) = based.first().ok_or(None)?.clone();
            (format!("{name} {dimension}"), based.into_iter().map(|(_, base)| base).collect())
        }
    };
    Ok(Clause::Measure(Measure { name, relation, values }))
}

fn compared(
    relation: Relation,
    field: &str,
    values: &Values,
    namespaces: &Namespaces,
) -> Result<Clause, Refusal> {
    let is_range = matches!(relation, Relation::Ge | Relation::Lt);
    match field {
        "eventTime" | "recordTime" if is_range => {
            let micros = Timestamp::parse(&spaced(one(values)?)).ok_or_else(no_time)?.unix_micros();
            let (from, before) = match relation {
                Relation::Ge => (Some(micros), None),
                _ => (None, Some(micros)),
            };
            return Ok(match field {
                "eventTime" => Clause::EventTime(from, before),
                _ => Clause::RecordTime(from, before),
            });
        }
        "time" | "startTime" | "endTime" | "errorDeclarationTime" | "errorDeclaration_Time" if is_range => {
            let name = if field == "errorDeclaration_Time" { "errorDeclarationTime" } else { field };
            let time = Timestamp::parse(&spaced(one(values)?)).ok_or_else(no_time)?;
            let values = vec![measure::micros(&time)];
            return Ok(Clause::Measure(Measure { name: name.to_owned(), relation, values }));
        }
        _ => {}
    }
    if let Some(name) = measured(field) {
        one(values)?;
        return measure_clause(relation, name, values);
    }
    let field = field::parse(field, namespaces)?;
    let (kind, value) = measure::read(&spaced(one(values)?))
        .ok_or_else(|| refusal("a number, a time with its offset, or a date"))?;
    Ok(Clause::Measure(Measure { name: field_measure(kind, &field), relation, values: vec![value] }))
}

/// A plus in a query string means a space: `…T07:00:00 01:00`.
fn spaced(text: &str) -> String {
    text.replace(' ', "+")
}

fn no_time() -> Refusal {
    refusal("a time is written like 2026-11-23T06:00:00.000Z, with its offset")
}

fn identifiers(field: &str, values: &Values) -> Result<Clause, Refusal> {
    use EpcRole::{Child, Epc, Input, Output, Parent};
    let (roles, is_class): (&[EpcRole], bool) = match field {
        "epc" => (&[Epc, Child], false),
        "parentID" => (&[Parent], false),
        "inputEPC" => (&[Input], false),
        "outputEPC" => (&[Output], false),
        "anyEPC" => (&[Epc, Child, Parent, Input, Output], false),
        "epcClass" => (&[Epc, Child], true),
        "inputEPCClass" => (&[Input], true),
        "outputEPCClass" => (&[Output], true),
        "anyEPCClass" => (&[Epc, Child, Input, Output], true),
        _ => return Err(None),
    };
    let places = roles.iter().map(|role| Place { role: *role, is_class }).collect();
    let mut asked = Identifiers { places, ..Identifiers::default() };
    for value in some(values)? {
        match gs1::EpcPattern::parse(value) {
            Ok(pattern) => {
                asked.exact.extend(pattern.exact);
                asked.ranges.extend(pattern.ranges);
            }
            // Private identifiers are URIs too (CBV 2.0 section 8.2).
            Err(_) if value.contains(':') && !value.starts_with("urn:epc:") => {
                asked.exact.push(bounded(value).into_owned())
            }
            Err(error) => return Err(refusal(format!("{value:?}: {error}"))),
        }
    }
    asked.ranges.sort_unstable();
    asked.ranges.dedup();
    if asked.ranges.len() > RANGES_MAX {
        return Err(refusal(format!("the patterns stand for more than {RANGES_MAX} ranges of identifiers")));
    }
    Ok(Clause::Identifier(asked))
}

fn within(field: &str, values: &Values) -> Result<Clause, Refusal> {
    let field = match field {
        "readPoint" => MasterDataField::ReadPoint,
        "bizLocation" => MasterDataField::BizLocation,
        _ => return Err(None),
    };
    let places = some(values)?.map(|value| bounded(&one_identity(value)).into_owned()).collect();
    Ok(Clause::Within { field, places })
}

fn exists(field: &str, values: &Values, namespaces: &Namespaces) -> Result<Clause, Refusal> {
    // GS1's OpenAPI has a boolean here and its query schema a number or null.
    if !values.iter().all(|value| matches!(value.as_str(), "" | "true" | "1")) {
        return Err(refusal("true, or nothing"));
    }
    let term = match field {
        "errorDeclaration" | "sensorElementList" => field.to_owned(),
        _ => field::parse(field, namespaces)?,
    };
    Ok(Clause::Term(vec![term]))
}

/// The field that a parameter of master data begins with, and what follows it.
fn master_data(text: &str) -> Result<(MasterDataField, Option<&str>), Refusal> {
    let mut fields = MasterDataField::ALL.into_iter().filter_map(|(name, field)| {
        let rest = text.strip_prefix(name)?;
        match rest.strip_prefix('_') {
            Some(attribute) if !attribute.is_empty() => Some((field, Some(attribute))),
            _ => rest.is_empty().then_some((field, None)),
        }
    });
    fields.next().ok_or(None)
}

fn has_attribute(text: &str, values: &Values, namespaces: &Namespaces) -> Result<Clause, Refusal> {
    let (field, name) = master_data(text)?;
    let names = match name {
        Some(name) if values.iter().all(|value| matches!(value.as_str(), "" | "true" | "1")) => {
            vec![attribute_name(name, namespaces)]
        }
        Some(_) => return Err(refusal("true, or nothing")),
        None => some(values)?.map(|name| attribute_name(name, namespaces)).collect(),
    };
    Ok(Clause::Attribute { field, names, values: Vec::new() })
}

fn attribute(text: &str, values: &Values, namespaces: &Namespaces) -> Result<Clause, Refusal> {
    let (field, name) = master_data(text)?;
    let names = vec![attribute_name(name.ok_or(None)?, namespaces)];
    Ok(Clause::Attribute {
        field,
        names,
        values: some(values)?.map(|value| bounded(value).into_owned()).collect(),
    })
}

fn order_by(text: &str, namespaces: &Namespaces) -> Result<OrderBy, Refusal> {
    Ok(match text {
        "eventTime" => OrderBy::EventTime,
        "recordTime" => OrderBy::RecordTime,
        _ => {
            let field = field::parse(text, namespaces).map_err(|message| {
                message.or_else(|| refusal("eventTime, recordTime, or an extension field"))
            })?;
            OrderBy::Extension {
                number: Kind::Number.of(&field),
                time: Kind::Time.of(&field),
                text: format!("{field}="),
            }
        }
    })
}

#[cfg(test)]
mod tests;
