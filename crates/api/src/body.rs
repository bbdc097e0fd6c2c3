//! Bodies: read to a bound, then understood, or refused with the place of each fault.
//!
//! [`Json`] is for requests that change nothing; [`Write`] for those that do and so carry an idempotency key;
//! [`Document`] hands over the bytes as they came.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{self, Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures::StreamExt as _;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};
use tokio::time::{Instant, timeout_at};

use crate::idempotency::{Fingerprint, IdempotencyKey, WriteRequest};
use crate::limits::{BODY_BYTES_PER_SECOND_MIN, BODY_SECONDS_DEFAULT, JSON_BODY_BYTES_DEFAULT};
use crate::problem::{Fault, Problem, ProblemType, from_json_data, from_json_syntax};
use crate::shared::Shared;

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// Most bytes of a body on the routes that it is app data of. The innermost scope's value counts.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(
    /// Bytes.
    pub u64,
);

/// A JSON body of a request that changes nothing.
#[derive(Debug)]
pub struct Json<T>(
    /// What the body says.
    pub T,
);

/// A JSON body of a request that changes something, with what makes repeating it safe.
#[derive(Debug)]
pub struct Write<T> {
    /// What the body says.
    pub body: T,
    /// The request's idempotency key and fingerprint.
    pub request: WriteRequest,
}

/// A body as it came, with its media type.
#[derive(Debug)]
pub struct Document {
    /// The bytes, at most as many as the route's [`BodyLimit`].
    pub bytes: Bytes,
    /// The media type in lower case, without parameters; empty when none was given.
    pub media_type: String,
    /// The idempotency key, where the caller gave one.
    pub key: Option<IdempotencyKey>,
    /// What the request asks, for comparison with an earlier use of the key.
    pub fingerprint: Fingerprint,
}

impl Document {
    /// The bytes, where they are said to be JSON.
    ///
    /// # Errors
    /// `unsupported-media-type` for other media types.
    pub fn json(&self) -> Result<&[u8], Problem> {
        of_json(&self.media_type).map(|()| &*self.bytes)
    }
}

/// A captured EPCIS document: a [`Document`] whose bound is the configuration's `http.capture_bytes_max`.
#[derive(Debug)]
pub struct CaptureBody(
    /// The document.
    pub Document,
);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = json_media_type(request).and_then(|()| reader(request, payload, limit_of(request)));
        Box::pin(async move { parse_object(&checked?.await?).map(Self) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Write<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = IdempotencyKey::required(request);
        let checked = json_media_type(request).and_then(|()| reader(request, payload, limit_of(request)));
        let request = request.clone();
        Box::pin(async move {
            let (key, bytes) = (key?, checked?.await?);
            let fingerprint = Fingerprint::of(&request, &bytes);
            Ok(Self { body: parse_object(&bytes)?, request: WriteRequest { key, fingerprint } })
        })
    }
}

impl FromRequest for Document {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        document(request, payload, limit_of(request))
    }
}

impl FromRequest for CaptureBody {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let shared = request.app_data::<web::Data<Shared>>();
        let limit = shared.map_or(JSON_BODY_BYTES_DEFAULT, |shared| shared.config.http.capture_bytes_max);
        let reading = document(request, payload, limit);
        Box::pin(async move { reading.await.map(Self) })
    }
}

/// The bound of the route's bodies.
fn limit_of(request: &HttpRequest) -> u64 {
    request.app_data::<BodyLimit>().map_or(JSON_BODY_BYTES_DEFAULT, |l| l.0)
}

fn document(request: &HttpRequest, payload: &mut Payload, limit: u64) -> Extracting<Document> {
    let key = IdempotencyKey::optional(request);
    let reading = reader(request, payload, limit);
    let request = request.clone();
    Box::pin(async move {
        let (key, bytes) = (key?, reading?.await?);
        let fingerprint = Fingerprint::of(&request, &bytes);
        Ok(Document { media_type: media_type(&request), bytes, key, fingerprint })
    })
}

/// Prepares to read the body, or refuses it by its headers alone.
fn reader(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: u64,
) -> Result<impl Future<Output = Result<Bytes, Problem>> + use<>, Problem> {
    if request.headers().contains_key(CONTENT_ENCODING) {
        return Err(Problem::new(ProblemType::UnsupportedMediaType)
            .detail("the body has a content encoding; send it without one"));
    }
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let shared = request.app_data::<web::Data<Shared>>();
    let patience = shared.map_or(BODY_SECONDS_DEFAULT, |shared| shared.config.http.body_timeout_seconds);
    let (started, mut chunks) = (Instant::now(), payload.take());
    Ok(async move {
        let mut body = BytesMut::with_capacity(usize::try_from(announced.unwrap_or(0)).unwrap_or(0));
        loop {
            let gained = body.len() as u64 / BODY_BYTES_PER_SECOND_MIN;
            let until = started + Duration::from_secs(patience.saturating_add(gained));
            let next = timeout_at(until, chunks.next()).await.map_err(|_| too_slow(patience))?;
            let Some(chunk) = next else { break };
            let chunk = chunk.map_err(broken)?;
            if body.len().saturating_add(chunk.len()) as u64 > limit {
                return Err(too_large(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    })
}

fn too_slow(patience: u64) -> Problem {
    let detail =
        format_args!("{patience} s and one for each {BODY_BYTES_PER_SECOND_MIN} bytes that came are over");
    Problem::new(ProblemType::RequestTimeout).detail(detail)
}

/// A body whose end did not come, or whose chunks are none (RFC 9112 section 7.1): the framework tells both alike.
fn broken(error: PayloadError) -> Problem {
    Problem::new(ProblemType::RequestTimeout).detail("the body broke off").caused_by(error)
}

fn too_large(limit: u64) -> Problem {
    Problem::new(ProblemType::BodyTooLarge).detail(format_args!("at most {limit} bytes"))
}

fn media_type(request: &HttpRequest) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

fn json_media_type(request: &HttpRequest) -> Result<(), Problem> {
    of_json(&media_type(request))
}

fn of_json(given: &str) -> Result<(), Problem> {
    if given == "application/json" || given.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::new(ProblemType::UnsupportedMediaType).detail("send `application/json`"))
}

/// As [`parse`], of a JSON object: serde would take an array for a struct as well, its fields by their order.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        parse::<IgnoredAny>(bytes)?;
        let fault = Fault::new("invalid-field", "an object is needed, not an array").at("");
        return Err(Problem::new(ProblemType::InvalidField).with_fault(fault));
    }
    parse(bytes)
}

/// Reads a JSON text into `T`.
///
/// # Errors
/// `malformed-json` with line and column, or `invalid-field` with the JSON Pointer of what does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        match error.inner().classify() {
            serde_json::error::Category::Data => from_json_data(&pointer, error.inner()),
            _ => from_json_syntax(error.inner()),
        }
    })?;
    deserializer.end().map_err(|error| from_json_syntax(&error))?;
    Ok(value)
}

/// The path as a JSON Pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            // A variant's name is not a step in the text; what serde could not name is left out.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pack {
        #[expect(dead_code, reason = "only its parsing is tested")]
        serial: String,
    }

    #[derive(Debug, Deserialize)]
    struct List {
        packs: Vec<Pack>,
    }

    fn fault(text: &str) -> (ProblemType, Option<String>, Option<u32>) {
        let problem = parse::<List>(text.as_bytes()).unwrap_err();
        let fault = problem.faults().first().unwrap().clone();
        (problem.kind(), fault.pointer, fault.line)
    }

    #[test]
    fn faults_carry_their_place() {
        let wrong_type = "{\"packs\": [{\"serial\": \"a\"},\n {\"serial\": 7}]}";
        assert_eq!(fault(wrong_type), (ProblemType::InvalidField, Some("/packs/1/serial".into()), Some(2)));
        let unknown = "{\"packs\": [{\"a/b\": 1}]}";
        assert_eq!(fault(unknown), (ProblemType::InvalidField, Some("/packs/0/a~1b".into()), Some(1)));
        assert_eq!(fault("{\"packs\": ["), (ProblemType::MalformedJson, None, Some(1)));
        assert_eq!(fault("{\"packs\": []} x"), (ProblemType::MalformedJson, None, Some(1)));
        assert_eq!(parse::<List>(b"{\"packs\": []}").unwrap().packs.len(), 0);
    }

    #[test]
    fn an_array_is_no_object() {
        let kind = |text: &str| parse_object::<Pack>(text.as_bytes()).unwrap_err().kind();
        assert_eq!(kind(" [\"a\"]"), ProblemType::InvalidField);
        assert_eq!(kind("[\"a\""), ProblemType::MalformedJson);
        assert!(parse_object::<Pack>(b" {\"serial\": \"a\"}").is_ok());
    }

    #[test]
    fn a_body_nested_beyond_reason_is_refused_and_does_not_exhaust_the_stack() {
        let deep = "[".repeat(100_000);
        assert_eq!(
            parse::<serde_json::Value>(deep.as_bytes()).unwrap_err().kind(),
            ProblemType::MalformedJson
        );
    }
}
