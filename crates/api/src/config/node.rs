//! `[node]`: the ledger node.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

/// Most peers of one list: a ledger of 128 organisations in a full mesh.
const PEERS_MAX: usize = 128;

/// `[node]`: the ledger node that runs beside the API, or by itself (`node`).
///
/// Addresses are libp2p multiaddresses such as `/ip4/127.0.0.1/tcp/27000`; a peer's ends in its pinned identity,
/// `/p2p/16Uiu2HA...`. Peers named by DNS are refused: whoever answers for the name could not be told apart until
/// the handshake, and the resolver has open advisories.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Folder of the node's own files (consensus store, write-ahead log), for this node alone.
    pub state_dir: PathBuf,
    /// The network's genesis file, the same at every organisation.
    pub genesis_file: PathBuf,
    /// Where consensus listens.
    pub consensus_listen: String,
    /// The other validators' and followers' consensus addresses, pinned. A list, or one text with commas.
    #[serde(default, deserialize_with = "list")]
    pub consensus_peers: Vec<String>,
    /// Where partner exchange listens.
    pub exchange_listen: String,
    /// The partners' exchange addresses, pinned. A list, or one text with commas.
    #[serde(default, deserialize_with = "list")]
    pub exchange_peers: Vec<String>,
    /// When the node acts and how long it waits.
    #[serde(default)]
    pub timing: NodeTiming,
}

/// `[node.timing]`: when the node acts and how long it waits, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeTiming {
    /// Wait for a proposal before voting nil. There is no other way past a proposer that is down, so short on a
    /// local network.
    pub propose_ms: u64,
    /// Wait for the remaining votes of a round once more than two thirds are in.
    pub vote_ms: u64,
    /// Without work, a block at least this often.
    pub heartbeat_ms: u64,
    /// A batch is closed at this age, however small.
    pub batch_age_ms: u64,
    /// How long a state change waits for its result before it is answered with `final: false`.
    pub answer_ms: u64,
}

impl Default for NodeTiming {
    fn default() -> Self {
        Self { propose_ms: 300, vote_ms: 200, heartbeat_ms: 10_000, batch_age_ms: 2, answer_ms: 250 }
    }
}

impl NodeConfig {
    pub(super) fn check(&self, require: &mut impl FnMut(bool, &dyn fmt::Display)) {
        for (key, address) in
            [("consensus_listen", &self.consensus_listen), ("exchange_listen", &self.exchange_listen)]
        {
            require(
                is_ip_address(address),
                &format_args!("node.{key} must begin with /ip4/ or /ip6/ and name a port"),
            );
        }
        for (key, peers) in
            [("consensus_peers", &self.consensus_peers), ("exchange_peers", &self.exchange_peers)]
        {
            require(
                peers.len() <= PEERS_MAX,
                &format_args!("node.{key} must have at most {PEERS_MAX} entries"),
            );
            let pinned = peers.iter().all(|peer| is_ip_address(peer) && peer.contains("/p2p/"));
            require(
                pinned,
                &format_args!(
                    "node.{key} must be /ip4/ or /ip6/ addresses that end in /p2p/ and the peer's identity"
                ),
            );
        }
        let timing = &self.timing;
        for (key, value) in [
            ("propose_ms", timing.propose_ms),
            ("vote_ms", timing.vote_ms),
            ("batch_age_ms", timing.batch_age_ms),
            ("answer_ms", timing.answer_ms),
        ] {
            require((1..=60_000).contains(&value), &format_args!("node.timing.{key} must be 1 to 60000"));
        }
        require(
            (100..=3_600_000).contains(&timing.heartbeat_ms),
            &"node.timing.heartbeat_ms must be 100 to 3600000",
        );
    }
}

fn is_ip_address(address: &str) -> bool {
    let ip = address.starts_with("/ip4/") || address.starts_with("/ip6/");
    ip && (address.contains("/tcp/") || address.contains("/udp/"))
}

/// A list, or one text with commas, which is how an environment variable says a list.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Many(Vec<String>),
        One(String),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Many(items) => items,
        Either::One(text) => {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        }
    })
}
