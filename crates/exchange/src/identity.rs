//! Who a node is on the network: the same secp256k1 key that the directory lists for its organisation.

use std::fmt;

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey, secp256k1};

use crate::error::Error;

/// The node's own key, as libp2p uses it. The consensus swarm derives its peer identity in the same way,
/// so that one directory entry tells both.
#[derive(Clone)]
pub struct Identity(Keypair);

impl Identity {
    /// From the 32 bytes of a secp256k1 secret key. On success the caller's bytes are zeroed.
    ///
    /// # Errors
    /// [`Error::Key`] when the bytes are zero or not below the curve's order.
    pub fn from_secret(secret: &mut [u8; 32]) -> Result<Self, Error> {
        let secret = secp256k1::SecretKey::try_from_bytes(secret).map_err(Error::Key)?;
        Ok(Self(Keypair::from(secp256k1::Keypair::from(secret))))
    }

    /// The peer identity that others must list.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.0.public().to_peer_id()
    }

    pub(crate) fn keypair(&self) -> Keypair {
        self.0.clone()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.peer_id()).finish()
    }
}

/// The peer identity that belongs to a compressed secp256k1 public key (SEC 1 section 2.3.3, 33 bytes), as the
/// directory holds it.
///
/// # Errors
/// [`Error::Key`] when the bytes are not a point on the curve.
pub fn peer_id(public_key: &[u8; 33]) -> Result<PeerId, Error> {
    let key = secp256k1::PublicKey::try_from_bytes(public_key).map_err(Error::Key)?;
    Ok(PublicKey::from(key).to_peer_id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use k256::ecdsa::SigningKey;

    #[test]
    fn the_public_key_in_the_directory_tells_the_peer() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let public: [u8; 33] = key.verifying_key().to_sec1_bytes().as_ref().try_into().unwrap();
        let mut secret: [u8; 32] = key.to_bytes().into();
        let identity = Identity::from_secret(&mut secret).unwrap();
        assert_eq!(identity.peer_id(), peer_id(&public).unwrap());
        assert_eq!(secret, [0; 32], "the caller's copy is gone");
        assert!(!format!("{identity:?}").contains("0707"));
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        assert!(matches!(Identity::from_secret(&mut [0; 32]), Err(Error::Key(_))));
        assert!(matches!(Identity::from_secret(&mut [0xff; 32]), Err(Error::Key(_))));
        assert!(matches!(peer_id(&[4; 33]), Err(Error::Key(_))));
    }
}
