//! Floods cost the one who floods.

use exchange::{Limits, Reply};
use futures::StreamExt;
use libp2p::swarm::SwarmEvent;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

use crate::support::{dial, network, network_with, raw_swarm, wake};

/// A stranger with a key that connects again and again, and one without that sends rubbish and holds sockets open.
#[tokio::test]
async fn strangers_that_flood_do_not_keep_partners_from_talking() {
    let nodes = network(3).await;
    let target = nodes[0].as_peer();
    let (stop, stopped) = watch::channel(false);

    let knocking = tokio::spawn({
        let (target, stopped) = (target.clone(), stopped.clone());
        async move {
            let mut swarm = raw_swarm(99);
            while !*stopped.borrow() {
                dial(&mut swarm, &target);
                // Knocks again when the door has closed.
                loop {
                    match swarm.select_next_some().await {
                        SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. } => {
                            break;
                        }
                        _ => {}
                    }
                }
            }
        }
    });
    let rubbish = tokio::spawn({
        let port = target.address.to_string().rsplit('/').next().unwrap().parse::<u16>().unwrap();
        async move {
            let mut held = std::collections::VecDeque::new();
            while !*stopped.borrow() {
                if let Ok(mut socket) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await {
                    let _ = socket.write_all(b"\xff\xff\xff\xffGET / HTTP/1.1\r\n\r\n").await;
                    held.push_back(socket);
                }
                if held.len() > 200 {
                    held.pop_front();
                }
            }
        }
    });

    let mut height = 0;
    while height < 300 || nodes[0].handle.metrics().connections_denied() < 20 {
        height += 1;
        let reply = nodes[1].handle.send(nodes[0].organisation(), &wake(height)).await.unwrap();
        assert_eq!(reply, Reply::Accepted);
        let reply = nodes[0].handle.send(nodes[2].organisation(), &wake(height)).await.unwrap();
        assert_eq!(reply, Reply::Accepted);
    }
    stop.send(true).unwrap();
    knocking.await.unwrap();
    rubbish.await.unwrap();
}

#[tokio::test]
async fn a_known_peer_that_floods_is_told_to_wait_and_others_are_served() {
    let limits = Limits { inbound_burst: 20, inbound_per_second: 1, ..Limits::default() };
    let nodes = network_with(3, limits).await;
    let to = nodes[0].organisation();
    let flood = (0..500).map(|height| {
        let handle = nodes[1].handle.clone();
        async move { handle.send(to, &wake(height)).await.unwrap() }
    });
    let flood = tokio::spawn(futures::future::join_all(flood));
    for height in 0..20 {
        assert_eq!(nodes[2].handle.send(to, &wake(height)).await.unwrap(), Reply::Accepted);
    }
    let replies = flood.await.unwrap();
    let accepted = replies.iter().filter(|reply| **reply == Reply::Accepted).count();
    let busy = replies.iter().filter(|reply| matches!(reply, Reply::Busy { retry_after_ms: 1.. })).count();
    assert!(accepted >= 20 && busy > 0 && accepted + busy == 500, "{accepted} accepted, {busy} busy");
}

#[tokio::test]
async fn a_peer_that_fills_its_share_of_the_inbox_leaves_the_others_theirs() {
    let limits = Limits { inbound_in_flight: 4, ..Limits::default() };
    let mut nodes = network_with(3, limits).await;
    nodes[0].inbox.permits.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let to = nodes[0].organisation();
    let send = |from: usize, height| {
        let handle = nodes[from].handle.clone();
        tokio::spawn(async move { handle.send(to, &wake(height)).await.unwrap() })
    };
    let held: Vec<_> = (0..4).map(|height| send(1, height)).collect();
    let other = send(2, 100);
    // All five are at the inbox, which holds them.
    for _ in 0..5 {
        nodes[0].received.recv().await.unwrap();
    }
    let fifth = nodes[1].handle.send(to, &wake(4)).await.unwrap();
    assert!(matches!(fifth, Reply::Busy { .. }));
    nodes[0].inbox.permits.add_permits(5);
    assert_eq!(other.await.unwrap(), Reply::Accepted);
    for held in held {
        assert_eq!(held.await.unwrap(), Reply::Accepted);
    }
}
