//! The XML and the JSON file of one name describe the same events.

use std::path::Path;

use epcis::Event;

use crate::{files, is_within, parse_file, short, testdata};

#[test]
fn xml_and_json_of_one_name_are_equal() {
    let Some(folder) = testdata("xml_and_json_of_one_name_are_equal") else {
        return;
    };
    let root = folder.join("epcis/2.0/EPCIS");
    let (mut given, mut right, mut wrong) = (0, 0, Vec::new());
    for xml in files(&root.join("XML"), "xml") {
        let json = root
            .join("JSON")
            .join(xml.strip_prefix(root.join("XML")).unwrap())
            .with_extension("json");
        if is_within(&xml, "Invalid") || is_within(&xml, "Queries") || !json.is_file() {
            continue;
        }
        given += 1;
        let events = |path: &Path| parse_file(path).unwrap().events;
        let (left, middle) = (events(&xml), events(&json));
        if left == middle {
            right += 1;
        } else {
            wrong.push(format!("{}: {}", short(&xml), first_difference(&left, &middle)));
        }
    }
    println!("XML and JSON twins: {given} given, {right} right");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn first_difference(left: &[Event], right: &[Event]) -> String {
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
