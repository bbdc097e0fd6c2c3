//! The peers, as the driver keeps them, and when each is dialled.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use libp2p::swarm::DialError;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::Driver;
use crate::config::Peer;
use crate::limits::STABLE_AFTER;
use crate::rate::Bucket;
use crate::retry::DIAL;
use crate::table::Link;

/// When to look again where nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// One peer.
pub(super) struct PeerState {
    pub(super) link: Arc<Link>,
    address: Multiaddr,
    pub(super) connections: u32,
    connected_at: Option<Instant>,
    dialling: bool,
    /// Failed dials, and connections that did not last, in a row.
    attempts: u32,
    next_dial: Instant,
    /// How fast it may send.
    pub(super) bucket: Bucket,
    /// How much of the inbox it may have.
    pub(super) inbound: Arc<Semaphore>,
    /// Whether its wake-up is under way.
    pub(super) waking: bool,
    /// Whether one of its gossip messages is under way.
    pub(super) gossiping: bool,
    /// It asked for gossip to be held until then.
    pub(super) gossip_held_until: Option<Instant>,
}

impl PeerState {
    fn dial_due(&self) -> Option<Instant> {
        (self.connections == 0 && !self.dialling).then_some(self.next_dial)
    }

    fn dial_options(&self) -> DialOpts {
        // A port of its own for each dial: from the listening port, two peers that dial each other at the same
        // instant would meet in one socket, both as dialler.
        DialOpts::peer_id(self.link.peer_id).addresses(vec![self.address.clone()]).allocate_new_port().build()
    }
}

impl Driver {
    /// Replaces the list of peers; the caller has checked it.
    pub(super) fn update_peers(&mut self, peers: Vec<Peer>) {
        let listed: BTreeSet<PeerId> = peers.iter().map(|peer| peer.peer_id).collect();
        let gone: Vec<PeerId> = self.peers.keys().copied().filter(|id| !listed.contains(id)).collect();
        let behaviour = self.parts.swarm.behaviour_mut();
        behaviour.gate.list(peers.iter().map(|peer| &peer.address));
        for peer in gone {
            behaviour.retire(peer);
            self.peers.remove(&peer);
        }
        for peer in peers {
            self.parts.swarm.behaviour_mut().admit(peer.peer_id);
            let (now, now_ms) = (Instant::now(), self.now_ms());
            let limits = &self.parts.limits;
            match self.peers.get_mut(&peer.peer_id) {
                Some(state) if state.link.organisation == peer.organisation => state.address = peer.address,
                Some(state) => {
                    state.link = Link::new(&peer, limits.outbound_in_flight);
                    state.address = peer.address;
                }
                None => {
                    let state = PeerState {
                        link: Link::new(&peer, limits.outbound_in_flight),
                        address: peer.address,
                        connections: 0,
                        connected_at: None,
                        dialling: false,
                        attempts: 0,
                        next_dial: now,
                        bucket: Bucket::new(limits.inbound_burst, limits.inbound_per_second, now_ms),
                        inbound: Arc::new(Semaphore::new(limits.inbound_in_flight.max(1) as usize)),
                        waking: false,
                        gossiping: false,
                        gossip_held_until: None,
                    };
                    self.peers.insert(peer.peer_id, state);
                }
            }
        }
        self.publish();
    }

    /// When the driver has to look again by itself.
    pub(super) fn next_due(&self) -> Instant {
        let dials = self.peers.values().filter_map(PeerState::dial_due);
        let holds = self.peers.values().filter_map(|state| state.gossip_held_until);
        dials.chain(holds).min().unwrap_or_else(|| Instant::now() + IDLE)
    }

    /// Dials whom it is time to dial, and takes up gossip that was held.
    pub(super) fn on_due(&mut self) {
        let now = Instant::now();
        let due: Vec<PeerId> = self
            .peers
            .iter()
            .filter(|(_, state)| state.dial_due().is_some_and(|at| at <= now))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in due {
            self.dial(peer);
        }
        for state in self.peers.values_mut() {
            state.gossip_held_until = state.gossip_held_until.filter(|until| *until > now);
        }
        self.gossip_to_all();
    }

    fn dial(&mut self, peer: PeerId) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        match self.parts.swarm.dial(state.dial_options()) {
            Ok(()) => state.dialling = true,
            Err(error) => self.on_dial_failed(peer, &error),
        }
    }

    pub(super) fn on_dial_failed(&mut self, peer: PeerId, error: &DialError) {
        if self.peers.get(&peer).is_none_or(|state| state.connections > 0) {
            return;
        }
        match error {
            DialError::WrongPeerId { obtained, .. } => {
                warn!(remote = %peer, %obtained, "another key answers at this peer's address");
            }
            error => debug!(remote = %peer, %error, "dial failed"),
        }
        self.dial_later(peer);
    }

    pub(super) fn on_connected(&mut self, peer: PeerId, connections: u32) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        state.dialling = false;
        let before = std::mem::replace(&mut state.connections, connections);
        if before == 0 {
            state.connected_at = Some(Instant::now());
            info!(organisation = state.link.organisation.0, remote = %peer, "peer connected");
            self.publish();
            self.gossip_to(peer);
        }
    }

    pub(super) fn on_disconnected(&mut self, peer: PeerId, connections: u32) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        state.connections = connections;
        if connections > 0 {
            return;
        }
        info!(organisation = state.link.organisation.0, remote = %peer, "peer disconnected");
        // A peer that accepts and closes at once, because it does not list us, is not dialled in a loop.
        if state.connected_at.take().is_some_and(|at| at.elapsed() >= STABLE_AFTER) {
            state.attempts = 0;
        }
        self.publish();
        self.dial_later(peer);
    }

    fn dial_later(&mut self, peer: PeerId) {
        let random = self.parts.random.next_u64();
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        state.dialling = false;
        state.attempts = state.attempts.saturating_add(1);
        state.next_dial = Instant::now() + Duration::from_millis(DIAL.delay_ms(state.attempts, random));
    }
}
