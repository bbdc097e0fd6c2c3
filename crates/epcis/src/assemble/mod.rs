//! From the neutral tree to events: which fields exist where, and what their values may be.

mod event;
mod extension;
mod fields;
mod header;
mod part;
mod sensor;

use std::collections::BTreeSet;

use crate::model::{Decimal, EPCIS_VOCABULARY, Name, Namespaces, Offset, Timestamp, predefined_namespace};
use crate::text::is_ncname;
use crate::tree::{Data, Key, Member, Node, Path};
use crate::{Fault, FaultCode, Limits};

pub(crate) use fields::EVENT_FIELDS;

/// Which binding the tree came from: in XML all values are text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    Json,
    Xml,
}

/// Turns trees into model values, collecting faults.
pub(crate) struct Assembler {
    binding: Binding,
    namespaces: Namespaces,
    limits: Limits,
    /// Namespaces of the extensions met so far.
    used: BTreeSet<String>,
    pub faults: Vec<Fault>,
}

/// A resolved member name.
pub(crate) enum Field {
    /// A name of the standard, or one without namespace.
    Standard(String),
    /// A name in another namespace.
    Extension(Name),
}

impl Assembler {
    pub fn new(binding: Binding, namespaces: Namespaces, limits: &Limits) -> Self {
        Self { binding, namespaces, limits: *limits, used: BTreeSet::new(), faults: Vec::new() }
    }

    pub(crate) fn fault(&mut self, code: FaultCode, message: impl Into<String>, at: usize, path: &Path) {
        if self.faults.len() < self.limits.faults_max {
            let fault = Fault::new(code, message).at(path.pointer());
            self.faults.push(fault.located(at));
        }
    }

    /// Resolves a member name. A name that cannot be one is a fault and `None`.
    fn field(&mut self, key: Key, at: usize, path: &Path) -> Option<Field> {
        let name = match key {
            Key::Expanded(name) => name,
            Key::Raw(raw) if raw.starts_with('@') || raw == "#text" => return Some(Field::Standard(raw)),
            Key::Raw(raw) => self.resolve(&raw, at, &path.name(&raw))?,
        };
        if name.namespace.is_empty() {
            return Some(Field::Standard(name.local));
        }
        if !self.used.contains(&name.namespace) {
            self.used.insert(name.namespace.clone());
        }
        if self.used.len() > self.limits.namespaces_max {
            let place = path.name(&name.local);
            self.fault(FaultCode::LimitExceeded, "more namespaces in one event than the limit", at, &place);
            return None;
        }
        Some(Field::Extension(name))
    }

    /// The expanded name of a JSON member name; that of an EPCIS namespace has none.
    fn resolve(&mut self, raw: &str, at: usize, place: &Path) -> Option<Name> {
        let bound = |prefix: &str| self.namespaces.namespace(prefix).or_else(|| predefined_namespace(prefix));
        let (namespace, local) = match raw.split_once(':') {
            None => ("", raw),
            Some((prefix, local)) => match bound(prefix) {
                Some(namespace) => (namespace, local),
                None if local.starts_with("//") || prefix == "urn" => split_iri(raw),
                None => {
                    let message = format!("no @context binds the prefix `{prefix}`");
                    self.fault(FaultCode::UnknownPrefix, message, at, place);
                    return None;
                }
            },
        };
        if !is_ncname(local) {
            let message = "a name must be a letter or `_`, then letters, digits, `-`, `_`, `.`";
            self.fault(FaultCode::InvalidName, message, at, place);
            return None;
        }
        let standard = EPCIS_VOCABULARY.contains(&namespace);
        Some(Name::new(if standard { "" } else { namespace }, local))
    }

    /// The expanded name of a whole term that a `@context` defines (`{"batch": "https://example.com/batch"}`).
    fn defined_term(&self, term: &str) -> Option<Name> {
        let iri = self.namespaces.namespace(term).filter(|_| self.binding == Binding::Json)?;
        let (namespace, local) = split_iri(iri);
        is_ncname(local).then(|| Name::new(namespace, local))
    }

    /// The members of an object with resolved names, each name of the standard once.
    fn members(&mut self, node: Node, path: &Path) -> Vec<(Field, Node)> {
        let members = self.open_members(node, path);
        let mut seen = BTreeSet::new();
        for (field, node) in &members {
            if let Field::Standard(name) = field
                && !seen.insert(name.as_str())
            {
                self.fault(
                    FaultCode::DuplicateField,
                    format!("`{name}` occurs twice"),
                    node.at,
                    &path.name(name),
                );
            }
        }
        members
    }

    /// The members of an object with resolved names, as often as they occur.
    fn open_members(&mut self, node: Node, path: &Path) -> Vec<(Field, Node)> {
        let Data::Object(members) = node.data else {
            self.wrong_type("an object", &node, path);
            return Vec::new();
        };
        let resolve = |Member { key, node }| self.field(key, node.at, path).map(|field| (field, node));
        members.into_iter().filter_map(resolve).collect()
    }

    /// The items of a list.
    fn items(&mut self, node: Node, path: &Path) -> Vec<Node> {
        match node.data {
            Data::Array(items) => items,
            _ => {
                self.wrong_type("a list", &node, path);
                Vec::new()
            }
        }
    }

    fn wrong_type(&mut self, wanted: &str, node: &Node, path: &Path) {
        self.fault(FaultCode::WrongType, format!("expected {wanted}, found {}", node.kind()), node.at, path);
    }

    fn unknown_field(&mut self, name: &str, at: usize, path: &Path) {
        let message = format!("`{name}` is no field of the standard here; extensions need a namespace");
        self.fault(FaultCode::UnknownField, message, at, &path.name(name));
    }

    fn missing(&mut self, name: &str, at: usize, path: &Path) {
        self.fault(FaultCode::MissingField, format!("`{name}` is mandatory"), at, &path.name(name));
    }

    /// Non-empty text.
    pub(crate) fn text(&mut self, node: Node, path: &Path) -> Option<String> {
        match node.data {
            Data::Text(text) if text.is_empty() => {
                self.fault(FaultCode::MissingField, "the value is empty", node.at, path);
                None
            }
            Data::Text(text) => Some(text),
            _ => {
                self.wrong_type("text", &node, path);
                None
            }
        }
    }

    fn texts(&mut self, node: Node, path: &Path) -> Vec<String> {
        let items = self.items(node, path);
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            out.extend(self.text(item, &path.index(index)));
        }
        out
    }

    fn time(&mut self, node: Node, path: &Path) -> Option<Timestamp> {
        let at = node.at;
        let text = self.text(node, path)?;
        let time = Timestamp::parse(&text);
        if time.is_none() {
            self.fault(
                FaultCode::InvalidTime,
                "not a date and time with UTC offset, as 2026-07-22T10:30:00Z",
                at,
                path,
            );
        }
        time
    }

    fn offset(&mut self, node: Node, path: &Path) -> Option<Offset> {
        let at = node.at;
        let text = self.text(node, path)?;
        let offset = Offset::parse(&text);
        if offset.is_none() {
            self.fault(
                FaultCode::InvalidOffset,
                "not a UTC offset from -14:00 to +14:00, as +02:00",
                at,
                path,
            );
        }
        offset
    }

    fn decimal(&mut self, node: Node, path: &Path) -> Option<Decimal> {
        let text = match &node.data {
            Data::Number(text) => text,
            Data::Text(text) if self.binding == Binding::Xml => text,
            _ => {
                self.wrong_type("a number", &node, path);
                return None;
            }
        };
        let number = Decimal::parse(text);
        if number.is_none() {
            self.fault(FaultCode::InvalidNumber, "not a finite decimal number", node.at, path);
        }
        number
    }

    fn boolean(&mut self, node: Node, path: &Path) -> Option<bool> {
        match &node.data {
            Data::Bool(value) => return Some(*value),
            Data::Text(text) if self.binding == Binding::Xml => match text.as_str() {
                "true" | "1" => return Some(true),
                "false" | "0" => return Some(false),
                _ => {}
            },
            _ => {}
        }
        self.wrong_type("a boolean", &node, path);
        None
    }
}

/// An IRI as namespace and local part, parted after the last `#`, `/` or `:`.
fn split_iri(iri: &str) -> (&str, &str) {
    iri.rfind(['#', '/', ':']).map_or((iri, ""), |at| iri.split_at(at + 1))
}
