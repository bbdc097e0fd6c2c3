//! What a connection must pass, in this order, and what runs on it.

use std::convert::Infallible;

use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{PeerId, ping, request_response};

use super::codec::Frame;
use super::gate::Gate;
use super::links::Links;
use crate::limits::{CONNECTIONS_PER_PEER, Limits, PEERS_MAX, PING_INTERVAL, PING_TIMEOUT};
use crate::message::Reply;

/// The derive asks the fields in order: a peer that is not listed is refused by the first, before any stream.
#[derive(NetworkBehaviour)]
#[behaviour(to_swarm = "Event")]
pub(crate) struct Behaviour {
    pub(crate) allowed: allow_block_list::Behaviour<AllowedPeers>,
    pub(crate) gate: Gate,
    limits: connection_limits::Behaviour,
    ping: ping::Behaviour,
    pub(crate) links: Links,
}

/// What the behaviours tell the driver.
#[derive(Debug)]
pub(crate) enum Event {
    Ping(ping::Event),
    Link(request_response::Event<Frame, Reply>),
}

impl Behaviour {
    pub(crate) fn new(limits: &Limits) -> Self {
        let connections = u32::try_from(PEERS_MAX).unwrap_or(u32::MAX).saturating_mul(CONNECTIONS_PER_PEER);
        let connections = ConnectionLimits::default()
            .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER))
            .with_max_established(Some(connections));
        let ping = ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT);
        Self {
            allowed: allow_block_list::Behaviour::default(),
            gate: Gate::default(),
            limits: connection_limits::Behaviour::new(connections),
            ping: ping::Behaviour::new(ping),
            links: Links::new(limits.request_timeout),
        }
    }

    /// Lists a peer in every behaviour that keeps a list.
    pub(crate) fn admit(&mut self, peer: PeerId) {
        self.allowed.allow_peer(peer);
        self.links.admit(peer);
    }

    /// Takes a peer off every list; its connections are closed.
    pub(crate) fn retire(&mut self, peer: PeerId) {
        self.allowed.disallow_peer(peer);
        self.links.retire(peer);
    }
}

impl From<Infallible> for Event {
    fn from(event: Infallible) -> Self {
        match event {}
    }
}

impl From<ping::Event> for Event {
    fn from(event: ping::Event) -> Self {
        Self::Ping(event)
    }
}

impl From<request_response::Event<Frame, Reply>> for Event {
    fn from(event: request_response::Event<Frame, Reply>) -> Self {
        Self::Link(event)
    }
}
