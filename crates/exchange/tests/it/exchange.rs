//! Two and four nodes tell each other things.

use bytes::Bytes;
use exchange::{Message, Reply, SendError};
use ledger::OrganisationId;

use crate::support::{network, wake};

#[tokio::test]
async fn two_nodes_exchange_and_every_reply_comes_back() {
    let mut nodes = network(2).await;
    let (b, a) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    let mut b = b;
    let replies = [
        Reply::Accepted,
        Reply::Duplicate,
        Reply::refused("unknown_sequence", "batch 7 is not next"),
        Reply::Busy { retry_after_ms: 70 },
    ];
    for (height, reply) in (1..).zip(replies) {
        b.inbox.answer_next(reply.clone());
        assert_eq!(a.handle.send(b.organisation(), &wake(height)).await.unwrap(), reply);
        assert_eq!(b.next().await, (a.organisation(), wake(height)));
    }
    assert_eq!(b.handle.metrics().messages_received("wake", "accepted"), 1);
    assert_eq!(b.handle.metrics().messages_received("wake", "busy"), 1);
}

#[tokio::test]
async fn four_nodes_hear_every_broadcast_in_order() {
    let mut nodes = network(4).await;
    let batches: Vec<Message> = (0..20_u8).map(|n| Message::Batch(Bytes::from(vec![n; 100]))).collect();
    for batch in &batches {
        nodes[0].handle.broadcast(batch).unwrap();
    }
    let author = nodes[0].organisation();
    for node in &mut nodes[1..] {
        for batch in &batches {
            assert_eq!(node.next().await, (author, batch.clone()));
        }
    }
}

#[tokio::test]
async fn a_wake_up_overtakes_batches_and_the_latest_arrives() {
    let mut nodes = network(2).await;
    let (mut b, a) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    // The inbox holds the first batch: later batches wait, the wake-up does not.
    b.inbox.permits.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let batch = |n: u8| Message::Batch(Bytes::from(vec![n; 10]));
    a.handle.broadcast(&batch(1)).unwrap();
    assert_eq!(b.next().await.1, batch(1));
    a.handle.broadcast(&batch(2)).unwrap();
    a.handle.broadcast(&wake(5)).unwrap();
    assert_eq!(b.next().await.1, wake(5));
    // While that one is held too, only the latest of the next ones is kept.
    for height in 6..=9 {
        a.handle.broadcast(&wake(height)).unwrap();
    }
    b.inbox.permits.add_permits(100);
    let mut rest = [b.next().await.1, b.next().await.1];
    rest.sort_by_key(|message| message.kind());
    assert_eq!(rest, [batch(2), wake(9)]);
}

#[tokio::test]
async fn gossip_to_a_busy_peer_is_said_again_before_what_follows() {
    let mut nodes = network(2).await;
    let (mut b, a) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    b.inbox.answer_next(Reply::Busy { retry_after_ms: 1 });
    b.inbox.answer_next(Reply::refused("suspended", "not to be said again"));
    let batches = [1, 2].map(|n| Message::Batch(Bytes::from(vec![n; 10])));
    for batch in &batches {
        a.handle.broadcast(batch).unwrap();
    }
    for batch in [&batches[0], &batches[0], &batches[1]] {
        assert_eq!(b.next().await.1, *batch);
    }
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    let nodes = network(2).await;
    let to = nodes[1].organisation();
    let sends = (0..200).map(|height| {
        let handle = nodes[0].handle.clone();
        async move { handle.send(to, &wake(height)).await.unwrap() }
    });
    let replies = futures::future::join_all(sends).await;
    assert!(replies.iter().all(|reply| *reply == Reply::Accepted));
}

#[tokio::test]
async fn only_listed_organisations_are_reached_and_the_list_may_change() {
    let nodes = network(3).await;
    let (a, b, c) = (&nodes[0], &nodes[1], &nodes[2]);
    let unknown = OrganisationId(77);
    let error = a.handle.send(unknown, &wake(1)).await.unwrap_err();
    assert!(matches!(error, SendError::UnknownOrganisation(id) if id == unknown));

    a.handle.update_peers(vec![b.as_peer()]).await.unwrap();
    let error = a.handle.send(c.organisation(), &wake(1)).await.unwrap_err();
    assert!(matches!(error, SendError::UnknownOrganisation(_)));
    c.handle.watch().wait_for(a.organisation(), false).await.unwrap();
    assert!(matches!(c.handle.send(a.organisation(), &wake(1)).await, Err(SendError::Unreachable)));
    assert_eq!(a.handle.send(b.organisation(), &wake(2)).await.unwrap(), Reply::Accepted);

    a.handle.update_peers(vec![b.as_peer(), c.as_peer()]).await.unwrap();
    a.sees(c).await;
    c.sees(a).await;
    assert_eq!(c.handle.send(a.organisation(), &wake(3)).await.unwrap(), Reply::Accepted);
    assert_eq!(a.handle.peers().len(), 2);
}

#[tokio::test]
async fn shutdown_finishes_what_is_being_worked_on_and_takes_no_more() {
    let mut nodes = network(2).await;
    let (mut b, a) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    b.inbox.permits.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let sending = tokio::spawn({
        let (handle, to) = (a.handle.clone(), b.organisation());
        async move { handle.send(to, &wake(1)).await }
    });
    b.next().await;
    let stopping = tokio::spawn({
        let handle = b.handle.clone();
        async move { handle.shutdown().await }
    });
    b.inbox.permits.add_permits(1);
    stopping.await.unwrap();
    assert_eq!(b.inbox.permits.available_permits(), 0, "the inbox was not interrupted");
    // The answer nearly always arrives before the connection ends; where it does not, the sender knows to ask again.
    let answer = sending.await.unwrap();
    assert!(matches!(answer, Ok(Reply::Accepted) | Err(SendError::Unreachable)), "{answer:?}");
    a.handle.watch().wait_for(b.organisation(), false).await.unwrap();
    assert!(matches!(b.handle.send(a.organisation(), &wake(2)).await, Err(SendError::Closed)));
    assert!(matches!(b.handle.broadcast(&wake(2)), Err(SendError::Closed)));
    assert!(b.handle.update_peers(vec![]).await.is_err());
    b.handle.shutdown().await;
}
