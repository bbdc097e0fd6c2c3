//! Products, lots and recalls.

use ledger::testkit::{MAKER, PHARMACY, REGULATOR};
use serde_json::{Value, json};

use super::{Site, label, refused, told};

fn product(gtin: &str) -> Value {
    json!({ "gtin": gtin, "name": "Example 10 mg tablets", "form": "tablet", "strength": "10 mg" })
}

#[tokio::test]
async fn a_product_is_registered_once_and_only_by_its_owner() {
    let mut site = Site::of(MAKER).await;
    let body = product("09521568251211");
    let (status, taken) = told(site.post_as("p", "/v1/products", &body).await).await;
    assert_eq!((status, &taken["final"]), (201, &json!(false)));
    site.settle().await;
    let (status, known) = told(site.post_as("p", "/v1/products", &body).await).await;
    assert_eq!((status, &known["final"], &known["registered"]), (201, &json!(true), &json!(1)));
    let (_, list) = told(site.get("/v1/products").await).await;
    assert_eq!(list["products"].as_array().unwrap().len(), 2);
    for (gtin, status, kind) in [
        ("09521568251211", 409, "already-exists"),
        ("04012345123456", 422, "unknown-gtin-owner"),
        ("09521568251212", 422, "check-digit"),
    ] {
        let answer = refused(site.post("/v1/products", &product(gtin)).await).await;
        assert_eq!((answer.0, answer.1.as_str()), (status, kind), "{gtin}");
    }
    let foreign =
        refused(Site::of(PHARMACY).await.post("/v1/products", &product("09521568251211")).await).await;
    assert_eq!((foreign.0, foreign.1.as_str()), (403, "foreign-product"));
}

#[tokio::test]
async fn what_the_ledger_refuses_is_on_record_for_whoever_asked() {
    let mut site = Site::of(MAKER).await;
    let body = product("09521568251211");
    let (_, first) = told(site.post_as("first", "/v1/products", &body).await).await;
    // Requests are told apart by their ids, which sort by time.
    site.app.clock.advance(1);
    let second = site.post_as("second", "/v1/products", &body).await;
    let location = second.headers()["location"].to_str().unwrap().to_owned();
    let (status, taken) = told(second).await;
    assert_eq!((status, &taken["final"]), (201, &json!(false)));
    assert_eq!(location, format!("/v1/products/requests/{}", taken["request_id"].as_str().unwrap()));
    assert_eq!(told(site.get(&location).await).await.1["state"], "pending");
    site.settle().await;

    let (_, request) = told(site.get(&location).await).await;
    assert_eq!(
        [&request["state"], &request["refusal"], &request["block"], &request["gtin"]],
        [&json!("refused"), &json!("already_registered"), &json!(1), &json!("09521568251211")]
    );
    assert_eq!(request["client_id"], site.client.id.to_string());
    let again = refused(site.post_as("second", "/v1/products", &body).await).await;
    assert_eq!(again, (409, "already-exists".to_owned(), "already_registered".to_owned()));
    let (status, known) = told(site.post_as("first", "/v1/products", &body).await).await;
    assert_eq!((status, &known["final"], &known["request_id"]), (201, &json!(true), &first["request_id"]));
    let (_, list) = told(site.get("/v1/products/requests?state=refused").await).await;
    assert_eq!(list["requests"], json!([request]));
    let recalls = format!("/v1/recalls/requests/{}", taken["request_id"].as_str().unwrap());
    assert_eq!(site.get(&recalls).await.status(), 404, "products are not recalls");
}

#[tokio::test]
async fn a_refusal_is_answered_again_as_it_was_the_first_time() {
    let mut site = Site::of(MAKER).await;
    let recall = json!({ "gtin": "09521568251211", "class": "II", "reason": "a test" });
    let first = site.post_as("early", "/v1/recalls", &recall).await;
    assert_eq!(first.status(), 422);
    let first = first.bytes().await.unwrap();
    // By now it would be possible.
    assert_eq!(site.post("/v1/products", &product("09521568251211")).await.status(), 201);
    site.settle().await;
    let again = site.post_as("early", "/v1/recalls", &recall).await;
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap()), (422, first));
    let reused = refused(site.post_as("early", "/v1/recalls", &json!({ "gtin": "1" })).await).await;
    assert_eq!(reused.0, 422);
    assert_eq!(site.post_as("fresh", "/v1/recalls", &recall).await.status(), 201);
}

#[tokio::test]
async fn from_the_block_of_a_recall_on_its_packs_are_refused() {
    let mut site = Site::of(REGULATOR).await;
    site.commission(&["S1"]).await;
    let recall =
        json!({ "gtin": "09521568251204", "lot": "A123", "class": "I", "reason": "particles found" });
    let (status, taken) = told(site.post("/v1/recalls", &recall).await).await;
    assert_eq!((status, &taken["final"]), (201, &json!(false)));
    let (_, before) = told(site.post("/v1/authenticate", &label("S1")).await).await;
    assert_eq!(before["verdict"], "genuine");
    site.settle().await;
    let (_, after) = told(site.post("/v1/authenticate", &label("S1")).await).await;
    assert_eq!((&after["verdict"], &after["colour"]), (&json!("recalled"), &json!("red")));
    let (_, list) = told(site.get("/v1/recalls?gtin=09521568251204").await).await;
    assert_eq!((&list["recalls"][0]["lot"], &list["recalls"][0]["final"]), (&json!("A123"), &json!(true)));
    assert_eq!(refused(site.post("/v1/recalls", &recall).await).await.0, 409);
    let withdrawal = json!({ "gtin": "09521568251204", "class": "II", "reason": "no longer made" });
    assert_eq!(site.post("/v1/recalls", &withdrawal).await.status(), 201);
}

#[tokio::test]
async fn only_the_owner_or_a_regulator_recalls() {
    let site = Site::of(PHARMACY).await;
    let recall = json!({ "gtin": "09521568251204", "lot": "A123", "class": "I", "reason": "no" });
    let answer = refused(site.post("/v1/recalls", &recall).await).await;
    assert_eq!((answer.0, answer.1.as_str()), (403, "foreign-product"));
    let long = json!({ "gtin": "09521568251204", "class": "I", "reason": "x".repeat(121) });
    assert_eq!(refused(site.post("/v1/recalls", &long).await).await.0, 422);
    assert_eq!(site.get("/v1/lots?gtin=09521568251204").await.status(), 200);
}
