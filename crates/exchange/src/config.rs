//! What the swarm needs to know, and whether it makes sense.

use std::collections::BTreeSet;

use ledger::OrganisationId;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::error::Error;
use crate::identity::Identity;
use crate::limits::{Limits, PEERS_MAX};

/// How to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// This node's key.
    pub identity: Identity,
    /// Where to listen, for example `/ip4/0.0.0.0/tcp/7100`; port 0 lets the system choose.
    pub listen: Multiaddr,
    /// Everybody who may connect. All others are refused before any stream.
    pub peers: Vec<Peer>,
    /// Bounds.
    pub limits: Limits,
}

/// One organisation's node, as the directory lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Whose node it is. Its messages are taken for this organisation's.
    pub organisation: OrganisationId,
    /// From the organisation's key in the directory, by [`peer_id`](crate::peer_id).
    pub peer_id: PeerId,
    /// Where it listens: IP address and TCP port, with or without `/p2p/<peer id>`. Names are resolved by
    /// the caller, so that no name server decides who is dialled.
    pub address: Multiaddr,
}

/// Checks a list of peers.
pub(crate) fn check_peers(own: PeerId, peers: &[Peer]) -> Result<(), Error> {
    if peers.len() > PEERS_MAX {
        return Err(Error::TooManyPeers { given: peers.len(), max: PEERS_MAX });
    }
    let mut organisations = BTreeSet::new();
    let mut peer_ids = BTreeSet::from([own]);
    for peer in peers {
        if !organisations.insert(peer.organisation) || !peer_ids.insert(peer.peer_id) {
            return Err(Error::DuplicatePeer { organisation: peer.organisation, peer_id: peer.peer_id });
        }
        check_address(peer)?;
    }
    Ok(())
}

fn check_address(peer: &Peer) -> Result<(), Error> {
    let mut parts = peer.address.iter();
    let host = matches!(parts.next(), Some(Protocol::Ip4(_) | Protocol::Ip6(_)));
    let port = matches!(parts.next(), Some(Protocol::Tcp(1..)));
    if !host || !port {
        return Err(Error::Address { address: peer.address.clone() });
    }
    match (parts.next(), parts.next()) {
        (None, None) => Ok(()),
        (Some(Protocol::P2p(id)), None) if id == peer.peer_id => Ok(()),
        (Some(Protocol::P2p(_)), None) => {
            Err(Error::AddressOfAnother { address: peer.address.clone(), peer_id: peer.peer_id })
        }
        _ => Err(Error::Address { address: peer.address.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(organisation: u32, address: &str) -> Peer {
        let identity = Identity::from_secret(&mut [organisation as u8; 32]).unwrap();
        Peer {
            organisation: OrganisationId(organisation),
            peer_id: identity.peer_id(),
            address: address.parse().unwrap(),
        }
    }

    #[test]
    fn a_list_names_everybody_once() {
        let own = peer(9, "/ip4/192.0.2.9/tcp/7100").peer_id;
        let (a, b) = (peer(1, "/ip4/192.0.2.1/tcp/7100"), peer(2, "/ip6/2001:db8::2/tcp/7100"));
        assert!(check_peers(own, &[a.clone(), b.clone()]).is_ok());
        let same_key = Peer { organisation: OrganisationId(3), ..a.clone() };
        let same_organisation = Peer { organisation: OrganisationId(1), ..b.clone() };
        let myself = Peer { peer_id: own, ..b };
        for second in [same_key, same_organisation, Peer { organisation: OrganisationId(4), ..myself }] {
            let listed = if second.peer_id == own { vec![second] } else { vec![a.clone(), second] };
            assert!(matches!(check_peers(own, &listed), Err(Error::DuplicatePeer { .. })));
        }
        let many = vec![a; PEERS_MAX + 1];
        assert!(matches!(check_peers(own, &many), Err(Error::TooManyPeers { .. })));
    }

    #[test]
    fn an_address_is_ip_tcp_and_no_other_peer() {
        let own = PeerId::random();
        let mut pinned = peer(1, "/ip4/192.0.2.1/tcp/7100");
        pinned.address = pinned.address.with_p2p(pinned.peer_id).unwrap();
        assert!(check_peers(own, std::slice::from_ref(&pinned)).is_ok());
        pinned.peer_id = PeerId::random();
        assert!(matches!(check_peers(own, &[pinned]), Err(Error::AddressOfAnother { .. })));
        for wrong in ["/dns4/example.org/tcp/7100", "/ip4/192.0.2.1/tcp/0", "/ip4/192.0.2.1", "/memory/5"] {
            assert!(matches!(check_peers(own, &[peer(1, wrong)]), Err(Error::Address { .. })), "{wrong}");
        }
    }
}
