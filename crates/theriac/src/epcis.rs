//! EPCIS documents: from one binding to another, what is wrong with them, and the Event Hash IDs of their events.

use epcis::{
    CbvVersion, Document, DocumentHead, DocumentKind, Fault, Format, Limits, Reader, Severity, Writer,
    XmlVersion,
};
use serde::Serialize;
use std::io::{self, Write};

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

/// Writes the document in another binding, after it was read once to the end: a document that is wrong somewhere leaves
/// nothing behind. Beside the document there is one event in memory at a time.
///
/// # Errors
/// Of `out`; inside, what is wrong with the document or cannot be written so.
pub fn convert(bytes: &[u8], to: To, out: &mut impl Write) -> io::Result<Result<(), Checked>> {
    let mut write = |piece: &str| out.write_all(piece.as_bytes());
    let written = match readable(bytes, to) {
        Ok(Readable::Event(text)) => Ok(write(&text)),
        Ok(Readable::Document(head)) => pieces(bytes, to, &head, write),
        Err(faults) => Err(faults),
    };
    match written {
        Ok(written) => written.map(Ok),
        Err(faults) => Ok(Err(Checked::of(0, &faults))),
    }
}

/// What was read to the end and can be written.
enum Readable {
    /// A lone event, written.
    Event(String),
    /// A document's head, with what follows the events.
    Document(Box<DocumentHead>),
}

/// Reads the document to the end and writes it to nowhere.
fn readable(bytes: &[u8], to: To) -> Result<Readable, Vec<Fault>> {
    let limits = Limits::default();
    let mut reader = Reader::new(bytes, format_of(bytes), &limits)?;
    let before = reader.head().clone();
    if before.kind == DocumentKind::Event {
        let document = Document::parse(bytes, format_of(bytes), &limits)?;
        return match to {
            To::Json => Ok(Readable::Event(document.to_json())),
            To::Xml(version) => document.to_xml(version).map(Readable::Event),
        };
    }
    let mut writer = writer(&before, to);
    let mut faults = writer.open().err().unwrap_or_default();
    for event in &mut reader {
        faults.extend(event.and_then(|event| writer.event(&event)).err().into_iter().flatten());
        if faults.len() >= limits.faults_max {
            break;
        }
    }
    faults.truncate(limits.faults_max);
    if faults.is_empty() { Ok(Readable::Document(Box::new(reader.head().clone()))) } else { Err(faults) }
}

/// Hands a document in another binding to `write`, piece by piece.
fn pieces(
    bytes: &[u8],
    to: To,
    head: &DocumentHead,
    mut write: impl FnMut(&str) -> io::Result<()>,
) -> Result<io::Result<()>, Vec<Fault>> {
    let mut writer = writer(head, to);
    let (open, close) = (writer.open()?, writer.close()?);
    let mut written = write(&open);
    for event in Reader::new(bytes, format_of(bytes), &Limits::default())? {
        let piece = writer.event(&event?)?;
        written = written.and_then(|()| write(&piece));
        if written.is_err() {
            return Ok(written);
        }
    }
    Ok(written.and_then(|()| write(&close)))
}

fn writer(head: &DocumentHead, to: To) -> Writer<'_> {
    match to {
        To::Json => Writer::json(head),
        To::Xml(version) => Writer::xml(head, version),
    }
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
