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
