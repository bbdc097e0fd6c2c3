//! Finds peers that do not hear this node. The broadcast protocol sends to those that subscribed, and subscribes on
//! a peer's first connection only. A peer that still holds a connection from before this node's restart takes the new
//! one for its second, so it never subscribes there, and nothing is sent to it for as long as the connections last.
//! The way out is to close them: the next one is the first again.

use std::collections::{BTreeMap, BTreeSet};

use arc_malachitebft_app_channel::NetworkRequest;
use arc_malachitebft_app_channel::app::engine::network::{NetworkEvent, NetworkMsg, NetworkRef, Subscriber};
use arc_malachitebft_app_channel::app::engine::util::output_port::{OutputPort, OutputPortSubscriberTrait};
use arc_malachitebft_app_channel::app::types::PeerId;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::Driver;
use crate::context::Chain;
use crate::identity::PeerAddress;
use crate::limits;

/// Votes and proposals, parts, liveness, sync.
const CHANNELS: usize = 4;

/// A subscriber of the engine's network that leaves once it was told the present state.
struct Survey(mpsc::UnboundedSender<NetworkEvent<Chain>>);

impl Subscriber<NetworkEvent<Chain>> for Survey {
    fn send(&self, event: NetworkEvent<Chain>) {
        let _ = self.0.send(event);
    }
}

impl OutputPortSubscriberTrait<NetworkEvent<Chain>> for Survey {
    fn subscribe_to_port(&self, _: &OutputPort<NetworkEvent<Chain>>) {}
}

/// Connected peers that have not subscribed to every channel. `None` if the network has stopped.
async fn survey(network: &NetworkRef<Chain>) -> Option<BTreeSet<PeerId>> {
    let (sender, mut state) = mpsc::unbounded_channel();
    network.cast(NetworkMsg::Subscribe(Box::new(Survey(sender)))).ok()?;
    let (mut connected, mut channels) = (BTreeSet::new(), BTreeMap::<PeerId, usize>::new());
    while let Some(event) = state.recv().await {
        match event {
            NetworkEvent::PeerConnected(peer) => {
                connected.insert(peer);
            }
            NetworkEvent::PeerSubscribed(peer, _) => *channels.entry(peer).or_default() += 1,
            _ => {}
        }
    }
    connected.retain(|peer| channels.get(peer).is_none_or(|count| *count < CHANNELS));
    Some(connected)
}

/// Tells which peers do not hear this node: those found by two surveys in a row, since subscribing takes a moment.
pub(super) fn watch(network: NetworkRef<Chain>) -> mpsc::Receiver<BTreeSet<PeerId>> {
    let (sender, deaf) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut due = interval(limits::SURVEY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = BTreeSet::new();
        loop {
            tokio::select! {
                _ = due.tick() => {}
                () = sender.closed() => return,
            }
            let Some(found) = survey(&network).await else { return };
            let (again, new): (BTreeSet<_>, _) = found.into_iter().partition(|peer| before.contains(peer));
            if !again.is_empty() && sender.send(again).await.is_err() {
                return;
            }
            before = new;
        }
    });
    deaf
}

fn id_of(peer: &PeerAddress) -> Option<PeerId> {
    PeerId::from_bytes(&peer.peer()?.to_bytes()).ok()
}

impl Driver<'_> {
    /// Closes all connections to peers that do not hear this node; both sides dial again within a second.
    pub(super) fn reconnect(&self, deaf: &BTreeSet<PeerId>) {
        let found = |peer: &&PeerAddress| id_of(peer).is_some_and(|id| deaf.contains(&id));
        for peer in self.config.peers.iter().filter(found) {
            tracing::warn!(peer.address = %peer, "a peer does not hear this node: connecting anew");
            let (requests, address) = (self.engine.channels.net_requests.clone(), peer.0.clone());
            tokio::spawn(async move {
                if let Ok(Ok(())) = NetworkRequest::remove_persistent_peer(&requests, address.clone()).await {
                    let _ = NetworkRequest::add_persistent_peer(&requests, address).await;
                }
            });
        }
    }
}
