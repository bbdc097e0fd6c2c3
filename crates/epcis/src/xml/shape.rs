//! Gives XML elements the shape of the JSON binding: wrapper elements become lists, attributes become members, the
//! `extension` wrappers of EPCIS 1.x disappear.

use std::collections::BTreeSet;

use super::tree::XmlElement;
use crate::model::Name;
use crate::tree::{Key, Member, Node};
use crate::{Fault, FaultCode};

/// Shapes one event or header, collecting faults.
#[derive(Default)]
pub(crate) struct Shaper {
    pub faults: Vec<Fault>,
}

/// Most faults kept of one event.
const FAULTS_MAX: usize = 100;

impl Shaper {
    fn fault(&mut self, code: FaultCode, message: String, at: usize) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault::new(code, message).located(at));
        }
    }

    fn unexpected(&mut self, name: &str, at: usize) {
        let message = format!("`{name}` is no field of the standard here; extensions need a namespace");
        self.fault(FaultCode::UnknownField, message, at);
    }

    /// An event.
    pub fn event(&mut self, mut event: XmlElement) -> Node {
        let at = event.at;
        // A lone event carries the attributes of a document.
        event.attributes.retain(|(name, _)| {
            !name.namespace.is_empty() || !matches!(name.local.as_str(), "schemaVersion" | "creationDate")
        });
        Node::object(at, self.fields(event))
    }

    /// Fields of an element that may hold extensions, as elements or attributes.
    fn fields(&mut self, element: XmlElement) -> Vec<Member> {
        let mut members = Vec::with_capacity(element.children.len());
        self.extension_attributes(element.attributes, element.at, &mut members);
        if !element.text.is_empty() {
            self.unexpected("text", element.at);
        }
        let mut certificates = Vec::new();
        let mut seen = BTreeSet::new();
        for child in element.children {
            let (name, at) = (child.name.local.clone(), child.at);
            match name.as_str() {
                _ if child.nil => {}
                _ if !child.is_standard() => members.push(extension(child)),
                "extension" | "baseExtension" => members.append(&mut self.fields(child)),
                "certificationInfo" => certificates.push(self.leaf(child)),
                _ => {
                    if !seen.insert(name.clone()) {
                        self.fault(FaultCode::DuplicateField, format!("`{name}` occurs twice"), at);
                    } else {
                        let node = self.field(&name, child);
                        members.push(Member::standard(&name, node));
                    }
                }
            }
        }
        if let Some(first) = certificates.first() {
            let at = first.at;
            members.push(Member::standard("certificationInfo", Node::array(at, certificates)));
        }
        members
    }

    fn extension_attributes(
        &mut self,
        attributes: Vec<(Name, String)>,
        at: usize,
        members: &mut Vec<Member>,
    ) {
        for (name, value) in attributes {
            if name.namespace.is_empty() {
                self.unexpected(&name.local, at);
            } else {
                members.push(Member { key: Key::Expanded(name), node: Node::text(at, value) });
            }
        }
    }

    fn field(&mut self, name: &str, element: XmlElement) -> Node {
        match name {
            "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => {
                self.list(element, "epc", Self::leaf)
            }
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.list(element, "quantityElement", Self::object)
            }
            "bizTransactionList" => self.list(element, "bizTransaction", Self::typed),
            "sourceList" => self.list(element, "source", Self::typed),
            "destinationList" => self.list(element, "destination", Self::typed),
            "sensorElementList" => self.list(element, "sensorElement", Self::sensor_element),
            "correctiveEventIDs" => self.list(element, "correctiveEventID", Self::leaf),
            "persistentDisposition" => self.persistent_disposition(element),
            "readPoint" | "bizLocation" | "ilmd" | "errorDeclaration" => self.object(element),
            _ => self.leaf(element),
        }
    }

    fn object(&mut self, element: XmlElement) -> Node {
        Node::object(element.at, self.fields(element))
    }

    /// Children of one name as a list.
    fn list(
        &mut self,
        element: XmlElement,
        item_name: &str,
        mut item: impl FnMut(&mut Self, XmlElement) -> Node,
    ) -> Node {
        let at = element.at;
        if !element.text.is_empty() {
            self.unexpected("text", at);
        }
        let mut items = Vec::with_capacity(element.children.len());
        for child in element.children {
            if child.is_standard() && child.name.local == item_name {
                items.push(item(self, child));
            } else {
                self.unexpected(&child.name.local, child.at);
            }
        }
        Node::array(at, items)
    }

    /// An element with nothing but text.
    fn leaf(&mut self, element: XmlElement) -> Node {
        let unexpected = element.children.first().map(|child| (child.name.local.clone(), child.at));
        let attribute = element.attributes.first().map(|(name, _)| (name.local.clone(), element.at));
        if let Some((name, at)) = unexpected.or(attribute) {
            self.unexpected(&name, at);
        }
        Node::text(element.at, element.text)
    }

    /// `<source type="…">…</source>` as an object with `type` and `source`.
    fn typed(&mut self, mut element: XmlElement) -> Node {
        let at = element.at;
        let kind =
            element.attributes.iter().position(|(name, _)| name.local == "type" && name.namespace.is_empty());
        let kind = kind.map(|index| element.attributes.remove(index).1);
        let name = element.name.local.clone();
        let mut members = vec![Member::standard(&name, self.leaf(element))];
        members.extend(kind.map(|kind| Member::standard("type", Node::text(at, kind))));
        Node::object(at, members)
    }

    fn sensor_element(&mut self, element: XmlElement) -> Node {
        let at = element.at;
        let (mut reports, mut members) = (Vec::new(), Vec::new());
        for child in element.children {
            match (child.is_standard(), child.name.local.as_str()) {
                (true, "sensorReport") => reports.push(self.attributes_as_members(child)),
                (true, "sensorMetadata") => {
                    let node = self.attributes_as_members(child);
                    members.push(Member::standard("sensorMetadata", node));
                }
                (true, "extension") => members.append(&mut self.fields(child)),
                (true, name) => self.unexpected(name, child.at),
                (false, _) => members.push(extension(child)),
            }
        }
        if !reports.is_empty() {
            members.push(Member::standard("sensorReport", Node::array(at, reports)));
        }
        Node::object(at, members)
    }

    fn attributes_as_members(&mut self, element: XmlElement) -> Node {
        let at = element.at;
        if let Some(child) = element.children.first() {
            self.unexpected(&child.name.local, child.at);
        }
        let member = |(name, value)| Member { key: Key::Expanded(name), node: Node::text(at, value) };
        Node::object(at, element.attributes.into_iter().map(member).collect())
    }

    fn persistent_disposition(&mut self, element: XmlElement) -> Node {
        let at = element.at;
        let (mut set, mut unset) = (Vec::new(), Vec::new());
        for child in element.children {
            match child.name.local.as_str() {
                "set" => set.push(self.leaf(child)),
                "unset" => unset.push(self.leaf(child)),
                name => self.unexpected(name, child.at),
            }
        }
        let member = |(name, items): (&str, Vec<Node>)| Member::standard(name, Node::array(at, items));
        Node::object(at, [("set", set), ("unset", unset)].map(member).into())
    }
}

/// An extension element: attributes and children as members, or text.
pub(crate) fn extension(element: XmlElement) -> Member {
    let at = element.at;
    let node = if element.attributes.is_empty() && element.children.is_empty() {
        Node::text(at, element.text)
    } else {
        let attribute = |(name, value)| Member { key: Key::Expanded(name), node: Node::text(at, value) };
        let mut members: Vec<Member> = element.attributes.into_iter().map(attribute).collect();
        members.extend(element.children.into_iter().map(extension));
        if !element.text.is_empty() {
            members.push(Member::standard("#text", Node::text(at, element.text)));
        }
        Node::object(at, members)
    };
    Member { key: Key::Expanded(element.name), node }
}
