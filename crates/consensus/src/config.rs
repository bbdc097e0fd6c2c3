use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ledger::{Hash, SigningKey, ValidatorSet};

use crate::context::engine::LinearTimeouts;
use crate::identity::{ListenAddress, PeerAddress};

/// What a node needs to take part.
#[derive(Clone)]
pub struct Config {
    /// Hash of the genesis file: in every signed message, and in the protocol names peers must share.
    pub network: Hash,
    /// Name in logs and metrics, for people.
    pub moniker: String,
    /// Validator key and libp2p identity.
    pub key: SigningKey,
    /// Where to listen.
    pub listen: ListenAddress,
    /// The only peers spoken to, followers included. More can be added at run time.
    pub peers: Vec<PeerAddress>,
    /// Folder of the store and the write-ahead log, made by [`create`](crate::create).
    pub dir: PathBuf,
    /// How long each step of a round may take.
    pub timeouts: Timeouts,
    /// Longest pause between blocks when there is no work. Default 30 s.
    pub heartbeat: Duration,
    /// Validators of height 1.
    pub genesis: ValidatorSet,
    /// How much history to keep.
    pub history: History,
}

impl Config {
    /// A configuration with the default timeouts, heartbeat and full history, and no peers.
    pub fn new(
        network: Hash,
        moniker: impl Into<String>,
        key: SigningKey,
        listen: ListenAddress,
        dir: PathBuf,
        genesis: ValidatorSet,
    ) -> Self {
        Self {
            network,
            moniker: moniker.into(),
            key,
            listen,
            peers: Vec::new(),
            dir,
            timeouts: Timeouts::default(),
            heartbeat: Duration::from_secs(30),
            genesis,
            history: History::All,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("moniker", &self.moniker)
            .field("listen", &self.listen)
            .field("peers", &self.peers)
            .field("dir", &self.dir)
            .field("timeouts", &self.timeouts)
            .field("heartbeat", &self.heartbeat)
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}

/// How long a step may take in round 0, and how much longer in each further round. A dead proposer costs the
/// network `propose` once in every turn: keep it near the longest honest delivery of a full block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Wait for a complete proposal. Default 300 ms.
    pub propose: Duration,
    /// Wait for stragglers after votes for different values. Default 150 ms.
    pub vote: Duration,
    /// Added to each of them every round. Default 150 ms.
    pub delta: Duration,
    /// Send the own vote again when a round makes no progress. Default 1 s.
    pub rebroadcast: Duration,
    /// No wait grows past this. Default 10 s.
    pub max: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            propose: Duration::from_millis(300),
            vote: Duration::from_millis(150),
            delta: Duration::from_millis(150),
            rebroadcast: Duration::from_secs(1),
            max: Duration::from_secs(10),
        }
    }
}

impl From<Timeouts> for LinearTimeouts {
    fn from(t: Timeouts) -> Self {
        Self {
            propose: t.propose,
            propose_delta: t.delta,
            prevote: t.vote,
            prevote_delta: t.delta,
            precommit: t.vote,
            precommit_delta: t.delta,
            rebroadcast: t.rebroadcast,
            max_timeout: t.max,
        }
    }
}

/// How many decided blocks the store keeps for peers that catch up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// All of them. At least one reachable node must keep all, or no new node can join from genesis.
    All,
    /// At least this many of the latest; whole segments before them are deleted.
    Last(u64),
}
