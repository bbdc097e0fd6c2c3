//! Keys out of GS1 Digital Link URIs, and the canonical path of a key.
//!
//! Source: GS1 Digital Link URI Syntax, sections 4.4 (path), 4.6 (convenience names) and 4.12 (canonical form).

use std::fmt;

use super::Identifier;
use super::keys::{Cpid, CpidSerial, Gcn, Gdti, Giai, Ginc, Grai, Gsin, Gsrn, Itip, ThirdPartyExtension};
use super::percent::{self, Encoded};
use crate::ai::Ai;
use crate::gln::GlnExtension;
use crate::{Gln, Gs1Error, Gtin, Lot, SerialNumber, Sgtin, Sscc};

/// The words that may stand for an identifier in a path.
const CONVENIENCE: &[(&str, &str)] = &[
    ("sscc", "00"),
    ("gtin", "01"),
    ("lot", "10"),
    ("ser", "21"),
    ("cpv", "22"),
    ("gdti", "253"),
    ("gcn", "255"),
    ("ginc", "401"),
    ("gsin", "402"),
    ("gln", "414"),
    ("glnx", "254"),
    ("party", "417"),
    ("payTo", "415"),
    ("grai", "8003"),
    ("giai", "8004"),
    ("itip", "8006"),
    ("cpid", "8010"),
    ("cpsn", "8011"),
    ("gmn", "8013"),
    ("gsrnp", "8017"),
    ("gsrn", "8018"),
    ("srin", "8019"),
    ("refno", "8020"),
    ("tpx", "235"),
];

/// The digits of an identifier written as digits or as a convenience word.
fn code(segment: &str) -> &str {
    CONVENIENCE.iter().find(|(word, _)| *word == segment).map_or(segment, |(_, code)| code)
}

/// A primary key, its value, and its qualifiers, in the order of the path; values are decoded.
pub(crate) struct KeyPath {
    /// The key's identifier.
    pub(crate) key: Ai,
    /// The key's value.
    pub(crate) value: String,
    /// Qualifiers and their values.
    pub(crate) qualifiers: Vec<(Ai, String)>,
}

/// Splits a path into its key and qualifiers. What stands before the key is a stem and is skipped.
pub(crate) fn key_path(path: &str) -> Result<KeyPath, Gs1Error> {
    let segments: Vec<&str> = path.split('/').collect();
    // The last key in the path counts: a stem may look like anything, what follows a key must be its qualifiers.
    for at in (0..segments.len().saturating_sub(1)).rev() {
        let rest = segments.get(at..).unwrap_or_default();
        if let Some(found) = try_key(rest)? {
            return Ok(found);
        }
    }
    Err(Gs1Error::NotADigitalLink)
}

/// Reads a key and qualifiers that fill `segments` exactly, or nothing.
fn try_key(segments: &[&str]) -> Result<Option<KeyPath>, Gs1Error> {
    if !segments.len().is_multiple_of(2) || segments.iter().any(|segment| segment.is_empty()) {
        return Ok(None);
    }
    let mut pairs = segments.chunks_exact(2).filter_map(|pair| Some((code(pair.first()?), *pair.get(1)?)));
    let Some((key_code, key_value)) = pairs.next() else {
        return Ok(None);
    };
    let Some(key) = Ai::new(key_code) else {
        return Ok(None);
    };
    let Some(sequences) = key.spec().and_then(|spec| spec.key) else {
        return Ok(None);
    };
    let qualifiers: Vec<(&str, &str)> = pairs.collect();
    let in_order = |sequence: &&[&str]| {
        let mut allowed = sequence.iter();
        qualifiers.iter().all(|(code, _)| allowed.any(|next| next == code))
    };
    if !qualifiers.is_empty() && !sequences.iter().any(in_order) {
        return Ok(None);
    }
    let mut decoded = Vec::with_capacity(qualifiers.len());
    for (code, value) in qualifiers {
        let Some(ai) = Ai::new(code) else { return Ok(None) };
        decoded.push((ai, percent::decode(value)?));
    }
    Ok(Some(KeyPath { key, value: percent::decode(key_value)?, qualifiers: decoded }))
}

/// The path of a URI, or of a text that is a path already, without query and fragment.
fn path_of(text: &str) -> Result<&str, Gs1Error> {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let web = matches!(scheme, "https" | "http" | "HTTPS" | "HTTP");
            let (domain, path) = rest.split_once('/').ok_or(Gs1Error::NotADigitalLink)?;
            if web && !domain.is_empty() { Ok(path) } else { Err(Gs1Error::NotAKey) }
        }
        None => {
            let path = text.strip_prefix('/').unwrap_or(text);
            let first = path.split('/').next().unwrap_or_default();
            // A bare path has no stem: its first segment must be a key.
            let is_key = Ai::new(code(first)).and_then(|ai| ai.spec()).is_some_and(|spec| spec.key.is_some());
            if is_key && path.contains('/') { Ok(path) } else { Err(Gs1Error::NotAKey) }
        }
    }
}

/// Reads a Digital Link URI or path as an identifier.
pub(super) fn parse(text: &str) -> Result<Identifier, Gs1Error> {
    let path = key_path(path_of(text)?)?;
    let value = path.value.as_str();
    let qualifier = |code: &str| {
        path.qualifiers.iter().find(|(ai, _)| ai.as_str() == code).map(|(_, value)| value.as_str())
    };
    Ok(match path.key.as_str() {
        "00" => Identifier::Sscc(Sscc::new(value)?),
        "01" => item(Gtin::new(value)?, qualifier("21"), qualifier("10"), qualifier("235"))?,
        "253" => Identifier::Gdti(Gdti::new(value)?),
        "255" => Identifier::Gcn(Gcn::new(value)?),
        "401" => Identifier::Ginc(Ginc::new(value)?),
        "402" => Identifier::Gsin(Gsin::new(value)?),
        "414" => {
            let extension =
                qualifier("254").filter(|text| *text != "0").map(GlnExtension::new).transpose()?;
            Identifier::Sgln { gln: Gln::new(value)?, extension }
        }
        "417" => Identifier::Pgln(Gln::new(value)?),
        "8003" => Identifier::Grai(Grai::new(value)?),
        "8004" => Identifier::Giai(Giai::new(value)?),
        "8006" => {
            let piece = Itip::new(value)?;
            match (qualifier("21"), qualifier("10")) {
                (None, Some(lot)) => Identifier::ItipLot { piece, lot: Lot::new(lot)? },
                (serial, _) => Identifier::Itip { piece, serial: serial.map(SerialNumber::new).transpose()? },
            }
        }
        "8010" => {
            let serial = qualifier("8011").map(CpidSerial::new).transpose()?;
            Identifier::Cpi { part: Cpid::new(value)?, serial }
        }
        "8017" => Identifier::Gsrnp(Gsrn::new(value)?),
        "8018" => Identifier::Gsrn(Gsrn::new(value)?),
        _ => return Err(Gs1Error::UnknownScheme),
    })
}

/// A trade item with its most exact qualifier.
fn item(
    gtin: Gtin,
    serial: Option<&str>,
    lot: Option<&str>,
    extension: Option<&str>,
) -> Result<Identifier, Gs1Error> {
    Ok(match (serial, lot, extension) {
        (Some(serial), _, _) => Identifier::Sgtin(Sgtin::new(gtin, SerialNumber::new(serial)?)),
        (None, Some(lot), _) => Identifier::Lgtin { gtin, lot: Lot::new(lot)? },
        (None, None, Some(text)) => Identifier::Upui { gtin, extension: ThirdPartyExtension::new(text)? },
        (None, None, None) => Identifier::Gtin(gtin),
    })
}

/// The canonical path of a Digital Link whose check digit is wrong: the same selection, without the judgement.
pub(super) fn canonical(text: &str) -> Result<String, Gs1Error> {
    let path = key_path(path_of(text)?)?;
    let width = if path.key == Ai::GTIN { 14 } else { 0 };
    let head = format!("{}/{:0>width$}", path.key, Encoded::link(&path.value).to_string());
    let exact = ["21", "10", "235", "254", "8011"]
        .iter()
        .find_map(|code| path.qualifiers.iter().find(|(ai, _)| ai.as_str() == *code));
    Ok(match exact {
        Some((ai, value)) => format!("{head}/{ai}/{}", Encoded::link(value)),
        None => head,
    })
}

impl fmt::Display for Identifier {
    /// The canonical Digital Link path without leading slash; the URN of a scheme that is no GS1 key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gtin(gtin) => write!(f, "01/{gtin}"),
            Self::Lgtin { gtin, lot } => write!(f, "01/{gtin}/10/{}", Encoded::link(lot.as_str())),
            Self::Sgtin(sgtin) => sgtin.fmt(f),
            Self::Upui { gtin, extension } => {
                write!(f, "01/{gtin}/235/{}", Encoded::link(extension.as_str()))
            }
            Self::Sscc(sscc) => write!(f, "00/{sscc}"),
            Self::Sgln { gln, extension: None } => write!(f, "414/{gln}"),
            Self::Sgln { gln, extension: Some(place) } => {
                write!(f, "414/{gln}/254/{}", Encoded::link(place.as_str()))
            }
            Self::Pgln(gln) => write!(f, "417/{gln}"),
            Self::Grai(key) => write!(f, "8003/{}", Encoded::link(key.as_str())),
            Self::Giai(key) => write!(f, "8004/{}", Encoded::link(key.as_str())),
            Self::Gsrn(key) => write!(f, "8018/{key}"),
            Self::Gsrnp(key) => write!(f, "8017/{key}"),
            Self::Gdti(key) => write!(f, "253/{}", Encoded::link(key.as_str())),
            Self::Gcn(key) => write!(f, "255/{key}"),
            Self::Cpi { part, serial: None } => write!(f, "8010/{}", Encoded::link(part.as_str())),
            Self::Cpi { part, serial: Some(serial) } => {
                write!(f, "8010/{}/8011/{serial}", Encoded::link(part.as_str()))
            }
            Self::Itip { piece, serial: None } => write!(f, "8006/{piece}"),
            Self::Itip { piece, serial: Some(serial) } => {
                write!(f, "8006/{piece}/21/{}", Encoded::link(serial.as_str()))
            }
            Self::ItipLot { piece, lot } => write!(f, "8006/{piece}/10/{}", Encoded::link(lot.as_str())),
            Self::Gsin(key) => write!(f, "402/{key}"),
            Self::Ginc(key) => write!(f, "401/{}", Encoded::link(key.as_str())),
            Self::Other(urn) => urn.fmt(f),
        }
    }
}
