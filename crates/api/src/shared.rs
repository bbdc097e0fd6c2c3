//! What every handler of a service may use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::link::NodeLink;
use store::PgPool;
use store::notify::Waker;
use uuid::Uuid;

use crate::auth::Clients;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::directory::{DirectoryView, SharedDirectory};
use crate::entropy::Entropy;
use crate::finality::Finality;
use crate::openapi::Operations;
use crate::problem::Problem;
use crate::subscriptions::Subscriptions;
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
    /// The directory after the newest block.
    pub directory: SharedDirectory,
    /// Who waits for what to become final.
    pub finality: Finality,
    /// Tells the capture worker of a new job.
    pub(crate) captures: tokio::sync::Notify,
    /// Who is told of events as they come.
    pub(crate) subscriptions: Subscriptions,
    /// Tells the node in another process of work, where none runs in this one.
    pub(crate) waker: Option<Waker>,
    /// What there is at each address, and who may.
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

    /// Tells the node, in this process or by PostgreSQL in its own, that the outbox has rows, and whoever delivers to
    /// subscribers that there may be new events. Call it after the commit.
    pub fn wake_node(&self) {
        self.subscriptions.wake();
        if let Some(node) = &self.node {
            node.wake();
        }
        if let Some(waker) = &self.waker {
            waker.wake();
        }
    }

    /// As [`Shared::wake_node`], for alerts and messages to others.
    pub fn wake_delivery(&self) {
        if let Some(node) = &self.node {
            node.wake_delivery();
        }
        if let Some(waker) = &self.waker {
            waker.wake();
        }
    }

    /// The directory after the newest block.
    ///
    /// # Errors
    /// `not-ready` before it was first read.
    pub fn view(&self) -> Result<Arc<DirectoryView>, Problem> {
        self.directory.current()
    }

    /// The address of `path` on this service, for `Location`: absolute where a public URL is configured.
    #[must_use]
    pub fn location(&self, path: &str) -> String {
        format!("{}{path}", self.config.http.public_url.as_deref().unwrap_or_default())
    }

    /// Whether the service is stopping and wants no new traffic.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
