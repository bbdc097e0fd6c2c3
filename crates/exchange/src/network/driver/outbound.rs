//! Requests of ours: for a caller who waits, and gossip.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use libp2p::PeerId;
use libp2p::request_response::{OutboundFailure, OutboundRequestId};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::Driver;
use crate::error::SendError;
use crate::message::Reply;
use crate::network::codec::Frame;
use crate::outbox::Gossip;

/// Longest time gossip is held at a peer's wish.
const HOLD_MAX: Duration = Duration::from_secs(10);

/// Who waits for an answer.
pub(super) enum Waiting {
    Caller {
        kind: &'static str,
        answer: oneshot::Sender<Result<Reply, SendError>>,
        _permit: OwnedSemaphorePermit,
    },
    Wake,
    Gossip(Gossip),
}

impl Waiting {
    fn kind(&self) -> &'static str {
        match self {
            Self::Caller { kind, .. } => kind,
            Self::Wake => "wake",
            Self::Gossip(gossip) => gossip.kind,
        }
    }
}

/// What a failure of libp2p means to the sender.
pub(super) fn failure(error: &OutboundFailure) -> SendError {
    match error {
        OutboundFailure::Timeout => SendError::Timeout,
        OutboundFailure::UnsupportedProtocols => SendError::Protocol,
        OutboundFailure::Io(error) if error.kind() == io::ErrorKind::InvalidData => SendError::Protocol,
        OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed | OutboundFailure::Io(_) => {
            SendError::Unreachable
        }
    }
}

impl Driver {
    /// Puts a request on its way, or has it fail at once.
    pub(super) fn send(&mut self, peer: PeerId, bytes: Bytes, waiting: Waiting) {
        match self.parts.swarm.behaviour_mut().links.send(peer, Frame::ours(bytes)) {
            Some(id) => {
                self.waiting.insert((peer, id), waiting);
            }
            None => self.finish(peer, waiting, Err(SendError::Unreachable)),
        }
    }

    pub(super) fn on_reply(&mut self, peer: PeerId, id: OutboundRequestId, result: Result<Reply, SendError>) {
        if let Some(waiting) = self.waiting.remove(&(peer, id)) {
            self.finish(peer, waiting, result);
            self.gossip_to(peer);
        }
    }

    fn finish(&mut self, peer: PeerId, waiting: Waiting, result: Result<Reply, SendError>) {
        let outcome = result.as_ref().map_or("failed", Reply::outcome);
        self.parts.metrics.sent(waiting.kind(), outcome);
        let state = self.peers.get_mut(&peer);
        match waiting {
            Waiting::Caller { answer, .. } => {
                // A caller who no longer waits knows that its message may have arrived.
                let _ = answer.send(result);
            }
            Waiting::Wake => {
                if let Some(state) = state {
                    state.waking = false;
                }
            }
            Waiting::Gossip(gossip) => {
                let Some(state) = state else { return };
                state.gossiping = false;
                if let Ok(Reply::Busy { retry_after_ms }) = result {
                    let hold = Duration::from_millis(retry_after_ms.into()).min(HOLD_MAX);
                    state.gossip_held_until = Some(Instant::now() + hold);
                }
                if matches!(result, Ok(Reply::Busy { .. }) | Err(SendError::Unreachable | SendError::Timeout))
                {
                    let dropped = state.link.gossip().put_back(gossip);
                    self.parts.metrics.gossip_dropped(dropped);
                }
            }
        }
    }

    pub(super) fn gossip_to_all(&mut self) {
        let peers: Vec<PeerId> = self.peers.keys().copied().collect();
        for peer in peers {
            self.gossip_to(peer);
        }
    }

    /// Sends the peer its wake-up and its next gossip message, each unless one is under way: one at a time keeps
    /// batches of one chain in order, and a wake-up waits behind no batch.
    pub(super) fn gossip_to(&mut self, peer: PeerId) {
        let Some(state) = self.peers.get_mut(&peer).filter(|state| state.connections > 0) else {
            return;
        };
        let mut outbox = state.link.gossip();
        let wake = if state.waking { None } else { outbox.next_wake() };
        let free = !state.gossiping && state.gossip_held_until.is_none();
        let next = if free { outbox.next() } else { None };
        drop(outbox);
        state.waking |= wake.is_some();
        state.gossiping |= next.is_some();
        if let Some(wake) = wake {
            self.send(peer, wake.bytes, Waiting::Wake);
        }
        if let Some(gossip) = next {
            self.send(peer, gossip.bytes.clone(), Waiting::Gossip(gossip));
        }
    }
}
