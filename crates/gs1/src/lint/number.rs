//! Linters of numbers.

use super::text::csetnumeric;
use super::{LintError, LintFault, value, whole};
use crate::{charset, check};

/// The last digit is the check digit of those before it.
///
/// # Errors
/// `TOO_SHORT_FOR_CHECK_DIGIT`, `NON_DIGIT_CHARACTER` or `INCORRECT_CHECK_DIGIT`.
pub fn csum(text: &str) -> Result<(), LintFault> {
    if text.is_empty() {
        return Err(whole(LintError::TooShortForCheckDigit, text));
    }
    csetnumeric(text)?;
    if !check::has_check_digit(text.as_bytes()) {
        return Err(LintFault::new(LintError::IncorrectCheckDigit, text.len() - 1, 1));
    }
    Ok(())
}

/// Fewest digits of a company prefix, which every key begins with.
const PREFIX_DIGITS_MIN: usize = 4;

/// A company prefix begins at the first character.
///
/// # Errors
/// `TOO_SHORT_FOR_GCP` or `INVALID_GCP_PREFIX`.
pub fn gcppos1(text: &str) -> Result<(), LintFault> {
    prefix_at(text, 0)
}

/// A company prefix begins at the second character, after an indicator or extension digit.
///
/// # Errors
/// `TOO_SHORT_FOR_GCP` or `INVALID_GCP_PREFIX`.
pub fn gcppos2(text: &str) -> Result<(), LintFault> {
    prefix_at(text, 1)
}

fn prefix_at(text: &str, skip: usize) -> Result<(), LintFault> {
    let length = text.chars().count();
    if length < PREFIX_DIGITS_MIN + skip {
        return Err(whole(LintError::TooShortForGcp, text));
    }
    match text.chars().skip(skip).take(PREFIX_DIGITS_MIN).position(|c| !c.is_ascii_digit()) {
        Some(at) => Err(LintFault::new(LintError::InvalidGcpPrefix, skip + at, 1)),
        None => Ok(()),
    }
}

/// A latitude: ten digits, 0000000000 (90° south) to 1800000000.
///
/// # Errors
/// `LATITUDE_INVALID_LENGTH`, `NON_DIGIT_CHARACTER` or `INVALID_LATITUDE`.
pub fn latitude(text: &str) -> Result<(), LintFault> {
    angle(text, 1_800_000_000, LintError::LatitudeInvalidLength, LintError::InvalidLatitude)
}

/// A longitude: ten digits, 0000000000 (180° west) to 3600000000.
///
/// # Errors
/// `LONGITUDE_INVALID_LENGTH`, `NON_DIGIT_CHARACTER` or `INVALID_LONGITUDE`.
pub fn longitude(text: &str) -> Result<(), LintFault> {
    angle(text, 3_600_000_000, LintError::LongitudeInvalidLength, LintError::InvalidLongitude)
}

fn angle(text: &str, max: u64, length: LintError, range: LintError) -> Result<(), LintFault> {
    super::digits(text, 10, length, length)?;
    if value(text, 0, 10) > max {
        return Err(whole(range, text));
    }
    Ok(())
}

/// A number that is not zero.
///
/// # Errors
/// `NON_DIGIT_CHARACTER` or `ILLEGAL_ZERO_VALUE`.
pub fn nonzero(text: &str) -> Result<(), LintFault> {
    csetnumeric(text)?;
    if text.bytes().all(|byte| byte == b'0') {
        return Err(whole(LintError::IllegalZeroValue, text));
    }
    Ok(())
}

/// A number without a leading zero; the number zero itself is not admitted.
///
/// # Errors
/// `NON_DIGIT_CHARACTER` or `ILLEGAL_ZERO_PREFIX`.
pub fn nozeroprefix(text: &str) -> Result<(), LintFault> {
    csetnumeric(text)?;
    if text.starts_with('0') {
        return Err(LintFault::new(LintError::IllegalZeroPrefix, 0, 1));
    }
    Ok(())
}

/// Zeros only.
///
/// # Errors
/// `NOT_ZERO`.
pub fn zero(text: &str) -> Result<(), LintFault> {
    if text.is_empty() || text.bytes().any(|byte| byte != b'0') {
        return Err(whole(LintError::NotZero, text));
    }
    Ok(())
}

/// A piece and its total, each half of the digits: neither zero, the piece not above the total.
///
/// # Errors
/// `INVALID_LENGTH_FOR_PIECE_OF_TOTAL`, `NON_DIGIT_CHARACTER`, `ZERO_PIECE_NUMBER`, `ZERO_TOTAL_PIECES` or
/// `PIECE_NUMBER_EXCEEDS_TOTAL`.
pub fn pieceoftotal(text: &str) -> Result<(), LintFault> {
    let length = text.chars().count();
    if length == 0 || !length.is_multiple_of(2) {
        return Err(whole(LintError::InvalidLengthForPieceOfTotal, text));
    }
    csetnumeric(text)?;
    let (piece, total) = text.split_at(length / 2);
    let is_zero = |half: &str| half.bytes().all(|byte| byte == b'0');
    if is_zero(piece) {
        return Err(LintFault::new(LintError::ZeroPieceNumber, 0, length / 2));
    }
    if is_zero(total) {
        return Err(LintFault::new(LintError::ZeroTotalPieces, length / 2, length / 2));
    }
    if piece > total {
        return Err(whole(LintError::PieceNumberExceedsTotal, text));
    }
    Ok(())
}

/// A position and the end of its sequence, `position/end`, without leading zeros.
///
/// # Errors
/// `POSITION_IN_SEQUENCE_MALFORMED`, `ILLEGAL_ZERO_PREFIX` or `POSITION_EXCEEDS_END`.
pub fn posinseqslash(text: &str) -> Result<(), LintFault> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(charset::is_digit);
    let Some((position, end)) = text.split_once('/').filter(|(a, b)| number(a) && number(b)) else {
        return Err(whole(LintError::PositionInSequenceMalformed, text));
    };
    if position.starts_with('0') {
        return Err(LintFault::new(LintError::IllegalZeroPrefix, 0, position.len()));
    }
    if end.starts_with('0') {
        return Err(LintFault::new(LintError::IllegalZeroPrefix, position.len() + 1, end.len()));
    }
    // Without leading zeros the longer number is the greater one.
    if (position.len(), position) > (end.len(), end) {
        return Err(whole(LintError::PositionExceedsEnd, text));
    }
    Ok(())
}
