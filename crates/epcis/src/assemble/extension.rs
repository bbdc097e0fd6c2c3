//! User extensions and master data: any names, any nesting.

use super::{Assembler, Field};
use crate::FaultCode;
use crate::model::{Decimal, Extensions, Name, ScalarKind, Value};
use crate::tree::{Data, Node, Path};

impl Assembler {
    /// Adds a field's occurrences: one value, or each item of a list.
    pub(super) fn extension(&mut self, into: &mut Extensions, name: Name, node: Node, path: &Path) {
        match node.data {
            Data::Array(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    if let Some(value) = self.extension_value(item, &path.index(index)) {
                        into.push(name.clone(), value);
                    }
                }
            }
            data => {
                if let Some(value) = self.extension_value(Node { at: node.at, data }, path) {
                    into.push(name, value);
                }
            }
        }
    }

    /// One occurrence.
    pub(super) fn extension_value(&mut self, node: Node, path: &Path) -> Option<Value> {
        let at = node.at;
        match node.data {
            Data::Null => Some(Value::Scalar { text: String::new(), kind: ScalarKind::Null }),
            Data::Bool(value) => Some(Value::Scalar { text: value.to_string(), kind: ScalarKind::Boolean }),
            Data::Number(text) => {
                let Some(number) = Decimal::parse(&text) else {
                    self.fault(
                        FaultCode::InvalidNumber,
                        "not a finite decimal number of at most 64 characters",
                        at,
                        path,
                    );
                    return None;
                };
                Some(Value::Scalar { text: number.as_str().to_owned(), kind: ScalarKind::Number })
            }
            Data::Text(text) => Some(Value::text(text)),
            Data::Array(_) => {
                self.fault(FaultCode::WrongType, "a list directly in a list has no XML form", at, path);
                None
            }
            Data::Object(_) => Some(self.nested(node, path)),
        }
    }

    fn nested(&mut self, node: Node, path: &Path) -> Value {
        let mut fields = Extensions::new();
        let mut text = None;
        for (field, node) in self.open_members(node, path) {
            match field {
                // A JSON-LD value object says the same as its value; its type is not carried by XML.
                Field::Standard(name) if name == "@value" || name == "#text" => {
                    let place = path.name(&name);
                    text = self
                        .extension_value(node, &place)
                        .and_then(|value| value.as_text().map(str::to_owned));
                }
                Field::Standard(name) if name == "@type" || name == "@language" => {}
                Field::Standard(name) if name.starts_with('@') => {
                    let place = path.name(&name);
                    self.fault(
                        FaultCode::InvalidName,
                        "a JSON-LD keyword cannot be a field",
                        node.at,
                        &place,
                    );
                }
                Field::Standard(name) => {
                    let place = path.name(&name);
                    self.extension(&mut fields, Name::new("", &name), node, &place);
                }
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut fields, name.clone(), node, &place);
                }
            }
        }
        if fields.is_empty() { Value::text(text.unwrap_or_default()) } else { Value::Nested { text, fields } }
    }
}
