//! Writing JSON-LD (EPCIS 2.0 section 10), in one canonical form: members in a fixed order, extensions sorted by
//! expanded name, no white space.

use crate::disassemble::{self, Members, value};
use crate::model::{CBV_MASTER_DATA, DocumentHead, DocumentKind, Event, Extensions, Namespaces, Vocabulary};
use crate::prefixes::Prefixes;
use crate::tree::{Data, Key, Member, Node};

/// The JSON-LD context of the standard.
const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// An event. Alone it has the whole `@context`; inside a document only the bindings that the document lacks.
pub(crate) fn event_to_json(event: &Event, document: Option<&Namespaces>) -> String {
    let none = Namespaces::new();
    let outer = document.unwrap_or(&none);
    let prefixes = Prefixes::for_event(event, outer);
    let mut out = String::with_capacity(1024);
    out.push('{');
    let bindings: Vec<_> = prefixes.context(outer).collect();
    if document.is_none() || !bindings.is_empty() {
        write_context(&mut out, document.is_none(), &bindings);
        out.push(',');
    }
    write_members(&mut out, &disassemble::event(event), &prefixes);
    out.push('}');
    out
}

/// A document around events that are already JSON. A head of kind [`DocumentKind::Event`] gives an `EPCISDocument`.
pub(crate) fn document_to_json<E: AsRef<str>>(
    head: &DocumentHead,
    events: impl IntoIterator<Item = E>,
) -> String {
    let mut out = opening(head, &Prefixes::for_head(head));
    for (index, event) in events.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(event.as_ref());
    }
    out.push_str(closing(head));
    out
}

/// A document up to the bracket that opens its event list.
pub(crate) fn opening(head: &DocumentHead, prefixes: &Prefixes) -> String {
    let mut out = String::from("{");
    let none = Namespaces::new();
    write_context(&mut out, true, &prefixes.context(&none).collect::<Vec<_>>());
    out.push(',');
    write_members(&mut out, &head_members(head), prefixes);
    out.push_str(",\"epcisBody\":{");
    if let DocumentKind::Query { query_name, subscription_id } = &head.kind {
        let mut members = Members::default();
        members.text("queryName", query_name.as_deref());
        members.text("subscriptionID", subscription_id.as_deref());
        out.push_str("\"queryResults\":{");
        if !members.0.is_empty() {
            write_members(&mut out, &members.0, prefixes);
            out.push(',');
        }
        out.push_str("\"resultsBody\":{");
    }
    out.push_str("\"eventList\":[");
    out
}

/// A document from the bracket that closes its event list.
pub(crate) fn closing(head: &DocumentHead) -> &'static str {
    match head.kind {
        DocumentKind::Query { .. } => "]}}}}",
        DocumentKind::Capture | DocumentKind::Event => "]}}",
    }
}

fn head_members(head: &DocumentHead) -> Vec<Member> {
    let mut members = Members::default();
    members.text("id", head.id.as_deref());
    let kind = match head.kind {
        DocumentKind::Query { .. } => "EPCISQueryDocument",
        DocumentKind::Capture | DocumentKind::Event => "EPCISDocument",
    };
    members.text("type", Some(kind));
    members.text("schemaVersion", Some("2.0"));
    members.text("creationDate", head.creation_date.as_ref().map(crate::Timestamp::as_str));
    members.text("sender", head.header.sender.as_deref());
    members.text("receiver", head.header.receiver.as_deref());
    members.text("instanceIdentifier", head.header.instance_identifier.as_deref());
    let mut header = Members::default();
    if !head.header.vocabularies.is_empty() {
        let mut master_data = Members::default();
        master_data.list("vocabularyList", &head.header.vocabularies, vocabulary);
        header.node("epcisMasterData", Some(master_data.object()));
    }
    header.extensions(&head.header.extensions);
    if !header.0.is_empty() {
        members.node("epcisHeader", Some(header.object()));
    }
    members.extensions(&head.extensions);
    members.0
}

fn vocabulary(vocabulary: &Vocabulary) -> Node {
    let mut members = Members::default();
    members.text("type", Some(&vocabulary.vocabulary_type));
    members.list("vocabularyElementList", &vocabulary.elements, |element| {
        let mut members = Members::default();
        members.text("id", Some(&element.id));
        members.list("attributes", &element.attributes, |attribute| {
            let mut members = Members::default();
            members.text("id", Some(&attribute.id));
            members.node("attribute", Some(value(&attribute.value)));
            members.object()
        });
        members.list("children", &element.children, |child| Node::text(0, child.as_str()));
        members.object()
    });
    members.object()
}

/// Extension fields of master data attributes take part in the prefixes of a document.
pub(crate) fn nested_extensions(head: &DocumentHead) -> Vec<&Extensions> {
    let elements = head.header.vocabularies.iter().flat_map(|vocabulary| &vocabulary.elements);
    let values =
        elements.flat_map(|element| &element.attributes).filter_map(|attribute| match &attribute.value {
            crate::Value::Nested { fields, .. } => Some(fields),
            crate::Value::Scalar { .. } => None,
        });
    values.chain([&head.extensions, &head.header.extensions]).collect()
}

fn write_context(out: &mut String, standard: bool, bindings: &[(&str, &str)]) {
    out.push_str("\"@context\":[");
    if standard {
        write_text(out, CONTEXT);
    }
    if !bindings.is_empty() {
        out.push_str(if standard { ",{" } else { "{" });
        for (index, (prefix, namespace)) in bindings.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_text(out, prefix);
            out.push(':');
            // JSON-LD joins namespace and local part as they are; the master data URNs have a colon between.
            let separator = if *namespace == CBV_MASTER_DATA { ":" } else { "" };
            write_text(out, &format!("{namespace}{separator}"));
        }
        out.push('}');
    }
    out.push(']');
}

fn write_members(out: &mut String, members: &[Member], prefixes: &Prefixes) {
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match &member.key {
            Key::Raw(raw) => write_text(out, raw),
            Key::Expanded(name) => write_text(out, &prefixes.qualified(name)),
        }
        out.push(':');
        write_node(out, &member.node, prefixes);
    }
}

fn write_node(out: &mut String, node: &Node, prefixes: &Prefixes) {
    match &node.data {
        Data::Null => out.push_str("null"),
        Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Number(text) => out.push_str(text),
        Data::Text(text) => write_text(out, text),
        Data::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_node(out, item, prefixes);
            }
            out.push(']');
        }
        Data::Object(members) => {
            out.push('{');
            write_members(out, members, prefixes);
            out.push('}');
        }
    }
}

/// A JSON string, escaped as RFC 8785 section 3.2.2.2 has it.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if other < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(other))),
            other => out.push(other),
        }
    }
    out.push('"');
}
