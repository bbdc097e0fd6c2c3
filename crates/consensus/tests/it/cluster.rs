//! A network under test.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use consensus::{Config, Handle, ListenAddress, PeerAddress, State, Status};
use ledger::{Hash, OrganisationId, SigningKey, Validator, ValidatorSet};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::toy::Toy;

/// Longest wait for anything that must happen.
pub const DEADLINE: Duration = Duration::from_secs(240);
/// How long something that must not happen is watched for.
pub const WATCH: Duration = Duration::from_secs(2);

/// Networks take turns: four nodes keep two cores busy.
static TURN: Mutex<()> = Mutex::const_new(());

pub struct Node {
    pub key: SigningKey,
    pub listen: ListenAddress,
    pub app: Arc<Toy>,
    pub handle: Option<Handle>,
}

pub struct Cluster {
    pub nodes: Vec<Node>,
    pub network: Hash,
    pub validators: ValidatorSet,
    pub heartbeat: Duration,
    dir: TempDir,
    /// Distinguishes the nodes of this network in the engine's process-wide metrics.
    name: &'static str,
    _turn: MutexGuard<'static, ()>,
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32]).unwrap()
}

pub fn free_address() -> ListenAddress {
    let port = consensus::testing::free_port().unwrap();
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

/// Waits until a node speaks to `count` peers.
pub async fn connected(handle: &Handle, count: usize) {
    let all = async {
        let mut look_again = tokio::time::interval(Duration::from_millis(50));
        while handle.peers().await.unwrap().len() < count {
            look_again.tick().await;
        }
    };
    timeout(DEADLINE, all).await.unwrap();
}

impl Cluster {
    /// Four nodes that have not started.
    pub async fn new(name: &'static str) -> Self {
        let turn = TURN.lock().await;
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        let keys: Vec<SigningKey> = (1..=4).map(key).collect();
        let validators = ValidatorSet::new(
            keys.iter()
                .zip(1..)
                .map(|(key, id)| Validator {
                    organisation: OrganisationId(id),
                    public_key: key.public_key(),
                    power: 1,
                })
                .collect(),
        );
        let network = Hash([7; 32]);
        let nodes = keys.into_iter().map(|key| Node {
            key,
            listen: free_address(),
            app: Arc::new(Toy::new(validators.clone())),
            handle: None,
        });
        let nodes = nodes.collect();
        let dir = tempfile::tempdir().unwrap();
        let heartbeat = Duration::from_secs(3600);
        let cluster = Self { nodes, network, validators, heartbeat, dir, name, _turn: turn };
        for at in 0..4 {
            consensus::create(&cluster.dir(at), &network).unwrap();
        }
        cluster
    }

    /// The same, all started.
    pub async fn started(name: &'static str) -> Self {
        let mut cluster = Self::new(name).await;
        for at in 0..4 {
            cluster.start(at).await;
        }
        cluster
    }

    pub fn dir(&self, at: usize) -> PathBuf {
        self.dir.path().join(at.to_string())
    }

    pub fn address(&self, at: usize) -> PeerAddress {
        PeerAddress::new(&self.nodes[at].listen, &self.nodes[at].key.public_key()).unwrap()
    }

    pub fn config(&self, at: usize) -> Config {
        let node = &self.nodes[at];
        let moniker = format!("{}-{at}", self.name);
        let (key, listen) = (node.key.clone(), node.listen.clone());
        let mut config =
            Config::new(self.network, moniker, key, listen, self.dir(at), self.validators.clone());
        config.peers = (0..4).filter(|other| *other != at).map(|other| self.address(other)).collect();
        config.heartbeat = self.heartbeat;
        config
    }

    pub async fn start(&mut self, at: usize) {
        let app = self.nodes[at].app.clone();
        self.nodes[at].handle = Some(consensus::start(self.config(at), app).await.unwrap());
    }

    pub async fn stop(&mut self, at: usize) {
        let handle = self.nodes[at].handle.take().unwrap();
        handle.shutdown().await;
        assert_eq!(handle.status().state, State::Stopped);
    }

    /// Loses everything of a node that was stopped, but its key.
    pub fn wipe(&mut self, at: usize) {
        std::fs::remove_dir_all(self.dir(at)).unwrap();
        self.nodes[at].app = Arc::new(Toy::new(self.validators.clone()));
    }

    pub fn handle(&self, at: usize) -> &Handle {
        self.nodes[at].handle.as_ref().unwrap()
    }

    pub fn running(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|at| self.nodes[*at].handle.is_some()).collect()
    }

    /// Puts an item into every running node's mempool, as gossip would.
    pub fn submit(&self, item: &[u8]) {
        for at in self.running() {
            self.nodes[at].app.submit(item);
        }
    }

    /// Waits until a node's status is as wanted.
    pub async fn until(&self, at: usize, what: &str, wanted: impl Fn(&Status) -> bool) -> Status {
        let mut watch = self.handle(at).watch();
        let found = timeout(DEADLINE, watch.wait_for(|status| wanted(status))).await;
        match found {
            Ok(Ok(status)) => status.clone(),
            Ok(Err(_)) => panic!("node {at} ended before {what}"),
            Err(_) => {
                for other in self.running() {
                    let peers = self.handle(other).peers().await.unwrap();
                    let names: Vec<_> = peers.iter().map(|peer| &peer.moniker).collect();
                    println!("node {other}: {:?}, peers {names:?}", self.handle(other).status());
                }
                panic!("node {at} is not {what}")
            }
        }
    }

    /// Waits until the running nodes have applied `height`.
    pub async fn reach(&self, height: u64) {
        for at in self.running() {
            self.until(at, &format!("at height {height}"), |status| status.tip.0 >= height).await;
        }
    }

    /// Submits an item and waits until it is decided on all running nodes.
    pub async fn decide(&self, item: &[u8]) {
        self.submit(item);
        for at in self.running() {
            let app = self.nodes[at].app.clone();
            self.until(at, "deciding the item", |_| app.contains(item)).await;
        }
    }

    pub fn tip(&self, at: usize) -> u64 {
        self.handle(at).status().tip.0
    }

    /// Whether a node's tip stays where it is for a while.
    pub async fn stands_still(&self, at: usize, watch_for: Duration) -> bool {
        let tip = self.tip(at);
        let mut watch = self.handle(at).watch();
        timeout(watch_for, watch.wait_for(|status| status.tip.0 > tip)).await.is_err()
    }

    /// The common prefix of all running nodes' chains is the same at all of them.
    pub fn assert_same_blocks(&self) {
        let chains: Vec<_> = self.running().into_iter().map(|at| self.nodes[at].app.blocks()).collect();
        let shortest = chains.iter().map(Vec::len).min().unwrap();
        assert!(shortest > 0);
        for chain in &chains {
            assert_eq!(chain[..shortest], chains[0][..shortest]);
        }
    }
}
