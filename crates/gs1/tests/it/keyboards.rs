//! What keyboard wedges type under many layouts, and what was printed.

use gs1::calibration::calibration_text;
use gs1::{Calibration, parse_scan};
use serde_json::Value;
use time::macros::date;

use crate::vectors::text;

fn makes_sense(text: &str) -> bool {
    parse_scan(text, date!(2026 - 11 - 23)).is_ok()
}

#[test]
fn every_layout_is_read_exactly_or_refused() {
    let Some(file) = text("gs1/keyboard-garbled-gs1.json") else { return };
    let file: Value = serde_json::from_str(&file).unwrap();
    let layouts = file["layouts"].as_object().unwrap();
    let truth = layouts["Us"].as_object().unwrap();
    let (mut given, mut right, mut refused, mut wrong) = (0, 0, Vec::new(), Vec::new());
    for (layout, scans) in layouts {
        let Some(baseline) = scans["Baseline"].as_str() else { continue };
        let calibration = match Calibration::learn(baseline) {
            Ok(calibration) => calibration,
            Err(fault) => {
                refused.push(format!("{layout}: {fault}"));
                continue;
            }
        };
        for (name, typed) in scans.as_object().unwrap() {
            let (Some(printed), Some(typed)) = (truth.get(name).and_then(Value::as_str), typed.as_str())
            else {
                continue;
            };
            if name == "Baseline" {
                continue;
            }
            given += 1;
            match calibration.restore(typed, makes_sense) {
                Ok(restored) if restored == printed => right += 1,
                Ok(restored) => {
                    wrong.push(format!("{layout} {name}: {typed:?} read as {restored:?}, not {printed:?}"))
                }
                Err(fault) => refused.push(format!("{layout} {name}: {} {typed:?}", fault.code())),
            }
        }
    }
    println!("keyboards: {given} given, {right} right, {} refused", refused.len());
    for one in &refused {
        println!("refused: {one}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_calibration_barcode_is_that_of_the_vectors() {
    let Some(file) = text("gs1/keyboard-garbled-gs1.json") else { return };
    let file: Value = serde_json::from_str(&file).unwrap();
    // A US keyboard shows nothing of EOT.
    let shown = format!("]d1{}\r", calibration_text().replace('\u{4}', ""));
    assert_eq!(file["layouts"]["Us"]["Baseline"].as_str().unwrap(), shown);
}

/// Dead keys whose letters do not follow from their accent: they switch to letters of the language. What they make is
/// refused.
const SWITCHES: [(&str, char); 2] = [("LatvianStandard", '"'), ("PolishProgrammers", '~')];

/// The vectors have one barcode for each dead key: the key before every character of ASCII.
#[test]
fn what_dead_keys_compose_is_among_the_readings() {
    let Some(file) = text("gs1/keyboard-garbled-gs1.json") else { return };
    let file: Value = serde_json::from_str(&file).unwrap();
    let (mut given, mut missing) = (0, Vec::new());
    for (layout, scans) in file["layouts"].as_object().unwrap() {
        let Some(Ok(calibration)) = scans["Baseline"].as_str().map(Calibration::learn) else { continue };
        let identifier = scans["Baseline"].as_str().unwrap().split("  ").next().unwrap();
        for number in 1.. {
            let Some(typed) = scans.get(format!("DeadkeyBarcode{number}")).and_then(Value::as_str) else {
                break;
            };
            let typed: Vec<char> = typed.strip_prefix(identifier).unwrap().trim_end().chars().collect();
            let accent = typed[1];
            let mut rest = typed.as_slice();
            for character in '!'..='~' {
                let length = if rest[1] == accent || rest.get(2) == Some(&accent) { 3 } else { 2 };
                let (pair, left) = rest.split_at(length);
                rest = left;
                given += 1;
                let pair: String = pair.iter().collect();
                let found = calibration.restore(&format!("{identifier}{pair}"), |printed| {
                    printed.chars().count() == 5 && printed.ends_with(character)
                });
                if found.is_err() && !SWITCHES.contains(&(layout.as_str(), accent)) {
                    missing.push(format!("{layout} {accent} {character}: {pair:?}"));
                }
            }
            assert!(rest.is_empty(), "{layout} {number}: {rest:?}");
        }
    }
    println!("dead keys: {given} given, {} right", given - missing.len());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
