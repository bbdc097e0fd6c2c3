//! What a node needs to know.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ledger::{Genesis, OrganisationId, SigningKey};

/// Tells the time, in milliseconds since 1970 UTC.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What a node needs to know.
#[derive(Clone)]
pub struct Config {
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// The organisation's key: signs batches and votes, and names the node to its peers.
    pub key: SigningKey,
    /// What the network started from.
    pub genesis: Genesis,
    /// Folder of the node's own files.
    pub state_dir: PathBuf,
    /// Where consensus listens, a multiaddress.
    pub consensus_listen: String,
    /// Consensus addresses of the others, each ending in `/p2p/<peer id>`.
    pub consensus_peers: Vec<String>,
    /// Where partner exchange listens, a multiaddress.
    pub exchange_listen: String,
    /// Exchange addresses of the others, each ending in `/p2p/<peer id>`.
    pub exchange_peers: Vec<String>,
    /// When it acts.
    pub timing: Timing,
}

/// When a node acts and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Wait for a proposal.
    pub propose: Duration,
    /// Wait for the remaining votes.
    pub vote: Duration,
    /// Longest pause between blocks without work.
    pub heartbeat: Duration,
    /// How long the batcher gathers after the first row of a batch.
    pub batch_age: Duration,
}
