//! The one error of the identifier types.

use crate::lint::{LintError, LintFault};

/// Why a text is not the GS1 identifier it should be.
///
/// [`code`](Self::code) is stable and fit for a problem document; where the GS1 Barcode Syntax Dictionary has
/// a name for the fault, that name is used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Gs1Error {
    /// The number of characters, or the shape, cannot be right.
    #[error("{what} has {given} characters, not {expected}")]
    Length {
        /// Which identifier was read.
        what: &'static str,
        /// What would have been right, in words.
        expected: &'static str,
        /// How many characters were given.
        given: u32,
    },
    /// The content is wrong; the source names the fault and its position.
    #[error("{what} is not valid")]
    Content {
        /// Which identifier was read.
        what: &'static str,
        /// The fault, under the dictionary's name.
        #[source]
        fault: LintFault,
    },
    /// The text is neither an EPC URN, nor a GS1 Digital Link URI, nor a Digital Link path.
    #[error("neither an EPC URN nor a GS1 Digital Link")]
    NotAKey,
    /// The EPC URN has a scheme this crate does not know.
    #[error("unknown EPC scheme")]
    UnknownScheme,
    /// The parts of the EPC URN do not have the shape its scheme asks for.
    #[error("the EPC URN does not have the parts of its scheme {scheme}")]
    UrnShape {
        /// The scheme, for instance `sgtin`.
        scheme: &'static str,
    },
    /// The pattern URN stands for more than one class: only the serial number may be a wildcard.
    #[error("the EPC pattern is wider than one class")]
    PatternTooWide,
    /// A percent sign is not followed by two hexadecimal digits, or what it stands for is no text.
    #[error("a percent-encoded character is malformed")]
    PercentEncoding {
        /// Where the sequence begins, in bytes of the given text.
        at: u32,
    },
    /// The URI has no GS1 key, or what follows the key is not a qualifier of it.
    #[error("the URI is no GS1 Digital Link")]
    NotADigitalLink,
    /// An EPC URN cannot be written: the company prefix length is unknown or cannot be that of the key.
    #[error("no EPC URN without the length of the company prefix, 6 to 12")]
    PrefixLength,
    /// The identifier has no form in the syntax asked for.
    #[error("this identifier has no such form")]
    NoSuchForm,
    /// The identifier is valid, but of another kind than the one wanted.
    #[error("not an {wanted}")]
    OtherKind {
        /// The kind that was wanted.
        wanted: &'static str,
    },
    /// The text is longer than anything this crate reads.
    #[error("longer than {max} bytes")]
    TooLong {
        /// Most bytes read, see [`limits`](crate::limits).
        max: u32,
    },
}

impl Gs1Error {
    /// The stable name of the fault.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "INVALID_LENGTH",
            Self::Content { fault, .. } => fault.code(),
            Self::NotAKey => "NOT_A_KEY",
            Self::UnknownScheme => "UNKNOWN_EPC_SCHEME",
            Self::UrnShape { .. } => "EPC_URN_SHAPE",
            Self::PatternTooWide => "EPC_PATTERN_TOO_WIDE",
            Self::PercentEncoding { .. } => "INVALID_PERCENT_SEQUENCE",
            Self::NotADigitalLink => "NOT_A_DIGITAL_LINK",
            Self::PrefixLength => "UNKNOWN_GCP_LENGTH",
            Self::NoSuchForm => "NO_SUCH_FORM",
            Self::OtherKind { .. } => "OTHER_KIND",
            Self::TooLong { .. } => "TOO_LONG",
        }
    }

    /// Where the fault is, in characters from 0, when it is at one place.
    #[must_use]
    pub const fn position(&self) -> Option<u32> {
        match self {
            Self::Content { fault, .. } => Some(fault.at),
            Self::PercentEncoding { at } => Some(*at),
            _ => None,
        }
    }

    pub(crate) fn length(what: &'static str, expected: &'static str, text: &str) -> Self {
        let given = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        Self::Length { what, expected, given }
    }

    pub(crate) const fn content(what: &'static str, fault: LintFault) -> Self {
        Self::Content { what, fault }
    }
}

/// Refuses a character that is no digit.
pub(crate) fn check_digits(what: &'static str, text: &str) -> Result<(), Gs1Error> {
    crate::lint::text::csetnumeric(text).map_err(|fault| Gs1Error::content(what, fault))
}

/// Refuses a character outside set 82.
pub(crate) fn check_cset82(what: &'static str, text: &str) -> Result<(), Gs1Error> {
    crate::lint::text::cset82(text).map_err(|fault| Gs1Error::content(what, fault))
}

/// Refuses a character that is no digit, and a last digit that is not the check digit.
pub(crate) fn check_number(what: &'static str, text: &str) -> Result<(), Gs1Error> {
    check_digits(what, text)?;
    if text.len() > 1 && !crate::check::has_check_digit(text.as_bytes()) {
        let fault = LintFault::new(LintError::IncorrectCheckDigit, text.len() - 1, 1);
        return Err(Gs1Error::content(what, fault));
    }
    Ok(())
}
