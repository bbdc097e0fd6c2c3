use std::sync::atomic::Ordering;

use crate::cluster::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposer_of_invalid_blocks_costs_a_round_and_nothing_else() {
    let cluster = Cluster::started("liar").await;
    cluster.decide(b"honest").await;
    cluster.nodes[0].app.lies.store(true, Ordering::Relaxed);
    let built = cluster.nodes[0].app.built.load(Ordering::Relaxed);
    for item in [b"a".as_slice(), b"b", b"c", b"d", b"e"] {
        cluster.decide(item).await;
    }
    cluster.assert_same_blocks();
    assert!(cluster.nodes[0].app.built.load(Ordering::Relaxed) > built, "it had its turn");
    let rounds: Vec<u32> = cluster.nodes[1].app.certificates().iter().map(|c| c.round).collect();
    assert!(rounds.iter().any(|round| *round > 0), "and lost it: {rounds:?}");
}
