//! What can be wrong with an element string.

use crate::Ai;
use crate::ai::ValueFault;

/// Why a text is not an element string, or why its elements do not belong together.
///
/// Positions count characters from 0 of the data as it was given, without a symbology identifier.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElementFault {
    /// There is no element.
    #[error("no element")]
    Empty,
    /// No application identifier begins here.
    #[error("no known application identifier at character {at}")]
    UnknownAi {
        /// Where it should begin.
        at: u32,
    },
    /// A bracketed element string without its brackets.
    #[error("no bracketed application identifier at character {at}")]
    Bracket {
        /// Where the fault is.
        at: u32,
    },
    /// The data field of an identifier is not what its format asks for.
    #[error("the data of AI ({ai}) at character {at} is not valid")]
    Value {
        /// The identifier.
        ai: Ai,
        /// Where its data field begins.
        at: u32,
        /// What is wrong with it.
        #[source]
        fault: ValueFault,
    },
    /// An identifier is there twice with different data.
    #[error("AI ({ai}) is repeated with different data")]
    Repeated {
        /// The identifier.
        ai: Ai,
        /// Where its second data field begins.
        at: u32,
    },
    /// An identifier is there without those it must stand beside.
    #[error("AI ({ai}) is without the identifiers it requires")]
    MissingCompanion {
        /// The identifier that requires others.
        ai: Ai,
    },
    /// Two identifiers are there that must not stand beside each other.
    #[error("AI ({ai}) must not stand beside AI ({other})")]
    ExcludedCompanion {
        /// The identifier that excludes the other.
        ai: Ai,
        /// The other.
        other: Ai,
    },
    /// More elements than are read.
    #[error("too many elements")]
    TooMany,
}

impl ElementFault {
    /// The stable name; for a data field the dictionary's where it has one.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "NO_ELEMENT",
            Self::UnknownAi { .. } => "AI_UNRECOGNISED",
            Self::Bracket { .. } => "AI_BRACKET_MALFORMED",
            Self::Value { fault, .. } => fault.code(),
            Self::Repeated { .. } => "AI_REPEATED",
            Self::MissingCompanion { .. } => "REQUIRED_AIS_NOT_SATISFIED",
            Self::ExcludedCompanion { .. } => "INVALID_AI_PAIRS",
            Self::TooMany => "TOO_MANY_ELEMENTS",
        }
    }

    /// The first character at fault, when it is at one place.
    #[must_use]
    pub const fn position(&self) -> Option<u32> {
        match self {
            Self::UnknownAi { at } | Self::Bracket { at } | Self::Repeated { at, .. } => Some(*at),
            Self::Value { at, fault: ValueFault::Content(fault), .. } => Some(at.saturating_add(fault.at)),
            Self::Value { at, .. } => Some(*at),
            _ => None,
        }
    }
}
