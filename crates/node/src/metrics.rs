//! How the node stands, for Prometheus: read when somebody asks.

use std::fmt;
use std::sync::Arc;

use consensus::State;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::chain::Chain;
use crate::mempool::Mempool;

/// The engine's metrics in the OpenMetrics text format, of all nodes of this process.
#[must_use]
pub fn consensus_metrics() -> String {
    consensus::metrics()
}

/// What the node's metrics are read from.
pub(crate) struct Gauges {
    pub(crate) chain: Arc<Chain>,
    pub(crate) mempool: Arc<Mempool>,
    pub(crate) consensus: consensus::Handle,
}

impl Gauges {
    /// Registers them under the prefix `node`.
    pub(crate) fn register(self, registry: &mut Registry) {
        registry.sub_registry_with_prefix("node").register_collector(Box::new(self));
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gauges")
    }
}

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (chain, status) = (self.chain.status(), self.consensus.status());
        let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let gauges = [
            ("block_height", "Height of the newest block indexed here", count(chain.height.0)),
            ("block_time_milliseconds", "Its time, since 1970 UTC", count(chain.time_ms)),
            ("decided_height", "Height of the newest block decided here", count(status.tip.0)),
            ("consensus_height", "Height that is being decided", count(status.height.0)),
            ("consensus_round", "Round of the height being decided", i64::from(status.round)),
            ("voting", "1 while the node votes", i64::from(status.state == State::Validator)),
            ("mempool_batches", "Batches that wait for a block", count(self.mempool.waiting() as u64)),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
