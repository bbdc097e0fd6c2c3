//! Whoever wants to be told of events as they are captured: subscriptions to named queries (EPCIS 2.0 section 8.2.5), by
//! webhook and by WebSocket.
//!
//! `arrivals` knows up to where events are there. `worker` sends them to webhooks: it leases a row, reads a batch, sends
//! it without a transaction open, and moves the watermark when the receiver has it. A WebSocket's watermark lives in
//! memory, as long as its connection.

pub mod arrivals;
pub mod backoff;
pub mod batch;
mod deliver;
pub mod destination;
mod metrics;
pub mod schedule;
mod sender;
pub mod signature;
pub mod socket;
pub mod sockets;
pub mod vault;
pub mod worker;

use std::sync::Arc;

use ledger::SigningKey;
use tokio::sync::{Notify, watch};

use crate::auth::{Permission, Permissions};
use crate::config::WebhooksConfig;
use crate::keys::KeyError;
use crate::telemetry::Metrics;

use metrics::SubscriptionMetrics;
use sockets::Sockets;
use vault::Vault;

/// What the parts of this module share.
pub struct Subscriptions {
    /// Keeps the secrets; `None` where this process has no key for that.
    pub vault: Option<Vault>,
    /// The open WebSockets.
    pub sockets: Arc<Sockets>,
    /// Every event up to this one is committed and visible, as far as is known.
    horizon: watch::Sender<u64>,
    wanted: Notify,
    metrics: SubscriptionMetrics,
}

impl Subscriptions {
    /// No subscribers yet.
    ///
    /// # Errors
    /// When the configured key cannot be read.
    pub fn new(
        config: &WebhooksConfig,
        signing_key: Option<&SigningKey>,
        metrics: &Metrics,
    ) -> Result<Self, KeyError> {
        let vault = match (&config.key_file, signing_key) {
            (Some(file), _) => Some(Vault::new(&*crate::keys::symmetric(file)?)),
            (None, Some(key)) => Some(Vault::derived(key)),
            (None, None) => None,
        };
        let metrics = SubscriptionMetrics::register(metrics);
        let sockets = Arc::new(Sockets::new(metrics.sockets.clone()));
        Ok(Self { vault, sockets, horizon: watch::Sender::new(0), wanted: Notify::new(), metrics })
    }

    /// There may be new events.
    pub fn wake(&self) {
        self.wanted.notify_one();
    }
}

/// What a client must still be allowed for its subscriptions to be served.
fn needed() -> Vec<String> {
    [Permission::Query, Permission::Subscribe].into_iter().collect::<Permissions>().names()
}
