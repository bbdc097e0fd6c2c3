//! A service on a free port over a database of its own, for tests (feature `testing`).

mod cases;
mod unauthorised;

use std::sync::Arc;

use actix_web::web;
use reqwest::{Method, RequestBuilder};
use store::api_client::ApiClient;
use store::testing::TestDatabase;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use cases::{cases, check_service};
pub use unauthorised::{Case, check_unauthorised};

use crate::auth::{ApiKey, Permission, Permissions};
use crate::clock::{Clock as _, TestClock, moment};
use crate::config::Config;
use crate::entropy::Entropy;
use crate::openapi::Operations;
use crate::server::{Parts, Roles, ServiceDefinition, ServiceError, start};
use crate::shared::Shared;

/// When tests begin: 2026-11-23 06:00 UTC.
pub const TEST_START_MS: u64 = 1_795_413_600_000;

/// A place that test clients work at: the GLN of GS1's examples.
pub const TEST_SITE: &str = "4012345000054";

/// A service that listens, and what a test needs to talk to it.
pub struct TestApp {
    /// Where it listens, without a slash at the end.
    pub base: String,
    /// Its time, which moves only when told to.
    pub clock: Arc<TestClock>,
    /// Its database.
    pub database: TestDatabase,
    /// What its handlers share.
    pub shared: web::Data<Shared>,
    starts: u64,
    http: reqwest::Client,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ServiceError>>,
}

/// A client made for a test.
#[derive(Debug)]
pub struct TestClient {
    /// Its id.
    pub id: Uuid,
    /// Its API key.
    pub key: ApiKey,
}

impl TestApp {
    /// Starts the service's API, without a node.
    pub async fn start(definition: &ServiceDefinition) -> Self {
        Self::start_with(definition, |_| {}).await
    }

    /// As [`TestApp::start`], with a changed configuration.
    ///
    /// # Panics
    /// When the service does not start: the test cannot go on.
    pub async fn start_with(definition: &ServiceDefinition, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(TestClock::at(TEST_START_MS));
        Self::start_on(definition, TestDatabase::new().await, clock, 1, change).await
    }

    /// Stops the service in order, and starts it again on its database, at its time.
    ///
    /// # Panics
    /// When it does not stop or start: the test cannot go on.
    pub async fn restart(self, definition: &ServiceDefinition, change: impl FnOnce(&mut Config)) -> Self {
        let Self { stop, ended, mut database, clock, starts, .. } = self;
        stop_in_order(stop, ended).await;
        database.reconnect().await;
        Self::start_on(definition, database, clock, starts + 1, change).await
    }

    #[expect(clippy::expect_used, reason = "a test whose service does not start cannot go on")]
    async fn start_on(
        definition: &ServiceDefinition,
        database: TestDatabase,
        clock: Arc<TestClock>,
        starts: u64,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = test_config();
        change(&mut config);
        let parts = Parts {
            config: Arc::new(config.checked().expect("the test's configuration is valid")),
            pool: database.pool().clone(),
            clock: Arc::clone(&clock) as Arc<_>,
            // A second start draws other identifiers than the first.
            entropy: Entropy::seeded(starts),
            signing_key: None,
        };
        let running = start(definition, Roles::Api, parts).await.expect("the service starts");
        let (base, shared) = (format!("http://{}", running.address), running.shared.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(running.run_until(async move {
            // A dropped sender asks to stop, too.
            let _asked = stopped.await;
        }));
        Self { base, clock, database, shared, starts, http: reqwest::Client::new(), stop, ended }
    }

    /// Makes a client with these permissions, bound to [`TEST_SITE`].
    pub async fn client(&self, permissions: &[Permission]) -> TestClient {
        self.client_at(permissions, Some(TEST_SITE)).await
    }

    /// Makes a client with these permissions, bound to this site.
    ///
    /// # Panics
    /// When the database refuses: the test cannot go on.
    #[expect(clippy::expect_used, reason = "a test without its client cannot go on")]
    pub async fn client_at(&self, permissions: &[Permission], site: Option<&str>) -> TestClient {
        let key = ApiKey::generate(&self.shared.entropy);
        let id = self.shared.new_id();
        let client = ApiClient {
            id,
            name: "test".to_owned(),
            site_gln: site.map(str::to_owned),
            permissions: permissions.iter().copied().collect::<Permissions>().names(),
            created_at: moment(self.clock.now_ms()),
            revoked_at: None,
        };
        let mut conn = self.database.pool().acquire().await.expect("the database answers");
        store::api_client::insert(&mut conn, &client, key.hash().as_bytes())
            .await
            .expect("the client is new");
        TestClient { id, key }
    }

    /// A request without a key.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A request by this client.
    pub fn request(&self, client: &TestClient, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(client.key.expose())
    }

    /// Waits until the service ends by itself.
    ///
    /// # Errors
    /// Why it did.
    ///
    /// # Panics
    /// When its task panics.
    #[expect(clippy::expect_used, reason = "a panic of the service fails the test")]
    pub async fn ended(self) -> Result<(), ServiceError> {
        self.ended.await.expect("the service's task ends")
    }

    /// Stops the service in order.
    ///
    /// # Panics
    /// When it did not end well.
    pub async fn stop(self) {
        stop_in_order(self.stop, self.ended).await;
    }
}

#[expect(clippy::expect_used, reason = "a service that does not stop fails the test")]
async fn stop_in_order(stop: oneshot::Sender<()>, ended: JoinHandle<Result<(), ServiceError>>) {
    drop(stop);
    ended.await.expect("the service's task ends").expect("the service ends well");
}

/// Every answer that any test gets must be one that the OpenAPI document names.
///
/// # Panics
/// When it is not: the client's connection breaks off, and its test with it.
pub(crate) fn check_documented(operations: &Operations, route: &str, method: &str, status: u16) {
    let Some(rule) = operations.of_request(route, method) else { return };
    assert!(
        rule.statuses.contains(&status.to_string()),
        "{method} {route} answered {status}, which its OpenAPI operation does not name"
    );
}

/// A configuration with the defaults, on a free port of this machine.
///
/// # Panics
/// Never: the text is fixed.
#[must_use]
#[expect(clippy::expect_used, reason = "the text is fixed")]
pub fn test_config() -> Config {
    let environment = [
        ("THERIAC__ORGANISATION__ID", "1"),
        ("THERIAC__ORGANISATION__NAME", "Test"),
        ("THERIAC__HTTP__LISTEN", "127.0.0.1:0"),
    ];
    let environment = environment.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Config::from_sources(None, environment).expect("the defaults are valid")
}
