//! Changes of state other than dispensing.

use actix_web::{HttpResponse, post, web};
use lifecycle::Transition;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{Allowed, permission};
use crate::body::Write;
use crate::changes::{Asked, Changes, StateChange, own_site};
use crate::idempotency::IdempotencyHeader;
use crate::label::PackLabel;
use crate::problem::{Problem, ProblemDocument};
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(change_pack_state);
}

/// What can be done to a pack besides dispensing it.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OtherTransition {
    /// Take as a sample for an authority.
    Sample,
    /// Give away as a free medical sample.
    FreeSample,
    /// Export out of the market.
    Export,
    /// Destroy.
    Destroy,
    /// Report as stolen.
    ReportStolen,
    /// Quarantine.
    Lock,
    /// Release from quarantine.
    Unlock,
    /// Check out to be repacked.
    CheckOut,
}

impl From<OtherTransition> for Transition {
    fn from(transition: OtherTransition) -> Self {
        match transition {
            OtherTransition::Sample => Self::Sample,
            OtherTransition::FreeSample => Self::FreeSample,
            OtherTransition::Export => Self::Export,
            OtherTransition::Destroy => Self::Destroy,
            OtherTransition::ReportStolen => Self::ReportStolen,
            OtherTransition::Lock => Self::Lock,
            OtherTransition::Unlock => Self::Unlock,
            OtherTransition::CheckOut => Self::CheckOut,
        }
    }
}

/// Changes the state of a pack
///
/// Which organisation may do what is in the rules of the network: a refusal is a 409 with the code `role` or
/// `wrong_state`. Answers like dispensing.
#[utoipa::path(tag = "packs", operation_id = "change_pack_state", security(("api_key" = ["change_state"])),
    params(IdempotencyHeader, ("transition" = inline(OtherTransition), Path, description = "What is to be done")),
    request_body = PackLabel, responses(
    (status = 200, description = "The pack is in its new state", body = StateChange),
    (status = 409, description = "The change is refused", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/packs/{transition}")]
async fn change_pack_state(
    client: Allowed<permission::ChangeState>,
    transition: web::Path<OtherTransition>,
    write: Write<PackLabel>,
    changes: web::Data<Changes>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (client, site) = (client.id, own_site(&shared, client.site()?)?);
    let (label, request, transition) = (write.body, write.request, transition.into_inner().into());
    changes.change(&shared, Asked { client, site, request, label, transition }).await
}
