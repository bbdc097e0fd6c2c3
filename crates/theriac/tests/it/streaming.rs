//! A large document is converted in little more memory than it has itself.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::kit::Desk;

/// The size of each document.
const DOCUMENT_BYTES: usize = 30 << 20;
/// How often the converter is looked at: it waits for its output to be read, and so is there to be looked at until it is
/// at its last events.
const LOOK_BYTES: usize = 256 << 10;
/// Beside the document: the program itself, its buffers, one event.
const BESIDE_BYTES: u64 = 12 << 20;

/// A capture document of packing events, a hundred packs each.
fn document() -> String {
    let mut text = String::from(
        r#"{"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],"type":"EPCISDocument",
        "schemaVersion":"2.0","creationDate":"2026-11-22T10:00:00Z","epcisBody":{"eventList":["#,
    );
    for case in 0.. {
        if text.len() >= DOCUMENT_BYTES {
            break;
        }
        text.push_str(if case > 0 { "," } else { "" });
        let epcs: Vec<String> =
            (0..100).map(|pack| format!("\"urn:epc:id:sgtin:952100.0012345.{case}-{pack}\"")).collect();
        write!(
            text,
            r#"{{"type":"AggregationEvent","eventTime":"2026-11-22T10:00:00Z","eventTimeZoneOffset":"+00:00",
            "action":"ADD","bizStep":"packing","parentID":"urn:epc:id:sgtin:952100.1012345.{case}","childEPCs":[{}]}}"#,
            epcs.join(",")
        )
        .unwrap();
    }
    text + "]}}"
}

/// Converts a file, writes the result to another, and tells how much memory the process took at most.
fn convert(from: &Path, to: &Path, binding: &str) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_theriac"));
    command.args(["epcis", "convert"]).arg(from).args(["--to", binding]).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut output = process.stdout.take().unwrap();
    let (mut file, mut peak) = (std::fs::File::create(to).unwrap(), 0);
    loop {
        let length = std::io::copy(&mut output.by_ref().take(LOOK_BYTES as u64), &mut file).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
        // A process that has ended has no memory.
        let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        peak = kibibytes.map_or(peak, |peak| peak.trim().parse::<u64>().unwrap() * 1024);
        if length == 0 {
            break;
        }
    }
    assert!(process.wait().unwrap().success());
    peak
}

#[test]
#[cfg(target_os = "linux")] // who tells the memory is /proc
fn a_large_document_is_converted_piece_by_piece() {
    let desk = Desk::new();
    desk.write("0.json", document());
    for (from, to, binding) in [("0.json", "1.xml", "xml"), ("1.xml", "2.json", "json")] {
        let (from, to) = (desk.path(from), desk.path(to));
        let peak = convert(&from, &to, binding);
        let size = std::fs::metadata(&from).unwrap().len();
        println!("{size} bytes to {binding}: at most {peak} bytes of memory");
        assert!(
            size < peak && peak < size + BESIDE_BYTES,
            "{size} bytes to {binding} took {peak} bytes of memory"
        );
    }
    let events = |name: &str| desk.run(&["epcis", "check", name]).json()["events"].as_u64();
    assert!(events("0.json").is_some_and(|events| events > 1_000));
    assert_eq!(events("2.json"), events("0.json"));
}
