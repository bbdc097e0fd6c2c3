//! EPC URNs in and out.
//!
//! Source: EPC Tag Data Standard, section 6.3 (pure identity), 8 (patterns); Core Business Vocabulary, section 8.3.

use super::keys::{Cpid, CpidSerial, Gcn, Gdti, Giai, Ginc, Grai, Gsin, Gsrn, Itip, ThirdPartyExtension};
use super::other::OtherEpc;
use super::percent::{self, Encoded};
use super::{EpcKey, Identifier};
use crate::check::check_digit;
use crate::gln::GlnExtension;
use crate::{Gln, Gs1Error, Gtin, Lot, SerialNumber, Sgtin, Sscc};

/// Fewest digits of a company prefix in a URN.
pub(super) const PREFIX_MIN: usize = 6;
/// Most digits of a company prefix in a URN.
pub(super) const PREFIX_MAX: usize = 12;

/// The parts of a URN of one scheme: the company prefix, the reference, and what follows.
struct Parts<'a> {
    scheme: &'static str,
    prefix: &'a str,
    rest: Vec<&'a str>,
    /// True in a pattern whose last part is the wildcard; elsewhere an asterisk is a character like any other.
    wildcard: bool,
}

impl<'a> Parts<'a> {
    /// Splits `body` into exactly `count` parts; the last may contain dots. The first must be a company prefix.
    fn new(scheme: &'static str, body: &'a str, count: usize) -> Result<Self, Gs1Error> {
        let mut parts = body.splitn(count, '.');
        let prefix = parts.next().unwrap_or_default();
        let rest: Vec<&str> = parts.collect();
        let fault = Gs1Error::UrnShape { scheme };
        if rest.len() + 1 != count || prefix == "*" || rest.iter().rev().skip(1).any(|part| *part == "*") {
            return Err(if body.contains('*') { Gs1Error::PatternTooWide } else { fault });
        }
        if !(PREFIX_MIN..=PREFIX_MAX).contains(&prefix.len()) || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fault);
        }
        Ok(Self { scheme, prefix, rest, wildcard: false })
    }

    const fn wild(mut self, wildcard: bool) -> Self {
        self.wildcard = wildcard;
        self
    }

    fn shape(&self) -> Gs1Error {
        Gs1Error::UrnShape { scheme: self.scheme }
    }

    fn part(&self, index: usize) -> &'a str {
        self.rest.get(index).copied().unwrap_or_default()
    }

    /// Prefix and reference, `digits` in all.
    fn number(&self, digits: usize) -> Result<String, Gs1Error> {
        let reference = self.part(0);
        if self.prefix.len() + reference.len() != digits || !reference.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.shape());
        }
        Ok(format!("{}{reference}", self.prefix))
    }

    /// As [`number`](Self::number), with the reference's first digit (indicator or extension) moved to the front.
    fn indicated(&self, digits: usize) -> Result<String, Gs1Error> {
        let joined = self.number(digits)?;
        let (prefix, reference) = joined.split_at(self.prefix.len());
        let (first, rest) = reference.split_at_checked(1).ok_or_else(|| self.shape())?;
        Ok(format!("{first}{prefix}{rest}"))
    }

    fn gtin(&self) -> Result<Gtin, Gs1Error> {
        Gtin::from_stem(&self.indicated(13)?)
    }

    /// A part with its escapes undone; a character that must be escaped must not stand for itself.
    fn text(&self, index: usize) -> Result<String, Gs1Error> {
        let raw = self.part(index);
        if !raw.bytes().all(|byte| byte == b'%' || percent::is_plain_in_urn(byte)) {
            return Err(self.shape());
        }
        percent::decode(raw)
    }

    /// The last part: `None` for the wildcard.
    fn last(&self) -> Result<Option<String>, Gs1Error> {
        let index = self.rest.len().saturating_sub(1);
        if self.wildcard { Ok(None) } else { self.text(index).map(Some) }
    }
}

/// The digits with their check digit.
fn checked(stem: &str) -> String {
    format!("{stem}{}", char::from(check_digit(stem.as_bytes())))
}

/// Reads a URN that begins with `urn:epc:` in any case.
pub(super) fn parse(text: &str) -> Result<EpcKey, Gs1Error> {
    let body = text.get(8..).unwrap_or_default();
    let (kind, body) = body.split_once(':').ok_or(Gs1Error::UnknownScheme)?;
    let (scheme, body) = body.split_once(':').ok_or(Gs1Error::UnknownScheme)?;
    let wildcard = body == "*" || body.ends_with(".*");
    match kind {
        "class" if scheme == "lgtin" => class(body),
        "id" => pure(scheme, body),
        // In a pattern the last part may be the wildcard; a pattern without one is the pure identity itself.
        "idpat" if wildcard => pattern(scheme, body),
        "idpat" => pure(scheme, body),
        _ => Err(Gs1Error::UnknownScheme),
    }
}

fn class(body: &str) -> Result<EpcKey, Gs1Error> {
    let parts = Parts::new("lgtin", body, 3)?;
    let lot = Lot::new(&parts.text(1)?)?;
    EpcKey::with_prefix_length(Identifier::Lgtin { gtin: parts.gtin()?, lot }, length(&parts))
}

fn length(parts: &Parts<'_>) -> u8 {
    u8::try_from(parts.prefix.len()).unwrap_or(0)
}

/// One thing.
fn pure(scheme: &str, body: &str) -> Result<EpcKey, Gs1Error> {
    let (parts, id) = match scheme {
        "sgtin" | "upui" | "itip" | "cpi" | "grai" | "gdti" | "sgcn" | "sgln" => {
            serialised(scheme, body, false)?
        }
        "sscc" => {
            let parts = Parts::new("sscc", body, 2)?;
            let id = Identifier::Sscc(Sscc::new(&checked(&parts.indicated(17)?))?);
            (parts, id)
        }
        "pgln" => {
            let parts = Parts::new("pgln", body, 2)?;
            let id = Identifier::Pgln(Gln::new(&checked(&parts.number(12)?))?);
            (parts, id)
        }
        "gsrn" | "gsrnp" => {
            let parts = Parts::new(if scheme == "gsrn" { "gsrn" } else { "gsrnp" }, body, 2)?;
            let key = Gsrn::new(&checked(&parts.number(17)?))?;
            (parts, if scheme == "gsrn" { Identifier::Gsrn(key) } else { Identifier::Gsrnp(key) })
        }
        "gsin" => {
            let parts = Parts::new("gsin", body, 2)?;
            let id = Identifier::Gsin(Gsin::new(&checked(&parts.number(16)?))?);
            (parts, id)
        }
        "giai" | "ginc" => {
            let parts = Parts::new(if scheme == "giai" { "giai" } else { "ginc" }, body, 2)?;
            let reference = parts.text(0)?;
            if reference.is_empty() {
                return Err(parts.shape());
            }
            let key = format!("{}{reference}", parts.prefix);
            let id = match scheme {
                "giai" => Identifier::Giai(Giai::new(&key)?),
                _ => Identifier::Ginc(Ginc::new(&key)?),
            };
            (parts, id)
        }
        _ => {
            return OtherEpc::new(&format!("urn:epc:id:{scheme}:{body}"))
                .map(|id| Identifier::Other(id).into());
        }
    };
    EpcKey::with_prefix_length(id, length(&parts))
}

/// A class: everything that differs only in the last part.
fn pattern(scheme: &str, body: &str) -> Result<EpcKey, Gs1Error> {
    match scheme {
        "sgtin" | "upui" | "itip" | "cpi" | "grai" | "gdti" | "sgcn" | "sgln" => {
            let (parts, id) = serialised(scheme, body, true)?;
            EpcKey::with_prefix_length(id, length(&parts))
        }
        "sscc" | "pgln" | "gsrn" | "gsrnp" | "gsin" | "giai" | "ginc" | "gid" | "usdod" | "adi" => {
            Err(Gs1Error::PatternTooWide)
        }
        _ => Err(Gs1Error::UnknownScheme),
    }
}

/// The schemes that have a class and a serial number as last part, which may be the wildcard.
fn serialised<'a>(scheme: &str, body: &'a str, wildcard: bool) -> Result<(Parts<'a>, Identifier), Gs1Error> {
    match scheme {
        "sgtin" => {
            let parts = Parts::new("sgtin", body, 3)?.wild(wildcard);
            let gtin = parts.gtin()?;
            let id = match parts.last()? {
                Some(serial) => Identifier::Sgtin(Sgtin::new(gtin, SerialNumber::new(&serial)?)),
                None => Identifier::Gtin(gtin),
            };
            Ok((parts, id))
        }
        "upui" => {
            let parts = Parts::new("upui", body, 3)?.wild(wildcard);
            let gtin = parts.gtin()?;
            let id = match parts.last()? {
                Some(text) => Identifier::Upui { gtin, extension: ThirdPartyExtension::new(&text)? },
                None => Identifier::Gtin(gtin),
            };
            Ok((parts, id))
        }
        "itip" => {
            let parts = Parts::new("itip", body, 5)?.wild(wildcard);
            let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            let (piece, total) = (parts.part(1), parts.part(2));
            if !two(piece) || !two(total) {
                return Err(parts.shape());
            }
            let piece = Itip::new(&format!("{}{piece}{total}", parts.gtin()?))?;
            let serial = parts.last()?.map(|serial| SerialNumber::new(&serial)).transpose()?;
            Ok((parts, Identifier::Itip { piece, serial }))
        }
        "cpi" => {
            let parts = Parts::new("cpi", body, 3)?.wild(wildcard);
            let reference = percent::decode(parts.part(0))?;
            if reference.is_empty() {
                return Err(parts.shape());
            }
            let part = Cpid::new(&format!("{}{reference}", parts.prefix))?;
            let serial = parts.last()?.map(|serial| CpidSerial::new(&serial)).transpose()?;
            Ok((parts, Identifier::Cpi { part, serial }))
        }
        "sgln" => {
            let parts = Parts::new("sgln", body, 3)?.wild(wildcard);
            let gln = Gln::new(&checked(&parts.number(12)?))?;
            let extension = match parts.last()?.as_deref() {
                None | Some("0") => None,
                Some(text) => Some(GlnExtension::new(text)?),
            };
            Ok((parts, Identifier::Sgln { gln, extension }))
        }
        _ => document(scheme, body, wildcard),
    }
}

/// The schemes whose serial number is part of the key's own value.
fn document<'a>(scheme: &str, body: &'a str, wildcard: bool) -> Result<(Parts<'a>, Identifier), Gs1Error> {
    let scheme = match scheme {
        "grai" => "grai",
        "gdti" => "gdti",
        _ => "sgcn",
    };
    let parts = Parts::new(scheme, body, 3)?.wild(wildcard);
    let number = checked(&parts.number(12)?);
    let serial = match parts.last()? {
        Some(serial) if serial.is_empty() => return Err(parts.shape()),
        Some(serial) => serial,
        None => String::new(),
    };
    let id = match scheme {
        "grai" => Identifier::Grai(Grai::new(&format!("0{number}{serial}"))?),
        "gdti" => Identifier::Gdti(Gdti::new(&format!("{number}{serial}"))?),
        _ => Identifier::Gcn(Gcn::new(&format!("{number}{serial}"))?),
    };
    Ok((parts, id))
}

/// Writes the URN of an identifier whose company prefix has `prefix_length` digits.
pub(super) fn write(id: &Identifier, prefix_length: u8) -> Result<String, Gs1Error> {
    let length = usize::from(prefix_length);
    if !(PREFIX_MIN..=PREFIX_MAX).contains(&length) {
        return Err(Gs1Error::PrefixLength);
    }
    // `pure` and `class` name one thing and all things of a class; the body ends with a serial number or `*`.
    let one = |scheme: &str, body: String| Ok(format!("urn:epc:id:{scheme}:{body}"));
    let any = |scheme: &str, body: String| Ok(format!("urn:epc:idpat:{scheme}:{body}.*"));
    match id {
        Identifier::Gtin(gtin) => any("sgtin", split_indicated(gtin.as_str(), length)?),
        Identifier::Lgtin { gtin, lot } => {
            let body = split_indicated(gtin.as_str(), length)?;
            Ok(format!("urn:epc:class:lgtin:{body}.{}", Encoded::urn(lot.as_str())))
        }
        Identifier::Sgtin(sgtin) => {
            let body = split_indicated(sgtin.gtin.as_str(), length)?;
            one("sgtin", format!("{body}.{}", Encoded::urn(sgtin.serial.as_str())))
        }
        Identifier::Upui { gtin, extension } => {
            let body = split_indicated(gtin.as_str(), length)?;
            one("upui", format!("{body}.{}", Encoded::urn(extension.as_str())))
        }
        Identifier::Sscc(sscc) => one("sscc", split_indicated(sscc.as_str(), length)?),
        Identifier::Sgln { gln, extension } => {
            let place = extension.as_ref().map_or("0", |extension| extension.as_str());
            one("sgln", format!("{}.{}", split(gln.as_str(), 12, length)?, Encoded::urn(place)))
        }
        Identifier::Pgln(gln) => one("pgln", split(gln.as_str(), 12, length)?),
        Identifier::Gsrn(key) => one("gsrn", split(key.as_str(), 17, length)?),
        Identifier::Gsrnp(key) => one("gsrnp", split(key.as_str(), 17, length)?),
        Identifier::Gsin(key) => one("gsin", split(key.as_str(), 16, length)?),
        Identifier::Giai(key) => one("giai", split_text(key.as_str(), length)?),
        Identifier::Ginc(key) => one("ginc", split_text(key.as_str(), length)?),
        Identifier::Grai(key) => with_serial("grai", key.as_str().get(1..).unwrap_or_default(), length),
        Identifier::Gdti(key) => with_serial("gdti", key.as_str(), length),
        Identifier::Gcn(key) => with_serial("sgcn", key.as_str(), length),
        Identifier::Cpi { part, serial } => {
            let body = split_text(part.as_str(), length)?;
            match serial {
                Some(serial) => one("cpi", format!("{body}.{serial}")),
                None => any("cpi", body),
            }
        }
        Identifier::Itip { piece, serial } => {
            let (gtin, pieces) = piece.as_str().split_at_checked(14).ok_or(Gs1Error::NoSuchForm)?;
            let (piece, total) = pieces.split_at_checked(2).ok_or(Gs1Error::NoSuchForm)?;
            let body = format!("{}.{piece}.{total}", split_indicated(gtin, length)?);
            match serial {
                Some(serial) => one("itip", format!("{body}.{}", Encoded::urn(serial.as_str()))),
                None => any("itip", body),
            }
        }
        Identifier::ItipLot { .. } => Err(Gs1Error::NoSuchForm),
        Identifier::Other(urn) => Ok(urn.to_string()),
    }
}

/// `prefix.reference` out of the first `digits` digits.
fn split(number: &str, digits: usize, length: usize) -> Result<String, Gs1Error> {
    let stem = number.get(..digits).ok_or(Gs1Error::PrefixLength)?;
    let (prefix, reference) = stem.split_at_checked(length).ok_or(Gs1Error::PrefixLength)?;
    Ok(format!("{prefix}.{reference}"))
}

/// As [`split`] for a number that begins with an indicator or extension digit and ends with a check digit.
fn split_indicated(number: &str, length: usize) -> Result<String, Gs1Error> {
    let (first, rest) = number.split_at_checked(1).ok_or(Gs1Error::PrefixLength)?;
    let stem = rest.get(..rest.len().saturating_sub(1)).unwrap_or_default();
    let (prefix, reference) = stem.split_at_checked(length).ok_or(Gs1Error::PrefixLength)?;
    Ok(format!("{prefix}.{first}{reference}"))
}

/// `prefix.reference` of a key that may hold other characters than digits after its prefix.
fn split_text(key: &str, length: usize) -> Result<String, Gs1Error> {
    let (prefix, reference) = key.split_at_checked(length).ok_or(Gs1Error::PrefixLength)?;
    if reference.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Gs1Error::PrefixLength);
    }
    Ok(format!("{prefix}.{}", Encoded::urn(reference)))
}

/// Thirteen digits and what follows them.
fn with_serial(scheme: &str, key: &str, length: usize) -> Result<String, Gs1Error> {
    let (number, serial) = key.split_at_checked(13).ok_or(Gs1Error::NoSuchForm)?;
    let body = split(number, 12, length)?;
    Ok(if serial.is_empty() {
        format!("urn:epc:idpat:{scheme}:{body}.*")
    } else {
        format!("urn:epc:id:{scheme}:{body}.{}", Encoded::urn(serial))
    })
}
