//! What is done about alerts, at the site and at the maker.

use gs1::{Gln, Gtin, SerialNumber};
use ledger::PackIdentity;
use ledger::testkit::{MAKER, PHARMACY, site as place};
use lifecycle::{Alert, VerdictCode};
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::raised_alert::{RaisedAlert, raise};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Site, label, refused, told};

async fn listed(site: &Site, query: &str) -> Vec<Value> {
    let (status, list) = told(site.get(&format!("/v1/alerts{query}")).await).await;
    assert_eq!(status, 200, "{list}");
    list["alerts"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_alert_is_acknowledged_closed_and_opened_again_with_who_when_and_why() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    let (_, answer) = told(site.post("/v1/authenticate", &label("Never")).await).await;
    let path = format!("/v1/alerts/{}", answer["alert"]["id"].as_str().unwrap());
    let at = |action: &str| format!("{path}/{action}");
    assert_eq!(told(site.get(&path).await).await.1["actions"], json!([]));

    let note = json!({ "note": "asked the wholesaler" });
    let first = site.post_as("ack", &at("acknowledge"), &note).await.bytes().await.unwrap();
    let (status, seen) = told(site.post_as("ack", &at("acknowledge"), &note).await).await;
    assert_eq!(
        (status, serde_json::to_vec(&seen).unwrap().len()),
        (200, first.len()),
        "repeated, not done twice"
    );
    let action = &seen["actions"][0];
    assert_eq!((&seen["state"], &action["state"]), (&json!("acknowledged"), &json!("acknowledged")));
    assert_eq!((&action["by"], &action["note"]), (&json!("test"), &json!("asked the wholesaler")));
    assert_eq!(action["at"], "2026-11-23T06:00:00.000Z");
    assert_eq!(action["client_id"], site.client.id.to_string());
    assert!(listed(&site, "?state=open").await.is_empty());
    assert_eq!(listed(&site, "?state=acknowledged").await, std::slice::from_ref(&seen));

    assert_eq!(refused(site.post(&at("reopen"), &json!({ "note": "x" })).await).await.2, "alert_not_closed");
    let closing = json!({ "reason": "handling_error", "note": "a label of another country" });
    let (_, closed) = told(site.post(&at("close"), &closing).await).await;
    assert_eq!(
        (&closed["state"], &closed["actions"][1]["reason"]),
        (&json!("closed"), &json!("handling_error"))
    );
    let late = refused(site.post(&at("acknowledge"), &json!({})).await).await;
    assert_eq!(late, (409, "state-conflict".to_owned(), "alert_closed".to_owned()));
    let (_, open) = told(site.post(&at("reopen"), &json!({ "note": "it came again" })).await).await;
    assert_eq!((&open["state"], open["actions"].as_array().unwrap().len()), (&json!("open"), 3));
    assert_eq!(told(site.get(&path).await).await.1, open);
}

#[tokio::test]
async fn what_cannot_be_done_about_an_alert_is_told() {
    let site = Site::of(PHARMACY).await;
    let unknown = format!("/v1/alerts/{}/acknowledge", Uuid::from_u128(1));
    assert_eq!(refused(site.post(&unknown, &json!({})).await).await.0, 404);
    let close = unknown.replace("acknowledge", "close");
    assert_eq!(refused(site.post(&close, &json!({})).await).await.1, "invalid-field");
    assert_eq!(refused(site.post(&close, &json!({ "reason": "bored" })).await).await.0, 422);
    let long = json!({ "note": "x".repeat(121) });
    assert_eq!(refused(site.post(&unknown, &long).await).await.0, 422);
    assert_eq!(site.get("/v1/alerts?state=lost").await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_maker_handles_what_it_was_told_of_by_itself() {
    let maker = Site::of(MAKER).await;
    let told_of = RaisedAlert {
        id: Uuid::from_u128(5),
        alert: Alert::of_verdict(VerdictCode::UnknownSerial).unwrap(),
        pack: PackIdentity {
            gtin: Gtin::new("09521568251204").unwrap(),
            serial: SerialNumber::new("Never").unwrap(),
        },
        issuer: MAKER,
        site: Some(Gln::new(place(PHARMACY).as_str()).unwrap()),
        message: "unknown".to_owned(),
        origin: PHARMACY,
        at: OffsetDateTime::UNIX_EPOCH,
    };
    let mut conn = maker.app.database.pool().acquire().await.unwrap();
    raise(&mut conn, &[told_of]).await.unwrap();
    drop(conn);
    let path = format!("/v1/alerts/{}/close", Uuid::from_u128(5));
    let (status, closed) = told(maker.post(&path, &json!({ "reason": "falsification" })).await).await;
    assert_eq!((status, &closed["origin"], &closed["state"]), (200, &json!(PHARMACY.0), &json!("closed")));
}
