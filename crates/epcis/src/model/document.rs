//! Documents: what stands around the events (EPCIS 2.0 sections 9 and 10).

use super::{Event, Extensions, Name, Namespaces, Timestamp, Value};

/// A document with all its events in memory. For documents of unknown size use [`crate::Reader`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Everything but the events.
    pub head: DocumentHead,
    /// The events, in document order.
    pub events: Vec<Event>,
}

/// What kind of document carried the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentKind {
    /// `EPCISDocument`, as sent to capture.
    Capture,
    /// `EPCISQueryDocument`, as a query answers.
    Query {
        /// Name of the query.
        query_name: Option<String>,
        /// Identifier of the subscription the results belong to.
        subscription_id: Option<String>,
    },
    /// A lone event.
    Event,
}

/// Everything in a document but its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHead {
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// `1.0`, `1.1`, `1.2` or `2.0`, as written.
    pub schema_version: String,
    /// When the document was made.
    pub creation_date: Option<Timestamp>,
    /// URI of the document (JSON `id`).
    pub id: Option<String>,
    /// Header: parties and master data.
    pub header: Header,
    /// Prefixes bound at the root.
    pub namespaces: Namespaces,
    /// User extensions of the document.
    pub extensions: Extensions,
}

impl DocumentHead {
    /// The head of a capture document in version 2.0.
    pub fn capture(creation_date: Timestamp) -> Self {
        Self {
            kind: DocumentKind::Capture,
            schema_version: "2.0".to_owned(),
            creation_date: Some(creation_date),
            id: None,
            header: Header::default(),
            namespaces: Namespaces::new(),
            extensions: Extensions::new(),
        }
    }
}

/// Header of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// Standard Business Document Header, whole.
    pub sbdh: Option<Element>,
    /// Sender of the document, a URI (from the SBDH, or `sender` in JSON).
    pub sender: Option<String>,
    /// Receiver of the document, a URI (from the SBDH, or `receiver` in JSON).
    pub receiver: Option<String>,
    /// Identifier of the message (from the SBDH, or `instanceIdentifier` in JSON).
    pub instance_identifier: Option<String>,
    /// Master data vocabularies.
    pub vocabularies: Vec<Vocabulary>,
    /// User extensions of the header.
    pub extensions: Extensions,
}

/// An XML element kept whole, with attributes and text apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Expanded name.
    pub name: Name,
    /// Attributes, in document order.
    pub attributes: Vec<(Name, String)>,
    /// Child elements, in document order.
    pub children: Vec<Element>,
    /// Text, white space around it removed; the texts between children joined.
    pub text: String,
}

impl Element {
    /// The first child with a local name.
    pub fn child(&self, local: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.local == local)
    }
}

/// Master data of one vocabulary (EPCIS 2.0 section 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// URI of the vocabulary type.
    pub vocabulary_type: String,
    /// Its elements.
    pub elements: Vec<VocabularyElement>,
}

/// Master data of one identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VocabularyElement {
    /// URI the data describes.
    pub id: String,
    /// Attributes in document order; an identifier may repeat.
    pub attributes: Vec<AttributeValue>,
    /// URIs of subordinate elements.
    pub children: Vec<String>,
}

/// One master data attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeValue {
    /// URI of the attribute.
    pub id: String,
    /// Its value.
    pub value: Value,
}
