//! Alerts: this organisation's own, and those that others told it of.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, web};
use gs1::Gln;
use serde::{Deserialize, Serialize};
use store::JsonValue;
use store::alert::AlertState;
use store::alert_action::AlertAction;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::alert_handling::ActionDocument;
use crate::auth::{Allowed, permission};
use crate::clock::rfc3339_of;
use crate::cursor;
use crate::intake::at_micros;
use crate::openapi::texts::{CursorText, GlnText, Gtin14Text, Hex32Text, PageSize, SerialText};
use crate::problem::{Fault, Problem};
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_alerts).service(get_alert);
}

/// How an alert stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertState)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Nobody has looked at it.
    Open,
    /// It is under investigation.
    Acknowledged,
    /// It is settled.
    Closed,
}

impl From<AlertState> for State {
    fn from(state: AlertState) -> Self {
        match state {
            AlertState::Open => Self::Open,
            AlertState::Acknowledged => Self::Acknowledged,
            AlertState::Closed => Self::Closed,
        }
    }
}

impl From<State> for AlertState {
    fn from(state: State) -> Self {
        match state {
            State::Open => Self::Open,
            State::Acknowledged => Self::Acknowledged,
            State::Closed => Self::Closed,
        }
    }
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(super) struct AlertDocument {
    /// Its id, the same at every organisation that hears of it.
    #[schema(format = Uuid)]
    id: String,
    /// Its code: those of the EU hub, such as `A3`, `A7`, `A24`, `A52`, `A68`.
    code: String,
    /// 5: potential falsification, told to the product's owner. 1: exception, stays at the site.
    level: i16,
    /// When it arose.
    #[schema(format = DateTime)]
    raised_at: String,
    /// Number of the organisation at whose site it arose.
    origin: u32,
    /// GLN of the site, where it is told.
    #[schema(value_type = Option<GlnText>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    /// GTIN-14 of the pack.
    #[schema(value_type = Option<Gtin14Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    gtin: Option<String>,
    /// Serial number of the pack.
    #[schema(value_type = Option<SerialText>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    /// The pack's key on the ledger.
    #[schema(value_type = Option<Hex32Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    record_key: Option<String>,
    /// What happened.
    message: String,
    /// How it stands in this organisation.
    state: State,
    /// What was done about it in this organisation, oldest first.
    actions: Vec<ActionDocument>,
}

impl AlertDocument {
    pub(super) fn of(alert: store::alert::Alert, actions: Vec<AlertAction>) -> Self {
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
            state: alert.state.into(),
            actions: actions.into_iter().map(ActionDocument::from).collect(),
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
    #[param(value_type = Option<GlnText>, inline)]
    site: Option<String>,
    /// Only alerts in this state.
    #[param(inline)]
    state: Option<State>,
    /// Where to go on, from the page before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<PageSize>, inline)]
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
    let site = filter.site.as_deref().map(Gln::new).transpose();
    let site = site.map_err(|error| Problem::invalid(vec![Fault::from(&error).at("site")]))?;
    let before: Option<(i64, Uuid)> = cursor::read(filter.cursor.as_deref())?;
    let before = before.map(|(at, id)| Ok::<_, Problem>((at_micros(at)?, id))).transpose()?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let state = filter.state.map(AlertState::from);
    let alerts = store::alert::list(&mut conn, site.as_ref().map(Gln::as_str), state, before, limit).await?;
    let full = alerts.len() == limit as usize;
    let last = alerts.last().filter(|_| full);
    let place = last.map(|last| (last.raised_at.unix_timestamp_nanos() / 1_000, last.id));
    let next_cursor = place.map(|place| cursor::write(&place)).transpose()?;
    let ids: Vec<Uuid> = alerts.iter().map(|alert| alert.id).collect();
    let mut actions: BTreeMap<Uuid, Vec<AlertAction>> = BTreeMap::new();
    for action in store::alert_action::of_alerts(&mut conn, &ids).await? {
        actions.entry(action.alert_id).or_default().push(action);
    }
    let document = |alert: store::alert::Alert| {
        let done = actions.remove(&alert.id).unwrap_or_default();
        AlertDocument::of(alert, done)
    };
    let alerts = alerts.into_iter().map(document).collect();
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
    let actions = store::alert_action::of_alerts(&mut conn, &[alert.id]).await?;
    Ok(HttpResponse::Ok().json(AlertDocument::of(alert, actions)))
}
