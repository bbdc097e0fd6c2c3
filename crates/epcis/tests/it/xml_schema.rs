//! What we write and what we refuse, against an XML parser and GS1's XML schemas of EPCIS 1.2.

use std::collections::BTreeSet;

use epcis::{Document, DocumentKind, Event, Fault, Format, Limits, Reader, XmlVersion};
use serde_json::json;

use crate::differing::{Differing, Reason};
use crate::roundtrip::documents;
use crate::{oracle, short};

const DRIVER: &str = "xml_schema.py";

/// Why documents that we write are not valid: published ones are not, and are passed on as they came.
const WRITTEN: &[Reason] = &[
    Reason {
        question: "Query",
        answer: "missing required attribute 'creationDate'",
        reason: "a published query document lacks its date",
    },
    Reason {
        question: "Query",
        answer: "Tag 'queryName' expected",
        reason: "published query documents lack the name of their query",
    },
    Reason {
        question: "Query",
        answer: "Invalid datetime string",
        reason: "a published query document has a time without seconds",
    },
];

#[test]
fn written_xml_is_valid() {
    let test = "written_xml_is_valid";
    let Some(folder) = oracle::folder(test) else {
        return;
    };
    let (mut names, mut questions) = (Vec::new(), Vec::new());
    for (path, document) in documents(test) {
        for version in [XmlVersion::V1_2, XmlVersion::V2_0] {
            // The schemas know no lone events.
            let schema = version == XmlVersion::V1_2 && document.head.kind != DocumentKind::Event;
            names.push(format!("{} {version:?}", short(&path)));
            questions.push(json!({"xml": document.to_xml(version).unwrap(), "schema": schema}).to_string());
        }
    }
    let mut differing = Differing::new(test, WRITTEN);
    for (name, answer) in names.iter().zip(oracle::ask(&folder, DRIVER, &questions)) {
        differing.row(answer == "ok", name, &answer);
    }
    differing.finish();
}

/// Why we read what the schemas refuse.
const READ: &[Reason] = &[
    Reason {
        question: "sbdh:",
        answer: "",
        reason: "the business document header is another standard's: kept whole, not judged",
    },
    Reason {
        question: "/EPCISHeader emptied",
        answer: "is not complete",
        reason: "a header with nothing in it says nothing",
    },
    Reason {
        question: " removed",
        answer: "is not complete",
        reason: "a wrapper from which the last element is gone says nothing",
    },
    Reason { question: "List emptied", answer: "is not complete", reason: "an empty list is an absent one" },
    Reason { question: " emptied", answer: "is not complete", reason: "an empty wrapper says nothing" },
    Reason {
        question: "/childEPCs removed",
        answer: "Tag 'childEPCs' expected",
        reason: "an absent list is an empty one",
    },
    Reason {
        question: " twice",
        answer: "Unexpected child",
        reason: "wrappers may repeat: everything in them is read",
    },
];

/// Whether a document is refused, or read with a warning for the order of its elements.
fn is_noticed(xml: &str) -> bool {
    let limits = Limits::default();
    let Ok(document) = Document::parse(xml.as_bytes(), Format::Xml, &limits) else {
        return true;
    };
    let mut reader = Reader::new(xml.as_bytes(), Format::Xml, &limits).unwrap();
    reader.by_ref().for_each(drop);
    !reader.warnings().is_empty()
        || document.events.iter().flat_map(Event::validate).any(|fault: Fault| fault.is_error())
}

/// The elements of a document that we wrote (tags, attributes and text, nothing else): path, from where, to where.
fn elements(xml: &str) -> Vec<(String, usize, usize)> {
    let (mut out, mut open) = (Vec::new(), Vec::new());
    for (at, _) in xml.match_indices('<') {
        let end = at + xml[at..].find('>').unwrap() + 1;
        let tag = &xml[at + 1..end - 1];
        if tag.starts_with('/') {
            let (path, from) = open.pop().unwrap();
            out.push((path, from, end));
        } else if !tag.starts_with('?') {
            let name = tag.split([' ', '/']).next().unwrap();
            let path = format!("{}/{name}", open.last().map_or("", |(path, _): &(String, usize)| path));
            if tag.ends_with('/') {
                out.push((path, at, end));
            } else {
                open.push((path, at));
            }
        }
    }
    out
}

/// The document without an element, with it twice, with other text in it, under another name.
fn mutants(xml: &str, from: usize, to: usize) -> Vec<(&'static str, String)> {
    let (before, element, after) = (&xml[..from], &xml[from..to], &xml[to..]);
    let tag_end = element.find('>').unwrap();
    let name = element[1..tag_end].split([' ', '/']).next().unwrap();
    let inner = element.strip_suffix(&format!("</{name}>")).map(|element| &element[tag_end + 1..]);
    let mut out = vec![
        ("removed", format!("{before}{after}")),
        ("twice", format!("{before}{element}{element}{after}")),
        ("emptied", format!("{before}<{name}/>{after}")),
    ];
    if let Some(inner) = inner {
        out.push(("renamed", format!("{before}<unknown>{inner}</unknown>{after}")));
        if !inner.contains('<') {
            out.push(("= x", format!("{before}{}x</{name}>{after}", &element[..=tag_end])));
        }
    }
    out
}

#[test]
fn what_the_xml_schemas_refuse_is_noticed() {
    let test = "what_the_xml_schemas_refuse_is_noticed";
    let Some(folder) = oracle::folder(test) else {
        return;
    };
    let (mut seen, mut given) = (BTreeSet::new(), Vec::new());
    let captured = |document: &Document| document.head.kind == DocumentKind::Capture;
    let documents = documents(test).into_iter().map(|(_, document)| document).filter(captured);
    let mut written: Vec<String> =
        documents.map(|document| document.to_xml(XmlVersion::V1_2).unwrap()).collect();
    // Each kind of place is tried in the shortest document that has it.
    written.sort_by_key(String::len);
    for xml in written {
        for (path, from, to) in elements(&xml) {
            // The root alone cannot be changed and still be one document.
            if path.matches('/').count() > 1 && seen.insert(path.clone()) {
                let mutants = mutants(&xml, from, to).into_iter();
                given.extend(mutants.map(|(what, mutant)| (format!("{path} {what}"), mutant)));
            }
        }
    }
    let questions: Vec<String> =
        given.iter().map(|(_, xml)| json!({"xml": xml, "schema": true}).to_string()).collect();
    let mut differing = Differing::new(test, READ);
    for ((name, xml), answer) in given.iter().zip(oracle::ask(&folder, DRIVER, &questions)) {
        if answer != "ok" {
            differing.row(is_noticed(xml), name, &answer);
        }
    }
    println!("{test}: of {} documents", given.len());
    differing.finish();
}
