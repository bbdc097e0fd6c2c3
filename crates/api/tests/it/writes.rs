//! A write is done once, however often it is sent.

use api::auth::Permission;
use api::testing::{TestApp, TestClient};
use reqwest::{Method, Response};
use serde_json::json;

use crate::sample::definition;

async fn write(app: &TestApp, client: &TestClient, key: &str, text: &str) -> Response {
    let request = app.request(client, Method::POST, "/v1/notes").header("idempotency-key", key);
    request.json(&json!({ "text": text })).send().await.unwrap()
}

async fn count(app: &TestApp, client: &TestClient, text: &str) -> usize {
    let path = format!("/v1/notes?text={text}");
    app.request(client, Method::GET, &path).send().await.unwrap().json().await.unwrap()
}

async fn all_of(answer: Response) -> (u16, Option<String>, Option<String>, Vec<u8>) {
    let header = |name| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    let (status, location, media_type) =
        (answer.status().as_u16(), header("location"), header("content-type"));
    (status, location, media_type, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn the_first_answer_is_repeated_byte_for_byte() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Capture, Permission::Query]).await;
    let first = all_of(write(&app, &client, "a", "once").await).await;
    assert_eq!((first.0, first.2.as_deref()), (201, Some("application/json")));
    assert_eq!(all_of(write(&app, &client, "\"a\"", "once").await).await, first);
    assert_eq!(count(&app, &client, "once").await, 1);
    let refused = all_of(write(&app, &client, "r", "refused").await).await;
    assert_eq!(refused.0, 409);
    assert_eq!(all_of(write(&app, &client, "r", "refused").await).await, refused);
    assert_eq!(count(&app, &client, "refused").await, 1);
    let other = app.client(&[Permission::Capture]).await;
    assert_ne!(all_of(write(&app, &other, "a", "once").await).await.3, first.3, "keys belong to one client");
    app.stop().await;
}

#[tokio::test]
async fn a_key_with_another_body_is_refused_and_a_missing_key_too() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Capture, Permission::Query]).await;
    assert_eq!(write(&app, &client, "a", "one").await.status(), 201);
    let reuse = write(&app, &client, "a", "two").await;
    assert_eq!(reuse.status(), 422);
    assert!(reuse.text().await.unwrap().contains("urn:theriac:problem:idempotency-key-reuse"));
    assert_eq!(count(&app, &client, "two").await, 0);
    let without =
        app.request(&client, Method::POST, "/v1/notes").json(&json!({ "text": "x" })).send().await.unwrap();
    assert_eq!(without.status(), 400);
    assert!(without.text().await.unwrap().contains("urn:theriac:problem:idempotency-key-missing"));
    app.stop().await;
}

#[tokio::test]
async fn a_failure_keeps_nothing_so_that_repeating_works() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Capture, Permission::Query]).await;
    assert_eq!(write(&app, &client, "f", "fails").await.status(), 500);
    assert_eq!(count(&app, &client, "fails").await, 0, "rolled back");
    assert_eq!(write(&app, &client, "f", "works").await.status(), 201, "the key is free");
    app.stop().await;
}

#[tokio::test]
async fn simultaneous_repeats_end_with_one_write_and_one_answer() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Capture, Permission::Query]).await;
    let all = futures::future::join_all((0..16).map(|_| write(&app, &client, "same", "race"))).await;
    let answers = futures::future::join_all(all.into_iter().map(all_of)).await;
    assert_eq!(count(&app, &client, "race").await, 1);
    let done: Vec<_> = answers.iter().filter(|answer| answer.0 == 201).collect();
    assert!(done.iter().all(|answer| *answer == done[0]), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.0 == 201 || answer.0 == 409), "{answers:?}");
    app.stop().await;
}

#[tokio::test]
async fn answers_are_forgotten_after_a_day() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Capture]).await;
    assert_eq!(write(&app, &client, "old", "one").await.status(), 201);
    app.clock.advance(api::server::ANSWERS_KEPT_MS);
    assert_eq!(api::server::tidy(&app.shared).await.unwrap(), 0, "not yet");
    app.clock.advance(1);
    assert_eq!(api::server::tidy(&app.shared).await.unwrap(), 1);
    assert_eq!(write(&app, &client, "old", "two").await.status(), 201);
    app.stop().await;
}
