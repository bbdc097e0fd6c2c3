//! What can go wrong: starting and configuring ([`Error`]), sending ([`SendError`]). What can be wrong with a
//! message itself is [`MessageError`](crate::MessageError).

use ledger::OrganisationId;
use libp2p::{Multiaddr, PeerId};
use thiserror::Error;

use crate::wire::MessageError;

/// Starting the swarm, or changing its peers, failed.
#[derive(Debug, Error)]
pub enum Error {
    /// The bytes are not a secp256k1 key.
    #[error("not a secp256k1 key")]
    Key(#[source] libp2p::identity::DecodingError),
    /// The address to listen on cannot be used: in use, not ours, or of a kind other than TCP.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address from the configuration.
        address: Multiaddr,
        /// What the transport said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// TCP, Noise or yamux could not be set up.
    #[error("cannot set up the transport")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// More peers than the bound.
    #[error("{given} peers given, at most {max} are kept")]
    TooManyPeers {
        /// How many were given.
        given: usize,
        /// The bound.
        max: usize,
    },
    /// Two entries name one organisation or one peer identity, or an entry names this node.
    #[error("peer {peer_id} of organisation {organisation:?} is listed twice, or is this node")]
    DuplicatePeer {
        /// The organisation of the second entry.
        organisation: OrganisationId,
        /// Its peer identity.
        peer_id: PeerId,
    },
    /// An entry's address is not an IP address and a TCP port.
    #[error("{address} is not an IP address and a TCP port")]
    Address {
        /// The peer's address as given.
        address: Multiaddr,
    },
    /// An entry's address ends in the identity of another peer.
    #[error("address {address} does not belong to {peer_id}")]
    AddressOfAnother {
        /// The peer's address as given.
        address: Multiaddr,
        /// The peer identity as given.
        peer_id: PeerId,
    },
    /// The swarm has been shut down.
    #[error("the exchange has been shut down")]
    Closed,
}

/// A message did not get an answer. What was to be delivered is still to be delivered, except after
/// [`SendError::Message`] and [`SendError::UnknownOrganisation`]. A peer's refusal is not an error here: it
/// is [`Reply::Refused`](crate::Reply::Refused).
#[derive(Debug, Error)]
pub enum SendError {
    /// The organisation is not among the peers.
    #[error("organisation {0:?} is not among the peers")]
    UnknownOrganisation(OrganisationId),
    /// There is no connection at the moment, or it was lost before the answer: it is not known whether the
    /// peer has the message. Send the same again.
    #[error("the peer cannot be reached")]
    Unreachable,
    /// The peer did not answer in time; it is not known whether it has the message. Send the same again.
    #[error("the peer did not answer in time")]
    Timeout,
    /// The peer speaks another protocol or version, or its answer was malformed.
    #[error("the peer does not speak this protocol")]
    Protocol,
    /// The message breaks a bound and was not sent.
    #[error("the message breaks a bound")]
    Message(#[source] MessageError),
    /// The swarm has been shut down.
    #[error("the exchange has been shut down")]
    Closed,
}
