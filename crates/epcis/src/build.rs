//! Events that our own services record. Identifiers and times are the caller's: nothing here looks at a clock.

use crate::model::{
    Action, Aggregation, BizTransaction, CBV_MASTER_DATA, Event, EventBody, Extensions, Location, Name,
    Namespaces, ObjectEvent, Offset, SourceDest, Timestamp, Value,
};

/// What every event has: identity, time, place.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// Identifier of the event, a URI (`urn:uuid:…`).
    pub event_id: String,
    /// When it happened.
    pub event_time: Timestamp,
    /// Local UTC offset at that place and time.
    pub event_time_zone_offset: Offset,
    /// URI of the place where it happened, and where the objects are afterwards unless they are shipped.
    pub place: String,
}

/// Whom goods go from and to, as URIs.
#[derive(Debug, Clone, Default)]
pub struct Consignment {
    /// Party that owns the goods before.
    pub source_owner: Option<String>,
    /// Place the goods leave.
    pub source_location: Option<String>,
    /// Party that owns the goods afterwards.
    pub destination_owner: Option<String>,
    /// Place the goods go to.
    pub destination_location: Option<String>,
    /// Documents the consignment belongs to.
    pub transactions: Vec<BizTransaction>,
}

/// Why items leave use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Handed out to a patient.
    Dispensed,
    /// Destroyed.
    Destroyed,
    /// Taken out of use otherwise.
    Inactive,
}

impl Event {
    /// Items come into being with their lot and expiry date (`YYYY-MM-DD`): CBV `commissioning`, `active`.
    pub fn commissioning(occasion: Occasion, epcs: Vec<String>, lot: &str, expiry: &str) -> Self {
        let mut event = object(occasion, Action::Add, epcs, "commissioning", "active");
        if let EventBody::Object(body) = &mut event.body {
            body.ilmd.push(Name::new(CBV_MASTER_DATA, "lotNumber"), Value::text(lot));
            body.ilmd.push(Name::new(CBV_MASTER_DATA, "itemExpirationDate"), Value::text(expiry));
        }
        event
    }

    /// Logistic units come into being, without lot: CBV `commissioning`, `active`.
    pub fn commissioning_units(occasion: Occasion, epcs: Vec<String>) -> Self {
        object(occasion, Action::Add, epcs, "commissioning", "active")
    }

    /// Children are packed into a parent: CBV `packing`, `in_progress`.
    pub fn packing(occasion: Occasion, parent: String, children: Vec<String>) -> Self {
        aggregation(occasion, Action::Add, parent, children, "packing")
    }

    /// Children are taken out of a parent, all of them when none is named: CBV `unpacking`, `in_progress`.
    pub fn unpacking(occasion: Occasion, parent: String, children: Vec<String>) -> Self {
        aggregation(occasion, Action::Delete, parent, children, "unpacking")
    }

    /// Goods leave for another party: CBV `shipping`, `in_transit`. They are at no place until they are received.
    pub fn shipping(occasion: Occasion, epcs: Vec<String>, consignment: Consignment) -> Self {
        let mut event = object(occasion, Action::Observe, epcs, "shipping", "in_transit");
        event.biz_location = None;
        consigned(event, consignment)
    }

    /// Goods arrive: CBV `receiving`, `in_progress`.
    pub fn receiving(occasion: Occasion, epcs: Vec<String>, consignment: Consignment) -> Self {
        consigned(object(occasion, Action::Observe, epcs, "receiving", "in_progress"), consignment)
    }

    /// Items are handed out to a patient: CBV `dispensing`, `dispensed`.
    pub fn dispensing(occasion: Occasion, epcs: Vec<String>) -> Self {
        object(occasion, Action::Observe, epcs, "dispensing", "dispensed")
    }

    /// Items leave use for good: CBV `decommissioning` and the disposition of the reason.
    pub fn decommissioning(occasion: Occasion, epcs: Vec<String>, removal: Removal) -> Self {
        let disposition = match removal {
            Removal::Dispensed => "dispensed",
            Removal::Destroyed => "destroyed",
            Removal::Inactive => "inactive",
        };
        object(occasion, Action::Delete, epcs, "decommissioning", disposition)
    }

    /// Items are destroyed: CBV `destroying`, `destroyed`.
    pub fn destroying(occasion: Occasion, epcs: Vec<String>) -> Self {
        object(occasion, Action::Delete, epcs, "destroying", "destroyed")
    }
}

fn object(occasion: Occasion, action: Action, epcs: Vec<String>, step: &str, disposition: &str) -> Event {
    let body = ObjectEvent { action, epc_list: epcs, quantity_list: Vec::new(), ilmd: Extensions::new() };
    event(occasion, step, disposition, EventBody::Object(body))
}

fn aggregation(
    occasion: Occasion,
    action: Action,
    parent: String,
    children: Vec<String>,
    step: &str,
) -> Event {
    let body = Aggregation {
        action,
        parent_id: Some(parent),
        child_epcs: children,
        child_quantity_list: Vec::new(),
    };
    event(occasion, step, "in_progress", EventBody::Aggregation(body))
}

fn event(occasion: Occasion, step: &str, disposition: &str, body: EventBody) -> Event {
    let place = Location { id: occasion.place, extensions: Extensions::new() };
    Event {
        event_time: occasion.event_time,
        event_time_zone_offset: occasion.event_time_zone_offset,
        event_id: Some(occasion.event_id),
        record_time: None,
        error_declaration: None,
        certification_info: Vec::new(),
        biz_step: Some(step.to_owned()),
        disposition: Some(disposition.to_owned()),
        persistent_disposition: None,
        read_point: Some(place.clone()),
        biz_location: Some(place),
        biz_transactions: Vec::new(),
        sources: Vec::new(),
        destinations: Vec::new(),
        sensor_elements: Vec::new(),
        extensions: Extensions::new(),
        namespaces: Namespaces::new(),
        body,
    }
}

fn consigned(mut event: Event, consignment: Consignment) -> Event {
    let party = |party_type: &str, id: Option<String>| {
        id.map(|id| SourceDest { party_type: party_type.to_owned(), id })
    };
    let pair = |owner, location| {
        [party("owning_party", owner), party("location", location)].into_iter().flatten().collect()
    };
    event.sources = pair(consignment.source_owner, consignment.source_location);
    event.destinations = pair(consignment.destination_owner, consignment.destination_location);
    event.biz_transactions = consignment.transactions;
    event
}
