//! `/epcis/events`: one event at once, and the event query.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::LINK;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use epcis::{Document, DocumentHead, DocumentKind, Event, Format, Timestamp};
use store::event::{EventFilter, StoredEvent};
use utoipa::IntoParams;

use super::capture::{format, invalid, limits};
use super::filter::EventQuery;
use super::headers;
use super::job::rfc3339;
use super::write_once;
use crate::auth::{Allowed, permission};
use crate::body::CaptureBody;
use crate::clock::moment;
use crate::idempotency::Answer;
use crate::intake::{self, Knowledge, Outcome, Prepared, Stored, Unprepared, alert_of};
use crate::limits::PAGE_TOKEN_MS;
use crate::problem::{Fault, Problem, ProblemDocument, ProblemType};
use crate::shared::Shared;

/// What an event is captured with.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct EventHeaders {
    /// A text of your choice, fresh for each new event and the same when repeating one, such as a UUID.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    pub idempotency_key: Option<String>,
}

/// Capture one event
///
/// At once: when the answer comes, the event is stored and on its way to the ledger. A change of a pack in it that the
/// rules forbid refuses the event.
#[utoipa::path(tag = "epcis", operation_id = "capture_event", security(("api_key" = ["capture"])),
    params(EventHeaders), request_body(content((String = "application/json"), (String = "application/ld+json"),
    (String = "application/xml"), (String = "text/xml"))),
    responses((status = 201, description = "Captured; the event is at `Location`"),
    (status = 409, description = "An event of this id is there already", body = ProblemDocument, content_type = "application/problem+json")))]
#[post("/epcis/events")]
pub async fn capture_event(
    client: Allowed<permission::Capture>,
    request: HttpRequest,
    document: CaptureBody,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let CaptureBody(document) = document;
    headers::check(&request)?;
    let format = format(&document.media_type)?;
    let knowledge = Knowledge::of(&shared, shared.view()?);
    let (known, entropy, bytes) = (knowledge.clone(), shared.entropy.clone(), document.bytes);
    let prepared = web::block(move || {
        let event = single(&bytes, format)?;
        Prepared::of(event, &known, &entropy).map(Prepared::whole).map_err(|unprepared| match unprepared {
            Unprepared::Faults(faults) => Problem::invalid(faults),
            Unprepared::Problem(problem) => problem,
        })
    })
    .await
    .map_err(Problem::internal)??;
    let (now_ms, events, entropy) = (knowledge.now_ms, Arc::new([prepared]), shared.entropy.clone());
    let write = (client.id, document.key, document.fingerprint);
    let answer = write_once(&shared, "capture_event", write, now_ms, move |conn| {
        let (events, knowledge, entropy) = (Arc::clone(&events), knowledge.clone(), entropy.clone());
        Box::pin(async move {
            let [event] = &*events;
            let stored = intake::store(conn, &knowledge, &*events).await?.pop();
            let stored = stored.ok_or_else(|| Problem::internal("an event without an outcome"))?;
            let site = event.meaning().site.as_ref();
            let alerts: Vec<_> =
                stored.refused.iter().filter_map(|one| alert_of(one, site, &knowledge, &entropy)).collect();
            store::raised_alert::raise(conn, &alerts).await?;
            answer(event, &stored)
        })
    })
    .await?;
    shared.wake_node();
    shared.wake_delivery();
    Ok(headers::versioned(answer))
}

fn answer(event: &Prepared, stored: &Stored) -> Result<Answer, Problem> {
    let exists = || {
        Problem::new(ProblemType::EpcisResourceAlreadyExists)
            .with_fault(Fault::new("event-id", "an event with this eventID was captured").at("/eventID"))
    };
    match stored.outcome {
        Outcome::New(_) => {
            Ok(Answer::empty(StatusCode::CREATED).at(format!("/epcis/events/{}", encoded(event.event_id()))))
        }
        Outcome::Known(_) | Outcome::Conflict => Answer::problem(exists()),
        Outcome::Refused => {
            let faults = stored
                .refused
                .iter()
                .map(|one| Fault::new(one.code(), one.message()).at(one.pointer.as_str()));
            Answer::problem(Problem::new(ProblemType::StateConflict).with_faults(faults))
        }
    }
}

/// A path segment: everything but unreserved characters is percent-encoded (RFC 3986 section 2.3).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// The one event of a document.
fn single(bytes: &Bytes, format: Format) -> Result<Event, Problem> {
    let document = Document::parse(bytes, format, &limits(bytes)).map_err(|faults| invalid(&faults))?;
    let mut events = document.events.into_iter();
    match (events.next(), events.next()) {
        (Some(event), None) => Ok(event),
        _ => Err(Problem::new(ProblemType::EpcisValidation)
            .with_fault(Fault::new("single-event", "send one event; documents go to /epcis/capture"))),
    }
}

/// Query events
///
/// The organisation's own events, in the order of their capture. `Link` leads to the next page; all pages together show
/// the events that were there when the first was read, each once.
#[utoipa::path(tag = "epcis", operation_id = "query_events", security(("api_key" = ["query"])), params(EventQuery),
    responses((status = 200, description = "An EPCISQueryDocument", body = Object, content_type = "application/json"),
    (status = 413, description = "The query asks for too much", body = ProblemDocument, content_type = "application/problem+json")))]
#[get("/epcis/events")]
pub async fn query_events(
    _: Allowed<permission::Query>,
    request: HttpRequest,
    query: web::Query<EventQuery>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    headers::preferred(&request, &[Format::Json])?;
    let (filter, per_page) = query.filter()?;
    let (found, through) = store::tx(&shared.pool, "query_events", move |conn| {
        let filter = filter.clone();
        Box::pin(async move {
            let through = match filter.through_seq {
                Some(through) => through,
                // Before the page is read: what comes later belongs to no page of this walk.
                None => store::event::newest(conn).await?,
            };
            let filter = EventFilter { through_seq: Some(through), ..filter };
            Ok::<_, store::Error>((store::event::search(conn, &filter).await?, through))
        })
    })
    .await?;
    let shown = found.get(..per_page as usize).unwrap_or(&found);
    let mut answer = HttpResponse::Ok();
    if let Some(last) = shown.last().filter(|_| found.len() > shown.len()) {
        let expires = rfc3339(moment(shared.now_ms().saturating_add(PAGE_TOKEN_MS)));
        answer.insert_header((LINK, next_page(&request, &query.token(last.seq, through))));
        answer.insert_header((headers::TOKEN_EXPIRES, expires));
    }
    Ok(headers::versioned(answer.content_type("application/json").body(results(&shared, shown)?)))
}

/// The `Link` to the next page: this query with another token.
fn next_page(request: &HttpRequest, token: &str) -> String {
    let parameters = request.query_string().split('&');
    let kept: Vec<&str> =
        parameters.filter(|part| !part.is_empty() && !part.starts_with("nextPageToken=")).collect();
    let before = kept.join("&");
    let join = if before.is_empty() { "" } else { "&" };
    format!("<{}?{before}{join}nextPageToken={token}>; rel=\"next\"", request.path())
}

/// Get an event
///
/// In a query document, as the standard has it. The eventID is percent-encoded.
#[utoipa::path(tag = "epcis", operation_id = "get_event", security(("api_key" = ["query"])),
    params(("event_id" = String, Path, description = "eventID, percent-encoded")),
    responses((status = 200, description = "An EPCISQueryDocument", body = Object, content_type = "application/json")))]
#[get("/epcis/events/{event_id}")]
pub async fn get_event(
    _: Allowed<permission::Query>,
    request: HttpRequest,
    event_id: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    headers::preferred(&request, &[Format::Json])?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let event = store::event::find(&mut conn, &event_id).await?.ok_or_else(Problem::not_found)?;
    let body = results(&shared, &[event])?;
    Ok(headers::versioned(HttpResponse::Ok().content_type("application/json").body(body)))
}

fn results(shared: &Shared, events: &[StoredEvent]) -> Result<String, Problem> {
    let now = i64::try_from(shared.now_ms()).map_err(Problem::internal)?;
    let now = Timestamp::from_unix_millis(now).ok_or_else(|| Problem::internal("a time no calendar has"))?;
    let kind = DocumentKind::Query { query_name: Some("SimpleEventQuery".to_owned()), subscription_id: None };
    let head = DocumentHead { kind, ..DocumentHead::capture(now) };
    Ok(head.to_json_around(events.iter().map(|event| &event.body)))
}
