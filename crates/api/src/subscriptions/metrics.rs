//! What operators see of subscriptions.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::telemetry::Metrics;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver has it.
    Acknowledged,
    /// It is tried again later.
    Failed,
    /// It is sent again in halves.
    TooLarge,
    /// The receiver wants no more.
    Gone,
}

impl DeliveryOutcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Failed => "failed",
            Self::TooLarge => "too_large",
            Self::Gone => "gone",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    outcome: &'static str,
}

/// Counters and gauges.
pub struct SubscriptionMetrics {
    deliveries: Family<DeliveryLabels, Counter>,
    events: Counter,
    /// Open WebSockets.
    pub sockets: Gauge,
}

impl SubscriptionMetrics {
    /// Registers them.
    pub fn register(metrics: &Metrics) -> Self {
        let this =
            Self { deliveries: Family::default(), events: Counter::default(), sockets: Gauge::default() };
        metrics.register(|registry| {
            let own = registry.sub_registry_with_prefix("subscriptions");
            own.register("deliveries", "Webhook deliveries attempted", this.deliveries.clone());
            own.register("events", "Events sent to subscribers that have them", this.events.clone());
            own.register("sockets", "Open WebSockets", this.sockets.clone());
        });
        this
    }

    /// Counts a delivery.
    pub fn delivered(&self, outcome: DeliveryOutcome) {
        self.deliveries.get_or_create(&DeliveryLabels { outcome: outcome.name() }).inc();
    }

    /// Counts events that a subscriber has.
    pub fn sent(&self, events: usize) {
        self.events.inc_by(events as u64);
    }
}
