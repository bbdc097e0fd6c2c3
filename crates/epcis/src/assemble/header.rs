//! Master data in the header of a JSON document (EPCIS 2.0 section 7.1), and the members beside it.

use super::{Assembler, Field};
use crate::model::{AttributeValue, Extensions, Header, Name, Value, Vocabulary, VocabularyElement};
use crate::tree::{Node, Path};

impl Assembler {
    /// `epcisHeader` of the JSON binding.
    pub fn header(&mut self, node: Node, path: &Path, header: &mut Header) {
        for (field, node) in self.members(node, path) {
            match field {
                Field::Extension(name) => {
                    let place = path.name(&name.local);
                    self.extension(&mut header.extensions, name.clone(), node, &place);
                }
                Field::Standard(name) => {
                    let place = path.name(&name);
                    match name.as_str() {
                        "epcisMasterData" => self.master_data(node, &place, header),
                        "sender" => header.sender = self.text(node, &place),
                        "receiver" => header.receiver = self.text(node, &place),
                        "instanceIdentifier" => header.instance_identifier = self.text(node, &place),
                        _ => self.extension(&mut header.extensions, Name::new("", &name), node, &place),
                    }
                }
            }
        }
    }

    fn master_data(&mut self, node: Node, path: &Path, header: &mut Header) {
        for (field, node) in self.members(node, path) {
            match field {
                Field::Standard(name) if name == "vocabularyList" => {
                    let place = path.name(&name);
                    for (index, item) in self.items(node, &place).into_iter().enumerate() {
                        let vocabulary = self.vocabulary(item, &place.index(index));
                        header.vocabularies.extend(vocabulary);
                    }
                }
                Field::Standard(name) | Field::Extension(Name { local: name, .. }) => {
                    self.unknown_field(&name, node.at, path);
                }
            }
        }
    }

    /// One vocabulary with its elements.
    pub fn vocabulary(&mut self, node: Node, path: &Path) -> Option<Vocabulary> {
        let at = node.at;
        let (mut vocabulary_type, mut elements) = (None, Vec::new());
        for (field, node) in self.members(node, path) {
            match field {
                Field::Standard(name) if name == "type" => {
                    vocabulary_type = self.text(node, &path.name("type"))
                }
                Field::Standard(name) if name == "vocabularyElementList" => {
                    let place = path.name(&name);
                    for (index, item) in self.items(node, &place).into_iter().enumerate() {
                        let element = self.vocabulary_element(item, &place.index(index));
                        elements.extend(element);
                    }
                }
                Field::Standard(name) | Field::Extension(Name { local: name, .. }) => {
                    self.unknown_field(&name, node.at, path);
                }
            }
        }
        if vocabulary_type.is_none() {
            self.missing("type", at, path);
        }
        Some(Vocabulary { vocabulary_type: vocabulary_type?, elements })
    }

    fn vocabulary_element(&mut self, node: Node, path: &Path) -> Option<VocabularyElement> {
        let at = node.at;
        let (mut id, mut attributes, mut children) = (None, Vec::new(), Vec::new());
        for (field, node) in self.members(node, path) {
            match field {
                Field::Standard(name) if name == "id" => id = self.text(node, &path.name("id")),
                Field::Standard(name) if name == "children" => {
                    children = self.texts(node, &path.name("children"))
                }
                Field::Standard(name) if name == "attributes" => {
                    let place = path.name(&name);
                    for (index, item) in self.items(node, &place).into_iter().enumerate() {
                        let attribute = self.attribute(item, &place.index(index));
                        attributes.extend(attribute);
                    }
                }
                Field::Standard(name) if name == "isA" || name == "type" => {}
                Field::Standard(name) | Field::Extension(Name { local: name, .. }) => {
                    self.unknown_field(&name, node.at, path);
                }
            }
        }
        if id.is_none() {
            self.missing("id", at, path);
        }
        Some(VocabularyElement { id: id?, attributes, children })
    }

    fn attribute(&mut self, node: Node, path: &Path) -> Option<AttributeValue> {
        let at = node.at;
        let (mut id, mut value) = (None, None);
        for (field, node) in self.members(node, path) {
            match field {
                Field::Standard(name) if name == "id" => id = self.text(node, &path.name("id")),
                Field::Standard(name) if name == "attribute" => {
                    value = self.extension_value(node, &path.name("attribute"))
                }
                Field::Standard(name) | Field::Extension(Name { local: name, .. }) => {
                    self.unknown_field(&name, node.at, path);
                }
            }
        }
        if id.is_none() {
            self.missing("id", at, path);
        }
        Some(AttributeValue { id: id?, value: value.unwrap_or_else(|| Value::text("")) })
    }

    /// Extension members of the document itself.
    pub fn document_extension(
        &mut self,
        extensions: &mut Extensions,
        key: crate::tree::Key,
        node: Node,
        path: &Path,
    ) {
        match self.field(key, node.at, path) {
            Some(Field::Extension(name)) => {
                let place = path.name(&name.local);
                self.extension(extensions, name.clone(), node, &place);
            }
            Some(Field::Standard(name)) => self.unknown_field(&name, node.at, path),
            None => {}
        }
    }
}
