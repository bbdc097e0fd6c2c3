//! What a regulator sees, and what is kept of its looking.

use ledger::Genesis;
use ledger::evidence::Evidence;
use ledger::testkit::{LOT, PHARMACY, REGULATOR, recall};
use serde_json::json;

use super::{Site, label, refused, told};

#[tokio::test]
async fn a_look_up_gives_history_and_evidence_and_is_on_record() {
    let mut site = Site::of(REGULATOR).await;
    site.commission(&["S1"]).await;
    assert_eq!(site.post("/v1/packs/sample", &label("S1")).await.status(), 200);
    site.settle().await;
    site.chain.stop(&site.app, recall(Some(LOT))).await;
    let path = "/v1/packs/09521568251204/S1?reason=suspected%20falsification&case_number=C-7";
    let (status, found) = told(site.get(path).await).await;
    assert_eq!((status, &found["state"]), (200, &json!("sample")));
    let history = found["history"].as_array().unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(
        (&history[0]["transition"], &history[1]["transition"]),
        (&json!("commission"), &json!("sample"))
    );
    assert_eq!(history[1]["author"], REGULATOR.0);
    assert_eq!(found["stops"][0]["lot"], LOT);
    let evidence: Evidence = serde_json::from_value(found["evidence"].clone()).unwrap();
    let genesis: &Genesis = &site.chain.network.genesis;
    let proven = evidence.verify(site.chain.network.trust(), &genesis.directory()).unwrap();
    assert!(proven.stopped && proven.changes == 2);

    site.app.clock.advance(1);
    let missing = refused(site.get("/v1/packs/09521568251204/Never?reason=a%20tip").await).await;
    assert_eq!(missing.0, 404);
    let (_, list) = told(site.get("/v1/lookups").await).await;
    let results: Vec<_> = list["lookups"].as_array().unwrap().iter().map(|one| &one["result"]).collect();
    assert_eq!(results, [&json!("not_found"), &json!("found")]);
    assert_eq!(list["lookups"][1]["reason"], "suspected falsification");
    assert_eq!(list["lookups"][1]["case_number"], "C-7");
}

#[tokio::test]
async fn without_a_reason_nothing_is_looked_up() {
    let site = Site::of(PHARMACY).await;
    assert_eq!(refused(site.get("/v1/packs/09521568251204/S1").await).await.0, 400);
    assert_eq!(refused(site.get("/v1/packs/09521568251204/S1?reason=%20").await).await.0, 422);
    let (_, list) = told(site.get("/v1/lookups").await).await;
    assert!(list["lookups"].as_array().unwrap().is_empty());
}
