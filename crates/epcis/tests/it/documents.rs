//! Valid documents are accepted, invalid ones refused.

use crate::{files, is_within, parse_file, short, testdata};

/// Query requests (`Poll`) hold no events; the query language is another crate's business.
pub fn is_query_request(path: &std::path::Path) -> bool {
    is_within(path, "Queries") || path.ends_with("QueryDocument_with_missing_value.xml")
}

#[test]
fn valid_documents_are_accepted() {
    let Some(folder) = testdata("valid_documents_are_accepted") else {
        return;
    };
    let (mut given, mut right, mut wrong) = (0, 0, Vec::new());
    for path in ["json", "xml"]
        .iter()
        .flat_map(|extension| files(&folder.join("epcis"), extension))
    {
        if is_within(&path, "Invalid") || is_query_request(&path) {
            continue;
        }
        given += 1;
        match parse_file(&path) {
            Ok(document) if !document.events.is_empty() => right += 1,
            Ok(_) => wrong.push(format!("{}: no events", short(&path))),
            Err(faults) => wrong.push(format!(
                "{}: {}",
                short(&path),
                faults
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("; ")
            )),
        }
    }
    println!("valid documents: {given} given, {right} right");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
