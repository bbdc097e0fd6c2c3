//! Answers about packs.

use ledger::testkit::{MAKER, OTHER_LOT, PHARMACY};
use serde_json::json;

use super::{Site, label, refused, scan, told};

#[tokio::test]
async fn each_answer_differs_and_only_what_casts_doubt_raises_an_alert() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["5Kx9"]).await;
    let genuine = told(site.post("/v1/authenticate", &label("5Kx9")).await).await;
    assert_eq!(genuine.0, 200);
    let answer = &genuine.1;
    assert_eq!(
        [
            &answer["verdict"],
            &answer["colour"],
            &answer["state"],
            &answer["serial"],
            &answer["lot"],
            &answer["expiry"]
        ],
        ["genuine", "green", "active", "5Kx9", "A123", "280300"]
    );
    assert_eq!(answer["product"]["name"], "Example 5 mg tablets");
    assert_eq!(answer["pending"], false);
    assert!(site.alerts().await.is_empty());
    for (label, verdict, code) in [
        (label("Never"), "unknown_serial", "A3"),
        (scan("5Kx9", OTHER_LOT, "280300"), "lot_mismatch", "A68"),
        (scan("5Kx9", "A123", "280400"), "expiry_mismatch", "A52"),
    ] {
        let (status, answer) = told(site.post("/v1/authenticate", &label).await).await;
        assert_eq!((status, &answer["verdict"]), (200, &json!(verdict)));
        assert_eq!((&answer["colour"], &answer["alert"]["code"]), (&json!("red"), &json!(code)));
        // Scanned again, it is the same alert.
        let (_, again) = told(site.post("/v1/authenticate", &label).await).await;
        assert_eq!(again["alert"], answer["alert"]);
    }
    let alerts = site.alerts().await;
    assert_eq!(alerts.len(), 3);
    let (_, one) = told(site.get(&format!("/v1/alerts/{}", alerts[0]["id"].as_str().unwrap())).await).await;
    assert_eq!(one, alerts[0]);
    // All three are told to the maker.
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let told = store::alert_forward::take(&mut conn, 10).await.unwrap();
    assert_eq!(told.iter().map(|one| one.recipient).collect::<Vec<_>>(), [MAKER.0; 3]);
}

/// A service that has not heard from the ledger for some heartbeats cannot say that a serial number was never issued.
#[tokio::test]
async fn an_unknown_serial_is_unconfirmed_while_the_ledger_is_out_of_reach() {
    let mut site = Site::with(PHARMACY, |config| config.node = Some(crate::node::node_config())).await;
    site.commission(&["5Kx9"]).await;
    let (_, answer) = told(site.post("/v1/authenticate", &label("Before")).await).await;
    assert_eq!((&answer["verdict"], &answer["alert"]["code"]), (&json!("unknown_serial"), &json!("A3")));

    site.app.clock.advance(60_000);
    for (pack, verdict, colour) in [("Never", "unconfirmed_serial", "amber"), ("5Kx9", "genuine", "green")] {
        let (status, answer) = told(site.post("/v1/authenticate", &label(pack)).await).await;
        assert_eq!((status, &answer["verdict"], &answer["colour"]), (200, &json!(verdict), &json!(colour)));
        assert_eq!(answer["alert"], json!(null));
    }
    let dispensed = refused(site.post("/v1/packs/dispense", &label("Never")).await).await;
    assert_eq!((dispensed.0, dispensed.2.as_str()), (409, "unknown_pack"));
    assert_eq!(site.alerts().await.len(), 1, "only that of before");
}

#[tokio::test]
async fn an_unknown_product_is_amber_and_a_day_after_the_month_it_is_expired() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    let other = json!({ "gtin": "09521321000025", "serial": "S1" });
    let (status, answer) = told(site.post("/v1/authenticate", &other).await).await;
    assert_eq!(
        (status, &answer["verdict"], &answer["colour"]),
        (200, &json!("unknown_product"), &json!("amber"))
    );
    // From 2026-11-23 to 2028-04-01.
    site.app.clock.advance(496 * 24 * 60 * 60 * 1_000);
    let (_, answer) = told(site.post("/v1/authenticate", &label("S1")).await).await;
    assert_eq!(answer["verdict"], "expired");
    assert!(answer.get("alert").is_none() && site.alerts().await.is_empty());
}

#[tokio::test]
async fn a_digital_link_asks_the_same() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["a/b"]).await;
    for path in
        ["/01/09521568251204/21/a%2Fb?10=A123&17=280300", "/01/09521568251204/10/A123/21/a%2Fb?17=280331"]
    {
        let (status, answer) = told(site.get(path).await).await;
        assert_eq!(
            (status, &answer["verdict"], &answer["serial"]),
            (200, &json!("genuine"), &json!("a/b")),
            "{path}"
        );
    }
    let digit = refused(site.get("/01/09521568251205/21/S1").await).await;
    assert_eq!(digit, (422, "check-digit".to_owned(), "INCORRECT_CHECK_DIGIT".to_owned()));
    assert_eq!(refused(site.get("/01/09521568251204/21/S1?18=1").await).await.0, 400);
}

#[tokio::test]
async fn a_label_that_was_read_in_part_is_amber() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    for path in
        ["/01/09521568251204/21/S1", "/01/09521568251204/21/S1?10=A123", "/01/09521568251204/21/S1?17=280300"]
    {
        let (status, answer) = told(site.get(path).await).await;
        assert_eq!(
            (status, &answer["verdict"], &answer["colour"]),
            (200, &json!("incomplete_label"), &json!("amber")),
            "{path}"
        );
    }
    assert!(site.alerts().await.is_empty());
}

#[tokio::test]
async fn what_may_be_the_readers_fault_is_asked_again_without_an_alert() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    // Lot and serial number run together: the separator was lost.
    let lost = json!({ "scan": "]d20109521568251204172803002112310A123" });
    let (status, kind, code) = refused(site.post("/v1/authenticate", &lost).await).await;
    assert_eq!((status, kind.as_str(), code.as_str()), (422, "ambiguous-scan", "AMBIGUOUS_SCAN"));
    assert!(site.alerts().await.is_empty());
}
