//! What the two targets for documents share.

use epcis::{Document, Event, Format, Limits};

/// Bounds under which one input takes milliseconds.
fn limits() -> Limits {
    Limits { document_bytes_max: 64 * 1024, events_max: 100, values_per_event_max: 5_000, ..Limits::default() }
}

pub fn read(bytes: &[u8], format: Format) -> Option<Document> {
    Document::parse(bytes, format, &limits()).ok()
}

/// The text is a document of the same events.
pub fn survives(document: &Document, text: &str, format: Format) {
    // What is written may be longer than what was read: prefixes are expanded, defaults spelled out.
    let limits = Limits { document_bytes_max: text.len(), values_per_event_max: 50_000, ..limits() };
    let again = Document::parse(text.as_bytes(), format, &limits)
        .unwrap_or_else(|faults| panic!("what was written cannot be read: {faults:?}\n{text}"));
    assert_eq!(again.events, document.events, "{text}");
    let fields = |document: &Document| document.events.iter().map(Event::fields).collect::<Vec<_>>();
    assert_eq!(fields(&again), fields(document), "{text}");
}
