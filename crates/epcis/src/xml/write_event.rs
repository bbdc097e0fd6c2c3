//! Writing one event in XML.

use super::XmlVersion;
use super::layout::{Slot, fields_2_0, slots_1_2};
use super::markup::{Markup, is_padded};
use crate::disassemble::{self, is_standard};
use crate::model::Event;
use crate::prefixes::Prefixes;
use crate::tree::{Data, Key, Member, Node};
use crate::vocabulary::Vocabulary;
use crate::{Fault, FaultCode};

/// Writes events under the bindings of their document.
pub(crate) struct EventWriter<'a> {
    pub markup: Markup,
    pub version: XmlVersion,
    prefixes: &'a Prefixes,
    pub faults: Vec<Fault>,
}

impl<'a> EventWriter<'a> {
    pub fn new(version: XmlVersion, prefixes: &'a Prefixes) -> Self {
        Self { markup: Markup::default(), version, prefixes, faults: Vec::new() }
    }

    /// An event as an element called `name` with some attributes.
    pub fn event(&mut self, event: &Event, name: &str, attributes: &[(&str, &str)]) {
        let (standard, extensions): (Vec<_>, Vec<_>) =
            disassemble::event(event).into_iter().partition(|member| is_standard(&member.key));
        self.markup.open(name, attributes);
        match self.version {
            XmlVersion::V1_2 => slots_1_2(event.event_type()).for_each(|slot| self.slot(slot, &standard)),
            XmlVersion::V2_0 => fields_2_0(event.event_type()).for_each(|field| self.field(field, &standard)),
        }
        extensions.iter().for_each(|member| self.extension(member));
        self.markup.close(name);
    }

    fn slot(&mut self, slot: &Slot, members: &[Member]) {
        match slot {
            Slot::Field(name) => self.field(name, members),
            Slot::Wrapper(name, slots) => {
                let start = self.markup.out.len();
                self.markup.open(name, &[]);
                let inside = self.markup.out.len();
                slots.iter().for_each(|slot| self.slot(slot, members));
                if self.markup.out.len() == inside {
                    self.markup.out.truncate(start);
                } else {
                    self.markup.close(name);
                }
            }
        }
    }

    fn field(&mut self, name: &str, members: &[Member]) {
        match members.iter().find(|member| member.raw() == name) {
            Some(member) => self.value(name, &member.node),
            // The schemas of 1.x want these elements even when they are empty.
            None if matches!(name, "epcList" | "childEPCs") => self.markup.empty(name, &[]),
            None => {}
        }
    }

    fn value(&mut self, name: &str, node: &Node) {
        match name {
            "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => self.list(name, "epc", node),
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.list(name, "quantityElement", node);
            }
            "correctiveEventIDs" => self.list(name, "correctiveEventID", node),
            "sensorElementList" => self.list(name, "sensorElement", node),
            "bizTransactionList" => self.typed(name, "bizTransaction", Vocabulary::BizTransactionType, node),
            "sourceList" => self.typed(name, "source", Vocabulary::SourceDestType, node),
            "destinationList" => self.typed(name, "destination", Vocabulary::SourceDestType, node),
            "certificationInfo" => items(node).iter().for_each(|item| self.leaf(name, None, item)),
            "set" | "unset" => {
                items(node).iter().for_each(|item| self.leaf(name, Some(Vocabulary::Disposition), item))
            }
            "bizStep" => self.leaf(name, Some(Vocabulary::BizStep), node),
            "disposition" => self.leaf(name, Some(Vocabulary::Disposition), node),
            "reason" => self.leaf(name, Some(Vocabulary::ErrorReason), node),
            "sensorMetadata" => self.attributes(name, node),
            "sensorReport" => items(node).iter().for_each(|item| self.attributes(name, item)),
            _ => match &node.data {
                Data::Object(_) => self.object(name, node),
                _ => self.leaf(name, None, node),
            },
        }
    }

    /// Fields as child elements; `unset` before `set`, as the schema has them.
    fn object(&mut self, name: &str, node: &Node) {
        let Data::Object(members) = &node.data else { return };
        self.markup.open(name, &[]);
        let mut members: Vec<_> = members.iter().collect();
        if name == "persistentDisposition" {
            members.reverse();
        }
        for member in members {
            match &member.key {
                key if is_standard(key) => self.value(member.raw(), &member.node),
                _ => self.extension(member),
            }
        }
        self.markup.close(name);
    }

    fn list(&mut self, name: &str, item_name: &str, node: &Node) {
        self.markup.open(name, &[]);
        items(node).iter().for_each(|item| self.value(item_name, item));
        self.markup.close(name);
    }

    fn leaf(&mut self, name: &str, vocabulary: Option<Vocabulary>, node: &Node) {
        let text = scalar(node).unwrap_or_default();
        match vocabulary {
            Some(vocabulary) => self.markup.leaf(name, &[], &vocabulary.xml_text(text)),
            None => self.markup.leaf(name, &[], text),
        }
    }

    /// Objects of `type` and value as elements with a `type` attribute.
    fn typed(&mut self, name: &str, item_name: &str, vocabulary: Vocabulary, node: &Node) {
        self.markup.open(name, &[]);
        for item in items(node) {
            let member = |name: &str| member(item, name).and_then(scalar);
            let kind = member("type").map(|kind| vocabulary.xml_text(kind));
            let attributes: Vec<_> = kind.iter().map(|kind| ("type", kind.as_str())).collect();
            self.markup.leaf(item_name, &attributes, member(item_name).unwrap_or_default());
        }
        self.markup.close(name);
    }

    /// Fields as attributes: sensor metadata and reports have no content in the schema.
    fn attributes(&mut self, name: &str, node: &Node) {
        let Data::Object(members) = &node.data else { return };
        let mut attributes = Vec::with_capacity(members.len());
        for member in members {
            let attribute = match &member.key {
                Key::Expanded(name) => self.prefixes.qualified(name),
                Key::Raw(raw) => raw.clone(),
            };
            let Some(text) = scalar(&member.node) else {
                let message = format!("`{attribute}` has parts, and XML gives `{name}` attributes only");
                self.faults.push(Fault::new(FaultCode::WrongType, message));
                continue;
            };
            let text = match member.raw() {
                _ if !is_standard(&member.key) => text.to_owned(),
                "type" => Vocabulary::Measurement.xml_text(text),
                "exception" => Vocabulary::SensorAlert.xml_text(text),
                "component" => Vocabulary::Component.xml_text(text),
                _ => text.to_owned(),
            };
            attributes.push((attribute, text));
        }
        let attributes: Vec<_> =
            attributes.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        self.markup.empty(name, &attributes);
    }

    /// All occurrences of an extension field.
    pub fn extension(&mut self, member: &Member) {
        let name = match &member.key {
            Key::Expanded(name) => self.prefixes.qualified(name),
            Key::Raw(raw) => raw.clone(),
        };
        match &member.node.data {
            Data::Array(items) => items.iter().for_each(|item| self.occurrence(&name, item)),
            _ => self.occurrence(&name, &member.node),
        }
    }

    /// One occurrence of an extension field, with attributes of its element.
    fn occurrence(&mut self, name: &str, node: &Node) {
        self.element(name, &[], node);
    }

    /// An element with free content.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &str)], node: &Node) {
        let Data::Object(members) = &node.data else {
            return self.markup.leaf(name, attributes, scalar(node).unwrap_or_default());
        };
        let text = member(node, "#text").and_then(scalar);
        let mut attributes = attributes.to_vec();
        if text.is_some_and(is_padded) {
            attributes.push(("xml:space", "preserve"));
        }
        self.markup.open(name, &attributes);
        self.markup.text(text.unwrap_or_default());
        members.iter().filter(|member| member.raw() != "#text").for_each(|member| self.extension(member));
        self.markup.close(name);
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.data {
        Data::Array(items) => items,
        _ => std::slice::from_ref(node),
    }
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Data::Object(members) = &node.data else {
        return None;
    };
    members.iter().find(|member| member.raw() == name).map(|member| &member.node)
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.data {
        Data::Text(text) | Data::Number(text) => Some(text),
        Data::Bool(true) => Some("true"),
        Data::Bool(false) => Some("false"),
        Data::Null => Some(""),
        Data::Array(_) | Data::Object(_) => None,
    }
}
