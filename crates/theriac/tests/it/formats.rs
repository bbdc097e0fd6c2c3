//! Scans, calibrations and EPCIS documents at the command line.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::kit::{Answer, Desk};

const DOCUMENT: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument",
"schemaVersion":"2.0","creationDate":"2026-11-23T06:00:00Z","epcisBody":{"eventList":[{"type":"ObjectEvent","action":"OBSERVE",
"bizStep":"shipping","epcList":["https://id.gs1.org/01/09521568251204/21/S1"],"eventTime":"2026-11-22T06:00:00Z",
"eventTimeZoneOffset":"+01:00"}]}}"#;

const EVENT: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"ObjectEvent",
"action":"OBSERVE","epcList":["https://id.gs1.org/01/09521568251204/21/S1"],"eventTime":"2026-11-22T06:00:00Z",
"eventTimeZoneOffset":"+01:00"}"#;

fn fed(desk: &Desk, arguments: &[&str], input: &[u8]) -> Answer {
    let mut child = Command::new(env!("CARGO_BIN_EXE_theriac"))
        .current_dir(desk.path(""))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_scan_is_answered_in_json_and_many_line_by_line() {
    let desk = Desk::new();
    let one = desk.run(&["scan", "]d2010952156825120421A"]);
    assert_eq!((one.code, one.json()["elements"][1].clone()), (0, json!(["21", "A"])));
    let wrong = fed(&desk, &["scan"], b"]d2010952156825120521A\r\n");
    assert_eq!((wrong.code, &wrong.json()["faults"][0]["code"]), (1, &json!("INCORRECT_CHECK_DIGIT")));

    let lines = b"(01)09521568251204(21)A\n\"]d2010952156825120410L\\u001d21A\"\nhello\n\nurn:epc:id:sgln:4012345.00005.0\n";
    let many = fed(&desk, &["scan", "--lines"], lines);
    let answers: Vec<Value> = many.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ok: Vec<_> = answers.iter().map(|answer| answer["ok"].as_bool().unwrap()).collect();
    assert_eq!((many.code, ok), (0, vec![true, true, false, false, true]));
    assert_eq!(answers[1]["digital_link"], "https://id.gs1.org/01/09521568251204/10/L/21/A");
    assert_eq!(answers[4]["epc"], "urn:epc:id:sgln:4012345.00005.0");
    let keys: Vec<&str> = answers[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["digital_link", "elements", "epc", "faults", "ok", "symbology"]);
}

/// What rxing reads in a picture whose modules are squares of a path.
fn read_by_another(svg: &str) -> String {
    let size: usize = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    const PIXELS: usize = 5;
    let width = size * PIXELS;
    let mut luma = vec![255_u8; width * width];
    for module in svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap().split('M').skip(1) {
        let (x, y) = module.split('h').next().unwrap().split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        for row in y * PIXELS..(y + 1) * PIXELS {
            luma[row * width + x * PIXELS..row * width + (x + 1) * PIXELS].fill(0);
        }
    }
    let side = u32::try_from(width).unwrap();
    let format = Some(rxing::BarcodeFormat::DATA_MATRIX);
    rxing::helpers::detect_in_luma(luma, side, side, format).unwrap().getText().to_owned()
}

#[test]
fn a_workstation_that_was_calibrated_is_read_as_printed() {
    let desk = Desk::new();
    let text = read_by_another(&desk.run(&["calibrate", "--barcode"]).out);
    assert_eq!(text, gs1::calibration::calibration_text(), "what an independent reader sees in the picture");
    // A keyboard that exchanges Y and Z, and reports GS as a pilcrow.
    let typed = |printed: &str| -> String {
        let exchanged = printed.chars().map(|character| match character {
            'y' => 'z',
            'z' => 'y',
            'Y' => 'Z',
            'Z' => 'Y',
            '\u{1D}' => '\u{B6}',
            other => other,
        });
        exchanged.collect()
    };
    let learned = fed(&desk, &["calibrate"], typed(&format!("]d1{text}")).as_bytes());
    assert_eq!(learned.code, 0, "{}", learned.err);
    desk.write("desk.json", &learned.out);
    let printed = "]d2010952156825120421xYz\u{1D}10Zy";
    let scan = ["scan", "--calibration", "desk.json"];
    let read = fed(&desk, &scan, typed(printed).as_bytes());
    assert_eq!(read.json()["elements"], json!([["01", "09521568251204"], ["21", "xYz"], ["10", "Zy"]]));
    let lock = fed(&desk, &scan, b"]D2010952156825120421XyZ");
    assert_eq!((lock.code, &lock.json()["faults"][0]["code"]), (1, &json!("CAPS_LOCK")));
    let other = fed(&desk, &scan, "+d2010952156825120421\u{DF}".as_bytes());
    assert_eq!(other.json()["faults"][0]["code"], "LAYOUT_CHANGED");

    let capitals: String = format!("]d1{text}")
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let refused = fed(&desk, &["calibrate"], capitals.as_bytes());
    assert_eq!(refused.code, 1);
    assert!(refused.err.starts_with("CAPS_LOCK: Caps Lock is on"), "{}", refused.err);
    assert_eq!(fed(&desk, &["calibrate"], b"hello").code, 1);
}

#[test]
fn a_document_is_converted_checked_and_hashed() {
    let desk = Desk::new();
    desk.write("in.json", DOCUMENT);
    let xml = desk.run(&["epcis", "convert", "in.json", "--to", "xml"]);
    assert!(xml.code == 0 && xml.out.contains("<bizStep>"), "{}{}", xml.out, xml.err);
    desk.write("out.xml", &xml.out);
    let back = desk.run(&["epcis", "convert", "out.xml", "--to", "json"]).json();
    assert_eq!(
        back["epcisBody"]["eventList"][0]["epcList"],
        json!(["https://id.gs1.org/01/09521568251204/21/S1"])
    );
    let older = desk.run(&["epcis", "convert", "in.json", "--to", "xml", "--version", "1.2"]);
    assert!(older.out.contains("schemaVersion=\"1.2\""), "{}{}", older.out, older.err);
    assert_eq!(desk.run(&["epcis", "convert", "in.json", "--to", "json", "--version", "1.2"]).code, 2);

    let hash = |file: &str, cbv: &str| desk.run(&["epcis", "hash", file, "--cbv", cbv]).out;
    assert_eq!(hash("in.json", "2.0"), hash("out.xml", "2.0"));
    assert!(hash("in.json", "2.0").trim_end().ends_with("?ver=CBV2.0"));
    assert!(hash("in.json", "2.1").trim_end().ends_with("?ver=CBV2.1"));

    let good = desk.run(&["epcis", "check", "in.json"]);
    assert_eq!((good.code, &good.json()["events"]), (0, &json!(1)));
    desk.write("bad.json", DOCUMENT.replace("+01:00", "+25:00"));
    let bad = desk.run(&["epcis", "check", "bad.json"]);
    let fault = &bad.json()["faults"][0];
    assert_eq!((bad.code, &fault["pointer"]), (1, &json!("/epcisBody/eventList/0/eventTimeZoneOffset")));
    assert!(fault["line"].is_u64());
    let unconverted = desk.run(&["epcis", "convert", "bad.json", "--to", "xml"]);
    assert!(
        unconverted.code == 1
            && unconverted.out.is_empty()
            && unconverted.err.contains("eventTimeZoneOffset")
    );
}

#[test]
fn a_lone_event_stays_one() {
    let desk = Desk::new();
    desk.write("event.json", EVENT);
    for version in ["1.2", "2.0"] {
        let xml = desk.run(&["epcis", "convert", "event.json", "--to", "xml", "--version", version]);
        assert!(xml.code == 0 && xml.out.contains("<epcis:ObjectEvent "), "{}{}", xml.out, xml.err);
        desk.write("event.xml", &xml.out);
        assert_eq!(
            desk.run(&["epcis", "convert", "event.xml", "--to", "json"]).json()["type"],
            "ObjectEvent"
        );
    }
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let desk = Desk::new();
    let sensor = r#""sensorElementList":[{"sensorReport":[{"type":"Temperature","value":1,"https://x.example/a":{"https://x.example/b":1}}]}]"#;
    let with_parts = EVENT.replace(r#""action""#, &format!(r#"{sensor},"action""#));
    let (before, after) = DOCUMENT.split_once("[{\"type\"").unwrap();
    let document = format!("{before}[{EVENT},{with_parts},{{\"type\"{after}");
    desk.write("parts.json", document);
    let refused = desk.run(&["epcis", "convert", "parts.json", "--to", "xml"]);
    assert!(refused.code == 1 && refused.out.is_empty(), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("/epcisBody/eventList/1"), "{}", refused.err);
}
