//! Reading documents event by event.

use crate::fault::Locator;
use crate::json::{JsonReader, document_to_json, event_to_json};
use crate::model::{Document, DocumentHead, DocumentKind, Event};
use crate::xml::{XmlReader, XmlVersion, document_to_xml};
use crate::{Fault, FaultCode, Limits};

/// The binding a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON or JSON-LD, EPCIS 2.0.
    Json,
    /// XML, EPCIS 1.0 to 1.2 and 2.0; which one is read from the document.
    Xml,
}

impl Format {
    /// The binding a media type names: `application/json`, `application/ld+json`, `application/xml`, `text/xml`,
    /// with or without parameters.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "application/ld+json" => Some(Self::Json),
            "application/xml" | "text/xml" => Some(Self::Xml),
            _ => None,
        }
    }
}

/// Reads the events of a document one at a time.
///
/// Only the event being read is in memory beside the source. The first item that is not an event ends the iteration
/// when the syntax is broken; a faulty event does not keep the ones after it from being read.
pub struct Reader<'a> {
    binding: Bound<'a>,
    locator: Locator<'a>,
    limits: Limits,
    events: usize,
    /// Warnings whose places have been found.
    warnings: usize,
}

enum Bound<'a> {
    Json(Box<JsonReader<'a>>),
    Xml(Box<XmlReader<'a>>),
}

impl<'a> Reader<'a> {
    /// Opens a document: an `EPCISDocument`, an `EPCISQueryDocument`, or a lone event. In JSON the syntax of the
    /// whole document is checked here; in XML as the events are read.
    ///
    /// # Errors
    /// The faults of everything around the events.
    pub fn new(bytes: &'a [u8], format: Format, limits: &Limits) -> Result<Self, Vec<Fault>> {
        let source = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut locator = Locator::new(source, 2 * limits.faults_max);
        let opened = Self::open(source, format, limits);
        let binding = opened.map_err(|mut faults| {
            locator.locate(&mut faults);
            faults
        })?;
        Ok(Self { binding, locator, limits: *limits, events: 0, warnings: 0 })
    }

    fn open(bytes: &'a [u8], format: Format, limits: &Limits) -> Result<Bound<'a>, Vec<Fault>> {
        if bytes.len() > limits.document_bytes_max {
            return Err(vec![Fault::new(FaultCode::LimitExceeded, "the document is larger than the limit")]);
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            vec![Fault::new(FaultCode::Encoding, "the document is not UTF-8").located(error.valid_up_to())]
        })?;
        Ok(match format {
            Format::Json => Bound::Json(Box::new(JsonReader::new(text, limits)?)),
            Format::Xml => Bound::Xml(Box::new(XmlReader::new(text, limits)?)),
        })
    }

    /// Everything but the events. Extensions that follow the events are here once those have been read.
    pub fn head(&self) -> &DocumentHead {
        match &self.binding {
            Bound::Json(reader) => &reader.head,
            Bound::Xml(reader) => &reader.head,
        }
    }

    /// What was read although it is not as the schema has it, so far.
    pub fn warnings(&self) -> &[Fault] {
        match &self.binding {
            Bound::Json(_) => &[],
            Bound::Xml(reader) => &reader.warnings,
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Event, Vec<Fault>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.events > self.limits.events_max {
            return None;
        }
        let item = match &mut self.binding {
            Bound::Json(reader) => reader.next_event(),
            Bound::Xml(reader) => reader.next_event(),
        }?;
        self.events += 1;
        if self.events > self.limits.events_max {
            return Some(Err(vec![Fault::new(FaultCode::LimitExceeded, "more events than the limit")]));
        }
        if let Bound::Xml(reader) = &mut self.binding
            && let Some(new) = reader.warnings.get_mut(self.warnings..)
        {
            self.locator.locate(new);
            self.warnings += new.len();
        }
        Some(item.map_err(|mut faults| {
            self.locator.locate(&mut faults);
            faults
        }))
    }
}

impl Document {
    /// Reads a whole document.
    ///
    /// # Errors
    /// The faults of all its parts, up to [`Limits::faults_max`].
    pub fn parse(bytes: &[u8], format: Format, limits: &Limits) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::new(bytes, format, limits)?;
        let (mut events, mut faults) = (Vec::new(), Vec::new());
        for event in &mut reader {
            match event {
                Ok(event) => events.push(event),
                Err(mut found) => faults.append(&mut found),
            }
            if faults.len() >= limits.faults_max {
                faults.truncate(limits.faults_max);
                break;
            }
        }
        if faults.is_empty() { Ok(Self { head: reader.head().clone(), events }) } else { Err(faults) }
    }
}

impl Document {
    /// The document in JSON-LD, EPCIS 2.0, in canonical form. A document that was a lone event comes out as one.
    pub fn to_json(&self) -> String {
        match (&self.head.kind, self.events.as_slice()) {
            (DocumentKind::Event, [event]) => event.to_json(),
            _ => {
                let namespaces = &self.head.namespaces;
                document_to_json(
                    &self.head,
                    self.events.iter().map(|event| event_to_json(event, Some(namespaces))),
                )
            }
        }
    }

    /// The document in XML. White space is put nowhere.
    ///
    /// # Errors
    /// Where a sensor report or sensor metadata holds an extension with parts, which XML attributes cannot hold;
    /// where a capture document has no creation date.
    pub fn to_xml(&self, version: XmlVersion) -> Result<String, Vec<Fault>> {
        document_to_xml(self, version)
    }
}

impl DocumentHead {
    /// A document in JSON-LD around events that are already canonical JSON ([`Event::to_json`]).
    pub fn to_json_around<E: AsRef<str>>(&self, events: impl IntoIterator<Item = E>) -> String {
        document_to_json(self, events)
    }
}

impl Event {
    /// The event alone in JSON-LD, EPCIS 2.0, in the one canonical form in which it is stored: a fixed order of members,
    /// extensions sorted by expanded name, CBV words bare, times and numbers as they were written, no white space, its own
    /// `@context`. Reading it gives an equal event with equal [`Event::fields`].
    pub fn to_json(&self) -> String {
        event_to_json(self, None)
    }
}
