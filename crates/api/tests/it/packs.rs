//! Packs, goods and the directory over HTTP, without a node: a test decides its blocks itself.

mod alerts;
mod authenticate;
mod changes;
mod directory;
mod goods;
mod lookups;
mod rights;

use std::sync::Arc;

use api::ServiceDefinition;
use api::auth::Permission;
use api::config::Config;
use api::testing::{TestApp, TestClient};
use ledger::OrganisationId;
use ledger::testkit::{LOT, site};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::chain::Chain;

/// Every route that there is.
pub fn definition() -> ServiceDefinition {
    ServiceDefinition {
        name: "packs",
        title: "Packs",
        description: "For tests.",
        routes,
        assemble: api::routes::assemble,
        start_node: Arc::new(|_| Box::pin(async { Err("there is no node".into()) })),
    }
}

fn routes(config: &mut ServiceConfig) {
    use api::routes;
    config
        .configure(routes::common)
        .configure(routes::goods::configure)
        .configure(routes::dispense::configure)
        .configure(routes::packs::configure)
        .configure(routes::products::configure)
        .configure(routes::recalls::configure)
        .configure(routes::lookups::configure);
}

/// One organisation's service, with a founded network and a client that may do everything at its site.
pub struct Site {
    pub app: TestApp,
    chain: Chain,
    pub client: TestClient,
    organisation: OrganisationId,
    keys: std::cell::Cell<u32>,
}

impl Site {
    pub async fn of(organisation: OrganisationId) -> Self {
        Self::with(organisation, |_| {}).await
    }

    pub async fn with(organisation: OrganisationId, change: impl FnOnce(&mut Config)) -> Self {
        let change = |config: &mut Config| {
            config.organisation.id = organisation.0;
            change(config);
        };
        let app = TestApp::start_with(&definition(), change).await;
        let chain = Chain::found(&app).await;
        let client = app.client_at(Permission::ALL, Some(site(organisation).as_str())).await;
        Self { app, chain, client, organisation, keys: std::cell::Cell::new(0) }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.app.request(&self.client, Method::GET, path).send().await.unwrap()
    }

    /// Posts under a fresh idempotency key.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.keys.set(self.keys.get() + 1);
        self.post_as(&format!("key-{}", self.keys.get()), path, body).await
    }

    async fn post_as(&self, key: &str, path: &str, body: &Value) -> Response {
        let request = self.app.request(&self.client, Method::POST, path).header("idempotency-key", key);
        request.json(body).send().await.unwrap()
    }

    /// The maker commissions packs of lot A123, which expire in March 2028.
    pub async fn commission(&mut self, serials: &[&str]) {
        self.chain.commission(&self.app, serials, LOT).await;
    }

    /// Decides what waits in the outbox.
    async fn settle(&mut self) {
        self.chain.settle_as(&self.app, self.organisation).await;
    }

    pub async fn alerts(&self) -> Vec<Value> {
        let list: Value = self.get("/v1/alerts").await.json().await.unwrap();
        list["alerts"].as_array().unwrap().clone()
    }
}

/// The label of a pack, as its Data Matrix code says it.
pub fn scan(serial: &str, lot: &str, expiry: &str) -> Value {
    json!({ "scan": format!("]d2010952156825120417{expiry}10{lot}\u{1d}21{serial}") })
}

/// The right label.
pub fn label(serial: &str) -> Value {
    scan(serial, LOT, "280300")
}

/// Status and body.
pub async fn told(answer: Response) -> (u16, Value) {
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Status, type, and code of the first fault.
pub async fn refused(answer: Response) -> (u16, String, String) {
    let (status, body) = told(answer).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = text(&body["type"]).trim_start_matches("urn:theriac:problem:").to_owned();
    (status, kind, text(&body["errors"][0]["code"]))
}
