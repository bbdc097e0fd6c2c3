use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ledger::Height;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::error::{Error, Result};
use crate::identity::PeerAddress;

/// Boxed, so that a caller's crate does not compile the engine again by polling it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A running node. Clones are the same node; when the last is dropped the node stops.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) status: watch::Receiver<Status>,
}

pub(crate) enum Command {
    Shutdown(oneshot::Sender<()>),
    Peers(oneshot::Sender<Vec<Peer>>),
    AddPeer(PeerAddress, oneshot::Sender<Result<()>>),
    RemovePeer(PeerAddress, oneshot::Sender<Result<()>>),
}

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Last height decided and applied here.
    pub tip: Height,
    /// Height in progress.
    pub height: Height,
    /// Round in progress.
    pub round: u32,
    /// What the node does.
    pub state: State,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Votes, where it is among the validators.
    Validator,
    /// Follows without voting: its store was lost, and it may have voted on what it does not remember.
    Follower,
    /// Has stopped for good, for this reason: an operator must look.
    Halted {
        /// What happened.
        reason: String,
    },
    /// Was shut down.
    Stopped,
}

/// A connected peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer {
    /// Its libp2p peer id.
    pub id: String,
    /// The name it gave itself.
    pub moniker: String,
    /// Where it is connected from or to.
    pub address: String,
}

impl Handle {
    /// Ends a pause between heights. Harmless at any other time: the next pause is skipped then. Peers are not
    /// told: whoever calls this on one node because of outside news calls it on all.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Where the node stands now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Tells when [`Status`] changes.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The connected peers.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn peers(&self) -> BoxFuture<Result<Vec<Peer>>> {
        self.ask(Command::Peers)
    }

    /// Speaks to one more peer from now on; the configuration must name it at the next start.
    ///
    /// # Errors
    /// [`Error::Engine`], [`Error::Stopped`].
    pub fn add_peer(&self, peer: PeerAddress) -> BoxFuture<Result<()>> {
        let done = self.ask(|reply| Command::AddPeer(peer, reply));
        Box::pin(async move { done.await? })
    }

    /// No longer speaks to a peer.
    ///
    /// # Errors
    /// [`Error::Engine`] if it is not known, [`Error::Stopped`].
    pub fn remove_peer(&self, peer: PeerAddress) -> BoxFuture<Result<()>> {
        let done = self.ask(|reply| Command::RemovePeer(peer, reply));
        Box::pin(async move { done.await? })
    }

    /// Stops the node and waits until its files and its address are free.
    pub fn shutdown(&self) -> BoxFuture<()> {
        let done = self.ask(Command::Shutdown);
        Box::pin(async move {
            // An error means that it had stopped before.
            let _ = done.await;
        })
    }

    fn ask<T: Send + 'static>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> BoxFuture<Result<T>> {
        let (reply, answer) = oneshot::channel();
        let command = command(reply);
        let commands = self.commands.clone();
        Box::pin(async move {
            commands.send(command).await.map_err(|_| Error::Stopped)?;
            answer.await.map_err(|_| Error::Stopped)
        })
    }
}
