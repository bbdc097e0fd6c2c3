//! GS1 application identifiers: what each two to four digits announce.
//!
//! The rules are data ([`spec::AiSpec`]), generated from the GS1 Barcode Syntax Dictionary into `table.rs` by
//! the example `ai_table`. Nothing here knows one identifier from another, except the constants of [`Ai`].

pub mod spec;
mod table;

use std::fmt;
use std::str::FromStr;

pub use spec::AiSpec;

use crate::Gs1Error;
use crate::lint::LintFault;
use crate::text::serde_as_text;

/// An application identifier: two to four digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ai {
    digits: [u8; 4],
    length: u8,
}

impl Ai {
    /// Logistic unit, SSCC.
    pub const SSCC: Self = Self::constant(*b"00\0\0", 2);
    /// Trade item, GTIN.
    pub const GTIN: Self = Self::constant(*b"01\0\0", 2);
    /// Batch or lot number.
    pub const LOT: Self = Self::constant(*b"10\0\0", 2);
    /// Production date.
    pub const PRODUCTION_DATE: Self = Self::constant(*b"11\0\0", 2);
    /// Expiration date.
    pub const EXPIRY: Self = Self::constant(*b"17\0\0", 2);
    /// Serial number.
    pub const SERIAL: Self = Self::constant(*b"21\0\0", 2);
    /// Additional item identification by the maker.
    pub const ADDITIONAL_ID: Self = Self::constant(*b"240\0", 3);

    const fn constant(digits: [u8; 4], length: u8) -> Self {
        Self { digits, length }
    }

    /// Reads two to four digits, whether or not the dictionary has them.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let bytes = code.as_bytes();
        if !(2..=4).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut digits = [0; 4];
        for (to, from) in digits.iter_mut().zip(bytes) {
            *to = *from;
        }
        Some(Self { digits, length: u8::try_from(bytes.len()).unwrap_or(4) })
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII digits and a length of at most four, by construction: the empty answer is never given.
        self.digits
            .get(..usize::from(self.length))
            .and_then(|d| std::str::from_utf8(d).ok())
            .unwrap_or_default()
    }

    /// The dictionary's rules; `None` for an identifier it does not have.
    #[must_use]
    pub fn spec(&self) -> Option<&'static AiSpec> {
        let code = self.as_str();
        let after = table::TABLE.partition_point(|row| row.first <= code);
        let row = table::TABLE.get(after.checked_sub(1)?)?;
        (row.first.len() == code.len() && row.first <= code && code <= row.last).then_some(row)
    }

    /// True for the eight National Healthcare Reimbursement Numbers, 710 to 717.
    #[must_use]
    pub fn is_national_number(&self) -> bool {
        self.length == 3 && self.as_str().starts_with("71")
    }
}

impl fmt::Debug for Ai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({})", self.as_str())
    }
}

impl fmt::Display for Ai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Ai {
    type Err = Gs1Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text).ok_or_else(|| Gs1Error::length("application identifier", "2 to 4 digits", text))
    }
}

serde_as_text!(Ai);

/// Every row of the dictionary, in lexical order.
#[must_use]
pub fn all() -> &'static [AiSpec] {
    table::TABLE
}

/// How many digits an identifier has that begins with these two; `None` when none begins so.
///
/// All identifiers that share their first two digits have the same length: GS1 General Specifications,
/// figure 7.8.1-2. A test holds the table to it.
#[must_use]
pub fn length_by_first_two(two: &str) -> Option<usize> {
    if two.len() != 2 {
        return None;
    }
    table::TABLE
        .iter()
        .find(|row| row.first.get(..2) <= Some(two) && Some(two) <= row.last.get(..2))
        .map(|row| row.first.len())
}

/// What is wrong with the data field of an identifier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueFault {
    /// The field ends before its format does.
    #[error("the data field is too short")]
    TooShort,
    /// Characters follow where the format ends.
    #[error("the data field is too long")]
    TooLong,
    /// The content is wrong; the source names the fault, its position counted from the start of the field.
    #[error("the data field is not valid")]
    Content(#[source] LintFault),
}

impl ValueFault {
    /// The stable name: the dictionary's for a content fault, else `AI_DATA_TOO_SHORT` or `AI_DATA_TOO_LONG`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooShort => "AI_DATA_TOO_SHORT",
            Self::TooLong => "AI_DATA_TOO_LONG",
            Self::Content(fault) => fault.code(),
        }
    }
}

/// Checks a data field against its format and linters.
///
/// # Errors
/// The first fault, from the left.
pub fn check_value(spec: &AiSpec, value: &str) -> Result<(), ValueFault> {
    if value.chars().count() > spec.length_max() {
        return Err(ValueFault::TooLong);
    }
    let mut rest = value;
    let mut offset = 0u32;
    for part in spec.parts {
        if rest.is_empty() && part.optional {
            break;
        }
        let max = usize::from(part.max);
        let end = rest.char_indices().nth(max).map_or(rest.len(), |(at, _)| at);
        let (taken, left) = rest.split_at(end);
        let length = taken.chars().count();
        let shift = |fault: LintFault| ValueFault::Content(fault.shifted(offset));
        part.charset.check(taken).map_err(shift)?;
        if length < usize::from(part.min) {
            return Err(ValueFault::TooShort);
        }
        for linter in part.linters {
            linter.check(taken).map_err(shift)?;
        }
        offset = offset.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        rest = left;
    }
    if rest.is_empty() { Ok(()) } else { Err(ValueFault::TooLong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_up() {
        assert_eq!(Ai::GTIN.spec().unwrap().title, "GTIN");
        assert_eq!(Ai::new("3104").unwrap().spec().unwrap().first, "3100");
        assert_eq!(Ai::new("710").unwrap().spec().unwrap().title, "NHRN PZN");
        for unknown in ["04", "3106", "310", "718", "999", "8009x"] {
            assert!(Ai::new(unknown).is_none_or(|ai| ai.spec().is_none()), "{unknown}");
        }
        for row in all() {
            assert_eq!(Ai::new(row.first).unwrap().spec(), Some(row));
            assert_eq!(Ai::new(row.last).unwrap().spec(), Some(row));
        }
    }

    #[test]
    fn two_digits_tell_the_length() {
        for row in all() {
            for two in [&row.first[..2], &row.last[..2]] {
                assert_eq!(length_by_first_two(two), Some(row.first.len()), "{two}");
            }
        }
        assert_eq!(length_by_first_two("04"), None);
        assert_eq!(length_by_first_two("95"), Some(2));
    }

    #[test]
    fn predefined_lengths_are_fixed() {
        for row in all().iter().filter(|row| row.predefined_length) {
            assert_eq!(row.length_min(), row.length_max(), "{}", row.first);
        }
    }

    #[test]
    fn values() {
        let check = |code: &str, value: &str| check_value(Ai::new(code).unwrap().spec().unwrap(), value);
        assert_eq!(check("7007", "211225"), Ok(()));
        assert_eq!(check("7007", "211225211231"), Ok(()));
        assert_eq!(check("7007", "2112252"), Err(ValueFault::TooShort));
        assert_eq!(check("10", ""), Err(ValueFault::TooShort));
        assert_eq!(check("10", "123456789012345678901"), Err(ValueFault::TooLong));
        assert_eq!(check("8001", "12341234512321").unwrap_err().code(), "INVALID_WINDING_DIRECTION");
        assert_eq!(check("01", "é").unwrap_err().code(), "NON_DIGIT_CHARACTER");
    }
}
