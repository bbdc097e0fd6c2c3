//! Who the peers are and whether they are connected: written by the driver, read by everybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::OrganisationId;
use libp2p::PeerId;
use tokio::sync::{Semaphore, watch};

use crate::config::Peer;
use crate::error::SendError;
use crate::outbox::Outbox;

/// What senders and driver share about one peer.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) organisation: OrganisationId,
    pub(crate) peer_id: PeerId,
    /// Requests that may be under way.
    pub(crate) outbound: Arc<Semaphore>,
    gossip: Mutex<Outbox>,
}

impl Link {
    pub(crate) fn new(peer: &Peer, outbound_in_flight: u32) -> Arc<Self> {
        Arc::new(Self {
            organisation: peer.organisation,
            peer_id: peer.peer_id,
            outbound: Arc::new(Semaphore::new(outbound_in_flight.max(1) as usize)),
            gossip: Mutex::new(Outbox::default()),
        })
    }

    /// The peer's gossip. Held for a few moves of memory, never over a wait.
    pub(crate) fn gossip(&self) -> MutexGuard<'_, Outbox> {
        self.gossip.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The peers at one moment.
pub(crate) type Table = BTreeMap<OrganisationId, (Arc<Link>, bool)>;

/// One peer as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerStatus {
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// Its identity.
    pub peer_id: PeerId,
    /// Whether there is a connection.
    pub connected: bool,
}

/// Follows the peers: a sender of stored messages starts when its peer comes back.
#[derive(Debug, Clone)]
pub struct PeerWatch(watch::Receiver<Arc<Table>>);

impl PeerWatch {
    pub(crate) fn new(table: watch::Receiver<Arc<Table>>) -> Self {
        Self(table)
    }

    /// All peers, by organisation.
    #[must_use]
    pub fn peers(&mut self) -> Vec<PeerStatus> {
        let status = |(link, connected): &(Arc<Link>, bool)| PeerStatus {
            organisation: link.organisation,
            peer_id: link.peer_id,
            connected: *connected,
        };
        self.0.borrow_and_update().values().map(status).collect()
    }

    /// Waits until a peer came, went or was listed anew since the last call of [`PeerWatch::peers`].
    ///
    /// # Errors
    /// [`SendError::Closed`] after shutdown.
    pub async fn changed(&mut self) -> Result<(), SendError> {
        self.0.changed().await.map_err(|_| SendError::Closed)
    }

    /// Waits until the organisation's node is, or is no longer, connected.
    ///
    /// # Errors
    /// [`SendError::UnknownOrganisation`] when it is not, or no longer, listed; [`SendError::Closed`] after shutdown.
    pub async fn wait_for(&mut self, organisation: OrganisationId, connected: bool) -> Result<(), SendError> {
        let seen = |table: &Arc<Table>| table.get(&organisation).is_none_or(|(_, now)| *now == connected);
        let table = self.0.wait_for(seen).await.map_err(|_| SendError::Closed)?;
        match table.contains_key(&organisation) {
            true => Ok(()),
            false => Err(SendError::UnknownOrganisation(organisation)),
        }
    }
}
