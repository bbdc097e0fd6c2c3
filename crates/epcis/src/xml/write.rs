//! Writing documents in XML, EPCIS 1.2 or 2.0.

use super::write_event::EventWriter;
use super::{EPCIS_1, EPCIS_2, QUERY_1, QUERY_2, SBDH, XML};
use crate::disassemble::{Members, value};
use crate::model::{
    Document, DocumentHead, DocumentKind, Element, Event, EventType, Name, Namespaces, Vocabulary,
};
use crate::prefixes::Prefixes;
use crate::{Fault, FaultCode, Writer};

/// A version of the XML binding that this crate writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum XmlVersion {
    /// EPCIS 1.2. Fields that came with 2.0 stand at the extension points of the schema.
    V1_2,
    /// EPCIS 2.0.
    V2_0,
}

impl XmlVersion {
    /// The text of `schemaVersion`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V2_0 => "2.0",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::V1_2 => EPCIS_1,
            Self::V2_0 => EPCIS_2,
        }
    }

    fn query_namespace(self) -> &'static str {
        match self {
            Self::V1_2 => QUERY_1,
            Self::V2_0 => QUERY_2,
        }
    }
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// A whole document. A document that was a lone event comes out as one.
pub(crate) fn document_to_xml(document: &Document, version: XmlVersion) -> Result<String, Vec<Fault>> {
    let head = &document.head;
    if let (DocumentKind::Event, [event]) = (&head.kind, document.events.as_slice()) {
        return lone_event(event, &head.namespaces, version);
    }
    let mut writer = Writer::xml(head, version);
    let (mut out, mut faults) = (writer.open()?, Vec::new());
    for event in &document.events {
        match writer.event(event) {
            Ok(piece) => out.push_str(&piece),
            Err(mut found) => faults.append(&mut found),
        }
    }
    match writer.close() {
        Ok(piece) if faults.is_empty() => Ok(out + &piece),
        Ok(_) => Err(faults),
        Err(mut found) => {
            faults.append(&mut found);
            Err(faults)
        }
    }
}

fn lone_event(event: &Event, namespaces: &Namespaces, version: XmlVersion) -> Result<String, Vec<Fault>> {
    let prefixes = Prefixes::for_event(event, namespaces);
    let mut writer = EventWriter::new(version, &prefixes);
    writer.markup.out.push_str(DECLARATION);
    let name = format!("epcis:{}", event.event_type().as_str());
    let mut attributes = declarations(&prefixes, &Prefixes::default());
    attributes.push(("xmlns:epcis".to_owned(), version.namespace().to_owned()));
    attributes.push(("schemaVersion".to_owned(), version.as_str().to_owned()));
    writer.event(event, &name, &borrowed(&attributes));
    written(writer)
}

/// What was written, unless something could not be.
fn written(writer: EventWriter<'_>) -> Result<String, Vec<Fault>> {
    if writer.faults.is_empty() { Ok(writer.markup.out) } else { Err(writer.faults) }
}

/// The root element's name.
fn root(head: &DocumentHead) -> &'static str {
    match head.kind {
        DocumentKind::Query { .. } => "epcisq:EPCISQueryDocument",
        DocumentKind::Capture | DocumentKind::Event => "epcis:EPCISDocument",
    }
}

/// A document up to the tag that opens its event list.
pub(crate) fn opening(
    head: &DocumentHead,
    version: XmlVersion,
    prefixes: &Prefixes,
) -> Result<String, Vec<Fault>> {
    let query = matches!(head.kind, DocumentKind::Query { .. });
    let (prefix, namespace) = if query {
        ("xmlns:epcisq", version.query_namespace())
    } else {
        ("xmlns:epcis", version.namespace())
    };
    let mut attributes = vec![(prefix.to_owned(), namespace.to_owned())];
    attributes.extend(declarations(prefixes, &Prefixes::default()));
    attributes.push(("schemaVersion".to_owned(), version.as_str().to_owned()));
    match &head.creation_date {
        Some(time) => attributes.push(("creationDate".to_owned(), time.as_str().to_owned())),
        None if query => {}
        None => {
            return Err(vec![
                Fault::new(FaultCode::MissingField, "`creationDate` is mandatory").at("/creationDate"),
            ]);
        }
    }
    let mut writer = EventWriter::new(version, prefixes);
    writer.markup.out.push_str(DECLARATION);
    writer.markup.open(root(head), &borrowed(&attributes));
    write_header(&mut writer, head);
    writer.markup.open("EPCISBody", &[]);
    if let DocumentKind::Query { query_name, subscription_id } = &head.kind {
        writer.markup.open("epcisq:QueryResults", &[]);
        for (name, text) in [("queryName", query_name), ("subscriptionID", subscription_id)] {
            text.iter().for_each(|text| writer.markup.leaf(name, &[], text));
        }
        writer.markup.open("resultsBody", &[]);
    }
    writer.markup.open("EventList", &[]);
    written(writer)
}

/// A document from the tag that closes its event list.
pub(crate) fn closing(
    head: &DocumentHead,
    version: XmlVersion,
    prefixes: &Prefixes,
) -> Result<String, Vec<Fault>> {
    let mut writer = EventWriter::new(version, prefixes);
    writer.markup.close("EventList");
    if matches!(head.kind, DocumentKind::Query { .. }) {
        writer.markup.close("resultsBody");
        writer.markup.close("epcisq:QueryResults");
    }
    writer.markup.close("EPCISBody");
    let mut extensions = Members::default();
    extensions.extensions(&head.extensions);
    extensions.0.iter().for_each(|member| writer.extension(member));
    writer.markup.close(root(head));
    written(writer)
}

/// An event in the list, inside the wrappers of version 1.2 where its type came later.
pub(crate) fn listed_event(
    event: &Event,
    version: XmlVersion,
    outer: &Prefixes,
) -> Result<String, Vec<Fault>> {
    let wrappers = match (version, event.event_type()) {
        (XmlVersion::V1_2, EventType::Transformation) => 1,
        (XmlVersion::V1_2, EventType::Association) => 2,
        _ => 0,
    };
    let prefixes = Prefixes::for_event(event, outer.bound());
    let mut writer = EventWriter::new(version, &prefixes);
    (0..wrappers).for_each(|_| writer.markup.open("extension", &[]));
    writer.event(event, event.event_type().as_str(), &borrowed(&declarations(&prefixes, outer)));
    (0..wrappers).for_each(|_| writer.markup.close("extension"));
    written(writer)
}

fn declarations(prefixes: &Prefixes, outer: &Prefixes) -> Vec<(String, String)> {
    let declared = prefixes.declarations(outer).into_iter();
    declared.map(|(prefix, namespace)| (format!("xmlns:{prefix}"), namespace.to_owned())).collect()
}

fn borrowed(attributes: &[(String, String)]) -> Vec<(&str, &str)> {
    attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn write_header(writer: &mut EventWriter<'_>, head: &DocumentHead) {
    let header = &head.header;
    let start = writer.markup.out.len();
    writer.markup.open("EPCISHeader", &[]);
    let inside = writer.markup.out.len();
    match &header.sbdh {
        Some(sbdh) => write_element(writer, sbdh, true),
        None => parties(writer, head),
    }
    if !header.vocabularies.is_empty() {
        let wrapped = writer.version == XmlVersion::V1_2;
        if wrapped {
            writer.markup.open("extension", &[]);
        }
        writer.markup.open("EPCISMasterData", &[]);
        writer.markup.open("VocabularyList", &[]);
        header.vocabularies.iter().for_each(|vocabulary| write_vocabulary(writer, vocabulary));
        writer.markup.close("VocabularyList");
        writer.markup.close("EPCISMasterData");
        if wrapped {
            writer.markup.close("extension");
        }
    }
    let mut extensions = Members::default();
    extensions.extensions(&header.extensions);
    extensions.0.iter().for_each(|member| writer.extension(member));
    if writer.markup.out.len() == inside {
        writer.markup.out.truncate(start);
    } else {
        writer.markup.close("EPCISHeader");
    }
}

fn write_vocabulary(writer: &mut EventWriter<'_>, vocabulary: &Vocabulary) {
    writer.markup.open("Vocabulary", &[("type", &vocabulary.vocabulary_type)]);
    writer.markup.open("VocabularyElementList", &[]);
    for element in &vocabulary.elements {
        writer.markup.open("VocabularyElement", &[("id", &element.id)]);
        for attribute in &element.attributes {
            writer.element("attribute", &[("id", &attribute.id)], &value(&attribute.value));
        }
        if !element.children.is_empty() {
            writer.markup.open("children", &[]);
            element.children.iter().for_each(|child| writer.markup.leaf("id", &[], child));
            writer.markup.close("children");
        }
        writer.markup.close("VocabularyElement");
    }
    writer.markup.close("VocabularyElementList");
    writer.markup.close("Vocabulary");
}

/// The parties of a JSON document as a Standard Business Document Header.
fn parties(writer: &mut EventWriter<'_>, head: &DocumentHead) {
    let header = &head.header;
    if header.sender.is_none() && header.receiver.is_none() && header.instance_identifier.is_none() {
        return;
    }
    let markup = &mut writer.markup;
    markup.open("sbdh:StandardBusinessDocumentHeader", &[("xmlns:sbdh", SBDH)]);
    markup.leaf("sbdh:HeaderVersion", &[], "1.0");
    for (name, party) in [("sbdh:Sender", &header.sender), ("sbdh:Receiver", &header.receiver)] {
        if let Some(party) = party {
            markup.open(name, &[]);
            markup.leaf("sbdh:Identifier", &[], party);
            markup.close(name);
        }
    }
    if let Some(instance) = &header.instance_identifier {
        markup.open("sbdh:DocumentIdentification", &[]);
        for (name, text) in [
            ("Standard", "EPCglobal"),
            ("TypeVersion", "1.0"),
            ("InstanceIdentifier", instance),
            ("Type", "Events"),
        ] {
            markup.leaf(&format!("sbdh:{name}"), &[], text);
        }
        if let Some(date) = &head.creation_date {
            markup.leaf("sbdh:CreationDateAndTime", &[], date.as_str());
        }
        markup.close("sbdh:DocumentIdentification");
    }
    markup.close("sbdh:StandardBusinessDocumentHeader");
}

/// An element that was kept whole. Its namespace is declared where it differs from that of the element around it.
fn write_element(writer: &mut EventWriter<'_>, element: &Element, root: bool) {
    let mut declared = Vec::new();
    if root {
        declared.push(("xmlns:sbdh".to_owned(), SBDH.to_owned()));
    }
    let mut name_of = |name: &Name, attribute: bool| match name.namespace.as_str() {
        "" => name.local.clone(),
        SBDH => format!("sbdh:{}", name.local),
        XML => format!("xml:{}", name.local),
        other => {
            let prefix = format!("{}{}", if attribute { "a" } else { "e" }, declared.len());
            declared.push((format!("xmlns:{prefix}"), other.to_owned()));
            format!("{prefix}:{}", name.local)
        }
    };
    let name = name_of(&element.name, false);
    let mut attributes: Vec<_> =
        element.attributes.iter().map(|(name, value)| (name_of(name, true), value.clone())).collect();
    attributes.append(&mut declared);
    writer.markup.open(&name, &borrowed(&attributes));
    writer.markup.text(&element.text);
    element.children.iter().for_each(|child| write_element(writer, child, false));
    writer.markup.close(&name);
}
