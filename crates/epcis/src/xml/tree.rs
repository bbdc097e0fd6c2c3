//! One element with all it holds: what is kept of an event or a header while it is read.

use super::source::{Source, Start, Token};
use crate::Fault;
use crate::model::{Element, Name};
use crate::text::WHITE_SPACE;

/// An element. Text between children is joined; white space around it goes unless `xml:space="preserve"`.
pub(crate) struct XmlElement {
    pub name: Name,
    pub attributes: Vec<(Name, String)>,
    pub bindings: Vec<(String, String)>,
    pub children: Vec<XmlElement>,
    pub text: String,
    pub nil: bool,
    pub at: usize,
}

impl XmlElement {
    /// Reads the rest of an element whose start tag has been read. The depth is bounded by the source.
    pub fn read(source: &mut Source<'_>, start: Start) -> Result<Self, Fault> {
        let mut element = Self {
            name: start.name,
            attributes: start.attributes,
            bindings: start.bindings,
            children: Vec::new(),
            text: String::new(),
            nil: start.nil,
            at: start.at,
        };
        loop {
            match source.next()? {
                Token::Start(child) => element.children.push(Self::read(source, child)?),
                Token::Text(text) => element.text.push_str(&text),
                Token::End | Token::Eof => break,
            }
        }
        if !start.preserve {
            element.text = element.text.trim_matches(WHITE_SPACE).to_owned();
        }
        Ok(element)
    }

    /// Whether the name is one of the standard.
    pub fn is_standard(&self) -> bool {
        self.name.namespace.is_empty()
    }

    /// The first child with a local name.
    pub fn child(&self, local: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.local == local)
    }

    /// The value of an attribute without namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| name.local == local && name.namespace.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// The element for keeping.
    pub fn into_model(self) -> Element {
        Element {
            name: self.name,
            attributes: self.attributes,
            children: self.children.into_iter().map(Self::into_model).collect(),
            text: self.text,
        }
    }
}
