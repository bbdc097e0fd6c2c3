//! What a service's API asks of the running node, and nothing more: they share a process, not code.

use crate::{Hash, Height};

/// How the node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeStatus {
    /// Height of the last block executed and indexed.
    pub height: Height,
    /// Its hash.
    pub block: Hash,
    /// Its time, in milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// How many validators are connected.
    pub peers: u32,
    /// Whether the node takes part in voting: it does not while it follows after its consensus files were lost, nor once
    /// it has halted.
    pub voting: bool,
}

/// The running node, as its API sees it.
pub trait NodeLink: Send + Sync {
    /// Tells the batcher that the outbox has rows. Cheap; may be called for every request.
    fn wake(&self);

    /// Tells the delivery that there may be alerts or messages for others.
    fn wake_delivery(&self);

    /// How the node stands.
    fn status(&self) -> NodeStatus;
}
