//! What `/epcis/queries` supports, told by `OPTIONS` (EPCIS 2.0 section 12).

use actix_web::{HttpResponse, options};

use super::super::discovery::supported;

/// What named queries support
#[utoipa::path(tag = "epcis", operation_id = "queries_options", security(()),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/queries")]
pub async fn queries_options() -> HttpResponse {
    supported("GET, OPTIONS, POST").finish()
}

/// What a named query supports
#[utoipa::path(tag = "epcis", operation_id = "query_options", security(()), params(("name" = String, Path)),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/queries/{name}")]
pub async fn query_options() -> HttpResponse {
    supported("GET, OPTIONS, DELETE").finish()
}

/// What the events of a named query support
#[utoipa::path(tag = "epcis", operation_id = "query_events_options", security(()), params(("name" = String, Path)),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/queries/{name}/events")]
pub async fn query_events_options() -> HttpResponse {
    supported("GET, OPTIONS").finish()
}

/// What the subscriptions to a query support
#[utoipa::path(tag = "epcis", operation_id = "subscriptions_options", security(()), params(("name" = String, Path)),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/queries/{name}/subscriptions")]
pub async fn subscriptions_options() -> HttpResponse {
    supported("GET, OPTIONS, POST").finish()
}

/// What a subscription supports
#[utoipa::path(tag = "epcis", operation_id = "subscription_options", security(()),
    params(("name" = String, Path), ("subscription_id" = String, Path)),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/queries/{name}/subscriptions/{subscription_id}")]
pub async fn subscription_options() -> HttpResponse {
    supported("GET, OPTIONS, DELETE").finish()
}
