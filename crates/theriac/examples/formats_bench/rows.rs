//! What is measured.

use std::hint::black_box;
use std::io::{Error, Result};

use epcis::{Fault, Format, Limits, Reader, Writer, XmlVersion};
use time::macros::date;

use crate::documents::Input;

/// One line of the table.
pub struct Row {
    /// What is done, and of what the number a second is.
    pub name: &'static str,
    /// What is read.
    pub document: Input,
    /// Does it, and counts.
    pub work: fn(&[u8]) -> Result<u64>,
}

/// The table.
pub const ROWS: &[Row] = &[
    Row { name: "element strings parsed", document: Input::Scans, work: scans },
    Row { name: "events read, JSON", document: Input::Events, work: |bytes| read(bytes, Format::Json) },
    Row { name: "events read, XML", document: Input::EventsXml, work: |bytes| read(bytes, Format::Xml) },
    Row {
        name: "events read and written, JSON",
        document: Input::Events,
        work: |bytes| written(bytes, None),
    },
    Row {
        name: "events read and written, XML",
        document: Input::Events,
        work: |bytes| written(bytes, Some(XmlVersion::V2_0)),
    },
    Row {
        name: "100 MB read, JSON: events",
        document: Input::Large,
        work: |bytes| read(bytes, Format::Json),
    },
    Row {
        name: "100 MB read, XML: events",
        document: Input::LargeXml,
        work: |bytes| read(bytes, Format::Xml),
    },
];

fn scans(bytes: &[u8]) -> Result<u64> {
    let text = std::str::from_utf8(bytes).map_err(Error::other)?;
    let mut done = 0;
    for line in text.lines() {
        black_box(gs1::parse_scan(line, date!(2026 - 11 - 22)).map_err(Error::other)?);
        done += 1;
    }
    Ok(done)
}

fn read(bytes: &[u8], format: Format) -> Result<u64> {
    let mut done = 0;
    for event in Reader::new(bytes, format, &Limits::default()).map_err(told)? {
        black_box(event.map_err(told)?);
        done += 1;
    }
    Ok(done)
}

/// Reads and writes event by event, in the same binding or the other.
fn written(bytes: &[u8], to: Option<XmlVersion>) -> Result<u64> {
    let mut reader = Reader::new(bytes, Format::Json, &Limits::default()).map_err(told)?;
    let head = reader.head().clone();
    let mut writer = to.map_or_else(|| Writer::json(&head), |version| Writer::xml(&head, version));
    black_box(writer.open().map_err(told)?);
    let mut done = 0;
    for event in &mut reader {
        black_box(writer.event(&event.map_err(told)?).map_err(told)?);
        done += 1;
    }
    Ok(done)
}

fn told(faults: Vec<Fault>) -> Error {
    Error::other(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}
