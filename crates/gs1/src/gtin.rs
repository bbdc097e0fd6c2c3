//! Global Trade Item Number: GTIN-8, -12, -13 and -14 in one type.
//!
//! Source: GS1 General Specifications, section 2.1 (trade items) and 3.3.2 (AI 01).

use crate::error::{Gs1Error, check_number};
use crate::text::{Digits, text_newtype};

/// A trade item number, kept as fourteen digits with leading zeros, check digit verified.
///
/// Two spellings of one number (`4012345123456` and `04012345123456`) are the same value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Gtin(Digits<14>);

impl Gtin {
    /// Reads 8, 12, 13 or 14 digits.
    ///
    /// # Errors
    /// [`Gs1Error::Length`] for any other number of characters, [`Gs1Error::Content`] for a character that is
    /// no digit or a wrong check digit.
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        if !matches!(text.len(), 8 | 12 | 13 | 14) {
            return Err(Gs1Error::length("GTIN", "8, 12, 13 or 14 digits", text));
        }
        check_number("GTIN", text)?;
        Digits::new(&format!("{text:0>14}"))
            .map(Self)
            .ok_or_else(|| Gs1Error::length("GTIN", "8, 12, 13 or 14 digits", text))
    }

    /// Builds the number from its first thirteen digits and computes the check digit.
    ///
    /// # Errors
    /// [`Gs1Error::Length`] or [`Gs1Error::Content`] when `stem` is not thirteen digits.
    pub fn from_stem(stem: &str) -> Result<Self, Gs1Error> {
        if stem.len() != 13 {
            return Err(Gs1Error::length("GTIN without its check digit", "13 digits", stem));
        }
        let check = char::from(crate::check::check_digit(stem.as_bytes()));
        Self::new(&format!("{stem}{check}"))
    }

    /// The fourteen digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The indicator digit, 0 to 9: 0 a base unit, 1 to 8 a grouping of them, 9 variable measure.
    #[must_use]
    pub const fn indicator(&self) -> u8 {
        self.0.as_bytes()[0] - b'0'
    }

    /// True when the indicator digit is 0: the unit that has a status on the ledger and can be dispensed.
    #[must_use]
    pub const fn is_pack(&self) -> bool {
        self.indicator() == 0
    }

    /// The same item at another packaging level: the indicator replaced, the check digit computed anew.
    ///
    /// # Errors
    /// [`Gs1Error::Length`] when `indicator` is more than 9.
    pub fn with_indicator(&self, indicator: u8) -> Result<Self, Gs1Error> {
        let middle = self.as_str().get(1..13).unwrap_or_default();
        Self::from_stem(&format!("{indicator}{middle}"))
    }
}

text_newtype!(Gtin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lengths_become_fourteen_digits() {
        for (given, kept) in [
            ("02345673", "00000002345673"),
            ("012345678905", "00012345678905"),
            ("4012345123456", "04012345123456"),
            ("80614141123458", "80614141123458"),
        ] {
            assert_eq!(Gtin::new(given).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn faults_are_named_with_their_position() {
        assert_eq!(Gtin::new("123").unwrap_err().code(), "INVALID_LENGTH");
        let fault = Gtin::new("0952156825120X").unwrap_err();
        assert_eq!((fault.code(), fault.position()), ("NON_DIGIT_CHARACTER", Some(13)));
        let fault = Gtin::new("09521568251205").unwrap_err();
        assert_eq!((fault.code(), fault.position()), ("INCORRECT_CHECK_DIGIT", Some(13)));
        assert_eq!(Gtin::new("0952156825120é").unwrap_err().code(), "INVALID_LENGTH");
    }

    #[test]
    fn indicator_and_levels() {
        let pack = Gtin::new("00300010123455").unwrap();
        assert!(pack.is_pack());
        let case = pack.with_indicator(1).unwrap();
        assert_eq!(case.as_str(), "10300010123452");
        assert!(!case.is_pack());
        assert!(pack.with_indicator(10).is_err());
    }

    #[test]
    fn serde_checks() {
        let gtin: Gtin = serde_json::from_str("\"4012345123456\"").unwrap();
        assert_eq!(serde_json::to_string(&gtin).unwrap(), "\"04012345123456\"");
        assert!(serde_json::from_str::<Gtin>("\"4012345123457\"").is_err());
    }
}
