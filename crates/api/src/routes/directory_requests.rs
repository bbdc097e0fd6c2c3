//! What this organisation asked the directory for, and what the ledger made of it: registrations of products on one
//! address, recalls and withdrawals on another.

use actix_web::{HttpResponse, get, web};
use lifecycle::Refusal;
use serde::{Deserialize, Serialize};
use store::directory_request::{DirectoryRequest, RequestKind, RequestState};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::auth::{Allowed, permission};
use crate::clock::rfc3339_of;
use crate::cursor;
use crate::openapi::texts::{CursorText, Gtin14Text, LotText, PageSize};
use crate::problem::Problem;
use crate::shared::Shared;

/// Registers the routes of products.
pub fn configure_products(config: &mut ServiceConfig) {
    config.service(list_product_requests).service(get_product_request);
}

/// Registers the routes of recalls.
pub fn configure_recalls(config: &mut ServiceConfig) {
    config.service(list_recall_requests).service(get_recall_request);
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It is on its way to the ledger.
    Pending,
    /// It holds, from the block on.
    Accepted,
    /// The ledger refused it; nothing was changed.
    Refused,
}

/// A change of the directory that this organisation asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DirectoryRequest)]
struct RequestDocument {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// GTIN-14 of the product.
    #[schema(value_type = Gtin14Text)]
    gtin: String,
    /// The lot; absent: the whole product.
    #[schema(value_type = Option<LotText>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<String>,
    /// Which client asked: its id.
    #[schema(format = Uuid)]
    client_id: String,
    /// When.
    #[schema(format = DateTime)]
    requested_at: String,
    /// What became of it.
    state: State,
    /// Why it was refused, in one word, such as `already_registered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'static str>,
    /// The same for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Height of the block that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u64>,
}

impl RequestDocument {
    fn of(request: DirectoryRequest) -> Result<Self, Problem> {
        let refusal = request.refusal.map(Refusal::from_code).transpose().map_err(Problem::internal)?;
        Ok(Self {
            id: request.id.to_string(),
            gtin: request.gtin,
            lot: request.lot,
            client_id: request.client_id.to_string(),
            requested_at: rfc3339_of(request.requested_at),
            state: match request.state {
                RequestState::Pending => State::Pending,
                RequestState::Accepted => State::Accepted,
                RequestState::Refused => State::Refused,
            },
            refusal: refusal.map(Refusal::as_str),
            message: refusal.map(|refusal| refusal.to_string()),
            block: request.height,
        })
    }
}

/// Requests.
#[derive(Debug, Serialize, ToSchema)]
struct DirectoryRequests {
    /// Newest first.
    requests: Vec<RequestDocument>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RequestFilter {
    /// Only those in this state.
    #[param(inline)]
    state: Option<State>,
    /// Where to go on, from the page before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<PageSize>, inline)]
    limit: Option<u32>,
}

/// Lists the registrations of products that were asked for
///
/// With what the ledger made of each.
#[utoipa::path(tag = "products", operation_id = "list_product_requests", security(("api_key" = ["register_product"])),
    params(RequestFilter), responses((status = 200, description = "Requests", body = DirectoryRequests)))]
#[get("/v1/products/requests")]
async fn list_product_requests(
    _: Allowed<permission::RegisterProduct>,
    filter: web::Query<RequestFilter>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    list(&shared, RequestKind::Product, &filter).await
}

/// Get one registration of a product that was asked for
#[utoipa::path(tag = "products", operation_id = "get_product_request", security(("api_key" = ["register_product"])),
    params(("id" = Uuid, Path, description = "From `request_id` or `Location` of the registration")),
    responses((status = 200, description = "The request", body = RequestDocument)))]
#[get("/v1/products/requests/{id}")]
async fn get_product_request(
    _: Allowed<permission::RegisterProduct>,
    id: web::Path<Uuid>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    one(&shared, RequestKind::Product, *id).await
}

/// Lists the recalls and withdrawals that were asked for
///
/// With what the ledger made of each.
#[utoipa::path(tag = "recalls", operation_id = "list_recall_requests", security(("api_key" = ["recall"])),
    params(RequestFilter), responses((status = 200, description = "Requests", body = DirectoryRequests)))]
#[get("/v1/recalls/requests")]
async fn list_recall_requests(
    _: Allowed<permission::Recall>,
    filter: web::Query<RequestFilter>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    list(&shared, RequestKind::Stop, &filter).await
}

/// Get one recall or withdrawal that was asked for
#[utoipa::path(tag = "recalls", operation_id = "get_recall_request", security(("api_key" = ["recall"])),
    params(("id" = Uuid, Path, description = "From `request_id` or `Location` of the recall")),
    responses((status = 200, description = "The request", body = RequestDocument)))]
#[get("/v1/recalls/requests/{id}")]
async fn get_recall_request(
    _: Allowed<permission::Recall>,
    id: web::Path<Uuid>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    one(&shared, RequestKind::Stop, *id).await
}

async fn list(shared: &Shared, kind: RequestKind, filter: &RequestFilter) -> Result<HttpResponse, Problem> {
    let limit = cursor::limit(filter.limit)?;
    let before: Option<Uuid> = cursor::read(filter.cursor.as_deref())?;
    let state = filter.state.map(|state| match state {
        State::Pending => RequestState::Pending,
        State::Accepted => RequestState::Accepted,
        State::Refused => RequestState::Refused,
    });
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let found = store::directory_request::list(&mut conn, kind, state, before, limit).await?;
    let last = found.last().filter(|_| found.len() == limit as usize).map(|last| last.id);
    let next_cursor = last.map(|last| cursor::write(&last)).transpose()?;
    let requests: Result<Vec<_>, _> = found.into_iter().map(RequestDocument::of).collect();
    Ok(HttpResponse::Ok().json(DirectoryRequests { requests: requests?, next_cursor }))
}

async fn one(shared: &Shared, kind: RequestKind, id: Uuid) -> Result<HttpResponse, Problem> {
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let found = store::directory_request::find(&mut conn, id).await?;
    let found = found.filter(|request| request.kind == kind).ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().json(RequestDocument::of(found)?))
}
