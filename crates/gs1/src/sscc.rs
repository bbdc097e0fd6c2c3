//! Serial Shipping Container Code, AI 00: the licence plate of a case, pallet or parcel.
//!
//! Source: GS1 General Specifications, section 2.2.1.

use crate::error::{Gs1Error, check_number};
use crate::text::{Digits, text_newtype};

/// A logistic unit: 18 digits, check digit verified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sscc(Digits<18>);

impl Sscc {
    /// Reads 18 digits.
    ///
    /// # Errors
    /// [`Gs1Error::Length`], or [`Gs1Error::Content`] for a character that is no digit or a wrong check digit.
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        check_number("SSCC", text)?;
        Digits::new(text).map(Self).ok_or_else(|| Gs1Error::length("SSCC", "18 digits", text))
    }

    /// The 18 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The extension digit, 0 to 9, which the owner of the company prefix assigns freely.
    #[must_use]
    pub const fn extension(&self) -> u8 {
        self.0.as_bytes()[0] - b'0'
    }
}

text_newtype!(Sscc);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighteen_digits_with_check_digit() {
        let sscc = Sscc::new("106141412345678908").unwrap();
        assert_eq!((sscc.as_str(), sscc.extension()), ("106141412345678908", 1));
        assert_eq!(Sscc::new("106141412345678909").unwrap_err().code(), "INCORRECT_CHECK_DIGIT");
        assert_eq!(Sscc::new("4012345123456").unwrap_err().code(), "INVALID_LENGTH");
    }
}
