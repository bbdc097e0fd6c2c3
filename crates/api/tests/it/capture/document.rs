//! EPCIS documents of the tests.

use serde_json::{Value, json};

/// The one product of the service's organisation.
pub const GTIN: &str = "09521568251204";
/// A place of the service's organisation.
pub const PLACE: &str = "https://id.gs1.org/414/9521321000018";

/// A pack of the product.
pub fn pack(serial: &str) -> String {
    format!("https://id.gs1.org/01/{GTIN}/21/{serial}")
}

/// A document of these events.
pub fn document(events: &[Value]) -> Value {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", { "cbvmda": "urn:epcglobal:cbv:mda" }],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-23T05:30:00.000Z",
        "epcisBody": { "eventList": events },
    })
}

fn event(kind: &str, action: &str, step: &str) -> Value {
    json!({
        "type": kind,
        "eventTime": "2026-11-23T05:00:00.000Z",
        "eventTimeZoneOffset": "+00:00",
        "action": action,
        "bizStep": step,
        "readPoint": { "id": PLACE },
        "bizLocation": { "id": PLACE },
    })
}

/// Packs come into being in lot A123.
pub fn commissioning(epcs: &[String]) -> Value {
    let mut event = event("ObjectEvent", "ADD", "commissioning");
    event["epcList"] = json!(epcs);
    event["ilmd"] = json!({ "cbvmda:lotNumber": "A123", "cbvmda:itemExpirationDate": "2028-03-31" });
    event
}

/// Objects are seen.
pub fn observed(step: &str, epcs: &[String]) -> Value {
    let mut event = event("ObjectEvent", "OBSERVE", step);
    event["epcList"] = json!(epcs);
    event
}

/// Packs are destroyed.
pub fn destroying(epcs: &[String]) -> Value {
    let mut event = event("ObjectEvent", "DELETE", "destroying");
    event["epcList"] = json!(epcs);
    event["disposition"] = json!("destroyed");
    event
}

/// Packs go into a case.
pub fn packing(parent: &str, children: &[String]) -> Value {
    let mut event = event("AggregationEvent", "ADD", "packing");
    event["parentID"] = json!(parent);
    event["childEPCs"] = json!(children);
    event
}

/// Goods leave for the distributor.
pub fn shipping(epcs: &[String]) -> Value {
    let mut event = observed("shipping", epcs);
    event["destinationList"] =
        json!([{ "type": "location", "destination": "https://id.gs1.org/414/9521321000025" }]);
    event
}

/// The event with an eventID.
pub fn named(mut event: Value, id: &str) -> Value {
    event["eventID"] = json!(id);
    event
}

/// A lone event carries its own context.
pub fn alone(mut event: Value) -> Value {
    event["@context"] = document(&[])["@context"].clone();
    event
}

/// One commissioning of one pack, in XML of EPCIS 1.2.
pub fn xml(serial: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" xmlns:cbvmda="urn:epcglobal:cbv:mda" schemaVersion="1.2" creationDate="2026-11-23T05:30:00Z">
<EPCISBody><EventList><ObjectEvent>
<eventTime>2026-11-23T05:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
<epcList><epc>urn:epc:id:sgtin:952156825.0120.{serial}</epc></epcList>
<action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>
<bizLocation><id>urn:epc:id:sgln:952132100001..0</id></bizLocation>
<extension><ilmd><cbvmda:lotNumber>A123</cbvmda:lotNumber>
<cbvmda:itemExpirationDate>2028-03-31</cbvmda:itemExpirationDate></ilmd></extension>
</ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"#
    )
}
