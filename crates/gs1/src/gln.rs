//! Global Location Number: who a party is and where something stands.
//!
//! Source: GS1 General Specifications, section 2.4 and AIs 410 to 417, 254.

use crate::error::{Gs1Error, check_cset82, check_number};
use crate::text::{Digits, text_newtype};

/// A location or party: 13 digits, check digit verified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Gln(Digits<13>);

impl Gln {
    /// Reads 13 digits.
    ///
    /// # Errors
    /// [`Gs1Error::Length`], or [`Gs1Error::Content`] for a character that is no digit or a wrong check digit.
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        check_number("GLN", text)?;
        Digits::new(text).map(Self).ok_or_else(|| Gs1Error::length("GLN", "13 digits", text))
    }

    /// The 13 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

text_newtype!(Gln);

/// The extension component of a location, AI 254: a storage bin, a shelf, a dock door.
/// 1 to 20 characters of set 82. In an EPC URN the extension `0` means "none" and is not a value of this type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GlnExtension(Box<str>);

impl GlnExtension {
    /// Reads an extension component.
    ///
    /// # Errors
    /// [`Gs1Error::Length`] when empty, longer than 20, or the single `0` that means "none";
    /// [`Gs1Error::Content`] for a character outside set 82.
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        check_cset82("GLN extension", text)?;
        if text.is_empty() || text.len() > crate::serial::CHARACTERS_MAX || text == "0" {
            return Err(Gs1Error::length("GLN extension", "1 to 20 characters other than a single 0", text));
        }
        Ok(Self(text.into()))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_newtype!(GlnExtension);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirteen_digits_with_check_digit() {
        assert_eq!(Gln::new("4012345000054").unwrap().as_str(), "4012345000054");
        assert_eq!(Gln::new("4012345000055").unwrap_err().code(), "INCORRECT_CHECK_DIGIT");
        assert_eq!(Gln::new("04012345123456").unwrap_err().code(), "INVALID_LENGTH");
    }

    #[test]
    fn the_extension_zero_means_none() {
        assert!(GlnExtension::new("0").is_err());
        assert_eq!(GlnExtension::new("00").unwrap().as_str(), "00");
        assert_eq!(GlnExtension::new("32a/b").unwrap().as_str(), "32a/b");
    }
}
