//! Points in time with the text they were written with.

use std::cmp::Ordering;
use std::fmt;

/// A date and time with UTC offset (`xsd:dateTimeStamp`), kept as written: `timestamptz` columns and
/// integers would drop the offset and digits after the microsecond.
///
/// Equality and order compare the instant, so `15:00:00+01:00` equals `14:00:00.000Z`.
#[derive(Debug, Clone)]
pub struct Timestamp {
    text: String,
    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    seconds: i64,
    /// Digits after the second, without trailing zeros.
    fraction: String,
}

/// Longest text: 19 characters up to the second, 18 digits of fraction with their point, 6 of offset.
const TEXT_BYTES_MAX: usize = 44;

impl Timestamp {
    /// Reads `YYYY-MM-DDThh:mm[:ss[.f…]](Z|±hh:mm)`. `None` for anything else, for calendar dates that do not
    /// exist, and for texts over 44 bytes. (Seconds may be left out because published query results do so.)
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.len() > TEXT_BYTES_MAX || !text.is_ascii() {
            return None;
        }
        let (date, clock) = text.split_once('T')?;
        let (year, rest) = date.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let days = days_since_epoch(number(year, 4)?, number(month, 2)?, number(day, 2)?)?;
        let offset_at = clock.find(['Z', '+', '-'])?;
        let (clock, offset) = clock.split_at(offset_at);
        let offset_minutes = match offset {
            "Z" => 0,
            other => Offset::parse(other)?.minutes(),
        };
        let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(c, f)| (c, Some(f)));
        let mut parts = clock.split(':');
        let hour = number(parts.next()?, 2)?;
        let minute = number(parts.next()?, 2)?;
        let second = parts.next();
        if parts.next().is_some() || (second.is_none() && fraction.is_some()) {
            return None;
        }
        let second = second.map_or(Some(0), |digits| number(digits, 2))?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let fraction = fraction.unwrap_or("0");
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - i64::from(offset_minutes) * 60;
        Some(Self { text: text.to_owned(), seconds, fraction: fraction.trim_end_matches('0').to_owned() })
    }

    /// The instant `milliseconds` after 1970-01-01T00:00:00Z, written in UTC with three digits of fraction.
    /// `None` outside the years 0000 to 9999.
    pub fn from_unix_millis(milliseconds: i64) -> Option<Self> {
        Self::parse(&utc_text(milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000))?)
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, further digits cut off.
    pub fn unix_millis(&self) -> i64 {
        self.seconds * 1000 + self.fraction_digits(3)
    }

    /// Microseconds since 1970-01-01T00:00:00Z, further digits cut off: what `timestamptz` holds.
    pub fn unix_micros(&self) -> i64 {
        self.seconds * 1_000_000 + self.fraction_digits(6)
    }

    /// The instant in UTC with exactly three digits of fraction, a fourth digit of 5 or more rounding up:
    /// the spelling that the Event Hash ID uses (CBV 2.0 section 8.9.2).
    pub fn utc_millis_text(&self) -> String {
        let up = self.fraction.as_bytes().get(3).is_some_and(|digit| *digit >= b'5');
        let total = self.unix_millis() + i64::from(up);
        utc_text(total.div_euclid(1000), total.rem_euclid(1000)).unwrap_or_else(|| self.text.clone())
    }

    fn fraction_digits(&self, digits: usize) -> i64 {
        let bytes = self.fraction.as_bytes();
        (0..digits).fold(0, |sum, at| sum * 10 + bytes.get(at).map_or(0, |digit| i64::from(digit - b'0')))
    }
}

fn utc_text(seconds: i64, milliseconds: i64) -> Option<String> {
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    if !(0..=9999).contains(&year) {
        return None;
    }
    let clock = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z"))
}

/// Exactly `digits` ASCII digits as a number.
fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, counted in 400-year eras that begin
/// on 1 March so that the leap day is the last of its year.
pub(crate) fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let march_year = if month <= 2 { year - 1 } else { year };
    let era = march_year.div_euclid(400);
    let of_era = march_year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The inverse of [`days_since_epoch`].
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.seconds.cmp(&other.seconds).then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A UTC offset, `-14:00` to `+14:00`, kept as written (`+00:00` and `-00:00` are equal and both kept).
#[derive(Debug, Clone)]
pub struct Offset {
    text: String,
    minutes: i32,
}

impl Offset {
    /// Reads `+hh:mm` or `-hh:mm` (EPCIS 2.0 section 7.4.1). `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        let (sign, digits) = match text.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-", digits) => (-1, digits),
            _ => return None,
        };
        let (hours, minutes) = digits.split_once(':')?;
        let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
        if hours > 14 || minutes > 59 || (hours == 14 && minutes > 0) {
            return None;
        }
        let total = i32::try_from(hours * 60 + minutes).ok()?;
        Some(Self { text: text.to_owned(), minutes: sign * total })
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Minutes east of UTC.
    pub fn minutes(&self) -> i32 {
        self.minutes
    }
}

impl PartialEq for Offset {
    fn eq(&self, other: &Self) -> bool {
        self.minutes == other.minutes
    }
}

impl Eq for Offset {}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Offset, Timestamp};

    #[test]
    fn instants_and_their_texts() {
        for (text, millis, utc) in [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"),
            ("2020-03-04T11:00:30.000+01:00", 1_583_316_030_000, "2020-03-04T10:00:30.000Z"),
            ("2005-04-03T20:33:31.116-06:00", 1_112_582_011_116, "2005-04-04T02:33:31.116Z"),
            ("2022-04-13T12:35:29.017069617Z", 1_649_853_329_017, "2022-04-13T12:35:29.017Z"),
            ("1969-12-31T23:59:59.9996Z", -1, "1970-01-01T00:00:00.000Z"),
            ("2000-02-29T23:59:59.1405Z", 951_868_799_140, "2000-02-29T23:59:59.141Z"),
            ("2020-01-14T23:00Z", 1_579_042_800_000, "2020-01-14T23:00:00.000Z"),
        ] {
            let time = Timestamp::parse(text).unwrap();
            assert_eq!((time.as_str(), time.unix_millis()), (text, millis));
            assert_eq!(time.utc_millis_text(), utc);
        }
        assert_eq!(
            Timestamp::from_unix_millis(951_868_799_140).unwrap().as_str(),
            "2000-02-29T23:59:59.140Z"
        );
    }

    #[test]
    fn refuses_what_is_no_time() {
        for wrong in [
            "",
            "2020-03-04",
            "2020-03-04T11:00:30",
            "2020-02-30T11:00:30Z",
            "2020-3-04T11:00:30Z",
            "1900-02-29T00:00:00Z",
            "2020-03-04T24:00:00Z",
            "2020-03-04T11:60:30Z",
            "2020-03-04T11:00:60Z",
            "2020-03-04T11:00:30.Z",
            "2020-03-04T11:00:30+15:00",
            "2020-03-04T11:00:30+1:00",
            "2020-03-04 11:00:30Z",
            "２020-03-04T11:00:30Z",
        ] {
            assert!(Timestamp::parse(wrong).is_none(), "{wrong}");
        }
        assert!(Timestamp::from_unix_millis(i64::MAX).is_none());
    }

    #[test]
    fn equality_is_of_the_instant() {
        let time = |text| Timestamp::parse(text).unwrap();
        assert_eq!(time("2019-10-07T15:00:00+01:00"), time("2019-10-07T14:00:00.000Z"));
        assert!(time("2019-10-07T14:00:00.0001Z") > time("2019-10-07T14:00:00Z"));
        assert!(time("2019-10-07T14:00:00.9Z") > time("2019-10-07T14:00:00.89Z"));
    }

    #[test]
    fn offsets_are_bounded() {
        assert_eq!(Offset::parse("-05:30").unwrap().minutes(), -330);
        assert_eq!(Offset::parse("+14:00").unwrap().minutes(), 840);
        for wrong in ["Z", "05:00", "+14:01", "+5:00", "+05:60", "", "+é:00"] {
            assert!(Offset::parse(wrong).is_none(), "{wrong}");
        }
    }
}
