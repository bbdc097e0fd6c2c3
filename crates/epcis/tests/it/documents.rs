//! Valid documents are accepted, invalid ones refused.

use epcis::{Document, Event, Fault, FaultCode, Format, Limits, Reader};

use crate::{files, is_within, parse_file, short, testdata};

/// Query requests (`Poll`) hold no events; the query language is another crate's business.
pub fn is_query_request(path: &std::path::Path) -> bool {
    is_within(path, "Queries") || path.ends_with("QueryDocument_with_missing_value.xml")
}

fn errors(document: &Document) -> Vec<Fault> {
    document.events.iter().flat_map(Event::validate).filter(Fault::is_error).collect()
}

fn listed(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn valid_documents_are_accepted() {
    let Some(folder) = testdata("valid_documents_are_accepted") else {
        return;
    };
    let (mut given, mut right, mut wrong) = (0, 0, Vec::new());
    for path in ["json", "xml"].iter().flat_map(|extension| files(&folder.join("epcis"), extension)) {
        if is_within(&path, "Invalid") || is_query_request(&path) {
            continue;
        }
        given += 1;
        match parse_file(&path) {
            Ok(document) if document.events.is_empty() => wrong.push(format!("{}: no events", short(&path))),
            Ok(document) => match errors(&document) {
                errors if errors.is_empty() => right += 1,
                errors => wrong.push(format!("{}: {}", short(&path), listed(&errors))),
            },
            Err(faults) => wrong.push(format!(
                "{}: {}",
                short(&path),
                faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            )),
        }
    }
    println!("valid documents: {given} given, {right} right");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Refused only when the order of the schema is asked for: reading does not depend on the order of elements, because three
/// published valid documents (`JumbledFieldsOrder.xml` twice, `Jumbled_attributes_order.xml`) break it just as this one does.
const ORDER_ONLY: &str = "ObjectEvent_with_wrong_element_order.xml";

#[test]
fn invalid_documents_are_refused() {
    let Some(folder) = testdata("invalid_documents_are_refused") else {
        return;
    };
    let (mut given, mut right, mut wrong) = (0, 0, Vec::new());
    for path in ["json", "xml"].iter().flat_map(|extension| files(&folder.join("epcis"), extension)) {
        if !is_within(&path, "Invalid") || is_query_request(&path) {
            continue;
        }
        given += 1;
        let refused = if path.ends_with(ORDER_ONLY) {
            let (bytes, limits) = (std::fs::read(&path).unwrap(), Limits::default());
            let mut reader = Reader::new(&bytes, Format::Xml, &limits).unwrap();
            assert!(reader.by_ref().all(|event| event.is_ok()));
            println!("{ORDER_ONLY}: read, with a warning for the order");
            reader.warnings().iter().any(|fault| fault.code == FaultCode::ElementOrder)
        } else {
            match parse_file(&path) {
                Ok(document) => !errors(&document).is_empty(),
                Err(faults) => faults.iter().all(|fault| fault.is_error()),
            }
        };
        if refused {
            right += 1;
        } else {
            wrong.push(short(&path));
        }
    }
    println!("invalid documents: {given} given, {right} right");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A capture document around members of the document, of its body and of its only event.
fn around(document: &str, body: &str, event: &str) -> String {
    format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],"type":"EPCISDocument",
        "schemaVersion":"2.0","creationDate":"2026-11-22T10:00:00Z"{document},"epcisBody":{{"eventList":[
        {{"type":"ObjectEvent","eventTime":"2026-11-22T10:00:00Z","eventTimeZoneOffset":"+00:00","action":"OBSERVE",
        "epcList":["urn:epc:id:sgtin:9521568.025120.5Kx9"]{event}}}]{body}}}}}"#
    )
}

fn first_error(text: &str, format: Format) -> Option<FaultCode> {
    match Document::parse(text.as_bytes(), format, &Limits::default()) {
        Ok(document) => errors(&document).first().map(|fault| fault.code),
        Err(faults) => faults.first().map(|fault| fault.code),
    }
}

#[test]
fn nothing_around_the_events_is_passed_over() {
    assert_eq!(first_error(&around("", "", ""), Format::Json), None);
    for (document, body, event, code) in [
        (r#","id":1"#, "", "", FaultCode::WrongType),
        (r#","id":"x""#, "", "", FaultCode::InvalidUri),
        (r#","sender":{}"#, "", "", FaultCode::WrongType),
        (r#","receiver":["urn:x:y"]"#, "", "", FaultCode::WrongType),
        (r#","instanceIdentifier":7"#, "", "", FaultCode::WrongType),
        ("", r#","queryResults":{"queryName":7}"#, "", FaultCode::WrongType),
        ("", r#","events":[]"#, "", FaultCode::UnknownField),
        ("", "", r#","@context":[null]"#, FaultCode::WrongType),
        ("", "", r#","@context":"epcis""#, FaultCode::InvalidUri),
        ("", "", r#","persistentDisposition":{}"#, FaultCode::MissingField),
    ] {
        let text = around(document, body, event);
        assert_eq!(first_error(&text, Format::Json), Some(code), "{document}{body}{event}");
    }
    let extended = around(r#","sender":"""#, r#","example:note":{"a":[1]}"#, "");
    assert_eq!(first_error(&extended, Format::Json), None);
}

#[test]
fn nothing_in_master_data_is_passed_over() {
    let around = |master: &str| {
        format!(
            r#"<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2" creationDate="2026-11-22T10:00:00Z">
            <EPCISHeader><extension><EPCISMasterData>{master}</EPCISMasterData></extension></EPCISHeader>
            <EPCISBody><EventList/></EPCISBody></e:EPCISDocument>"#
        )
    };
    let list = |inside: &str| format!("<VocabularyList>{inside}</VocabularyList>");
    let vocabulary = |inside: &str| list(&format!(r#"<Vocabulary type="urn:x:y">{inside}</Vocabulary>"#));
    let code = |master: &str| first_error(&around(master), Format::Xml);
    assert_eq!(code(&vocabulary("<VocabularyElementList/>")), None);
    assert_eq!(code(&vocabulary("<VocabularyElements/>")), Some(FaultCode::UnknownField));
    assert_eq!(code("<Vocabularies/>"), Some(FaultCode::UnknownField));
}

#[test]
fn parties_become_a_whole_business_document_header() {
    let parties = r#","sender":"urn:x:a","receiver":"urn:x:b","instanceIdentifier":"7""#;
    let document =
        Document::parse(around(parties, "", "").as_bytes(), Format::Json, &Limits::default()).unwrap();
    let xml = document.to_xml(epcis::XmlVersion::V1_2).unwrap();
    let read = Document::parse(xml.as_bytes(), Format::Xml, &Limits::default()).unwrap();
    let identification = read.head.header.sbdh.as_ref().and_then(|sbdh| sbdh.child("DocumentIdentification"));
    let date = identification.and_then(|part| part.child("CreationDateAndTime"));
    assert_eq!(date.map(|date| date.text.as_str()), Some("2026-11-22T10:00:00Z"));
}
