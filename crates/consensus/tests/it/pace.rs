use std::time::{Duration, Instant};

use crate::cluster::{Cluster, WATCH};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_work_there_are_no_blocks_and_work_is_decided_at_once() {
    let cluster = Cluster::started("pace").await;
    cluster.decide(b"first").await;
    assert!(settles(&cluster).await, "no blocks without work");
    let mut latencies = Vec::new();
    for n in 0..20u32 {
        let began = Instant::now();
        cluster.decide(&n.to_be_bytes()).await;
        latencies.push(began.elapsed());
    }
    latencies.sort();
    println!(
        "work at all nodes -> committed at all four, idle between: median {:?}, p95 {:?}, longest {:?}",
        latencies[10], latencies[18], latencies[19]
    );
    assert!(settles(&cluster).await, "and none after it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_at_one_node_wakes_all() {
    let cluster = Cluster::started("wake").await;
    cluster.decide(b"first").await;
    for at in 0..4 {
        assert!(settles(&cluster).await);
        let item = [at as u8];
        let began = Instant::now();
        cluster.nodes[at].app.submit(&item);
        for other in 0..4 {
            let app = cluster.nodes[other].app.clone();
            cluster.until(other, "deciding another's item", |_| app.contains(&item)).await;
        }
        println!("work at node {at} alone -> committed at all four: {:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_heart_beats_and_a_wake_up_is_heard() {
    let mut cluster = Cluster::new("heart").await;
    cluster.heartbeat = Duration::from_millis(300);
    for at in 0..4 {
        cluster.start(at).await;
    }
    cluster.reach(5).await;
    for at in 0..4 {
        cluster.stop(at).await;
    }
    cluster.heartbeat = Duration::from_secs(3600);
    for at in 0..4 {
        cluster.start(at).await;
    }
    cluster.decide(b"first").await;
    assert!(settles(&cluster).await);
    let tip = cluster.tip(0);
    for at in 0..4 {
        cluster.handle(at).wake();
    }
    cluster.reach(tip + 1).await;
}

/// Whether the chain comes to rest, a start being followed by an empty block or two.
async fn settles(cluster: &Cluster) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        if cluster.stands_still(0, WATCH).await {
            return true;
        }
    }
    false
}
