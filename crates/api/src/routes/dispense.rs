//! Dispensing packs, and taking it back.

use actix_web::{HttpResponse, post, web};
use lifecycle::Transition;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{Allowed, permission};
use crate::body::Write;
use crate::changes::{Asked, Changes, StateChange, own_site};
use crate::idempotency::IdempotencyHeader;
use crate::label::PackLabel;
use crate::openapi::labels::WholeLabel;
use crate::problem::{Problem, ProblemDocument};
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(dispense_pack).service(undo_dispense);
}

/// Dispenses a pack
///
/// Answers when every node has agreed, or after the configured time with `"final": false`. A refusal is a 409 whose
/// `errors` carry its code (`already_in_state`, `recalled`, `expired`, `unknown_pack`, ...) and `alert` the alert.
#[utoipa::path(tag = "packs", operation_id = "dispense_pack", security(("api_key" = ["dispense"])),
    params(IdempotencyHeader), request_body = WholeLabel, responses(
    (status = 200, description = "The pack is dispensed", body = StateChange),
    (status = 409, description = "It may not be dispensed", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/packs/dispense")]
async fn dispense_pack(
    client: Allowed<permission::Dispense>,
    write: Write<PackLabel>,
    changes: web::Data<Changes>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (client, site) = (client.id, own_site(&shared, client.site()?)?);
    let (label, request, transition) = (write.body, write.request, Transition::Dispense);
    changes.change(&shared, Asked { client, site, request, label, transition }).await
}

/// Takes back a pack's last change
///
/// Only the site that made the change may take it back, and only within the window that the rules give (ten days for
/// a dispense). The pack is active again.
#[utoipa::path(tag = "packs", operation_id = "undo_dispense", security(("api_key" = ["dispense"])),
    params(IdempotencyHeader), request_body = WholeLabel, responses(
    (status = 200, description = "The pack is active again", body = StateChange),
    (status = 409, description = "It may not be taken back", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/packs/undo")]
async fn undo_dispense(
    client: Allowed<permission::Dispense>,
    write: Write<PackLabel>,
    changes: web::Data<Changes>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (client, site) = (client.id, own_site(&shared, client.site()?)?);
    let (label, request, transition) = (write.body, write.request, Transition::Undo);
    changes.change(&shared, Asked { client, site, request, label, transition }).await
}
