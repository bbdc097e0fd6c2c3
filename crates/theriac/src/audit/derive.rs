//! The rows that follow from an event: what a service writes beside it when it is captured (`api`, module `intake`).

use std::collections::BTreeSet;

use epcis::query::{EventIndex, bounded};
use epcis::{CbvVersion, Document, Event, EventType, Format, Limits};
use gs1::EpcKey;
use store::event::{EventAction, EventType as StoredType};
use store::event_epc::EpcRole;

/// What follows from an event.
#[derive(Debug, Clone)]
pub struct Derived {
    /// Under which it is captured once.
    pub identity: String,
    /// Event Hash ID (CBV 2.0 section 8.9.2).
    pub hash_id: String,
    /// The SHA-256 inside it, in hexadecimal digits.
    pub hash: String,
    /// Its type, as stored.
    pub event_type: i16,
    /// Its action, as stored.
    pub action: Option<i16>,
    /// Where it was read, as stored.
    pub read_point: Option<String>,
    /// Where it is, as stored.
    pub biz_location: Option<String>,
    /// Identifiers in it with their roles, each once.
    pub epcs: Vec<(String, i16)>,
    /// Terms that it is found by.
    pub terms: Vec<String>,
    /// Numbers that it is compared by.
    pub measures: Vec<(String, String)>,
}

/// Reads an event as stored.
pub fn event_of(body: &str) -> Option<Event> {
    let limits = Limits { document_bytes_max: body.len(), ..Limits::default() };
    let mut document = Document::parse(body.as_bytes(), Format::Json, &limits).ok()?;
    let event = document.events.pop()?;
    document.events.is_empty().then_some(event)
}

impl Derived {
    /// What follows from an event as it is stored: with its recordTime and eventID.
    pub fn of(event: &Event) -> Self {
        let hash_id = event.hash_id(CbvVersion::V2_0);
        let digits = hash_id.strip_prefix("ni:///sha-256;").and_then(|rest| rest.get(..64));
        let event_id = event.event_id.clone().unwrap_or_default();
        let identity = match &event.error_declaration {
            Some(declaration) => {
                format!("{event_id}#errorDeclaration={}", declaration.declaration_time.utc_millis_text())
            }
            None => event_id,
        };
        let index = EventIndex::of(event);
        Derived {
            identity,
            hash: digits.unwrap_or_default().to_owned(),
            hash_id,
            event_type: stored_type(event.event_type()).code(),
            action: event.action().map(|action| stored_action(action).code()),
            read_point: event.read_point.as_ref().map(|place| key_or_text(&place.id)),
            biz_location: event.biz_location.as_ref().map(|place| key_or_text(&place.id)),
            epcs: epcs(event),
            terms: index.terms.into_iter().collect(),
            measures: index.measures.into_iter().map(|(name, value)| (name, value.normalised())).collect(),
        }
    }
}

fn epcs(event: &Event) -> Vec<(String, i16)> {
    let key = |uri: &str| bounded(&key_or_text(uri)).into_owned();
    let instances = event.epcs().map(|(role, uri)| (key(uri), instance(role).code()));
    let classes = event.quantities().map(|(role, quantity)| (key(&quantity.epc_class), class(role).code()));
    instances.chain(classes).collect::<BTreeSet<_>>().into_iter().collect()
}

fn key_or_text(uri: &str) -> String {
    EpcKey::parse(uri).map_or_else(|_| uri.to_owned(), |key| key.path())
}

fn instance(role: epcis::EpcRole) -> EpcRole {
    match role {
        epcis::EpcRole::Epc => EpcRole::Epc,
        epcis::EpcRole::Child => EpcRole::Child,
        epcis::EpcRole::Parent => EpcRole::Parent,
        epcis::EpcRole::Input => EpcRole::Input,
        epcis::EpcRole::Output => EpcRole::Output,
    }
}

fn class(role: epcis::EpcRole) -> EpcRole {
    match role {
        epcis::EpcRole::Epc | epcis::EpcRole::Parent => EpcRole::Quantity,
        epcis::EpcRole::Child => EpcRole::ChildQuantity,
        epcis::EpcRole::Input => EpcRole::InputQuantity,
        epcis::EpcRole::Output => EpcRole::OutputQuantity,
    }
}

fn stored_type(kind: EventType) -> StoredType {
    match kind {
        EventType::Object => StoredType::Object,
        EventType::Aggregation => StoredType::Aggregation,
        EventType::Transaction => StoredType::Transaction,
        EventType::Transformation => StoredType::Transformation,
        EventType::Association => StoredType::Association,
    }
}

fn stored_action(action: epcis::Action) -> EventAction {
    match action {
        epcis::Action::Add => EventAction::Add,
        epcis::Action::Observe => EventAction::Observe,
        epcis::Action::Delete => EventAction::Delete,
    }
}
