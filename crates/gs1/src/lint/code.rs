//! Linters of codes: countries, currencies, package types and other lists.

use super::codelists::{COUNTRIES_ALPHA2, COUNTRIES_NUMERIC, CURRENCIES, PACKAGE_TYPES};
use super::{LintError, LintFault, whole};

fn listed(text: &str, list: &str, error: LintError) -> Result<(), LintFault> {
    let known = !text.is_empty() && list.split_ascii_whitespace().any(|code| code == text);
    if known { Ok(()) } else { Err(whole(error, text)) }
}

/// A numeric country code of ISO 3166-1.
///
/// # Errors
/// `NOT_ISO3166`.
pub fn iso3166(text: &str) -> Result<(), LintFault> {
    listed(text, COUNTRIES_NUMERIC, LintError::NotIso3166)
}

/// A numeric country code of ISO 3166-1, or 999.
///
/// # Errors
/// `NOT_ISO3166_OR_999`.
pub fn iso3166999(text: &str) -> Result<(), LintFault> {
    if text == "999" {
        return Ok(());
    }
    listed(text, COUNTRIES_NUMERIC, LintError::NotIso3166Or999)
}

/// A two-letter country code of ISO 3166-1.
///
/// # Errors
/// `NOT_ISO3166_ALPHA2`.
pub fn iso3166alpha2(text: &str) -> Result<(), LintFault> {
    listed(text, COUNTRIES_ALPHA2, LintError::NotIso3166Alpha2)
}

/// A numeric currency code of ISO 4217.
///
/// # Errors
/// `NOT_ISO4217`.
pub fn iso4217(text: &str) -> Result<(), LintFault> {
    listed(text, CURRENCIES, LintError::NotIso4217)
}

/// A package type of the GS1 PackageTypeCode list (UN/ECE Recommendation 21 and GS1's own).
///
/// # Errors
/// `INVALID_PACKAGE_TYPE`.
pub fn packagetype(text: &str) -> Result<(), LintFault> {
    listed(text, PACKAGE_TYPES, LintError::InvalidPackageType)
}

/// An AIDC media type: 01 to 10, or 80 to 99.
///
/// # Errors
/// `INVALID_MEDIA_TYPE`.
pub fn mediatype(text: &str) -> Result<(), LintFault> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    match super::value(text, 0, text.len()) {
        1..=10 | 80..=99 if digits => Ok(()),
        _ => Err(whole(LintError::InvalidMediaType, text)),
    }
}

fn one_of(text: &str, codes: &[&str], error: LintError) -> Result<(), LintFault> {
    if codes.contains(&text) { Ok(()) } else { Err(whole(error, text)) }
}

/// A code of ISO/IEC 5218 for human sex: 0, 1, 2 or 9.
///
/// # Errors
/// `INVALID_BIOLOGICAL_SEX_CODE`.
pub fn iso5218(text: &str) -> Result<(), LintFault> {
    one_of(text, &["0", "1", "2", "9"], LintError::InvalidBiologicalSexCode)
}

/// A winding direction: 0, 1 or 9.
///
/// # Errors
/// `INVALID_WINDING_DIRECTION`.
pub fn winding(text: &str) -> Result<(), LintFault> {
    one_of(text, &["0", "1", "9"], LintError::InvalidWindingDirection)
}

/// A flag, 0 or 1.
///
/// # Errors
/// `NOT_ZERO_OR_ONE`.
pub fn yesno(text: &str) -> Result<(), LintFault> {
    one_of(text, &["0", "1"], LintError::NotZeroOrOne)
}

/// More than this many characters: country, check digits and a basic account number. ISO 13616 sets no lower
/// bound; the dictionary's is used.
const IBAN_LONGER_THAN: usize = 10;
/// Most characters of an IBAN, ISO 13616-1.
const IBAN_CHARACTERS_MAX: usize = 34;

/// An international bank account number: country, characters, and the remainder of 1 modulo 97.
///
/// # Errors
/// `IBAN_TOO_SHORT`, `IBAN_TOO_LONG`, `ILLEGAL_IBAN_COUNTRY_CODE`, `INVALID_IBAN_CHARACTER` or
/// `INCORRECT_IBAN_CHECKSUM`.
pub fn iban(text: &str) -> Result<(), LintFault> {
    let length = text.chars().count();
    if length <= IBAN_LONGER_THAN {
        return Err(whole(LintError::IbanTooShort, text));
    }
    if length > IBAN_CHARACTERS_MAX {
        return Err(whole(LintError::IbanTooLong, text));
    }
    if text.get(..2).is_none_or(|country| iso3166alpha2(country).is_err()) {
        return Err(LintFault::new(LintError::IllegalIbanCountryCode, 0, 2));
    }
    super::each(text, LintError::InvalidIbanCharacter, |byte| {
        byte.is_ascii_digit() || byte.is_ascii_uppercase()
    })?;
    // Country and check digits go to the end; letters count as two digits, A as 10.
    let remainder = text.bytes().cycle().skip(4).take(length).fold(0u32, |sum, byte| match byte {
        b'A'..=b'Z' => (sum * 100 + 10 + u32::from(byte - b'A')) % 97,
        digit => (sum * 10 + u32::from(digit.wrapping_sub(b'0'))) % 97,
    });
    if remainder == 1 { Ok(()) } else { Err(LintFault::new(LintError::IncorrectIbanChecksum, 2, 2)) }
}
