//! Rules between fields, field lists, and the events our services build.

use epcis::{
    Action, Consignment, Document, Event, EventBody, Fault, FaultCode, Format, Limits, Occasion, Offset,
    Removal, Severity, Timestamp,
};

fn occasion() -> Occasion {
    Occasion {
        event_id: "urn:uuid:0194f000-0000-7000-8000-000000000001".to_owned(),
        event_time: Timestamp::parse("2026-11-22T10:00:00.000Z").unwrap(),
        event_time_zone_offset: Offset::parse("+01:00").unwrap(),
        place: "https://id.gs1.org/414/9521321000010".to_owned(),
    }
}

fn built() -> Vec<Event> {
    let epcs = || vec!["https://id.gs1.org/01/09521568251204/21/5Kx9".to_owned()];
    let parent = || "https://id.gs1.org/00/095212345678901235".to_owned();
    let consignment = || Consignment {
        source_owner: Some("https://id.gs1.org/417/9521321000010".to_owned()),
        destination_location: Some("https://id.gs1.org/414/9521321000027".to_owned()),
        ..Consignment::default()
    };
    vec![
        Event::commissioning(occasion(), epcs(), "00123", "2028-05-31"),
        Event::commissioning_units(occasion(), vec![parent()]),
        Event::packing(occasion(), parent(), epcs()),
        Event::unpacking(occasion(), parent(), Vec::new()),
        Event::shipping(occasion(), vec![parent()], consignment()),
        Event::receiving(occasion(), vec![parent()], consignment()),
        Event::dispensing(occasion(), epcs()),
        Event::decommissioning(occasion(), epcs(), Removal::Inactive),
        Event::destroying(occasion(), epcs()),
    ]
}

#[test]
fn built_events_are_valid_and_survive_their_json() {
    for event in built() {
        assert_eq!(event.validate(), []);
        let again = Document::parse(event.to_json().as_bytes(), Format::Json, &Limits::default()).unwrap();
        assert_eq!(again.events, std::slice::from_ref(&event));
        assert_eq!(again.events[0].fields(), event.fields());
    }
    let shipped = &built()[4];
    assert_eq!(
        (shipped.action(), shipped.biz_step(), shipped.disposition()),
        (Some(Action::Observe), Some("shipping"), Some("in_transit"))
    );
    assert_eq!(
        (shipped.biz_location.as_ref(), shipped.destination("location")),
        (None, Some("https://id.gs1.org/414/9521321000027"))
    );
}

#[test]
fn canonical_form_and_field_list_are_fixed() {
    let event = &built()[0];
    let json = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"ObjectEvent","eventID":"urn:uuid:0194f000-0000-7000-8000-000000000001","eventTime":"2026-11-22T10:00:00.000Z","eventTimeZoneOffset":"+01:00","action":"ADD","epcList":["https://id.gs1.org/01/09521568251204/21/5Kx9"],"bizStep":"commissioning","disposition":"active","readPoint":{"id":"https://id.gs1.org/414/9521321000010"},"bizLocation":{"id":"https://id.gs1.org/414/9521321000010"},"ilmd":{"cbvmda:itemExpirationDate":"2028-05-31","cbvmda:lotNumber":"00123"}}"#;
    assert_eq!(event.to_json(), json, "stored events depend on it");
    let fields: Vec<String> =
        event.fields().into_iter().map(|(name, text)| format!("{name} = {text}")).collect();
    let expected = [
        "type = ObjectEvent",
        "eventID = urn:uuid:0194f000-0000-7000-8000-000000000001",
        "eventTime = 2026-11-22T10:00:00.000Z",
        "eventTimeZoneOffset = +01:00",
        "action = ADD",
        "epcList/0 = https://id.gs1.org/01/09521568251204/21/5Kx9",
        "bizStep = commissioning",
        "disposition = active",
        "readPoint/id = https://id.gs1.org/414/9521321000010",
        "bizLocation/id = https://id.gs1.org/414/9521321000010",
        "ilmd/{urn:epcglobal:cbv:mda}itemExpirationDate/0 = 2028-05-31",
        "ilmd/{urn:epcglobal:cbv:mda}lotNumber/0 = 00123",
    ];
    assert_eq!(fields, expected, "commitments on the ledger depend on it");
}

fn lone(members: &str) -> String {
    format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld",{{"e":"https://e.example/"}}],"eventTime":"2026-01-01T00:00:00Z","eventTimeZoneOffset":"+00:00",{members}}}"#
    )
}

fn read(members: &str) -> Event {
    let text = lone(members);
    Document::parse(text.as_bytes(), Format::Json, &Limits::default())
        .unwrap_or_else(|faults| panic!("{faults:?}"))
        .events
        .remove(0)
}

/// Pairs that the Event Hash ID takes for one event, and pairs that differ in presence only.
#[test]
fn different_events_have_different_field_lists() {
    const OBJECT: &str = r#""type":"ObjectEvent","action":"ADD","epcList":["urn:a:b"]"#;
    for (left, right) in [
        (r#""e:a":"00123""#, r#""e:a":"123""#),
        (r#""e:a":"1E5""#, r#""e:a":"100000""#),
        (r#""e:a":"x{https://e.example/}b=y""#, r#""e:a":"x","e:b":"y""#),
        (r#""e:a":{"e:b":"1"}"#, r#""e:a":"","e:b":"1""#),
        (r#""e:a":["1","2"]"#, r#""e:a":["2","1"]"#),
        (r#""e:a":{"e:b":["1","2"]}"#, r#""e:a":[{"e:b":"1"},{"e:b":"2"}]"#),
        (r##""e:a":{"#text":"1","e:b":"2"}"##, r#""e:a":{"text":"1","e:b":"2"}"#),
        (r#""persistentDisposition":{}"#, r#""disposition":"active""#),
        (r#""persistentDisposition":{}"#, r#""recordTime":"2026-01-01T00:00:00Z""#),
        (r#""sensorElementList":[{"sensorMetadata":{}}]"#, r#""sensorElementList":[{}]"#),
        (r#""sensorElementList":[{},{}]"#, r#""sensorElementList":[{}]"#),
        (r#""errorDeclaration":{"declarationTime":"2026-01-02T00:00:00Z"}"#, r#""e:a":"1""#),
        (r#""certificationInfo":"urn:c:1""#, r#""certificationInfo":"urn:c:2""#),
    ] {
        let (left, right) = (read(&format!("{OBJECT},{left}")), read(&format!("{OBJECT},{right}")));
        assert_ne!(left, right);
        assert_ne!(left.fields(), right.fields());
    }
    assert_eq!(
        read(&format!("{OBJECT},\"e:a\":[\"1\"]")),
        read(&format!("{OBJECT},\"e:a\":1")),
        "spelling only"
    );
}

fn faults(members: &str) -> Vec<Fault> {
    match Document::parse(lone(members).as_bytes(), Format::Json, &Limits::default()) {
        Ok(document) => document.events[0].validate(),
        Err(faults) => faults,
    }
}

/// The rules that the JSON Schema does not make, each broken once: the code, the place, and whether it refuses.
#[test]
fn rules_between_fields_hold() {
    let sensor =
        |element: &str| format!(r#""type":"ObjectEvent","action":"OBSERVE","sensorElementList":[{element}]"#);
    let cases = [
        (r#""type":"AggregationEvent","action":"ADD","childEPCs":["urn:a:b"]"#.to_owned(), FaultCode::MissingField, "/parentID", Severity::Error),
        (r#""type":"AggregationEvent","action":"DELETE""#.to_owned(), FaultCode::MissingField, "/parentID", Severity::Error),
        (r#""type":"AssociationEvent","action":"ADD","parentID":"urn:a:b""#.to_owned(), FaultCode::MissingField, "/childEPCs", Severity::Error),
        (r#""type":"TransactionEvent","action":"ADD","epcList":["urn:a:b"]"#.to_owned(), FaultCode::MissingField, "/bizTransactionList", Severity::Error),
        (r#""type":"TransformationEvent","inputEPCList":["urn:a:b"]"#.to_owned(), FaultCode::MissingField, "/outputEPCList", Severity::Error),
        (r#""type":"ObjectEvent","action":"ADD""#.to_owned(), FaultCode::MissingField, "/epcList", Severity::Error),
        (r#""type":"ObjectEvent","action":"OBSERVE","epcList":["urn:a:b"],"ilmd":{"e:a":"1"}"#.to_owned(), FaultCode::InconsistentEvent, "/ilmd", Severity::Error),
        (r#""type":"ObjectEvent","action":"ADD","epcList":["5Kx9"]"#.to_owned(), FaultCode::InvalidUri, "/epcList/0", Severity::Error),
        (r#""type":"ObjectEvent","action":"ADD","epcList":["urn:a:b"],"bizStep":"urn:epcglobal:cbv:bizstep:transforming""#.to_owned(), FaultCode::UnknownVocabularyTerm, "/bizStep", Severity::Error),
        (r#""type":"ObjectEvent","action":"ADD","epcList":["urn:a:b"],"x":1"#.to_owned(), FaultCode::UnknownField, "/x", Severity::Error),
        (r#""type":"ObjectEvent","action":"ADD","epcList":["urn:a:b"],"q:x":1"#.to_owned(), FaultCode::UnknownPrefix, "/q:x", Severity::Error),
        (r#""type":"ObjectEvent","action":"ADD","quantityList":[{"epcClass":"urn:a:b","quantity":1,"uom":"kg"}]"#.to_owned(), FaultCode::InvalidUnit, "/quantityList/0/uom", Severity::Error),
        (r#""type":"ObjectEvent","action":"ADD","quantityList":[{"epcClass":"urn:a:b","quantity":"1"}]"#.to_owned(), FaultCode::WrongType, "/quantityList/0/quantity", Severity::Error),
        (sensor("{}"), FaultCode::MissingField, "/sensorElementList/0/sensorReport", Severity::Error),
        (sensor(r#"{"sensorReport":[{"value":1}]}"#), FaultCode::MissingField, "/sensorElementList/0/sensorReport/0/type", Severity::Error),
        (sensor(r#"{"sensorMetadata":{"time":"2026-01-01T00:00:00"},"sensorReport":[{"type":"Mass"}]}"#), FaultCode::InvalidTime, "/sensorElementList/0/sensorMetadata/time", Severity::Error),
        (sensor(r#"{"sensorMetadata":{"time":"2026-01-01T00:00:01Z"},"sensorReport":[{"type":"Mass"}]}"#), FaultCode::InconsistentEvent, "/sensorElementList/0/sensorMetadata/time", Severity::Warning),
        (sensor(r#"{"sensorMetadata":{"rawData":"urn:a:b"},"sensorReport":[{"type":"Mass","rawData":"urn:a:c"}]}"#), FaultCode::InconsistentEvent, "/sensorElementList/0/sensorReport/0/rawData", Severity::Warning),
        (r#""type":"AggregationEvent","action":"OBSERVE","childEPCs":["urn:a:b"],"persistentDisposition":{"set":["expired"]}"#.to_owned(), FaultCode::InconsistentEvent, "/persistentDisposition", Severity::Warning),
    ];
    let given = cases.len();
    let mut right = 0;
    for (members, code, pointer, severity) in cases {
        let found = faults(&members);
        let hit = |fault: &&Fault| {
            fault.code == code && fault.pointer.as_deref() == Some(pointer) && fault.severity == severity
        };
        assert!(found.iter().any(|fault| hit(&fault)), "{members}: {found:?}");
        right += 1;
    }
    println!("rules between fields: {given} given, {right} right");
}

#[test]
fn an_event_may_be_taken_apart_and_put_together() {
    let mut event = built().remove(0);
    let EventBody::Object(body) = &mut event.body else { panic!("commissioning is an object event") };
    body.epc_list.push("https://id.gs1.org/01/09521568251204/21/5KxA".to_owned());
    assert_eq!(event.epcs().count(), 2);
}
