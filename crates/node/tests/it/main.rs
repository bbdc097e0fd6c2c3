//! Four nodes, four databases, real peers on loopback: what is captured becomes final everywhere, once.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod network;

use ledger::{Canonical, Height, PackIdentity, StatusRecord};
use lifecycle::PackState;
use network::Network;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_captures_is_final_at_all_and_one_dispense_wins() {
    let network = Network::start().await;
    let packs: Vec<PackIdentity> = (0..20).map(|i| network::pack(&format!("S{i:04}"))).collect();
    network.commission(0, &packs).await;
    network.until_records(&packs, PackState::Active).await;

    // Two pharmacies try the same pack at the same time, through their own nodes.
    let first = network.dispense(2, &packs[0]).await;
    let second = network.dispense(3, &packs[0]).await;
    let fates = [network.fate(2, &first).await, network.fate(3, &second).await];
    assert_eq!(fates.iter().filter(|refusal| refusal.is_none()).count(), 1, "one winner: {fates:?}");
    network.until_records(&packs[..1], PackState::Supplied).await;

    let heads = network.heads_at_common_height().await;
    assert!(heads.windows(2).all(|pair| pair[0] == pair[1]), "the same block at the same height");
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_node_catches_up_and_the_others_go_on() {
    let mut network = Network::start().await;
    network.stop_one(3).await;
    let packs: Vec<PackIdentity> = (0..5).map(|i| network::pack(&format!("T{i:04}"))).collect();
    network.commission(0, &packs).await;
    network.until_records_at(&[0, 1, 2], &packs, PackState::Active).await;
    network.start_one(3).await;
    network.until_records(&packs, PackState::Active).await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_restored_from_a_backup_finds_its_rows_on_the_chain() {
    let mut network = Network::start().await;
    network.stop_one(0).await;
    let packs = vec![network::pack("V0001"), network::pack("V0002")];
    let event = network.commission(0, &packs).await;
    let backup = network.outbox(0).await;
    network.start_one(0).await;
    network.until_records(&packs, PackState::Active).await;
    network.stop_one(0).await;

    network.restore(0, backup).await;
    network.start_one(0).await;
    assert_eq!(network.fate(0, &network::change_of(event, &packs[0])).await, None, "accepted, once");
    assert!(network.outbox(0).await.is_empty(), "nothing waits to be anchored again");
    let more = vec![network::pack("V0003")];
    network.commission(0, &more).await;
    network.until_records(&more, PackState::Active).await;
    assert_eq!(network.last_batch_of(0).await, 2);
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_commissioned_twice_is_refused_and_remembered() {
    let network = Network::start().await;
    let packs = vec![network::pack("U0001")];
    network.commission(0, &packs).await;
    network.until_records(&packs, PackState::Active).await;
    let again = network.commission(0, &packs).await;
    let refusal = network.fate(0, &network::change_of(again, &packs[0])).await;
    assert_eq!(refusal, Some(lifecycle::Refusal::AlreadyCommissioned.code()));
    let record = network.record(1, &packs[0]).await.expect("the record is there");
    let record = StatusRecord::from_bytes(&record).expect("it decodes");
    assert_eq!((record.version, record.commissioned.height > Height(0)), (0, true));
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_go_on_says_so_and_the_others_do() {
    let mut network = Network::start().await;
    network.spoil(3).await;
    for round in 0..3 {
        let packs = vec![network::pack(&format!("V{round:04}"))];
        network.commission(0, &packs).await;
        network.until_records_at(&[0, 1, 2], &packs, PackState::Active).await;
    }
    let ended = network.ended(3).await;
    assert_eq!(ended.part, "consensus");
    assert!(ended.reason.contains("block"), "{ended}");
    let documented = include_str!("../../../../docs/metrics.md");
    // A counter with labels is shown from its first message on: one node has sent, the other received.
    let metrics = network.metrics(0) + &network.metrics(1);
    for name in documented.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()) {
        let ours = ["node_", "exchange_", "malachitebft_"].iter().any(|prefix| name.starts_with(prefix));
        assert!(!ours || metrics.contains(name), "{name} is documented, and not there:\n{metrics}");
    }
    network.stop().await;
}
