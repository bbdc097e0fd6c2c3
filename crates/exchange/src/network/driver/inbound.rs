//! Requests of peers: within their rate, worked on beside the driver, answered.

use std::sync::Arc;

use libp2p::PeerId;
use libp2p::request_response::{InboundRequestId, ResponseChannel};
use tokio::task::JoinError;
use tracing::error;

use super::Driver;
use crate::inbox;
use crate::message::Reply;
use crate::network::codec::Frame;

/// When a peer that has its share of the inbox full is asked to come back, in milliseconds.
const FULL_RETRY_MS: u64 = 50;

/// A request that has been worked on.
pub(super) struct Answered {
    peer: PeerId,
    channel: ResponseChannel<Reply>,
    kind: &'static str,
    reply: Reply,
}

impl Driver {
    pub(super) fn on_request(
        &mut self,
        peer: PeerId,
        id: InboundRequestId,
        frame: Frame,
        channel: ResponseChannel<Reply>,
    ) {
        let now_ms = self.now_ms();
        // A peer that has just been taken off the list gets no answer; its connections are being closed.
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        self.unanswered.insert((peer, id));
        let place = match state.bucket.take(now_ms) {
            Ok(()) => Arc::clone(&state.inbound).try_acquire_owned().map_err(|_| FULL_RETRY_MS),
            Err(wait_ms) => Err(wait_ms),
        };
        let place = match place {
            Ok(place) => place,
            Err(wait_ms) => {
                let retry_after_ms = u32::try_from(wait_ms).unwrap_or(u32::MAX);
                self.respond(Answered {
                    peer,
                    channel,
                    kind: "unread",
                    reply: Reply::Busy { retry_after_ms },
                });
                return;
            }
        };
        let from = state.link.organisation;
        let (inbox, timeout) = (Arc::clone(&self.parts.inbox), self.parts.limits.inbox_timeout);
        self.answers.spawn(async move {
            let (kind, reply) = inbox::answer(inbox, from, frame, timeout).await;
            drop(place);
            Answered { peer, channel, kind, reply }
        });
    }

    /// An inbox that panicked costs its request, not the swarm: the peer sees its stream close.
    pub(super) fn on_answered(&mut self, answered: Result<Answered, JoinError>) {
        match answered {
            Ok(answered) => self.respond(answered),
            Err(fault) => error!(error = %fault, "the inbox failed on a message"),
        }
    }

    fn respond(&mut self, answered: Answered) {
        let Answered { peer, channel, kind, reply } = answered;
        self.parts.metrics.received(kind, reply.outcome());
        self.parts.swarm.behaviour_mut().links.respond(peer, channel, reply);
    }
}
