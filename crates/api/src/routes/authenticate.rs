//! Authenticating packs, by scan or by GS1 Digital Link.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{Allowed, permission};
use crate::authenticate::{Authentication, Authenticator, today};
use crate::body::Json;
use crate::label::{PackLabel, contradicting};
use crate::openapi::texts::{ExpiryText, GtinText, LotText, SerialText};
use crate::problem::Problem;
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(authenticate).service(authenticate_link).service(authenticate_link_with_lot);
}

/// Authenticates a pack
///
/// Says whether the pack is genuine and may be dispensed, and changes nothing. Alerts are raised for unknown serial
/// numbers and for labels that do not fit; asking again within a minute names the same alert.
#[utoipa::path(tag = "packs", operation_id = "authenticate", security(("api_key" = ["authenticate"])),
    request_body = PackLabel, responses((status = 200, description = "What is known of the pack", body = Authentication)))]
#[post("/v1/authenticate")]
async fn authenticate(
    client: Allowed<permission::Authenticate>,
    label: Json<PackLabel>,
    authenticator: web::Data<Authenticator>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let label = label.0.read(today(&shared))?;
    Ok(HttpResponse::Ok().json(authenticator.authenticate(&shared, &client, &label).await?))
}

/// What a Digital Link says besides GTIN and serial number.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LinkAttributes {
    /// Lot number (AI 10), where it is not in the path.
    #[param(value_type = Option<LotText>, inline)]
    #[serde(rename = "10")]
    lot: Option<String>,
    /// Expiry date (AI 17) as printed, `YYMMDD`.
    #[param(value_type = Option<ExpiryText>, inline)]
    #[serde(rename = "17")]
    expiry: Option<String>,
}

/// Authenticates a pack by its Digital Link
///
/// The same answer as `POST /v1/authenticate`, at the path that a GS1 Digital Link has at any resolver.
#[utoipa::path(tag = "packs", operation_id = "authenticate_link", security(("api_key" = ["authenticate"])),
    params(("gtin" = inline(GtinText), Path, description = "GTIN (AI 01)"),
           ("serial" = inline(SerialText), Path, description = "Serial number (AI 21)"), LinkAttributes),
    responses((status = 200, description = "What is known of the pack", body = Authentication)))]
#[get("/01/{gtin}/21/{serial}")]
async fn authenticate_link(
    client: Allowed<permission::Authenticate>,
    path: web::Path<(String, String)>,
    attributes: web::Query<LinkAttributes>,
    authenticator: web::Data<Authenticator>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let ((gtin, serial), LinkAttributes { lot, expiry }) = (path.into_inner(), attributes.into_inner());
    let label = PackLabel { scan: None, gtin: Some(gtin), serial: Some(serial), lot, expiry };
    let label = label.read_link(today(&shared))?;
    Ok(HttpResponse::Ok().json(authenticator.authenticate(&shared, &client, &label).await?))
}

/// Authenticates a pack by its Digital Link with lot
///
/// As `GET /01/{gtin}/21/{serial}`, with the lot in the path where GS1 puts it.
#[utoipa::path(tag = "packs", operation_id = "authenticate_link_with_lot", security(("api_key" = ["authenticate"])),
    params(("gtin" = inline(GtinText), Path, description = "GTIN (AI 01)"),
           ("lot" = inline(LotText), Path, description = "Lot number (AI 10)"),
           ("serial" = inline(SerialText), Path, description = "Serial number (AI 21)"), LinkAttributes),
    responses((status = 200, description = "What is known of the pack", body = Authentication)))]
#[get("/01/{gtin}/10/{lot}/21/{serial}")]
async fn authenticate_link_with_lot(
    client: Allowed<permission::Authenticate>,
    path: web::Path<(String, String, String)>,
    attributes: web::Query<LinkAttributes>,
    authenticator: web::Data<Authenticator>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let ((gtin, lot, serial), LinkAttributes { lot: again, expiry }) =
        (path.into_inner(), attributes.into_inner());
    if again.is_some_and(|again| again != lot) {
        return Err(contradicting("10"));
    }
    let label = PackLabel { scan: None, gtin: Some(gtin), serial: Some(serial), lot: Some(lot), expiry };
    let label = label.read_link(today(&shared))?;
    Ok(HttpResponse::Ok().json(authenticator.authenticate(&shared, &client, &label).await?))
}
