//! Documents in JSON: an outline is read first, then the events one by one.

use super::context;
use super::scan::Scanner;
use crate::assemble::{Assembler, Binding};
use crate::model::{DocumentHead, DocumentKind, Event, EventType, Extensions, Header, Namespaces, Timestamp};
use crate::text::is_uri;
use crate::tree::{Data, Key, Member, Node, Path};
use crate::{Fault, FaultCode, Limits};

/// Reads the events of a JSON document one at a time.
pub(crate) struct JsonReader<'a> {
    limits: Limits,
    pub head: DocumentHead,
    state: State<'a>,
    /// JSON Pointer of the event list.
    list: &'static str,
    index: usize,
}

enum State<'a> {
    /// Inside the event list, before an event or the closing bracket.
    Events {
        scanner: Box<Scanner<'a>>,
        first: bool,
    },
    /// A document that is one event.
    Lone(Option<Node>),
    End,
}

/// What the first pass finds.
#[derive(Default)]
struct Outline {
    members: Vec<Member>,
    /// Offset of the bracket that opens the event list, and the list's JSON Pointer.
    list: Option<(usize, &'static str)>,
    query_name: Option<String>,
    subscription_id: Option<String>,
}

impl<'a> JsonReader<'a> {
    /// Checks the syntax of the whole document, and reads everything but the events.
    pub fn new(source: &'a str, limits: &Limits) -> Result<Self, Vec<Fault>> {
        let mut scanner = Scanner::new(source, 0, limits);
        let outline = outline(&mut scanner).map_err(|fault| vec![fault])?;
        let text =
            |name: &str| outline.members.iter().find(|m| m.raw() == name).and_then(|m| m.node.as_text());
        match text("type") {
            Some("EPCISDocument" | "EPCISQueryDocument") => Self::document(source, outline, limits),
            Some(other) if EventType::parse(other).is_some() => Self::lone(outline, limits),
            _ => Err(vec![
                Fault::new(
                    FaultCode::UnknownDocument,
                    "`type` must be EPCISDocument, EPCISQueryDocument or an EPCIS event type",
                )
                .at("/type"),
            ]),
        }
    }

    fn lone(outline: Outline, limits: &Limits) -> Result<Self, Vec<Fault>> {
        if !outline.members.iter().any(|member| member.raw() == "@context") {
            return Err(vec![missing_context()]);
        }
        let head = DocumentHead {
            kind: DocumentKind::Event,
            schema_version: "2.0".to_owned(),
            creation_date: None,
            id: None,
            header: Header::default(),
            namespaces: Namespaces::new(),
            extensions: Extensions::new(),
        };
        let state = State::Lone(Some(Node::object(0, outline.members)));
        Ok(Self { limits: *limits, head, state, list: "", index: 0 })
    }

    fn document(source: &'a str, outline: Outline, limits: &Limits) -> Result<Self, Vec<Fault>> {
        let mut namespaces = Namespaces::new();
        let context = outline.members.iter().find(|member| member.raw() == "@context");
        let context = context.ok_or_else(|| vec![missing_context()])?;
        context::bind(&context.node, &mut namespaces, limits)
            .map_err(|fault| vec![fault.at("/@context").located(context.node.at)])?;
        let (kind, list) = (document_kind(&outline), outline.list);
        let mut assembler = Assembler::new(Binding::Json, namespaces.clone(), limits);
        let mut head = DocumentHead {
            kind,
            schema_version: String::new(),
            creation_date: None,
            id: None,
            header: Header::default(),
            namespaces,
            extensions: Extensions::new(),
        };
        let mut faults = Vec::new();
        for Member { key, node } in outline.members {
            head_member(&mut head, key, node, &mut assembler);
        }
        faults.append(&mut assembler.faults);
        for (name, absent) in [
            ("schemaVersion", head.schema_version.is_empty()),
            ("creationDate", head.creation_date.is_none()),
        ] {
            let pointer = format!("/{name}");
            let mandatory = head.kind == DocumentKind::Capture;
            if absent && mandatory && !faults.iter().any(|fault| fault.pointer.as_deref() == Some(&pointer)) {
                faults
                    .push(Fault::new(FaultCode::MissingField, format!("`{name}` is mandatory")).at(pointer));
            }
        }
        if !head.schema_version.is_empty() && !head.schema_version.starts_with("2.") {
            faults.push(
                Fault::new(FaultCode::UnsupportedVersion, "the JSON binding begins with EPCIS 2.0")
                    .at("/schemaVersion"),
            );
        }
        let Some((open, list)) = list.filter(|_| faults.is_empty()) else {
            if faults.is_empty() {
                faults
                    .push(Fault::new(FaultCode::MissingField, "the body has no event list").at("/epcisBody"));
            }
            return Err(faults);
        };
        let scanner = Box::new(Scanner::new(source, open + 1, limits));
        Ok(Self { limits: *limits, head, state: State::Events { scanner, first: true }, list, index: 0 })
    }

    /// The next event, or its faults; the events after a faulty one can still be read.
    pub fn next_event(&mut self) -> Option<Result<Event, Vec<Fault>>> {
        let node = match &mut self.state {
            State::End => return None,
            State::Lone(node) => {
                let node = node.take();
                self.state = State::End;
                node?
            }
            State::Events { scanner, first } => match next_node(scanner, first) {
                Ok(Some(node)) => node,
                Ok(None) => {
                    self.state = State::End;
                    return None;
                }
                Err(fault) => {
                    self.state = State::End;
                    return Some(Err(vec![fault]));
                }
            },
        };
        let pointer =
            if self.list.is_empty() { String::new() } else { format!("{}/{}", self.list, self.index) };
        self.index += 1;
        Some(self.assemble(node, &pointer))
    }

    fn assemble(&self, node: Node, pointer: &str) -> Result<Event, Vec<Fault>> {
        let path = Path::root(pointer);
        let at = node.at;
        let one = |fault: Fault| vec![fault.located(at)];
        let Data::Object(members) = &node.data else {
            return Err(one(Fault::new(FaultCode::WrongType, "an event is an object").at(pointer)));
        };
        let member =
            |name: &str| members.iter().find(|member| member.raw() == name).map(|member| &member.node);
        let mut namespaces = self.head.namespaces.clone();
        if let Some(context) = member("@context") {
            context::bind(context, &mut namespaces, &self.limits)
                .map_err(|fault| one(fault.at(format!("{pointer}/@context"))))?;
        }
        let event_type = member("type").and_then(Node::as_text).and_then(EventType::parse);
        let event_type = event_type.ok_or_else(|| {
            one(Fault::new(FaultCode::UnknownEventType, "`type` must be an EPCIS event type")
                .at(format!("{pointer}/type")))
        })?;
        Assembler::new(Binding::Json, namespaces, &self.limits).event(event_type, node, &path)
    }
}

fn missing_context() -> Fault {
    Fault::new(FaultCode::MissingContext, "`@context` is mandatory in JSON").at("/@context")
}

fn next_node(scanner: &mut Scanner<'_>, first: &mut bool) -> Result<Option<Node>, Fault> {
    if scanner.take(b']') {
        return Ok(None);
    }
    if !*first {
        scanner.expect(b',')?;
    }
    *first = false;
    scanner.reset_count();
    scanner.value().map(Some)
}

fn document_kind(outline: &Outline) -> DocumentKind {
    let kind =
        outline.members.iter().find(|member| member.raw() == "type").and_then(|member| member.node.as_text());
    match kind {
        Some("EPCISQueryDocument") => DocumentKind::Query {
            query_name: outline.query_name.clone(),
            subscription_id: outline.subscription_id.clone(),
        },
        _ => DocumentKind::Capture,
    }
}

/// One member of the document beside the body.
fn head_member(head: &mut DocumentHead, key: Key, node: Node, assembler: &mut Assembler) {
    let root = Path::root("");
    let Key::Raw(raw) = &key else { return };
    let place = root.name(raw);
    match raw.as_str() {
        "@context" | "type" => {}
        "id" => {
            let at = node.at;
            head.id = assembler.text(node, &place);
            if head.id.as_deref().is_some_and(|id| !is_uri(id)) {
                assembler.fault(FaultCode::InvalidUri, "not a URI", at, &place);
            }
        }
        "schemaVersion" => head.schema_version = assembler.text(node, &place).unwrap_or_default(),
        "sender" => head.header.sender = party(assembler, node, &place),
        "receiver" => head.header.receiver = party(assembler, node, &place),
        "instanceIdentifier" => head.header.instance_identifier = party(assembler, node, &place),
        "creationDate" => {
            head.creation_date = node.as_text().and_then(Timestamp::parse);
            if head.creation_date.is_none() {
                assembler.fault(
                    FaultCode::InvalidTime,
                    "not a date and time with UTC offset",
                    node.at,
                    &place,
                );
            }
        }
        "epcisHeader" => assembler.header(node, &place, &mut head.header),
        _ => assembler.document_extension(&mut head.extensions, key.clone(), node, &root),
    }
}

/// A party or the number of a message; an empty text is none.
fn party(assembler: &mut Assembler, node: Node, place: &Path) -> Option<String> {
    if node.as_text() == Some("") { None } else { assembler.text(node, place) }
}

/// Reads over the document once: its syntax is checked, the members beside the body are kept, the place of the
/// event list is noted.
fn outline(scanner: &mut Scanner<'_>) -> Result<Outline, Fault> {
    let mut outline = Outline::default();
    scanner.white_space();
    let mut names = std::collections::BTreeSet::new();
    scanner.members(|scanner, name| {
        if !names.insert(name.clone()) {
            return Err(scanner.fault(FaultCode::JsonSyntax, "a member occurs twice", scanner.position));
        }
        if name == "epcisBody" {
            return body(scanner, &mut outline);
        }
        let node = scanner.value()?;
        outline.members.push(Member { key: Key::Raw(name), node });
        Ok(())
    })?;
    scanner.end()?;
    Ok(outline)
}

fn body(scanner: &mut Scanner<'_>, outline: &mut Outline) -> Result<(), Fault> {
    scanner.members(|scanner, name| match name.as_str() {
        "eventList" => event_list(scanner, outline, "/epcisBody/eventList"),
        "queryResults" => scanner.members(|scanner, name| match name.as_str() {
            "resultsBody" => scanner.members(|scanner, name| match name.as_str() {
                "eventList" => event_list(scanner, outline, "/epcisBody/queryResults/resultsBody/eventList"),
                _ => other(scanner, &name),
            }),
            "queryName" => text(scanner).map(|text| outline.query_name = Some(text)),
            "subscriptionID" => text(scanner).map(|text| outline.subscription_id = Some(text)),
            _ => other(scanner, &name),
        }),
        _ => other(scanner, &name),
    })
}

/// Passes over an extension of the body, which is no part of an event.
fn other(scanner: &mut Scanner<'_>, name: &str) -> Result<(), Fault> {
    if !name.contains(':') {
        let message = format!("`{name}` is no field of the standard here; extensions need a namespace");
        return Err(scanner.fault(FaultCode::UnknownField, &message, scanner.position));
    }
    scanner.skip()
}

fn text(scanner: &mut Scanner<'_>) -> Result<String, Fault> {
    let node = scanner.value()?;
    match node.as_text() {
        Some(text) => Ok(text.to_owned()),
        None => Err(scanner.fault(FaultCode::WrongType, "not a text", node.at)),
    }
}

fn event_list(scanner: &mut Scanner<'_>, outline: &mut Outline, pointer: &'static str) -> Result<(), Fault> {
    scanner.white_space();
    let open = scanner.position;
    if outline.list.replace((open, pointer)).is_some() {
        return Err(scanner.fault(FaultCode::JsonSyntax, "a second event list", open));
    }
    scanner.items(Scanner::skip)
}
