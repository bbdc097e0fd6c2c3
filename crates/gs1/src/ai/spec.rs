//! What the dictionary says about one application identifier, as data.

use crate::lint::{LintFault, Linter, text};

/// Which characters a component may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Charset {
    /// Digits.
    Numeric,
    /// Set 82.
    Cset82,
    /// Set 39.
    Cset39,
    /// Set 64 with padding.
    Cset64,
}

impl Charset {
    /// Checks every character.
    ///
    /// # Errors
    /// The name of the set's linter, at the first other character.
    pub fn check(self, value: &str) -> Result<(), LintFault> {
        match self {
            Self::Numeric => text::csetnumeric(value),
            Self::Cset82 => text::cset82(value),
            Self::Cset39 => text::cset39(value),
            Self::Cset64 => text::cset64(value),
        }
    }
}

/// One component of a data field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Which characters.
    pub charset: Charset,
    /// Fewest characters.
    pub min: u8,
    /// Most characters; the same as `min` for a fixed length.
    pub max: u8,
    /// True when the field may end before this component.
    pub optional: bool,
    /// Content checks, in order.
    pub linters: &'static [Linter],
}

/// One row of the dictionary: an identifier or a range of them (`3100-3105`) with the same rules.
///
/// A companion is written as in the dictionary: `01`, or a pattern in which `n` stands for any digit (`310n`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AiSpec {
    /// First identifier of the range.
    pub first: &'static str,
    /// Last identifier of the range; the same as `first` for one.
    pub last: &'static str,
    /// True when the length is known to every reader, so that no separator follows.
    pub predefined_length: bool,
    /// True when it may be an attribute in the query of a GS1 Digital Link.
    pub attribute: bool,
    /// The components of the data field, in order.
    pub parts: &'static [Part],
    /// For each rule, at least one group of which all members must be present.
    pub requires: &'static [&'static [&'static [&'static str]]],
    /// Companions that must not be present.
    pub excludes: &'static [&'static str],
    /// `Some` when it is a primary key of a GS1 Digital Link, with its sequences of qualifiers.
    pub key: Option<&'static [&'static [&'static str]]>,
    /// The data title that is printed beside it.
    pub title: &'static str,
}

impl AiSpec {
    /// Most characters of the data field.
    #[must_use]
    pub fn length_max(&self) -> usize {
        self.parts.iter().map(|part| usize::from(part.max)).sum()
    }

    /// Fewest characters of the data field.
    #[must_use]
    pub fn length_min(&self) -> usize {
        self.parts.iter().filter(|part| !part.optional).map(|part| usize::from(part.min)).sum()
    }

    /// True when `code` may qualify this key in the path of a GS1 Digital Link.
    #[must_use]
    pub fn has_qualifier(&self, code: &str) -> bool {
        self.key.is_some_and(|sequences| sequences.iter().any(|sequence| sequence.contains(&code)))
    }
}

/// True when `code` is the companion `pattern`, in which `n` stands for any digit.
#[must_use]
pub fn matches(pattern: &str, code: &str) -> bool {
    pattern.len() == code.len() && pattern.bytes().zip(code.bytes()).all(|(p, c)| p == b'n' || p == c)
}
