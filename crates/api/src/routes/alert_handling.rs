//! What is done about alerts: somebody looks into one, closes it with a reason, or opens it again. Each organisation
//! handles what it hears of by itself; nothing of it is told to others.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use store::PgConnection;
use store::alert::AlertState;
use store::alert_action::{self, AlertAction, NewAction};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::alerts::{AlertDocument, State};
use crate::auth::{Allowed, permission};
use crate::body::Write;
use crate::clock::{moment, rfc3339_of};
use crate::directory_changes::text;
use crate::idempotency::{Answer, IdempotencyHeader, WriteRequest, once};
use crate::limits::ALERT_ACTIONS_MAX;
use crate::openapi::texts::ShortText;
use crate::problem::{Fault, Problem, ProblemDocument, ProblemType};
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(acknowledge_alert).service(close_alert).service(reopen_alert);
}

/// Why an alert is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// A pack that should not exist: told to the authorities.
    Falsification,
    /// The pack is genuine; a handling error at a site raised the alert.
    HandlingError,
    /// The pack is genuine; a technical fault raised the alert: a scanner, software, a clock.
    TechnicalFault,
    /// The pack is genuine; its data were late or wrong.
    DataError,
    /// The same as another alert.
    Duplicate,
}

impl From<CloseReason> for alert_action::CloseReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::Falsification => Self::Falsification,
            CloseReason::HandlingError => Self::Handling,
            CloseReason::TechnicalFault => Self::Technical,
            CloseReason::DataError => Self::Data,
            CloseReason::Duplicate => Self::Duplicate,
        }
    }
}

impl From<alert_action::CloseReason> for CloseReason {
    fn from(reason: alert_action::CloseReason) -> Self {
        match reason {
            alert_action::CloseReason::Falsification => Self::Falsification,
            alert_action::CloseReason::Handling => Self::HandlingError,
            alert_action::CloseReason::Technical => Self::TechnicalFault,
            alert_action::CloseReason::Data => Self::DataError,
            alert_action::CloseReason::Duplicate => Self::Duplicate,
        }
    }
}

/// Something that was done about an alert.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlertAction)]
pub struct ActionDocument {
    /// State of the alert afterwards.
    pub(super) state: State,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who: the client's name at that time.
    pub by: String,
    /// The client's id.
    #[schema(format = Uuid)]
    pub client_id: String,
    /// Why it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<CloseReason>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<AlertAction> for ActionDocument {
    fn from(action: AlertAction) -> Self {
        Self {
            state: action.state.into(),
            at: rfc3339_of(action.at),
            by: action.client_name,
            client_id: action.client_id.to_string(),
            reason: action.reason.map(CloseReason::from),
            note: action.note,
        }
    }
}

/// Somebody looks into it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    /// What is known so far, or what is done; at most 120 characters.
    #[serde(default)]
    #[schema(value_type = Option<ShortText>)]
    note: Option<String>,
}

/// It is settled.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Closing {
    /// What it turned out to be.
    reason: CloseReason,
    /// In words; at most 120 characters.
    #[serde(default)]
    #[schema(value_type = Option<ShortText>)]
    note: Option<String>,
}

/// It is not settled after all.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reopening {
    /// Why; at most 120 characters.
    #[schema(value_type = ShortText)]
    note: String,
}

/// Acknowledges an alert: it is under investigation
///
/// Who, when and the note are on record. Acknowledging again adds a note, by whoever it is.
#[utoipa::path(tag = "alerts", operation_id = "acknowledge_alert", security(("api_key" = ["alerts"])),
    params(("id" = Uuid, Path, description = "Its id"), IdempotencyHeader), request_body = Acknowledgement, responses(
    (status = 200, description = "The alert afterwards", body = AlertDocument),
    (status = 409, description = "It is closed", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/alerts/{id}/acknowledge")]
async fn acknowledge_alert(
    client: Allowed<permission::Alerts>,
    id: web::Path<Uuid>,
    write: Write<Acknowledgement>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let doing = Doing { state: AlertState::Acknowledged, reason: None, note: note(write.body.note)? };
    handle(&shared, (client.id, write.request), *id, doing).await
}

/// Closes an alert
///
/// With what it turned out to be. A closed alert stays on record and can be opened again.
#[utoipa::path(tag = "alerts", operation_id = "close_alert", security(("api_key" = ["alerts"])),
    params(("id" = Uuid, Path, description = "Its id"), IdempotencyHeader), request_body = Closing, responses(
    (status = 200, description = "The alert afterwards", body = AlertDocument),
    (status = 409, description = "It is closed already", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/alerts/{id}/close")]
async fn close_alert(
    client: Allowed<permission::Alerts>,
    id: web::Path<Uuid>,
    write: Write<Closing>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (state, reason) = (AlertState::Closed, Some(write.body.reason.into()));
    let doing = Doing { state, reason, note: note(write.body.note)? };
    handle(&shared, (client.id, write.request), *id, doing).await
}

/// Opens a closed alert again
#[utoipa::path(tag = "alerts", operation_id = "reopen_alert", security(("api_key" = ["alerts"])),
    params(("id" = Uuid, Path, description = "Its id"), IdempotencyHeader), request_body = Reopening, responses(
    (status = 200, description = "The alert afterwards", body = AlertDocument),
    (status = 409, description = "It is not closed", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/alerts/{id}/reopen")]
async fn reopen_alert(
    client: Allowed<permission::Alerts>,
    id: web::Path<Uuid>,
    write: Write<Reopening>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let doing = Doing { state: AlertState::Open, reason: None, note: note(Some(write.body.note))? };
    handle(&shared, (client.id, write.request), *id, doing).await
}

fn note(note: Option<String>) -> Result<Option<String>, Problem> {
    let mut faults = Vec::new();
    let note = note.map(|note| text(&note, "/note", &mut faults));
    if faults.is_empty() { Ok(note) } else { Err(Problem::invalid(faults)) }
}

/// What is to be done.
#[derive(Debug, Clone)]
struct Doing {
    state: AlertState,
    reason: Option<alert_action::CloseReason>,
    note: Option<String>,
}

async fn handle(
    shared: &Shared,
    (client, request): (Uuid, WriteRequest),
    id: Uuid,
    doing: Doing,
) -> Result<HttpResponse, Problem> {
    let (now_ms, doing) = (shared.now_ms(), Arc::new(doing));
    once(&shared.pool, "handle_alert", (client, request), now_ms, move |conn| {
        let doing = Arc::clone(&doing);
        Box::pin(async move { act(conn, client, id, now_ms, &doing).await })
    })
    .await
}

async fn act(
    conn: &mut PgConnection,
    client_id: Uuid,
    id: Uuid,
    now_ms: u64,
    doing: &Doing,
) -> Result<Answer, Problem> {
    let alert = store::alert::lock(conn, id).await?.ok_or_else(Problem::not_found)?;
    let earlier = alert_action::of_alerts(conn, &[id]).await?;
    allowed(alert.state, doing.state, earlier.len())?;
    let Doing { state, reason, ref note } = *doing;
    let action = NewAction { state, at: moment(now_ms), client_id, reason, note: note.as_deref() };
    alert_action::insert(conn, id, &action).await?;
    let actions = alert_action::of_alerts(conn, &[id]).await?;
    Answer::json(StatusCode::OK, &AlertDocument::of(store::alert::Alert { state, ..alert }, actions))
}

/// Whether an alert may go from one state to another.
fn allowed(from: AlertState, to: AlertState, actions: usize) -> Result<(), Problem> {
    let (code, message) = match (from, to) {
        _ if actions >= ALERT_ACTIONS_MAX => {
            ("too_many_actions", "too much was done about this alert already")
        }
        (AlertState::Closed, AlertState::Acknowledged | AlertState::Closed) => {
            ("alert_closed", "the alert is closed; open it again first")
        }
        (AlertState::Open | AlertState::Acknowledged, AlertState::Open) => {
            ("alert_not_closed", "the alert is not closed")
        }
        _ => return Ok(()),
    };
    let conflict = Problem::new(ProblemType::StateConflict).with_fault(Fault::new(code, message));
    Err(conflict.next_action("Read the alert and what was done about it."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_goes_through_its_states_and_only_so() {
        use AlertState::{Acknowledged, Closed, Open};
        for (from, to) in [
            (Open, Acknowledged),
            (Open, Closed),
            (Acknowledged, Acknowledged),
            (Acknowledged, Closed),
            (Closed, Open),
        ] {
            assert!(allowed(from, to, 0).is_ok(), "{from:?} to {to:?}");
            assert!(allowed(from, to, ALERT_ACTIONS_MAX).is_err());
        }
        for (from, to) in [(Open, Open), (Acknowledged, Open), (Closed, Closed), (Closed, Acknowledged)] {
            assert!(allowed(from, to, 0).is_err(), "{from:?} to {to:?}");
        }
    }
}
