//! A service as data, and what makes an executable of it.

mod cli;
mod housekeeping;
mod http;
mod lifecycle;

use std::error::Error;
use std::sync::Arc;

use actix_web::web;
use futures::future::BoxFuture;
use ledger::SigningKey;
use ledger::link::NodeLink;
use store::PgPool;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::clock::SharedClock;
use crate::config::{Config, ConfigError};
use crate::entropy::Entropy;
use crate::keys::KeyError;
use crate::shared::Shared;
use crate::telemetry::{Metrics, TelemetryError};

pub use cli::run;
pub use housekeeping::{ANSWERS_KEPT_MS, tidy};
pub use lifecycle::{Parts, Roles, Running, start};

/// What one of the four executables is made of.
#[derive(Clone)]
pub struct ServiceDefinition {
    /// Name of the executable, such as `pharmacy`.
    pub name: &'static str,
    /// Title of its OpenAPI document.
    pub title: &'static str,
    /// What it is for; Markdown.
    pub description: &'static str,
    /// Registers its routes. Takes no pool, so that the document prints without a database.
    pub routes: fn(&mut ServiceConfig),
    /// Builds what its routes share: coalescers, caches, workers. Runs once, before the port opens.
    pub assemble: fn(&web::Data<Shared>, &mut Assembly) -> Result<(), BoxError>,
    /// Starts the ledger node. Handed in by the service, because this crate does not know the node.
    pub start_node: StartNode,
}

/// Any error of a service's own code.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Starts the ledger node.
pub type StartNode =
    Arc<dyn Fn(NodeContext) -> BoxFuture<'static, Result<RunningNode, BoxError>> + Send + Sync>;

/// What a node is started with.
#[derive(Clone)]
pub struct NodeContext {
    /// The whole configuration; `config.node` is there.
    pub config: Arc<Config>,
    /// The organisation's database; its schema was checked.
    pub pool: PgPool,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub entropy: Entropy,
    /// The organisation's signing key.
    pub signing_key: SigningKey,
    /// Where the node registers its metrics.
    pub metrics: Metrics,
}

/// A node that runs.
pub struct RunningNode {
    /// What the API may ask of it.
    pub link: Arc<dyn NodeLink>,
    /// Resolves with the reason when the node, or a part that it cannot do without, ends by itself. Polled all the
    /// time; the node is stopped afterwards as otherwise.
    pub ended: BoxFuture<'static, BoxError>,
    /// Stops it; resolves after everything it accepted is safe. Called once.
    pub stop: StopNode,
}

/// Stops a node.
pub type StopNode = Box<dyn FnOnce() -> BoxFuture<'static, Result<(), BoxError>> + Send>;

/// What a service's routes share, while it is put together.
pub struct Assembly {
    data: Vec<AppData>,
    tasks: TaskTracker,
    stop: CancellationToken,
    lost: mpsc::UnboundedSender<&'static str>,
}

/// Adds one value to an application; run for each worker.
type AppData = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

impl Assembly {
    fn new(stop: CancellationToken, lost: mpsc::UnboundedSender<&'static str>) -> Self {
        Self { data: Vec::new(), tasks: TaskTracker::new(), stop, lost }
    }

    /// Gives `value` to the handlers, as `web::Data<T>`.
    pub fn provide<T: Send + Sync + 'static>(&mut self, value: T) {
        let data = web::Data::new(value);
        self.data.push(Arc::new(move |app| {
            app.app_data(data.clone());
        }));
    }

    /// The tasks that a shutdown waits for, once no request is under way. For [`Coalescer`](crate::coalesce::Coalescer).
    #[must_use]
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Starts a worker. It must end soon after the token it is given is cancelled, and not before: a service whose
    /// worker ends by itself, by a panic too, stops.
    pub fn spawn<F>(&mut self, name: &'static str, worker: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let span = tracing::info_span!("worker", worker.name = name);
        let end = WorkerEnd { name, stop: self.stop.clone(), lost: self.lost.clone() };
        let work = worker(self.stop.child_token());
        let watched = async move {
            let _told_when_dropped = end;
            work.await;
        };
        self.tasks.spawn(watched.instrument(span));
    }
}

/// Dropped with its worker, however that ends.
struct WorkerEnd {
    name: &'static str,
    stop: CancellationToken,
    lost: mpsc::UnboundedSender<&'static str>,
}

impl Drop for WorkerEnd {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() {
            // Nobody listens any more where the service is being dropped.
            let _gone = self.lost.send(self.name);
        }
    }
}

/// Why a service cannot start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The configuration cannot be used: correct it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The signing key cannot be used.
    #[error("the signing key cannot be used")]
    Key(#[from] KeyError),
    /// The key under which the secrets of subscriptions are encrypted cannot be used.
    #[error("the key of [webhooks] cannot be used")]
    WebhookKey(#[source] KeyError),
    /// Logging cannot start.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The database cannot be used: start it, or run `migrate`.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP server ended by itself.
    #[error("the HTTP server ended")]
    Http(#[source] std::io::Error),
    /// The node cannot start.
    #[error("the node cannot start")]
    NodeStart(#[source] BoxError),
    /// The node ended by itself.
    #[error("the node ended")]
    Node(#[source] BoxError),
    /// A worker of the service ended by itself.
    #[error("the worker {0} ended; the log says why")]
    Worker(&'static str),
    /// The service's own parts cannot be put together.
    #[error("the service cannot be put together")]
    Assembly(#[source] BoxError),
    /// The runtime, its signals or its output failed.
    #[error("the operating system refused")]
    System(#[from] std::io::Error),
    /// What was typed cannot be done.
    #[error("{0}")]
    Usage(String),
}
