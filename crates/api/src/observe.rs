//! Around every request: its id, its span, its metrics, and the last touch on its errors.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web};
use tracing::Instrument as _;

use crate::auth::Client;
use crate::limits::REQUEST_ID_BYTES_MAX;
use crate::problem::{Problem, ProblemType};
use crate::shared::Shared;
use crate::unread::Unread;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Addresses under this prefix speak the EPCIS REST binding, errors included.
pub const EPCIS_PREFIX: &str = "/epcis";

/// The request's id: the caller's own `X-Request-Id` where it is fit to be logged, a UUID of version 7 otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    fn of(request: &ServiceRequest, shared: &Shared) -> Self {
        let given = request.headers().get(&X_REQUEST_ID).filter(|value| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&value.len())
                && value
                    .as_bytes()
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        });
        let fresh = || HeaderValue::from_str(&shared.new_id().to_string());
        Self(given.cloned().map_or_else(fresh, Ok).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("none")
    }
}

/// The outermost middleware.
///
/// # Errors
/// None of its own: what comes from inside is turned into an answer here.
pub async fn observe<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let unread = Unread::of(&mut request);
    let Some(shared) = request.app_data::<web::Data<Shared>>().cloned() else {
        return Err(Problem::internal("the service's shared state is not app data").into());
    };
    let (started, _under_way) = (Instant::now(), shared.metrics.begin());
    let id = RequestId::of(&request, &shared);
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        request.id = id.as_str(),
        http.method = method.as_str(),
        http.route = tracing::field::Empty,
        client.id = tracing::field::Empty,
    );
    request.extensions_mut().insert(id.clone());
    let response = next.call(request).instrument(span.clone()).await?;
    let _entered = span.entered();
    let (mut response, problem) = finish(response, &id);
    if !response.request().extensions().contains::<Arc<Client>>() {
        // Only the first request of a connection has a deadline for its head: strangers get no second one.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    account(&shared, &response, problem.as_ref(), &method, started.elapsed());
    Ok(match unread {
        Some(unread) => unread.until_answered(response),
        None => response,
    })
}

/// Gives errors their instance and dialect, and every answer its headers. The problem goes on to the log, because the
/// answer that is made of it does not carry its causes.
fn finish<B: MessageBody>(
    response: ServiceResponse<B>,
    id: &RequestId,
) -> (ServiceResponse<EitherBody<B, BoxBody>>, Option<Problem>) {
    let (mut response, problem) = match problem_of(&response) {
        Some(problem) => {
            let problem = problem.instance(format!("urn:theriac:request:{}", id.as_str()));
            let epcis = response.request().match_info().as_str().starts_with(EPCIS_PREFIX);
            let problem = if epcis { problem.in_epcis() } else { problem };
            let response = response.into_response(problem.error_response()).map_into_right_body();
            (response, Some(problem))
        }
        None => (response.map_into_left_body(), None),
    };
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.0.clone());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    (response, problem)
}

/// The problem in an answer that is an error, whoever made it. A refusal that a handler wrote out itself stays.
fn problem_of<B: MessageBody>(response: &ServiceResponse<B>) -> Option<Problem> {
    let status = response.status();
    match response.response().error() {
        Some(error) => Some(match error.as_error::<Problem>() {
            Some(problem) => problem.clone(),
            None => from_status(status, response.request()).caused_by(error.to_string()),
        }),
        None => {
            let bare = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
            let error = status.is_client_error() || status.is_server_error();
            (error && bare).then(|| from_status(status, response.request()))
        }
    }
}

/// What the framework means by a bare status.
fn from_status(status: StatusCode, request: &HttpRequest) -> Problem {
    Problem::new(match status {
        StatusCode::NOT_FOUND => return no_route(request),
        StatusCode::METHOD_NOT_ALLOWED => ProblemType::MethodNotAllowed,
        StatusCode::NOT_ACCEPTABLE => ProblemType::NotAcceptable,
        StatusCode::REQUEST_TIMEOUT => ProblemType::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => ProblemType::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ProblemType::UnsupportedMediaType,
        status if status.is_client_error() => ProblemType::InvalidParameter,
        _ => ProblemType::Internal,
    })
}

/// The pattern of a request's address, which is searched for once.
#[derive(Clone)]
struct Pattern(Option<Rc<str>>);

/// The pattern of a request's address, as the router sees it: after percent-decoding, by which `/epcis/%63apture` is
/// `/epcis/capture`.
pub(crate) fn pattern(request: &HttpRequest) -> Option<Rc<str>> {
    if let Some(Pattern(known)) = request.extensions().get() {
        return known.clone();
    }
    let path = request.match_info().as_str();
    let shared = request.app_data::<web::Data<Shared>>();
    let found = match shared.is_some_and(|shared| shared.operations.has(path)) {
        true => Some(Rc::from(path)),
        false => request.resource_map().match_pattern(path).map(Rc::from),
    };
    request.extensions_mut().insert(Pattern(found.clone()));
    found
}

/// An address that no operation has: 404, or 405 with `Allow` when another method has it.
pub(crate) fn no_route(request: &HttpRequest) -> Problem {
    let shared = request.app_data::<web::Data<Shared>>();
    let methods = pattern(request).and_then(|pattern| shared?.operations.allow(&pattern));
    match methods {
        Some(methods) => Problem::new(ProblemType::MethodNotAllowed).allow(methods),
        None => Problem::not_found(),
    }
}

/// As a handler, for addresses that nothing else takes.
pub(crate) async fn fallback(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(no_route(&request))
}

/// One log line and the metrics.
fn account<B>(
    shared: &Shared,
    response: &ServiceResponse<B>,
    problem: Option<&Problem>,
    method: &Method,
    took: Duration,
) {
    let status = response.status();
    let route = pattern(response.request()).map_or_else(|| "none".to_owned(), |route| route.to_string());
    tracing::Span::current().record("http.route", route.as_str());
    let duration_ms = took.as_secs_f64() * 1_000.0;
    let status_code = status.as_u16();
    #[cfg(feature = "testing")]
    crate::testing::check_documented(&shared.operations, &route, method.as_str(), status_code);
    if status.is_server_error() {
        let kind = problem.map_or("none", |problem| problem.kind().uri());
        let cause = problem.and_then(Problem::causes).unwrap_or_default();
        tracing::error!(
            http.status = status_code,
            problem.kind = kind,
            error = cause,
            duration_ms,
            "request failed"
        );
    } else {
        tracing::debug!(http.status = status_code, duration_ms, "request answered");
    }
    shared.metrics.answered(method, route, status_code, took);
}
