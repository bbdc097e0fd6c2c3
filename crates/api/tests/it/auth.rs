//! Keys, permissions, revocation, rates.

use api::auth::Permission;
use api::clock::Clock as _;
use api::openapi;
use api::testing::{Case, TestApp, TestClient, check_unauthorised};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::sample::definition;

async fn double(app: &TestApp, client: &TestClient) -> StatusCode {
    app.request(client, Method::POST, "/v1/double").json(&json!({ "n": 1 })).send().await.unwrap().status()
}

#[tokio::test]
async fn every_operation_refuses_strangers_and_lets_in_the_documented_permission() {
    let app = TestApp::start(&definition()).await;
    let document = serde_json::to_value(openapi::document(&definition())).unwrap();
    let cases = [
        Case::bare("metrics", "/metrics"),
        Case::json("write_note", "/v1/notes", &json!({ "text": "a" })),
        Case::bare("count_notes", "/v1/notes?text=a"),
        Case::json("double", "/v1/double", &json!({ "n": 1 })),
        Case {
            operation: "capture",
            path: "/epcis/capture".into(),
            body: Some(("application/xml", "<x/>".into())),
        },
        Case::bare("fail", "/v1/fail/1"),
    ];
    check_unauthorised(&app, &document, &cases).await.unwrap();
    let faults = check_unauthorised(&app, &document, &cases[1..]).await.unwrap_err();
    assert_eq!(faults, ["metrics: has no unauthorised case"]);
    app.stop().await;
}

#[tokio::test]
async fn revocation_takes_effect_within_seconds_and_until_then_nobody_asks_the_database() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Authenticate]).await;
    assert_eq!(double(&app, &client).await, StatusCode::OK);
    let mut conn = app.database.pool().acquire().await.unwrap();
    let now = api::clock::moment(app.clock.now_ms());
    assert!(store::api_client::revoke(&mut conn, client.id, now).await.unwrap());
    assert_eq!(double(&app, &client).await, StatusCode::OK, "remembered");
    app.clock.advance(api::limits::KEY_STALE_MS);
    assert_eq!(double(&app, &client).await, StatusCode::UNAUTHORIZED);
    app.stop().await;
}

#[tokio::test]
async fn a_client_over_its_rate_is_told_when_to_come_back_and_others_go_on() {
    let app = TestApp::start_with(&definition(), |config| {
        (config.http.rate_per_second, config.http.rate_burst) = (1, 2);
    })
    .await;
    let (hasty, calm) =
        (app.client(&[Permission::Authenticate]).await, app.client(&[Permission::Authenticate]).await);
    assert_eq!(double(&app, &hasty).await, StatusCode::OK);
    assert_eq!(double(&app, &hasty).await, StatusCode::OK);
    let refused =
        app.request(&hasty, Method::POST, "/v1/double").json(&json!({ "n": 1 })).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.headers().get("retry-after").unwrap().to_str().unwrap().parse().unwrap();
    assert_eq!(double(&app, &calm).await, StatusCode::OK);
    app.clock.advance(seconds * 1_000);
    assert_eq!(double(&app, &hasty).await, StatusCode::OK);
    app.stop().await;
}

#[tokio::test]
async fn guessing_keys_is_slowed_where_it_comes_from_and_others_get_in() {
    let app = TestApp::start(&definition()).await;
    let mut statuses = Vec::new();
    for guess in 0..=u64::from(api::limits::UNKNOWN_KEYS_PER_SECOND) {
        let request = app.anonymous(Method::GET, "/metrics").bearer_auth(format!("thk_{guess:064x}"));
        statuses.push(request.send().await.unwrap().status());
    }
    assert_eq!(statuses.first(), Some(&StatusCode::UNAUTHORIZED));
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    let fresh = app.client(&[Permission::Metrics]).await;
    let here = app.request(&fresh, Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(here.status(), StatusCode::TOO_MANY_REQUESTS);
    let elsewhere = reqwest::Client::builder().local_address("127.0.0.2".parse().ok()).build().unwrap();
    let request = elsewhere.get(format!("{}/metrics", app.base)).bearer_auth(fresh.key.expose());
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    app.stop().await;
}
