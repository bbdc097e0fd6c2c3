//! Where received messages go.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ledger::OrganisationId;
use tracing::warn;

use crate::message::{Message, Reply};
use crate::network::codec::Frame;

/// When a peer is asked to come back because the inbox took too long, in milliseconds.
const SLOW_RETRY_MS: u32 = 1_000;

/// The receiving side of the node.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Takes a message. `from` is proved by the connection; what the message says of others is not.
    ///
    /// Answer [`Reply::Accepted`] only when the message is durable, [`Reply::Duplicate`] when it was so already,
    /// and [`Reply::Busy`] rather than wait: after [`inbox_timeout`](crate::Limits::inbox_timeout) the
    /// future is dropped and the peer is told to come back. Messages of one peer may be received
    /// concurrently and twice.
    async fn receive(&self, from: OrganisationId, message: Message) -> Reply;
}

/// Decodes a frame and has it received; names the kind for the metrics.
pub(crate) async fn answer(
    inbox: Arc<dyn Inbox>,
    from: OrganisationId,
    frame: Frame,
    timeout: Duration,
) -> (&'static str, Reply) {
    let message = match Message::decode(&frame.bytes) {
        Ok(message) => message,
        Err(fault) => {
            warn!(organisation = from.0, error = %fault, "refused bytes that are no message");
            return ("unknown", Reply::to_fault(&fault));
        }
    };
    let kind = message.kind();
    let reply = match tokio::time::timeout(timeout, inbox.receive(from, message)).await {
        Ok(reply) => reply,
        Err(_) => {
            warn!(organisation = from.0, message.kind = kind, "the inbox took too long");
            Reply::Busy { retry_after_ms: SLOW_RETRY_MS }
        }
    };
    // The peer's budget is free again only now.
    drop(frame);
    (kind, reply)
}
