//! Writing documents event by event.

use crate::json;
use crate::model::{DocumentHead, Event};
use crate::prefixes::Prefixes;
use crate::xml::{self, XmlVersion};
use crate::{Fault, Format};

/// Writes a document in pieces: [`open`](Self::open), [`event`](Self::event) for each event, [`close`](Self::close).
///
/// Joined, the pieces are what [`Document::to_json`](crate::Document::to_json) and
/// [`Document::to_xml`](crate::Document::to_xml) write, except that a lone event becomes an `EPCISDocument`. Only the
/// piece being written is in memory.
pub struct Writer<'a> {
    head: &'a DocumentHead,
    /// `None` for JSON.
    version: Option<XmlVersion>,
    prefixes: Prefixes,
    events: usize,
}

impl<'a> Writer<'a> {
    /// Writes JSON-LD, EPCIS 2.0, in canonical form.
    pub fn json(head: &'a DocumentHead) -> Self {
        Self { head, version: None, prefixes: Prefixes::for_head(head), events: 0 }
    }

    /// Writes XML, without white space between elements.
    pub fn xml(head: &'a DocumentHead, version: XmlVersion) -> Self {
        Self { head, version: Some(version), prefixes: Prefixes::for_head(head), events: 0 }
    }

    /// The binding that is written.
    pub fn format(&self) -> Format {
        if self.version.is_some() { Format::Xml } else { Format::Json }
    }

    /// Everything before the events.
    ///
    /// # Errors
    /// In XML, where a capture document has no creation date.
    pub fn open(&self) -> Result<String, Vec<Fault>> {
        match self.version {
            None => Ok(json::opening(self.head, &self.prefixes)),
            Some(version) => xml::opening(self.head, version, &self.prefixes),
        }
    }

    /// The next event, with what separates it from the one before.
    ///
    /// # Errors
    /// In XML, where a sensor report or sensor metadata holds an extension with parts, which attributes cannot hold.
    pub fn event(&mut self, event: &Event) -> Result<String, Vec<Fault>> {
        let place = self.events;
        self.events += 1;
        match self.version {
            None => {
                let separator = if place > 0 { "," } else { "" };
                Ok(separator.to_owned() + &json::event_to_json(event, Some(&self.head.namespaces)))
            }
            Some(version) => xml::listed_event(event, version, &self.prefixes).map_err(|faults| {
                faults.into_iter().map(|fault| fault.at(format!("/epcisBody/eventList/{place}"))).collect()
            }),
        }
    }

    /// Everything after the events.
    ///
    /// # Errors
    /// In XML, where an extension of the document cannot be an element.
    pub fn close(&self) -> Result<String, Vec<Fault>> {
        match self.version {
            None => Ok(json::closing(self.head).to_owned()),
            Some(version) => xml::closing(self.head, version, &self.prefixes),
        }
    }
}
