use std::sync::Arc;
use std::time::Instant;

use consensus::State;
use tokio::time::timeout;

use crate::cluster::{Cluster, DEADLINE, connected, free_address};
use crate::toy::Toy;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_catches_up() {
    let mut cluster = Cluster::started("away").await;
    cluster.decide(b"with all").await;
    cluster.stop(1).await;
    for n in 0..20u8 {
        cluster.decide(&[n]).await;
    }
    let began = Instant::now();
    cluster.start(1).await;
    cluster.reach(cluster.tip(0)).await;
    println!("a restarted node caught up {} heights in {:?}", cluster.tip(0), began.elapsed());
    cluster.decide(b"with all again").await;
    cluster.assert_same_blocks();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_validator_follows_then_votes_again() {
    let mut cluster = Cluster::started("wiped").await;
    for n in 0..30u8 {
        cluster.decide(&[n]).await;
    }
    cluster.stop(2).await;
    cluster.wipe(2);
    let began = Instant::now();
    cluster.start(2).await;
    assert_eq!(cluster.handle(2).status().state, State::Follower);
    cluster.reach(cluster.tip(0)).await;
    println!("a wiped node caught up {} heights in {:?}", cluster.tip(0), began.elapsed());
    cluster.until(2, "voting again", |status| status.state == State::Validator).await;
    println!("and votes again after {:?}", began.elapsed());
    cluster.assert_same_blocks();
    // Three of four are needed: without node 0 the wiped one must vote.
    cluster.stop(0).await;
    cluster.decide(b"with its vote").await;
    cluster.assert_same_blocks();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_lost_its_state_is_brought_up_from_the_store() {
    let mut cluster = Cluster::started("replay").await;
    for n in 0..5u8 {
        cluster.decide(&[n]).await;
    }
    cluster.stop(3).await;
    let before = cluster.nodes[3].app.blocks();
    cluster.nodes[3].app = Arc::new(Toy::new(cluster.validators.clone()));
    cluster.start(3).await;
    assert!(cluster.nodes[3].app.blocks().starts_with(&before), "replayed before start returned");
    assert_eq!(cluster.handle(3).status().state, State::Validator);
    cluster.decide(b"on").await;
    cluster.assert_same_blocks();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_lost_while_the_application_kept_its_state_is_filled_again() {
    let mut cluster = Cluster::started("refill").await;
    for n in 0..5u8 {
        cluster.decide(&[n]).await;
    }
    cluster.stop(3).await;
    std::fs::remove_dir_all(cluster.dir(3)).unwrap();
    cluster.start(3).await;
    assert_eq!(cluster.handle(3).status().state, State::Follower);
    cluster.until(3, "voting again", |status| status.state == State::Validator).await;
    cluster.stop(1).await;
    cluster.decide(b"on").await;
    cluster.assert_same_blocks();
}

/// Peers that still hold a node's old connection take its new one for a second, and never subscribe on it: the node
/// would not be heard again. Two instances of one identity show it; the second only follows, so nothing is signed
/// twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_back_before_its_old_connections_are_gone_is_heard() {
    let mut cluster = Cluster::started("mute").await;
    for n in 0..3u8 {
        cluster.decide(&[n]).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut config = cluster.config(3);
    config.dir = dir.path().to_owned();
    config.listen = free_address();
    let again = consensus::start(config, Arc::new(Toy::new(cluster.validators.clone()))).await.unwrap();
    let mut watch = again.watch();
    connected(&again, 3).await;
    cluster.stop(3).await;
    // Nothing but its own voice makes the network go on to the heights that it must see.
    let voted = watch.wait_for(|status| status.state == State::Validator);
    assert!(timeout(DEADLINE, voted).await.is_ok(), "still {:?}", again.status());
    again.shutdown().await;
}
