//! Changes of state.

use futures::future::join_all;
use ledger::testkit::{DISTRIBUTOR, LOT, MAKER, PHARMACY, recall};
use serde_json::json;

use super::{Site, label, refused, told};

#[tokio::test]
async fn a_dispense_is_taken_then_final_and_its_repeat_learns_so() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    let (status, taken) = told(site.post_as("one", "/v1/packs/dispense", &label("S1")).await).await;
    assert_eq!((status, &taken["state"], &taken["final"]), (200, &json!("supplied"), &json!(false)));
    let (_, waiting) = told(site.post("/v1/authenticate", &label("S1")).await).await;
    assert_eq!((&waiting["verdict"], &waiting["pending"]), (&json!("inactive"), &json!(true)));
    site.settle().await;
    let (status, known) = told(site.post_as("one", "/v1/packs/dispense", &label("S1")).await).await;
    assert_eq!((status, &known["final"], &known["result"]), (200, &json!(true), &json!("accepted")));
    assert_eq!(known["event_id"], taken["event_id"]);
    let reused = refused(site.post_as("one", "/v1/packs/dispense", &label("S2")).await).await;
    assert_eq!((reused.0, reused.1.as_str()), (422, "idempotency-key-reuse"));
    assert!(site.alerts().await.is_empty());
}

#[tokio::test]
async fn a_second_dispense_is_refused_with_an_alert_for_site_and_maker() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    assert_eq!(site.post("/v1/packs/dispense", &label("S1")).await.status(), 200);
    for settled in [false, true] {
        let (status, problem) = told(site.post("/v1/packs/dispense", &label("S1")).await).await;
        assert_eq!((status, &problem["errors"][0]["code"]), (409, &json!("already_in_state")), "{settled}");
        assert_eq!(problem["alert"]["code"], "A7");
        let id = problem["alert"]["id"].as_str().unwrap();
        assert_eq!(site.get(&format!("/v1/alerts/{id}")).await.status(), 200);
        site.settle().await;
    }
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let told = store::alert_forward::take(&mut conn, 10).await.unwrap();
    assert_eq!(told.iter().map(|one| one.recipient).collect::<Vec<_>>(), [MAKER.0; 2]);
}

#[tokio::test]
async fn of_many_who_dispense_at_once_one_wins_and_only_its_event_is_kept() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    let asked = label("S1");
    let tries = join_all((0..20).map(|_| site.post("/v1/packs/dispense", &asked))).await;
    let won = tries.iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(won, 1);
    assert!(tries.iter().all(|answer| matches!(answer.status().as_u16(), 200 | 409)));
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    assert_eq!(store::outbox::waiting(&mut conn, 100).await.unwrap().rows, 1);
}

#[tokio::test]
async fn refusals_name_their_cause() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1", "S2"]).await;
    for (path, label, code) in [
        ("/v1/packs/dispense", label("Never"), "unknown_pack"),
        ("/v1/packs/dispense", super::scan("S1", "B456", "280300"), "lot_mismatch"),
        ("/v1/packs/undo", label("S1"), "already_in_state"),
        ("/v1/packs/lock", label("S1"), "role"),
    ] {
        let (status, kind, told) = refused(site.post(path, &label).await).await;
        assert_eq!((status, kind.as_str(), told.as_str()), (409, "state-conflict", code), "{path}");
    }
    let foreign = json!({ "gtin": "09521321000025", "serial": "S1" });
    let unknown = refused(site.post("/v1/packs/dispense", &foreign).await).await;
    assert_eq!((unknown.0, unknown.1.as_str()), (422, "unknown-gtin-owner"));
    assert_eq!(site.post("/v1/packs/commission", &label("S1")).await.status(), 400);
    site.chain.stop(&site.app, recall(Some(LOT))).await;
    let (status, _, code) = refused(site.post("/v1/packs/dispense", &label("S2")).await).await;
    assert_eq!((status, code.as_str()), (409, "recalled"));
    // What is recalled may still be destroyed.
    assert_eq!(site.post("/v1/packs/destroy", &label("S2")).await.status(), 200);
}

#[tokio::test]
async fn a_dispense_is_taken_back_at_its_site_and_a_lock_released() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    assert_eq!(site.post("/v1/packs/dispense", &label("S1")).await.status(), 200);
    site.settle().await;
    let (status, undone) = told(site.post("/v1/packs/undo", &label("S1")).await).await;
    assert_eq!((status, &undone["state"]), (200, &json!("active")));
    site.settle().await;
    let (_, answer) = told(site.post("/v1/authenticate", &label("S1")).await).await;
    assert_eq!((&answer["verdict"], &answer["pending"]), (&json!("genuine"), &json!(false)));

    let mut wholesaler = Site::of(DISTRIBUTOR).await;
    wholesaler.commission(&["S2"]).await;
    for (path, state) in [("/v1/packs/lock", "locked"), ("/v1/packs/unlock", "active")] {
        let (status, changed) = told(wholesaler.post(path, &label("S2")).await).await;
        assert_eq!((status, &changed["state"]), (200, &json!(state)));
        wholesaler.settle().await;
    }
}

#[tokio::test]
async fn what_the_ledger_refuses_is_told_to_whoever_asks_again() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    assert_eq!(site.post_as("late", "/v1/packs/dispense", &label("S1")).await.status(), 200);
    // Somebody else's change of the pack comes first.
    site.chain.overtake(&site.app, "S1", DISTRIBUTOR).await;
    site.settle().await;
    let (status, _, code) = refused(site.post_as("late", "/v1/packs/dispense", &label("S1")).await).await;
    assert_eq!(status, 409);
    assert!(["version", "already_in_state", "wrong_state"].contains(&code.as_str()), "{code}");
}

#[tokio::test]
async fn a_change_that_a_recall_of_another_lot_overtook_is_made_after_all() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    assert_eq!(site.post_as("raced", "/v1/packs/dispense", &label("S1")).await.status(), 200);
    site.chain.stop(&site.app, recall(Some("B456"))).await;
    site.settle().await;
    // The first was refused for a recheck; the service asks again by itself, under an event of its own.
    let (status, again) = told(site.post_as("raced", "/v1/packs/dispense", &label("S1")).await).await;
    assert_eq!((status, &again["final"]), (200, &json!(false)));
    site.settle().await;
    let (status, done) = told(site.post_as("raced", "/v1/packs/dispense", &label("S1")).await).await;
    assert_eq!((status, &done["final"], &done["event_id"]), (200, &json!(true), &again["event_id"]));
}
