//! Recalls of lots and withdrawals of products, by the owner or by a regulator in its stead.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use gs1::{Gtin, Lot};
use ledger::directory::{RecallClass, Stop};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::directory_requests::configure_recalls;
use crate::auth::{Allowed, permission};
use crate::body::Write;
use crate::clock::rfc3339;
use crate::directory_changes::{Became, Change, stop_of, submit, text};
use crate::idempotency::{Answer, IdempotencyHeader};
use crate::openapi::texts::{Gtin14Text, GtinText, LotText, ShortText};
use crate::problem::{Fault, Problem, ProblemDocument};
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_recalls).service(recall).configure(configure_recalls);
}

/// How grave the reason of a recall is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Class {
    /// Serious harm or death is probable.
    I,
    /// Harm is temporary or reversible, or serious harm is remote.
    Ii,
    /// Harm is unlikely.
    Iii,
}

impl From<Class> for RecallClass {
    fn from(class: Class) -> Self {
        match class {
            Class::I => Self::I,
            Class::Ii => Self::II,
            Class::Iii => Self::III,
        }
    }
}

impl From<RecallClass> for Class {
    fn from(class: RecallClass) -> Self {
        match class {
            RecallClass::I => Self::I,
            RecallClass::II => Self::Ii,
            RecallClass::III => Self::Iii,
        }
    }
}

/// What is to be stopped, and why.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRecall {
    /// GTIN of the product.
    #[schema(value_type = GtinText)]
    gtin: String,
    /// The lot that is recalled; without it the product is withdrawn.
    #[serde(default)]
    #[schema(value_type = Option<LotText>)]
    lot: Option<String>,
    /// How grave the reason is.
    class: Class,
    /// Why, in words for those who hold the product; at most 120 characters.
    #[schema(value_type = ShortText)]
    reason: String,
}

/// A recall or withdrawal.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Recall {
    /// GTIN-14.
    #[schema(value_type = Gtin14Text)]
    gtin: String,
    /// The lot; absent: the product is withdrawn.
    #[schema(value_type = Option<LotText>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<String>,
    /// How grave the reason is.
    class: Class,
    /// Why.
    reason: String,
    /// Number of the organisation that decided it.
    author: u32,
    /// Whether every node has agreed. From the block on, every pack of it is refused everywhere.
    r#final: bool,
    /// Height of the block from which on it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u64>,
    /// Time of that block.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// In the answer to a recall: the request for it, at `/v1/recalls/requests/{id}`, which tells what became of it.
    #[schema(format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl From<&Stop> for Recall {
    fn from(stop: &Stop) -> Self {
        Self {
            gtin: stop.key.gtin.as_str().to_owned(),
            lot: stop.key.lot.as_ref().map(|lot| lot.as_str().to_owned()),
            class: stop.class.into(),
            reason: stop.reason.clone(),
            author: stop.author.0,
            r#final: true,
            block: Some(stop.height.0),
            time: Some(rfc3339(stop.time_ms)),
            request_id: None,
        }
    }
}

/// Recalls and withdrawals.
#[derive(Debug, Serialize, ToSchema)]
struct Recalls {
    /// In order of product and lot; withdrawals before recalls.
    recalls: Vec<Recall>,
}

/// Which recalls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RecallFilter {
    /// GTIN of the product; all products without it.
    #[param(value_type = Option<GtinText>, inline)]
    gtin: Option<String>,
}

/// Lists recalls and withdrawals
///
/// Those of all organisations: whoever holds a product must know of them.
#[utoipa::path(tag = "recalls", operation_id = "list_recalls", security(("api_key" = ["recall"])), params(RecallFilter),
    responses((status = 200, description = "Recalls and withdrawals", body = Recalls)))]
#[get("/v1/recalls")]
async fn list_recalls(
    _: Allowed<permission::Recall>,
    filter: web::Query<RecallFilter>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let gtin = filter.gtin.as_deref().map(Gtin::new).transpose();
    let gtin = gtin.map_err(|error| Problem::invalid(vec![Fault::from(&error).at("gtin")]))?;
    let view = shared.view()?;
    let stops = view.directory.stops().filter(|stop| gtin.is_none_or(|gtin| stop.key.gtin == gtin));
    Ok(HttpResponse::Ok().json(Recalls { recalls: stops.map(Recall::from).collect() }))
}

/// Recalls a lot, or withdraws a product
///
/// Answers when it is final, or after the configured time with `"final": false`; the request that `Location` names tells
/// later what became of it, a refusal by the ledger included. It is never taken back.
#[utoipa::path(tag = "recalls", operation_id = "recall", security(("api_key" = ["recall"])), params(IdempotencyHeader),
    request_body = NewRecall, responses(
    (status = 201, description = "It holds, or is on its way", body = Recall,
     headers(("Location" = String, description = "The request for it"))),
    (status = 409, description = "It was recalled or withdrawn before", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/recalls")]
async fn recall(
    client: Allowed<permission::Recall>,
    write: Write<NewRecall>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let wanted = write.body;
    let mut faults = Vec::new();
    let reason = text(&wanted.reason, "/reason", &mut faults);
    let gtin = Gtin::new(&wanted.gtin).map_err(|error| faults.push(Fault::from(&error).at("/gtin"))).ok();
    let lot = wanted.lot.as_deref().map(Lot::new).transpose();
    let lot = lot.map_err(|error| faults.push(Fault::from(&error).at("/lot"))).ok();
    let (Some(gtin), Some(lot), true) = (gtin, lot, faults.is_empty()) else {
        return Err(Problem::invalid(faults));
    };
    let own = shared.config.organisation.id;
    let change = Change::stop(gtin, lot.clone(), wanted.class.into(), reason.clone());
    let lot_text = lot.as_ref().map(|lot| lot.as_str().to_owned());
    let taken = move |request_id: &str| Recall {
        gtin: gtin.as_str().to_owned(),
        lot: lot_text.clone(),
        class: wanted.class,
        reason: reason.clone(),
        author: own,
        r#final: false,
        block: None,
        time: None,
        request_id: Some(request_id.to_owned()),
    };
    match submit(&shared, (client.id, write.request), change, taken).await? {
        Became::Answered(answer) => Ok(answer.respond()),
        Became::Holds { view, request, location } => {
            let stop = stop_of(&view.directory, &gtin, lot.as_ref())
                .map(|stop| Recall { request_id: Some(request.to_string()), ..Recall::from(stop) });
            Ok(Answer::json(StatusCode::CREATED, &stop)?.at(location).respond())
        }
    }
}
