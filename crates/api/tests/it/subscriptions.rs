//! Named queries, webhooks and WebSockets over HTTP: who is sent what, how often, and who is refused.

mod named;
mod receiver;
mod refusals;
mod schedules;
mod sockets;
mod webhooks;

use std::io::Write as _;
use std::time::Duration;

use api::auth::Permission;
use api::config::Config;
use api::testing::{TestApp, TestClient};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use store::subscription::Subscription;
use uuid::Uuid;

use crate::capture::definition;
use crate::capture::document::{alone, named, observed, pack};
use crate::chain::Chain;

/// The place at which the tests' events happen.
const SITE: &str = "9521321000018";

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(60);

const ALL: &[Permission] = &[Permission::Capture, Permission::Query, Permission::Subscribe];

/// A service that delivers to this machine, and a client that may subscribe.
struct Subscriber {
    app: TestApp,
    client: TestClient,
    key: tempfile::NamedTempFile,
}

/// A configuration under which a receiver of this machine is reached.
fn near(key: &std::path::Path) -> impl FnOnce(&mut Config) {
    let key = key.to_owned();
    move |config| {
        config.webhooks.allow_http = true;
        config.webhooks.allow_private = true;
        config.webhooks.key_file = Some(key);
    }
}

impl Subscriber {
    async fn new() -> Self {
        let mut key = tempfile::NamedTempFile::new().unwrap();
        writeln!(key, "{}", "5a".repeat(32)).unwrap();
        let app = TestApp::start_with(&definition(), near(key.path())).await;
        Chain::found(&app).await;
        let client = app.client_at(ALL, Some(SITE)).await;
        Self { app, client, key }
    }

    /// Stops the service, and starts it again.
    async fn restart(self) -> Self {
        let Self { app, client, key } = self;
        let app = app.restart(&definition(), near(key.path())).await;
        app.shared.directory.refresh(app.database.pool()).await.unwrap();
        Self { app, client, key }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.request(&self.client, method, path)
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    /// Names a query.
    async fn name(&self, name: &str, query: Value) {
        let answer =
            self.post("/epcis/queries", &json!({ "name": name, "query": query })).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
    }

    /// Subscribes to the query `storing`; gives the subscription's address.
    async fn subscribe(&self, body: Value) -> String {
        let answer = self.post("/epcis/queries/storing/subscriptions", &body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Captures an event of this serial number, which is stored when this returns.
    async fn capture(&self, step: &str, serial: &str) {
        let id = format!("urn:uuid:{}", Uuid::now_v7());
        let event = alone(named(observed(step, &[pack(serial)]), &id));
        let answer = self.post("/epcis/events", &event).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
    }

    /// Waits until the row of the subscription at an address is as wanted.
    async fn until(&self, location: &str, wanted: impl Fn(&Subscription) -> bool) -> Subscription {
        let id: Uuid = location.rsplit('/').next().unwrap().parse().unwrap();
        let mut conn = self.app.database.pool().acquire().await.unwrap();
        let query = store::named_query::find(&mut conn, self.client.id, "storing").await.unwrap().unwrap();
        let looking = async {
            loop {
                let found = store::subscription::find(&mut conn, query.id, id).await.unwrap().unwrap();
                if wanted(&found) {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("the subscription comes to it")
    }
}

/// Serial numbers of the packs in a query document, in its order.
fn serials(document: &Value) -> Vec<String> {
    let events = crate::capture::events_of(document);
    let serial = |event: &Value| event["epcList"][0].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    events.iter().map(serial).collect()
}
