//! Serial numbers and batch or lot numbers: up to twenty characters of set 82.
//!
//! Source: GS1 General Specifications, sections 3.5.2 (AI 21) and 3.4.1 (AI 10). Case matters, leading zeros
//! matter, nothing is trimmed: `5Kx9` and `5KX9` are two packs.

use crate::error::{Gs1Error, check_cset82};
use crate::text::text_newtype;

/// Most characters of a serial number or lot number.
pub const CHARACTERS_MAX: usize = 20;

/// The serial number of one item, AI 21: 1 to 20 characters of set 82, case-sensitive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SerialNumber(Box<str>);

impl SerialNumber {
    /// Reads a serial number as it is printed.
    ///
    /// # Errors
    /// [`Gs1Error::Length`] when empty or longer than 20, [`Gs1Error::Content`] for a character outside set 82.
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        check_field("serial number", text)?;
        Ok(Self(text.into()))
    }

    /// The characters, as printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A batch or lot number, AI 10: 1 to 20 characters of set 82, case-sensitive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lot(Box<str>);

impl Lot {
    /// Reads a lot number as it is printed.
    ///
    /// # Errors
    /// [`Gs1Error::Length`] when empty or longer than 20, [`Gs1Error::Content`] for a character outside set 82.
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        check_field("lot number", text)?;
        Ok(Self(text.into()))
    }

    /// The characters, as printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_field(what: &'static str, text: &str) -> Result<(), Gs1Error> {
    check_cset82(what, text)?;
    if text.is_empty() || text.len() > CHARACTERS_MAX {
        return Err(Gs1Error::length(what, "1 to 20 characters", text));
    }
    Ok(())
}

text_newtype!(SerialNumber);
text_newtype!(Lot);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_printed() {
        for text in ["0", "007", "aB-c", "!\"%&'()*+,-./:;<=>?", "ABCDEFGHIJKLMNOPQRST"] {
            assert_eq!(SerialNumber::new(text).unwrap().as_str(), text);
            assert_eq!(Lot::new(text).unwrap().to_string(), text);
        }
        assert_ne!(SerialNumber::new("5Kx9").unwrap(), SerialNumber::new("5KX9").unwrap());
    }

    #[test]
    fn faults() {
        assert_eq!(SerialNumber::new("").unwrap_err().code(), "INVALID_LENGTH");
        assert_eq!(Lot::new("ABCDEFGHIJKLMNOPQRSTU").unwrap_err().code(), "INVALID_LENGTH");
        let fault = Lot::new("AB C").unwrap_err();
        assert_eq!((fault.code(), fault.position()), ("INVALID_CSET82_CHARACTER", Some(2)));
    }
}
