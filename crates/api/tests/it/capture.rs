//! Capture and reading over HTTP, without a node: what is stored, what is refused, and what is proved of it later.

pub mod document;
mod faults;
mod jobs;
mod proofs;
mod query;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use api::ServiceDefinition;
use api::auth::Permission;
use api::problem::ProblemDocument;
use api::testing::{TestApp, TestClient};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::chain::Chain;

/// The service of the tests.
pub fn definition() -> ServiceDefinition {
    ServiceDefinition {
        name: "records",
        title: "Records",
        description: "For tests.",
        routes: api::routes::configure_records,
        assemble: |_, _| Ok(()),
        start_node: Arc::new(|_| Box::pin(async { Err("there is no node".into()) })),
    }
}

/// A service with a founded network, and a client that may capture and read.
struct Site {
    app: TestApp,
    chain: Chain,
    client: TestClient,
}

impl Site {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut api::config::Config)) -> Self {
        let app = TestApp::start_with(&definition(), change).await;
        let chain = Chain::found(&app).await;
        let client = app.client(&[Permission::Capture, Permission::Query, Permission::LedgerRead]).await;
        Self { app, chain, client }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.app.request(&self.client, Method::GET, path)
    }

    fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.app.request(&self.client, Method::POST, path);
        request.header("content-type", "application/json").body(body)
    }

    /// Captures a document, and waits for its job to end.
    async fn capture(&self, document: &Value) -> Value {
        self.capture_by(self.post("/epcis/capture", document.to_string())).await
    }

    async fn capture_by(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{}", answer.text().await.unwrap());
        assert_eq!(answer.headers()["gs1-epcis-version"], "2.0.0");
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        self.finished(&location).await
    }

    async fn finished(&self, location: &str) -> Value {
        let id = location.rsplit('/').next().unwrap().parse().unwrap();
        let mut conn = self.app.database.pool().acquire().await.unwrap();
        // The table is asked, because a client may not ask so often.
        let ended = async {
            while store::capture_job::find(&mut conn, id).await.unwrap().is_some_and(|job| job.running) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), ended).await.expect("the job ends");
        self.get(location).send().await.unwrap().json().await.unwrap()
    }

    /// The events that a query finds.
    async fn events(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/epcis/events{query}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        events_of(&answer.json().await.unwrap())
    }

    /// Rows of the outbox that wait.
    async fn waiting(&self) -> store::outbox::Waiting {
        let mut conn = self.app.database.pool().acquire().await.unwrap();
        store::outbox::waiting(&mut conn, 100_000).await.unwrap()
    }
}

pub fn events_of(document: &Value) -> Vec<Value> {
    document["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap().clone()
}

pub async fn problem(request: RequestBuilder) -> ProblemDocument {
    problem_of(request.send().await.unwrap()).await
}

pub async fn problem_of(answer: Response) -> ProblemDocument {
    let status = answer.status().as_u16();
    let document: ProblemDocument = answer.json().await.unwrap();
    assert_eq!(document.status, status);
    document
}

/// Type, status, and code and place of the first fault.
pub fn told(document: &ProblemDocument) -> (&str, u16, &str, Option<&str>) {
    let fault = document.errors.first();
    let code = fault.map_or("", |fault| fault.code.as_str());
    let kind = document.kind.trim_start_matches("urn:theriac:problem:").trim_start_matches("epcisException:");
    (kind, document.status, code, fault.and_then(|fault| fault.pointer.as_deref()))
}
