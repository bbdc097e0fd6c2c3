//! User extensions, instance/lot master data and the namespaces that name them.

use std::collections::BTreeMap;

/// Namespace of the CBV master data attributes (`lotNumber`, `itemExpirationDate`…), CBV 2.0 section 9.
/// Documents also spell it with a trailing `:` or `#`; all are read as this one.
pub const CBV_MASTER_DATA: &str = "urn:epcglobal:cbv:mda";

/// Namespace of the GS1 web vocabulary, which older documents spell `https://gs1.org/voc/`.
pub const GS1_WEB_VOCABULARY: &str = "https://ref.gs1.org/voc/";

/// Spellings of the namespace of the standard's own terms in JSON-LD.
pub(crate) const EPCIS_VOCABULARY: [&str; 2] = ["https://ref.gs1.org/epcis/", "https://ns.gs1.org/epcis/"];

/// Prefixes that the EPCIS 2.0 JSON-LD context binds for every document (EPCIS 2.0 section 10).
const PREDEFINED: [(&str, &str); 9] = [
    ("cbv", "https://ref.gs1.org/cbv/"),
    ("cbvmda", CBV_MASTER_DATA),
    ("dcterms", "http://purl.org/dc/terms/"),
    ("epcis", "https://ref.gs1.org/epcis/"),
    ("gs1", GS1_WEB_VOCABULARY),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// The namespace that the standard binds to a prefix.
pub(crate) fn predefined_namespace(prefix: &str) -> Option<&'static str> {
    PREDEFINED.iter().find(|(known, _)| *known == prefix).map(|(_, namespace)| *namespace)
}

/// The prefix that the standard binds to a namespace.
pub(crate) fn predefined_prefix(namespace: &str) -> Option<&'static str> {
    PREDEFINED.iter().find(|(_, known)| *known == namespace).map(|(prefix, _)| *prefix)
}

/// An expanded name: namespace IRI and local part. The prefix is spelling, not meaning, and is not kept here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Namespace IRI; empty where the name has none (allowed only inside an extension).
    pub namespace: String,
    /// Local part, an XML NCName.
    pub local: String,
}

impl Name {
    /// A name in a namespace. The spellings of the CBV master data namespace become one, and so do those
    /// of the GS1 web vocabulary.
    pub fn new(namespace: &str, local: &str) -> Self {
        Self { namespace: one_spelling(namespace).to_owned(), local: local.to_owned() }
    }
}

/// The one spelling of namespaces that documents spell in several ways.
fn one_spelling(namespace: &str) -> &str {
    match namespace {
        "https://gs1.org/voc/" | "http://gs1.org/voc/" => GS1_WEB_VOCABULARY,
        other if other.strip_suffix([':', '#']) == Some(CBV_MASTER_DATA) => CBV_MASTER_DATA,
        other => other,
    }
}

/// How a JSON document wrote a scalar extension value. Kept so that JSON comes out as it went in;
/// XML knows only text. Not part of equality.
#[derive(Debug, Clone, Copy, Default)]
pub enum ScalarKind {
    /// A string, or any text from XML.
    #[default]
    Text,
    /// A number; the text is its decimal text.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`, with empty text.
    Null,
}

impl PartialEq for ScalarKind {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ScalarKind {}

/// One occurrence of an extension field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text content.
    Scalar {
        /// The text; XML white space around it is not kept unless `xml:space="preserve"`.
        text: String,
        /// How JSON wrote it.
        kind: ScalarKind,
    },
    /// Nested fields (child elements and attributes), never empty.
    Nested {
        /// Text beside the nested fields (an element with attributes and text); `#text` in JSON.
        text: Option<String>,
        /// The nested fields.
        fields: Extensions,
    },
}

impl Value {
    /// Text content, as XML would give it.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Scalar { text: text.into(), kind: ScalarKind::Text }
    }

    /// The text of a scalar; the text beside nested fields otherwise.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar { text, .. } => Some(text),
            Self::Nested { text, .. } => text.as_deref(),
        }
    }
}

/// Extension fields of one place: each name with its occurrences, at least one, in document order. Repeated XML elements and
/// a JSON array are the same thing. Names are sorted by namespace and local part, since their order has no meaning in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions(BTreeMap<Name, Vec<Value>>);

impl Extensions {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one occurrence.
    pub fn push(&mut self, name: Name, value: Value) {
        self.0.entry(name).or_default().push(value);
    }

    /// The fields in canonical order, each with its occurrences.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &[Value])> {
        self.0.iter().map(|(name, values)| (name, values.as_slice()))
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All occurrences of a name.
    pub fn get(&self, namespace: &str, local: &str) -> &[Value] {
        self.0.get(&Name::new(namespace, local)).map_or(&[], Vec::as_slice)
    }

    /// The text of the first occurrence of a name.
    pub fn text(&self, namespace: &str, local: &str) -> Option<&str> {
        self.get(namespace, local).first().and_then(Value::as_text)
    }
}

/// Prefixes in scope, beyond those the EPCIS standard predefines: prefix to namespace IRI.
/// Needed to write the document again and to read values such as `example:x`; not part of equality.
#[derive(Debug, Clone, Default)]
pub struct Namespaces(BTreeMap<String, String>);

impl Namespaces {
    /// No bindings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Binds a prefix; an inner binding replaces an outer one.
    pub fn bind(&mut self, prefix: &str, namespace: &str) {
        self.0.insert(prefix.to_owned(), one_spelling(namespace).to_owned());
    }

    /// The namespace of a prefix.
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        self.0.get(prefix).map(String::as_str)
    }

    /// A prefix of a namespace, the first in alphabetical order.
    pub fn prefix(&self, namespace: &str) -> Option<&str> {
        self.0.iter().find(|(_, bound)| bound.as_str() == namespace).map(|(prefix, _)| prefix.as_str())
    }

    /// The bindings, ordered by prefix.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(prefix, namespace)| (prefix.as_str(), namespace.as_str()))
    }

    /// How many bindings there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no binding.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Namespaces {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Namespaces {}

#[cfg(test)]
mod tests {
    use super::{CBV_MASTER_DATA, Extensions, Name, Value};

    #[test]
    fn order_of_names_has_no_meaning_and_order_of_occurrences_has() {
        let build = |fields: [(&str, &str); 3]| {
            let mut extensions = Extensions::new();
            for (local, text) in fields {
                extensions.push(Name::new("urn:x", local), Value::text(text));
            }
            extensions
        };
        assert_eq!(build([("a", "1"), ("b", "2"), ("a", "3")]), build([("b", "2"), ("a", "1"), ("a", "3")]));
        assert_ne!(build([("a", "1"), ("b", "2"), ("a", "3")]), build([("b", "2"), ("a", "3"), ("a", "1")]));
    }

    #[test]
    fn master_data_namespace_has_one_spelling() {
        for spelling in ["urn:epcglobal:cbv:mda", "urn:epcglobal:cbv:mda:", "urn:epcglobal:cbv:mda#"] {
            assert_eq!(Name::new(spelling, "lotNumber").namespace, CBV_MASTER_DATA);
        }
        assert_eq!(Name::new("http://example.com/#", "x").namespace, "http://example.com/#");
    }
}
