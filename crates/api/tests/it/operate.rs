//! Health, metrics, the document, coalescing, and the end.

use api::auth::Permission;
use api::testing::TestApp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::sample::definition;

#[tokio::test]
async fn health_readiness_and_metrics_answer() {
    let app = TestApp::start(&definition()).await;
    let starting = app.anonymous(Method::GET, "/readyz").send().await.unwrap();
    assert_eq!(starting.status(), 503, "the directory was not read yet");
    Chain::found(&app).await;
    let ready: Value = app.anonymous(Method::GET, "/readyz").send().await.unwrap().json().await.unwrap();
    assert_eq!(ready, json!({ "status": "ready", "ledger": "elsewhere" }));
    let client = app.client(&[Permission::Metrics]).await;
    let metrics = app.request(&client, Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("http_requests_total{method=\"GET\",route=\"/readyz\",status=\"200\"} 1"),
        "{metrics}"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_documents_the_problems() {
    let app = TestApp::start(&definition()).await;
    let document: Value =
        app.anonymous(Method::GET, "/openapi.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["license"]["identifier"], "Apache-2.0");
    let write = &document["paths"]["/v1/notes"]["post"];
    for status in ["201", "400", "401", "403", "413", "415", "422", "429", "500", "503"] {
        assert!(write["responses"].get(status).is_some(), "{status} is not documented: {write}");
    }
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
    let problem = &document["components"]["schemas"]["Problem"]["properties"];
    assert!(problem.get("next_action").is_some(), "{problem}");
    let printed: Value = serde_json::from_str(&api::openapi::text(&definition()).unwrap()).unwrap();
    assert_eq!(printed, document);
    app.stop().await;
}

#[tokio::test]
async fn the_page_for_readers_needs_nothing_from_elsewhere() {
    let app = TestApp::start(&definition()).await;
    let page = app.anonymous(Method::GET, "/docs/").send().await.unwrap();
    assert!(page.status().is_success());
    let page = page.text().await.unwrap();
    assert!(page.contains("swagger-ui-bundle.js") && !page.contains("https://"), "{page}");
    let script = app.anonymous(Method::GET, "/docs/swagger-ui-bundle.js").send().await.unwrap();
    assert!(script.status().is_success() && script.bytes().await.unwrap().len() > 100_000);
    app.stop().await;
}

#[tokio::test]
async fn concurrent_requests_share_batches_and_a_stop_waits_for_those_under_way() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Authenticate]).await;
    let asked =
        (0..64_u32).map(|n| app.request(&client, Method::POST, "/v1/double").json(&json!({ "n": n })).send());
    for (n, answer) in futures::future::join_all(asked).await.into_iter().enumerate() {
        let answer: Value = answer.unwrap().json().await.unwrap();
        assert_eq!(answer, json!({ "n": 2 * n }));
    }
    let base = app.base.clone();
    app.stop().await;
    assert!(reqwest::get(format!("{base}/healthz")).await.is_err(), "it still listens");
}
