//! Electronic Product Codes: one value for every spelling of a GS1 key.
//!
//! An [`EpcKey`] is read from an EPC URN (`urn:epc:id:…`, `urn:epc:class:lgtin:…`, `urn:epc:idpat:…`), from a GS1
//! Digital Link URI of any domain, or from the canonical Digital Link path that [`EpcKey::path`] gives. Keys are
//! equal when their paths are: that path is what this workspace stores and looks up.
//!
//! Source: EPC Tag Data Standard, sections 6 and 7; GS1 Digital Link URI Syntax, section 4; Core Business
//! Vocabulary 2.0, section 8.

pub mod keys;
pub(crate) mod link;
pub mod other;
mod pattern;
pub mod percent;
mod urn;

pub use pattern::{EpcPattern, KeyRange};

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use keys::{Cpid, CpidSerial, Gcn, Gdti, Giai, Ginc, Grai, Gsin, Gsrn, Itip, ThirdPartyExtension};
use other::OtherEpc;

use crate::gln::GlnExtension;
use crate::limits::KEY_BYTES_MAX;
use crate::text::serde_as_text;
use crate::{CompanyPrefix, Gln, Gs1Error, Gtin, Lot, SerialNumber, Sgtin, Sscc};

/// The domain that canonical Digital Links have.
pub const CANONICAL_DOMAIN: &str = "https://id.gs1.org/";

/// What an EPC URN or a Digital Link names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Identifier {
    /// All items of a kind: `01/…`, `urn:epc:idpat:sgtin:….*`.
    Gtin(Gtin),
    /// All items of a lot: `01/…/10/…`, `urn:epc:class:lgtin:…`.
    Lgtin {
        /// The kind.
        gtin: Gtin,
        /// The lot.
        lot: Lot,
    },
    /// One item: `01/…/21/…`, `urn:epc:id:sgtin:…`.
    Sgtin(Sgtin),
    /// One item by its third-party extension: `01/…/235/…`, `urn:epc:id:upui:…`.
    Upui {
        /// The kind.
        gtin: Gtin,
        /// The extension.
        extension: ThirdPartyExtension,
    },
    /// A logistic unit: `00/…`, `urn:epc:id:sscc:…`.
    Sscc(Sscc),
    /// A place: `414/…[/254/…]`, `urn:epc:id:sgln:…`.
    Sgln {
        /// The location.
        gln: Gln,
        /// The place within it.
        extension: Option<GlnExtension>,
    },
    /// A party: `417/…`, `urn:epc:id:pgln:…`.
    Pgln(Gln),
    /// A returnable asset or its type: `8003/…`, `urn:epc:id:grai:…`.
    Grai(Grai),
    /// An individual asset: `8004/…`, `urn:epc:id:giai:…`.
    Giai(Giai),
    /// A recipient of a service: `8018/…`, `urn:epc:id:gsrn:…`.
    Gsrn(Gsrn),
    /// A provider of a service: `8017/…`, `urn:epc:id:gsrnp:…`.
    Gsrnp(Gsrn),
    /// A document or its type: `253/…`, `urn:epc:id:gdti:…`.
    Gdti(Gdti),
    /// A coupon or its type: `255/…`, `urn:epc:id:sgcn:…`.
    Gcn(Gcn),
    /// A component or part or its type: `8010/…[/8011/…]`, `urn:epc:id:cpi:…`.
    Cpi {
        /// The type.
        part: Cpid,
        /// The serial number of one part.
        serial: Option<CpidSerial>,
    },
    /// A piece of a trade item: `8006/…[/21/…]`, `urn:epc:id:itip:…`.
    Itip {
        /// Item, piece and total.
        piece: Itip,
        /// The serial number of one item.
        serial: Option<SerialNumber>,
    },
    /// The pieces of a lot: `8006/…/10/…`; it has no URN.
    ItipLot {
        /// Item, piece and total.
        piece: Itip,
        /// The lot.
        lot: Lot,
    },
    /// A shipment: `402/…`, `urn:epc:id:gsin:…`.
    Gsin(Gsin),
    /// A consignment: `401/…`, `urn:epc:id:ginc:…`.
    Ginc(Ginc),
    /// A scheme that is no GS1 key; its URN is all there is.
    Other(OtherEpc),
}

/// An identifier, and the length of its company prefix where the spelling it was read from told it.
///
/// Equality, order and hash are those of the identifier alone.
#[derive(Clone, Debug)]
pub struct EpcKey {
    id: Identifier,
    prefix_length: Option<u8>,
}

impl EpcKey {
    /// Reads an EPC URN, a GS1 Digital Link URI, or a Digital Link path with or without its leading slash.
    ///
    /// Of a Digital Link only the key and its most exact qualifier count: variant, attributes in the query and
    /// fragment are dropped, as in the constrained canonical form of the Event Hash ID.
    ///
    /// # Errors
    /// [`Gs1Error::NotAKey`] for any other text, [`Gs1Error::TooLong`], or the fault of the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, Gs1Error> {
        if text.len() > KEY_BYTES_MAX {
            return Err(Gs1Error::TooLong { max: u32::try_from(KEY_BYTES_MAX).unwrap_or(u32::MAX) });
        }
        if text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("urn:epc:")) {
            return urn::parse(text);
        }
        link::parse(text).map(Self::from)
    }

    /// A key with a company prefix of `prefix_length` digits.
    ///
    /// # Errors
    /// [`Gs1Error::PrefixLength`] when it is not 6 to 12.
    pub fn with_prefix_length(id: Identifier, prefix_length: u8) -> Result<Self, Gs1Error> {
        if !(urn::PREFIX_MIN..=urn::PREFIX_MAX).contains(&usize::from(prefix_length)) {
            return Err(Gs1Error::PrefixLength);
        }
        Ok(Self { id, prefix_length: Some(prefix_length) })
    }

    /// What it names.
    #[must_use]
    pub const fn id(&self) -> &Identifier {
        &self.id
    }

    /// What it names, by value.
    #[must_use]
    pub fn into_id(self) -> Identifier {
        self.id
    }

    /// The number of digits of the company prefix, when it was read from a URN.
    #[must_use]
    pub const fn prefix_length(&self) -> Option<u8> {
        self.prefix_length
    }

    /// The canonical Digital Link path without domain and leading slash: `01/09521568251204/21/5Kx9`.
    /// A scheme that is no GS1 key ([`Identifier::Other`]) gives its URN instead.
    #[must_use]
    pub fn path(&self) -> String {
        self.id.to_string()
    }

    /// The canonical GS1 Digital Link, `https://id.gs1.org/…`; for [`Identifier::Other`] the URN.
    #[must_use]
    pub fn digital_link(&self) -> String {
        match &self.id {
            Identifier::Other(urn) => urn.to_string(),
            id => format!("{CANONICAL_DOMAIN}{id}"),
        }
    }

    /// The EPC URN, when the length of the company prefix is known from the spelling it was read from.
    #[must_use]
    pub fn urn(&self) -> Option<String> {
        match (&self.id, self.prefix_length) {
            (Identifier::Other(urn), _) => Some(urn.to_string()),
            (id, Some(length)) => urn::write(id, length).ok(),
            _ => None,
        }
    }

    /// The EPC URN for a company prefix of `prefix_length` digits.
    ///
    /// # Errors
    /// [`Gs1Error::PrefixLength`] when it is not 6 to 12; [`Gs1Error::NoSuchForm`] for pieces of a lot.
    pub fn to_urn(&self, prefix_length: u8) -> Result<String, Gs1Error> {
        urn::write(&self.id, prefix_length)
    }

    /// The item, when it is one.
    #[must_use]
    pub const fn as_sgtin(&self) -> Option<&Sgtin> {
        match &self.id {
            Identifier::Sgtin(sgtin) => Some(sgtin),
            _ => None,
        }
    }

    /// The logistic unit, when it is one.
    #[must_use]
    pub const fn as_sscc(&self) -> Option<&Sscc> {
        match &self.id {
            Identifier::Sscc(sscc) => Some(sscc),
            _ => None,
        }
    }

    /// The location or party number, when it is one.
    #[must_use]
    pub const fn gln(&self) -> Option<&Gln> {
        match &self.id {
            Identifier::Sgln { gln, .. } | Identifier::Pgln(gln) => Some(gln),
            _ => None,
        }
    }

    /// The trade item number, of an item, a lot or a kind.
    #[must_use]
    pub const fn gtin(&self) -> Option<&Gtin> {
        match &self.id {
            Identifier::Gtin(gtin) | Identifier::Lgtin { gtin, .. } | Identifier::Upui { gtin, .. } => {
                Some(gtin)
            }
            Identifier::Sgtin(sgtin) => Some(&sgtin.gtin),
            _ => None,
        }
    }

    /// True when it names a kind or a lot of things rather than one thing: what EPCIS puts in quantity lists.
    #[must_use]
    pub fn is_class(&self) -> bool {
        match &self.id {
            Identifier::Gtin(_) | Identifier::Lgtin { .. } | Identifier::ItipLot { .. } => true,
            Identifier::Itip { serial, .. } => serial.is_none(),
            Identifier::Cpi { serial, .. } => serial.is_none(),
            Identifier::Grai(key) => key.as_str().len() == 14,
            Identifier::Gdti(key) => key.as_str().len() == 13,
            Identifier::Gcn(key) => key.as_str().len() == 13,
            _ => false,
        }
    }

    /// True when the key was issued under the company prefix.
    #[must_use]
    pub fn is_issued_under(&self, prefix: &CompanyPrefix) -> bool {
        let (text, skip) = match &self.id {
            Identifier::Gtin(gtin) | Identifier::Lgtin { gtin, .. } | Identifier::Upui { gtin, .. } => {
                (gtin.as_str(), 1)
            }
            Identifier::Sgtin(sgtin) => (sgtin.gtin.as_str(), 1),
            Identifier::Sscc(sscc) => (sscc.as_str(), 1),
            Identifier::Sgln { gln, .. } | Identifier::Pgln(gln) => (gln.as_str(), 0),
            Identifier::Grai(key) => (key.as_str(), 1),
            Identifier::Itip { piece, .. } | Identifier::ItipLot { piece, .. } => (piece.as_str(), 1),
            Identifier::Giai(key) => (key.as_str(), 0),
            Identifier::Gsrn(key) | Identifier::Gsrnp(key) => (key.as_str(), 0),
            Identifier::Gdti(key) => (key.as_str(), 0),
            Identifier::Gcn(key) => (key.as_str(), 0),
            Identifier::Cpi { part, .. } => (part.as_str(), 0),
            Identifier::Gsin(key) => (key.as_str(), 0),
            Identifier::Ginc(key) => (key.as_str(), 0),
            Identifier::Other(_) => return false,
        };
        text.get(skip..).is_some_and(|rest| rest.starts_with(prefix.as_str()))
    }
}

/// The canonical Digital Link of a text, without judging check digits: what the Event Hash ID asks for, so that
/// two parties hash the same even where a third misprinted a number.
///
/// # Errors
/// As [`EpcKey::parse`], except that wrong check digits pass.
pub fn canonical_link(text: &str) -> Result<String, Gs1Error> {
    match EpcKey::parse(text) {
        Ok(key) => Ok(key.digital_link()),
        Err(fault) if fault.code() == "INCORRECT_CHECK_DIGIT" => {
            link::canonical(text).map(|path| format!("{CANONICAL_DOMAIN}{path}"))
        }
        Err(fault) => Err(fault),
    }
}

impl From<Identifier> for EpcKey {
    fn from(id: Identifier) -> Self {
        Self { id, prefix_length: None }
    }
}

impl From<Sgtin> for EpcKey {
    fn from(sgtin: Sgtin) -> Self {
        Identifier::Sgtin(sgtin).into()
    }
}

impl From<Sscc> for EpcKey {
    fn from(sscc: Sscc) -> Self {
        Identifier::Sscc(sscc).into()
    }
}

impl PartialEq for EpcKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for EpcKey {}

impl PartialOrd for EpcKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EpcKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl Hash for EpcKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Display for EpcKey {
    /// The canonical path, as [`EpcKey::path`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl FromStr for EpcKey {
    type Err = Gs1Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

serde_as_text!(EpcKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_key_are_equal() {
        let path = "01/09521568251204/21/5Kx9";
        let spellings = [
            path,
            "/01/09521568251204/21/5Kx9",
            "https://id.gs1.org/01/09521568251204/21/5Kx9",
            "https://example.com/a/gtin/9521568251204/cpv/2A/lot/L1/ser/5Kx9?17=270600#x",
            "urn:epc:id:sgtin:952156.0825120.5Kx9",
            "urn:epc:id:sgtin:9521568.025120.5Kx9",
        ];
        for spelling in spellings {
            let key = EpcKey::parse(spelling).unwrap();
            assert_eq!(key.path(), path, "{spelling}");
            assert_eq!(key, EpcKey::parse(path).unwrap());
        }
        assert_eq!(EpcKey::parse(spellings[5]).unwrap().urn().as_deref(), Some(spellings[5]));
        assert_eq!(EpcKey::parse(path).unwrap().urn(), None);
        assert_eq!(EpcKey::parse(path).unwrap().to_urn(6).unwrap(), spellings[4]);
    }

    #[test]
    fn places_and_units() {
        for (urn, path) in [
            ("urn:epc:id:sgln:4012345.00005.0", "414/4012345000054"),
            ("urn:epc:id:sgln:4012345.00005.32a%2Fb", "414/4012345000054/254/32a%2Fb"),
            ("urn:epc:id:pgln:4012345.00005", "417/4012345000054"),
            ("urn:epc:id:sscc:4012345.0000000011", "00/040123450000000115"),
            ("urn:epc:class:lgtin:4012345.012345.998877", "01/04012345123456/10/998877"),
            ("urn:epc:idpat:sgtin:4012345.012345.*", "01/04012345123456"),
        ] {
            let key = EpcKey::parse(urn).unwrap();
            assert_eq!(key.path(), path);
            assert_eq!(key.urn().as_deref(), Some(urn));
            assert_eq!(EpcKey::parse(path).unwrap(), key);
        }
    }

    #[test]
    fn an_asterisk_is_a_wildcard_in_patterns_only() {
        let one = EpcKey::parse("urn:epc:id:sgtin:4012345.012345.*").unwrap();
        assert_eq!(one.path(), "01/04012345123456/21/%2A");
        assert_eq!(one.urn().as_deref(), Some("urn:epc:id:sgtin:4012345.012345.*"));
        assert!(!one.is_class() && EpcKey::parse("urn:epc:idpat:sgtin:4012345.012345.*").unwrap().is_class());
    }

    #[test]
    fn faults() {
        let code = |text: &str| EpcKey::parse(text).unwrap_err().code();
        assert_eq!(code("hello"), "NOT_A_KEY");
        assert_eq!(code("urn:epc:id:sgtn:1.2.3"), "UNKNOWN_EPC_SCHEME");
        assert_eq!(code("urn:epc:id:sgtin:4012345.012345"), "EPC_URN_SHAPE");
        assert_eq!(code("urn:epc:id:sgtin:40123.00012345.1"), "EPC_URN_SHAPE");
        assert_eq!(code("urn:epc:idpat:sgtin:4012345.*.*"), "EPC_PATTERN_TOO_WIDE");
        assert_eq!(code("01/09521568251205/21/1"), "INCORRECT_CHECK_DIGIT");
        assert_eq!(code("https://id.gs1.org/01/09521568251204/99/1"), "NOT_A_DIGITAL_LINK");
        assert_eq!(code(&"x".repeat(9000)), "TOO_LONG");
    }

    #[test]
    fn canonical_links_pass_wrong_check_digits() {
        let link = "http://example.de/01/040123451234/cpv/344/lot/ABD";
        assert!(EpcKey::parse(link).is_err());
        assert_eq!(canonical_link(link).unwrap(), "https://id.gs1.org/01/00040123451234/10/ABD");
    }

    #[test]
    fn ownership() {
        let prefix = CompanyPrefix::new("4012345").unwrap();
        for urn in [
            "urn:epc:id:sscc:4012345.0000000011",
            "urn:epc:id:giai:4012345.A",
            "urn:epc:id:grai:4012345.00001.1",
        ] {
            assert!(EpcKey::parse(urn).unwrap().is_issued_under(&prefix), "{urn}");
        }
        assert!(!EpcKey::parse("urn:epc:id:gid:1.2.3").unwrap().is_issued_under(&prefix));
    }
}
