//! Documents meant to do harm, and documents broken at random.

use epcis::{Document, FaultCode, Format, Limits, XmlVersion};
use proptest::prelude::*;

use crate::twins::first_difference;
use crate::{files, is_within, testdata};

fn code(text: &str, format: Format) -> FaultCode {
    Document::parse(text.as_bytes(), format, &Limits::default()).unwrap_err()[0].code
}

fn document(body: &str) -> String {
    format!(
        r#"<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2026-01-01T00:00:00Z"><EPCISBody><EventList>{body}</EventList></EPCISBody></epcis:EPCISDocument>"#
    )
}

fn event(step: &str) -> String {
    format!(
        "<ObjectEvent><eventTime>2026-01-01T00:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>\
         <epcList><epc>urn:epc:id:sscc:4012345.0000000333</epc></epcList><action>OBSERVE</action>{step}</ObjectEvent>"
    )
}

#[test]
fn entities_and_external_references_are_refused() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>"#;
    let with = |before: &str| format!("{before}{}", document(&event("<bizStep>&b;</bizStep>")));
    assert_eq!(code(&with(bomb), Format::Xml), FaultCode::XmlEntity);
    assert_eq!(code(&with(r#"<!DOCTYPE x SYSTEM "file:///etc/passwd">"#), Format::Xml), FaultCode::XmlEntity);
    assert_eq!(
        code(&with(r#"<!DOCTYPE x PUBLIC "-//x" "http://example.com/x">"#), Format::Xml),
        FaultCode::XmlEntity
    );
    assert_eq!(
        code(&with("<!DOCTYPE project>"), Format::Xml),
        FaultCode::XmlEntity,
        "an entity that nothing declares"
    );
    let attribute = document(r#"<ObjectEvent xmlns:x="urn:x" x:y="&b;"/>"#);
    assert_eq!(code(&attribute, Format::Xml), FaultCode::XmlEntity);
}

#[test]
fn a_bare_document_type_and_the_predefined_entities_are_read() {
    let step = "<bizStep>https://example.com/?a=1&amp;b=&#50;</bizStep>";
    let text = format!("<!DOCTYPE project>{}", document(&event(step)));
    let document = Document::parse(text.as_bytes(), Format::Xml, &Limits::default()).unwrap();
    assert_eq!(document.events[0].biz_step(), Some("https://example.com/?a=1&b=2"));
}

#[test]
fn bounds_hold() {
    let limits = Limits {
        depth_max: 16,
        values_per_event_max: 50,
        events_max: 3,
        value_bytes_max: 100,
        ..Limits::default()
    };
    let refused = |text: &str, format| {
        Document::parse(text.as_bytes(), format, &limits).unwrap_err().pop().unwrap().code
    };
    let deep = format!("{}{}", r#"<e:a xmlns:e="urn:e">"#.repeat(40), "</e:a>".repeat(40));
    assert_eq!(refused(&document(&event(&deep)), Format::Xml), FaultCode::LimitExceeded);
    let many = "<epc>urn:a:b</epc>".repeat(60);
    assert_eq!(refused(&document(&event(&many)), Format::Xml), FaultCode::LimitExceeded);
    assert_eq!(refused(&document(&event("").repeat(4)), Format::Xml), FaultCode::LimitExceeded);
    let long = format!("<bizStep>urn:a:{}</bizStep>", "x".repeat(200));
    assert_eq!(refused(&document(&event(&long)), Format::Xml), FaultCode::LimitExceeded);
    let attributes: String = (0..70).map(|index| format!(" e:a{index}=\"\"")).collect();
    let wide = document(&format!("<ObjectEvent xmlns:e=\"urn:e\"{attributes}/>"));
    assert_eq!(refused(&wide, Format::Xml), FaultCode::LimitExceeded);
    for json in [
        format!("{{\"a\":{}", "[".repeat(40)),
        format!("{{\"a\":[{}0]}}", "0,".repeat(60)),
        format!("{{\"a\":\"{}\"}}", "x".repeat(200)),
    ] {
        assert_eq!(refused(&json, Format::Json), FaultCode::LimitExceeded);
    }
    let small = Limits { document_bytes_max: 10, ..limits };
    assert_eq!(
        Document::parse(b"12345678901", Format::Json, &small).unwrap_err()[0].code,
        FaultCode::LimitExceeded
    );
}

#[test]
fn what_is_no_text_is_refused() {
    assert_eq!(
        Document::parse(b"{\"a\":\"\xff\"}", Format::Json, &Limits::default()).unwrap_err()[0].code,
        FaultCode::Encoding
    );
    assert_eq!(code("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", Format::Xml), FaultCode::Encoding);
    assert_eq!(code(&document(&event("<bizStep>&#1;</bizStep>")), Format::Xml), FaultCode::Encoding);
    for text in ["", " ", "<", "<a", "<a>", "<a></b>", "text", "<!-- -->", "<?x?>"] {
        assert!(Document::parse(text.as_bytes(), Format::Xml, &Limits::default()).is_err(), "{text}");
    }
    for text in ["", "null", "[]", "{}", "{\"type\":\"EPCISDocument\"}", "{\"type\":1}", "1"] {
        assert!(Document::parse(text.as_bytes(), Format::Json, &Limits::default()).is_err(), "{text}");
    }
}

#[test]
fn a_faulty_event_does_not_hide_the_others() {
    let body = format!("{}{}{}", event(""), event("<madeUp>x</madeUp>"), event(""));
    let text = document(&body);
    let limits = Limits::default();
    let results: Vec<_> = epcis::Reader::new(text.as_bytes(), Format::Xml, &limits)
        .unwrap()
        .map(|event| event.is_ok())
        .collect();
    assert_eq!(results, [true, false, true]);
    let faults = Document::parse(text.as_bytes(), Format::Xml, &limits).unwrap_err();
    assert_eq!((faults[0].code, faults[0].line), (FaultCode::UnknownField, Some(1)));
}

/// Work must grow with the size of a document and no faster: these take seconds, or hours where something is quadratic.
#[test]
fn much_of_everything_costs_its_size() {
    let names: String = (0..150_000).map(|index| format!("<e:a{index}/>")).collect();
    let prefixes: String =
        (0..50_000).map(|index| format!("<p{index}:a xmlns:p{index}=\"urn:p:{index}\"/>")).collect();
    let unknown: String = (0..150_000).map(|index| format!("<a{index}/>")).collect();
    for (content, accepted) in [(names, true), (prefixes, false), (unknown, false)] {
        let text = document(&event(&content)).replace("<ObjectEvent>", "<ObjectEvent xmlns:e=\"urn:e\">");
        match Document::parse(text.as_bytes(), Format::Xml, &Limits::default()) {
            Ok(document) => assert!(accepted && document.to_json().len() > 1_000_000),
            Err(faults) => assert!(!accepted && faults.len() <= 200),
        }
    }
    let faulty = document(&event("<x/>").repeat(20_000));
    let limits = Limits::default();
    let reader = epcis::Reader::new(faulty.as_bytes(), Format::Xml, &limits).unwrap();
    assert_eq!(reader.filter(Result::is_err).count(), 20_000);
    let members: String = (0..100_000).map(|index| format!(",\"http://e.example/{index}/a\":1")).collect();
    let json = format!("{{\"@context\":[],\"type\":\"ObjectEvent\"{members}}}");
    let faults = Document::parse(json.as_bytes(), Format::Json, &limits).unwrap_err();
    assert!(faults.iter().any(|fault| fault.code == FaultCode::LimitExceeded));
    let spaces = format!("{}x", "\n".repeat(1_000_000));
    assert_eq!(
        Document::parse(spaces.as_bytes(), Format::Json, &limits).unwrap_err()[0].line,
        Some(1_000_001)
    );
}

/// Sources to break: every valid third-party document, or one of our own without them.
fn sources() -> Vec<(Format, Vec<u8>)> {
    let mut out = vec![(Format::Xml, document(&event("")).into_bytes())];
    if let Some(folder) = testdata("broken_documents_never_panic") {
        for (extension, format) in [("xml", Format::Xml), ("json", Format::Json)] {
            let paths = files(&folder.join("epcis"), extension)
                .into_iter()
                .filter(|path| !is_within(path, "Queries"));
            out.extend(paths.map(|path| (format, std::fs::read(path).unwrap())));
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20000))]

    /// Bytes changed, cut or doubled at random: a fault or a document, never a panic; and a document that is read can be
    /// written and read again as the same events.
    #[test]
    fn broken_documents_never_panic(
        choice in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        thread_local!(static SOURCES: Vec<(Format, Vec<u8>)> = sources());
        let (format, mut bytes) = SOURCES.with(|sources| choice.get(sources).clone());
        for (place, byte, kind) in edits {
            let at = place.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..(at + usize::from(byte)).min(bytes.len()))),
                2 => bytes.insert(at, byte),
                _ => {
                    let piece = bytes[at..(at + usize::from(byte)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        if let Ok(document) = Document::parse(&bytes, format, &Limits::default()) {
            for event in &document.events {
                event.validate();
                event.hash_id(epcis::CbvVersion::V2_0);
            }
            let again = Document::parse(document.to_json().as_bytes(), Format::Json, &Limits::default());
            let again = again.unwrap().events;
            prop_assert!(again == document.events, "{}", first_difference(&again, &document.events));
            for version in [XmlVersion::V1_2, XmlVersion::V2_0] {
                if let Ok(xml) = document.to_xml(version) {
                    let again = Document::parse(xml.as_bytes(), Format::Xml, &Limits::default());
                    let again = again.unwrap().events;
                    prop_assert!(again == document.events, "{}", first_difference(&again, &document.events));
                }
            }
        }
    }
}
