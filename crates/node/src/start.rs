//! Assembly of a node, and the order in which it stops.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use ledger::link::{NodeLink, NodeStatus};
use prometheus_client::registry::Registry;
use rand::SeedableRng;
use store::PgPool;
use store::signer_lock::SignerLock;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::batcher::{Batcher, Maker};
use crate::chain::Chain;
use crate::config::{Clock, Config};
use crate::delivery::Delivery;
use crate::ended::{Ended, Tasks, consensus_ended};
use crate::error::Error;
use crate::executor::Executor;
use crate::inbox::NodeInbox;
use crate::indexer::Indexer;
use crate::limits::{POLL, RETRY, SIGNER_PATIENCE};
use crate::mempool::Mempool;
use crate::metrics::Gauges;
use crate::notices::{Notices, padding_secret};
use crate::rest::Rest;

/// A running node. Drop it and its tasks go on until the process ends: call [`Node::shutdown`].
pub struct Node {
    chain: Arc<Chain>,
    mempool: Arc<Mempool>,
    consensus: consensus::Handle,
    exchange: exchange::Handle,
    wakes: Wakes,
    stop: CancellationToken,
    tasks: Tasks,
    _files: File,
}

/// What wakes the node's loops.
#[derive(Clone, Default)]
struct Wakes {
    batcher: Arc<Notify>,
    delivery: Arc<Notify>,
    arrived: Arc<Notify>,
}

impl Wakes {
    fn all(&self) {
        self.batcher.notify_one();
        self.delivery.notify_one();
    }
}

/// Starts a node on its organisation's database. `seed` is 32 random bytes from the operating system.
///
/// # Errors
/// [`Error`]; nothing runs then.
pub async fn start(config: Config, pool: PgPool, clock: Clock, seed: [u8; 32]) -> Result<Node, Error> {
    std::fs::create_dir_all(&config.state_dir)
        .map_err(|cause| Error::Configuration(format!("the state folder cannot be made: {cause}")))?;
    let files = lock_files(&config.state_dir)?;
    let lock = SignerLock::acquire(&pool, SIGNER_PATIENCE).await?.ok_or(Error::Signer)?;
    let chain = Arc::new(Chain::load(&pool, &config.genesis).await?);
    let mempool = Arc::new(Mempool::default());
    let wakes = Wakes::default();
    let mut random = rand::rngs::StdRng::from_seed(seed);
    let inbox = NodeInbox {
        chain: chain.clone(),
        mempool: mempool.clone(),
        pool: pool.clone(),
        clock: clock.clone(),
        arrived: wakes.arrived.clone(),
    };
    let dialling =
        Box::new(rand::rngs::StdRng::from_rng(&mut random).map_err(|e| Error::Configuration(e.to_string()))?);
    let exchange = exchange::start(exchange_config(&config, &chain)?, Arc::new(inbox), dialling).await?;
    let own_final = Arc::new(Notify::new());
    let executor = Executor {
        chain: chain.clone(),
        mempool: mempool.clone(),
        indexer: indexer(&config, &pool, &clock),
        pool: pool.clone(),
        clock: clock.clone(),
        own_final: own_final.clone(),
        rest: Rest::default(),
    };
    let consensus = consensus::start(consensus_config(&config, &chain)?, Arc::new(executor)).await?;
    let notices = Arc::new(Notices {
        pool: pool.clone(),
        organisation: config.organisation,
        chain: chain.clone(),
        clock: clock.clone(),
    });
    let stop = CancellationToken::new();
    let batcher = Batcher {
        pool: pool.clone(),
        maker: Arc::new(maker(&config, &chain, &clock)),
        mempool: mempool.clone(),
        exchange: exchange.clone(),
        wake: wakes.batcher.clone(),
        age: config.timing.batch_age,
        lock: Some(lock),
        tip: None,
    };
    let delivery = Delivery {
        pool: pool.clone(),
        exchange: exchange.clone(),
        notices: notices.clone(),
        clock,
        wake: wakes.delivery.clone(),
        random: Box::new(random),
    };
    let tasks = Tasks(vec![
        ("batcher", tokio::spawn(batcher.run(stop.clone()))),
        ("delivery", tokio::spawn(delivery.run(stop.clone()))),
        ("messages", tokio::spawn(read_messages(notices, wakes.clone(), stop.clone()))),
        ("wakes", tokio::spawn(pass_on_wakes(own_final, wakes.clone(), stop.clone()))),
        ("signals", tokio::spawn(listen(pool, wakes.clone(), stop.clone()))),
    ]);
    Ok(Node { chain, mempool, consensus, exchange, wakes, stop, tasks, _files: files })
}

fn maker(config: &Config, chain: &Arc<Chain>, clock: &Clock) -> Maker {
    Maker {
        organisation: config.organisation,
        key: config.key.clone(),
        padding_secret: padding_secret(&config.key),
        chain: chain.clone(),
        clock: clock.clone(),
    }
}

fn indexer(config: &Config, pool: &PgPool, clock: &Clock) -> Indexer {
    Indexer {
        pool: pool.clone(),
        organisation: config.organisation,
        padding_secret: padding_secret(&config.key),
        clock: clock.clone(),
    }
}

/// One node on these files: the advisory lock guards the database, this one the folder.
fn lock_files(dir: &Path) -> Result<File, Error> {
    let path = dir.join("signer.lock");
    let fault = |cause: &dyn std::fmt::Display| Error::Configuration(format!("{}: {cause}", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|e| fault(&e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Signer),
        Err(TryLockError::Error(cause)) => Err(fault(&cause)),
    }
}

fn consensus_config(config: &Config, chain: &Chain) -> Result<consensus::Config, Error> {
    let state = chain.state();
    let dir = config.state_dir.join("consensus");
    if state.height.0 == 0 {
        consensus::create(&dir, &state.network)?;
    }
    let name =
        state.directory.organisation(config.organisation).map_or_else(String::new, |own| own.name.clone());
    let listen = config.consensus_listen.parse()?;
    let validators = config.genesis.validator_set();
    let mut made = consensus::Config::new(state.network, name, config.key.clone(), listen, dir, validators);
    made.peers = config.consensus_peers.iter().map(|peer| peer.parse()).collect::<Result<_, _>>()?;
    made.heartbeat = config.timing.heartbeat;
    made.timeouts.propose = config.timing.propose;
    made.timeouts.vote = config.timing.vote;
    Ok(made)
}

fn exchange_config(config: &Config, chain: &Chain) -> Result<exchange::Config, Error> {
    let state = chain.state();
    let mut secret: [u8; 32] = config.key.secret().to_bytes().into();
    let identity = exchange::Identity::from_secret(&mut secret)?;
    let address = |text: &str| {
        text.parse::<exchange::Multiaddr>().map_err(|cause| Error::Configuration(format!("{text}: {cause}")))
    };
    let mut peers = Vec::new();
    for text in &config.exchange_peers {
        let address = address(text)?;
        let named = state.directory.organisations().find_map(|organisation| {
            let ids =
                organisation.keys_at(state.height.next()).filter_map(|key| exchange::peer_id(&key.0).ok());
            let mut ids = ids.filter(|id| text.ends_with(&id.to_string()));
            Some((organisation.id, ids.next()?))
        });
        let Some((organisation, peer_id)) = named else {
            return Err(Error::Configuration(format!(
                "{text} ends in the identity of no organisation in the directory"
            )));
        };
        peers.push(exchange::Peer { organisation, peer_id, address });
    }
    let listen = address(&config.exchange_listen)?;
    Ok(exchange::Config { identity, listen, peers, limits: exchange::Limits::default() })
}

async fn read_messages(notices: Arc<Notices>, wakes: Wakes, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let pause = match notices.read_one().await {
            Ok(true) => {
                wakes.delivery.notify_one();
                continue;
            }
            Ok(false) => POLL,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "stored messages wait; trying again"
                );
                RETRY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
            () = wakes.arrived.notified() => {}
        }
    }
}

/// A block with own batches makes room for more, and shipments in it are to be told.
async fn pass_on_wakes(own_final: Arc<Notify>, wakes: Wakes, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = own_final.notified() => wakes.all(),
        }
    }
}

/// Hears wake-ups of API processes without a node.
async fn listen(pool: PgPool, wakes: Wakes, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let Ok(mut listener) = store::notify::Listener::connect(&pool).await else {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RETRY) => continue,
            }
        };
        loop {
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                heard = listener.next() => heard,
            };
            match heard {
                Ok(store::notify::Signal::Final { .. }) => {}
                Ok(_) => wakes.all(),
                Err(_) => break,
            }
        }
    }
}

impl Node {
    /// The node as the API sees it.
    pub fn link(&self) -> Arc<dyn NodeLink> {
        let (chain, consensus, exchange) =
            (self.chain.clone(), self.consensus.clone(), self.exchange.clone());
        Arc::new(Link { chain, consensus, exchange, wakes: self.wakes.clone() })
    }

    /// Registers the metrics of the node and of its partner exchange. The engine's are apart:
    /// [`consensus_metrics`](crate::consensus_metrics).
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.exchange.metrics().register(registry);
        let (chain, mempool) = (self.chain.clone(), self.mempool.clone());
        Gauges { chain, mempool, consensus: self.consensus.clone() }.register(registry);
    }

    /// Resolves when a part of the node ended by itself: one of its loops, consensus (a halt of the executor
    /// included), or the swarm. What is left runs on until [`Node::shutdown`]. May be dropped and called again.
    pub async fn ended(&mut self) -> Ended {
        tokio::select! {
            ended = self.tasks.ended() => ended,
            ended = consensus_ended(self.consensus.watch()) => ended,
            () = self.exchange.ended() => Ended::new("exchange", "the swarm has stopped"),
        }
    }

    /// Stops in order: no more batches or messages, then consensus, then the swarm. The batcher frees the signer's lock.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.finish().await;
        self.consensus.shutdown().await;
        self.exchange.shutdown().await;
    }
}

struct Link {
    chain: Arc<Chain>,
    consensus: consensus::Handle,
    exchange: exchange::Handle,
    wakes: Wakes,
}

impl NodeLink for Link {
    fn wake(&self) {
        self.wakes.batcher.notify_one();
    }

    fn wake_delivery(&self) {
        self.wakes.delivery.notify_one();
    }

    fn status(&self) -> NodeStatus {
        let connected = self.exchange.peers().iter().filter(|peer| peer.connected).count() as u32;
        let voting = matches!(self.consensus.status().state, consensus::State::Validator);
        NodeStatus { peers: connected, voting, ..self.chain.status() }
    }
}
