//! Start and stop, in order: database, node, workers, server; and the way back.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web;
use futures::future::BoxFuture;
use ledger::SigningKey;
use store::PgPool;
use store::notify::Waker;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::housekeeping::keep_tidy;
use super::http::{Surface, serve};
use super::{Assembly, BoxError, NodeContext, RunningNode, ServiceDefinition, ServiceError, StopNode};
use crate::auth::Clients;
use crate::clock::SharedClock;
use crate::config::{Config, ConfigError};
use crate::directory::SharedDirectory;
use crate::entropy::Entropy;
use crate::finality::{Finality, follow};
use crate::openapi::{self, Operations};
use crate::shared::Shared;
use crate::subscriptions::{self, Subscriptions};
use crate::telemetry::Metrics;

/// How long workers may take to end, after which they are left: what they do is safe to be cut off anywhere.
const WORKERS_STOP_MAX: Duration = Duration::from_secs(10);
/// How long the node may take: a block under way, fsync included.
const NODE_STOP_MAX: Duration = Duration::from_secs(15);
/// How long connections may take to close.
const POOL_STOP_MAX: Duration = Duration::from_secs(5);

/// What a service is started with, all of it from outside.
pub struct Parts {
    /// The configuration, checked.
    pub config: Arc<Config>,
    /// The organisation's database.
    pub pool: PgPool,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub entropy: Entropy,
    /// The organisation's signing key; needed where a node runs.
    pub signing_key: Option<SigningKey>,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roles {
    /// The API, and the node beside it.
    ApiAndNode,
    /// The API alone: a replica.
    Api,
    /// The node alone, with health and metrics.
    Node,
}

/// A service that runs. Dropping it without [`Running::stop`] leaves the server running.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its handlers share.
    pub shared: web::Data<Shared>,
    server: BoxFuture<'static, std::io::Result<()>>,
    handle: ServerHandle,
    tasks: TaskTracker,
    stop_workers: CancellationToken,
    node: Option<NodeEnd>,
    lost_workers: mpsc::UnboundedReceiver<&'static str>,
}

struct NodeEnd {
    ended: BoxFuture<'static, BoxError>,
    stop: StopNode,
}

/// Starts a service whose database was checked.
///
/// # Errors
/// [`ServiceError`]; nothing is left running then but what the node itself left.
pub async fn start(
    definition: &ServiceDefinition,
    roles: Roles,
    parts: Parts,
) -> Result<Running, ServiceError> {
    let listener = listen(parts.config.http.listen)?;
    let address = listener.local_addr()?;
    let metrics = Metrics::new();
    let node = match roles {
        Roles::Api => None,
        Roles::ApiAndNode | Roles::Node => Some(start_node(definition, &parts, &metrics).await?),
    };
    let (link, node) = match node {
        Some(node) => (Some(node.link), Some(NodeEnd { ended: node.ended, stop: node.stop })),
        None => (None, None),
    };
    let subscriptions = Subscriptions::new(&parts.config.webhooks, parts.signing_key.as_ref(), &metrics)
        .map_err(ServiceError::WebhookKey)?;
    let pool = parts.pool.clone();
    let clients = Clients::new(Arc::clone(&parts.clock), &parts.config.http);
    let shared = web::Data::new(Shared {
        config: parts.config,
        pool: parts.pool,
        clock: parts.clock,
        entropy: parts.entropy,
        metrics,
        clients,
        waker: link.is_none().then(|| Waker::start(pool.clone())),
        node: link,
        directory: SharedDirectory::default(),
        finality: Finality::default(),
        captures: tokio::sync::Notify::new(),
        subscriptions,
        operations: Operations::of(openapi::document(definition)),
        stopping: AtomicBool::new(false),
    });
    let stop_workers = CancellationToken::new();
    let (lost, lost_workers) = mpsc::unbounded_channel();
    let mut assembly = Assembly::new(stop_workers.clone(), lost);
    let surface = if roles == Roles::Node { Surface::Health } else { Surface::Whole };
    if surface == Surface::Whole {
        (definition.assemble)(&shared, &mut assembly).map_err(ServiceError::Assembly)?;
        let (directory, finality) = (shared.directory.clone(), shared.finality.clone());
        assembly.spawn("follow", |stop| follow(pool, directory, finality, stop));
        let captures = shared.clone().into_inner();
        assembly.spawn("capture", |stop| crate::worker::run(captures, stop));
        let (arrivals, deliveries) = (shared.clone().into_inner(), shared.clone().into_inner());
        assembly.spawn("arrivals", |stop| subscriptions::arrivals::follow(arrivals, stop));
        assembly.spawn("deliveries", |stop| subscriptions::worker::run(deliveries, stop));
        assembly.spawn("housekeeping", |stop| keep_tidy(shared.clone(), stop));
    }
    let tasks = assembly.tasks;
    let server = serve(definition, surface, shared.clone(), assembly.data, listener)?;
    let handle = server.handle();
    tracing::info!(service.name = definition.name, http.address = %address, "listening");
    Ok(Running { address, shared, server: Box::pin(server), handle, tasks, stop_workers, node, lost_workers })
}

fn listen(address: SocketAddr) -> Result<TcpListener, ServiceError> {
    TcpListener::bind(address).map_err(|source| ServiceError::Listen { address, source })
}

async fn start_node(
    definition: &ServiceDefinition,
    parts: &Parts,
    metrics: &Metrics,
) -> Result<RunningNode, ServiceError> {
    let missing = |what: &str| ConfigError::Invalid(vec![format!("[{what}] is needed where a node runs")]);
    if parts.config.node.is_none() {
        return Err(missing("node").into());
    }
    let context = NodeContext {
        config: Arc::clone(&parts.config),
        pool: parts.pool.clone(),
        clock: Arc::clone(&parts.clock),
        entropy: parts.entropy.clone(),
        signing_key: parts.signing_key.clone().ok_or_else(|| missing("keys"))?,
        metrics: metrics.clone(),
    };
    (definition.start_node)(context).await.map_err(ServiceError::NodeStart)
}

impl Running {
    /// Serves until `asked` ends, or the server, the node or a worker end by themselves; then stops everything in
    /// order.
    ///
    /// # Errors
    /// What ended, and why, when nobody had asked.
    pub async fn run_until(mut self, asked: impl Future<Output = ()>) -> Result<(), ServiceError> {
        let node_ended = async {
            match &mut self.node {
                Some(node) => (&mut node.ended).await,
                None => std::future::pending().await,
            }
        };
        let (server_runs, outcome) = tokio::select! {
            () = asked => (true, Ok(())),
            ended = &mut self.server => (false, ended.map_err(ServiceError::Http)),
            cause = node_ended => (true, Err(ServiceError::Node(cause))),
            Some(worker) = self.lost_workers.recv() => (true, Err(ServiceError::Worker(worker))),
        };
        if let Err(error) = &outcome {
            tracing::error!(error = crate::server::cli::chain(error), "the service cannot go on and stops");
        }
        self.stop(server_runs).await;
        outcome
    }

    /// Stops accepting, lets requests finish, ends workers, then the node, then the pool.
    async fn stop(self, server_runs: bool) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        // A WebSocket is a request that never finishes by itself.
        self.shared.subscriptions.sockets.end_all();
        tracing::info!("stopping: requests under way");
        let Self { server, handle, .. } = self;
        if server_runs {
            // The server must be polled while it drains; it drops the application's data at its end.
            let (_drained, _ended) = futures::join!(handle.stop(true), server);
        } else {
            drop(server);
            handle.stop(false).await;
        }
        tracing::info!("stopping: workers");
        self.stop_workers.cancel();
        self.tasks.close();
        warn_if_late("workers", timeout(WORKERS_STOP_MAX, self.tasks.wait()).await);
        if let Some(node) = self.node {
            tracing::info!("stopping: node");
            let stopping = timeout(NODE_STOP_MAX, (node.stop)());
            if let Some(Err(error)) = warn_if_late("node", stopping.await) {
                tracing::error!(error = %crate::server::cli::chain(&*error), "the node ended with an error");
            }
        }
        warn_if_late("pool", timeout(POOL_STOP_MAX, self.shared.pool.close()).await);
        tracing::info!("stopped");
    }
}

fn warn_if_late<T>(what: &str, outcome: Result<T, tokio::time::error::Elapsed>) -> Option<T> {
    if outcome.is_err() {
        tracing::warn!(what, "did not end in time and is left");
    }
    outcome.ok()
}
