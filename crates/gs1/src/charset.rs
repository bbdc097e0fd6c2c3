//! The character sets of GS1 data fields.
//!
//! Source: GS1 General Specifications, section 7.11, figures 7.11-1 (set 82), 7.11-2 (set 39) and
//! 7.11-3 (set 64). Every check works on bytes, because all four sets are plain ASCII.

/// True for the decimal digits.
#[must_use]
pub const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// True for a character of GS1 AI encodable character set 82: digits, letters of both cases, and
/// `! " % & ' ( ) * + , - . / : ; < = > ? _`.
#[must_use]
pub const fn is_cset82(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'"' | b'%'..=b'/' | b'0'..=b'9' | b':'..=b'?' | b'A'..=b'Z' | b'_' | b'a'..=b'z')
}

/// True for a character of set 39: digits, capital letters, and `# - /` (component and part identifiers).
#[must_use]
pub const fn is_cset39(byte: u8) -> bool {
    matches!(byte, b'#' | b'-' | b'/' | b'0'..=b'9' | b'A'..=b'Z')
}

/// True for a character of set 64, the alphabet of file-safe and URI-safe base64, without its padding.
#[must_use]
pub const fn is_cset64(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}

/// Value of a set 82 character in the check character pair, 0 to 81 in order of the table; `None` outside it.
#[must_use]
pub fn cset82_value(byte: u8) -> Option<u32> {
    let base = match byte {
        b'!' | b'"' => u32::from(byte - b'!'),
        b'%'..=b'?' => 2 + u32::from(byte - b'%'),
        b'A'..=b'Z' => 29 + u32::from(byte - b'A'),
        b'_' => 55,
        b'a'..=b'z' => 56 + u32::from(byte - b'a'),
        _ => return None,
    };
    Some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_82_has_82_characters_in_ascending_value() {
        let values: Vec<u32> = (0..=255u8).filter_map(cset82_value).collect();
        assert_eq!(values, (0..82).collect::<Vec<u32>>());
        for byte in 0..=255u8 {
            assert_eq!(is_cset82(byte), cset82_value(byte).is_some(), "byte {byte}");
        }
    }

    #[test]
    fn set_39_and_set_64_have_their_sizes() {
        assert_eq!((0..=255u8).filter(|b| is_cset39(*b)).count(), 39);
        assert_eq!((0..=255u8).filter(|b| is_cset64(*b)).count(), 64);
    }
}
