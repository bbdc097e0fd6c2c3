//! Linters of dates and times of day.

use time::Month;

use super::{LintError, LintFault, digits, value};

/// `YYMMDD`, day `00` allowed.
///
/// # Errors
/// `DATE_TOO_SHORT`, `DATE_TOO_LONG`, `NON_DIGIT_CHARACTER`, `ILLEGAL_MONTH` or `ILLEGAL_DAY`.
pub fn yymmd0(text: &str) -> Result<(), LintFault> {
    date(text, 2, true)
}

/// `YYMMDD`.
///
/// # Errors
/// As [`yymmd0`], and `ILLEGAL_DAY` for day `00`.
pub fn yymmdd(text: &str) -> Result<(), LintFault> {
    date(text, 2, false)
}

/// `YYYYMMDD`, day `00` allowed.
///
/// # Errors
/// As [`yymmd0`].
pub fn yyyymmd0(text: &str) -> Result<(), LintFault> {
    date(text, 4, true)
}

/// `YYYYMMDD`.
///
/// # Errors
/// As [`yymmdd`].
pub fn yyyymmdd(text: &str) -> Result<(), LintFault> {
    date(text, 4, false)
}

/// A date whose year has `year_digits`; a two-digit year is taken as one of this century, which has the same
/// leap years as the window in which such dates are read, except 2100.
fn date(text: &str, year_digits: usize, zero_day: bool) -> Result<(), LintFault> {
    digits(text, year_digits + 4, LintError::DateTooShort, LintError::DateTooLong)?;
    let year = i32::try_from(value(text, 0, year_digits)).unwrap_or(0);
    let year = if year_digits == 2 { 2000 + year } else { year };
    let month = u8::try_from(value(text, year_digits, year_digits + 2)).unwrap_or(0);
    let month =
        Month::try_from(month).map_err(|_| LintFault::new(LintError::IllegalMonth, year_digits, 2))?;
    let day = value(text, year_digits + 2, year_digits + 4);
    if day > u64::from(month.length(year)) || (day == 0 && !zero_day) {
        return Err(LintFault::new(LintError::IllegalDay, year_digits + 2, 2));
    }
    Ok(())
}

/// An hour, `00` to `23`.
///
/// # Errors
/// `HOUR_TOO_SHORT`, `HOUR_TOO_LONG`, `NON_DIGIT_CHARACTER` or `ILLEGAL_HOUR`.
pub fn hh(text: &str) -> Result<(), LintFault> {
    digits(text, 2, LintError::HourTooShort, LintError::HourTooLong)?;
    below(text, 0, 24, LintError::IllegalHour)
}

/// A minute, `00` to `59`.
///
/// # Errors
/// `MINUTE_TOO_SHORT`, `MINUTE_TOO_LONG`, `NON_DIGIT_CHARACTER` or `ILLEGAL_MINUTE`.
pub fn mi(text: &str) -> Result<(), LintFault> {
    digits(text, 2, LintError::MinuteTooShort, LintError::MinuteTooLong)?;
    below(text, 0, 60, LintError::IllegalMinute)
}

/// A second, `00` to `59`.
///
/// # Errors
/// `SECOND_TOO_SHORT`, `SECOND_TOO_LONG`, `NON_DIGIT_CHARACTER` or `ILLEGAL_SECOND`.
pub fn ss(text: &str) -> Result<(), LintFault> {
    digits(text, 2, LintError::SecondTooShort, LintError::SecondTooLong)?;
    below(text, 0, 60, LintError::IllegalSecond)
}

/// Hour and minute, `HHMM`.
///
/// # Errors
/// `HOUR_WITH_MINUTE_TOO_SHORT`, `HOUR_WITH_MINUTE_TOO_LONG`, `NON_DIGIT_CHARACTER`, `ILLEGAL_HOUR` or
/// `ILLEGAL_MINUTE`.
pub fn hhmi(text: &str) -> Result<(), LintFault> {
    digits(text, 4, LintError::HourWithMinuteTooShort, LintError::HourWithMinuteTooLong)?;
    below(text, 0, 24, LintError::IllegalHour)?;
    below(text, 2, 60, LintError::IllegalMinute)
}

fn below(text: &str, at: usize, limit: u64, error: LintError) -> Result<(), LintFault> {
    if value(text, at, at + 2) >= limit {
        return Err(LintFault::new(error, at, 2));
    }
    Ok(())
}
