//! GS1 Digital Link URIs, with all their elements, in and out.
//!
//! [`EpcKey`](crate::EpcKey) reads only the key of a link; here nothing is dropped but what is not GS1's.
//! Source: GS1 Digital Link URI Syntax, sections 4.4 to 4.9.

use crate::ai::AiSpec;
use crate::element::{ElementFault, ElementString};
use crate::epc::link::{KeyPath, key_path};
use crate::epc::percent::{self, Encoded};
use crate::limits::SCAN_BYTES_MAX;
use crate::{Ai, Gs1Error};

/// Why a URI is no GS1 Digital Link, or elements cannot be one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkFault {
    /// Not an `http` or `https` URI with a domain, or a character that no URI may have.
    #[error("not a web address")]
    NotAWebAddress,
    /// The path does not end with a key and its qualifiers in order, or an encoding is malformed.
    #[error("the path holds no GS1 key with its qualifiers")]
    Path(#[source] Gs1Error),
    /// A GTIN of 8 digits: only 12, 13 or 14 can stand in a Digital Link.
    #[error("a GTIN in a Digital Link has 12, 13 or 14 digits")]
    ShortGtin,
    /// A query parameter that looks like an application identifier but is none, or may not be an attribute here.
    #[error("AI {name} cannot be an attribute of this link")]
    Attribute {
        /// The digits of the parameter's name.
        name: String,
    },
    /// The data of an element is not valid.
    #[error("an element of the link is not valid")]
    Element(#[source] ElementFault),
    /// No element is a key, or its qualifiers do not form one of the key's sequences.
    #[error("the elements are no key with its qualifiers")]
    NoKey,
}

impl LinkFault {
    /// The stable name of the fault.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAWebAddress => "NOT_A_WEB_ADDRESS",
            Self::Path(fault) => fault.code(),
            Self::ShortGtin => "DL_GTIN_TOO_SHORT",
            Self::Attribute { .. } => "DL_INVALID_ATTRIBUTE",
            Self::Element(fault) => fault.code(),
            Self::NoKey => "DL_NO_KEY",
        }
    }
}

/// True when the text begins like a web address: what tells a link from an element string.
#[must_use]
pub fn is_link(text: &str) -> bool {
    ["http://", "https://", "HTTP://", "HTTPS://"].iter().any(|scheme| text.starts_with(scheme))
}

/// Reads a link: key, qualifiers, then attributes in order of the query.
///
/// # Errors
/// A [`LinkFault`]. Query parameters that are not application identifiers are not GS1's and are skipped.
pub fn parse(uri: &str) -> Result<ElementString, LinkFault> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    if uri.len() > SCAN_BYTES_MAX || !is_link(uri) || !uri.chars().all(legal) {
        return Err(LinkFault::NotAWebAddress);
    }
    let (_, rest) = uri.split_once("://").ok_or(LinkFault::NotAWebAddress)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (domain, path) = address.split_once('/').ok_or(LinkFault::NotAWebAddress)?;
    if domain.is_empty() || domain.contains('%') {
        return Err(LinkFault::NotAWebAddress);
    }
    let KeyPath { key, value, qualifiers } = key_path(path).map_err(LinkFault::Path)?;
    let spec = key.spec().ok_or(LinkFault::NoKey)?;
    let mut elements = ElementString::default();
    push(&mut elements, key, &value)?;
    for (ai, value) in &qualifiers {
        push(&mut elements, *ai, value)?;
    }
    for parameter in query.split('&') {
        if let Some((name, value)) = parameter.split_once('=') {
            attribute(&mut elements, spec, name, value)?;
        }
    }
    Ok(elements)
}

/// Adds one query parameter when it is an application identifier.
fn attribute(elements: &mut ElementString, key: &AiSpec, name: &str, value: &str) -> Result<(), LinkFault> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let ai = Ai::new(name)
        .filter(|ai| ai.spec().is_some_and(|spec| spec.attribute) && !key.has_qualifier(ai.as_str()))
        .ok_or_else(|| LinkFault::Attribute { name: name.to_owned() })?;
    // In a query a plus sign is an encoded space, which no data field admits.
    let value = percent::decode(&value.replace('+', "%20")).map_err(LinkFault::Path)?;
    push(elements, ai, &value)
}

/// Adds an element; a GTIN without its leading zeros gets them.
fn push(elements: &mut ElementString, ai: Ai, value: &str) -> Result<(), LinkFault> {
    if ai == Ai::GTIN && value.len() < 12 {
        return Err(LinkFault::ShortGtin);
    }
    let padded = if ai == Ai::GTIN { format!("{value:0>14}") } else { value.to_owned() };
    elements.push(ai, &padded).map_err(LinkFault::Element)
}

/// Writes elements as a link on `stem` (scheme, domain and any path): the first key with its qualifiers in the
/// path, all else in the query, predefined lengths first.
///
/// # Errors
/// [`LinkFault::NoKey`], or [`LinkFault::Attribute`] for an element that may not stand in the query.
pub fn write(elements: &ElementString, stem: &str) -> Result<String, LinkFault> {
    let list = elements.elements();
    let (key, spec, sequences) = list
        .iter()
        .find_map(|(ai, _)| ai.spec().and_then(|spec| Some((*ai, spec, spec.key?))))
        .ok_or(LinkFault::NoKey)?;
    let qualifies = |ai: &Ai| *ai != key && spec.has_qualifier(ai.as_str());
    let present: Vec<&str> =
        list.iter().map(|(ai, _)| ai).filter(|ai| qualifies(ai)).map(Ai::as_str).collect();
    let sequence: &[&str] = if present.is_empty() {
        &[]
    } else {
        sequences
            .iter()
            .find(|sequence| present.iter().all(|code| sequence.contains(code)))
            .ok_or(LinkFault::NoKey)?
    };
    let mut uri = stem.trim_end_matches('/').to_owned();
    for code in std::iter::once(key.as_str()).chain(sequence.iter().copied()) {
        if let Some(value) = Ai::new(code).and_then(|ai| elements.get(ai)) {
            uri.push_str(&format!("/{code}/{}", Encoded::link(value)));
        }
    }
    let is_fixed = |ai: &Ai| ai.spec().is_some_and(|spec| spec.predefined_length);
    let attributes = || list.iter().filter(|(ai, _)| *ai != key && !qualifies(ai));
    let ordered =
        attributes().filter(|(ai, _)| is_fixed(ai)).chain(attributes().filter(|(ai, _)| !is_fixed(ai)));
    for (index, (ai, value)) in ordered.enumerate() {
        if !ai.spec().is_some_and(|spec| spec.attribute) {
            return Err(LinkFault::Attribute { name: ai.to_string() });
        }
        let mark = if index == 0 { '?' } else { '&' };
        uri.push_str(&format!("{mark}{ai}={}", Encoded::link(value)));
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_and_out() {
        let uri = "https://example.com/a/01/09521568251204/10/L1/21/5K%2Fx?17=270600&99=A%2BB";
        let elements = parse(uri).unwrap();
        assert_eq!(elements.to_string(), "(01)09521568251204(10)L1(21)5K/x(17)270600(99)A+B");
        assert_eq!(write(&elements, "https://example.com/a/").unwrap(), uri);
    }

    #[test]
    fn faults() {
        let code = |uri: &str| parse(uri).unwrap_err().code();
        assert_eq!(code("ftp://a/01/09521568251204"), "NOT_A_WEB_ADDRESS");
        assert_eq!(code("https://a/b"), "NOT_A_DIGITAL_LINK");
        assert_eq!(code("https://a/01/02345673"), "DL_GTIN_TOO_SHORT");
        assert_eq!(code("https://a/01/09521568251204?21=5Kx9"), "DL_INVALID_ATTRIBUTE");
        assert_eq!(code("https://a/01/09521568251205"), "INCORRECT_CHECK_DIGIT");
    }
}
