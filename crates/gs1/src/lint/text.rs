//! Linters of characters: which may stand where.

use super::{LintError, LintFault, each, whole};
use crate::{charset, check};

/// Only digits.
///
/// # Errors
/// `NON_DIGIT_CHARACTER` at the first other character.
pub fn csetnumeric(text: &str) -> Result<(), LintFault> {
    each(text, LintError::NonDigitCharacter, charset::is_digit)
}

/// Only characters of set 82.
///
/// # Errors
/// `INVALID_CSET82_CHARACTER` at the first other character.
pub fn cset82(text: &str) -> Result<(), LintFault> {
    each(text, LintError::InvalidCset82Character, charset::is_cset82)
}

/// Only characters of set 39.
///
/// # Errors
/// `INVALID_CSET39_CHARACTER` at the first other character.
pub fn cset39(text: &str) -> Result<(), LintFault> {
    each(text, LintError::InvalidCset39Character, charset::is_cset39)
}

/// URI-safe base64 with padding that fits: three characters end with one `=`, two with two.
///
/// # Errors
/// `INVALID_CSET64_CHARACTER` or `INVALID_CSET64_PADDING`.
pub fn cset64(text: &str) -> Result<(), LintFault> {
    let data = text.trim_end_matches('=');
    each(data, LintError::InvalidCset64Character, charset::is_cset64)?;
    let padding = text.len() - data.len();
    if padding > 0 && (padding > 2 || !(data.len() + padding).is_multiple_of(3)) {
        return Err(LintFault::new(LintError::InvalidCset64Padding, data.len(), padding));
    }
    Ok(())
}

/// The last two characters are the check character pair of those before.
///
/// # Errors
/// `TOO_SHORT_FOR_CHECK_PAIR`, `TOO_LONG_FOR_CHECK_PAIR_IMPLEMENTATION`, `INVALID_CSET82_CHARACTER`,
/// `INVALID_CSET32_CHARACTER` or `INCORRECT_CHECK_PAIR`.
pub fn csumalpha(text: &str) -> Result<(), LintFault> {
    let length = text.chars().count();
    if length < 2 {
        return Err(whole(LintError::TooShortForCheckPair, text));
    }
    if length - 2 > check::PAIR_DATA_MAX {
        return Err(whole(LintError::TooLongForCheckPairImplementation, text));
    }
    let Some((data, pair)) = text.is_char_boundary(text.len() - 2).then(|| text.split_at(text.len() - 2))
    else {
        return Err(each(text, LintError::InvalidCset82Character, charset::is_cset82)
            .err()
            .unwrap_or_else(|| whole(LintError::InvalidCset82Character, text)));
    };
    cset82(data)?;
    each(pair, LintError::InvalidCset32Character, check::is_pair_character)
        .map_err(|fault| fault.shifted(u32::try_from(data.len()).unwrap_or(u32::MAX)))?;
    if check::check_pair(data.as_bytes()).is_some_and(|right| right == pair.as_bytes()) {
        return Ok(());
    }
    Err(LintFault::new(LintError::IncorrectCheckPair, data.len(), 2))
}

/// At least one character that is no digit.
///
/// # Errors
/// `REQUIRES_NON_DIGIT_CHARACTER`.
pub fn hasnondigit(text: &str) -> Result<(), LintFault> {
    if text.bytes().all(charset::is_digit) {
        return Err(whole(LintError::RequiresNonDigitCharacter, text));
    }
    Ok(())
}

/// One or more hyphens, nothing else.
///
/// # Errors
/// `NOT_HYPHEN`.
pub fn hyphen(text: &str) -> Result<(), LintFault> {
    if text.is_empty() || text.bytes().any(|byte| byte != b'-') {
        return Err(whole(LintError::NotHyphen, text));
    }
    Ok(())
}

/// One character of the URI-safe base64 alphabet.
///
/// # Errors
/// `IMPORTER_IDX_MUST_BE_ONE_CHARACTER` or `INVALID_IMPORT_IDX_CHARACTER`.
pub fn importeridx(text: &str) -> Result<(), LintFault> {
    if text.chars().count() != 1 {
        return Err(whole(LintError::ImporterIdxMustBeOneCharacter, text));
    }
    each(text, LintError::InvalidImportIdxCharacter, charset::is_cset64)
}

/// Every percent sign begins a sequence of two hexadecimal digits.
///
/// # Errors
/// `INVALID_PERCENT_SEQUENCE` over the sequence.
pub fn pcenc(text: &str) -> Result<(), LintFault> {
    for (at, byte) in text.bytes().enumerate() {
        if byte != b'%' {
            continue;
        }
        let rest: Vec<u8> = text.bytes().skip(at + 1).take(2).collect();
        if rest.len() < 2 || !rest.iter().all(u8::is_ascii_hexdigit) {
            return Err(LintFault::new(LintError::InvalidPercentSequence, at, 1 + rest.len()));
        }
    }
    Ok(())
}
