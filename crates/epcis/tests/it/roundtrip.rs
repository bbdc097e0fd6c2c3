//! Writing and reading again keeps every event.

use std::path::PathBuf;

use epcis::{Document, Event, Format, Limits, XmlVersion};

use crate::documents::is_query_request;
use crate::{files, is_within, parse_file, short, testdata};

/// All valid third-party documents.
pub fn documents(test: &str) -> Vec<(PathBuf, Document)> {
    let Some(folder) = testdata(test) else {
        return Vec::new();
    };
    let all = ["json", "xml", "jsonld"].iter().flat_map(|extension| {
        [files(&folder.join("epcis"), extension), files(&folder.join("event-hash"), extension)].concat()
    });
    all.filter(|path| {
        !is_within(path, "Invalid") && !is_query_request(path) && !path.ends_with("expected.json")
    })
    .map(|path| {
        (path.clone(), parse_file(&path).unwrap_or_else(|faults| panic!("{}: {faults:?}", short(&path))))
    })
    .collect()
}

/// Counts the documents that `change` leaves as they are.
fn unchanged(test: &str, change: impl Fn(&Document) -> Document) {
    let (mut given, mut wrong) = (0, Vec::new());
    for (path, document) in documents(test) {
        given += 1;
        let changed = change(&document);
        if changed.events != document.events || all_fields(&changed) != all_fields(&document) {
            wrong.push(short(&path));
        }
        assert_eq!(changed.head.header.vocabularies, document.head.header.vocabularies, "{}", short(&path));
        assert_eq!(changed.head.header.extensions, document.head.header.extensions, "{}", short(&path));
        assert_eq!(changed.head.header.sender, document.head.header.sender, "{}", short(&path));
        assert_eq!(changed.head.kind, document.head.kind, "{}", short(&path));
    }
    println!("{test}: {given} given, {} right", given - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn all_fields(document: &Document) -> Vec<Vec<(String, String)>> {
    document.events.iter().map(Event::fields).collect()
}

fn json(document: &Document) -> Document {
    let text = document.to_json();
    Document::parse(text.as_bytes(), Format::Json, &Limits::default())
        .unwrap_or_else(|faults| panic!("{faults:?} in {text}"))
}

fn xml(document: &Document, version: XmlVersion) -> Document {
    let text = document.to_xml(version).unwrap();
    Document::parse(text.as_bytes(), Format::Xml, &Limits::default())
        .unwrap_or_else(|faults| panic!("{faults:?} in {text}"))
}

#[test]
fn json_keeps_every_event() {
    unchanged("json_keeps_every_event", json);
}

#[test]
fn xml_2_0_keeps_every_event() {
    unchanged("xml_2_0_keeps_every_event", |document| xml(document, XmlVersion::V2_0));
}

#[test]
fn xml_1_2_keeps_every_event() {
    unchanged("xml_1_2_keeps_every_event", |document| xml(document, XmlVersion::V1_2));
}

#[test]
fn all_forms_in_a_row_keep_every_event() {
    unchanged("all_forms_in_a_row_keep_every_event", |document| {
        let first = xml(&json(document), XmlVersion::V1_2);
        json(&xml(&xml(&first, XmlVersion::V2_0), XmlVersion::V1_2))
    });
}

#[test]
fn canonical_json_is_stable_and_needs_no_document() {
    for (path, document) in documents("canonical_json_is_stable_and_needs_no_document") {
        for event in &document.events {
            let text = event.to_json();
            let again = Document::parse(text.as_bytes(), Format::Json, &Limits::default());
            let again = again.unwrap_or_else(|faults| panic!("{}: {faults:?} in {text}", short(&path)));
            assert_eq!(again.events[0], *event, "{}", short(&path));
            assert_eq!(again.events[0].to_json(), text, "{}", short(&path));
            assert_eq!(again.events[0].fields(), event.fields(), "{}", short(&path));
        }
    }
}

#[test]
fn written_xml_has_its_elements_in_order() {
    for (path, document) in documents("written_xml_has_its_elements_in_order") {
        for version in [XmlVersion::V1_2, XmlVersion::V2_0] {
            let text = document.to_xml(version).unwrap();
            let limits = Limits::default();
            let mut reader = epcis::Reader::new(text.as_bytes(), Format::Xml, &limits).unwrap();
            assert_eq!(reader.by_ref().filter(Result::is_err).count(), 0);
            assert!(reader.warnings().is_empty(), "{}: {:?}", short(&path), reader.warnings());
        }
    }
}

#[test]
fn field_names_are_distinct() {
    for (path, document) in documents("field_names_are_distinct") {
        for event in &document.events {
            let fields = event.fields();
            let names: std::collections::BTreeSet<_> = fields.iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), fields.len(), "{}", short(&path));
        }
    }
}
