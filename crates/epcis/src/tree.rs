//! The neutral tree between a binding (JSON or XML) and the event model.
//!
//! The XML reader gives its elements the shape of the JSON binding, so that one set of rules
//! (`assemble`) turns either into events.

use crate::model::Name;

/// A value with the place it came from.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Byte offset in the document.
    pub at: usize,
    pub data: Data,
}

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub key: Key,
    pub node: Node,
}

/// A member's name.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    /// As JSON wrote it; prefixes are resolved once the whole `@context` is known.
    Raw(String),
    /// As XML resolved it.
    Expanded(Name),
}

impl Node {
    pub fn text(at: usize, text: impl Into<String>) -> Self {
        Self { at, data: Data::Text(text.into()) }
    }

    pub fn object(at: usize, members: Vec<Member>) -> Self {
        Self { at, data: Data::Object(members) }
    }

    pub fn array(at: usize, items: Vec<Self>) -> Self {
        Self { at, data: Data::Array(items) }
    }

    /// The text of a JSON string.
    pub fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What the value is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::Array(_) => "a list",
            Data::Object(_) => "an object",
        }
    }
}

impl Member {
    /// A member with a name of the standard.
    pub fn standard(local: &str, node: Node) -> Self {
        Self { key: Key::Expanded(Name { namespace: String::new(), local: local.to_owned() }), node }
    }

    /// The name in JSON, or the local name in XML.
    pub fn raw(&self) -> &str {
        match &self.key {
            Key::Raw(raw) => raw,
            Key::Expanded(name) => &name.local,
        }
    }
}

/// A place in a document, as a JSON Pointer under construction: a list of segments on the call stack,
/// written out only when there is a fault.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    segment: Segment<'p>,
}

#[derive(Clone, Copy)]
enum Segment<'p> {
    /// A pointer that is already text.
    Prefix(&'p str),
    Name(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// A place given by a whole JSON Pointer.
    pub fn root(pointer: &'p str) -> Self {
        Self { parent: None, segment: Segment::Prefix(pointer) }
    }

    pub fn name(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), segment: Segment::Name(name) }
    }

    pub fn index(&'p self, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Index(index) }
    }

    /// The pointer as text (RFC 6901).
    pub fn pointer(&self) -> String {
        let mut out = self.parent.map(Self::pointer).unwrap_or_default();
        match self.segment {
            Segment::Prefix(text) => out.push_str(text),
            Segment::Name(name) => {
                out.push('/');
                out.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Index(index) => {
                out.push('/');
                out.push_str(&index.to_string());
            }
        }
        out
    }
}
