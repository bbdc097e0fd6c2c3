//! Starting and stopping Malachite.

use std::path::PathBuf;
use std::time::Duration;

use arc_malachitebft_app_channel::app::config::{
    ConsensusConfig, NodeConfig, PubSubProtocol, ValuePayload, ValueSyncConfig,
};
use arc_malachitebft_app_channel::{
    Channels, ConsensusContext, EngineHandle, NetworkContext, NetworkIdentity, RequestContext, Signer as _,
    SyncContext, WalContext, start_engine,
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
        let verifier = Box::new(NetworkVerifier { network: config.network });
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
        let started = start_engine(
            Chain,
            settings(config),
            WalContext::new(wal, Wire),
            NetworkContext::new(identity, Wire),
            consensus,
            SyncContext::new(Wire),
            RequestContext::new(16),
        );
        let (channels, handle) = started.await.map_err(|report| Error::Engine(format!("{report:#}")))?;
        Ok(Self { channels, handle })
    }

    /// After the channel of messages has closed: whether the engine has stopped and may be started again. If its
    /// supervisor still lives it holds still on purpose, because its write-ahead log failed: starting it again
    /// could sign twice.
    pub(crate) async fn may_restart(&mut self) -> bool {
        tokio::time::timeout(STOP, &mut self.handle.handle).await.is_ok()
    }

    /// Stops all of it.
    pub(crate) async fn stop(mut self) {
        let reason = Some("shutdown".to_owned());
        let node = self.handle.actor.get_cell();
        node.stop_children_and_wait(reason.clone(), Some(STOP)).await;
        node.stop(reason);
        if tokio::time::timeout(STOP, &mut self.handle.handle).await.is_err() {
            self.handle.handle.abort();
        }
    }
}
