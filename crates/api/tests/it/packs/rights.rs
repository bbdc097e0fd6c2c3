//! What a client must not be told or allowed: that it won when another did, another place's work, a label half read.

use futures::future::join_all;
use gs1::Gtin;
use ledger::directory::{ProductDetails, RecallClass};
use ledger::testkit::{DISTRIBUTOR, MAKER, PHARMACY, site as place};
use ledger::{DirectoryChange, OrganisationId};
use reqwest::Method;
use serde_json::{Value, json};
use store::custody::CustodyState;
use store::expected_receipt::{ExpectedReceipt, ReceiptState};
use time::OffsetDateTime;
use uuid::Uuid;

use super::goods::{CASES, PALLET, announced, custody};
use super::{Site, label, refused, told};
use crate::chain::SECOND_SITE;

const GTIN: &str = "09521568251211";

fn product(name: &str) -> Value {
    json!({ "gtin": GTIN, "name": name, "form": "tablet", "strength": "10 mg" })
}

/// Codes and places of the faults.
fn faults(problem: &Value) -> Vec<(&str, &str)> {
    let all = problem["errors"].as_array().unwrap().iter();
    all.map(|fault| (fault["code"].as_str().unwrap(), fault["pointer"].as_str().unwrap())).collect()
}

impl Site {
    /// As [`Site::of`], with a client at another place.
    async fn at(organisation: OrganisationId, gln: &str) -> Self {
        let mut site = Self::of(organisation).await;
        site.moved_to(gln).await;
        site
    }

    async fn moved_to(&mut self, gln: &str) {
        self.client = self.app.client_at(api::auth::Permission::ALL, Some(gln)).await;
    }
}

#[tokio::test]
async fn of_those_who_register_one_gtin_differently_one_is_told_that_it_is_registered() {
    let mut site = Site::of(MAKER).await;
    let names = ["One", "Two", "Three", "Four", "Five", "Six"];
    let all = |site: &Site| {
        let (app, client) = (&site.app, &site.client);
        let one = |name: &str| {
            let request = app.request(client, Method::POST, "/v1/products").header("idempotency-key", name);
            request.json(&product(name)).send()
        };
        names.map(one)
    };
    assert!(join_all(all(&site)).await.into_iter().all(|answer| answer.unwrap().status() == 201));
    site.settle().await;
    let (mut won, mut lost) = (Vec::new(), 0);
    for (name, answer) in names.iter().zip(join_all(all(&site)).await) {
        let (status, body) = told(answer.unwrap()).await;
        match status {
            201 => {
                assert_eq!((&body["name"], &body["final"]), (&json!(name), &json!(true)));
                won.push(*name);
            }
            409 => {
                assert_eq!(body["type"], "urn:theriac:problem:already-exists");
                assert_eq!(faults(&body), [("already_registered", "/name")]);
                lost += 1;
            }
            other => panic!("{other}: {body}"),
        }
    }
    assert_eq!((won.len(), lost), (1, 5));
}

#[tokio::test]
async fn who_waits_behind_another_entry_learns_at_once_what_differs() {
    let mut site = Site::of(MAKER).await;
    assert_eq!(site.post_as("mine", "/v1/products", &product("Mine")).await.status(), 201);
    let recall = |class: &str| json!({ "gtin": "09521568251204", "class": class, "reason": "a test" });
    assert_eq!(site.post_as("class", "/v1/recalls", &recall("II")).await.status(), 201);
    let gtin = Gtin::new(GTIN).unwrap();
    let theirs = ProductDetails {
        gtin,
        name: "Theirs".to_owned(),
        form: "tablet".to_owned(),
        strength: "5 mg".to_owned(),
    };
    site.chain.stop(&site.app, DirectoryChange::RegisterProduct(theirs)).await;
    let stop = DirectoryChange::Stop {
        gtin: Gtin::new("09521568251204").unwrap(),
        lot: None,
        class: RecallClass::I,
        reason: "a test".to_owned(),
    };
    site.chain.stop(&site.app, stop).await;
    let lost = |answer: (u16, Value)| {
        assert_eq!((answer.0, &answer.1["type"]), (409, &json!("urn:theriac:problem:already-exists")));
        answer.1
    };
    for _ in 0..2 {
        let mine = lost(told(site.post_as("mine", "/v1/products", &product("Mine")).await).await);
        assert_eq!(faults(&mine), [("already_registered", "/name"), ("already_registered", "/strength")]);
        let class = lost(told(site.post_as("class", "/v1/recalls", &recall("II")).await).await);
        assert_eq!(faults(&class), [("already_stopped", "/class")]);
        // The second time it is the ledger's refusal that is told.
        site.settle().await;
    }
}

#[tokio::test]
async fn a_key_of_nobodys_or_anothers_site_changes_nothing() {
    for gln in ["4012345000054", place(DISTRIBUTOR).as_str()] {
        let mut site = Site::at(PHARMACY, gln).await;
        site.commission(&["S1"]).await;
        for (path, body) in [
            ("/v1/packs/dispense", label("S1")),
            ("/v1/packs/undo", label("S1")),
            ("/v1/packs/destroy", label("S1")),
            ("/v1/deliveries", json!({ "epc": PALLET })),
            ("/v1/shipments", json!({ "items": [PALLET], "to": place(DISTRIBUTOR).as_str() })),
        ] {
            let answer = refused(site.post(path, &body).await).await;
            assert_eq!(answer, (403, "forbidden".to_owned(), "not_owner".to_owned()), "{path} at {gln}");
        }
    }
}

#[tokio::test]
async fn goods_are_received_and_shipped_where_they_were_sent() {
    let mut site = Site::at(DISTRIBUTOR, SECOND_SITE).await;
    announced(&site).await;
    let body = json!({ "epc": PALLET });
    let unknown = (409, "state-conflict".to_owned(), "unknown_object".to_owned());
    assert_eq!(refused(site.post("/v1/deliveries", &body).await).await, unknown);
    let inside = json!({ "epc": CASES[0] });
    assert_eq!(refused(site.post("/v1/deliveries", &inside).await).await, unknown);
    site.moved_to(place(DISTRIBUTOR).as_str()).await;
    assert_eq!(site.post("/v1/deliveries", &body).await.status(), 201);
    site.moved_to(SECOND_SITE).await;
    assert_eq!(refused(site.post("/v1/deliveries", &body).await).await, unknown);
    let shipment = json!({ "items": [PALLET], "to": place(PHARMACY).as_str() });
    assert_eq!(refused(site.post("/v1/shipments", &shipment).await).await, unknown);
}

#[tokio::test]
async fn goods_for_another_site_of_ours_are_listed_at_both() {
    let mut site = Site::of(DISTRIBUTOR).await;
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    store::custody::upsert(&mut conn, &[custody(PALLET, None, CustodyState::InStock)]).await.unwrap();
    drop(conn);
    let to = |gln: &str| json!({ "items": [PALLET], "to": gln });
    let same = refused(site.post("/v1/shipments", &to(place(DISTRIBUTOR).as_str())).await).await;
    assert_eq!((same.0, same.2.as_str()), (422, "same-site"));
    let (status, sent) = told(site.post("/v1/shipments", &to(SECOND_SITE)).await).await;
    assert_eq!((status, &sent["consignee"]), (201, &json!(DISTRIBUTOR.0)));
    let (_, list) = told(site.get("/v1/shipments").await).await;
    assert_eq!(
        (&list["shipments"][0]["to"], &list["shipments"][0]["items"]),
        (&json!(SECOND_SITE), &json!([PALLET]))
    );
    let (_, here) = told(site.get("/v1/deliveries").await).await;
    assert_eq!(here["deliveries"], json!([]));

    site.moved_to(SECOND_SITE).await;
    let (_, there) = told(site.get("/v1/deliveries").await).await;
    let expected = &there["deliveries"][0];
    assert_eq!(
        (&expected["epc"], &expected["state"], &expected["consignor"]),
        (&json!(PALLET), &json!("expected"), &json!(DISTRIBUTOR.0))
    );
    let (status, arrived) = told(site.post("/v1/deliveries", &json!({ "epc": PALLET })).await).await;
    assert_eq!((status, &arrived["state"], &arrived["site"]), (201, &json!("received"), &json!(SECOND_SITE)));
    let (_, there) = told(site.get("/v1/deliveries").await).await;
    assert_eq!(there["deliveries"], json!([]));
    assert_eq!(site.post("/v1/shipments", &to(place(PHARMACY).as_str())).await.status(), 201);
    site.settle().await;
}

#[tokio::test]
async fn what_leaves_is_no_longer_expected_at_a_site_of_ours() {
    let site = Site::of(DISTRIBUTOR).await;
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    store::custody::upsert(&mut conn, &[custody(PALLET, None, CustodyState::InStock)]).await.unwrap();
    let expected = ExpectedReceipt {
        epc: PALLET.to_owned(),
        notice_id: Some(Uuid::from_u128(1)),
        consignor: Some(DISTRIBUTOR.0),
        site_gln: place(DISTRIBUTOR).as_str().to_owned(),
        state: ReceiptState::Expected,
        updated_at: OffsetDateTime::UNIX_EPOCH,
    };
    store::expected_receipt::upsert(&mut conn, &[expected]).await.unwrap();
    drop(conn);
    let onward = json!({ "items": [PALLET], "to": place(PHARMACY).as_str() });
    assert_eq!(site.post("/v1/shipments", &onward).await.status(), 201);
    assert_eq!(told(site.get("/v1/deliveries").await).await.1["deliveries"], json!([]));
}

#[tokio::test]
async fn without_lot_and_expiry_nothing_is_dispensed() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    let typed = json!({ "gtin": "09521568251204", "serial": "S1" });
    for path in ["/v1/packs/dispense", "/v1/packs/undo", "/v1/packs/sample"] {
        let (status, problem) = told(site.post(path, &typed).await).await;
        assert_eq!((status, &problem["type"]), (422, &json!("urn:theriac:problem:invalid-field")), "{path}");
        assert_eq!(faults(&problem), [("missing", "/lot"), ("missing", "/expiry")]);
    }
    let scan = json!({ "scan": "]d2010952156825120410A123\u{1d}21S1" });
    let (status, problem) = told(site.post("/v1/packs/dispense", &scan).await).await;
    assert_eq!((status, faults(&problem)), (422, vec![("missing", "/scan")]));
    assert!(problem["errors"][0]["message"].as_str().unwrap().contains("expiry"));
    // From 2026-11-23 to 2028-04-01: with the date, it is known to have expired.
    site.app.clock.advance(496 * 24 * 60 * 60 * 1_000);
    assert_eq!(refused(site.post("/v1/packs/dispense", &label("S1")).await).await.2, "expired");
    assert_eq!(site.post("/v1/packs/dispense", &typed).await.status(), 422);
    // What only takes it away needs no more than its number.
    assert_eq!(site.post("/v1/packs/destroy", &typed).await.status(), 200);
}
