//! The GS1 keys other than trade items, logistic units and locations.
//!
//! Source: GS1 General Specifications, section 3 (the formats are those of the application identifiers), and
//! EPC Tag Data Standard, section 6.3.

use crate::ai::{self, Ai, ValueFault};
use crate::error::{Gs1Error, check_digits};
use crate::text::text_newtype;

/// Checks a key's text by the rules of its application identifier.
fn check(what: &'static str, expected: &'static str, code: &str, text: &str) -> Result<(), Gs1Error> {
    let spec = Ai::new(code).and_then(|ai| ai.spec()).ok_or(Gs1Error::UnknownScheme)?;
    ai::check_value(spec, text).map_err(|fault| match fault {
        ValueFault::Content(fault) => Gs1Error::content(what, fault),
        ValueFault::TooShort | ValueFault::TooLong => Gs1Error::length(what, expected, text),
    })
}

/// Declares a key whose format is that of an application identifier.
macro_rules! key {
    ($(#[$doc:meta])* $type:ident, $what:literal, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $type(Box<str>);

        impl $type {
            #[doc = concat!("Reads ", $expected, ".")]
            ///
            /// # Errors
            /// [`Gs1Error::Length`] for another length, [`Gs1Error::Content`] for a character or check digit.
            pub fn new(text: &str) -> Result<Self, Gs1Error> {
                let check: fn(&'static str, &'static str, &str) -> Result<(), Gs1Error> = $check;
                check($what, $expected, text)?;
                Ok(Self(text.into()))
            }

            /// The characters of the key.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_newtype!($type);
    };
}

key!(
    /// Returnable asset, GRAI, AI 8003: a zero, 13 digits with check digit, and for one single asset its serial.
    Grai, "GRAI", "0, 13 digits and up to 16 characters", |what, expected, text| check(what, expected, "8003", text)
);
key!(
    /// Individual asset, GIAI, AI 8004: a company prefix and up to 30 characters in all.
    Giai, "GIAI", "5 to 30 characters", |what, expected, text| check(what, expected, "8004", text)
);
key!(
    /// Service relation, GSRN, AI 8018 (recipient) and 8017 (provider): 18 digits with check digit.
    Gsrn, "GSRN", "18 digits", |what, expected, text| check(what, expected, "8018", text)
);
key!(
    /// Document, GDTI, AI 253: 13 digits with check digit, and for one single document its serial.
    Gdti, "GDTI", "13 digits and up to 17 characters", |what, expected, text| check(what, expected, "253", text)
);
key!(
    /// Coupon, GCN, AI 255: 13 digits with check digit, and for one single coupon its serial.
    Gcn, "GCN", "13 digits and up to 12 digits", |what, expected, text| check(what, expected, "255", text)
);
key!(
    /// Component or part, CPID, AI 8010: up to 30 characters of set 39.
    Cpid, "CPID", "5 to 30 characters", |what, expected, text| check(what, expected, "8010", text)
);
key!(
    /// Serial number of a component or part, AI 8011: up to 12 digits without a leading zero.
    CpidSerial, "CPID serial", "1 to 12 digits, no leading zero", |what, expected, text| {
        check_digits(what, text)?;
        // The single 0 is a serial number in the Tag Data Standard, although the linter of AI 8011 refuses it.
        let zero_prefix = text.len() > 1 && text.starts_with('0');
        if text.is_empty() || text.len() > 12 || zero_prefix {
            return Err(Gs1Error::length(what, expected, text));
        }
        Ok(())
    }
);
key!(
    /// Piece of a trade item, ITIP, AI 8006: a GTIN-14, the piece and the total of pieces.
    ///
    /// Piece and total are any two digits each, as in the Tag Data Standard; an element string in addition
    /// refuses zeros and a piece above the total.
    Itip, "ITIP", "18 digits", |what, expected, text| {
        check_digits(what, text)?;
        if text.len() != 18 {
            return Err(Gs1Error::length(what, expected, text));
        }
        crate::error::check_number(what, text.get(..14).unwrap_or_default())
    }
);
key!(
    /// Third-party extension that makes a GTIN unique for a regulator, AI 235: up to 28 characters.
    ThirdPartyExtension, "third-party extension", "1 to 28 characters",
    |what, expected, text| check(what, expected, "235", text)
);
key!(
    /// Shipment, GSIN, AI 402: 17 digits with check digit.
    Gsin, "GSIN", "17 digits", |what, expected, text| check(what, expected, "402", text)
);
key!(
    /// Consignment, GINC, AI 401: a company prefix and up to 30 characters in all.
    Ginc, "GINC", "5 to 30 characters", |what, expected, text| check(what, expected, "401", text)
);
