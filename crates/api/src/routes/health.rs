//! How the process is: for its supervisor, its load balancer and its monitoring.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{Allowed, permission};
use crate::problem::{Fault, Problem, ProblemDocument, ProblemType};
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz).service(metrics);
}

/// The process runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
}

/// The service takes traffic.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Always `ready`.
    pub status: &'static str,
    /// How the ledger is.
    pub ledger: LedgerState,
    /// Height of the newest block indexed here, where a node runs in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_height: Option<u64>,
    /// Milliseconds since that block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_age_ms: Option<u64>,
}

/// How the ledger is, as this process sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LedgerState {
    /// Blocks come.
    Running,
    /// No block for some heartbeats. Capture and reading go on, nothing becomes final.
    Stalled,
    /// This node does not vote: its consensus files were lost, and it follows until it has caught up.
    Following,
    /// No node runs in this process.
    Elsewhere,
}

/// Whether the process runs
///
/// Asks nothing of anyone: for a supervisor that restarts what hangs.
#[utoipa::path(tag = "health", operation_id = "healthz", security(()), responses((status = 200, description = "The process runs", body = Health)))]
#[get("/healthz")]
async fn healthz() -> web::Json<Health> {
    web::Json(Health { status: "ok" })
}

/// Whether the service takes traffic
///
/// Asks the database and compares its schema; the ledger's directory must have been read. A ledger that stands still does not make a service unready, because
/// capture and look-ups go on without it; the answer says so.
#[utoipa::path(tag = "health", operation_id = "readyz", security(()), responses(
    (status = 200, description = "The service takes traffic", body = Readiness),
    (status = 503, description = "It does not; `errors` says why", body = ProblemDocument,
     content_type = "application/problem+json"),
))]
#[get("/readyz")]
async fn readyz(shared: web::Data<Shared>) -> Result<web::Json<Readiness>, Problem> {
    if shared.is_stopping() {
        return Err(not_ready("stopping", "the service is stopping"));
    }
    store::check(&shared.pool).await.map_err(|error| match &error {
        store::Error::UnknownSchema(_) => {
            not_ready("schema", "the schema is not this program's").caused_by(error)
        }
        _ => not_ready("database", "the database does not answer").caused_by(error),
    })?;
    // Nothing that names a product or a partner can be answered before.
    shared.view().map_err(|_| not_ready("directory", "the directory was not read yet"))?;
    Ok(web::Json(ledger_state(&shared)))
}

/// The service's metrics
///
/// In the OpenMetrics text format, for Prometheus.
#[utoipa::path(tag = "health", operation_id = "metrics", security(("api_key" = ["metrics"])), responses(
    (status = 200, description = "All metrics", body = String, content_type = "application/openmetrics-text"),
))]
#[get("/metrics")]
async fn metrics(
    _: Allowed<permission::Metrics>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let text = shared.metrics.encode().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(text))
}

fn not_ready(check: &str, message: &str) -> Problem {
    Problem::new(ProblemType::NotReady).with_fault(Fault::new(check, message)).retry_after(1)
}

fn ledger_state(shared: &Shared) -> Readiness {
    let Some(node) = &shared.node else {
        return Readiness {
            status: "ready",
            ledger: LedgerState::Elsewhere,
            block_height: None,
            block_age_ms: None,
        };
    };
    let status = node.status();
    let age_ms = shared.now_ms().saturating_sub(status.time_ms);
    let ledger = match (status.voting, age_ms > shared.config.block_age_ms_max()) {
        (false, _) => LedgerState::Following,
        (true, true) => LedgerState::Stalled,
        (true, false) => LedgerState::Running,
    };
    Readiness { status: "ready", ledger, block_height: Some(status.height.0), block_age_ms: Some(age_ms) }
}
