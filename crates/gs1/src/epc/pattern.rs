//! Patterns of EPCs: `urn:epc:idpat:sgtin:952156825.*.*`.
//!
//! Source: EPC Tag Data Standard, section 8: a pattern is a pure identity whose last parts, one or more, are `*`.

use super::EpcKey;
use super::urn::{PREFIX_MAX, PREFIX_MIN};
use crate::Gs1Error;
use crate::limits::KEY_BYTES_MAX;

/// What a look-up has to find for a text that names one thing, a class, or, as a pattern, many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EpcPattern {
    /// Canonical keys ([`EpcKey::path`]) that match as they are.
    pub exact: Vec<String>,
    /// Where keys lie that match as well.
    pub ranges: Vec<KeyRange>,
}

/// Canonical keys that begin alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRange {
    /// How they begin.
    pub start: String,
    /// What they have behind that: `/21/`, where other things begin alike; empty otherwise.
    pub has: &'static str,
}

impl KeyRange {
    /// Whether a canonical key lies here.
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        key.strip_prefix(self.start.as_str()).is_some_and(|rest| rest.contains(self.has))
    }
}

/// How the keys of a scheme begin.
struct Scheme {
    name: &'static str,
    /// Before the number, in canonical keys.
    start: &'static str,
    /// Whether an indicator or extension digit stands before the company prefix.
    indicated: bool,
    /// Parts of its URN, the company prefix included.
    parts: usize,
    /// Between the class and the serial number in canonical keys.
    serial: &'static str,
}

/// Schemes with a company prefix.
const SCHEMES: [Scheme; 15] = [
    scheme("sgtin", "01/", true, 3, "/21/"),
    scheme("upui", "01/", true, 3, "/235/"),
    scheme("itip", "8006/", true, 5, "/21/"),
    scheme("sscc", "00/", true, 2, ""),
    scheme("sgln", "414/", false, 3, ""),
    scheme("pgln", "417/", false, 2, ""),
    scheme("grai", "8003/0", false, 3, ""),
    scheme("giai", "8004/", false, 2, ""),
    scheme("gsrn", "8018/", false, 2, ""),
    scheme("gsrnp", "8017/", false, 2, ""),
    scheme("gdti", "253/", false, 3, ""),
    scheme("sgcn", "255/", false, 3, ""),
    scheme("cpi", "8010/", false, 3, "/8011/"),
    scheme("gsin", "402/", false, 2, ""),
    scheme("ginc", "401/", false, 2, ""),
];

const fn scheme(
    name: &'static str,
    start: &'static str,
    indicated: bool,
    parts: usize,
    serial: &'static str,
) -> Scheme {
    Scheme { name, start, indicated, parts, serial }
}

impl EpcPattern {
    /// Reads an EPC URN, a pattern URN, or a GS1 Digital Link.
    ///
    /// # Errors
    /// As [`EpcKey::parse`]; [`Gs1Error::UnknownScheme`] for the pattern of a scheme that has none, and for one with
    /// another number of parts; [`Gs1Error::PrefixLength`] for a company prefix that is none.
    pub fn parse(text: &str) -> Result<Self, Gs1Error> {
        let start = "urn:epc:idpat:";
        let is_pattern = text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        match text.get(start.len()..).and_then(|rest| rest.split_once(':')) {
            Some((name, body)) if is_pattern && (body == "*" || body.ends_with(".*")) => {
                if text.len() > KEY_BYTES_MAX {
                    return Err(Gs1Error::TooLong { max: u32::try_from(KEY_BYTES_MAX).unwrap_or(u32::MAX) });
                }
                Self::wild(text, name, body)
            }
            _ => Ok(Self { exact: vec![EpcKey::parse(text)?.path()], ranges: Vec::new() }),
        }
    }

    /// Whether a canonical key matches.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        self.exact.iter().any(|exact| exact == key) || self.ranges.iter().any(|range| range.holds(key))
    }

    fn wild(text: &str, name: &str, body: &str) -> Result<Self, Gs1Error> {
        let parts: Vec<&str> = body.split('.').collect();
        let fixed = parts.iter().position(|part| *part == "*").unwrap_or(parts.len());
        if parts.iter().skip(fixed).any(|part| *part != "*") {
            return Err(Gs1Error::UnknownScheme);
        }
        let given = parts.get(..fixed).unwrap_or_default();
        let Some(scheme) = SCHEMES.iter().find(|scheme| scheme.name == name) else {
            return Self::other(name, given, parts.len());
        };
        if parts.len() != scheme.parts {
            return Err(Gs1Error::UnknownScheme);
        }
        match given {
            [] => Ok(scheme.under([scheme.start.to_owned()])),
            [prefix] => scheme.of_company(prefix),
            _ if fixed + 1 == scheme.parts => scheme.of_class(text),
            // The pieces of a trade item: `itip` with `*` for piece and total as well.
            _ => scheme.of_item(given),
        }
    }

    /// A scheme that is no GS1 key: its canonical key is its URN.
    fn other(name: &str, given: &[&str], parts: usize) -> Result<Self, Gs1Error> {
        let known = matches!((name, parts), ("gid", 3) | ("usdod", 2) | ("adi", 3) | ("bic" | "imovn", 1));
        if !known || given.iter().any(|part| part.is_empty()) {
            return Err(Gs1Error::UnknownScheme);
        }
        let start = given.iter().fold(format!("urn:epc:id:{name}:"), |start, part| format!("{start}{part}."));
        Ok(Self { exact: Vec::new(), ranges: vec![KeyRange { start, has: "" }] })
    }
}

impl Scheme {
    /// Everything that begins so.
    fn under(&self, starts: impl IntoIterator<Item = String>) -> EpcPattern {
        let ranges = starts.into_iter().map(|start| KeyRange { start, has: self.serial }).collect();
        EpcPattern { exact: Vec::new(), ranges }
    }

    /// Everything under a company prefix.
    fn of_company(&self, prefix: &str) -> Result<EpcPattern, Gs1Error> {
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(PREFIX_MIN..=PREFIX_MAX).contains(&prefix.len()) {
            return Err(Gs1Error::PrefixLength);
        }
        Ok(match self.indicated {
            true => self.under(('0'..='9').map(|digit| format!("{}{digit}{prefix}", self.start))),
            false => self.under([format!("{}{prefix}", self.start)]),
        })
    }

    /// Everything of a class, and the class itself.
    fn of_class(&self, text: &str) -> Result<EpcPattern, Gs1Error> {
        let class = EpcKey::parse(text)?.path();
        let start = match self.serial {
            // The serial number is part of the key, or after it as the extension of a place.
            "" => class.clone(),
            serial => format!("{class}{serial}"),
        };
        Ok(EpcPattern { exact: vec![class], ranges: vec![KeyRange { start, has: "" }] })
    }

    /// The pieces of an item, whichever and of however many.
    fn of_item(&self, given: &[&str]) -> Result<EpcPattern, Gs1Error> {
        let [prefix, item, rest @ ..] = given else { return Err(Gs1Error::UnknownScheme) };
        let class = EpcKey::parse(&format!("urn:epc:idpat:sgtin:{prefix}.{item}.*"))?.path();
        let gtin = class.strip_prefix("01/").unwrap_or_default();
        if !rest.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(Gs1Error::UnknownScheme);
        }
        Ok(self.under([format!("{}{gtin}{}", self.start, rest.concat())]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> EpcPattern {
        EpcPattern::parse(text).unwrap()
    }

    fn key(text: &str) -> String {
        EpcKey::parse(text).unwrap().path()
    }

    #[test]
    fn a_pattern_matches_what_its_fixed_parts_name() {
        let one = key("urn:epc:id:sgtin:4012345.012345.22");
        for text in [
            "urn:epc:idpat:sgtin:*.*.*",
            "urn:epc:idpat:sgtin:4012345.*.*",
            "urn:epc:idpat:sgtin:4012345.012345.*",
            "urn:epc:id:sgtin:4012345.012345.22",
            "https://example.com/01/04012345123456/21/22",
        ] {
            assert!(pattern(text).matches(&one), "{text}");
        }
        for text in [
            "urn:epc:idpat:sgtin:4012346.*.*",
            "urn:epc:idpat:sgtin:4012345.112345.*",
            "urn:epc:idpat:sscc:*.*",
        ] {
            assert!(!pattern(text).matches(&one), "{text}");
        }
        assert!(pattern("urn:epc:idpat:sgtin:4012345.012345.*").matches("01/04012345123456"));
        for text in ["urn:epc:idpat:upui:*.*.*", "urn:epc:idpat:upui:4012345.*.*"] {
            assert!(!pattern(text).matches(&one), "{text}");
        }
    }

    #[test]
    fn indicator_and_extension_digits_stand_before_the_prefix() {
        assert!(pattern("urn:epc:idpat:sscc:4012345.*").matches(&key("urn:epc:id:sscc:4012345.5000000001")));
        assert!(pattern("urn:epc:idpat:grai:4012345.*.*").matches(&key("urn:epc:id:grai:4012345.11111.400")));
        assert!(
            pattern("urn:epc:idpat:sgln:4012345.11111.*").matches(&key("urn:epc:id:sgln:4012345.11111.7"))
        );
        assert!(
            pattern("urn:epc:idpat:itip:4012345.012345.*.*.*")
                .matches(&key("urn:epc:id:itip:4012345.012345.04.04.32"))
        );
        assert!(pattern("urn:epc:idpat:gid:95100000.*.*").matches("urn:epc:id:gid:95100000.12345.400"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "urn:epc:idpat:sgtin:4012345.*.22",
            "urn:epc:idpat:sgtin:4012345.*",
            "urn:epc:idpat:sgtin:12.*.*",
            "urn:epc:idpat:sgtin:40123x5.*.*",
            "urn:epc:idpat:nothing:*.*",
            "urn:epc:idpat:gid:.*.*",
            "%",
        ] {
            assert!(EpcPattern::parse(text).is_err(), "{text}");
        }
    }
}
