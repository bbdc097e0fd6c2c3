use std::sync::Arc;

use consensus::{Config, Error, State};
use ledger::Hash;

use crate::cluster::{Cluster, DEADLINE, WATCH, free_address, key};
use crate::toy::Toy;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_peer_is_refused_until_it_is_added() {
    let cluster = Cluster::started("peers").await;
    cluster.decide(b"one").await;

    let dir = tempfile::tempdir().unwrap();
    let (listen, stranger) = (free_address(), key(99));
    let path = dir.path().to_owned();
    let set = cluster.validators.clone();
    let mut config = Config::new(cluster.network, "stranger", stranger.clone(), listen.clone(), path, set);
    config.peers = (0..4).map(|at| cluster.address(at)).collect();
    let app = Arc::new(Toy::new(cluster.validators.clone()));
    let handle = consensus::start(config, app.clone()).await.unwrap();
    let id = consensus::peer_id(&stranger.public_key()).unwrap();

    for item in [b"two".as_slice(), b"three", b"four"] {
        cluster.decide(item).await;
    }
    let mut watch = handle.watch();
    // The engine hangs up once it knows who dialled. On a busy machine a stranger may be answered before that, and
    // hold a block when it is sent away: what must not happen is that it is kept.
    let _early = tokio::time::timeout(WATCH, watch.wait_for(|status| status.tip.0 > 0)).await.is_ok();
    for at in 0..4 {
        let peers = cluster.handle(at).peers().await.unwrap();
        assert_eq!(peers.len(), 3, "node {at} speaks to its three peers: {peers:?}");
        assert!(peers.iter().all(|peer| peer.id != id));
    }

    let address = consensus::PeerAddress::new(&listen, &stranger.public_key()).unwrap();
    for at in 0..4 {
        cluster.handle(at).add_peer(address.clone()).await.unwrap();
    }
    let tip = cluster.tip(0);
    let followed = tokio::time::timeout(DEADLINE, watch.wait_for(|s| s.tip.0 >= tip)).await.is_ok();
    assert!(followed, "a peer that was added follows");
    assert!(app.contains(b"four"));
    for at in 0..4 {
        cluster.handle(at).remove_peer(address.clone()).await.unwrap();
    }
    handle.shutdown().await;
    cluster.decide(b"five").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_serves_one_process_and_one_network() {
    let mut cluster = Cluster::new("folder").await;
    cluster.start(0).await;
    let app = cluster.nodes[0].app.clone();
    let twice = consensus::start(cluster.config(0), app.clone()).await;
    assert!(matches!(twice, Err(Error::Locked(_))), "{twice:?}");
    assert_eq!(cluster.handle(0).status().state, State::Validator);
    cluster.stop(0).await;

    let mut config = cluster.config(0);
    config.network = Hash([8; 32]);
    let elsewhere = consensus::start(config, app.clone()).await;
    assert!(matches!(elsewhere, Err(Error::Network { .. })), "{elsewhere:?}");

    let mut config = cluster.config(0);
    config.peers.push(cluster.address(0));
    assert!(matches!(consensus::start(config, app).await, Err(Error::Config(_))));
    for wrong in ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/1/quic-v1", "localhost:1", ""] {
        assert!(wrong.parse::<consensus::PeerAddress>().is_err());
    }
}
