//! Requests and replies, one request-response behaviour a peer.
//!
//! One for each rather than one for all, because a behaviour clones its codec for every connection: each
//! peer's codec then carries that peer's budget of bytes, and a peer that floods waits for itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::iter;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::request_response::{self, OutboundRequestId, ProtocolSupport, ResponseChannel};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

use super::codec::{Frame, FrameCodec, PROTOCOL};
use crate::limits::STREAMS_PER_CONNECTION;
use crate::message::Reply;

type Inner = request_response::Behaviour<FrameCodec>;

/// The streams of all listed peers. Must be the last behaviour: it takes a connection for established as
/// soon as it has given it a handler.
pub(crate) struct Links {
    request_timeout: Duration,
    peers: BTreeMap<PeerId, Inner>,
    /// Peers that are no longer listed and whose connections are being closed.
    retired: BTreeSet<PeerId>,
    /// Peers that may have something to say, in turn.
    turns: VecDeque<PeerId>,
    queued: BTreeSet<PeerId>,
}

/// A connection to a peer that this behaviour does not know.
#[derive(Debug, thiserror::Error)]
#[error("the peer is not listed")]
struct NotListed;

impl Links {
    pub(crate) fn new(request_timeout: Duration) -> Self {
        Self {
            request_timeout,
            peers: BTreeMap::new(),
            retired: BTreeSet::new(),
            turns: VecDeque::new(),
            queued: BTreeSet::new(),
        }
    }

    /// Lists a peer.
    pub(crate) fn admit(&mut self, peer: PeerId) {
        self.retired.remove(&peer);
        let timeout = self.request_timeout;
        self.peers.entry(peer).or_insert_with(|| {
            let config = request_response::Config::default()
                .with_request_timeout(timeout)
                .with_max_concurrent_streams(STREAMS_PER_CONNECTION);
            Inner::with_codec(FrameCodec::new(), iter::once((PROTOCOL, ProtocolSupport::Full)), config)
        });
    }

    /// Takes a peer off the list; its last events still come.
    pub(crate) fn retire(&mut self, peer: PeerId) {
        self.retired.insert(peer);
        self.queue(peer);
    }

    /// Sends a request over an existing connection; `None` where there is none.
    pub(crate) fn send(&mut self, peer: PeerId, frame: Frame) -> Option<OutboundRequestId> {
        let inner = self.peers.get_mut(&peer).filter(|inner| inner.is_connected(&peer))?;
        let id = inner.send_request(&peer, frame);
        self.queue(peer);
        Some(id)
    }

    /// Answers a request. An answer that comes too late is dropped: the peer has given up.
    pub(crate) fn respond(&mut self, peer: PeerId, channel: ResponseChannel<Reply>, reply: Reply) {
        if let Some(inner) = self.peers.get_mut(&peer) {
            let _ = inner.send_response(channel, reply);
            self.queue(peer);
        }
    }

    fn queue(&mut self, peer: PeerId) {
        if self.queued.insert(peer) {
            self.turns.push_back(peer);
        }
    }

    fn listed(&mut self, peer: PeerId) -> Result<&mut Inner, ConnectionDenied> {
        self.queue(peer);
        match self.peers.get_mut(&peer) {
            Some(inner) if !self.retired.contains(&peer) => Ok(inner),
            _ => Err(ConnectionDenied::new(NotListed)),
        }
    }

    /// The peer an event of the swarm is about.
    fn subject(event: &FromSwarm) -> Option<PeerId> {
        match event {
            FromSwarm::ConnectionEstablished(event) => Some(event.peer_id),
            FromSwarm::ConnectionClosed(event) => Some(event.peer_id),
            FromSwarm::AddressChange(event) => Some(event.peer_id),
            FromSwarm::DialFailure(event) => event.peer_id,
            _ => None,
        }
    }
}

impl NetworkBehaviour for Links {
    type ConnectionHandler = THandler<Inner>;
    type ToSwarm = request_response::Event<Frame, Reply>;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.listed(peer)?.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.listed(peer)?.handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        let Some(peer) = Self::subject(&event) else { return };
        if let Some(inner) = self.peers.get_mut(&peer) {
            inner.on_swarm_event(event);
            self.queue(peer);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        if let Some(inner) = self.peers.get_mut(&peer) {
            inner.on_connection_handler_event(peer, connection, event);
            self.queue(peer);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // Everything that gives a behaviour something to say goes through a method above, which queues it.
        while let Some(peer) = self.turns.pop_front() {
            self.queued.remove(&peer);
            let Some(inner) = self.peers.get_mut(&peer) else {
                continue;
            };
            if let Poll::Ready(event) = inner.poll(cx) {
                self.queue(peer);
                return Poll::Ready(event);
            }
            if !inner.is_connected(&peer) && self.retired.remove(&peer) {
                self.peers.remove(&peer);
            }
        }
        Poll::Pending
    }
}
