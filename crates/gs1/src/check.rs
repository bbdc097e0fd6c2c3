//! Check digits and check character pairs.
//!
//! Source: GS1 General Specifications, section 7.9 (standard check digit, check character pair).

use crate::charset;

/// The check digit for the digits before it: weights 3 and 1 from the right, complement to ten.
///
/// `digits` must be ASCII digits; another byte makes the answer meaningless, never a panic.
#[must_use]
pub fn check_digit(digits: &[u8]) -> u8 {
    let sum = digits.iter().rev().enumerate().fold(0u32, |sum, (index, byte)| {
        let value = u32::from(byte.wrapping_sub(b'0') % 10);
        (sum + if index % 2 == 0 { 3 * value } else { value }) % 10
    });
    b'0' + u8::try_from((10 - sum) % 10).unwrap_or(0)
}

/// True when the last digit is the check digit of those before it.
#[must_use]
pub fn has_check_digit(digits: &[u8]) -> bool {
    digits.split_last().is_some_and(|(last, rest)| check_digit(rest) == *last)
}

/// The characters a check pair may consist of, by value.
const PAIR: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Longest data before the pair: the longest field of any application identifier has 99 characters.
pub const PAIR_DATA_MAX: usize = 97;

/// The first 97 primes: the weights of the check character pair, from the right.
fn primes() -> impl Iterator<Item = u32> {
    (2u32..).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).take(PAIR_DATA_MAX)
}

/// The check character pair for `data` of set 82; `None` for other characters or more than 97 of them.
#[must_use]
pub fn check_pair(data: &[u8]) -> Option<[u8; 2]> {
    if data.len() > PAIR_DATA_MAX {
        return None;
    }
    let mut sum = 0u32;
    for (byte, prime) in data.iter().rev().zip(primes()) {
        sum += charset::cset82_value(*byte)? * prime;
    }
    let sum = sum % 1021;
    let pick = |value: u32| PAIR.get(usize::try_from(value).unwrap_or(0)).copied();
    Some([pick(sum >> 5)?, pick(sum & 31)?])
}

/// True for a character that may stand in a check pair.
#[must_use]
pub fn is_pair_character(byte: u8) -> bool {
    PAIR.contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        for digits in ["02345673", "012345678905", "4012345000054", "09521568251204", "123456789012345675"] {
            assert!(has_check_digit(digits.as_bytes()), "{digits}");
        }
        assert!(!has_check_digit(b"09521568251205"));
        assert!(!has_check_digit(b""));
    }

    #[test]
    fn check_pairs() {
        assert_eq!(check_pair(b"1987654Ad4X4bL5ttr2310c"), Some(*b"2K"));
        assert_eq!(check_pair(b""), Some(*b"22"));
        assert_eq!(check_pair(b" "), None);
        assert_eq!(check_pair(&[b'1'; 98]), None);
    }
}
