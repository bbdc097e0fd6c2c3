//! Parameters of event queries, and patterns of EPCs: `name=value|value&name=value`.
#![no_main]

use std::sync::LazyLock;

use epcis::query::{Clause, EventQuery};
use epcis::{Document, Event, Format, Limits, Namespaces};
use libfuzzer_sys::fuzz_target;

/// An event with something in every part that queries ask about.
const DOCUMENT: &str = r#"{"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"x": "https://x.example/"}],
  "type": "ObjectEvent", "eventTime": "2026-11-14T12:00:00Z", "eventTimeZoneOffset": "+00:00", "action": "ADD",
  "bizStep": "commissioning", "epcList": ["urn:epc:id:sgtin:952156825.0120.1"], "readPoint": {"id": "urn:epc:id:sgln:9521141.12345.7"},
  "quantityList": [{"epcClass": "urn:epc:class:lgtin:952156825.0120.L", "quantity": 12.5, "uom": "KGM"}],
  "sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 20, "uom": "CEL"}]}],
  "ilmd": {"x:lot": "L", "x:deep": {"x:inner": 5}}}"#;

static EVENT: LazyLock<Event> = LazyLock::new(|| {
    let document = Document::parse(DOCUMENT.as_bytes(), Format::Json, &Limits::default());
    document.expect("the event is one").events.remove(0)
});

fuzz_target!(|text: &str| {
    let mut namespaces = Namespaces::new();
    namespaces.bind("x", "https://x.example/");
    let parameters: Vec<(String, Vec<String>)> = text
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, values)| (name.to_owned(), values.split('|').map(str::to_owned).collect()))
        .collect();
    let Ok(query) = EventQuery::parse(&parameters, &namespaces) else { return };
    let all = query.matches(&EVENT);
    // Every clause holds, or the whole does not.
    let each = query.clauses.iter().all(|clause: &Clause| {
        EventQuery { clauses: vec![clause.clone()], ..EventQuery::default() }.matches(&EVENT)
    });
    assert_eq!(all, each, "{parameters:?}");
    // What is asked twice is refused; what is asked in another order is the same question.
    let turned: Vec<_> = parameters.into_iter().rev().collect();
    assert_eq!(EventQuery::parse(&turned, &namespaces).map(|query| query.matches(&EVENT)), Ok(all));
});
