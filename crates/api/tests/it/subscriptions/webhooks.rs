//! Deliveries: in order, signed, each event once, whatever receivers and services do meanwhile.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::subscription::Subscription;

use super::receiver::{Receiver, Reply};
use super::{ALL, SITE, Subscriber, serials};
use crate::capture::document::{document, observed, pack};

/// A secret in the form of Standard Webhooks, and its bytes.
const SECRET: (&str, &[u8]) = ("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", b"0123456789abcdef01234567");

fn stream(receiver: &Receiver) -> Value {
    json!({ "dest": receiver.url, "stream": true, "signatureToken": SECRET.0 })
}

/// A service with a query of what is stored.
async fn storing() -> Subscriber {
    let site = Subscriber::new().await;
    site.name("storing", json!({ "EQ_bizStep": ["storing"] })).await;
    site
}

#[tokio::test]
async fn events_are_delivered_signed_in_the_order_of_their_capture_and_once() {
    let (site, mut receiver) = (storing().await, Receiver::start());
    site.capture("storing", "BEFORE").await;
    let location = site.subscribe(stream(&receiver)).await;
    let mut seen = Vec::new();
    for serial in ["W1", "W2", "W3"] {
        site.capture("inspecting", &format!("{serial}x")).await;
        site.capture("storing", serial).await;
        while seen.last().is_none_or(|last| last != serial) {
            let delivery = receiver.next().await;
            assert!(delivery.is_signed_by(SECRET.1) && !delivery.is_signed_by(b"another secret, no?"));
            assert_eq!(delivery.header("content-type"), "application/json");
            assert_eq!(delivery.header("gs1-epcis-version"), "2.0.0");
            assert_eq!(delivery.header("webhook-timestamp"), "1795413600");
            let results = &delivery.document()["epcisBody"]["queryResults"];
            assert_eq!(results["queryName"], "storing");
            assert!(location.ends_with(results["subscriptionID"].as_str().unwrap()));
            seen.extend(delivery.serials());
        }
    }
    assert_eq!(seen, ["W1", "W2", "W3"]);
    site.until(&location, |row| row.last_notified_at.is_some()).await;
    let shown = site.request(Method::GET, &location).send().await.unwrap();
    assert_eq!(shown.headers()["gs1-query-min-record-time"], "2026-11-23T06:00:00.000Z");
    let shown: Value = shown.json().await.unwrap();
    assert_eq!((&shown["stream"], &shown["signatureToken"]), (&json!(true), &json!("********")));
    assert_eq!(shown["lastNotifiedAt"], "2026-11-23T06:00:00.000Z");
    assert!(!shown.to_string().contains(SECRET.0));
    let list = site.get("/epcis/queries/storing/subscriptions").await;
    assert_eq!(list, json!([shown]));
    assert!(!receiver.has_more());
    site.app.stop().await;
}

fn failed(times: u32) -> impl Fn(&Subscription) -> bool {
    move |row| row.attempts == times
}

#[tokio::test]
async fn a_receiver_that_failed_gets_everything_once_it_is_back_under_the_same_id() {
    let (site, mut receiver) = (storing().await, Receiver::with(&[Reply(500, None), Reply(302, None)], 99));
    let location = site.subscribe(stream(&receiver)).await;
    site.capture("storing", "F1").await;
    let first = receiver.next().await;
    let row = site.until(&location, failed(1)).await;
    assert_eq!((row.last_status, row.last_notified_at), (Some(500), None));
    site.capture("storing", "F2").await;
    site.app.clock.advance(1_000);
    let second = receiver.next().await;
    let row = site.until(&location, failed(2)).await;
    assert_eq!((row.last_status, row.last_notified_at), (Some(302), None), "a redirect is not followed");
    let shown = site.get(&location).await;
    assert_eq!((&shown["failedAttempts"], &shown["lastStatus"]), (&json!(2), &json!(302)));
    site.app.clock.advance(2_000);
    let third = receiver.next().await;
    let fourth = receiver.next().await;
    assert_eq!([first.answered, second.answered, third.answered, fourth.answered], [500, 302, 200, 200]);
    assert_eq!([first.serials(), second.serials(), third.serials()], [["F1"], ["F1"], ["F1"]]);
    let ids = [&first, &second, &third].map(|delivery| delivery.header("webhook-id").to_owned());
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(fourth.serials(), ["F2"]);
    assert_ne!(fourth.header("webhook-id"), ids[0]);
    let row = site.until(&location, |row| row.attempts == 0 && row.last_notified_at.is_some()).await;
    assert_eq!(row.last_status, None);
    site.app.stop().await;
}

#[tokio::test]
async fn a_restart_loses_and_repeats_nothing() {
    let (site, mut receiver) = (storing().await, Receiver::with(&[Reply(503, None)], 99));
    let location = site.subscribe(stream(&receiver)).await;
    site.capture("storing", "R1").await;
    let first = receiver.next().await;
    site.until(&location, failed(1)).await;
    let site = site.restart().await;
    site.capture("storing", "R2").await;
    site.app.clock.advance(1_000);
    let again = receiver.next().await;
    assert_eq!((again.serials(), again.header("webhook-id")), (first.serials(), first.header("webhook-id")));
    assert!(again.is_signed_by(SECRET.1), "the secret was kept");
    assert_eq!(receiver.next().await.serials(), ["R2"]);
    site.until(&location, |row| row.last_notified_at.is_some()).await;
    let site = site.restart().await;
    site.capture("storing", "R3").await;
    assert_eq!(receiver.next().await.serials(), ["R3"]);
    assert!(!receiver.has_more());
    site.app.stop().await;
}

/// Captures a document of as many events as there are serial numbers.
async fn capture_all(site: &Subscriber, serials: &[String]) {
    let events: Vec<Value> = serials.iter().map(|serial| observed("storing", &[pack(serial)])).collect();
    let answer = site.post("/epcis/capture", &document(&events)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let id = answer.headers()["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap();
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let ended = async {
        while store::capture_job::find(&mut conn, id).await.unwrap().is_some_and(|job| job.running) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(super::PATIENCE, ended).await.unwrap();
}

#[tokio::test]
async fn a_backlog_comes_in_bounded_parts_and_in_halves_where_that_is_too_much() {
    let (site, mut receiver) = (storing().await, Receiver::with(&[], 30));
    let all: Vec<String> = (0..250).map(|number| format!("B{number:03}")).collect();
    capture_all(&site, &all).await;
    let mut body = stream(&receiver);
    body["initialRecordTime"] = json!("2026-11-23T06:00:00.000Z");
    site.subscribe(body).await;
    let (mut seen, mut refused) = (Vec::new(), Vec::new());
    while seen.len() < all.len() {
        let delivery = receiver.next().await;
        match delivery.answered {
            413 => refused.push(delivery.serials().len()),
            _ => seen.extend(delivery.serials()),
        }
    }
    assert_eq!(refused, [100, 50], "then 25 at a time");
    assert_eq!(seen, all);
    site.app.stop().await;
}

#[tokio::test]
async fn what_was_recorded_before_the_initial_time_is_not_sent() {
    let (site, mut receiver) = (storing().await, Receiver::start());
    site.capture("storing", "I1").await;
    site.app.clock.advance(1_000);
    site.capture("storing", "I2").await;
    let mut body = stream(&receiver);
    body["initialRecordTime"] = json!("2026-11-23T07:00:01.000+01:00");
    let location = site.subscribe(body).await;
    assert_eq!(receiver.next().await.serials(), ["I2"]);
    assert_eq!(site.get(&location).await["initialRecordTime"], "2026-11-23T06:00:01.000Z");
    site.app.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_ends_its_subscription() {
    let (site, mut gone) = (storing().await, Receiver::with(&[Reply(410, None)], 99));
    let mut there = Receiver::start();
    let location = site.subscribe(stream(&gone)).await;
    let other = site.subscribe(stream(&there)).await;
    site.capture("storing", "G1").await;
    assert_eq!((gone.next().await.answered, there.next().await.serials()), (410, vec!["G1".to_owned()]));
    site.until(&location, |row| row.ended_at.is_some()).await;
    assert_eq!(site.get(&location).await["endedAt"], "2026-11-23T06:00:00.000Z");
    site.app.clock.advance(86_400_000);
    site.capture("storing", "G2").await;
    assert_eq!(there.next().await.serials(), ["G2"]);
    assert!(!gone.has_more());
    let deleted = site.request(Method::DELETE, &other).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(site.request(Method::GET, &other).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    site.app.stop().await;
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let (site, mut receiver) = (storing().await, Receiver::with(&[Reply(429, Some(600))], 99));
    let location = site.subscribe(stream(&receiver)).await;
    site.capture("storing", "P1").await;
    assert_eq!(receiver.next().await.answered, 429);
    let row = site.until(&location, failed(1)).await;
    let pause = row.next_attempt_at - api::clock::moment(api::testing::TEST_START_MS);
    assert_eq!(pause.whole_seconds(), 600);
    receiver.answer(&[Reply(204, None)]);
    site.app.clock.advance(600_000);
    assert_eq!(receiver.next().await.serials(), ["P1"]);
    site.until(&location, |row| row.last_notified_at.is_some()).await;
    site.app.stop().await;
}

#[tokio::test]
async fn nobody_is_sent_what_the_client_may_not_see_or_may_not_see_any_more() {
    let (site, mut receiver) = (storing().await, Receiver::start());
    let elsewhere = site.app.client(ALL).await;
    let revoked = site.app.client_at(ALL, Some(SITE)).await;
    let mut others = Vec::new();
    for client in [&elsewhere, &revoked] {
        let named = json!({ "name": "storing", "query": { "EQ_bizStep": ["storing"] } });
        let post = |path: &str| site.app.request(client, Method::POST, path);
        assert!(post("/epcis/queries").json(&named).send().await.unwrap().status().is_success());
        let theirs = Receiver::start();
        let made = post("/epcis/queries/storing/subscriptions").json(&stream(&theirs)).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        others.push(theirs);
    }
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let now = api::clock::moment(api::testing::TEST_START_MS);
    assert!(store::api_client::revoke(&mut conn, revoked.id, now).await.unwrap());
    site.subscribe(stream(&receiver)).await;
    for serial in ["S1", "S2"] {
        site.capture("storing", serial).await;
        assert_eq!(receiver.next().await.serials(), [serial]);
    }
    assert!(others.iter_mut().all(|receiver| !receiver.has_more()));
    site.app.stop().await;
}

#[tokio::test]
async fn a_deleted_query_is_not_delivered_any_more() {
    let (site, mut receiver) = (storing().await, Receiver::start());
    site.name("both", json!({ "EQ_bizStep": ["storing", "inspecting"] })).await;
    let mut other = Receiver::start();
    let answer =
        site.post("/epcis/queries/both/subscriptions", &json!({ "dest": other.url, "stream": true }));
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::CREATED);
    let location = site.subscribe(stream(&receiver)).await;
    site.capture("storing", "D1").await;
    assert_eq!(
        (receiver.next().await.serials(), other.next().await.serials()),
        (vec!["D1".into()], vec!["D1".into()])
    );
    site.until(&location, |row| row.last_notified_at.is_some()).await;
    let deleted = site.request(Method::DELETE, "/epcis/queries/storing").send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    site.capture("storing", "D2").await;
    let unsigned = other.next().await;
    assert_eq!(serials(&unsigned.document()), ["D2"]);
    assert!(
        unsigned.header("webhook-signature").is_empty() && unsigned.header("webhook-id").starts_with("msg_")
    );
    assert!(!receiver.has_more());
    site.app.stop().await;
}
