use std::sync::atomic::Ordering;

use consensus::State;

use crate::cluster::{Cluster, WATCH};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_down_the_rest_go_on_two_down_they_stop_one_back_they_resume() {
    let mut cluster = Cluster::started("faults").await;
    cluster.decide(b"all four").await;

    cluster.stop(3).await;
    for item in [b"three of four 1".as_slice(), b"three of four 2", b"three of four 3", b"three of four 4"] {
        cluster.decide(item).await;
    }

    cluster.stop(2).await;
    cluster.submit(b"two of four");
    assert!(cluster.stands_still(0, WATCH).await && cluster.stands_still(1, WATCH).await);

    cluster.start(3).await;
    cluster.decide(b"two of four").await;
    cluster.assert_same_blocks();

    cluster.start(2).await;
    cluster.decide(b"all again").await;
    cluster.assert_same_blocks();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_stopped_and_started_the_chain_goes_on() {
    let mut cluster = Cluster::started("restart").await;
    cluster.decide(b"before").await;
    for at in 0..4 {
        cluster.stop(at).await;
    }
    for at in 0..4 {
        cluster.start(at).await;
    }
    cluster.decide(b"after").await;
    cluster.assert_same_blocks();
    assert!(cluster.nodes[0].app.contains(b"before"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_application_is_away_waits_and_catches_up() {
    let cluster = Cluster::started("away").await;
    cluster.decide(b"one").await;
    let away = &cluster.nodes[1].app.away;
    away.store(true, Ordering::Relaxed);
    cluster.submit(b"two");
    for at in [0, 2, 3] {
        let app = cluster.nodes[at].app.clone();
        cluster.until(at, "deciding without node 1", |_| app.contains(b"two")).await;
    }
    assert!(!cluster.nodes[1].app.contains(b"two"));
    away.store(false, Ordering::Relaxed);
    cluster.decide(b"three").await;
    cluster.assert_same_blocks();
    assert!(cluster.nodes[1].app.contains(b"two"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_contradicts_a_decided_block_stops_voting_and_says_why() {
    let cluster = Cluster::started("halt").await;
    cluster.decide(b"one").await;
    cluster.nodes[2].app.halts_at.store(cluster.tip(2) + 1, Ordering::Relaxed);
    cluster.submit(b"two");
    let status = cluster.until(2, "halted", |status| matches!(status.state, State::Halted { .. })).await;
    assert_eq!(status.state, State::Halted { reason: "roots differ".into() });
    assert_eq!(cluster.handle(2).peers().await.unwrap(), []);
    for item in [b"three".as_slice(), b"four"] {
        cluster.submit(item);
        for at in [0, 1, 3] {
            let app = cluster.nodes[at].app.clone();
            cluster.until(at, "deciding without node 2", |_| app.contains(item)).await;
        }
    }
    assert!(!cluster.nodes[2].app.contains(b"three"));
}
