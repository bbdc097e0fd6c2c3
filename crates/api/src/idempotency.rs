//! Writes that can be repeated safely: the first answer is kept under the client's `Idempotency-Key` and given
//! again, byte for byte (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! The record commits in the same transaction as the write, so there is no moment at which one exists without the
//! other. [`once`] is for a write with a transaction of its own; [`known`] and [`record`] are for batches that
//! share one.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha3::{Digest as _, Sha3_256};
use store::idempotency::SavedAnswer;
use store::{PgConnection, PgPool, TxError as _, TxFuture};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::clock::moment;
use crate::limits::{IDEMPOTENCY_KEY_BYTES_MAX, IDEMPOTENT_ANSWER_BYTES_MAX};
use crate::problem::{Fault, PROBLEM_JSON, Problem, ProblemType};

/// The request header.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The constraint that two requests with one key run into.
const KEY_CONSTRAINT: &str = "idempotency_pkey";

/// Runs of a write that meets another one with its key: the second run finds what the first has recorded.
const RUNS_MAX: u32 = 3;

/// For the OpenAPI document: the header that writes carry.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyHeader {
    /// A text of your choice, fresh for each new write and the same when repeating one, such as a UUID.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, pattern = "^\"?[!#-~][!-~]*$")]
    pub idempotency_key: String,
}

/// What a client calls one write: 1 to 255 visible ASCII characters, quoted or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// Reads a header value.
    ///
    /// # Errors
    /// `invalid-parameter`.
    pub fn new(value: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(value).unwrap_or("").trim();
        let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
        let fits = (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&bare.len());
        if !fits || !bare.bytes().all(|b| b.is_ascii_graphic()) {
            let message = format!("1 to {IDEMPOTENCY_KEY_BYTES_MAX} visible ASCII characters without spaces");
            let fault = Fault::new("idempotency-key", message).at("Idempotency-Key");
            return Err(Problem::new(ProblemType::InvalidParameter).with_fault(fault));
        }
        Ok(Self(bare.into()))
    }

    /// The request's key, if it has one.
    pub(crate) fn optional(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        let header = request.headers().get(IDEMPOTENCY_KEY);
        header.map(|value| Self::new(value.as_bytes())).transpose()
    }

    /// The request's key, which it must have.
    pub(crate) fn required(request: &HttpRequest) -> Result<Self, Problem> {
        Self::optional(request)?.ok_or_else(|| {
            let fault = Fault::new("missing", "the header is needed").at("Idempotency-Key");
            Problem::new(ProblemType::IdempotencyKeyMissing).with_fault(fault)
        })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA3-256 over method, address and body: equal for a repeat, different for another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request with this body.
    #[must_use]
    pub fn of(request: &HttpRequest, body: &[u8]) -> Self {
        let address = request.uri().path_and_query().map_or("", |p| p.as_str());
        Self::over(request.method().as_str(), address, body)
    }

    /// The fingerprint over these parts. The separators cannot occur in the first two.
    #[must_use]
    pub fn over(method: &str, address: &str, body: &[u8]) -> Self {
        let digest = Sha3_256::new()
            .chain_update(method)
            .chain_update([0])
            .chain_update(address)
            .chain_update([0])
            .chain_update(body);
        Self(digest.finalize().into())
    }
}

/// What makes a write recognisable when it is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteRequest {
    /// What the client calls it.
    pub key: IdempotencyKey,
    /// What it asks.
    pub fingerprint: Fingerprint,
}

/// An answer that can be kept and given again.
///
/// A refusal that the client could not change by repeating (a second dispense, say) is an answer too: build it by
/// [`Answer::problem`]. Failures of the service are not answers; return them as errors and nothing is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// An answer with a JSON body.
    ///
    /// # Errors
    /// `internal` when `body` does not serialise, or is over [`IDEMPOTENT_ANSWER_BYTES_MAX`].
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let bytes = serde_json::to_vec(body).map_err(Problem::internal)?;
        Self::of(status, "application/json", bytes)
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status: status.as_u16(), headers: Vec::new(), body: Vec::new() }
    }

    /// A refusal that stays.
    ///
    /// # Errors
    /// The problem itself when it is the service's failure (5xx): that must not be kept.
    pub fn problem(problem: Problem) -> Result<Self, Problem> {
        let status = problem.kind().status();
        if status.is_server_error() {
            return Err(problem);
        }
        let bytes = serde_json::to_vec(&problem.document()).map_err(Problem::internal)?;
        Self::of(status, PROBLEM_JSON, bytes)
    }

    fn of(status: StatusCode, media_type: &str, body: Vec<u8>) -> Result<Self, Problem> {
        if body.len() > IDEMPOTENT_ANSWER_BYTES_MAX {
            return Err(Problem::internal("an answer over IDEMPOTENT_ANSWER_BYTES_MAX"));
        }
        let headers = vec![(CONTENT_TYPE.to_string(), media_type.to_owned())];
        Ok(Self { status: status.as_u16(), headers, body })
    }

    /// The same answer with the header `Location`.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.headers.push((LOCATION.to_string(), location.into()));
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The answer as it goes out, the first time and every time.
    #[must_use]
    pub fn respond(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        for header in self.headers {
            response.append_header(header);
        }
        response.body(self.body)
    }

    fn saved(&self, client: Uuid, request: &WriteRequest, now_ms: u64) -> SavedAnswer {
        SavedAnswer {
            client_id: client,
            key: request.key.as_str().to_owned(),
            request_hash: request.fingerprint.0,
            status: self.status,
            headers: self.headers.clone(),
            body: self.body.clone(),
            created_at: moment(now_ms),
        }
    }
}

/// What is known of a write before doing it.
#[derive(Debug, Clone)]
pub enum Known {
    /// Nothing: do it.
    New,
    /// It was done; this was the answer.
    Answered(Answer),
    /// It cannot be done: the key belongs to another request, or to one in this very batch.
    Refused(Problem),
}

/// Looks up the writes of one batch, in order, inside its transaction.
///
/// # Errors
/// What the store fails with.
pub async fn known(conn: &mut PgConnection, writes: &[(Uuid, WriteRequest)]) -> Result<Vec<Known>, Problem> {
    let keys: Vec<_> = writes.iter().map(|(client, w)| (*client, w.key.as_str().to_owned())).collect();
    let saved = store::idempotency::find(conn, &keys).await?;
    let seen: BTreeMap<_, _> = saved.iter().map(|r| ((r.client_id, r.key.as_str()), r)).collect();
    let mut in_batch: BTreeMap<(Uuid, &str), &WriteRequest> = BTreeMap::new();
    let mut answers = Vec::with_capacity(writes.len());
    for (client, write) in writes {
        let name = (*client, write.key.as_str());
        answers.push(match (seen.get(&name), in_batch.get(&name)) {
            (Some(saved), _) => of_saved(saved, write),
            (None, Some(earlier)) if earlier.fingerprint == write.fingerprint => Known::Refused(in_use()),
            (None, Some(_)) => Known::Refused(reused()),
            (None, None) => Known::New,
        });
        in_batch.entry(name).or_insert(write);
    }
    Ok(answers)
}

fn of_saved(saved: &SavedAnswer, write: &WriteRequest) -> Known {
    if saved.request_hash != write.fingerprint.0 {
        return Known::Refused(reused());
    }
    Known::Answered(Answer { status: saved.status, headers: saved.headers.clone(), body: saved.body.clone() })
}

fn reused() -> Problem {
    let fault =
        Fault::new("idempotency-key-reuse", "the key was used for another request").at("Idempotency-Key");
    Problem::new(ProblemType::IdempotencyKeyReuse).with_fault(fault)
}

fn in_use() -> Problem {
    Problem::new(ProblemType::IdempotencyKeyInUse).retry_after(1)
}

/// Records the answers to the new writes of a batch, inside its transaction, which must then commit.
///
/// # Errors
/// What the store fails with; a conflict when another process has recorded one of the keys meanwhile, for which
/// [`repeat`] runs the transaction again.
pub async fn record(
    conn: &mut PgConnection,
    answers: &[(Uuid, WriteRequest, Answer)],
    now_ms: u64,
) -> Result<(), Problem> {
    let saved: Vec<_> = answers.iter().map(|(client, write, a)| a.saved(*client, write, now_ms)).collect();
    Ok(store::idempotency::insert(conn, &saved).await?)
}

/// Runs `transaction` again when another process recorded one of its keys at the same time: it then finds the
/// record.
///
/// # Errors
/// What the transaction fails with; `idempotency-key-in-use` when it loses every time.
pub async fn repeat<T, F>(mut transaction: impl FnMut() -> F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    for _ in 0..RUNS_MAX {
        match transaction().await {
            Err(problem) if lost_race(&problem) => {}
            outcome => return outcome,
        }
    }
    Err(in_use())
}

fn lost_race(problem: &Problem) -> bool {
    problem.as_store().and_then(store::Error::constraint) == Some(KEY_CONSTRAINT)
}

/// Does a write once: gives the earlier answer when there is one, and otherwise runs `work` and keeps its answer in
/// the same transaction. `work` may run again when the transaction is retried, so all its effects are in the database.
///
/// Where `work` fails with a refusal ([`ProblemType::is_refusal`]), its transaction is undone, and the refusal is kept as
/// the answer: the same request is not judged anew when it is repeated.
///
/// # Errors
/// `idempotency-key-reuse`, or what `work` or the store fail with; then nothing was changed or recorded.
pub async fn once<W>(
    pool: &PgPool,
    name: &'static str,
    (client, write): (Uuid, WriteRequest),
    now_ms: u64,
    work: W,
) -> Result<HttpResponse, Problem>
where
    W: for<'c> Fn(&'c mut PgConnection) -> TxFuture<'c, Answer, Problem> + Send + Sync + 'static,
{
    Ok(once_answer(pool, name, (client, write), now_ms, work).await?.respond())
}

/// As [`once`], for a caller that has something to add to the answer, such as what became of it meanwhile.
///
/// # Errors
/// As [`once`].
pub async fn once_answer<W>(
    pool: &PgPool,
    name: &'static str,
    (client, write): (Uuid, WriteRequest),
    now_ms: u64,
    work: W,
) -> Result<Answer, Problem>
where
    W: for<'c> Fn(&'c mut PgConnection) -> TxFuture<'c, Answer, Problem> + Send + Sync + 'static,
{
    let work = Arc::new(work);
    repeat(|| {
        let (work, write) = (Arc::clone(&work), write.clone());
        async move {
            let asked = (client, write.clone());
            let done = store::tx(pool, name, move |conn| {
                let (work, asked) = (Arc::clone(&work), asked.clone());
                Box::pin(async move {
                    if let Some(answer) = earlier(conn, &asked).await? {
                        return Ok(answer);
                    }
                    let answer = work(conn).await?;
                    let (client, write) = asked;
                    record(conn, &[(client, write, answer.clone())], now_ms).await?;
                    Ok::<_, Problem>(answer)
                })
            });
            match done.await {
                Err(problem) if problem.kind().is_refusal() => {
                    keep_refusal(pool, (client, write), now_ms, problem).await
                }
                outcome => outcome,
            }
        }
    })
    .await
}

/// The answer that the write was given before, if it was.
async fn earlier(conn: &mut PgConnection, asked: &(Uuid, WriteRequest)) -> Result<Option<Answer>, Problem> {
    match known(conn, std::slice::from_ref(asked)).await?.pop() {
        Some(Known::Answered(answer)) => Ok(Some(answer)),
        Some(Known::Refused(problem)) => Err(problem),
        Some(Known::New) | None => Ok(None),
    }
}

/// Records a refusal as the answer, unless another run was quicker.
async fn keep_refusal(
    pool: &PgPool,
    asked: (Uuid, WriteRequest),
    now_ms: u64,
    problem: Problem,
) -> Result<Answer, Problem> {
    let answer = Answer::problem(problem)?;
    store::tx(pool, "keep_refusal", move |conn| {
        let (asked, answer) = (asked.clone(), answer.clone());
        Box::pin(async move {
            if let Some(earlier) = earlier(conn, &asked).await? {
                return Ok(earlier);
            }
            let (client, write) = asked;
            record(conn, &[(client, write, answer.clone())], now_ms).await?;
            Ok::<_, Problem>(answer)
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii_quoted_or_not() {
        assert_eq!(IdempotencyKey::new(b"\"8e03978e\"").unwrap(), IdempotencyKey::new(b"8e03978e").unwrap());
        for bad in [&b""[..], b"\"\"", b"a b", "ü".as_bytes(), &[b'x'; 256], &[0xff]] {
            assert_eq!(
                IdempotencyKey::new(bad).unwrap_err().kind(),
                ProblemType::InvalidParameter,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_fingerprint_tells_method_address_and_body_apart() {
        let one = Fingerprint::over("POST", "/a", b"b");
        assert_eq!(one, Fingerprint::over("POST", "/a", b"b"));
        for other in [("PUT", "/a", &b"b"[..]), ("POST", "/ab", b""), ("POST", "/a", b"c")] {
            assert_ne!(one, Fingerprint::over(other.0, other.1, other.2));
        }
    }

    #[test]
    fn failures_of_the_service_are_not_kept() {
        assert!(Answer::problem(Problem::internal("x")).is_err());
        let kept = Answer::problem(Problem::new(ProblemType::StateConflict)).unwrap();
        assert_eq!(kept.status(), 409);
    }
}
