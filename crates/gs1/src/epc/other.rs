//! EPC schemes that are not GS1 keys. They have no Digital Link: the URN itself is their canonical form.
//!
//! Source: EPC Tag Data Standard, sections 6.3.7 (GID), 6.3.8 (USDOD), 6.3.9 (ADI), 6.3.10 (BIC), 6.3.11 (IMOVN).

use crate::Gs1Error;
use crate::text::text_newtype;

/// An identifier of one of the schemes `gid`, `usdod`, `adi`, `bic` and `imovn`, as its pure identity URN.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OtherEpc(Box<str>);

impl OtherEpc {
    /// Reads a pure identity URN of one of the five schemes.
    ///
    /// # Errors
    /// [`Gs1Error::UnknownScheme`], or [`Gs1Error::UrnShape`] naming the scheme.
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        let body = text.strip_prefix("urn:epc:id:").ok_or(Gs1Error::UnknownScheme)?;
        let (scheme, rest) = body.split_once(':').ok_or(Gs1Error::UnknownScheme)?;
        let (scheme, fits) = match scheme {
            "gid" => ("gid", is_gid(rest)),
            "usdod" => ("usdod", is_usdod(rest)),
            "adi" => ("adi", is_adi(rest)),
            "bic" => ("bic", is_bic(rest)),
            "imovn" => ("imovn", rest.len() == 7 && rest.bytes().all(|byte| byte.is_ascii_digit())),
            _ => return Err(Gs1Error::UnknownScheme),
        };
        if fits { Ok(Self(text.into())) } else { Err(Gs1Error::UrnShape { scheme }) }
    }

    /// The whole URN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_newtype!(OtherEpc);

/// A decimal number without leading zeros, at most `max`.
fn is_number(text: &str, max: u64) -> bool {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain && (text == "0" || !text.starts_with('0')) && text.parse::<u64>().is_ok_and(|value| value <= max)
}

/// Manager (28 bits), class (24 bits), serial (36 bits).
fn is_gid(text: &str) -> bool {
    let mut parts = text.split('.');
    let limits = [(1 << 28) - 1, (1 << 24) - 1, (1 << 36) - 1];
    limits.iter().all(|max| parts.next().is_some_and(|part| is_number(part, *max))) && parts.next().is_none()
}

/// A CAGE code of five or a DoDAAC of six characters: digits and capital letters except I and O.
fn is_activity(text: &str) -> bool {
    matches!(text.len(), 5 | 6)
        && text.bytes().all(|b| b.is_ascii_digit() || (b.is_ascii_uppercase() && b != b'I' && b != b'O'))
}

/// Supplier and serial (36 bits).
fn is_usdod(text: &str) -> bool {
    text.split_once('.').is_some_and(|(who, serial)| is_activity(who) && is_number(serial, (1 << 36) - 1))
}

/// Supplier, original part number of up to 32 characters or none, serial of up to 30 that may begin with `#`.
fn is_adi(text: &str) -> bool {
    let mut parts = text.split('.');
    let (Some(who), Some(part), Some(serial), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let serial = serial.strip_prefix("%23").unwrap_or(serial).replace("%2F", "/");
    let part = part.replace("%2F", "/");
    let plain = |text: &str| {
        text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b'-' | b'/'))
    };
    is_activity(who) && plain(&part) && part.len() <= 32 && plain(&serial) && (1..=30).contains(&serial.len())
}

/// An ISO 6346 container: owner, equipment category J, U or Z, six digits, a check digit.
fn is_bic(text: &str) -> bool {
    text.len() == 11
        && text.bytes().enumerate().all(|(at, byte)| match at {
            0..=2 => byte.is_ascii_uppercase() && byte != b'I' && byte != b'O',
            3 => matches!(byte, b'J' | b'U' | b'Z'),
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_schemes() {
        for urn in [
            "urn:epc:id:gid:95100000.12345.400",
            "urn:epc:id:usdod:2S194.12345678901",
            "urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52",
            "urn:epc:id:adi:2S194..%23A-1%2F2",
            "urn:epc:id:bic:CSQU3054383",
            "urn:epc:id:imovn:9176187",
        ] {
            assert_eq!(OtherEpc::new(urn).unwrap().as_str(), urn);
        }
        assert_eq!(OtherEpc::new("urn:epc:id:gid:1.01.0"), Err(Gs1Error::UrnShape { scheme: "gid" }));
        assert_eq!(OtherEpc::new("urn:epc:id:gdi:1.1.0"), Err(Gs1Error::UnknownScheme));
    }
}
