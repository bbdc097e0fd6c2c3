//! What is read: the same in every run.

use std::fmt::Write as _;

use epcis::{Document, Format, Limits, XmlVersion};

/// A document of the benchmark.
#[derive(Clone, Copy)]
pub enum Input {
    /// Element strings of packs, one a line.
    Scans,
    /// Events of one pack each, JSON.
    Events,
    /// The same events in XML 2.0.
    EventsXml,
    /// A document of over 100,000,000 bytes, JSON: packing events of a hundred packs.
    Large,
    /// The same document in XML 2.0.
    LargeXml,
}

/// Element strings of one row.
const SCANS: u32 = 500_000;
/// Events of the smaller documents.
const EVENTS: u32 = 50_000;
/// Size of the larger ones.
const LARGE_BYTES: usize = 100_000_000;

impl Input {
    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scans => "scans",
            Self::Events => "events.json",
            Self::EventsXml => "events.xml",
            Self::Large => "large.json",
            Self::LargeXml => "large.xml",
        }
    }

    /// Its content.
    pub fn make(self) -> String {
        match self {
            Self::Scans => (0..SCANS).fold(String::new(), |mut text, serial| {
                let _ = writeln!(text, "]d20109521568251204215Kx{serial}\u{1D}1727060010LOT{}", serial % 100);
                text
            }),
            Self::Events => document((0..EVENTS).map(one_pack)),
            Self::EventsXml => xml(&Self::Events.make()),
            Self::Large => {
                let size = a_hundred_packs(0).len();
                let events = u32::try_from(LARGE_BYTES / size).unwrap_or(u32::MAX) + 1;
                document((0..events).map(a_hundred_packs))
            }
            Self::LargeXml => xml(&Self::Large.make()),
        }
    }
}

fn document(events: impl Iterator<Item = String>) -> String {
    let mut text = String::from(
        r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-22T10:00:00Z","epcisBody":{"eventList":["#,
    );
    for (place, event) in events.enumerate() {
        text.push_str(if place > 0 { "," } else { "" });
        text.push_str(&event);
    }
    text + "]}}"
}

fn one_pack(number: u32) -> String {
    format!(
        r#"{{"type":"ObjectEvent","eventID":"urn:uuid:019ab1f2-7a3c-7e55-9c1b-{number:012x}","eventTime":"2026-11-22T10:00:00.000Z","eventTimeZoneOffset":"+01:00","action":"ADD","epcList":["urn:epc:id:sgtin:952156.0825120.{number}"],"bizStep":"commissioning","disposition":"active","readPoint":{{"id":"urn:epc:id:sgln:952156.825120.0"}},"bizLocation":{{"id":"urn:epc:id:sgln:952156.825120.0"}},"ilmd":{{"cbvmda:itemExpirationDate":"2028-05-31","cbvmda:lotNumber":"LOT1"}}}}"#
    )
}

fn a_hundred_packs(number: u32) -> String {
    let packs: Vec<String> =
        (0..100).map(|pack| format!("\"urn:epc:id:sgtin:952156.0825120.{number:06}{pack:02}\"")).collect();
    format!(
        r#"{{"type":"AggregationEvent","eventTime":"2026-11-22T10:00:00.000Z","eventTimeZoneOffset":"+01:00","action":"ADD","bizStep":"packing","parentID":"urn:epc:id:sscc:952156.4{number:010}","childEPCs":[{}]}}"#,
        packs.join(",")
    )
}

fn xml(json: &str) -> String {
    let document = Document::parse(json.as_bytes(), Format::Json, &Limits::default());
    document.and_then(|document| document.to_xml(XmlVersion::V2_0)).unwrap_or_default()
}
