//! Who may begin a handshake: places for listed addresses that strangers cannot take.
//!
//! Before the handshake only the address is known. A stranger who opens sockets and stays silent fills the
//! places of strangers, and the partners still get in. (Partners also reach each other by dialling out.)

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::IpAddr;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::ListenFailure;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::limits::{PENDING_LISTED, PENDING_UNLISTED};

/// Counts inbound connections that are still in their handshake.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    listed: BTreeSet<IpAddr>,
    /// Pending connections, and whether their address is listed.
    pending: BTreeMap<ConnectionId, bool>,
}

/// All places for handshakes of this kind are taken.
#[derive(Debug, thiserror::Error)]
#[error("too many handshakes are under way")]
struct Full;

impl Gate {
    /// Replaces the addresses that have places of their own.
    pub(crate) fn list<'a>(&mut self, addresses: impl Iterator<Item = &'a Multiaddr>) {
        self.listed = addresses.filter_map(ip_of).collect();
    }

    fn admit(&mut self, connection: ConnectionId, remote: &Multiaddr) -> Result<(), ConnectionDenied> {
        let listed = ip_of(remote).is_some_and(|ip| self.listed.contains(&ip));
        let max = if listed { PENDING_LISTED } else { PENDING_UNLISTED };
        if self.pending.values().filter(|other| **other == listed).count() >= max {
            return Err(ConnectionDenied::new(Full));
        }
        self.pending.insert(connection, listed);
        Ok(())
    }
}

fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.to_canonical()),
        _ => None,
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.admit(connection, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.pending.remove(&connection);
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        if let FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) = event {
            self.pending.remove(&connection_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(ip: &str) -> Multiaddr {
        format!("/ip4/{ip}/tcp/9").parse().unwrap()
    }

    #[test]
    fn strangers_take_no_place_of_a_partner() {
        let mut gate = Gate::default();
        gate.list([address("192.0.2.1")].iter());
        let (partner, stranger) = (address("192.0.2.1"), address("198.51.100.7"));
        let admitted = |gate: &mut Gate, from: &Multiaddr, first: usize| {
            let ids = (first..first + 100).map(ConnectionId::new_unchecked);
            ids.filter(|id| gate.admit(*id, from).is_ok()).count()
        };
        assert_eq!(admitted(&mut gate, &stranger, 0), PENDING_UNLISTED);
        assert_eq!(admitted(&mut gate, &partner, 100), PENDING_LISTED);
        let freed = ConnectionId::new_unchecked(0);
        gate.handle_established_inbound_connection(freed, PeerId::random(), &partner, &stranger).unwrap();
        assert_eq!(admitted(&mut gate, &stranger, 200), 1);
    }
}
