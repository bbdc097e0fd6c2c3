//! From the neutral tree to events: which fields exist where, and what their values may be.

mod event;
mod extension;
mod header;
mod sensor;

use crate::model::{Decimal, Name, Namespaces, Offset, Timestamp, predefined_namespace};
use crate::text::is_ncname;
use crate::tree::{Data, Key, Member, Node, Path};
use crate::{Fault, FaultCode, Limits};

pub(crate) use event::EVENT_FIELDS;

/// Which binding the tree came from: in XML all values are text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    Json,
    Xml,
}

/// Turns trees into model values, collecting faults.
pub(crate) struct Assembler<'a> {
    source: &'a str,
    binding: Binding,
    namespaces: Namespaces,
    limits: Limits,
    pub faults: Vec<Fault>,
}

/// A resolved member name.
pub(crate) enum Field {
    /// A name of the standard, or one without namespace.
    Standard(String),
    /// A name in another namespace.
    Extension(Name),
}

impl<'a> Assembler<'a> {
    pub fn new(source: &'a str, binding: Binding, namespaces: Namespaces, limits: &Limits) -> Self {
        Self {
            source,
            binding,
            namespaces,
            limits: *limits,
            faults: Vec::new(),
        }
    }

    pub(crate) fn fault(&mut self, code: FaultCode, message: impl Into<String>, at: usize, path: &Path) {
        if self.faults.len() < self.limits.faults_max {
            let fault = Fault::new(code, message).at(path.pointer());
            self.faults.push(fault.located(self.source.as_bytes(), at));
        }
    }

    /// Resolves a member name. A name that cannot be one is a fault and `None`.
    fn field(&mut self, key: Key, at: usize, path: &Path) -> Option<Field> {
        let raw = match key {
            Key::Expanded(name) if name.namespace.is_empty() => return Some(Field::Standard(name.local)),
            Key::Expanded(name) => return Some(Field::Extension(name)),
            Key::Raw(raw) => raw,
        };
        let place = path.name(&raw);
        let (namespace, local) = match raw.split_once(':') {
            _ if raw.starts_with('@') || raw == "#text" => return Some(Field::Standard(raw)),
            None => ("", raw.as_str()),
            Some((prefix, local)) => match self
                .namespaces
                .namespace(prefix)
                .or_else(|| predefined_namespace(prefix))
            {
                Some(namespace) => (namespace, local),
                None if local.starts_with("//") || prefix == "urn" => split_iri(&raw),
                None => {
                    self.fault(
                        FaultCode::UnknownPrefix,
                        format!("no @context binds the prefix `{prefix}`"),
                        at,
                        &place,
                    );
                    return None;
                }
            },
        };
        if !is_ncname(local) {
            self.fault(
                FaultCode::InvalidName,
                "a name must be a letter or `_`, then letters, digits, `-`, `_`, `.`",
                at,
                &place,
            );
            return None;
        }
        Some(match namespace {
            "" => Field::Standard(raw),
            "https://ref.gs1.org/epcis/" | "https://ns.gs1.org/epcis/" => Field::Standard(local.to_owned()),
            _ => Field::Extension(Name::new(namespace, local)),
        })
    }

    /// The expanded name of a whole term that a `@context` defines (`{"batch": "https://example.com/batch"}`).
    fn defined_term(&self, term: &str) -> Option<Name> {
        let iri = self.namespaces.namespace(term).filter(|_| self.binding == Binding::Json)?;
        let (namespace, local) = split_iri(iri);
        is_ncname(local).then(|| Name::new(namespace, local))
    }

    /// The members of an object with resolved names.
    fn members(&mut self, node: Node, path: &Path) -> Vec<(Field, Node)> {
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
        self.fault(
            FaultCode::WrongType,
            format!("expected {wanted}, found {}", node.kind()),
            node.at,
            path,
        );
    }

    fn unknown_field(&mut self, name: &str, at: usize, path: &Path) {
        let message = format!("`{name}` is no field of the standard here; extensions need a namespace");
        self.fault(FaultCode::UnknownField, message, at, &path.name(name));
    }

    fn missing(&mut self, name: &str, at: usize, path: &Path) {
        self.fault(
            FaultCode::MissingField,
            format!("`{name}` is mandatory"),
            at,
            &path.name(name),
        );
    }

    /// Stores a value unless the field already has one.
    fn set<T>(&mut self, slot: &mut Option<T>, value: Option<T>, at: usize, path: &Path) {
        if slot.is_some() {
            self.fault(FaultCode::DuplicateField, "the field occurs twice", at, path);
        } else {
            *slot = value;
        }
    }

    /// Non-empty text.
    fn text(&mut self, node: Node, path: &Path) -> Option<String> {
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
            self.fault(
                FaultCode::InvalidNumber,
                "not a finite decimal number",
                node.at,
                path,
            );
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
    iri.rfind(['#', '/', ':'])
        .map_or((iri, ""), |at| iri.split_at(at + 1))
}
