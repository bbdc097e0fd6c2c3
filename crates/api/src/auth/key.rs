//! API keys: 256 random bits, of which only the SHA3-256 is stored.

use sha3::{Digest as _, Sha3_256};
use subtle::ConstantTimeEq as _;

use crate::config::Secret;
use crate::entropy::Entropy;
use crate::limits::AUTHORIZATION_BYTES_MAX;

/// What every key begins with, so that scanners for leaked secrets recognise one.
const PREFIX: &str = "thk_";
/// 256 bits in hexadecimal.
const DIGITS: usize = 64;
const SCHEME: &[u8] = b"bearer ";

/// A fresh API key. It is shown once, to whom it is made for, and never stored.
#[derive(Debug)]
pub struct ApiKey(Secret);

impl ApiKey {
    /// Draws a key.
    #[must_use]
    pub fn generate(entropy: &Entropy) -> Self {
        Self(Secret::new(format!("{PREFIX}{}", hex::encode(entropy.bytes::<32>()))))
    }

    /// The key as a client sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(self.expose().as_bytes())
    }
}

/// SHA3-256 of an API key. Keys are random, so no salt and no slow hash are needed.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    fn of(key: &[u8]) -> Self {
        Self(Sha3_256::digest(key).into())
    }

    /// The hash of the key in an `Authorization` header, if the header has the form of one.
    #[must_use]
    pub fn of_header(value: &[u8]) -> Option<Self> {
        if value.len() > AUTHORIZATION_BYTES_MAX {
            return None;
        }
        let (scheme, key) = value.split_at_checked(SCHEME.len())?;
        let digits = key.strip_prefix(PREFIX.as_bytes())?;
        let formed = scheme.eq_ignore_ascii_case(SCHEME)
            && digits.len() == DIGITS
            && digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        formed.then(|| Self::of(key))
    }

    /// The first 64 bits, to find an entry by.
    #[must_use]
    pub(super) fn prefix(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// The 32 bytes, as they are stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether these are the stored bytes; takes the same time whatever they are.
    #[must_use]
    pub fn is(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_header_alone_and_prints_nothing() {
        let key = ApiKey::generate(&Entropy::seeded(1));
        assert_eq!(key.expose().len(), PREFIX.len() + DIGITS);
        let header = format!("Bearer {}", key.expose());
        assert!(KeyHash::of_header(header.as_bytes()).unwrap().is(key.hash().as_bytes()));
        assert!(!format!("{key:?}").contains("thk_"));
    }

    #[test]
    fn what_has_not_the_form_of_a_key_is_not_looked_up() {
        let digits = "0".repeat(DIGITS);
        for bad in ["", "Bearer ", "Basic dXNlcg==", "Bearer thk_", &digits, &format!("Bearer {digits}")] {
            assert!(KeyHash::of_header(bad.as_bytes()).is_none(), "{bad}");
        }
        let upper = format!("Bearer thk_{}", "A".repeat(DIGITS));
        assert!(KeyHash::of_header(upper.as_bytes()).is_none());
        assert!(KeyHash::of_header(format!("bearer thk_{digits}").as_bytes()).is_some());
    }
}
