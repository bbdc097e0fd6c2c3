use ledger::certificate::CertificateError;
use ledger::{Canonical as _, Certificate, Hash};

use crate::cluster::Cluster;
use crate::toy::hash;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_nodes_decide_the_same_blocks_and_the_ledger_alone_verifies_their_certificates() {
    let cluster = Cluster::started("decide").await;
    for item in [b"one".as_slice(), b"two", b"three"] {
        cluster.decide(item).await;
    }
    cluster.assert_same_blocks();
    for at in 0..4 {
        let app = &cluster.nodes[at].app;
        for (height, (block, certificate)) in (1..).zip(app.blocks().iter().zip(app.certificates())) {
            assert_eq!((certificate.height.0, certificate.block), (height, hash(block)));
            assert!(certificate.verify(&cluster.network, &cluster.validators).unwrap() >= 3);
            let again = Certificate::from_bytes(&certificate.to_bytes()).unwrap();
            assert_eq!(again, certificate);
        }
    }
    refuses_tampered(&cluster, &cluster.nodes[0].app.certificates()[1]);
}

fn refuses_tampered(cluster: &Cluster, genuine: &Certificate) {
    let verify = |certificate: &Certificate| certificate.verify(&cluster.network, &cluster.validators);
    let tamper = |change: fn(&mut Certificate)| {
        let mut certificate = genuine.clone();
        change(&mut certificate);
        verify(&certificate)
    };
    assert!(matches!(tamper(|c| c.block.0[0] ^= 1), Err(CertificateError::Signature(_))));
    assert!(matches!(tamper(|c| c.height.0 += 1), Err(CertificateError::Signature(_))));
    assert!(matches!(tamper(|c| c.round += 1), Err(CertificateError::Signature(_))));
    assert!(matches!(tamper(|c| c.signatures[0].signature.0[40] ^= 1), Err(CertificateError::Signature(_))));
    assert!(tamper(|c| c.signatures[0].address.0[0] ^= 0xff).is_err());
    assert!(matches!(tamper(|c| c.signatures.truncate(2)), Err(CertificateError::Power { .. })));
    assert!(matches!(tamper(|c| c.signatures.swap(0, 1)), Err(CertificateError::Order)));
    let elsewhere = genuine.verify(&Hash([8; 32]), &cluster.validators);
    assert!(matches!(elsewhere, Err(CertificateError::Signature(_))), "worth nothing on another network");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_of_many_parts_arrives_whole() {
    let cluster = Cluster::started("large").await;
    let item: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    cluster.decide(&item).await;
    cluster.assert_same_blocks();
}
