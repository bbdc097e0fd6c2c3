//! `/v1/receipts`: proof that an event is on the ledger.

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse, get, web};
use ledger::{Canonical as _, OrganisationId};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{Allowed, permission};
use crate::problem::{Problem, ProblemDocument};
use crate::proofs;
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_receipt);
}

/// Get the receipt of an event
///
/// Proof, checkable with the genesis alone, that the event's commitment is in a decided block. In JSON; in the ledger's
/// canonical form where `Accept` asks for `application/octet-stream`.
#[utoipa::path(tag = "ledger", operation_id = "get_receipt", security(("api_key" = ["query"])),
    params(("event" = String, Path, description = "eventID, percent-encoded")),
    responses((status = 200, description = "The receipt", content((Object = "application/json"),
    (Vec<u8> = "application/octet-stream"))),
    (status = 409, description = "The event is not final yet; `Retry-After` says when to ask again", body = ProblemDocument, content_type = "application/problem+json")))]
#[get("/v1/receipts/{event}")]
pub async fn get_receipt(
    _: Allowed<permission::Query>,
    request: HttpRequest,
    event: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let event = store::event::find(&mut conn, &event).await?.ok_or_else(Problem::not_found)?;
    let own = OrganisationId(shared.config.organisation.id);
    let receipt = proofs::event_receipt(&mut conn, own, &event).await?;
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bytes = accept.split(',').any(|range| range.trim().starts_with("application/octet-stream"));
    Ok(if bytes {
        HttpResponse::Ok().content_type("application/octet-stream").body(receipt.to_bytes())
    } else {
        HttpResponse::Ok().json(receipt)
    })
}
