//! Secrets of subscriptions at rest: XChaCha20-Poly1305 under a key that is not in the database.
//!
//! A sealed secret is one byte for the format, a random nonce of 24 bytes, and the ciphertext with its tag. It is bound to
//! its subscription: copied to another row, it does not open.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use ledger::SigningKey;
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::problem::Problem;

/// Sets this use of the signing key, and of the cipher, apart from any other.
const PURPOSE: &[u8] = b"theriac/webhook-secret/v1";
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;

/// Seals and opens secrets.
pub struct Vault(XChaCha20Poly1305);

impl Vault {
    /// Under this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Under a key that is derived from the organisation's signing key by HKDF-SHA256 (RFC 5869).
    #[must_use]
    pub fn derived(signing_key: &SigningKey) -> Self {
        let scalar = Zeroizing::new(<[u8; 32]>::from(signing_key.secret().to_bytes()));
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, &*scalar)
            .expand(PURPOSE, &mut *key)
            .unwrap_or_else(|_| unreachable!("HKDF-SHA256 gives up to 8160 bytes"));
        Self::new(&key)
    }

    /// Encrypts the secret of a subscription.
    ///
    /// # Errors
    /// `internal`, which does not happen with a secret of this length.
    pub fn seal(&self, subscription: Uuid, secret: &[u8], entropy: &Entropy) -> Result<Vec<u8>, Problem> {
        let nonce = entropy.bytes::<NONCE_BYTES>();
        let bound = bound_to(subscription);
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), Payload { msg: secret, aad: &bound });
        let sealed = sealed.map_err(|_| Problem::internal("a secret that cannot be encrypted"))?;
        Ok([&[FORMAT][..], &nonce, &sealed].concat())
    }

    /// Decrypts it; `None` when it was sealed under another key, for another subscription, or was changed.
    #[must_use]
    pub fn open(&self, subscription: Uuid, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (format, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
        let bound = bound_to(subscription);
        let payload = Payload { msg: sealed, aad: &bound };
        let opened = (*format == FORMAT).then(|| self.0.decrypt(XNonce::from_slice(nonce), payload))?;
        opened.ok().map(Zeroizing::new)
    }
}

fn bound_to(subscription: Uuid) -> Vec<u8> {
    [PURPOSE, subscription.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_with_its_key_and_for_its_subscription_alone() {
        let (entropy, id) = (Entropy::seeded(1), Uuid::from_u128(7));
        let vault = Vault::new(&[3; 32]);
        let sealed = vault.seal(id, b"a secret of theirs", &entropy).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(&**vault.open(id, &sealed).unwrap(), b"a secret of theirs");
        assert!(vault.open(Uuid::from_u128(8), &sealed).is_none());
        assert!(Vault::new(&[4; 32]).open(id, &sealed).is_none());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(vault.open(id, &changed).is_none(), "byte {place}");
        }
        assert!(vault.open(id, &[]).is_none() && vault.open(id, &sealed[..20]).is_none());
        assert_ne!(vault.seal(id, b"a secret of theirs", &entropy).unwrap(), sealed);
    }

    #[test]
    fn the_key_that_is_derived_depends_on_the_signing_key() {
        let vault = |byte: u8| Vault::derived(&SigningKey::from_bytes(&[byte; 32]).unwrap());
        let sealed = vault(5).seal(Uuid::nil(), b"secret", &Entropy::seeded(1)).unwrap();
        assert!(
            vault(5).open(Uuid::nil(), &sealed).is_some() && vault(6).open(Uuid::nil(), &sealed).is_none()
        );
        assert!(Vault::new(&[5; 32]).open(Uuid::nil(), &sealed).is_none());
    }
}
