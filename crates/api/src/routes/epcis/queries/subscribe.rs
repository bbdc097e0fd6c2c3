//! Making webhook subscriptions.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use epcis::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use store::PgConnection;
use store::subscription::NewSubscription;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::events::EventHeaders;
use super::super::{headers, write_once};
use super::{engine, named};
use crate::auth::{Allowed, permission};
use crate::body::{Document, parse_object};
use crate::clock::moment;
use crate::config::Secret;
use crate::idempotency::Answer;
use crate::intake::at_micros;
use crate::limits::{DELIVERY_CONNECT_TIMEOUT, DELIVERY_EVENTS_MAX, SUBSCRIPTIONS_PER_CLIENT_MAX};
use crate::problem::{Fault, Problem, ProblemDocument, ProblemType};
use crate::shared::Shared;
use crate::subscriptions::destination::Destination;
use crate::subscriptions::schedule::{ScheduleDocument, next_turn};
use crate::subscriptions::signature;

/// A subscription to be made: either `stream` or `schedule`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewWebhook {
    /// Where to send events: a URL that begins with `https://`.
    #[schema(max_length = 2048, example = "https://example.com/epcis")]
    dest: String,
    /// `true`: send events as they are captured.
    stream: Option<bool>,
    /// When to send them instead.
    schedule: Option<ScheduleDocument>,
    /// Whether to tell as well that a turn of the schedule has no events.
    #[serde(default)]
    report_if_empty: bool,
    /// Send what was recorded from this moment on; unless given, what is captured from now on.
    #[schema(example = "2026-11-23T06:00:00.000Z")]
    initial_record_time: Option<String>,
    /// A secret of 16 to 256 bytes, by which what is sent is signed: base64 behind `whsec_`, or any text. It is kept
    /// encrypted, and never told.
    #[schema(value_type = Option<String>, max_length = 400)]
    signature_token: Option<Secret>,
    /// Another name for `signatureToken`.
    #[schema(value_type = Option<String>, max_length = 400)]
    secret: Option<Secret>,
}

fn fault(code: &str, message: impl std::fmt::Display, place: &str) -> Problem {
    let fault = Fault::new(code, message).at(place);
    Problem::new(ProblemType::EpcisSubscriptionControls).with_fault(fault)
}

impl NewWebhook {
    /// The schedule as it is stored, and its first turn; none for a stream.
    fn schedule(&self, now_ms: u64) -> Result<Option<(Value, OffsetDateTime)>, Problem> {
        match (self.stream.unwrap_or(false), &self.schedule) {
            (true, None) => Ok(None),
            (false, Some(document)) => {
                let schedule = document.schedule("/schedule/")?;
                let stored = serde_json::to_value(document).map_err(Problem::internal)?;
                Ok(Some((stored, next_turn(&schedule, now_ms))))
            }
            (true, Some(_)) => {
                Err(fault("controls", "`stream` and `schedule` exclude each other", "/stream"))
            }
            (false, None) => Err(fault("controls", "`stream: true` or a `schedule` is needed", "/stream")),
        }
    }

    fn initial_record_time(&self) -> Result<Option<OffsetDateTime>, Problem> {
        let Some(text) = &self.initial_record_time else { return Ok(None) };
        let time = Timestamp::parse(text).and_then(|time| at_micros(time.unix_micros()).ok());
        let message = "a time is written like 2026-11-23T06:00:00.000Z, with its offset";
        time.map(Some).ok_or_else(|| fault("time", message, "/initialRecordTime"))
    }

    /// The shared secret.
    fn secret(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        let (text, place) = match (&self.signature_token, &self.secret) {
            (Some(_), Some(_)) => {
                return Err(fault(
                    "secret",
                    "`signatureToken` and `secret` are the same: give one",
                    "/secret",
                ));
            }
            (Some(text), None) => (text, "/signatureToken"),
            (None, Some(text)) => (text, "/secret"),
            (None, None) => return Ok(None),
        };
        signature::secret(text.expose()).map(Some).map_err(|message| fault("secret", message, place))
    }
}

/// What is stored of a new subscription, shared by all runs of its transaction.
struct Prepared {
    id: Uuid,
    client_id: Uuid,
    query_id: Uuid,
    path: String,
    dest: String,
    schedule: Option<Value>,
    turn_at: Option<OffsetDateTime>,
    report_if_empty: bool,
    epc_format: Option<String>,
    initial_record_time: Option<OffsetDateTime>,
    sealed_secret: Option<Vec<u8>>,
    created_at: OffsetDateTime,
}

/// Subscribe to a query by webhook
///
/// Events are posted to `dest` as EPCISQueryDocument, in the order of their capture and in bounded parts, each until it
/// is answered 200: see docs/howto/subscribe-to-events.md. A query that orders or counts events cannot be subscribed to.
#[utoipa::path(tag = "epcis", operation_id = "create_subscription", security(("api_key" = ["subscribe"])),
    params(("name" = String, Path, description = "The query's name"), EventHeaders), request_body = NewWebhook,
    responses((status = 201, description = "Made; it is at `Location`"),
    (status = 409, description = "There are as many as there may be", body = ProblemDocument, content_type = "application/problem+json")))]
#[post("/epcis/queries/{name}/subscriptions")]
pub async fn create_subscription(
    client: Allowed<permission::Subscribe>,
    request: HttpRequest,
    name: web::Path<String>,
    document: Document,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let epc_format = engine::epc_format(&request)?;
    let new: NewWebhook = parse_object(document.json()?)?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let query = named(&mut conn, client.id, &name).await?;
    drop(conn);
    engine::subscribable(&query)?;
    let path = format!("/epcis/queries/{}/subscriptions", query.name);
    let prepared = prepare(&shared, (client.id, query.id), path, epc_format, new).await?;
    let (now_ms, prepared) = (shared.now_ms(), std::sync::Arc::new(prepared));
    let write = (client.id, document.key, document.fingerprint);
    let answer = write_once(&shared, "create_subscription", write, now_ms, move |conn| {
        let prepared = std::sync::Arc::clone(&prepared);
        Box::pin(async move { make(conn, &prepared).await })
    })
    .await?;
    shared.subscriptions.wake();
    Ok(headers::versioned(answer))
}

async fn prepare(
    shared: &Shared,
    (client_id, query_id): (Uuid, Uuid),
    path: String,
    epc_format: Option<String>,
    new: NewWebhook,
) -> Result<Prepared, Problem> {
    let (id, now_ms) = (shared.new_id(), shared.now_ms());
    let (schedule, turn_at) = new.schedule(now_ms)?.unzip();
    let initial_record_time = new.initial_record_time()?;
    let sealed_secret = new.secret()?.map(|secret| seal(shared, id, &secret)).transpose()?;
    reach(shared, &new.dest).await?;
    Ok(Prepared {
        id,
        client_id,
        query_id,
        path,
        dest: new.dest,
        schedule,
        turn_at,
        report_if_empty: new.report_if_empty,
        epc_format,
        initial_record_time,
        sealed_secret,
        created_at: moment(now_ms),
    })
}

fn seal(shared: &Shared, id: Uuid, secret: &[u8]) -> Result<Vec<u8>, Problem> {
    let vault = shared.subscriptions.vault.as_ref().ok_or_else(|| {
        let message = "this service has no key to keep a secret with ([webhooks] key_file): leave it out";
        fault("secret", message, "/signatureToken")
    })?;
    vault.seal(id, secret, &shared.entropy)
}

/// Checks that there is somewhere to deliver to. A name that does not resolve and one of an address that is not
/// delivered to look alike: who subscribes learns nothing of the service's own network.
async fn reach(shared: &Shared, dest: &str) -> Result<(), Problem> {
    let webhooks = &shared.config.webhooks;
    if dest.chars().any(char::is_control) {
        return Err(fault("destination", "control characters are not taken", "/dest"));
    }
    let destination =
        Destination::parse(dest, webhooks).map_err(|message| fault("destination", message, "/dest"))?;
    let reached = tokio::time::timeout(DELIVERY_CONNECT_TIMEOUT, destination.addresses(webhooks)).await;
    match reached {
        Ok(Ok(_)) => Ok(()),
        _ => Err(fault("destination", "the host has no address that may be delivered to", "/dest")),
    }
}

async fn make(conn: &mut PgConnection, new: &Prepared) -> Result<Answer, Problem> {
    store::named_query::lock_client(conn, new.client_id).await?;
    if !store::named_query::keep(conn, new.query_id).await? {
        return Err(Problem::not_found());
    }
    if store::subscription::count(conn, new.client_id).await? >= SUBSCRIPTIONS_PER_CLIENT_MAX {
        let detail = format_args!("a client has {SUBSCRIPTIONS_PER_CLIENT_MAX} subscriptions at most");
        return Err(Problem::new(ProblemType::TooMany).detail(detail));
    }
    // From a given moment on: the past is looked through, and what was recorded before that is left out.
    let after_seq = match new.initial_record_time {
        Some(_) => 0,
        None => store::event::horizon(conn).await?,
    };
    let row = NewSubscription {
        id: new.id,
        query_id: new.query_id,
        client_id: new.client_id,
        dest: &new.dest,
        schedule: new.schedule.as_ref(),
        report_if_empty: new.report_if_empty,
        epc_format: new.epc_format.as_deref(),
        initial_record_time: new.initial_record_time,
        sealed_secret: new.sealed_secret.as_deref(),
        created_at: new.created_at,
        after_seq,
        events_max: DELIVERY_EVENTS_MAX,
        turn_at: new.turn_at,
    };
    store::subscription::insert(conn, &row).await?;
    Ok(Answer::empty(StatusCode::CREATED).at(format!("{}/{}", new.path, new.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> NewWebhook {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_subscription_is_either_a_stream_or_a_schedule() {
        let controls = |text: &str| read(text).schedule(0).map(|schedule| schedule.map(|(stored, _)| stored));
        assert_eq!(controls(r#"{"dest": "x", "stream": true}"#).unwrap(), None);
        let hourly = controls(r#"{"dest": "x", "stream": false, "schedule": {"minute": "0"}}"#).unwrap();
        assert_eq!(hourly, Some(serde_json::json!({ "minute": "0" })));
        for (bad, place) in [
            (r#"{"dest": "x"}"#, "/stream"),
            (r#"{"dest": "x", "stream": false}"#, "/stream"),
            (r#"{"dest": "x", "stream": true, "schedule": {"hour": "1"}}"#, "/stream"),
            (r#"{"dest": "x", "schedule": {}}"#, "/schedule"),
            (r#"{"dest": "x", "schedule": {"hour": "24"}}"#, "/schedule/hour"),
        ] {
            let problem = controls(bad).unwrap_err();
            assert_eq!(problem.kind(), ProblemType::EpcisSubscriptionControls);
            assert_eq!(problem.faults()[0].pointer.as_deref(), Some(place), "{bad}");
        }
    }

    #[test]
    fn a_secret_has_one_name_at_a_time_and_is_not_printed() {
        let both =
            read(r#"{"dest": "x", "secret": "sixteen letters!", "signatureToken": "sixteen letters!"}"#);
        assert_eq!(both.secret().unwrap_err().faults()[0].pointer.as_deref(), Some("/secret"));
        let one = read(r#"{"dest": "x", "signatureToken": "sixteen letters!"}"#);
        assert_eq!(&**one.secret().unwrap().unwrap(), b"sixteen letters!");
        assert!(!format!("{one:?}").contains("letters"));
        let short = read(r#"{"dest": "x", "secret": "short"}"#).secret().unwrap_err();
        assert!(!short.faults()[0].message.contains("short"));
    }
}
