//! One secp256k1 key is a node's validator key and its libp2p identity, so that the channel on which parts arrive
//! says which validator sent them.

use std::fmt;
use std::str::FromStr;

use ledger::SigningKey;
use libp2p::identity::{Keypair, PublicKey, secp256k1};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::error::{Error, Result};

/// The libp2p peer id of a validator, in base 58, from its public key.
///
/// # Errors
/// [`Error::Config`] if the bytes are not a point of secp256k1.
pub fn peer_id(public_key: &ledger::PublicKey) -> Result<String> {
    Ok(parse(public_key)?.to_string())
}

pub(crate) fn peer_bytes(public_key: &ledger::PublicKey) -> Result<Vec<u8>> {
    Ok(parse(public_key)?.to_bytes())
}

fn parse(public_key: &ledger::PublicKey) -> Result<PeerId> {
    let key = secp256k1::PublicKey::try_from_bytes(&public_key.0)
        .map_err(|_| Error::Config("a public key is not a point of secp256k1".into()))?;
    Ok(PublicKey::from(key).to_peer_id())
}

pub(crate) fn keypair(key: &SigningKey) -> Result<Keypair> {
    let mut bytes = key.secret().to_bytes();
    let secret = secp256k1::SecretKey::try_from_bytes(bytes.as_mut_slice())
        .map_err(|_| Error::Config("the key cannot be a libp2p identity".into()))?;
    Ok(Keypair::from(secp256k1::Keypair::from(secret)))
}

/// Where a peer listens and who it must prove to be: `/ip4/…/tcp/…/p2p/…` (or `ip6`, `dns4`, `dns6`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub(crate) Multiaddr);

impl PeerAddress {
    /// The address of the validator with `public_key` listening at `listen`.
    ///
    /// # Errors
    /// [`Error::Config`] if the key is not a point of secp256k1.
    pub fn new(listen: &ListenAddress, public_key: &ledger::PublicKey) -> Result<Self> {
        Ok(Self(listen.0.clone().with(Protocol::P2p(parse(public_key)?))))
    }

    pub(crate) fn peer(&self) -> Option<PeerId> {
        match self.0.iter().last() {
            Some(Protocol::P2p(peer)) => Some(peer),
            _ => None,
        }
    }
}

impl FromStr for PeerAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let address = parse_address(text)?;
        let mut protocols = address.iter();
        let host = protocols.next().is_some_and(|p| is_host(&p));
        let port = matches!(protocols.next(), Some(Protocol::Tcp(_)));
        let peer = matches!(protocols.next(), Some(Protocol::P2p(_)));
        if host && port && peer && protocols.next().is_none() {
            return Ok(Self(address));
        }
        Err(Error::Config(format!("peer address {text} is not /<host>/tcp/<port>/p2p/<peer id>")))
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where this node listens: `/ip4/…/tcp/…` (or `ip6`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress(pub(crate) Multiaddr);

impl FromStr for ListenAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let address = parse_address(text)?;
        let mut protocols = address.iter();
        let host = protocols.next().is_some_and(|p| is_host(&p));
        if host && matches!(protocols.next(), Some(Protocol::Tcp(_))) && protocols.next().is_none() {
            return Ok(Self(address));
        }
        Err(Error::Config(format!("listen address {text} is not /<host>/tcp/<port>")))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn parse_address(text: &str) -> Result<Multiaddr> {
    text.parse().map_err(|_| Error::Config(format!("{text} is not a multiaddress")))
}

fn is_host(protocol: &Protocol<'_>) -> bool {
    matches!(protocol, Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns4(_) | Protocol::Dns6(_))
}
