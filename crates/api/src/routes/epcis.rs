//! The EPCIS 2.0 REST binding (EPCIS 2.0 section 12).

pub mod answer;
pub mod capture;
mod discovery;
pub mod events;
mod filter;
mod headers;
mod job;
pub mod master_data;
pub mod page;
mod parameters;
pub mod queries;
mod resources;

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
        .service(discovery::event_options)
        .service(discovery::root_options)
        .service(discovery::master_data_options)
        .service(discovery::token_options)
        .service(resources::list_resources)
        .service(resources::release_token)
        .service(master_data::query_master_data);
    resources::configure(config);
    queries::configure(config);
}

/// A path segment: everything but unreserved characters is percent-encoded (RFC 3986 section 2.3).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
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
