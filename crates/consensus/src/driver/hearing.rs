use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::time::Duration;

use arc_malachitebft_app_channel::NetworkRequest;
use arc_malachitebft_app_channel::app::types::PeerId;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::Driver;
use crate::identity::PeerAddress;
use crate::limits;

/// When each peer was last heard on the channel for parts, on which every node says hello once a second.
pub(super) struct Hearing {
    hello: Interval,
    heard: BTreeMap<PeerId, Instant>,
    /// Finds out which peers are connected, while one is quiet.
    check: Option<JoinHandle<BTreeSet<PeerId>>>,
}

impl Default for Hearing {
    fn default() -> Self {
        let mut hello = interval(limits::HELLO);
        hello.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { hello, heard: BTreeMap::new(), check: None }
    }
}

impl Hearing {
    /// Waits until it is time to say hello (`None`), or for the outcome of a check: the connected peers.
    pub(super) async fn next(&mut self) -> Option<BTreeSet<PeerId>> {
        let check = async {
            match self.check.as_mut() {
                Some(check) => check.await.unwrap_or_default(),
                None => pending().await,
            }
        };
        tokio::select! {
            _ = self.hello.tick() => None,
            connected = check => {
                self.check = None;
                Some(connected)
            }
        }
    }

    pub(super) fn heard(&mut self, peer: PeerId) {
        self.heard.insert(peer, Instant::now());
    }

    /// How long ago a peer was heard; the first question counts as hearing it.
    fn quiet_for(&mut self, peer: PeerId) -> Duration {
        self.heard.entry(peer).or_insert_with(Instant::now).elapsed()
    }
}

fn id_of(peer: &PeerAddress) -> Option<PeerId> {
    PeerId::from_bytes(&peer.peer()?.to_bytes()).ok()
}

impl Driver<'_> {
    /// Says hello, and has a look at the connections if a peer missed two hellos.
    pub(super) async fn tick(&mut self) {
        self.announce(self.height).await;
        let ids: Vec<PeerId> = self.config.peers.iter().filter_map(id_of).collect();
        let quiet = ids.into_iter().any(|id| self.hearing.quiet_for(id) > 2 * limits::HELLO);
        if quiet && self.hearing.check.is_none() {
            let requests = self.engine.channels.net_requests.clone();
            self.hearing.check = Some(tokio::spawn(async move {
                let dump = NetworkRequest::dump_state(&requests).await.ok().flatten();
                let peers = dump.into_iter().flat_map(|dump| dump.peers.into_keys());
                peers.filter_map(|id| PeerId::from_bytes(&id.to_bytes()).ok()).collect()
            }));
        }
    }

    /// Connects anew to peers that are connected and silent. For one that is not connected the time starts when
    /// it will be.
    pub(super) fn reconnect_silent(&mut self, connected: &BTreeSet<PeerId>) {
        for peer in self.config.peers.clone() {
            let Some(id) = id_of(&peer) else { continue };
            if !connected.contains(&id) {
                self.hearing.heard(id);
            } else if self.hearing.quiet_for(id) > limits::SILENCE {
                self.hearing.heard(id);
                tracing::warn!(peer.id = %id, "a connected peer is silent: connecting anew");
                let requests = self.engine.channels.net_requests.clone();
                tokio::spawn(async move {
                    let _ = NetworkRequest::remove_persistent_peer(&requests, peer.0.clone()).await;
                    let _ = NetworkRequest::add_persistent_peer(&requests, peer.0).await;
                });
            }
        }
    }
}
