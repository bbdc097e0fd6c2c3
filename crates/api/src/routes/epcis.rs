//! The EPCIS 2.0 REST binding, as far as capture and the journey's queries need it.

pub mod capture;
mod discovery;
pub mod events;
mod filter;
mod headers;
mod job;

use actix_web::HttpResponse;
use store::{PgConnection, TxFuture};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::idempotency::{Answer, Fingerprint, IdempotencyKey, WriteRequest, once};
use crate::problem::Problem;
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(capture::capture_events)
        .service(capture::list_captures)
        .service(capture::get_capture)
        .service(events::capture_event)
        .service(events::query_events)
        .service(events::get_event)
        .service(discovery::capture_options)
        .service(discovery::job_options)
        .service(discovery::events_options)
        .service(discovery::event_options);
}

/// Writes in one transaction; once, where the client named its write.
async fn write_once<W>(
    shared: &Shared,
    name: &'static str,
    (client, key, fingerprint): (Uuid, Option<IdempotencyKey>, Fingerprint),
    now_ms: u64,
    work: W,
) -> Result<HttpResponse, Problem>
where
    W: for<'c> Fn(&'c mut PgConnection) -> TxFuture<'c, Answer, Problem> + Send + Sync + 'static,
{
    match key {
        Some(key) => {
            once(&shared.pool, name, (client, WriteRequest { key, fingerprint }), now_ms, work).await
        }
        None => store::tx(&shared.pool, name, move |conn| work(conn)).await.map(Answer::respond),
    }
}
