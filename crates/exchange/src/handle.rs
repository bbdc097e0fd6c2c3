//! What the node holds of a running swarm.

use std::sync::Arc;
use std::time::Duration;

use ledger::OrganisationId;
use libp2p::{Multiaddr, PeerId};
use rand::RngCore;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Peer, check_peers};
use crate::error::{Error, SendError};
use crate::inbox::Inbox;
use crate::limits::COMMANDS_MAX;
use crate::message::{Message, Reply};
use crate::metrics::Metrics;
use crate::network::driver::{self, Command, Parts};
use crate::outbox::Gossip;
use crate::table::{Link, PeerStatus, PeerWatch, Table};

/// A running swarm. Clones share it; when the last one is dropped the swarm shuts down.
#[derive(Debug, Clone)]
pub struct Handle {
    peer_id: PeerId,
    listen: Multiaddr,
    request_timeout: Duration,
    commands: mpsc::Sender<Command>,
    table: watch::Receiver<Arc<Table>>,
    gossip: Arc<Notify>,
    metrics: Metrics,
    stop: CancellationToken,
    stopped: CancellationToken,
}

/// Starts to listen, to dial every peer, and to hand what they send to `inbox`. `random` spreads
/// reconnections; hand over the operating system's generator, or a seeded one in a simulation.
///
/// Must be called within a tokio runtime with time and I/O.
///
/// # Errors
/// [`Error::Listen`] when the address cannot be used; the errors of [`Handle::update_peers`].
pub async fn start(
    config: Config,
    inbox: Arc<dyn Inbox>,
    random: Box<dyn RngCore + Send>,
) -> Result<Handle, Error> {
    let peer_id = config.identity.peer_id();
    check_peers(peer_id, &config.peers)?;
    let (swarm, listen) = driver::listen(&config).await?;
    let (commands, commands_out) = mpsc::channel(COMMANDS_MAX);
    let (table_in, table) = watch::channel(Arc::new(Table::new()));
    let handle = Handle {
        peer_id,
        listen,
        request_timeout: config.limits.request_timeout,
        commands,
        table,
        gossip: Arc::new(Notify::new()),
        metrics: Metrics::default(),
        stop: CancellationToken::new(),
        stopped: CancellationToken::new(),
    };
    driver::spawn(Parts {
        swarm,
        peers: config.peers,
        limits: config.limits,
        inbox,
        random,
        commands: commands_out,
        table: table_in,
        gossip: Arc::clone(&handle.gossip),
        metrics: handle.metrics.clone(),
        stop: handle.stop.clone(),
        stopped: handle.stopped.clone(),
    });
    Ok(handle)
}

impl Handle {
    /// This node's identity, which others must list.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// Where this node listens, with the port the system chose.
    #[must_use]
    pub fn listen_address(&self) -> &Multiaddr {
        &self.listen
    }

    /// The counters of this swarm.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Sends one message and waits for its answer. Fails at once where there is no connection: what has
    /// to arrive is stored by the caller and sent again, by [`next_attempt`](crate::next_attempt) or when
    /// [`Handle::watch`] shows the peer.
    ///
    /// Dropping the future does not take the message back.
    ///
    /// # Errors
    /// [`SendError`]; whether the peer has the message is unknown after `Unreachable` and `Timeout`.
    pub async fn send(&self, to: OrganisationId, message: &Message) -> Result<Reply, SendError> {
        let bytes = message.encode().map_err(SendError::Message)?;
        let (link, connected) = self.link(to)?;
        if !connected {
            return Err(SendError::Unreachable);
        }
        let permit = Arc::clone(&link.outbound).acquire_owned();
        let permit = tokio::time::timeout(self.request_timeout, permit).await;
        let permit = permit.map_err(|_| SendError::Timeout)?.map_err(|_| SendError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let command = Command::Send { peer: link.peer_id, kind: message.kind(), bytes, permit, answer };
        self.commands.send(command).await.map_err(|_| SendError::Closed)?;
        answered.await.unwrap_or(Err(SendError::Closed))
    }

    /// Tells every peer, now or as soon as it is connected, without waiting for any. Best effort: of
    /// wake-ups only the latest waits; of everything else the oldest goes where a peer's queue is full. Messages
    /// other than wake-ups reach one peer in the order of these calls.
    ///
    /// # Errors
    /// [`SendError::Message`] when the message breaks a bound, [`SendError::Closed`] after shutdown.
    pub fn broadcast(&self, message: &Message) -> Result<(), SendError> {
        if self.stopped.is_cancelled() {
            return Err(SendError::Closed);
        }
        let gossip = Gossip::new(message.kind(), message.encode().map_err(SendError::Message)?);
        let wake = matches!(message, Message::Wake { .. });
        let table = Arc::clone(&self.table.borrow());
        for (link, _) in table.values() {
            let mut outbox = link.gossip();
            let dropped = if wake { outbox.push_wake(gossip.clone()) } else { outbox.push(gossip.clone()) };
            drop(outbox);
            self.metrics.gossip_dropped(dropped);
        }
        self.gossip.notify_one();
        Ok(())
    }

    /// All peers as they are now, by organisation.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerStatus> {
        self.watch().peers()
    }

    /// Follows the peers from now on.
    #[must_use]
    pub fn watch(&self) -> PeerWatch {
        PeerWatch::new(self.table.clone())
    }

    /// Replaces the list of peers, as the directory changes: new ones are dialled, those no longer
    /// listed are disconnected at once, the others are left alone.
    ///
    /// # Errors
    /// [`Error::TooManyPeers`], [`Error::DuplicatePeer`], [`Error::Address`], [`Error::AddressOfAnother`], with nothing
    /// changed; [`Error::Closed`] after shutdown.
    pub async fn update_peers(&self, peers: Vec<Peer>) -> Result<(), Error> {
        check_peers(self.peer_id, &peers)?;
        let (done, finished) = oneshot::channel();
        let command = Command::UpdatePeers { peers, done };
        self.commands.send(command).await.map_err(|_| Error::Closed)?;
        finished.await.map_err(|_| Error::Closed)
    }

    /// Takes no more messages, lets the inbox finish those it works on (within its time) and answers them, then
    /// closes every connection. Calls that wait in [`Handle::send`] end with [`SendError::Closed`].
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.stopped.cancelled().await;
    }

    /// Resolves when the swarm has stopped, whether it was told to or not.
    pub async fn ended(&self) {
        self.stopped.cancelled().await;
    }

    fn link(&self, organisation: OrganisationId) -> Result<(Arc<Link>, bool), SendError> {
        if self.stopped.is_cancelled() {
            return Err(SendError::Closed);
        }
        let table = self.table.borrow();
        let (link, connected) =
            table.get(&organisation).ok_or(SendError::UnknownOrganisation(organisation))?;
        Ok((Arc::clone(link), *connected))
    }
}
