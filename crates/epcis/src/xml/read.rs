//! Documents in XML, event by event.

use super::shape::{self, Shaper};
use super::source::{Source, Start, Token};
use super::tree::XmlElement;
use super::{NOT_EXTENSIONS, STANDARD, header, order};
use crate::assemble::{Assembler, Binding};
use crate::model::{DocumentHead, DocumentKind, Event, EventType, Extensions, Header, Namespaces, Timestamp};
use crate::tree::{Member, Path};
use crate::{Fault, FaultCode, Limits};

/// Reads the events of an XML document one at a time.
pub(crate) struct XmlReader<'a> {
    source: Source<'a>,
    limits: Limits,
    pub head: DocumentHead,
    pub warnings: Vec<Fault>,
    state: State,
    list: &'static str,
    index: usize,
}

enum State {
    /// Inside the event list and this many `extension` wrappers.
    Events {
        wrappers: usize,
    },
    /// A document that is one event.
    Lone(Option<Box<Start>>),
    End,
}

type Read<T> = Result<T, Vec<Fault>>;

impl<'a> XmlReader<'a> {
    /// Reads everything before the first event.
    pub fn new(text: &'a str, limits: &Limits) -> Read<Self> {
        let mut source = Source::new(text, limits);
        let root = loop {
            match source.next().map_err(one)? {
                Token::Start(start) => break start,
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(_) | Token::End | Token::Eof => {
                    return Err(one(source.fault(
                        FaultCode::XmlSyntax,
                        "the document has no root element",
                        0,
                    )));
                }
            }
        };
        let head = head(&source, &root)?;
        let lone = head.kind == DocumentKind::Event;
        let state = if lone { State::Lone(Some(Box::new(root))) } else { State::End };
        let mut reader =
            Self { source, limits: *limits, head, warnings: Vec::new(), state, list: "", index: 0 };
        if !lone {
            reader.find_events()?;
        }
        Ok(reader)
    }

    /// Reads up to the event list.
    fn find_events(&mut self) -> Read<()> {
        let mut faults = Vec::new();
        loop {
            match self.source.next().map_err(one)? {
                Token::Start(start) => match (start.name.namespace.as_str(), start.name.local.as_str()) {
                    ("", "EPCISHeader") => {
                        let element = XmlElement::read(&mut self.source, start).map_err(one)?;
                        let mut assembler = self.assembler(self.head.namespaces.clone());
                        let mut parsed = Header::default();
                        header::read(element, &mut assembler, &mut parsed);
                        faults.append(&mut assembler.faults);
                        self.head.header = parsed;
                    }
                    ("", "EPCISBody" | "QueryResults" | "resultsBody") => {}
                    ("", "queryName" | "subscriptionID") => self.query_field(start)?,
                    ("", "EventList") => break,
                    ("", name) => {
                        let message = format!("`{name}` does not hold events");
                        return Err(one(self.source.fault(FaultCode::UnknownDocument, message, start.at)));
                    }
                    _ => self.document_extension(start)?,
                },
                Token::Text(_) | Token::End => {}
                Token::Eof => {
                    faults.push(
                        Fault::new(FaultCode::MissingField, "the body has no event list").at("/epcisBody"),
                    );
                    return Err(faults);
                }
            }
        }
        self.list = match self.head.kind {
            DocumentKind::Query { .. } => "/epcisBody/queryResults/resultsBody/eventList",
            DocumentKind::Capture | DocumentKind::Event => "/epcisBody/eventList",
        };
        self.state = State::Events { wrappers: 0 };
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn query_field(&mut self, start: Start) -> Read<()> {
        let element = XmlElement::read(&mut self.source, start).map_err(one)?;
        if let DocumentKind::Query { query_name, subscription_id } = &mut self.head.kind {
            match element.name.local.as_str() {
                "queryName" => *query_name = Some(element.text),
                _ => *subscription_id = Some(element.text),
            }
        }
        Ok(())
    }

    fn document_extension(&mut self, start: Start) -> Read<()> {
        let element = XmlElement::read(&mut self.source, start).map_err(one)?;
        let Member { key, node } = shape::extension(element);
        let mut assembler = self.assembler(Namespaces::new());
        assembler.document_extension(&mut self.head.extensions, key, node, &Path::root(""));
        if assembler.faults.is_empty() { Ok(()) } else { Err(assembler.faults) }
    }

    fn assembler(&self, namespaces: Namespaces) -> Assembler {
        Assembler::new(Binding::Xml, namespaces, &self.limits)
    }

    /// The next event, or its faults; unless the XML itself is broken, the events after a faulty one can be read.
    pub fn next_event(&mut self) -> Option<Read<Event>> {
        let found = match &mut self.state {
            State::End => return None,
            State::Lone(start) => {
                let start = start.take();
                self.state = State::End;
                Ok(start.map(|start| *start))
            }
            State::Events { .. } => self.next_start(),
        };
        match found {
            Ok(Some(start)) => Some(self.event(start)),
            Ok(None) => None,
            Err(fault) => {
                self.state = State::End;
                Some(Err(one(fault)))
            }
        }
    }

    /// The start tag of the next event. After the last one, the rest of the document is read to its end.
    fn next_start(&mut self) -> Result<Option<Start>, Fault> {
        loop {
            let at = self.source.position();
            let token = self.source.next()?;
            let State::Events { wrappers } = &mut self.state else {
                return Ok(None);
            };
            match token {
                Token::Start(start) if start.name.namespace.is_empty() && start.name.local == "extension" => {
                    *wrappers += 1
                }
                Token::Start(start) => {
                    self.source.reset_count();
                    return Ok(Some(start));
                }
                Token::End if *wrappers > 0 => *wrappers -= 1,
                Token::End | Token::Eof => {
                    self.state = State::End;
                    self.rest()?;
                    return Ok(None);
                }
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(_) => {
                    return Err(self.source.fault(FaultCode::WrongType, "text between events", at));
                }
            }
        }
    }

    fn rest(&mut self) -> Result<(), Fault> {
        loop {
            match self.source.next()? {
                Token::Start(start) if start.name.namespace.is_empty() => {
                    drop(XmlElement::read(&mut self.source, start)?)
                }
                Token::Start(start) => {
                    if let Err(mut faults) = self.document_extension(start) {
                        self.warnings.append(&mut faults);
                    }
                }
                Token::End | Token::Text(_) => {}
                Token::Eof => return Ok(()),
            }
        }
    }

    fn event(&mut self, start: Start) -> Read<Event> {
        let (at, name) = (start.at, start.name.clone());
        let lone = self.head.kind == DocumentKind::Event;
        let element = match XmlElement::read(&mut self.source, start) {
            Ok(element) => element,
            Err(fault) => {
                self.state = State::End;
                return Err(one(fault));
            }
        };
        if lone && let Err(fault) = self.rest() {
            return Err(one(fault));
        }
        let pointer = if lone { String::new() } else { format!("{}/{}", self.list, self.index) };
        self.index += 1;
        let event_type =
            EventType::parse(&name.local).filter(|_| name.namespace.is_empty()).ok_or_else(|| {
                let message = format!("`{}` is no event type of EPCIS 2.0", name.local);
                one(self.source.fault(FaultCode::UnknownEventType, message, at).at(pointer.clone()))
            })?;
        if let Some((child, after)) = order::misplaced(event_type, &element)
            && self.warnings.len() < self.limits.faults_max
        {
            let message = format!("the schema puts `{}` before `{after}`", child.name.local);
            let fault = Fault::warning(FaultCode::ElementOrder, message)
                .at(format!("{pointer}/{}", child.name.local));
            self.warnings.push(fault.located(child.at));
        }
        let mut namespaces = self.head.namespaces.clone();
        bind(&mut namespaces, &element.bindings);
        bind_inner(&mut namespaces, &element, &self.limits);
        let mut shaper = Shaper::default();
        let node = shaper.event(element);
        let mut faults = shaper.faults;
        let assembled = self.assembler(namespaces).event(event_type, node, &Path::root(&pointer));
        match assembled {
            Ok(event) if faults.is_empty() => Ok(event),
            Ok(_) => Err(faults),
            Err(mut more) => {
                faults.append(&mut more);
                Err(faults)
            }
        }
    }
}

fn one(fault: Fault) -> Vec<Fault> {
    vec![fault]
}

/// Adds the bindings within an element, where a prefix is still free.
fn bind_inner(namespaces: &mut Namespaces, element: &XmlElement, limits: &Limits) {
    for child in &element.children {
        if namespaces.len() > limits.namespaces_max {
            return;
        }
        let free = |(prefix, _): &&(String, String)| namespaces.namespace(prefix).is_none();
        let bindings: Vec<_> = child.bindings.iter().filter(free).cloned().collect();
        bind(namespaces, &bindings);
        bind_inner(namespaces, child, limits);
    }
}

fn bind(namespaces: &mut Namespaces, bindings: &[(String, String)]) {
    for (prefix, namespace) in bindings {
        if !NOT_EXTENSIONS.contains(&namespace.as_str()) && !STANDARD.contains(&namespace.as_str()) {
            namespaces.bind(prefix, namespace);
        }
    }
}

fn head(source: &Source<'_>, root: &Start) -> Read<DocumentHead> {
    let attribute = |local: &str| {
        let found = root.attributes.iter().find(|(name, _)| name.local == local && name.namespace.is_empty());
        found.map(|(_, value)| value.as_str())
    };
    let kind = match root.name.local.as_str() {
        _ if !root.name.namespace.is_empty() => None,
        "EPCISDocument" => Some(DocumentKind::Capture),
        "EPCISQueryDocument" => Some(DocumentKind::Query { query_name: None, subscription_id: None }),
        other => EventType::parse(other).map(|_| DocumentKind::Event),
    };
    let message = "the root is no EPCISDocument, EPCISQueryDocument or EPCIS event";
    let kind = kind.ok_or_else(|| one(source.fault(FaultCode::UnknownDocument, message, root.at)))?;
    let mut faults = Vec::new();
    let schema_version = match attribute("schemaVersion") {
        Some(version) if is_read(version) => version.to_owned(),
        Some(_) => {
            let message = "schema versions 1, 1.0, 1.1, 1.2 and 2.0 are read";
            faults.push(source.fault(FaultCode::UnsupportedVersion, message, root.at).at("/schemaVersion"));
            String::new()
        }
        None if kind == DocumentKind::Event => "2.0".to_owned(),
        None => {
            faults.push(
                source
                    .fault(FaultCode::MissingField, "`schemaVersion` is mandatory", root.at)
                    .at("/schemaVersion"),
            );
            String::new()
        }
    };
    let creation_date = attribute("creationDate").and_then(Timestamp::parse);
    let mandatory = kind == DocumentKind::Capture || attribute("creationDate").is_some();
    if creation_date.is_none() && mandatory && kind != DocumentKind::Event {
        let (code, message) = match attribute("creationDate") {
            Some(_) => (FaultCode::InvalidTime, "not a date and time with UTC offset"),
            None => (FaultCode::MissingField, "`creationDate` is mandatory"),
        };
        faults.push(source.fault(code, message, root.at).at("/creationDate"));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut namespaces = Namespaces::new();
    bind(&mut namespaces, &root.bindings);
    let (header, extensions) = (Header::default(), Extensions::new());
    Ok(DocumentHead { kind, schema_version, creation_date, id: None, header, namespaces, extensions })
}

fn is_read(version: &str) -> bool {
    matches!(version, "1" | "1.0" | "1.1" | "1.2" | "2" | "2.0") || version.starts_with("2.0.")
}
