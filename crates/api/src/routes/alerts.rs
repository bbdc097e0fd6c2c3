//! Alerts: this organisation's own, and those that others told it of.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use store::JsonValue;
use store::alert::AlertState;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::auth::{Allowed, permission};
use crate::clock::rfc3339_of;
use crate::cursor;
use crate::intake::at_micros;
use crate::problem::Problem;
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_alerts).service(get_alert);
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct AlertDocument {
    /// Its id, the same at every organisation that hears of it.
    id: String,
    /// Its code: those of the EU hub, such as `A3`, `A7`, `A24`, `A52`, `A68`.
    code: String,
    /// 5: potential falsification, told to the product's owner. 1: exception, stays at the site.
    level: i16,
    /// When it arose.
    raised_at: String,
    /// Number of the organisation at whose site it arose.
    origin: u32,
    /// GLN of the site, where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    /// GTIN-14 of the pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    gtin: Option<String>,
    /// Serial number of the pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    /// The pack's key on the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    record_key: Option<String>,
    /// What happened.
    message: String,
    /// `open`, `acknowledged` or `closed`.
    state: &'static str,
}

impl From<store::alert::Alert> for AlertDocument {
    fn from(alert: store::alert::Alert) -> Self {
        Self {
            id: alert.id.to_string(),
            code: alert.code,
            level: alert.level,
            raised_at: rfc3339_of(alert.raised_at),
            origin: alert.origin,
            site: alert.site_gln,
            gtin: alert.gtin,
            serial: alert.serial,
            record_key: alert.record_key.map(hex::encode),
            message: match alert.detail {
                JsonValue::String(text) => text,
                other => other.to_string(),
            },
            state: match alert.state {
                AlertState::Open => "open",
                AlertState::Acknowledged => "acknowledged",
                AlertState::Closed => "closed",
            },
        }
    }
}

/// Alerts.
#[derive(Debug, Serialize, ToSchema)]
struct Alerts {
    /// Newest first.
    alerts: Vec<AlertDocument>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which alerts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AlertFilter {
    /// GLN of a site: only alerts that arose there.
    site: Option<String>,
    /// Where to go on, from the page before.
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 unless given.
    limit: Option<u32>,
}

/// Lists alerts
#[utoipa::path(tag = "alerts", operation_id = "list_alerts", security(("api_key" = ["alerts"])), params(AlertFilter),
    responses((status = 200, description = "Alerts", body = Alerts)))]
#[get("/v1/alerts")]
async fn list_alerts(
    _: Allowed<permission::Alerts>,
    filter: web::Query<AlertFilter>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = cursor::limit(filter.limit)?;
    let before: Option<(i64, Uuid)> = cursor::read(filter.cursor.as_deref())?;
    let before = before.map(|(at, id)| Ok::<_, Problem>((at_micros(at)?, id))).transpose()?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let alerts = store::alert::list(&mut conn, filter.site.as_deref(), before, limit).await?;
    let full = alerts.len() == limit as usize;
    let last = alerts.last().filter(|_| full);
    let place = last.map(|last| (last.raised_at.unix_timestamp_nanos() / 1_000, last.id));
    let next_cursor = place.map(|place| cursor::write(&place)).transpose()?;
    let alerts = alerts.into_iter().map(AlertDocument::from).collect();
    Ok(HttpResponse::Ok().json(Alerts { alerts, next_cursor }))
}

/// Get one alert
#[utoipa::path(tag = "alerts", operation_id = "get_alert", security(("api_key" = ["alerts"])),
    params(("id" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The alert", body = AlertDocument)))]
#[get("/v1/alerts/{id}")]
async fn get_alert(
    _: Allowed<permission::Alerts>,
    id: web::Path<Uuid>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let alert = store::alert::find(&mut conn, *id).await?.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().json(AlertDocument::from(alert)))
}
