//! `/epcis/capture`: documents in, jobs out.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LINK};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use epcis::{Format, Limits, Reader};
use serde::Deserialize;
use store::capture_job::{ErrorBehaviour, NewCaptureJob};
use time::OffsetDateTime;
use utoipa::IntoParams;
use uuid::Uuid;

use super::headers;
use super::job::{CaptureJobDocument, behaviour_name};
use super::write_once;
use crate::auth::{Allowed, permission};
use crate::body::CaptureBody;
use crate::clock::moment;
use crate::cursor;
use crate::epcis_faults::fault_of;
use crate::idempotency::Answer;
use crate::limits::{CAPTURE_EVENTS_MAX, FAULTS_MAX};
use crate::problem::{Fault, Problem, ProblemType};
use crate::shared::Shared;

/// What a document is to be captured with.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct CaptureHeaders {
    /// `rollback` (default): all events of the document or none; `proceed`: those that are valid.
    #[param(rename = "GS1-Capture-Error-Behaviour")]
    pub error_behaviour: Option<String>,
    /// A text of your choice, fresh for each new document and the same when repeating one, such as a UUID.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    pub idempotency_key: Option<String>,
}

/// Capture a document
///
/// An EPCIS document or query document, in JSON, JSON-LD or XML (EPCIS 1.0 to 2.0). It is read whole before it is
/// accepted; its events are captured after the answer, by the job that `Location` names. An event without an eventID
/// gets its Event Hash ID, so that capturing a document again adds nothing.
#[utoipa::path(tag = "epcis", operation_id = "capture_events", security(("api_key" = ["capture"])),
    params(CaptureHeaders), request_body(content((String = "application/json"), (String = "application/ld+json"),
    (String = "application/xml"), (String = "text/xml"))),
    responses((status = 202, description = "Accepted; the job is at `Location`")))]
#[post("/epcis/capture")]
pub async fn capture_events(
    client: Allowed<permission::Capture>,
    request: HttpRequest,
    document: CaptureBody,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let CaptureBody(document) = document;
    headers::check(&request)?;
    let behaviour = behaviour(&request)?;
    let format = format(&document.media_type)?;
    let bytes = document.bytes.clone();
    web::block(move || validate(&bytes, format)).await.map_err(Problem::internal)??;
    let (id, now_ms) = (shared.new_id(), shared.now_ms());
    let (client_id, media_type, bytes) = (client.id, document.media_type, document.bytes);
    let write = (client.id, document.key, document.fingerprint);
    let answer = write_once(&shared, "accept_capture", write, now_ms, move |conn| {
        // Shared by all runs of the transaction: the bytes are not copied.
        let (bytes, media_type) = (bytes.clone(), media_type.clone());
        Box::pin(accept(conn, id, client_id, now_ms, behaviour, media_type, bytes))
    })
    .await?;
    shared.captures.notify_one();
    let mut answer = headers::versioned(answer);
    let name = HeaderValue::from_static(behaviour_name(behaviour));
    answer.headers_mut().insert(headers::ERROR_BEHAVIOUR, name);
    Ok(answer)
}

/// Writes the job, from whose commit on the document is not lost any more.
async fn accept(
    conn: &mut store::PgConnection,
    id: Uuid,
    client_id: Uuid,
    now_ms: u64,
    error_behaviour: ErrorBehaviour,
    media_type: String,
    bytes: Bytes,
) -> Result<Answer, Problem> {
    let job = NewCaptureJob {
        id,
        client_id,
        created_at: moment(now_ms),
        error_behaviour,
        media_type: &media_type,
        body: &bytes,
    };
    store::capture_job::insert(conn, &job).await?;
    Ok(Answer::empty(StatusCode::ACCEPTED).at(format!("/epcis/capture/{id}")))
}

fn behaviour(request: &HttpRequest) -> Result<ErrorBehaviour, Problem> {
    match headers::text(request, &headers::ERROR_BEHAVIOUR) {
        None | Some("rollback") => Ok(ErrorBehaviour::Rollback),
        Some("proceed") => Ok(ErrorBehaviour::Proceed),
        Some(_) => Err(headers::unacceptable(&headers::ERROR_BEHAVIOUR, "rollback or proceed")),
    }
}

/// The binding of a media type.
///
/// # Errors
/// `unsupported-media-type`.
pub(super) fn format(media_type: &str) -> Result<Format, Problem> {
    Format::from_media_type(media_type).ok_or_else(|| {
        Problem::new(ProblemType::UnsupportedMediaType)
            .detail("send `application/json`, `application/ld+json`, `application/xml` or `text/xml`")
    })
}

/// Bounds for one document.
pub(super) fn limits(bytes: &[u8]) -> Limits {
    Limits {
        document_bytes_max: bytes.len(),
        events_max: CAPTURE_EVENTS_MAX,
        faults_max: FAULTS_MAX,
        ..Limits::default()
    }
}

/// Reads a document for its faults.
fn validate(bytes: &[u8], format: Format) -> Result<(), Problem> {
    let limits = limits(bytes);
    let mut reader = Reader::new(bytes, format, &limits).map_err(|faults| invalid(&faults))?;
    let (mut faults, mut events) = (Vec::new(), 0_usize);
    for event in &mut reader {
        events += 1;
        if events > CAPTURE_EVENTS_MAX {
            let detail = format_args!("at most {CAPTURE_EVENTS_MAX} events");
            return Err(Problem::new(ProblemType::EpcisCaptureLimitExceeded).detail(detail));
        }
        faults.extend(event.err().into_iter().flatten());
        if faults.len() >= FAULTS_MAX {
            break;
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(invalid(&faults)) }
}

/// A document or event that cannot be read.
pub(super) fn invalid(faults: &[epcis::Fault]) -> Problem {
    Problem::new(ProblemType::EpcisValidation).with_faults(faults.iter().map(fault_of))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct JobPage {
    /// How many jobs, 1 to 1000; 30 unless given.
    #[serde(rename = "perPage")]
    #[param(rename = "perPage")]
    per_page: Option<u32>,
    /// Where the page before ended, from its header `Link`.
    #[serde(rename = "nextPageToken")]
    #[param(rename = "nextPageToken")]
    next_page_token: Option<String>,
}

/// Jobs on a page unless asked otherwise (EPCIS 2.0 REST binding).
const PER_PAGE: u32 = 30;

/// List capture jobs
///
/// Those of the calling client, newest first.
#[utoipa::path(tag = "epcis", operation_id = "list_captures", security(("api_key" = ["capture"])), params(JobPage),
    responses((status = 200, description = "The jobs; `Link` leads to the next page", body = [CaptureJobDocument])))]
#[get("/epcis/capture")]
pub async fn list_captures(
    client: Allowed<permission::Capture>,
    request: HttpRequest,
    page: web::Query<JobPage>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let limit = cursor::limit_from("perPage", page.per_page.unwrap_or(PER_PAGE))?;
    let before: Option<(i64, Uuid)> = cursor::read_from("nextPageToken", page.next_page_token.as_deref())?;
    let before = before
        .map(|(micros, id)| crate::intake::at_micros(micros).map(|at: OffsetDateTime| (at, id)))
        .transpose()?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let jobs = store::capture_job::list(&mut conn, client.id, before, limit.saturating_add(1)).await?;
    let shown = jobs.get(..limit as usize).unwrap_or(&jobs);
    let documents: Result<Vec<_>, _> = shown.iter().map(CaptureJobDocument::of).collect();
    let mut answer = HttpResponse::Ok();
    if let Some(last) = shown.last().filter(|_| jobs.len() > shown.len()) {
        let micros =
            i64::try_from(last.created_at.unix_timestamp_nanos() / 1_000).map_err(Problem::internal)?;
        let token = cursor::write(&(micros, last.id))?;
        let link = format!("</epcis/capture?perPage={limit}&nextPageToken={token}>; rel=\"next\"");
        answer.insert_header((LINK, link));
    }
    Ok(headers::versioned(answer.json(documents.map_err(Problem::internal)?)))
}

/// Get a capture job
///
/// In JSON, or in XML where `Accept` asks for it.
#[utoipa::path(tag = "epcis", operation_id = "get_capture", security(("api_key" = ["capture"])),
    params(("capture_id" = Uuid, Path, description = "From `Location` of the capture")),
    responses((status = 200, description = "The job", content((CaptureJobDocument = "application/json"),
    (String = "application/xml")))))]
#[get("/epcis/capture/{capture_id}")]
pub async fn get_capture(
    client: Allowed<permission::Capture>,
    request: HttpRequest,
    capture_id: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let format = headers::preferred(&request, &[Format::Json, Format::Xml])?;
    let id: Uuid = capture_id.parse().map_err(|_| {
        Problem::not_found().with_fault(Fault::new("capture-id", "this is no capture id").at("capture_id"))
    })?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let job = store::capture_job::find(&mut conn, id).await?;
    let job = job.filter(|job| job.client_id == client.id).ok_or_else(Problem::not_found)?;
    let document = CaptureJobDocument::of(&job).map_err(Problem::internal)?;
    Ok(headers::versioned(match format {
        Format::Json => HttpResponse::Ok().json(document),
        Format::Xml => HttpResponse::Ok().content_type("application/xml").body(document.to_xml()),
    }))
}
