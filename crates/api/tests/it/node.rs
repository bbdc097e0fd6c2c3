//! A node beside the API: what the API shows of it, and what happens when it ends.

use std::sync::{Arc, Mutex};

use api::auth::Permission;
use api::clock::{Clock as _, TestClock};
use api::config::NodeConfig;
use api::entropy::Entropy;
use api::server::{Parts, Roles, RunningNode, ServiceError, start};
use api::testing::{TEST_START_MS, TestApp, test_config};
use api::{ServiceDefinition, Shared};
use ledger::link::{NodeLink, NodeStatus};
use ledger::{Hash, Height, SigningKey};
use prometheus_client::metrics::gauge::Gauge;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::chain::Chain;
use crate::sample;

struct Link(Arc<TestClock>);

impl NodeLink for Link {
    fn wake(&self) {}

    fn wake_delivery(&self) {}

    fn status(&self) -> NodeStatus {
        let (height, block) = (Height(7), Hash([7; 32]));
        NodeStatus { height, block, time_ms: self.0.now_ms(), peers: 3, voting: true }
    }
}

/// What the test does to its node, and what it sees of it.
struct Strings {
    end: oneshot::Sender<&'static str>,
    stopped: Arc<Mutex<u32>>,
    clock: Arc<TestClock>,
}

/// The sample with a node that ends when the test says so.
fn definition() -> (ServiceDefinition, Strings) {
    let (end, ends) = oneshot::channel::<&'static str>();
    let clock = Arc::new(TestClock::at(TEST_START_MS));
    let strings = Strings { end, stopped: Arc::default(), clock: clock.clone() };
    let (ends, stopped) = (Mutex::new(Some(ends)), strings.stopped.clone());
    let start_node: api::server::StartNode = Arc::new(move |context| {
        context
            .metrics
            .register(|registry| registry.register("node_depth", "Depth", Gauge::<i64>::default()));
        context.metrics.join(|| "# TYPE engine gauge\nengine 9\n# EOF\n".to_owned());
        let (ends, stopped) = (ends.lock().unwrap().take().unwrap(), stopped.clone());
        let node = RunningNode {
            link: Arc::new(Link(clock.clone())),
            ended: Box::pin(async { ends.await.unwrap_or("the test is over").into() }),
            stop: Box::new(move || {
                *stopped.lock().unwrap() += 1;
                Box::pin(async { Ok(()) })
            }),
        };
        Box::pin(async { Ok(node) })
    });
    (ServiceDefinition { start_node, ..sample::definition() }, strings)
}

pub fn node_config() -> NodeConfig {
    NodeConfig {
        state_dir: "/nonexistent".into(),
        genesis_file: "/nonexistent/genesis.json".into(),
        consensus_listen: "/ip4/127.0.0.1/tcp/0".to_owned(),
        consensus_peers: Vec::new(),
        exchange_listen: "/ip4/127.0.0.1/tcp/0".to_owned(),
        exchange_peers: Vec::new(),
        timing: Default::default(),
    }
}

#[tokio::test]
async fn the_service_shows_its_node_and_ends_with_it_in_order() {
    let database = store::testing::TestDatabase::new().await;
    Chain::found_in(database.pool()).await;
    let (definition, strings) = definition();
    let mut config = test_config();
    config.node = Some(node_config());
    let parts = Parts {
        config: Arc::new(config.checked().unwrap()),
        pool: database.pool().clone(),
        clock: strings.clock.clone(),
        entropy: Entropy::seeded(1),
        signing_key: Some(SigningKey::from_bytes(&[1; 32]).unwrap()),
    };
    let running = start(&definition, Roles::ApiAndNode, parts).await.unwrap();
    let (base, shared) = (format!("http://{}", running.address), running.shared.clone());
    let served = tokio::spawn(running.run_until(std::future::pending()));
    shared.directory.refresh(database.pool()).await.unwrap();
    let ready: Value = reqwest::get(format!("{base}/readyz")).await.unwrap().json().await.unwrap();
    assert_eq!(
        ready,
        json!({ "status": "ready", "ledger": "running", "block_height": 7, "block_age_ms": 0 })
    );
    let metrics = metrics(&base, &shared).await;
    assert!(metrics.contains("node_depth 0\n") && metrics.ends_with("engine 9\n# EOF\n"), "{metrics}");

    strings.end.send("batcher ended: out of rows").unwrap();
    let outcome = served.await.unwrap();
    let Err(ServiceError::Node(cause)) = outcome else { panic!("it goes on: {outcome:?}") };
    assert_eq!(cause.to_string(), "batcher ended: out of rows");
    assert_eq!(*strings.stopped.lock().unwrap(), 1);
    assert!(shared.is_stopping() && shared.pool.is_closed());
    assert!(reqwest::get(format!("{base}/healthz")).await.is_err(), "it still listens");
}

async fn metrics(base: &str, shared: &Shared) -> String {
    let key = api::auth::ApiKey::generate(&shared.entropy);
    let client = store::api_client::ApiClient {
        id: shared.new_id(),
        name: "monitor".to_owned(),
        site_gln: None,
        permissions: [Permission::Metrics].into_iter().collect::<api::auth::Permissions>().names(),
        created_at: api::clock::moment(shared.now_ms()),
        revoked_at: None,
    };
    let mut conn = shared.pool.acquire().await.unwrap();
    store::api_client::insert(&mut conn, &client, key.hash().as_bytes()).await.unwrap();
    let asked = reqwest::Client::new().get(format!("{base}/metrics")).bearer_auth(key.expose());
    asked.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_worker_that_panics_takes_the_service_down() {
    let assemble: fn(&_, &mut api::server::Assembly) -> Result<(), api::server::BoxError> = |_, assembly| {
        assembly.spawn("fragile", |_| async { panic!("a bug") });
        Ok(())
    };
    let app = TestApp::start(&ServiceDefinition { assemble, ..sample::definition() }).await;
    let base = app.base.clone();
    let ended = app.ended().await.unwrap_err();
    assert_eq!(ended.to_string(), "the worker fragile ended; the log says why");
    assert!(reqwest::get(format!("{base}/healthz")).await.is_err(), "it still listens");
}
