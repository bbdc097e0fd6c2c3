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
