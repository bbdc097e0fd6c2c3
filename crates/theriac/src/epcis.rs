//! EPCIS documents: from one binding to another, what is wrong with them, and the Event Hash IDs of their events.

use epcis::{CbvVersion, Document, DocumentKind, Fault, Format, Limits, Reader, Severity, XmlVersion};
use serde::Serialize;

/// Most faults that are listed: who has more has the wrong document.
const FAULTS_MAX: usize = 1_000;

/// What is wrong with a document, or to be noticed in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Whether it may be captured: there is no fault but warnings.
    pub ok: bool,
    /// How many events were read.
    pub events: u64,
    /// All that was found, at most 1,000.
    pub faults: Vec<Found>,
}

/// One fault and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Stable name.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// For people.
    pub message: String,
    /// JSON Pointer; in XML to the place that the value would have in JSON.
    pub pointer: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column in bytes, from 1.
    pub column: Option<u32>,
}

/// In which binding a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// JSON-LD, EPCIS 2.0.
    Json,
    /// XML.
    Xml(XmlVersion),
}

/// Which binding a document is in, by its first character.
#[must_use]
pub fn format_of(bytes: &[u8]) -> Format {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'<') => Format::Xml,
        _ => Format::Json,
    }
}

/// The document in another binding.
///
/// # Errors
/// What is wrong with it, or cannot be written so.
pub fn convert(bytes: &[u8], to: To) -> Result<String, Checked> {
    let document = Document::parse(bytes, format_of(bytes), &Limits::default());
    let written = document.and_then(|document| match to {
        To::Json => Ok(document.to_json()),
        To::Xml(version) => document.to_xml(version),
    });
    written.map_err(|faults| Checked::of(0, &faults))
}

/// The Event Hash ID of each event, in order.
///
/// # Errors
/// What is wrong with the document.
pub fn hash(bytes: &[u8], version: CbvVersion) -> Result<Vec<String>, Checked> {
    let reader = Reader::new(bytes, format_of(bytes), &Limits::default());
    let events = reader.map_err(|faults| Checked::of(0, &faults))?;
    events
        .map(|event| event.map(|event| event.hash_id(version)).map_err(|faults| Checked::of(0, &faults)))
        .collect()
}

/// Everything that is wrong with a document.
#[must_use]
pub fn check(bytes: &[u8]) -> Checked {
    let mut reader = match Reader::new(bytes, format_of(bytes), &Limits::default()) {
        Ok(reader) => reader,
        Err(faults) => return Checked::of(0, &faults),
    };
    let (mut faults, mut events) = (Vec::new(), 0);
    while let Some(event) = reader.next() {
        let prefix = prefix(&reader.head().kind, events);
        events += 1;
        match event {
            Ok(event) => faults.extend(event.validate().into_iter().map(|mut fault| {
                fault.pointer = fault.pointer.map(|pointer| format!("{prefix}{pointer}"));
                fault
            })),
            Err(found) => faults.extend(found),
        }
        if faults.len() >= FAULTS_MAX {
            break;
        }
    }
    faults.extend(reader.warnings().iter().cloned());
    faults.truncate(FAULTS_MAX);
    Checked::of(events, &faults)
}

/// The pointer to an event.
fn prefix(kind: &DocumentKind, place: u64) -> String {
    match kind {
        DocumentKind::Capture => format!("/epcisBody/eventList/{place}"),
        DocumentKind::Query { .. } => format!("/epcisBody/queryResults/resultsBody/eventList/{place}"),
        DocumentKind::Event => String::new(),
    }
}

impl Checked {
    fn of(events: u64, faults: &[Fault]) -> Self {
        let found = |fault: &Fault| Found {
            code: fault.code.as_str(),
            severity: match fault.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            message: fault.message.clone(),
            pointer: fault.pointer.clone(),
            line: fault.line,
            column: fault.column,
        };
        Self { ok: !faults.iter().any(Fault::is_error), events, faults: faults.iter().map(found).collect() }
    }
}
