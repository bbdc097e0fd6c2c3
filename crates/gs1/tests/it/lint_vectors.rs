//! The linter vectors of the GS1 Barcode Syntax Dictionary and of GS1's engine.

use gs1::ElementString;
use gs1::lint::{self, LintFault};

use crate::vectors::{Tally, field, rows};

/// The text with asterisks around the characters at fault, as the vectors mark them.
fn marked(text: &str, fault: LintFault) -> String {
    let characters: Vec<char> = text.chars().collect();
    let from = fault.at as usize;
    let to = from + fault.length as usize;
    let part = |range: std::ops::Range<usize>| characters[range].iter().collect::<String>();
    format!("{}*{}*{}", part(0..from), part(from..to), part(to..characters.len()))
}

#[test]
fn linters() {
    let Some(rows) = rows("gs1/gs1-linters.json", "vectors") else {
        return;
    };
    let mut tally = Tally::new("gs1-linters");
    let mut directory = 0;
    for row in &rows {
        let (name, input) = (field(row, "linter").unwrap(), field(row, "input").unwrap());
        // These rows were made with a directory of company prefixes behind the linter: it says which exist.
        let with_directory = ["GCP_DATASOURCE_OFFLINE", "INVALID_GCP_PREFIX", "TOO_SHORT_FOR_GCP"];
        if field(row, "error").is_some_and(|error| with_directory.contains(&error))
            || (name.starts_with("gcppos") && input.is_empty())
        {
            directory += 1;
            continue;
        }
        let linter = lint::by_name(name).unwrap_or_else(|| panic!("no linter {name}"));
        let found = linter.check(input).err();
        let expected = (field(row, "error"), field(row, "marked").map(ToOwned::to_owned));
        let got = (found.map(|fault| fault.code()), found.map(|fault| marked(input, fault)));
        tally.row(got == expected, || format!("{name} {input:?}: expected {expected:?}, got {got:?}"));
    }
    println!(
        "gs1-linters: {directory} rows need a directory of company prefixes, which is not the standard's"
    );
    tally.finish();
}

#[test]
fn elements() {
    let Some(rows) = rows("gs1/gs1-ai-linters.json", "vectors") else {
        return;
    };
    let mut tally = Tally::new("gs1-ai-linters");
    for row in &rows {
        let (input, expected) = (field(row, "bracketed").unwrap(), field(row, "error").unwrap());
        let got = ElementString::parse_bracketed(input).map_or_else(|fault| fault.code(), |_| "OK");
        tally.row(got == expected, || format!("{input}: expected {expected}, got {got}"));
    }
    tally.finish();
}
