//! Percent-encoding of key values in URIs and URNs.
//!
//! Source: GS1 Digital Link URI Syntax, section 4.1 with RFC 3986, section 2.3 (only unreserved characters stay);
//! EPC Tag Data Standard, annex A (the seven characters of set 82, and `#`, that must be escaped in a URN).

use std::fmt;

use crate::Gs1Error;

/// A text shown with percent-encoding, as `Display`.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'a> {
    text: &'a str,
    keep: fn(u8) -> bool,
}

impl<'a> Encoded<'a> {
    /// For a path segment or query value of a canonical Digital Link.
    #[must_use]
    pub fn link(text: &'a str) -> Self {
        Self { text, keep: |byte| matches!(byte, b'-' | b'.' | b'_' | b'~') || byte.is_ascii_alphanumeric() }
    }

    /// For a component of an EPC URN.
    #[must_use]
    pub fn urn(text: &'a str) -> Self {
        Self { text, keep: is_plain_in_urn }
    }
}

/// True for a character that stands for itself in a component of an EPC URN.
#[must_use]
pub(crate) fn is_plain_in_urn(byte: u8) -> bool {
    crate::charset::is_cset82(byte) && !matches!(byte, b'"' | b'%' | b'&' | b'/' | b'<' | b'>' | b'?')
}

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.text.bytes() {
            if (self.keep)(byte) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// Replaces every `%hh` by what it stands for; a plus sign stays one.
///
/// # Errors
/// [`Gs1Error::PercentEncoding`] for an incomplete sequence, a control character, or bytes that are no UTF-8.
pub fn decode(text: &str) -> Result<String, Gs1Error> {
    let fault = |at: usize| Gs1Error::PercentEncoding { at: u32::try_from(at).unwrap_or(u32::MAX) };
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        if *byte != b'%' {
            bytes.push(*byte);
            at += 1;
            continue;
        }
        let pair = text.get(at + 1..at + 3).filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(|| fault(at))?;
        if value.is_ascii_control() {
            return Err(fault(at));
        }
        bytes.push(value);
        at += 3;
    }
    String::from_utf8(bytes).map_err(|error| fault(error.utf8_error().valid_up_to()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_only_unreserved_characters() {
        assert_eq!(Encoded::link("51qIgY)<&Jp3*j7SDB").to_string(), "51qIgY%29%3C%26Jp3%2Aj7SDB");
        assert_eq!(Encoded::link("a-b.c_d~").to_string(), "a-b.c_d~");
    }

    #[test]
    fn urns_escape_seven_characters_and_the_hash() {
        let set82: String = (0u8..128).filter(|b| crate::charset::is_cset82(*b)).map(char::from).collect();
        let escaped = Encoded::urn(&set82).to_string();
        assert_eq!(escaped.matches('%').count(), 7);
        assert_eq!(decode(&escaped).unwrap(), set82);
        assert_eq!(Encoded::urn("1#2").to_string(), "1%232");
    }

    #[test]
    fn decoding_faults() {
        assert_eq!(decode("ab%2").unwrap_err(), Gs1Error::PercentEncoding { at: 2 });
        assert_eq!(decode("%zz").unwrap_err(), Gs1Error::PercentEncoding { at: 0 });
        assert_eq!(decode("3%00").unwrap_err(), Gs1Error::PercentEncoding { at: 1 });
        assert!(decode("%ff").is_err());
        assert_eq!(decode("%C3%A9+").unwrap(), "é+");
    }
}
