//! What an event is found by.

use std::borrow::Cow;
use std::collections::BTreeSet;

use gs1::EpcKey;
use sha2::{Digest as _, Sha256};

use super::field::{Family, joined};
use super::measure::{Kind, micros, read};
use super::unit::{difference_in_base, in_base};
use super::{Clause, Identifiers, Place};
use crate::model::{
    Decimal, ErrorDeclaration, Event, EventBody, Extensions, Location, ScalarKind, SensorElement,
    SensorReport, Timestamp, Value,
};

/// Longest value that stands in a term as it is; of a longer one the term has the SHA-256. Twice a Digital Link.
const VALUE_BYTES_MAX: usize = 250;

/// Most terms of one event, and most measures: a sensor that reports once a second for an hour. What is beyond is not
/// found by a query; it is stored all the same.
const ENTRIES_MAX: usize = 10_000;

/// Terms and measures of one event.
///
/// A term is a name, or a name, `=` and a value: `bizStep=shipping`, `source_owning_party=417/9521141123452`,
/// `ilmd:urn:epcglobal:cbv:mda|lotNumber=ABC`. A name alone says that the field is there. Values of extensions that
/// JSON wrote as numbers are preceded by `#`, so that `5` and `5.0` are one. `@example=https://ns.example.com/` is a prefix
/// in scope, and `site=9521141123452` a place or party of the event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventIndex {
    /// Terms, each once.
    pub terms: BTreeSet<String>,
    /// Measures: name and value, each once. Times are in microseconds since 1970 UTC.
    pub measures: BTreeSet<(String, Decimal)>,
}

/// A text that an index takes: a longer one is its SHA-256.
pub fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= VALUE_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    Cow::Owned(digest(text))
}

pub(super) fn digest(text: &str) -> String {
    format!("sha-256;{}", hex::encode(Sha256::digest(text.as_bytes())))
}

/// A term of a name and a value.
pub(super) fn term(name: &str, value: &str) -> String {
    format!("{}={}", bounded(name), bounded(value))
}

/// A key in canonical form whatever its spelling; another text as it is.
pub(super) fn one_identity(text: &str) -> Cow<'_, str> {
    let may_be_key = text.starts_with("urn:epc:") || text.contains("://");
    match may_be_key.then(|| EpcKey::parse(text)) {
        Some(Ok(key)) => Cow::Owned(key.path()),
        _ => Cow::Borrowed(text),
    }
}

impl EventIndex {
    /// As it is stored: terms, and names of measures with their values as decimal text.
    pub fn into_texts(self) -> (Vec<String>, Vec<(String, String)>) {
        let measures = self.measures.into_iter().map(|(name, value)| (name, value.normalised()));
        (self.terms.into_iter().collect(), measures.collect())
    }

    /// The index of an event.
    pub fn of(event: &Event) -> Self {
        let mut index = Self::default();
        index.what_and_why(event);
        index.where_and_with_whom(event);
        if let Some(declaration) = &event.error_declaration {
            index.error_declaration(declaration);
        }
        for (_, quantity) in event.quantities() {
            if let Some(value) = &quantity.quantity {
                index.measure("quantity".to_owned(), value.clone());
                index.measured("quantity", value, quantity.uom.as_deref().unwrap_or("EA"));
            }
        }
        index.sensors(&event.sensor_elements);
        for (prefix, namespace) in event.namespaces.iter() {
            // So that a query that uses the prefix can be understood.
            if prefix.len() + namespace.len() <= VALUE_BYTES_MAX {
                index.add(format!("@{prefix}={namespace}"));
            }
        }
        index.extensions(Family::Event, &event.extensions);
        if let Some(ilmd) = event.ilmd() {
            index.extensions(Family::Ilmd, ilmd);
        }
        index
    }

    fn what_and_why(&mut self, event: &Event) {
        self.word("eventType", event.event_type().as_str());
        self.words("action", event.action().map(|action| action.as_str()));
        self.words("eventID", event.event_id.as_deref());
        self.words("bizStep", event.biz_step.as_deref());
        self.words("disposition", event.disposition.as_deref());
        if let Some(persistent) = &event.persistent_disposition {
            self.words("persistentDisposition_set", persistent.set.iter().map(String::as_str));
            self.words("persistentDisposition_unset", persistent.unset.iter().map(String::as_str));
        }
        if let EventBody::Transformation(body) = &event.body {
            self.words("transformationID", body.transformation_id.as_deref());
        }
        for entry in &event.biz_transactions {
            let kind = entry.transaction_type.as_deref().unwrap_or_default();
            self.word(&format!("bizTransaction_{kind}"), &entry.transaction);
        }
    }

    fn where_and_with_whom(&mut self, event: &Event) {
        let places = [
            ("readPoint", Family::ReadPoint, &event.read_point),
            ("bizLocation", Family::BizLocation, &event.biz_location),
        ];
        for (name, family, place) in places {
            let Some(Location { id, extensions }) = place else { continue };
            self.word(name, id);
            self.site(id);
            self.extensions(family, extensions);
        }
        for (name, list) in [("source", &event.sources), ("destination", &event.destinations)] {
            for entry in list {
                self.word(&format!("{name}_{}", entry.party_type), &entry.id);
                self.site(&entry.id);
            }
        }
    }

    /// The site that a place or party stands for: what a client that is bound to one may see.
    fn site(&mut self, id: &str) {
        if let Ok(key) = EpcKey::parse(id)
            && let Some(gln) = key.gln()
        {
            self.add(format!("site={}", gln.as_str()));
        }
    }

    fn error_declaration(&mut self, declaration: &ErrorDeclaration) {
        self.add("errorDeclaration".to_owned());
        self.time("errorDeclarationTime", Some(&declaration.declaration_time));
        self.words("errorReason", declaration.reason.as_deref());
        self.words("correctiveEventID", declaration.corrective_event_ids.iter().map(String::as_str));
        self.extensions(Family::ErrorDeclaration, &declaration.extensions);
    }

    fn sensors(&mut self, elements: &[SensorElement]) {
        for element in elements {
            self.add("sensorElementList".to_owned());
            if let Some(metadata) = &element.metadata {
                self.time("time", metadata.time.as_ref());
                self.time("startTime", metadata.start_time.as_ref());
                self.time("endTime", metadata.end_time.as_ref());
                self.words("deviceID", metadata.device_id.as_deref());
                self.words("deviceMetadata", metadata.device_metadata.as_deref());
                self.words("rawData", metadata.raw_data.as_deref());
                self.words("dataProcessingMethod", metadata.data_processing_method.as_deref());
                self.words("bizRules", metadata.biz_rules.as_deref());
                self.extensions(Family::SensorMetadata, &metadata.extensions);
            }
            element.reports.iter().for_each(|report| self.report(report));
            self.extensions(Family::SensorElement, &element.extensions);
        }
    }

    fn report(&mut self, report: &SensorReport) {
        let words = [
            ("type", &report.report_type),
            ("exception", &report.exception),
            ("deviceID", &report.device_id),
            ("deviceMetadata", &report.device_metadata),
            ("rawData", &report.raw_data),
            ("dataProcessingMethod", &report.data_processing_method),
            ("bizRules", &report.biz_rules),
            ("microorganism", &report.microorganism),
            ("chemicalSubstance", &report.chemical_substance),
            ("coordinateReferenceSystem", &report.coordinate_reference_system),
            ("component", &report.component),
            ("stringValue", &report.string_value),
            ("uriValue", &report.uri_value),
        ];
        for (name, value) in words {
            self.words(name, value.as_deref());
        }
        self.words("booleanValue", report.boolean_value.map(|value| if value { "true" } else { "false" }));
        let hexadecimal = report.hex_binary_value.as_ref().map(|digits| digits.to_ascii_uppercase());
        self.words("hexBinaryValue", hexadecimal.as_deref());
        self.time("time", report.time.as_ref());
        let uom = report.uom.as_deref().unwrap_or_default();
        let values = [
            ("value", &report.value),
            ("minValue", &report.min_value),
            ("maxValue", &report.max_value),
            ("meanValue", &report.mean_value),
            ("percValue", &report.perc_value),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                self.measured(name, value, uom);
            }
        }
        // A difference of two values.
        if let Some(deviation) = &report.s_dev {
            let (dimension, base) = difference_in_base(deviation, uom);
            self.measure(bounded(&format!("sDev {dimension}")).into_owned(), base);
        }
        if let Some(rank) = &report.perc_rank {
            self.measure("percRank".to_owned(), rank.clone());
        }
        self.extensions(Family::SensorReport, &report.extensions);
    }

    fn extensions(&mut self, family: Family, extensions: &Extensions) {
        for (name, values) in extensions.iter() {
            let field = family.field(false, &joined(&name.namespace, &name.local));
            for value in values {
                self.extension(&field, value);
                self.inner(family, value);
            }
        }
    }

    /// The fields within an extension, however deep; the reader bounds the depth.
    fn inner(&mut self, family: Family, value: &Value) {
        let Value::Nested { fields, .. } = value else { return };
        for (name, values) in fields.iter() {
            let field = family.field(true, &joined(&name.namespace, &name.local));
            for value in values {
                self.extension(&field, value);
                self.inner(family, value);
            }
        }
    }

    fn extension(&mut self, field: &str, value: &Value) {
        self.add(field.to_owned());
        let Some(text) = value.as_text() else { return };
        let number = Decimal::parse(text);
        match (value, &number) {
            (Value::Scalar { kind: ScalarKind::Number, .. }, Some(number)) => {
                self.add(term(field, &format!("#{}", number.normalised())));
            }
            _ => self.add(term(field, &one_identity(text))),
        }
        if let Some((kind, value)) = read(text) {
            self.measure(kind.of(field), value);
        }
    }

    fn words<'a>(&mut self, name: &str, values: impl IntoIterator<Item = &'a str>) {
        values.into_iter().for_each(|value| self.word(name, value));
    }

    fn word(&mut self, name: &str, value: &str) {
        self.add(term(name, &one_identity(value)));
    }

    fn time(&mut self, name: &str, time: Option<&Timestamp>) {
        if let Some(time) = time {
            self.measure(name.to_owned(), micros(time));
        }
    }

    /// A value in a unit, by its dimension.
    fn measured(&mut self, name: &str, value: &Decimal, uom: &str) {
        let (dimension, base) = in_base(value, uom);
        self.measure(bounded(&format!("{name} {dimension}")).into_owned(), base);
    }

    fn measure(&mut self, name: String, value: Decimal) {
        if self.measures.len() < ENTRIES_MAX {
            self.measures.insert((name, value));
        }
    }

    fn add(&mut self, term: String) {
        if self.terms.len() < ENTRIES_MAX {
            self.terms.insert(term);
        }
    }

    /// Whether a clause holds. What needs master data is taken to hold.
    pub(super) fn satisfies(&self, clause: &Clause, event: &Event) -> bool {
        let within = |time: i64, from: &Option<i64>, before: &Option<i64>| {
            from.is_none_or(|from| time >= from) && before.is_none_or(|before| time < before)
        };
        match clause {
            Clause::Term(terms) => terms.iter().any(|term| self.terms.contains(term)),
            Clause::Measure(asked) => self.measures.iter().any(|(name, value)| {
                *name == asked.name && asked.values.iter().any(|right| asked.relation.holds(value, right))
            }),
            Clause::EventTime(from, before) => within(event.event_time.unix_micros(), from, before),
            Clause::RecordTime(from, before) => {
                event.record_time.as_ref().is_some_and(|time| within(time.unix_micros(), from, before))
            }
            Clause::Identifier(asked) => occurs(asked, event),
            Clause::Within { .. } | Clause::Attribute { .. } => true,
        }
    }
}

fn occurs(asked: &Identifiers, event: &Event) -> bool {
    let is_asked = |role, is_class, uri: &str| {
        let key = EpcKey::parse(uri).map_or_else(|_| bounded(uri).into_owned(), |key| key.path());
        asked.places.contains(&Place { role, is_class })
            && (asked.exact.contains(&key) || asked.ranges.iter().any(|range| range.holds(&key)))
    };
    event.epcs().any(|(role, uri)| is_asked(role, false, uri))
        || event.quantities().any(|(role, quantity)| is_asked(role, true, &quantity.epc_class))
}

/// How a query names the measures of a field.
pub(super) fn field_measure(kind: Kind, field: &str) -> String {
    kind.of(field)
}
