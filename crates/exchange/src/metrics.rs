//! Counters for Prometheus. They name kinds and outcomes, never contents.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What a message was and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Outcome {
    kind: &'static str,
    outcome: &'static str,
}

/// The exchange's counters; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    received: Family<Outcome, Counter>,
    sent: Family<Outcome, Counter>,
    connected: Gauge,
    denied: Counter,
    gossip_dropped: Counter,
}

impl Metrics {
    /// Registers all counters under the prefix `exchange`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("exchange");
        registry.register("received", "Messages received, by kind and answer", self.received.clone());
        registry.register("sent", "Messages sent, by kind and answer or failure", self.sent.clone());
        registry.register("peers_connected", "Peers with a connection", self.connected.clone());
        registry.register("connections_denied", "Connections refused at the door", self.denied.clone());
        registry.register(
            "gossip_dropped",
            "Gossip given up: replaced, no room, or tried in vain",
            self.gossip_dropped.clone(),
        );
    }

    pub(crate) fn received(&self, kind: &'static str, outcome: &'static str) {
        self.received.get_or_create(&Outcome { kind, outcome }).inc();
    }

    pub(crate) fn sent(&self, kind: &'static str, outcome: &'static str) {
        self.sent.get_or_create(&Outcome { kind, outcome }).inc();
    }

    pub(crate) fn connected(&self, peers: usize) {
        self.connected.set(i64::try_from(peers).unwrap_or(i64::MAX));
    }

    /// Counts one more and returns how many there were.
    pub(crate) fn denied(&self) -> u64 {
        self.denied.inc() + 1
    }

    pub(crate) fn gossip_dropped(&self, count: u64) {
        self.gossip_dropped.inc_by(count);
    }

    /// Connections refused at the door so far.
    #[must_use]
    pub fn connections_denied(&self) -> u64 {
        self.denied.get()
    }

    /// Messages received so far of this kind with this answer, by their names in [`crate::Message::kind`] and
    /// [`crate::Reply::outcome`].
    #[must_use]
    pub fn messages_received(&self, kind: &'static str, outcome: &'static str) -> u64 {
        self.received.get_or_create(&Outcome { kind, outcome }).get()
    }
}
