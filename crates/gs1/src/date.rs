//! Expiry dates as packs carry them: six digits, a century to be inferred, and a day that may be `00`.
//!
//! Source: GS1 General Specifications, section 3.4.7 (AI 17) and 7.12 (determination of century in dates).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use time::{Date, Month};

use crate::Gs1Error;
use crate::lint::{LintError, LintFault};
use crate::text::serde_as_text;

/// An expiry date that keeps what was printed.
///
/// Day `00` means "the last day of the month" and is kept: makers upload `270600`, so comparing must try the
/// original characters before the resolved dates. As text it is `YYYY-MM-DD`, with day `00` where it was printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExpiryDate {
    year: u16,
    month: u8,
    day: u8,
}

impl ExpiryDate {
    /// Reads `YYMMDD` as printed; the century is the one that puts the year nearest to `reference_year`
    /// (49 years ahead to 50 years back).
    ///
    /// # Errors
    /// [`Gs1Error::Content`] with the linter `yymmd0`'s name: not six digits, no such month, no such day.
    pub fn new(yymmdd: &str, reference_year: i32) -> Result<Self, Gs1Error> {
        crate::lint::date::yymmd0(yymmdd).map_err(|fault| Gs1Error::content(WHAT, fault))?;
        let pair = |at: usize| yymmdd.get(at..at + 2).and_then(|two| two.parse::<u8>().ok()).unwrap_or(0);
        let year = century(i32::from(pair(0)), reference_year);
        Self::from_parts(year, pair(2), pair(4))
    }

    /// A calendar date of the years 1 to 9999.
    ///
    /// # Errors
    /// [`Gs1Error::Content`] for a year before 1.
    pub fn from_date(date: Date) -> Result<Self, Gs1Error> {
        Self::from_parts(date.year(), u8::from(date.month()), date.day())
    }

    fn from_parts(year: i32, month: u8, day: u8) -> Result<Self, Gs1Error> {
        let fault = |error, at, length| Gs1Error::content(WHAT, LintFault { error, at, length });
        let year = u16::try_from(year)
            .ok()
            .filter(|year| (1..=9999).contains(year))
            .ok_or_else(|| fault(LintError::DateTooShort, 0, 4))?;
        let month_name = Month::try_from(month).map_err(|_| fault(LintError::IllegalMonth, 2, 2))?;
        if day > month_name.length(i32::from(year)) {
            return Err(fault(LintError::IllegalDay, 4, 2));
        }
        Ok(Self { year, month, day })
    }

    /// The six characters `YYMMDD`, day `00` as printed.
    #[must_use]
    pub fn yymmdd(&self) -> String {
        format!("{:02}{:02}{:02}", self.year % 100, self.month, self.day)
    }

    /// The last day on which the pack is usable: the date itself, or the last day of the month for day `00`.
    #[must_use]
    pub fn resolved(&self) -> Date {
        let month = Month::try_from(self.month).unwrap_or(Month::January);
        let year = i32::from(self.year);
        let day = if self.day == 0 { month.length(year) } else { self.day };
        // Month and day were checked on the way in: the fallback is never taken.
        Date::from_calendar_date(year, month, day).unwrap_or(Date::MAX)
    }

    /// True when day `00` was printed.
    #[must_use]
    pub const fn is_month(&self) -> bool {
        self.day == 0
    }

    /// True when both mean the same last day, however printed: `270600` agrees with `270630`.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        self == other || self.resolved() == other.resolved()
    }

    /// True when `today` is after the last usable day.
    #[must_use]
    pub fn is_past(&self, today: Date) -> bool {
        today > self.resolved()
    }
}

const WHAT: &str = "expiry date";

/// The full year for two digits, seen from `reference_year`: GS1 General Specifications, figure 7.12-1.
fn century(two_digits: i32, reference_year: i32) -> i32 {
    let base = reference_year - reference_year.rem_euclid(100);
    let shift = match two_digits - reference_year.rem_euclid(100) {
        51..=99 => -100,
        -99..=-50 => 100,
        _ => 0,
    };
    base + shift + two_digits
}

impl Ord for ExpiryDate {
    /// By last usable day; a printed day before the day `00` that means the same.
    fn cmp(&self, other: &Self) -> Ordering {
        self.resolved().cmp(&other.resolved()).then(other.day.cmp(&self.day))
    }
}

impl PartialOrd for ExpiryDate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ExpiryDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for ExpiryDate {
    type Err = Gs1Error;

    /// Reads `YYYY-MM-DD`, day `00` allowed.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(Gs1Error::length(WHAT, "YYYY-MM-DD", text));
        }
        let number = |from: usize, to: usize| {
            text.get(from..to).and_then(|part| part.parse::<u16>().ok()).unwrap_or(0)
        };
        let narrow = |value: u16| u8::try_from(value).unwrap_or(u8::MAX);
        Self::from_parts(i32::from(number(0, 4)), narrow(number(5, 7)), narrow(number(8, 10)))
    }
}

serde_as_text!(ExpiryDate);

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn century_window() {
        for (yy, now, year) in [
            (27, 2026, 2027),
            (76, 2026, 2076),
            (77, 2026, 1977),
            (99, 2026, 1999),
            (0, 2026, 2000),
            (10, 2060, 2110),
            (9, 2059, 2109),
            (10, 2059, 2010),
            (51, 2000, 1951),
            (50, 2000, 2050),
        ] {
            assert_eq!(century(yy, now), year, "{yy} seen from {now}");
        }
    }

    #[test]
    fn day_zero_is_kept_and_resolved() {
        let printed = ExpiryDate::new("280200", 2026).unwrap();
        assert_eq!(printed.yymmdd(), "280200");
        assert_eq!(printed.resolved(), date!(2028 - 02 - 29));
        assert_eq!(printed.to_string(), "2028-02-00");
        assert_eq!("2028-02-00".parse::<ExpiryDate>().unwrap(), printed);
        let full = ExpiryDate::from_date(date!(2028 - 02 - 29)).unwrap();
        assert_ne!(printed, full);
        assert!(printed.agrees_with(&full) && full < printed);
        assert!(!printed.is_past(date!(2028 - 02 - 29)) && printed.is_past(date!(2028 - 03 - 01)));
    }

    #[test]
    fn faults() {
        for (text, code) in [
            ("271300", "ILLEGAL_MONTH"),
            ("270231", "ILLEGAL_DAY"),
            ("27063", "DATE_TOO_SHORT"),
            ("2706300", "DATE_TOO_LONG"),
            ("2706x0", "NON_DIGIT_CHARACTER"),
        ] {
            assert_eq!(ExpiryDate::new(text, 2026).unwrap_err().code(), code, "{text}");
        }
        for text in ["2027-6-30", "2027-02-30", "2027-13-01", "0000-01-01", "20270630"] {
            assert!(text.parse::<ExpiryDate>().is_err(), "{text}");
        }
    }
}
