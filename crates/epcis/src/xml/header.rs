//! The header of an XML document: Standard Business Document Header, master data, extensions.

use super::SBDH;
use super::shape::extension;
use super::tree::XmlElement;
use crate::assemble::Assembler;
use crate::model::Header;
use crate::tree::{Member, Node, Path};

/// Reads `EPCISHeader`.
pub(crate) fn read(element: XmlElement, assembler: &mut Assembler, header: &mut Header) {
    let root = Path::root("/epcisHeader");
    for child in element.children {
        match (child.name.namespace.as_str(), child.name.local.as_str()) {
            (SBDH, "StandardBusinessDocumentHeader") => business_document_header(child, header),
            ("", "extension") => read(child, assembler, header),
            ("", "EPCISMasterData") => master_data(child, assembler, header),
            _ => {
                let Member { key, node } = extension(child);
                assembler.document_extension(&mut header.extensions, key, node, &root);
            }
        }
    }
}

fn business_document_header(element: XmlElement, header: &mut Header) {
    let identifier = |party: &str| {
        let text = element.child(party)?.child("Identifier")?.text.clone();
        (!text.is_empty()).then_some(text)
    };
    let instance = element.child("DocumentIdentification").and_then(|part| part.child("InstanceIdentifier"));
    header.sender = identifier("Sender");
    header.receiver = identifier("Receiver");
    header.instance_identifier = instance.map(|part| part.text.clone()).filter(|text| !text.is_empty());
    header.sbdh = Some(element.into_model());
}

fn master_data(element: XmlElement, assembler: &mut Assembler, header: &mut Header) {
    let path = Path::root("/epcisHeader/epcisMasterData/vocabularyList");
    let (lists, others): (Vec<_>, Vec<_>) =
        element.children.into_iter().partition(|child| child.name.local == "VocabularyList");
    for Member { key, node } in others.into_iter().map(extension) {
        assembler.document_extension(&mut header.extensions, key, node, &path);
    }
    for (index, vocabulary) in lists.into_iter().flat_map(|list| list.children).enumerate() {
        let node = vocabulary_node(vocabulary);
        let vocabulary = assembler.vocabulary(node, &path.index(index));
        header.vocabularies.extend(vocabulary);
    }
}

fn vocabulary_node(element: XmlElement) -> Node {
    let at = element.at;
    let mut members = attribute_member(&element, "type");
    let (lists, others): (Vec<_>, Vec<_>) =
        element.children.into_iter().partition(|child| child.name.local == "VocabularyElementList");
    members.extend(others.into_iter().map(extension));
    let elements = lists.into_iter().flat_map(|list| list.children).map(element_node).collect();
    members.push(Member::standard("vocabularyElementList", Node::array(at, elements)));
    Node::object(at, members)
}

fn element_node(element: XmlElement) -> Node {
    let at = element.at;
    let mut members = attribute_member(&element, "id");
    let (mut attributes, mut children) = (Vec::new(), Vec::new());
    for child in element.children {
        match child.name.local.as_str() {
            "attribute" => attributes.push(attribute_node(child)),
            "children" => children.extend(child.children.into_iter().map(|id| Node::text(id.at, id.text))),
            _ => members.push(extension(child)),
        }
    }
    members.push(Member::standard("attributes", Node::array(at, attributes)));
    if !children.is_empty() {
        members.push(Member::standard("children", Node::array(at, children)));
    }
    Node::object(at, members)
}

fn attribute_node(mut element: XmlElement) -> Node {
    let at = element.at;
    let mut members = attribute_member(&element, "id");
    element.attributes.retain(|(name, _)| name.local != "id" || !name.namespace.is_empty());
    members.push(Member::standard("attribute", extension(element).node));
    Node::object(at, members)
}

fn attribute_member(element: &XmlElement, name: &str) -> Vec<Member> {
    let value = element.attribute(name);
    value.map(|value| Member::standard(name, Node::text(element.at, value))).into_iter().collect()
}
