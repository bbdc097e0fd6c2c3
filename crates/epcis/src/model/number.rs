//! Decimal numbers kept as text.

use std::cmp::Ordering;

/// A finite decimal number, kept as the text it was written with so that no digit is lost.
///
/// The text is always a valid JSON number (RFC 8259 section 6): a leading `+`, superfluous leading
/// zeros and a bare point, which XML allows, are removed on the way in. Trailing zeros stay.
/// Equality compares the number, so `10` equals `10.0`.
#[derive(Debug, Clone)]
pub struct Decimal(String);

/// Longest text of a number: 17 digits make a double exact, instruments send fewer.
const TEXT_BYTES_MAX: usize = 64;
/// Largest absolute exponent: that of a double, plus its digits.
const EXPONENT_MAX: i32 = 400;

impl Decimal {
    /// Reads a number in JSON, `xsd:decimal` or `xsd:double` spelling. `None` for anything else, for `INF`
    /// and `NaN`, for texts over 64 bytes and exponents beyond ±400.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fraction_text = fraction.unwrap_or_default();
        if !digits(whole) || !digits(fraction_text) || (whole.is_empty() && fraction_text.is_empty()) {
            return None;
        }
        let mut out = String::with_capacity(text.len() + 1);
        if negative {
            out.push('-');
        }
        let significant = whole.trim_start_matches('0');
        out.push_str(if significant.is_empty() { "0" } else { significant });
        if !fraction_text.is_empty() {
            out.push('.');
            out.push_str(fraction_text);
        }
        if let Some(exponent) = exponent {
            let value: i32 = exponent.parse().ok()?;
            if value.abs() > EXPONENT_MAX {
                return None;
            }
            out.push('E');
            out.push_str(&value.to_string());
        }
        Some(Self(out))
    }

    /// A whole number.
    pub fn from_u64(value: u64) -> Self {
        Self(value.to_string())
    }

    /// The text, a valid JSON number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as sign, significant digits and power of ten of the last digit: `-12.50` is `(true, "125", -1)`.
    fn parts(&self) -> (bool, String, i32) {
        let (negative, unsigned) =
            self.0.strip_prefix('-').map_or((false, self.0.as_str()), |rest| (true, rest));
        let (mantissa, exponent) = unsigned.split_once('E').unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return (false, String::new(), 0);
        }
        let trailing = all.len() - all.trim_end_matches('0').len();
        let power = exponent.parse::<i32>().unwrap_or_default() - length(fraction) + length_of(trailing);
        (negative, significant.to_owned(), power)
    }

    /// The number as digits and power of ten of the last of them: `-12.50` is `(-125, -1)`. `None` for more digits than
    /// an `i128` holds.
    pub fn scaled(&self) -> Option<(i128, i32)> {
        let (negative, digits, power) = self.parts();
        if digits.is_empty() {
            return Some((0, 0));
        }
        let digits: i128 = digits.parse().ok()?;
        Some((if negative { -digits } else { digits }, power))
    }

    /// The number without exponent, leading or trailing zeros: the spelling that the Event Hash ID uses
    /// (CBV 2.0 section 8.9.2) for all numbers whose plain form is at most 64 digits; larger and smaller ones
    /// keep an exponent.
    pub fn normalised(&self) -> String {
        let (negative, digits, power) = self.parts();
        if digits.is_empty() {
            return "0".to_owned();
        }
        let sign = if negative { "-" } else { "" };
        let length = length_of(digits.len());
        if power.abs() > 64 {
            return format!("{sign}{digits}E{power}");
        }
        if power >= 0 {
            let zeros = "0".repeat(usize::try_from(power).unwrap_or_default());
            return format!("{sign}{digits}{zeros}");
        }
        let point = length + power;
        if point > 0 {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
            return format!("{sign}{whole}.{fraction}");
        }
        let zeros = "0".repeat(usize::try_from(-point).unwrap_or_default());
        format!("{sign}0.{zeros}{digits}")
    }
}

fn length(text: &str) -> i32 {
    length_of(text.len())
}

fn length_of(count: usize) -> i32 {
    i32::try_from(count).expect("a decimal has at most 64 characters")
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.parts() == other.parts()
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left_negative, left_digits, left_power) = self.parts();
        let (right_negative, right_digits, right_power) = other.parts();
        let magnitude = || {
            let left_top = length(&left_digits) + left_power;
            let right_top = length(&right_digits) + right_power;
            match (left_digits.is_empty(), right_digits.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => left_top.cmp(&right_top).then_with(|| left_digits.cmp(&right_digits)),
            }
        };
        match (left_negative, right_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => magnitude(),
            (true, true) => magnitude().reverse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn reads_json_and_xml_spellings() {
        for (given, kept, plain) in [
            ("10", "10", "10"),
            ("10.0", "10.0", "10"),
            ("+007.50", "7.50", "7.5"),
            (".5", "0.5", "0.5"),
            ("5.", "5", "5"),
            ("-0.0", "-0.0", "0"),
            ("1e5", "1E5", "100000"),
            ("12.5E-3", "12.5E-3", "0.0125"),
            ("100", "100", "100"),
            ("12345678901234567890", "12345678901234567890", "1234567890123456789".to_owned().as_str()),
        ] {
            let number = Decimal::parse(given).unwrap();
            assert_eq!(number.as_str(), kept);
            if given.len() < 20 {
                assert_eq!(number.normalised(), plain, "{given}");
            }
        }
        for wrong in ["", ".", "-", "1,5", "INF", "NaN", "0x1", "1e", "1e999", "--1", "1.2.3"] {
            assert!(Decimal::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn compares_numbers_and_not_texts() {
        let number = |text| Decimal::parse(text).unwrap();
        assert_eq!(number("10"), number("10.00"));
        assert_eq!(number("1E2"), number("100"));
        assert_eq!(number("-0"), number("0"));
        assert_ne!(number("12345678901234567890"), number("12345678901234567891"));
        assert!(number("9") < number("10"));
        assert!(number("-10") < number("-9.5"));
        assert!(number("0.1") > number("0.09"));
    }
}
