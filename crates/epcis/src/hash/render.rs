//! The pre-hash text: fields in the canonical order, lists sorted.

use super::{CbvVersion, value};
use crate::disassemble::{self, is_standard};
use crate::model::{Event, Timestamp};
use crate::tree::{Data, Key, Member, Node};
use crate::vocabulary::Vocabulary;

/// How a field enters.
enum Shape {
    /// `name=value`
    Leaf,
    /// `name=` and the instant in UTC.
    Time,
    /// `name=` and a vocabulary word as URI.
    Term(Vocabulary),
    /// `name`, then each value under the item's name.
    Values(&'static str),
    /// `name`, then each item as its name and fields.
    Items(&'static str, &'static [(&'static str, Shape)]),
    /// `name`, then fields.
    Object(&'static [(&'static str, Shape)]),
    /// `name`, then pairs of type and value, without a name for the pair.
    Pairs(&'static str, Vocabulary),
    /// One occurrence or more of an object, each with its name.
    Objects(&'static [(&'static str, Shape)]),
    /// One occurrence or more of a word, each with the name.
    Terms(Vocabulary),
}

use Shape::{Items, Leaf, Object, Objects, Pairs, Term, Terms, Time, Values};

const QUANTITY: &[(&str, Shape)] = &[("epcClass", Leaf), ("quantity", Leaf), ("uom", Leaf)];

/// The canonical property order (CBV 2.0 section 8.9.2) up to ILMD and extensions. `certificationInfo`, `recordTime`, `eventID`
/// and `errorDeclaration` have no place in it.
const ORDER: &[(&str, Shape)] = &[
    ("eventTime", Time),
    ("eventTimeZoneOffset", Leaf),
    ("epcList", Values("epc")),
    ("parentID", Leaf),
    ("inputEPCList", Values("epc")),
    ("childEPCs", Values("epc")),
    ("quantityList", Items("quantityElement", QUANTITY)),
    ("childQuantityList", Items("quantityElement", QUANTITY)),
    ("inputQuantityList", Items("quantityElement", QUANTITY)),
    ("outputEPCList", Values("epc")),
    ("outputQuantityList", Items("quantityElement", QUANTITY)),
    ("action", Leaf),
    ("transformationID", Leaf),
    ("bizStep", Term(Vocabulary::BizStep)),
    ("disposition", Term(Vocabulary::Disposition)),
    (
        "persistentDisposition",
        Object(&[("set", Terms(Vocabulary::Disposition)), ("unset", Terms(Vocabulary::Disposition))]),
    ),
    ("readPoint", Object(&[("id", Leaf)])),
    ("bizLocation", Object(&[("id", Leaf)])),
    ("bizTransactionList", Pairs("bizTransaction", Vocabulary::BizTransactionType)),
    ("sourceList", Pairs("source", Vocabulary::SourceDestType)),
    ("destinationList", Pairs("destination", Vocabulary::SourceDestType)),
    ("sensorElementList", Items("sensorElement", SENSOR_ELEMENT)),
];

const SENSOR_ELEMENT: &[(&str, Shape)] = &[
    (
        "sensorMetadata",
        Object(&[
            ("time", Time),
            ("startTime", Time),
            ("endTime", Time),
            ("deviceID", Leaf),
            ("deviceMetadata", Leaf),
            ("rawData", Leaf),
            ("dataProcessingMethod", Leaf),
            ("bizRules", Leaf),
        ]),
    ),
    (
        "sensorReport",
        Objects(&[
            ("type", Term(Vocabulary::Measurement)),
            ("exception", Term(Vocabulary::SensorAlert)),
            ("deviceID", Leaf),
            ("deviceMetadata", Leaf),
            ("rawData", Leaf),
            ("dataProcessingMethod", Leaf),
            ("time", Time),
            ("microorganism", Leaf),
            ("chemicalSubstance", Leaf),
            ("value", Leaf),
            ("component", Term(Vocabulary::Component)),
            ("stringValue", Leaf),
            ("booleanValue", Leaf),
            ("hexBinaryValue", Leaf),
            ("uriValue", Leaf),
            ("minValue", Leaf),
            ("maxValue", Leaf),
            ("meanValue", Leaf),
            ("sDev", Leaf),
            ("percRank", Leaf),
            ("percValue", Leaf),
            ("uom", Leaf),
            ("coordinateReferenceSystem", Leaf),
        ]),
    ),
];

pub(super) struct Renderer<'e> {
    event: &'e Event,
    version: CbvVersion,
}

impl<'e> Renderer<'e> {
    pub fn new(event: &'e Event, version: CbvVersion) -> Self {
        Self { event, version }
    }

    pub fn event(&self) -> String {
        let members = disassemble::event(self.event);
        let mut out = format!("eventType={}", self.event.event_type().as_str());
        out.push_str(&self.fields(&members, ORDER));
        if let Some(ilmd) = find(&members, "ilmd") {
            out.push_str("ilmd");
            out.push_str(&extensions(object(ilmd)));
        }
        if self.version == CbvVersion::V2_0 {
            out.push_str(&nested_extensions(&members, ORDER));
        }
        out.push_str(&extensions(&members));
        out
    }

    /// Fields in order, each name's occurrences sorted.
    fn fields(&self, members: &[Member], order: &[(&str, Shape)]) -> String {
        order
            .iter()
            .filter_map(|(name, shape)| find(members, name).map(|node| self.field(name, node, shape)))
            .collect()
    }

    fn field(&self, name: &str, node: &Node, shape: &Shape) -> String {
        match shape {
            Leaf => format!("{name}={}", value::uri(&scalar(node), &self.event.namespaces)),
            Time => {
                let text = scalar(node);
                let time = Timestamp::parse(&text).map_or(text, |time| time.utc_millis_text());
                format!("{name}={time}")
            }
            Term(vocabulary) => {
                format!("{name}={}", value::term(*vocabulary, &scalar(node), &self.event.namespaces))
            }
            Terms(vocabulary) => sorted(items(node), |item| self.field(name, item, &Term(*vocabulary))),
            Values(item_name) => {
                let values = sorted(items(node), |item| self.field(item_name, item, &Leaf));
                format!("{name}{values}")
            }
            Items(item_name, order) => {
                let values = sorted(items(node), |item| self.object(item_name, item, order));
                let hidden = name == "sensorElementList" && self.version == CbvVersion::V2_0;
                if hidden { values } else { format!("{name}{values}") }
            }
            Object(order) => self.object(name, node, order),
            Objects(order) => sorted(items(node), |item| self.object(name, item, order)),
            Pairs(value_name, vocabulary) => {
                let values = sorted(items(node), |item| {
                    self.fields(object(item), &[("type", Term(*vocabulary)), (value_name, Leaf)])
                });
                format!("{name}{values}")
            }
        }
    }

    /// A name and its fields; nothing when there are none.
    fn object(&self, name: &str, node: &Node, order: &[(&str, Shape)]) -> String {
        let mut inside = self.fields(object(node), order);
        if self.version == CbvVersion::V2_1Draft {
            inside.push_str(&extensions(object(node)));
        }
        if inside.is_empty() { inside } else { format!("{name}{inside}") }
    }
}

/// Extensions below standard fields, under the names of those fields: the block that CBV 2.0 puts after the ILMD.
fn nested_extensions(members: &[Member], order: &[(&str, Shape)]) -> String {
    let mut out = String::new();
    for (name, shape) in order {
        let Some(node) = find(members, name) else { continue };
        let below = |item: &Node, order: &[(&str, Shape)]| {
            let members = object(item);
            nested_extensions(members, order) + &extensions(members)
        };
        let inside = |name: &str, inside: String| {
            if inside.is_empty() { inside } else { format!("{name}{inside}") }
        };
        match shape {
            Object(order) | Objects(order) => {
                out.extend(items(node).iter().map(|item| inside(name, below(item, order))));
            }
            Items(item_name, order) => {
                let listed: String =
                    items(node).iter().map(|item| inside(item_name, below(item, order))).collect();
                let name = if *name == "sensorElementList" { "" } else { name };
                out.push_str(&inside(name, listed));
            }
            Leaf | Time | Term(_) | Terms(_) | Values(_) | Pairs(..) => {}
        }
    }
    out
}

/// The extension members of an object, sorted.
fn extensions(members: &[Member]) -> String {
    joined(members.iter().filter(|member| !is_standard(&member.key)).flat_map(extension).collect())
}

/// Each occurrence of an extension: `{namespace}local`, its value, what is nested in it.
fn extension(member: &Member) -> Vec<String> {
    let Key::Expanded(name) = &member.key else {
        return Vec::new();
    };
    // A name without namespace (inside an extension) is its local part alone.
    let key = match name.namespace.as_str() {
        "" => name.local.clone(),
        namespace => format!("{{{namespace}}}{}", name.local),
    };
    items(&member.node).iter().map(|item| format!("{key}{}", content(item))).collect()
}

fn content(node: &Node) -> String {
    let equals = |text: &str| {
        let text = value::text(text);
        if text.is_empty() { text } else { format!("={text}") }
    };
    match &node.data {
        Data::Object(members) => {
            let text = find(members, "#text").map(scalar).unwrap_or_default();
            let nested =
                members.iter().filter(|member| member.raw() != "#text").flat_map(extension).collect();
            equals(&text) + &joined(nested)
        }
        _ => equals(&scalar(node)),
    }
}

fn sorted(items: &[Node], text: impl Fn(&Node) -> String) -> String {
    joined(items.iter().map(text).collect())
}

fn joined(mut texts: Vec<String>) -> String {
    texts.sort_unstable();
    texts.concat()
}

fn find<'n>(members: &'n [Member], name: &str) -> Option<&'n Node> {
    members.iter().find(|member| is_standard(&member.key) && member.raw() == name).map(|member| &member.node)
}

fn object(node: &Node) -> &[Member] {
    match &node.data {
        Data::Object(members) => members,
        _ => &[],
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.data {
        Data::Array(items) => items,
        _ => std::slice::from_ref(node),
    }
}

fn scalar(node: &Node) -> String {
    match &node.data {
        Data::Text(text) | Data::Number(text) => text.clone(),
        Data::Bool(value) => value.to_string(),
        Data::Null | Data::Array(_) | Data::Object(_) => String::new(),
    }
}
