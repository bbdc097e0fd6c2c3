//! What the EPCIS endpoints support, told by `OPTIONS` (EPCIS 2.0 section 12).

use actix_web::http::header::ALLOW;
use actix_web::{HttpResponse, HttpResponseBuilder, options, web};

use super::headers::{VERSION, VERSION_MIN};
use crate::limits::CAPTURE_EVENTS_MAX;
use crate::shared::Shared;

pub(super) fn supported(methods: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::NoContent();
    answer
        .insert_header((ALLOW, methods))
        .insert_header(("GS1-EPCIS-Version", VERSION))
        .insert_header(("GS1-EPCIS-Min", VERSION_MIN))
        .insert_header(("GS1-EPCIS-Max", VERSION))
        .insert_header(("GS1-CBV-Version", VERSION))
        .insert_header(("GS1-CBV-Min", VERSION_MIN))
        .insert_header(("GS1-CBV-Max", VERSION))
        .insert_header(("GS1-EPC-Format", "No_Preference"))
        .insert_header(("GS1-CBV-XML-Format", "No_Preference"))
        .insert_header(("GS1-Vendor-Version", env!("CARGO_PKG_VERSION")));
    answer
}

/// What capture supports
///
/// The headers tell versions, error behaviours, and the most events and bytes of one document.
#[utoipa::path(tag = "epcis", operation_id = "capture_options", security(()),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/capture")]
pub async fn capture_options(shared: web::Data<Shared>) -> HttpResponse {
    supported("GET, OPTIONS, POST")
        .insert_header(("GS1-Capture-Error-Behaviour", "all"))
        .insert_header(("GS1-EPCIS-Capture-Limit", CAPTURE_EVENTS_MAX.to_string()))
        .insert_header((
            "GS1-EPCIS-Capture-File-Size-Limit",
            shared.config.http.capture_bytes_max.to_string(),
        ))
        .finish()
}

/// What a capture job supports
#[utoipa::path(tag = "epcis", operation_id = "job_options", security(()), params(("capture_id" = String, Path)),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/capture/{capture_id}")]
pub async fn job_options() -> HttpResponse {
    supported("GET, OPTIONS").finish()
}

/// What queries and single events support
#[utoipa::path(tag = "epcis", operation_id = "events_options", security(()),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/events")]
pub async fn events_options() -> HttpResponse {
    supported("GET, OPTIONS, POST").finish()
}

/// What an event supports
#[utoipa::path(tag = "epcis", operation_id = "event_options", security(()), params(("event_id" = String, Path)),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/events/{event_id}")]
pub async fn event_options() -> HttpResponse {
    supported("GET, OPTIONS").finish()
}

/// What the interface supports
#[utoipa::path(tag = "epcis", operation_id = "root_options", security(()),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis")]
pub async fn root_options() -> HttpResponse {
    supported("GET, OPTIONS").finish()
}

/// What master data support
#[utoipa::path(tag = "epcis", operation_id = "master_data_options", security(()),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/masterData")]
pub async fn master_data_options() -> HttpResponse {
    supported("GET, OPTIONS").finish()
}

/// What a page token supports
#[utoipa::path(tag = "epcis", operation_id = "token_options", security(()), params(("token" = String, Path)),
    responses((status = 204, description = "In the headers")))]
#[options("/epcis/nextPageToken/{token}")]
pub async fn token_options() -> HttpResponse {
    supported("DELETE, OPTIONS").finish()
}
