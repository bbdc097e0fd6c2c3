//! Signatures: secp256k1 ECDSA, deterministic (RFC 6979), low-S.

use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use k256::ecdsa::{self, VerifyingKey};

use crate::Hash;

/// A secp256k1 public key in compressed SEC 1 form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 33]);
crate::codec::hex_newtype!(PublicKey, 33);

/// A signature: r and s, 32 bytes each, big-endian; s in the lower half of the order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; 64]);
crate::codec::hex_newtype!(Signature, 64);

/// A signature that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify under this key")]
pub struct BadSignature;

impl PublicKey {
    /// Checks a signature over a digest.
    ///
    /// # Errors
    /// [`BadSignature`], also where the key or the signature is no point or number of the curve.
    pub fn verify(&self, digest: &Hash, signature: &Signature) -> Result<(), BadSignature> {
        let (key, signature) = self.parts(signature)?;
        key.verify_prehash(&digest.0, &signature).map_err(|_| BadSignature)
    }

    /// Checks a signature over a message hashed with SHA-256, as consensus votes are signed.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn verify_sha256(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        use k256::ecdsa::signature::Verifier;
        let (key, signature) = self.parts(signature)?;
        key.verify(message, &signature).map_err(|_| BadSignature)
    }

    /// Whether it is a point of the curve: anything else verifies nothing.
    pub fn is_point(&self) -> bool {
        VerifyingKey::from_sec1_bytes(&self.0).is_ok()
    }

    fn parts(&self, signature: &Signature) -> Result<(VerifyingKey, ecdsa::Signature), BadSignature> {
        let key = VerifyingKey::from_sec1_bytes(&self.0).map_err(|_| BadSignature)?;
        let signature = ecdsa::Signature::from_slice(&signature.0).map_err(|_| BadSignature)?;
        Ok((key, signature))
    }
}

/// A private key. Its `Debug` shows nothing; it is wiped from memory when dropped.
#[derive(Clone)]
pub struct SigningKey(ecdsa::SigningKey);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl From<ecdsa::SigningKey> for SigningKey {
    fn from(key: ecdsa::SigningKey) -> Self {
        SigningKey(key)
    }
}

impl SigningKey {
    /// The key with this scalar, 32 bytes big-endian.
    ///
    /// # Errors
    /// [`BadSignature`] where the scalar is zero or not below the curve's order.
    pub fn from_bytes(scalar: &[u8; 32]) -> Result<Self, BadSignature> {
        ecdsa::SigningKey::from_slice(scalar).map(SigningKey).map_err(|_| BadSignature)
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 33];
        bytes.copy_from_slice(self.0.verifying_key().to_encoded_point(true).as_bytes());
        PublicKey(bytes)
    }

    /// Signs a digest.
    ///
    /// # Panics
    /// Never with a key of this curve: RFC 6979 finds a nonce for every digest.
    pub fn sign(&self, digest: &Hash) -> Signature {
        let signature: ecdsa::Signature =
            self.0.sign_prehash(&digest.0).unwrap_or_else(|_| unreachable!("RFC 6979 finds a nonce"));
        Signature(signature.to_bytes().into())
    }

    /// The key itself, for the engine and the peer network, which sign with it too.
    pub fn secret(&self) -> &ecdsa::SigningKey {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_digest_and_key_alone() {
        let key = SigningKey::from_bytes(&[3; 32]).unwrap();
        let signature = key.sign(&Hash([9; 32]));
        assert_eq!(key.sign(&Hash([9; 32])), signature, "deterministic");
        assert_eq!(key.public_key().verify(&Hash([9; 32]), &signature), Ok(()));
        assert_eq!(key.public_key().verify(&Hash([8; 32]), &signature), Err(BadSignature));
        let other = SigningKey::from_bytes(&[4; 32]).unwrap().public_key();
        assert_eq!(other.verify(&Hash([9; 32]), &signature), Err(BadSignature));
    }
}
