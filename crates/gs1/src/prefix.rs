//! GS1 Company Prefix: which keys an organisation may issue.
//!
//! Source: GS1 General Specifications, section 1.4.2.

use crate::error::{Gs1Error, check_digits};
use crate::text::text_newtype;
use crate::{Gln, Gtin, Sscc};

/// Fewest digits of a company prefix.
pub const DIGITS_MIN: usize = 4;
/// Most digits of a company prefix.
pub const DIGITS_MAX: usize = 12;

/// A company prefix of 4 to 12 digits (a U.P.C. company prefix with the leading zero that makes it one).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CompanyPrefix(Box<str>);

impl CompanyPrefix {
    /// Reads 4 to 12 digits.
    ///
    /// # Errors
    /// [`Gs1Error::Length`] or [`Gs1Error::Content`].
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        check_digits("company prefix", text)?;
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&text.len()) {
            return Err(Gs1Error::length("company prefix", "4 to 12 digits", text));
        }
        Ok(Self(text.into()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when the item number was issued under this prefix: it stands after the indicator digit.
    #[must_use]
    pub fn owns_gtin(&self, gtin: &Gtin) -> bool {
        self.starts(gtin.as_str(), 1)
    }

    /// True when the location or party number was issued under this prefix.
    #[must_use]
    pub fn owns_gln(&self, gln: &Gln) -> bool {
        self.starts(gln.as_str(), 0)
    }

    /// True when the logistic unit was issued under this prefix: it stands after the extension digit.
    #[must_use]
    pub fn owns_sscc(&self, sscc: &Sscc) -> bool {
        self.starts(sscc.as_str(), 1)
    }

    fn starts(&self, key: &str, skip: usize) -> bool {
        key.get(skip..).is_some_and(|rest| rest.starts_with(&*self.0))
    }
}

text_newtype!(CompanyPrefix);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owns_what_starts_with_it() {
        let prefix = CompanyPrefix::new("0614141").unwrap();
        assert!(prefix.owns_gtin(&Gtin::new("80614141123458").unwrap()));
        assert!(prefix.owns_sscc(&Sscc::new("106141412345678908").unwrap()));
        assert!(prefix.owns_gln(&Gln::new("0614141123452").unwrap()));
        assert!(!prefix.owns_gtin(&Gtin::new("09521568251204").unwrap()));
        assert!(!prefix.owns_gln(&Gln::new("4012345000054").unwrap()));
    }

    #[test]
    fn four_to_twelve_digits() {
        assert!(CompanyPrefix::new("123").is_err());
        assert!(CompanyPrefix::new("1234567890123").is_err());
        assert_eq!(CompanyPrefix::new("12a4").unwrap_err().position(), Some(2));
    }
}
