//! The one task that owns the swarm. It never waits for an inbox, a sender or a peer.

mod closing;
mod dialling;
mod inbound;
mod outbound;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use libp2p::request_response::{self, InboundRequestId, OutboundRequestId};
use libp2p::swarm::{ListenError, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, SwarmBuilder, core::upgrade, noise, ping, tcp, yamux};
use rand::RngCore;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{Instrument, debug, info_span, warn};

use self::dialling::PeerState;
use self::inbound::Answered;
use self::outbound::Waiting;
use super::behaviour::{Behaviour, Event};
use crate::config::{Config, Peer};
use crate::error::{Error, SendError};
use crate::inbox::Inbox;
use crate::limits::{HANDSHAKE_TIMEOUT, Limits};
use crate::message::Reply;
use crate::metrics::Metrics;
use crate::table::{Link, Table};

/// Connections are kept while their peer is listed; this is longer than any process lives.
const IDLE_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// A request of a [`Handle`](crate::Handle).
#[derive(Debug)]
pub(crate) enum Command {
    Send {
        peer: PeerId,
        kind: &'static str,
        bytes: Bytes,
        permit: OwnedSemaphorePermit,
        answer: oneshot::Sender<Result<Reply, SendError>>,
    },
    UpdatePeers {
        peers: Vec<Peer>,
        done: oneshot::Sender<()>,
    },
}

/// What a driver is made of.
pub(crate) struct Parts {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) peers: Vec<Peer>,
    pub(crate) limits: Limits,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) random: Box<dyn RngCore + Send>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) table: watch::Sender<Arc<Table>>,
    pub(crate) gossip: Arc<Notify>,
    pub(crate) metrics: Metrics,
    pub(crate) stop: CancellationToken,
    pub(crate) stopped: CancellationToken,
}

struct Driver {
    parts: Parts,
    peers: BTreeMap<PeerId, PeerState>,
    /// Requests of ours that wait for an answer.
    waiting: BTreeMap<(PeerId, OutboundRequestId), Waiting>,
    /// Requests of peers whose answers are not yet on the wire.
    unanswered: BTreeSet<(PeerId, InboundRequestId)>,
    answers: JoinSet<Answered>,
    started: Instant,
}

/// Builds the swarm and waits until it listens.
pub(crate) async fn listen(config: &Config) -> Result<(Swarm<Behaviour>, Multiaddr), Error> {
    let behaviour = Behaviour::new(&config.limits);
    let mut swarm = SwarmBuilder::with_existing_identity(config.identity.keypair())
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(|error| Error::Transport(Box::new(error)))?
        .with_behaviour(|_| behaviour)
        .map_err(|error| Error::Transport(Box::new(error)))?
        .with_swarm_config(|swarm| {
            // One protocol a stream: the request can follow its name at once, without a round trip.
            let lazy = upgrade::Version::V1Lazy;
            swarm.with_idle_connection_timeout(IDLE_TIMEOUT).with_substream_upgrade_protocol_override(lazy)
        })
        .with_connection_timeout(HANDSHAKE_TIMEOUT)
        .build();
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Listen {
        address: config.listen.clone(),
        source,
    };
    swarm.listen_on(config.listen.clone()).map_err(|error| failed(Box::new(error)))?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { address, .. } => return Ok((swarm, address)),
            SwarmEvent::ListenerError { error, .. } => return Err(failed(Box::new(error))),
            SwarmEvent::ListenerClosed { reason: Err(error), .. } => return Err(failed(Box::new(error))),
            SwarmEvent::ListenerClosed { reason: Ok(()), .. } => {
                return Err(failed("the listener closed".into()));
            }
            _ => {}
        }
    }
}

/// Starts the task.
pub(crate) fn spawn(mut parts: Parts) {
    let span = info_span!("exchange", peer = %parts.swarm.local_peer_id());
    let stopped = parts.stopped.clone().drop_guard();
    let peers = std::mem::take(&mut parts.peers);
    let mut driver = Driver {
        parts,
        peers: BTreeMap::new(),
        waiting: BTreeMap::new(),
        unanswered: BTreeSet::new(),
        answers: JoinSet::new(),
        started: Instant::now(),
    };
    driver.update_peers(peers);
    tokio::spawn(driver.run(stopped).instrument(span));
}

impl Driver {
    /// Runs until told to stop or no handle is left. `stopped` tells the handles, even after a panic.
    async fn run(mut self, stopped: DropGuard) {
        let stop = self.parts.stop.clone();
        let gossip = Arc::clone(&self.parts.gossip);
        loop {
            let due = self.next_due();
            tokio::select! {
                event = self.parts.swarm.select_next_some() => self.on_event(event),
                Some(answered) = self.answers.join_next() => self.on_answered(answered),
                command = self.parts.commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                () = gossip.notified() => self.gossip_to_all(),
                () = sleep_until(due) => self.on_due(),
                () = stop.cancelled() => break,
            }
        }
        self.drain().await;
        drop(self);
        drop(stopped);
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Send { peer, kind, bytes, permit, answer } => {
                self.send(peer, bytes, Waiting::Caller { kind, answer, _permit: permit });
            }
            Command::UpdatePeers { peers, done } => {
                self.update_peers(peers);
                let _ = done.send(());
            }
        }
    }

    fn on_event(&mut self, event: SwarmEvent<Event>) {
        match event {
            SwarmEvent::Behaviour(Event::Link(event)) => self.on_link_event(event),
            SwarmEvent::Behaviour(Event::Ping(event)) => self.on_ping(event),
            SwarmEvent::ConnectionEstablished { peer_id, num_established, .. } => {
                self.on_connected(peer_id, num_established.get());
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established, cause, .. } => {
                debug!(remote = %peer_id, ?cause, "connection closed");
                self.on_disconnected(peer_id, num_established);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.on_dial_failed(peer, &error);
            }
            SwarmEvent::IncomingConnectionError { error: ListenError::Denied { cause }, peer_id, .. } => {
                let denied = self.parts.metrics.denied();
                // A flood must not fill the log: the first, second, fourth, eighth …
                if denied.is_power_of_two() {
                    warn!(remote = ?peer_id, reason = %cause, denied, "connection refused");
                }
            }
            SwarmEvent::ListenerClosed { reason, .. } => {
                warn!(?reason, "the listener closed; peers are reached by dialling only");
            }
            _ => {}
        }
    }

    fn on_link_event(&mut self, event: request_response::Event<super::codec::Frame, Reply>) {
        use request_response::{Event, Message};
        match event {
            Event::Message { peer, message: Message::Request { request_id, request, channel }, .. } => {
                self.on_request(peer, request_id, request, channel);
            }
            Event::Message { peer, message: Message::Response { request_id, response }, .. } => {
                self.on_reply(peer, request_id, Ok(response));
            }
            Event::OutboundFailure { peer, request_id, error, .. } => {
                debug!(remote = %peer, %error, "a request failed");
                self.on_reply(peer, request_id, Err(outbound::failure(&error)));
            }
            Event::InboundFailure { peer, request_id, error, .. } => {
                debug!(remote = %peer, %error, "an answer did not get through");
                self.unanswered.remove(&(peer, request_id));
            }
            Event::ResponseSent { peer, request_id, .. } => {
                self.unanswered.remove(&(peer, request_id));
            }
        }
    }

    fn on_ping(&mut self, event: ping::Event) {
        if let Err(failure) = event.result {
            debug!(remote = %event.peer, %failure, "a connection is dead");
            self.parts.swarm.close_connection(event.connection);
        }
    }

    /// Tells the handles who is there.
    fn publish(&self) {
        let entry = |state: &PeerState| {
            (state.link.organisation, (Arc::<Link>::clone(&state.link), state.connections > 0))
        };
        let table: Table = self.peers.values().map(entry).collect();
        self.parts.metrics.connected(table.values().filter(|(_, connected)| *connected).count());
        self.parts.table.send_replace(Arc::new(table));
    }

    /// Milliseconds since the driver started, for rates.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
