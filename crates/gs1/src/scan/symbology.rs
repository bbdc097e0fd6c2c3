//! Symbology identifiers: what kind of symbol the reader says it read.
//!
//! Source: ISO/IEC 15424 (AIM symbology identifiers); GS1 General Specifications, figure 5.1.2-1.

use std::fmt;

/// The two characters after `]`: a code letter and a modifier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Symbology {
    letter: u8,
    modifier: u8,
}

/// May a pack that was read in this way be submitted to a verification system?
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Carrier {
    /// A Data Matrix ECC 200, the only carrier of a unique identifier that the law knows.
    Valid,
    /// Another symbol: read it, say so, and do not submit.
    Invalid,
    /// The reader does not say. Most do not: submit.
    Unknown,
}

/// What the data of a symbology is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Content {
    /// Application identifiers.
    Elements,
    /// An item number alone, of so many digits.
    Item(&'static [usize]),
    /// Anything: a link, an ISO/IEC 15434 message, or text.
    Free,
}

impl Symbology {
    /// Splits `]d2` off the front; `None` when the text does not begin with a symbology identifier.
    #[must_use]
    pub fn split(text: &str) -> Option<(Self, &str)> {
        let rest = text.strip_prefix(']')?;
        let mut bytes = rest.bytes();
        let (letter, modifier) = (bytes.next()?, bytes.next()?);
        if !letter.is_ascii_alphabetic() || !modifier.is_ascii_alphanumeric() {
            return None;
        }
        Some((Self { letter, modifier }, rest.get(2..)?))
    }

    /// True for a Data Matrix of error correction ECC 200, with any modifier but `0`.
    #[must_use]
    pub const fn is_data_matrix(self) -> bool {
        self.letter == b'd' && self.modifier != b'0'
    }

    /// True for a symbol that says its data are GS1 application identifiers.
    #[must_use]
    pub fn is_gs1(self) -> bool {
        self.content() == Content::Elements
    }

    /// Whether this symbol may carry a unique identifier.
    #[must_use]
    pub const fn carrier(self) -> Carrier {
        if self.is_data_matrix() { Carrier::Valid } else { Carrier::Invalid }
    }

    pub(crate) const fn content(self) -> Content {
        match (self.letter, self.modifier) {
            (b'd', b'2' | b'5')
            | (b'C', b'1' | b'2')
            | (b'e', b'0'..=b'3')
            | (b'Q', b'3' | b'5')
            | (b'J', b'1') => Content::Elements,
            (b'E', b'4') => Content::Item(&[8]),
            (b'E', _) => Content::Item(&[12, 13]),
            (b'I', _) => Content::Item(&[14]),
            _ => Content::Free,
        }
    }
}

impl fmt::Display for Symbology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "]{}{}", char::from(self.letter), char::from(self.modifier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let (symbology, rest) = Symbology::split("]d201").unwrap();
        assert_eq!((symbology.to_string().as_str(), rest), ("]d2", "01"));
        assert!(symbology.is_gs1() && symbology.carrier() == Carrier::Valid);
        assert_eq!(Symbology::split("]C1").unwrap().0.carrier(), Carrier::Invalid);
        assert_eq!(Symbology::split("]d0").unwrap().0.carrier(), Carrier::Invalid);
        for text in ["", "]", "]d", "]é1", "d2", "]1d"] {
            assert_eq!(Symbology::split(text), None, "{text}");
        }
    }
}
