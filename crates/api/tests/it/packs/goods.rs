//! Goods that come and go.

use ledger::testkit::{DISTRIBUTOR, PHARMACY, site as place};
use serde_json::{Value, json};
use store::custody::{Custody, CustodyState};
use store::expected_receipt::{ExpectedReceipt, ReceiptState};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Site, refused, told};

pub const PALLET: &str = "00/095212345678901235";
pub const CASES: [&str; 2] = ["00/095212345678901242", "00/095212345678901259"];

pub fn custody(epc: &str, parent: Option<&str>, state: CustodyState) -> Custody {
    Custody {
        epc: epc.to_owned(),
        parent: parent.map(str::to_owned),
        site_gln: place(DISTRIBUTOR).as_str().to_owned(),
        state,
        event_seq: 0,
        updated_at: OffsetDateTime::UNIX_EPOCH,
    }
}

/// A pallet of two cases that another organisation announced.
pub async fn announced(site: &Site) {
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let mut objects = vec![custody(PALLET, None, CustodyState::Expected)];
    objects.extend(CASES.map(|case| custody(case, Some(PALLET), CustodyState::Expected)));
    store::custody::upsert(&mut conn, &objects).await.unwrap();
    let expected = ExpectedReceipt {
        epc: PALLET.to_owned(),
        notice_id: Some(Uuid::from_u128(1)),
        consignor: Some(1),
        site_gln: place(DISTRIBUTOR).as_str().to_owned(),
        state: ReceiptState::Expected,
        updated_at: OffsetDateTime::UNIX_EPOCH,
    };
    store::expected_receipt::upsert(&mut conn, &[expected]).await.unwrap();
}

async fn states(site: &Site, parent: &str) -> Vec<(String, String)> {
    let (_, stock) = told(site.get(&format!("/v1/stock?parent={}", parent.replace('/', "%2F"))).await).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let content = stock["content"].as_array().unwrap();
    content.iter().map(|one| (text(&one["epc"]), text(&one["state"]))).collect()
}

#[tokio::test]
async fn a_pallet_is_received_with_its_content_broken_and_one_case_shipped() {
    let mut site = Site::of(DISTRIBUTOR).await;
    announced(&site).await;
    let (_, open) = told(site.get("/v1/deliveries").await).await;
    assert_eq!(
        (&open["deliveries"][0]["epc"], &open["deliveries"][0]["state"]),
        (&json!(PALLET), &json!("expected"))
    );
    let (status, here) =
        told(site.post("/v1/deliveries", &json!({ "epc": "]C100095212345678901235" })).await).await;
    assert_eq!((status, &here["state"], &here["objects"]), (201, &json!("received"), &json!(3)));
    assert!(states(&site, PALLET).await.iter().all(|(_, state)| state == "in_stock"));
    let (_, open) = told(site.get("/v1/deliveries").await).await;
    assert!(open["deliveries"].as_array().unwrap().is_empty());
    let again = refused(site.post("/v1/deliveries", &json!({ "epc": PALLET })).await).await;
    assert_eq!((again.0, again.2.as_str()), (409, "already_received"));

    let shipment = json!({ "items": [CASES[0]], "to": place(PHARMACY).as_str(), "unpack_from": PALLET });
    let (status, sent) = told(site.post("/v1/shipments", &shipment).await).await;
    assert_eq!((status, &sent["consignee"]), (201, &json!(PHARMACY.0)));
    assert_eq!(sent["unpacking_event_ids"].as_array().unwrap().len(), 1);
    assert_eq!(states(&site, PALLET).await, [(CASES[1].to_owned(), "in_stock".to_owned())]);
    let again = refused(site.post("/v1/shipments", &shipment).await).await;
    assert_eq!((again.0, again.2.as_str()), (409, "not_in_stock"));
    let (_, list) = told(site.get("/v1/shipments").await).await;
    assert_eq!(
        (&list["shipments"][0]["items"], &list["shipments"][0]["announced"]),
        (&json!([CASES[0]]), &json!(false))
    );
    // Receiving, unpacking and shipping are on their way to the ledger.
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    assert_eq!(store::outbox::waiting(&mut conn, 100).await.unwrap().rows, 3);
    drop(conn);
    site.settle().await;
    let event = sent["event_id"].as_str().unwrap().replace(':', "%3A");
    assert_eq!(site.get(&format!("/v1/receipts/{event}")).await.status(), 200);
}

#[tokio::test]
async fn a_repeat_learns_whether_the_goods_events_are_anchored() {
    let mut site = Site::of(DISTRIBUTOR).await;
    announced(&site).await;
    let arrived = json!({ "epc": PALLET });
    let (status, here) = told(site.post_as("in", "/v1/deliveries", &arrived).await).await;
    assert_eq!((status, &here["final"], here.get("block")), (201, &json!(false), None));
    let shipment = json!({ "items": [CASES[0]], "to": place(PHARMACY).as_str() });
    let (_, sent) = told(site.post_as("out", "/v1/shipments", &shipment).await).await;
    assert_eq!((&sent["final"], sent.get("block")), (&json!(false), None));
    site.settle().await;
    for (key, path, body, first) in
        [("in", "/v1/deliveries", &arrived, &here), ("out", "/v1/shipments", &shipment, &sent)]
    {
        let (status, known) = told(site.post_as(key, path, body).await).await;
        assert_eq!((status, &known["final"], &known["block"]), (201, &json!(true), &json!(1)), "{path}");
        assert_eq!(known["event_id"], first["event_id"]);
    }
}

#[tokio::test]
async fn a_refused_delivery_is_not_judged_anew() {
    let site = Site::of(DISTRIBUTOR).await;
    announced(&site).await;
    let shipment = json!({ "items": [CASES[0]], "to": place(PHARMACY).as_str() });
    let early = site.post_as("early", "/v1/shipments", &shipment).await;
    assert_eq!(early.status(), 409);
    let early = early.bytes().await.unwrap();
    assert_eq!(site.post("/v1/deliveries", &json!({ "epc": PALLET })).await.status(), 201);
    let again = site.post_as("early", "/v1/shipments", &shipment).await;
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap()), (409, early));
    assert_eq!(site.post_as("fresh", "/v1/shipments", &shipment).await.status(), 201);
}

#[tokio::test]
async fn goods_before_their_notice_are_held() {
    let site = Site::of(DISTRIBUTOR).await;
    let (status, held) =
        told(site.post("/v1/deliveries", &json!({ "epc": "095212345678901235" })).await).await;
    assert_eq!((status, &held["state"], &held["epc"]), (202, &json!("awaiting_data"), &json!(PALLET)));
    let (_, open) = told(site.get("/v1/deliveries").await).await;
    assert_eq!(open["deliveries"][0]["state"], "awaiting_data");
}

#[tokio::test]
async fn what_cannot_be_shipped_is_told() {
    let site = Site::of(DISTRIBUTOR).await;
    let to = place(PHARMACY);
    for (body, status, code) in [
        (json!({ "items": [], "to": to.as_str() }), 422, "count"),
        (json!({ "items": [PALLET], "to": "4012345000054" }), 422, "unknown-destination"),
        (json!({ "items": [PALLET], "to": "4012345000055" }), 422, "INCORRECT_CHECK_DIGIT"),
        (json!({ "items": [PALLET], "to": to.as_str() }), 409, "unknown_object"),
        (json!({ "items": ["414/9521321000018"], "to": to.as_str() }), 422, "not-an-object"),
    ] {
        let answer = refused(site.post("/v1/shipments", &body).await).await;
        assert_eq!((answer.0, answer.2.as_str()), (status, code));
    }
}
