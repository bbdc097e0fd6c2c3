//! Peers that vanish, come back, or keep no rules.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use exchange::limits::{BATCH_BYTES_MAX, MESSAGE_BYTES_MAX};
use exchange::{Error, Limits, MALFORMED, Message, MessageError, Reply, SendError, UNSUPPORTED};
use futures::StreamExt;
use libp2p::request_response::{Event, Message as Exchange, OutboundFailure};
use libp2p::swarm::SwarmEvent;
use tokio::sync::Semaphore;

use crate::support::{
    Node, Raw, RawSwarm, any_port, dial, network, network_with, peer_id_of, raw_swarm, wake,
};

#[tokio::test]
async fn a_peer_restarts_and_sending_resumes() {
    let mut nodes = network(2).await;
    let (b, a) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    let (listen, peer) = (b.handle.listen_address().clone(), a.as_peer());
    for round in 1..=2 {
        let batch = Message::Batch(Bytes::from(vec![round; 10]));
        let b = if round == 1 {
            b.handle.shutdown().await;
            a.handle.watch().wait_for(b.organisation(), false).await.unwrap();
            assert!(matches!(a.handle.send(b.organisation(), &wake(1)).await, Err(SendError::Unreachable)));
            // Gossip that is said meanwhile is heard after the restart.
            a.handle.broadcast(&batch).unwrap();
            Node::start(2, listen.clone(), vec![peer.clone()], Limits::default()).await
        } else {
            Node::start(2, any_port(), vec![peer.clone()], Limits::default()).await
        };
        let mut b = b;
        if round == 2 {
            // It comes back elsewhere; it dials us, so that we need not know yet.
            a.sees(&b).await;
            a.handle.broadcast(&batch).unwrap();
        }
        assert_eq!(b.next().await.1, batch);
        a.sees(&b).await;
        assert_eq!(a.handle.send(b.organisation(), &wake(2)).await.unwrap(), Reply::Accepted);
        b.handle.shutdown().await;
        a.handle.watch().wait_for(b.organisation(), false).await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_peer_is_refused_before_any_stream() {
    let mut known = network(2).await;
    let stranger = Node::start(9, any_port(), vec![known[0].as_peer()], Limits::default()).await;
    let mut watch = stranger.handle.watch();
    let target = known[0].organisation();
    // The handshake proves the stranger's key; then the door closes, each time it knocks.
    for _ in 0..3 {
        watch.wait_for(target, true).await.unwrap();
        let sent = stranger.handle.send(target, &wake(1)).await;
        assert!(matches!(sent, Err(SendError::Unreachable)), "{sent:?}");
        watch.wait_for(target, false).await.unwrap();
    }
    assert!(known[0].handle.metrics().connections_denied() >= 3);
    assert!(known[0].handle.peers().iter().all(|peer| peer.peer_id != stranger.handle.peer_id()));
    assert!(known[0].received.try_recv().is_err(), "nothing of it was received");
    assert_eq!(known[1].handle.send(target, &wake(2)).await.unwrap(), Reply::Accepted);
}

#[tokio::test]
async fn another_key_at_a_known_address_is_not_talked_to() {
    let imposter = Node::start(8, any_port(), vec![], Limits::default()).await;
    let mut claimed = imposter.as_peer();
    claimed.peer_id = peer_id_of(2);
    let a = Node::start(1, any_port(), vec![claimed], Limits::default()).await;
    assert!(matches!(a.handle.send(imposter.organisation(), &wake(1)).await, Err(SendError::Unreachable)));
    // Only the holder of the key, wherever it listens, is that peer.
    let real = Node::start(2, any_port(), vec![a.as_peer()], Limits::default()).await;
    real.sees(&a).await;
    assert_eq!(real.handle.send(a.organisation(), &wake(2)).await.unwrap(), Reply::Accepted);
    assert!(imposter.handle.peers().is_empty());
}

#[tokio::test]
async fn an_oversize_message_is_not_even_sent() {
    let nodes = network(2).await;
    let fits = Message::Batch(Bytes::from(vec![1; BATCH_BYTES_MAX as usize]));
    let reply = nodes[0].handle.send(nodes[1].organisation(), &fits).await.unwrap();
    assert_eq!(reply, Reply::Accepted);
    let too_large = Message::Batch(Bytes::from(vec![1; BATCH_BYTES_MAX as usize + 1]));
    let error = nodes[0].handle.send(nodes[1].organisation(), &too_large).await.unwrap_err();
    assert!(matches!(error, SendError::Message(MessageError::TooLarge { what: "batch", .. })));
    assert!(matches!(nodes[0].handle.broadcast(&too_large), Err(SendError::Message(_))));
}

/// Sends raw bytes as peer 3 and returns the reply, or how it failed.
async fn raw(swarm: &mut RawSwarm, to: &Node, raw: Raw) -> Result<Vec<u8>, OutboundFailure> {
    let peer = to.handle.peer_id();
    if !swarm.is_connected(&peer) {
        dial(swarm, &to.as_peer());
        while !swarm.is_connected(&peer) {
            swarm.next().await;
        }
    }
    swarm.behaviour_mut().send_request(&peer, raw);
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(Event::Message {
                message: Exchange::Response { response, .. }, ..
            }) => return Ok(response),
            SwarmEvent::Behaviour(Event::OutboundFailure { error, .. }) => return Err(error),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_known_peer_that_keeps_no_rules_gets_refusals_and_harms_nobody() {
    let mut nodes = network(2).await;
    let rogue = exchange::Peer {
        organisation: ledger::OrganisationId(3),
        peer_id: peer_id_of(3),
        address: "/ip4/127.0.0.1/tcp/1".parse().unwrap(),
    };
    let peers = vec![nodes[1].as_peer(), rogue];
    nodes[0].handle.update_peers(peers).await.unwrap();
    let mut swarm = raw_swarm(3);
    let length = |body: &[u8]| u32::try_from(body.len()).unwrap();

    for (body, expected) in [
        (vec![], MALFORMED),
        (vec![1, 2, 0, 0], MALFORMED),
        (vec![2, 2], UNSUPPORTED),
        (vec![1, 200], UNSUPPORTED),
        (vec![1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0], MALFORMED),
    ] {
        let reply = raw(&mut swarm, &nodes[0], Raw { length: length(&body), body }).await.unwrap();
        assert!(matches!(Reply::decode(&reply), Ok(Reply::Refused { code, .. }) if code == expected));
    }
    // More announced than allowed, less sent than announced, more sent than announced: the stream is closed.
    let wake = wake(1).encode().unwrap().to_vec();
    for length in [MESSAGE_BYTES_MAX + 1, u32::MAX, 11, 9] {
        let failed = raw(&mut swarm, &nodes[0], Raw { length, body: wake.clone() }).await;
        assert!(matches!(failed, Err(OutboundFailure::Io(_))), "{length}: {failed:?}");
    }
    assert!(nodes[0].received.try_recv().is_err(), "none of it was received");
    let reply = raw(&mut swarm, &nodes[0], Raw { length: length(&wake), body: wake }).await.unwrap();
    assert_eq!(Reply::decode(&reply).unwrap(), Reply::Accepted, "the same peer may behave again");
    let target = nodes[0].organisation();
    assert_eq!(nodes[1].handle.send(target, &crate::support::wake(2)).await.unwrap(), Reply::Accepted);
}

#[tokio::test]
async fn an_inbox_that_fails_or_hangs_costs_its_own_request() {
    let limits = Limits { inbox_timeout: Duration::from_millis(50), ..Limits::default() };
    let nodes = network_with(2, limits).await;
    let (to, inbox) = (nodes[1].organisation(), &nodes[1].inbox);
    inbox.fail.store(true, Ordering::Relaxed);
    assert!(matches!(nodes[0].handle.send(to, &wake(1)).await, Err(SendError::Unreachable)));
    assert_eq!(nodes[0].handle.send(to, &wake(2)).await.unwrap(), Reply::Accepted);
    inbox.permits.forget_permits(Semaphore::MAX_PERMITS);
    let reply = nodes[0].handle.send(to, &wake(3)).await.unwrap();
    assert!(matches!(reply, Reply::Busy { .. }));
    inbox.permits.add_permits(1);
    assert_eq!(nodes[0].handle.send(to, &wake(4)).await.unwrap(), Reply::Accepted);
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_said_at_the_start() {
    let a = Node::start(1, any_port(), vec![], Limits::default()).await;
    let config = exchange::Config {
        identity: exchange::Identity::from_secret(&mut crate::support::secret(2)).unwrap(),
        listen: "/ip4/192.0.2.1/tcp/9".parse().unwrap(),
        peers: vec![],
        limits: Limits::default(),
    };
    let inbox = std::sync::Arc::clone(&a.inbox) as std::sync::Arc<dyn exchange::Inbox>;
    let random = Box::new(rand::rngs::mock::StepRng::new(0, 1));
    assert!(matches!(exchange::start(config, inbox, random).await, Err(Error::Listen { .. })));
}
