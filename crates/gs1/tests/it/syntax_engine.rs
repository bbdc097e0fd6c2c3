//! The vectors of GS1's syntax engine: scans, element strings and Digital Links.

use gs1::scan::Form;
use gs1::{ElementString, digital_link, parse_scan};
use time::macros::date;

use crate::vectors::{Tally, field, rows};

const FILE: &str = "gs1/gs1-syntax-engine.json";

/// What the engine writes for FNC1.
fn with_separators(text: &str) -> Option<String> {
    text.strip_prefix('^').map(|rest| rest.replace('^', "\u{1D}"))
}

#[test]
fn scans() {
    let Some(rows) = rows(FILE, "processScanData") else {
        return;
    };
    let mut tally = Tally::new("gs1-syntax-engine processScanData");
    for row in &rows {
        let (scan, data) = (field(row, "scan").unwrap(), field(row, "dataStr").unwrap());
        let got = parse_scan(scan, date!(2026 - 11 - 22));
        // The engine also passes text that is not GS1's; here that is a fault, so only GS1 data is compared.
        let is_gs1 = row["ok"] == true
            && (data.starts_with('^') || data.starts_with("http") || scan.starts_with("]E"));
        if row["ok"] == true && !is_gs1 && !data.starts_with("HTTP") {
            let refused =
                got.as_ref().is_err_and(|fault| matches!(fault.code(), "NOT_GS1_DATA" | "EMPTY_SCAN"));
            tally.row(refused, || format!("{scan:?}: text, got {got:?}"));
            continue;
        }
        tally.row(got.is_ok() == (row["ok"] == true), || format!("{scan:?}: {got:?}"));
        if let (Ok(got), Some(expected)) = (got, with_separators(data)) {
            let expected = ElementString::parse(&expected).unwrap().into_elements();
            tally.row(got.form == Form::ElementString && got.elements == expected, || {
                format!("{scan:?}: {got:?}")
            });
        }
    }
    tally.finish();
}

#[test]
fn bracketed() {
    let Some(rows) = rows(FILE, "parseAIdata_bracketed") else {
        return;
    };
    let mut tally = Tally::new("gs1-syntax-engine parseAIdata");
    for row in &rows {
        let input = field(row, "bracketed").unwrap();
        let expected =
            (row["ok"] == true).then(|| with_separators(field(row, "unbracketed").unwrap()).unwrap());
        let got = ElementString::parse_bracketed(input).map(|string| string.to_raw());
        tally.row(got.as_ref().ok() == expected.as_ref(), || {
            format!("{input}: expected {expected:?}, got {got:?}")
        });
    }
    tally.finish();
}

#[test]
fn unbracketed() {
    let Some(rows) = rows(FILE, "processAIdata") else {
        return;
    };
    let mut tally = Tally::new("gs1-syntax-engine processAIdata");
    for row in &rows {
        let input = field(row, "data").unwrap();
        // The engine wants FNC1 first; readers swallow it, so that we do not.
        let Some(data) = with_separators(input) else {
            continue;
        };
        let got = ElementString::parse(&data);
        tally.row(got.is_ok() == (row["ok"] == true), || format!("{input}: {got:?}"));
    }
    tally.finish();
}

#[test]
fn links_in() {
    let Some(rows) = rows(FILE, "parseDLuri") else {
        return;
    };
    let mut tally = Tally::new("gs1-syntax-engine parseDLuri");
    let accepted: Vec<&str> =
        rows.iter().filter(|row| row["ok"] == true).filter_map(|row| field(row, "uri")).collect();
    for row in &rows {
        let uri = field(row, "uri").unwrap();
        // A link given twice with two answers depends on an option of the engine; we take the lenient answer.
        if row["ok"] == false && accepted.contains(&uri) {
            continue;
        }
        let got = digital_link::parse(uri);
        tally.row(got.is_ok() == (row["ok"] == true), || format!("{uri}: {got:?}"));
        let expected = with_separators(field(row, "ai").unwrap().trim_start_matches('+'));
        if let (Ok(got), Some(expected)) = (got, expected) {
            tally.row(got.to_raw() == expected, || {
                format!("{uri}: expected {expected:?}, got {:?}", got.to_raw())
            });
        }
    }
    tally.finish();
}

#[test]
fn links_out() {
    let Some(rows) = rows(FILE, "generateDLuri") else {
        return;
    };
    let mut tally = Tally::new("gs1-syntax-engine generateDLuri");
    for row in &rows {
        let elements = ElementString::parse_bracketed(field(row, "bracketed").unwrap());
        let got = elements.map(|elements| digital_link::write(&elements, field(row, "stem").unwrap()));
        let expected = (row["ok"] == true).then(|| field(row, "uri").unwrap());
        let written = got.as_ref().ok().and_then(|got| got.as_deref().ok());
        tally.row(written == expected, || format!("{row}: got {got:?}"));
    }
    tally.finish();
}
