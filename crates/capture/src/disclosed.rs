//! What a partner's disclosed event says, read from its proven fields alone.

use epcis::Event;
use ledger::commitment::{Disclosure, ShownField};

/// Facts of a disclosed event. Identifiers are as the author spelled them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `ObjectEvent`, `AggregationEvent`…
    pub event_type: String,
    /// Its identifier.
    pub event_id: String,
    /// `ADD`, `OBSERVE`, `DELETE`.
    pub action: Option<String>,
    /// Business step.
    pub biz_step: Option<String>,
    /// Parent of an aggregation.
    pub parent: Option<String>,
    /// Children of an aggregation.
    pub children: Vec<String>,
    /// Objects.
    pub epcs: Vec<String>,
}

/// Reads the facts from the fields that are shown.
pub fn facts(disclosure: &Disclosure) -> Facts {
    let mut facts = Facts::default();
    for ShownField { name, value, .. } in &disclosure.shown {
        match name.as_str() {
            "type" => facts.event_type = value.clone(),
            "eventID" => facts.event_id = value.clone(),
            "action" => facts.action = Some(value.clone()),
            "bizStep" => facts.biz_step = Some(value.clone()),
            "parentID" => facts.parent = Some(value.clone()),
            _ if name.starts_with("childEPCs/") => facts.children.push(value.clone()),
            _ if name.starts_with("epcList/") => facts.epcs.push(value.clone()),
            _ => {}
        }
    }
    facts
}

/// Discloses an event to a party that has a right to some of its objects: every field but the identifiers for
/// which `shows` is false. A commissioning of a whole lot thus shows a consignee the packs it gets, and hides how
/// many others there are only up to the field count.
pub fn for_party(event: &Event, salt: &ledger::commitment::Salt, shows: impl Fn(&str) -> bool) -> Disclosure {
    let fields = event.fields();
    let visible = |(name, value): &(String, String)| {
        let identifier = name.starts_with("epcList/") || name.starts_with("childEPCs/");
        !identifier || shows(value)
    };
    let show = (0u32..).zip(&fields).filter(|(_, field)| visible(field)).map(|(index, _)| index).collect();
    Disclosure::of(salt, &fields, &show)
}
