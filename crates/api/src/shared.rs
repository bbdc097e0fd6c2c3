//! What every handler of a service may use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::link::NodeLink;
use store::PgPool;
use uuid::Uuid;

use crate::auth::Clients;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::openapi::Operations;
use crate::telemetry::Metrics;

/// What every handler may use, as `web::Data<Shared>`.
pub struct Shared {
    /// The configuration.
    pub config: Arc<Config>,
    /// The organisation's database.
    pub pool: PgPool,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub entropy: Entropy,
    /// Metrics.
    pub metrics: Metrics,
    /// Who called lately.
    pub clients: Clients,
    /// The node in this process, if there is one.
    pub node: Option<Arc<dyn NodeLink>>,
    /// Which methods each address has.
    pub(crate) operations: Operations,
    pub(crate) stopping: AtomicBool,
}

impl Shared {
    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// A fresh identifier that sorts by time.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        self.entropy.uuid_v7(self.now_ms())
    }

    /// Tells the node in this process that the outbox has rows. Without one, the node finds them by polling.
    pub fn wake_node(&self) {
        if let Some(node) = &self.node {
            node.wake();
        }
    }

    /// The address of `path` on this service, for `Location`: absolute where a public URL is configured.
    #[must_use]
    pub fn location(&self, path: &str) -> String {
        format!(
            "{}{path}",
            self.config.http.public_url.as_deref().unwrap_or_default()
        )
    }

    /// Whether the service is stopping and wants no new traffic.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
