//! The loop that answers the engine. One task, one message at a time; only committing, which may wait for the
//! application's database, and pacing run beside it.

mod decisions;
mod hearing;
mod pace;
mod proposals;

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_malachitebft_app_channel::app::engine::host::Next;
use arc_malachitebft_app_channel::app::events::RxEvent;
use arc_malachitebft_app_channel::app::types::PeerId;
use arc_malachitebft_app_channel::{AppMsg, NetworkMsg, NetworkRequest, Reply};
use futures::future::pending;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

use crate::app::App;
use crate::config::Config;
use crate::context::engine::HeightParams;
use crate::context::{Chain, Height, Part, Validators};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::handle::{Command, Peer, Status};
use crate::identity::PeerAddress;
use crate::limits;
use crate::store;
use crate::streams::{Pending, Streams, lone};
use decisions::Commit;
pub(crate) use decisions::{applied_height, commit_retrying};
use pace::{Pace, Reason};

/// Why the loop ended.
pub(crate) enum End {
    /// Asked to; to be answered once the engine has stopped.
    Shutdown(Option<Reply<()>>),
    /// A follower that may vote again.
    Caught,
    /// The engine stopped by itself.
    Engine,
    /// This node must not go on.
    Halted(String),
}

/// Everything the loop knows while one engine runs.
pub(crate) struct Driver<'a> {
    pub config: &'a mut Config,
    pub app: Arc<dyn App>,
    pub store: store::Shared,
    pub engine: &'a mut Engine,
    pub commands: &'a mut mpsc::Receiver<Command>,
    pub status: &'a watch::Sender<Status>,
    pub wake: Arc<Notify>,
    /// Whether this node votes.
    pub votes: bool,
    /// The last height the application has applied; may be above the store's after the store was lost.
    pub applied: u64,
    /// The height in progress, or decided and not yet left.
    pub height: u64,
    /// Validators of `height`.
    pub validators: Validators,
    events: RxEvent<Chain>,
    streams: Streams,
    pending: Pending,
    stream_count: u32,
    commit: Option<JoinHandle<Commit>>,
    /// Set when `height` is committed: the validators of the next.
    next_validators: Option<Validators>,
    finalized: Option<Reply<Next<Chain>>>,
    pace: Option<Pace>,
    /// The highest height that a peer was seen working on, as far as it matters.
    peers_at: u64,
    /// The height last received by value sync.
    synced: u64,
    /// Heights decided in a row without value sync.
    live: u32,
    /// When a follower asks the network again to go on.
    nudge: Interval,
    /// Peers that do not hear this node.
    deaf: mpsc::Receiver<BTreeSet<PeerId>>,
}

/// What the loop waits for.
enum Event {
    Engine(Box<AppMsg<Chain>>),
    EngineGone,
    PeerAt(u64),
    Committed(Commit),
    CommitPanicked,
    Go(Reason),
    Nudge,
    Deaf(BTreeSet<PeerId>),
    Command(Command),
    HandleGone,
    Nothing,
}

/// What a driver is made of, besides what is always the same at first.
pub(crate) struct Parts<'a> {
    pub config: &'a mut Config,
    pub app: Arc<dyn App>,
    pub store: store::Shared,
    pub engine: &'a mut Engine,
    pub commands: &'a mut mpsc::Receiver<Command>,
    pub status: &'a watch::Sender<Status>,
    pub wake: Arc<Notify>,
    pub votes: bool,
    pub applied: u64,
    pub tip: u64,
    pub validators: Validators,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(parts: Parts<'a>) -> Self {
        let mut nudge = tokio::time::interval(limits::NUDGE);
        nudge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            events: parts.engine.channels.events.subscribe(),
            deaf: hearing::watch(parts.engine.network.clone()),
            config: parts.config,
            app: parts.app,
            store: parts.store,
            engine: parts.engine,
            commands: parts.commands,
            status: parts.status,
            wake: parts.wake,
            votes: parts.votes,
            applied: parts.applied,
            height: parts.tip + 1,
            validators: parts.validators,
            streams: Streams::default(),
            pending: Pending::default(),
            stream_count: 0,
            commit: None,
            next_validators: None,
            finalized: None,
            pace: None,
            peers_at: 0,
            synced: 0,
            live: 0,
            nudge,
        }
    }

    /// Answers until there is a reason to end. An error of the store ends it too: what cannot be kept must not be
    /// acknowledged.
    pub(crate) async fn run(mut self) -> Result<End> {
        loop {
            let end = match self.next().await {
                Event::Engine(message) => self.answer(*message).await?,
                Event::EngineGone => Some(End::Engine),
                Event::PeerAt(height) => {
                    self.peer_at(height);
                    None
                }
                Event::Committed(commit) => self.committed(commit)?,
                Event::CommitPanicked => Some(End::Halted("the application panicked".to_owned())),
                Event::Go(reason) => {
                    self.resume(reason).await;
                    None
                }
                Event::Nudge => {
                    self.announce(self.height).await;
                    None
                }
                Event::Deaf(peers) => {
                    self.reconnect(&peers);
                    None
                }
                Event::Command(command) => self.obey(command),
                Event::HandleGone => Some(End::Shutdown(None)),
                Event::Nothing => None,
            };
            if let Some(end) = end {
                if let Some(commit) = self.commit.take() {
                    commit.abort();
                }
                return Ok(end);
            }
        }
    }

    async fn next(&mut self) -> Event {
        let commit = async {
            match self.commit.as_mut() {
                Some(commit) => commit.await,
                None => pending().await,
            }
        };
        let pace = async {
            match self.pace.as_mut() {
                Some(pace) => pace.wait(&self.wake).await,
                None => pending().await,
            }
        };
        tokio::select! {
            message = self.engine.channels.consensus.recv() => {
                message.map_or(Event::EngineGone, |message| Event::Engine(Box::new(message)))
            }
            event = self.events.recv() => match event {
                Ok(arc_malachitebft_app_channel::app::engine::util::events::Event::Received(message)) => {
                    Event::PeerAt(message.height().0)
                }
                _ => Event::Nothing,
            },
            commit = commit => match commit {
                Ok(commit) => Event::Committed(commit),
                Err(_) => Event::CommitPanicked,
            },
            reason = pace => Event::Go(reason),
            _ = self.nudge.tick(), if !self.votes => Event::Nudge,
            Some(peers) = self.deaf.recv() => Event::Deaf(peers),
            command = self.commands.recv() => command.map_or(Event::HandleGone, Event::Command),
        }
    }

    async fn answer(&mut self, message: AppMsg<Chain>) -> Result<Option<End>> {
        match message {
            AppMsg::ConsensusReady { reply } => {
                let _ = reply.send((Height(self.height), self.params(self.validators.clone())));
            }
            AppMsg::StartedRound { height, round, reply_value, .. } => {
                let values = self.started_round(height, round).await?;
                let _ = reply_value.send(values);
            }
            AppMsg::GetValue { height, round, timeout, reply } => {
                self.build(height, round, timeout, reply).await?;
            }
            AppMsg::RestreamProposal { height, round, valid_round, value_id, .. } => {
                self.restream(height, round, valid_round, value_id).await?;
            }
            AppMsg::ReceivedProposalPart { from, part, reply, .. } => {
                let value = self.received_part(from, part).await?;
                let _ = reply.send(value);
            }
            AppMsg::Decided { certificate, reply, .. } => self.decided(&certificate, reply).await?,
            AppMsg::Finalized { reply, .. } => {
                self.finalized = Some(reply);
                self.try_next();
            }
            AppMsg::ProcessSyncedValue { height, round, proposer, value_bytes, reply } => {
                let (outcome, end) = self.synced_value(height, round, proposer, value_bytes).await?;
                let _ = reply.send(outcome);
                return Ok(end);
            }
            AppMsg::GetDecidedValues { range, reply } => {
                let _ = reply.send(self.history(range).await?);
            }
            AppMsg::GetHistoryMinHeight { reply } => {
                let first = self.store.look(|store| store.first())?;
                let _ = reply.send(Height(first));
            }
            // Vote extensions are disabled at every height: the engine asks neither.
            AppMsg::ExtendVote { reply, .. } => {
                let _ = reply.send(None);
            }
            AppMsg::VerifyVoteExtensions { reply, .. } => {
                let _ = reply.send(Vec::new());
            }
        }
        Ok(None)
    }

    fn params(&self, validators: Validators) -> HeightParams<Chain> {
        HeightParams::new(validators, self.config.timeouts.into(), None)
    }

    /// Tells all peers that there is work for a height.
    async fn announce(&mut self, height: u64) {
        self.stream_count = self.stream_count.wrapping_add(1);
        let message = lone(Part::Wake(Height(height)), self.stream_count);
        let _ = self.engine.channels.network.send(NetworkMsg::PublishProposalPart(message)).await;
    }

    fn obey(&mut self, command: Command) -> Option<End> {
        match command {
            Command::Shutdown(reply) => return Some(End::Shutdown(Some(reply))),
            Command::Peers(reply) => {
                let requests = self.engine.channels.net_requests.clone();
                tokio::spawn(async move {
                    let dump = NetworkRequest::dump_state(&requests).await.ok().flatten();
                    let peers = dump.into_iter().flat_map(|dump| dump.peers).map(|(id, info)| Peer {
                        id: id.to_string(),
                        moniker: info.moniker,
                        address: info.address.to_string(),
                    });
                    let mut peers: Vec<Peer> = peers.collect();
                    peers.sort();
                    let _ = reply.send(peers);
                });
            }
            Command::AddPeer(peer, reply) => self.add_peer(peer, reply),
            Command::RemovePeer(peer, reply) => self.remove_peer(peer, reply),
        }
        None
    }

    fn add_peer(&mut self, peer: PeerAddress, reply: Reply<Result<()>>) {
        if self.config.peers.contains(&peer) {
            let _ = reply.send(Ok(()));
            return;
        }
        self.config.peers.push(peer.clone());
        let requests = self.engine.channels.net_requests.clone();
        tokio::spawn(async move {
            let done = NetworkRequest::add_persistent_peer(&requests, peer.0).await;
            let _ = reply.send(peer_change(done));
        });
    }

    fn remove_peer(&mut self, peer: PeerAddress, reply: Reply<Result<()>>) {
        self.config.peers.retain(|known| *known != peer);
        let requests = self.engine.channels.net_requests.clone();
        tokio::spawn(async move {
            let done = NetworkRequest::remove_persistent_peer(&requests, peer.0).await;
            let _ = reply.send(peer_change(done));
        });
    }
}

fn peer_change<A: std::fmt::Display, B: std::fmt::Display>(
    done: std::result::Result<std::result::Result<(), A>, B>,
) -> Result<()> {
    match done {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Error::Engine(error.to_string())),
        Err(error) => Err(Error::Engine(error.to_string())),
    }
}
