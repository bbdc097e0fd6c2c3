//! `/epcis/events`: one event at once, and the event query.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use epcis::{Document, Event, Format, Namespaces};
use utoipa::IntoParams;

use super::answer::{self, Form};
use super::capture::{format, invalid, limits};
use super::page::{self, PageParameters};
use super::parameters::{self, EventQueryParameters};
use super::{encoded, filter, headers, write_once};
use crate::auth::{Allowed, permission};
use crate::body::CaptureBody;
use crate::idempotency::Answer;
use crate::intake::{self, Knowledge, Outcome, Prepared, Stored, Unprepared, alert_of};
use crate::limits::EVENTS_PER_PAGE_MAX;
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
    let site = client.site.as_ref().map(|gln| gln.as_str().to_owned());
    let prepared = web::block(move || {
        let event = single(&bytes, format)?;
        let prepared = Prepared::of(event, &known, &entropy);
        prepared.map(|event| event.whole().by_site(site.as_deref())).map_err(|unprepared| match unprepared {
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
            captured(event, &stored)
        })
    })
    .await?;
    shared.wake_node();
    shared.wake_delivery();
    Ok(headers::versioned(answer))
}

fn captured(event: &Prepared, stored: &Stored) -> Result<Answer, Problem> {
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
/// The organisation's own events, as far as the client may see them, in the order of their capture unless told otherwise.
/// `Link` leads to the next page; all pages together show the events that were there when the first was read, each once.
#[utoipa::path(tag = "epcis", operation_id = "query_events", security(("api_key" = ["query"])),
    params(EventQueryParameters, PageParameters),
    responses((status = 200, description = "An EPCISQueryDocument", content((Object = "application/json"), (String = "application/xml"))),
    (status = 413, description = "The query asks for too much", body = ProblemDocument, content_type = "application/problem+json")))]
#[get("/epcis/events")]
pub async fn query_events(
    client: Allowed<permission::Query>,
    request: HttpRequest,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let parameters = parameters::of_query(request.query_string())?;
    let namespaces = parameters::namespaces(&request, None)?;
    page::answer(&shared, &request, &client, parameters, namespaces, "SimpleEventQuery").await
}

/// Get an event
///
/// In a query document, as the standard has it: with the event come the error declarations that repeat its eventID. The
/// eventID is percent-encoded.
#[utoipa::path(tag = "epcis", operation_id = "get_event", security(("api_key" = ["query"])),
    params(("event_id" = String, Path, description = "eventID, percent-encoded")),
    responses((status = 200, description = "An EPCISQueryDocument", content((Object = "application/json"), (String = "application/xml")))))]
#[get("/epcis/events/{event_id}")]
pub async fn get_event(
    client: Allowed<permission::Query>,
    request: HttpRequest,
    event_id: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let form = Form::asked(&request)?;
    let parameters = vec![("EQ_eventID".to_owned(), vec![event_id.into_inner()])];
    let query = filter::parsed(&parameters, &Namespaces::new()).map_err(|_| Problem::not_found())?;
    let site = client.site.as_ref().map(|gln| gln.as_str().to_owned());
    let found = store::tx(&shared.pool, "get_event", move |conn| {
        let (query, site) = (query.clone(), site.clone());
        Box::pin(async move {
            let through = store::event::newest(conn).await?;
            store::event::arrived(conn, &query, site.as_deref(), 0, through, EVENTS_PER_PAGE_MAX).await
        })
    })
    .await?;
    if found.is_empty() {
        return Err(Problem::not_found());
    }
    let body = answer::results(&shared, &form, "SimpleEventQuery", None, &found)?;
    Ok(headers::versioned(HttpResponse::Ok().content_type(form.media_type()).body(body)))
}
