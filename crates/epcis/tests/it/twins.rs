//! The XML and the JSON file of one name describe the same events.

use std::path::Path;

use epcis::{Event, EventBody};

use crate::{files, is_within, parse_file, short, testdata};

/// Twins whose files say different things. In all of them only `declarationTime` differs: the JSON file has the wall-clock
/// time of the XML file (in +01:00) with the offset replaced by `Z`.
const DIFFERENT: [&str; 3] = [
    "Capture/Documents/Combination_of_different_event",
    "Query/Combination_of_different_event",
    "Capture/Events/TransformationEvent",
];

#[test]
fn xml_and_json_of_one_name_are_equal() {
    let Some(folder) = testdata("xml_and_json_of_one_name_are_equal") else {
        return;
    };
    let root = folder.join("epcis/2.0/EPCIS");
    let (mut given, mut right, mut excepted, mut wrong) = (0, 0, 0, Vec::new());
    for xml in files(&root.join("XML"), "xml") {
        let name = xml.strip_prefix(root.join("XML")).unwrap().with_extension("");
        let json = root.join("JSON").join(&name).with_extension("json");
        if is_within(&xml, "Invalid") || is_within(&xml, "Queries") || !json.is_file() {
            continue;
        }
        given += 1;
        let events = |path: &Path| -> Vec<Event> {
            parse_file(path).unwrap().events.into_iter().map(one_key_form).collect()
        };
        let (left, middle) = (events(&xml), events(&json));
        let known = DIFFERENT.iter().any(|known| name.ends_with(known));
        match (left == middle, known) {
            (true, false) => right += 1,
            (false, true) if left == with_declaration_times(&middle, &left) => {
                println!("{}: the files give different declaration times, all else is equal", short(&xml));
                excepted += 1;
            }
            (false, true) => wrong.push(format!("{}: more differs than is known", short(&xml))),
            (true, true) => wrong.push(format!("{}: is no exception any more", short(&xml))),
            (false, false) => wrong.push(format!("{}: {}", short(&xml), first_difference(&left, &middle))),
        }
    }
    println!("XML and JSON twins: {given} given, {right} right, {excepted} whose files differ in content");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn with_declaration_times(events: &[Event], from: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    for (event, from) in events.iter_mut().zip(from) {
        if let (Some(declaration), Some(from)) = (&mut event.error_declaration, &from.error_declaration) {
            declaration.declaration_time = from.declaration_time.clone();
        }
    }
    events
}

/// The event with its identifiers as canonical Digital Links: one twin may write URNs and the other links.
fn one_key_form(mut event: Event) -> Event {
    let EventBody::Object(body) = &mut event.body else {
        return event;
    };
    for epc in &mut body.epc_list {
        *epc = gs1::epc::canonical_link(epc).unwrap_or_else(|_| epc.clone());
    }
    event
}

pub fn first_difference(left: &[Event], right: &[Event]) -> String {
    if left.len() != right.len() {
        return format!("{} events and {}", left.len(), right.len());
    }
    let pair = left.iter().zip(right).find(|(left, right)| left != right);
    pair.map(|(left, right)| {
        let (left, right) = (format!("{left:#?}"), format!("{right:#?}"));
        let lines: Vec<_> = left
            .lines()
            .zip(right.lines())
            .filter(|(l, r)| l != r)
            .map(|(l, r)| format!("{} | {}", l.trim(), r.trim()))
            .take(12)
            .collect();
        lines.join("\n    ")
    })
    .unwrap_or_default()
}
