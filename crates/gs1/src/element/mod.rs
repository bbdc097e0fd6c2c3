//! Element strings: application identifiers and their data, as barcodes carry them.
//!
//! Source: GS1 General Specifications, section 7.8 (processing of element strings). First file to read: `raw.rs`.

mod bracketed;
mod companions;
mod fault;
mod lost;
mod raw;

use std::fmt;

pub use fault::ElementFault;

use crate::Ai;
use crate::ai::{self, ValueFault};
use crate::limits::ELEMENTS_MAX;

/// The separator between elements, FNC1 as readers transmit it: group separator, GS.
pub const SEPARATOR: char = '\u{1D}';

/// Elements in the order in which they stand in the carrier, each identifier once.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ElementString {
    elements: Vec<(Ai, String)>,
}

impl ElementString {
    /// Reads what a reader transmits after the symbology identifier: GS as separator, a leading GS allowed.
    ///
    /// # Errors
    /// The first fault from the left. Companions are not judged here, see [`check_companions`](Self::check_companions).
    pub fn parse(data: &str) -> Result<Self, ElementFault> {
        raw::parse(data)
    }

    /// Reads the human-readable form, `(01)09521568251204(21)5Kx9`; an opening bracket in data is written `\(`.
    ///
    /// # Errors
    /// The first fault from the left.
    pub fn parse_bracketed(text: &str) -> Result<Self, ElementFault> {
        bracketed::parse(text)
    }

    /// Every reading of data whose separators were lost, of the identifiers that stand on medicine packs; at most
    /// [`READINGS_MAX`](crate::limits::READINGS_MAX), and `None` when the search was cut short.
    #[must_use]
    pub fn readings_without_separators(data: &str) -> Option<Vec<Self>> {
        lost::readings(data)
    }

    /// The elements, in order.
    #[must_use]
    pub fn elements(&self) -> &[(Ai, String)] {
        &self.elements
    }

    /// The data of one identifier.
    #[must_use]
    pub fn get(&self, ai: Ai) -> Option<&str> {
        self.elements.iter().find(|(present, _)| *present == ai).map(|(_, value)| value.as_str())
    }

    /// Adds an element after checking its data.
    ///
    /// # Errors
    /// [`ElementFault::UnknownAi`], [`ElementFault::Value`], [`ElementFault::Repeated`] or
    /// [`ElementFault::TooMany`].
    pub fn push(&mut self, ai: Ai, value: &str) -> Result<(), ElementFault> {
        self.push_at(ai, value, 0)
    }

    /// Checks that every identifier has the companions it requires and none that it excludes.
    ///
    /// The dictionary means the data of all carriers on an item together, so this is not part of parsing.
    ///
    /// # Errors
    /// [`ElementFault::MissingCompanion`] or [`ElementFault::ExcludedCompanion`].
    pub fn check_companions(&self) -> Result<(), ElementFault> {
        companions::check(self)
    }

    /// What a GS1 symbol encodes: predefined-length elements where they stand, a separator only where one is needed.
    #[must_use]
    pub fn to_raw(&self) -> String {
        raw::write(self)
    }

    /// The elements and their count.
    #[must_use]
    pub fn into_elements(self) -> Vec<(Ai, String)> {
        self.elements
    }

    /// Adds an element whose data begins at character `at`.
    fn push_at(&mut self, ai: Ai, value: &str, at: u32) -> Result<(), ElementFault> {
        check_field(ai, value).map_err(|fault| ElementFault::Value { ai, at, fault })?;
        match self.get(ai) {
            Some(present) if present == value => Ok(()),
            Some(_) => Err(ElementFault::Repeated { ai, at }),
            None if self.elements.len() >= ELEMENTS_MAX => Err(ElementFault::TooMany),
            None => {
                self.elements.push((ai, value.to_owned()));
                Ok(())
            }
        }
    }
}

/// Most characters of the data of an identifier that the dictionary does not have: those of the longest it has.
const UNKNOWN_VALUE_MAX: usize = 90;

/// Checks the data of an identifier. One that the dictionary does not have may hold anything of set 82.
fn check_field(ai: Ai, value: &str) -> Result<(), ValueFault> {
    match ai.spec() {
        Some(spec) => ai::check_value(spec, value),
        None => {
            crate::lint::text::cset82(value).map_err(ValueFault::Content)?;
            match value.len() {
                0 => Err(ValueFault::TooShort),
                1..=UNKNOWN_VALUE_MAX => Ok(()),
                _ => Err(ValueFault::TooLong),
            }
        }
    }
}

/// A position as a number of characters.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl fmt::Display for ElementString {
    /// The human-readable form with bracketed identifiers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bracketed::write(self, f)
    }
}
