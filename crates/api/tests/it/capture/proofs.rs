//! What became final is proved: receipts of events, evidence about packs, the chain itself.

use api::proofs;
use api::testing::check_unauthorised;
use gs1::{Gtin, Lot, SerialNumber};
use ledger::receipt::EventReceipt;
use ledger::testkit::{LOT, recall};
use ledger::{Canonical as _, DirectoryChange};
use lifecycle::PackState;
use serde_json::{Value, json};
use store::outbox::NewOutboxRow;

use super::document::{GTIN, commissioning, destroying, document, pack};
use super::{Site, definition, problem, told};

/// A path segment.
fn encoded(id: &str) -> String {
    id.replace('%', "%25").replace('/', "%2F").replace('?', "%3F").replace(';', "%3B").replace('=', "%3D")
}

#[tokio::test]
async fn a_receipt_comes_with_finality_and_verifies_with_the_genesis_alone() {
    let mut site = Site::new().await;
    assert_eq!(site.capture(&document(&[commissioning(&[pack("T1")])])).await["success"], true);
    let id = site.events("").await[0]["eventID"].as_str().unwrap().to_owned();
    assert!(id.starts_with("ni:///sha-256;"), "{id}");
    let path = format!("/v1/receipts/{}", encoded(&id));
    let early = problem(site.get(&path)).await;
    assert_eq!((told(&early).0, told(&early).1), ("not-final", 409));
    let unknown = problem(site.get("/v1/receipts/urn%3Auuid%3A0")).await;
    assert_eq!((told(&unknown).0, told(&unknown).1), ("not-found", 404));
    assert_eq!(told(&problem(site.get("/v1/ledger/head")).await).1, 404);
    site.chain.settle(&site.app).await;

    let receipt: EventReceipt = site.get(&path).send().await.unwrap().json().await.unwrap();
    receipt.verify(site.chain.network.trust()).unwrap();
    let bytes = site.get(&path).header("accept", "application/octet-stream").send().await.unwrap();
    assert_eq!(EventReceipt::from_bytes(&bytes.bytes().await.unwrap()).unwrap(), receipt);
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let stored = store::event::find(&mut conn, &id).await.unwrap().unwrap();
    assert_eq!(receipt.commitment.0, stored.commitment);
    // What is stored commits to what was promised.
    let parsed =
        epcis::Document::parse(stored.body.as_bytes(), epcis::Format::Json, &epcis::Limits::default());
    let event = parsed.unwrap().events.pop().unwrap();
    let salt = ledger::commitment::Salt(stored.salt);
    assert_eq!(capture::commitment(&event, &salt).0, stored.commitment);

    let head: Value = site.get("/v1/ledger/head").send().await.unwrap().json().await.unwrap();
    assert_eq!(head["height"], 2, "{head}");
    let block: Value = site.get("/v1/ledger/blocks/1").send().await.unwrap().json().await.unwrap();
    assert_eq!(block["batches"][0]["author"], 1, "{block}");
    assert_eq!(block["header"]["height"], 1);
    assert_eq!(told(&problem(site.get("/v1/ledger/blocks/9")).await).1, 404);
    site.app.stop().await;
}

#[tokio::test]
async fn evidence_shows_every_change_and_what_stops_the_pack() {
    let mut site = Site::new().await;
    assert_eq!(site.capture(&document(&[commissioning(&[pack("U1")])])).await["success"], true);
    site.chain.settle(&site.app).await;
    assert_eq!(site.capture(&document(&[destroying(&[pack("U1")])])).await["success"], true);
    site.chain.settle(&site.app).await;
    stop(&site, recall(Some(LOT))).await;
    site.chain.settle(&site.app).await;

    let view = site.app.shared.view().unwrap();
    let of = |serial| (Gtin::new(GTIN).unwrap(), SerialNumber::new(serial).unwrap());
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let evidence = proofs::evidence(&mut conn, &view.directory, of("U1"), None).await.unwrap().unwrap();
    assert_eq!(evidence.lot, Some(Lot::new(LOT).unwrap()), "the recalled lot is the pack's");
    let network = &site.chain.network;
    let proven = evidence.verify(network.trust(), &network.genesis.directory()).unwrap();
    assert_eq!((proven.state, proven.changes, proven.stopped), (PackState::Destroyed, 2, true));
    let nothing = proofs::evidence(&mut conn, &view.directory, of("U2"), None).await.unwrap();
    assert!(nothing.is_none());
    site.app.stop().await;
}

async fn stop(site: &Site, change: DirectoryChange) {
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let row = NewOutboxRow {
        event: None,
        commitment: None,
        updates: Vec::new(),
        update_count: 0,
        changes: change.to_bytes(),
        last: true,
        created_at: time::OffsetDateTime::UNIX_EPOCH,
    };
    store::outbox::insert(&mut conn, &[row]).await.unwrap();
}

#[tokio::test]
async fn every_operation_refuses_strangers() {
    let site = Site::new().await;
    let api_document = serde_json::to_value(api::openapi::document(&definition())).unwrap();
    let cases = api::testing::cases();
    check_unauthorised(&site.app, &api_document, &cases).await.unwrap();
    assert_eq!(api_document["paths"]["/epcis/capture"]["options"]["security"], json!([{}]));
    site.app.stop().await;
}
