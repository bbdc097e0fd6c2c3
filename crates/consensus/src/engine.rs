//! Starting and stopping Malachite.

use std::path::PathBuf;
use std::time::Duration;

use arc_malachitebft_app_channel::app::config::{
    ConsensusConfig, NodeConfig, PubSubProtocol, ValuePayload, ValueSyncConfig,
};
use arc_malachitebft_app_channel::app::engine::network::NetworkRef;
use arc_malachitebft_app_channel::app::metrics::SharedRegistry;
use arc_malachitebft_app_channel::spawn::spawn_network_actor;
use arc_malachitebft_app_channel::{
    Channels, ConsensusContext, EngineBuilder, EngineHandle, NetworkIdentity, RequestContext, Signer as _,
    SyncContext, WalContext,
};

use crate::codec::{Wire, encode};
use crate::config::Config;
use crate::context::{Address, Chain, PrivateKey};
use crate::error::{Error, Result};
use crate::signing::{KeySigner, NetworkVerifier};
use crate::{identity, limits};

/// A running engine.
pub(crate) struct Engine {
    pub channels: Channels<Chain>,
    pub network: NetworkRef<Chain>,
    handle: EngineHandle,
}

/// How long the engine's actors get to stop.
const STOP: Duration = Duration::from_secs(5);
/// How long the address and the write-ahead log may take to become free.
const START: Duration = Duration::from_secs(30);

struct Settings {
    moniker: String,
    consensus: ConsensusConfig,
    sync: ValueSyncConfig,
}

impl NodeConfig for Settings {
    fn moniker(&self) -> &str {
        &self.moniker
    }

    fn consensus(&self) -> &ConsensusConfig {
        &self.consensus
    }

    fn consensus_mut(&mut self) -> &mut ConsensusConfig {
        &mut self.consensus
    }

    fn value_sync(&self) -> &ValueSyncConfig {
        &self.sync
    }

    fn value_sync_mut(&mut self) -> &mut ValueSyncConfig {
        &mut self.sync
    }
}

/// Only listed peers, whose identity the channel proves, are spoken to; discovery is off.
fn settings(config: &Config) -> Settings {
    let mut consensus =
        ConsensusConfig { value_payload: ValuePayload::ProposalAndParts, ..Default::default() };
    let p2p = &mut consensus.p2p;
    p2p.listen_addr = config.listen.0.clone();
    p2p.persistent_peers = config.peers.iter().map(|peer| peer.0.clone()).collect();
    p2p.persistent_peers_only = true;
    p2p.protocol = PubSubProtocol::Broadcast;
    p2p.discovery.enabled = false;
    p2p.discovery.max_connections_per_ip = limits::CONNECTIONS_PER_IP_MAX;
    let network = hex::encode(&config.network.0[..8]);
    let names = &mut p2p.protocol_names;
    names.consensus = format!("/theriac/{network}/consensus/1");
    names.sync = format!("/theriac/{network}/sync/1");
    names.validator_proof = format!("/theriac/{network}/validator-proof/1");
    let sync = ValueSyncConfig {
        // Without it a node that missed a proposal waits for as long as this to hear that others went on.
        status_update_interval: Duration::from_secs(1),
        request_timeout: Duration::from_secs(5),
        // A paced network is silent for a heartbeat: silence is no reason to forget a peer.
        inactive_threshold: Duration::ZERO,
        batch_size: limits::SYNC_BATCH_MAX,
        ..Default::default()
    };
    Settings { moniker: config.moniker.clone(), consensus, sync }
}

impl Engine {
    /// Starts the engine, waiting for the address and the write-ahead log while an earlier one lets go of them.
    pub(crate) async fn start(config: &Config, votes: bool, wal: PathBuf) -> Result<Self> {
        let deadline = tokio::time::Instant::now() + START;
        loop {
            match Self::try_start(config, votes, wal.clone()).await {
                Err(error) if tokio::time::Instant::now() < deadline => {
                    tracing::debug!(%error, "the engine did not start yet");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                result => return result,
            }
        }
    }

    async fn try_start(config: &Config, votes: bool, wal: PathBuf) -> Result<Self> {
        let verifier = Box::new(NetworkVerifier::new(config.network));
        let keypair = identity::keypair(&config.key)?;
        let public = config.key.public_key();
        let (identity, consensus) = if votes {
            let address = Address(ledger::Address::of(&public).0);
            let key = PrivateKey::from_slice(&config.key.secret().to_bytes())
                .map_err(|_| Error::Config("the key does not sign".into()))?;
            let signer = KeySigner { network: config.network, key };
            let proof = signer.sign_validator_proof(public.0.to_vec(), identity::peer_bytes(&public)?).await;
            let proof = proof.map_err(|error| Error::Engine(error.to_string()))?;
            let proof = encode(crate::codec::VALIDATOR_PROOF, &proof);
            let name = address.to_string();
            (
                NetworkIdentity::new_validator(config.moniker.clone(), keypair, name, proof),
                ConsensusContext::new_validator(address, verifier, Box::new(signer)),
            )
        } else {
            (
                NetworkIdentity::new(config.moniker.clone(), keypair, None),
                ConsensusContext::new_full_node(Address::NOBODY, verifier),
            )
        };
        let settings = settings(config);
        let registry = SharedRegistry::global().with_moniker(&config.moniker);
        let network = spawn_network_actor(identity, &settings.consensus, &settings.sync, &registry, Wire);
        let (network, sender) = network.await.map_err(failed)?;
        let engine = EngineBuilder::new(Chain, settings)
            .with_default_wal(WalContext::new(wal, Wire))
            .with_custom_network(network.clone(), sender)
            .with_default_sync(SyncContext::new(Wire))
            .with_default_consensus(consensus)
            .with_default_request(RequestContext::new(16));
        match engine.build().await {
            Ok((channels, handle)) => Ok(Self { channels, network, handle }),
            Err(report) => {
                let _ = network.stop_and_wait(None, Some(STOP)).await;
                Err(failed(report))
            }
        }
    }

    /// After the channel of messages has closed: whether the engine has stopped and may be started again. If its
    /// supervisor still lives it holds still on purpose, because its write-ahead log failed: starting it again
    /// could sign twice.
    pub(crate) async fn may_restart(&mut self) -> bool {
        tokio::time::timeout(STOP, &mut self.handle.handle).await.is_ok()
    }

    /// Stops all of it.
    pub(crate) async fn stop(self) {
        let Self { channels, network, mut handle } = self;
        // An actor that waits for an answer from here would not stop.
        drop((channels, network));
        let reason = Some("shutdown".to_owned());
        let node = handle.actor.get_cell();
        // A supervisor that sees one child stop kills the others, and a killed network leaves its sockets open for a
        // while: peers would take a new connection for a second one.
        let children = node.get_children();
        children.iter().for_each(|child| child.unlink(node.clone()));
        let stops = children.iter().map(|child| child.stop_and_wait(reason.clone(), Some(STOP)));
        futures::future::join_all(stops).await;
        node.stop(reason);
        if tokio::time::timeout(STOP, &mut handle.handle).await.is_err() {
            handle.handle.abort();
        }
    }
}

fn failed(report: impl std::fmt::Display) -> Error {
    Error::Engine(format!("{report:#}"))
}
