//! Tokens of an XML document: names resolved, entities refused, bounds kept.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::errors::Error;
use quick_xml::escape::{EscapeError, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, ResolveResult};

use super::{STANDARD, XML, XSI};
use crate::model::{EPCIS_VOCABULARY, Name};
use crate::text::{is_document_char, is_ncname};
use crate::{Fault, FaultCode, Limits};

/// Reads tokens of a document that the caller has checked to be UTF-8.
pub(crate) struct Source<'a> {
    reader: NsReader<&'a [u8]>,
    limits: Limits,
    depth: usize,
    values_left: usize,
}

pub(crate) enum Token {
    Start(Start),
    End,
    Text(String),
    Eof,
}

/// A start tag.
pub(crate) struct Start {
    /// Name; that of an EPCIS namespace has none here, as the standard itself mostly writes it.
    pub name: Name,
    /// Attributes other than namespace bindings and schema typing, in document order.
    pub attributes: Vec<(Name, String)>,
    /// Prefixes that the tag binds.
    pub bindings: Vec<(String, String)>,
    /// `xsi:nil="true"`.
    pub nil: bool,
    /// `xml:space="preserve"`.
    pub preserve: bool,
    /// Byte offset of the tag.
    pub at: usize,
}

/// Most attributes of one element: a sensor report has 23, and as many extensions again are plenty.
const ATTRIBUTES_MAX: usize = 64;

impl<'a> Source<'a> {
    pub fn new(text: &'a str, limits: &Limits) -> Self {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().check_comments = true;
        reader.resolver_mut().set_max_namespace_bindings(limits.namespaces_max);
        Self { reader, limits: *limits, depth: 0, values_left: limits.values_per_event_max }
    }

    pub fn fault(&self, code: FaultCode, message: impl Into<String>, at: usize) -> Fault {
        Fault::new(code, message).located(at)
    }

    /// Begins a new event: its count of values starts anew.
    pub fn reset_count(&mut self) {
        self.values_left = self.limits.values_per_event_max;
    }

    fn count(&mut self, values: usize, at: usize) -> Result<(), Fault> {
        self.values_left = self.values_left.checked_sub(values).ok_or_else(|| {
            self.fault(FaultCode::LimitExceeded, "more values in one event than the limit", at)
        })?;
        Ok(())
    }

    /// The byte offset of the next token.
    pub fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// The next token. Comments and processing instructions are passed over.
    pub fn next(&mut self) -> Result<Token, Fault> {
        loop {
            let at = self.position();
            let event = self.reader.read_event().map_err(|error| {
                let place = usize::try_from(self.reader.error_position()).unwrap_or(at);
                self.fault(error_code(&error), error.to_string(), place)
            })?;
            let text = match event {
                Event::Start(tag) => return self.start(&tag, at).map(Token::Start),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::End);
                }
                Event::Eof if self.depth > 0 => {
                    return Err(self.fault(FaultCode::XmlSyntax, "the document ends within an element", at));
                }
                Event::Eof => return Ok(Token::Eof),
                Event::Text(text) => text.xml10_content().into_owned(),
                Event::CData(text) => text.xml10_content().into_owned(),
                Event::GeneralRef(reference) => self.reference(&reference, at)?.to_string(),
                Event::DocType(content) => {
                    self.document_type(&content, at)?;
                    continue;
                }
                Event::Decl(declaration) => {
                    self.encoding(declaration.encoding().transpose().ok().flatten().as_deref(), at)?;
                    continue;
                }
                Event::Comment(_) | Event::PI(_) | Event::Empty(_) => continue,
            };
            return self.checked_text(text, at).map(Token::Text);
        }
    }

    fn checked_text(&self, text: String, at: usize) -> Result<String, Fault> {
        if text.len() > self.limits.value_bytes_max {
            return Err(self.fault(FaultCode::LimitExceeded, "text longer than the limit", at));
        }
        if !text.chars().all(is_document_char) {
            return Err(self.fault(FaultCode::Encoding, "a character that XML 1.0 does not allow", at));
        }
        Ok(text)
    }

    fn checked_name(&self, name: &str, at: usize) -> Result<(), Fault> {
        if is_ncname(name) {
            return Ok(());
        }
        Err(self.fault(FaultCode::XmlSyntax, "not a name of Namespaces in XML", at))
    }

    /// Declarations and external identifiers are refused: a document type can make a parser read other files or
    /// grow without bound. A bare name does nothing.
    fn document_type(&self, content: &str, at: usize) -> Result<(), Fault> {
        if content.contains('[') || content.contains("SYSTEM") || content.contains("PUBLIC") {
            let message = "a document type with declarations or an external identifier is refused";
            return Err(self.fault(FaultCode::XmlEntity, message, at));
        }
        Ok(())
    }

    fn encoding(&self, encoding: Option<&str>, at: usize) -> Result<(), Fault> {
        match encoding {
            Some(name) if !name.eq_ignore_ascii_case("utf-8") && !name.eq_ignore_ascii_case("us-ascii") => {
                Err(self.fault(FaultCode::Encoding, "only UTF-8 is read", at))
            }
            _ => Ok(()),
        }
    }

    fn reference(&self, reference: &BytesRef<'_>, at: usize) -> Result<char, Fault> {
        let wrong = |_| self.fault(FaultCode::XmlSyntax, "not a character reference", at);
        if let Some(character) = reference.resolve_char_ref().map_err(wrong)? {
            return Ok(character);
        }
        match reference.xml10_content().as_ref() {
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "amp" => Ok('&'),
            "apos" => Ok('\''),
            "quot" => Ok('"'),
            _ => Err(self.fault(
                FaultCode::XmlEntity,
                "entities other than the five predefined ones are refused",
                at,
            )),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, at: usize) -> Result<Start, Fault> {
        self.depth += 1;
        if self.depth > self.limits.depth_max {
            return Err(self.fault(FaultCode::LimitExceeded, "nested too deeply", at));
        }
        let (resolved, local) = self.reader.resolver().resolve_element(tag.name());
        let namespace = self.namespace(&resolved, at)?;
        self.checked_name(local.into_inner(), at)?;
        let mut start = Start {
            name: standard_name(&namespace, local.into_inner()),
            attributes: Vec::new(),
            bindings: Vec::new(),
            nil: false,
            preserve: false,
            at,
        };
        self.attributes(tag, &mut start)?;
        self.count(1 + start.attributes.len(), at)?;
        Ok(start)
    }

    fn attributes(&self, tag: &BytesStart<'_>, start: &mut Start) -> Result<(), Fault> {
        let at = start.at;
        let mut seen = std::collections::BTreeSet::new();
        for (index, attribute) in tag.attributes().with_checks(false).enumerate() {
            if index == ATTRIBUTES_MAX {
                return Err(self.fault(FaultCode::LimitExceeded, "more attributes than the limit", at));
            }
            let attribute =
                attribute.map_err(|error| self.fault(FaultCode::XmlSyntax, error.to_string(), at))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| self.fault(error_code(&error), error.to_string(), at))?;
            let value = self.checked_text(value.into_owned(), at)?;
            match attribute.key.as_namespace_binding() {
                Some(PrefixDeclaration::Default) => continue,
                Some(PrefixDeclaration::Named(prefix)) => {
                    self.checked_name(prefix, at)?;
                    start.bindings.push((prefix.to_owned(), value));
                    continue;
                }
                None => {}
            }
            let (resolved, local) = self.reader.resolver().resolve_attribute(attribute.key);
            let namespace = self.namespace(&resolved, at)?;
            let local = local.into_inner();
            self.checked_name(local, at)?;
            if !seen.insert((namespace.clone(), local.to_owned())) {
                return Err(self.fault(
                    FaultCode::XmlSyntax,
                    format!("attribute `{local}` occurs twice"),
                    at,
                ));
            }
            match (namespace.as_str(), local) {
                (XSI, "nil") => start.nil = matches!(value.as_str(), "true" | "1"),
                (XSI, _) => {}
                (XML, "space") => start.preserve = value == "preserve",
                _ => start.attributes.push((standard_name(&namespace, local), value)),
            }
        }
        Ok(())
    }

    /// A namespace as its declaration means it; the resolver has it as written.
    fn unescaped(&self, written: &str, at: usize) -> Result<String, Fault> {
        if !written.contains(['&', '\t', '\r', '\n']) {
            return Ok(written.to_owned());
        }
        let spaced = written.replace("\r\n", " ").replace(['\t', '\r', '\n'], " ");
        let text = unescape(&spaced).map_err(|error| {
            let code = error_code(&Error::Escape(error.clone()));
            self.fault(code, error.to_string(), at)
        })?;
        self.checked_text(text.into_owned(), at)
    }

    fn namespace(&self, resolved: &ResolveResult<'_>, at: usize) -> Result<String, Fault> {
        match resolved {
            ResolveResult::Unbound => Ok(String::new()),
            ResolveResult::Bound(namespace) => self.unescaped(namespace.into_inner(), at),
            ResolveResult::Unknown(prefix) => {
                Err(self.fault(FaultCode::UnknownPrefix, format!("no xmlns binds the prefix `{prefix}`"), at))
            }
        }
    }
}

/// A name in which the EPCIS namespaces count as none.
fn standard_name(namespace: &str, local: &str) -> Name {
    let standard = STANDARD.contains(&namespace) || EPCIS_VOCABULARY.contains(&namespace);
    Name::new(if standard { "" } else { namespace }, local)
}

fn error_code(error: &Error) -> FaultCode {
    match error {
        Error::Escape(EscapeError::UnrecognizedEntity(..)) => FaultCode::XmlEntity,
        Error::Namespace(_) => FaultCode::UnknownPrefix,
        Error::Encoding(_) => FaultCode::Encoding,
        _ => FaultCode::XmlSyntax,
    }
}
