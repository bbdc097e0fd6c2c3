//! The service that the tests run: notes, which are kept as clients without permissions, so that no table is needed.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use api::auth::{Allowed, ApiKey, permission};
use api::coalesce::{CoalesceLimits, Coalescer};
use api::idempotency::{Answer, IdempotencyHeader, once};
use api::problem::{Fault, Problem, ProblemType};
use api::server::{Assembly, BoxError};
use api::{Json, ServiceDefinition, Shared, Write};
use serde::{Deserialize, Serialize};
use store::api_client::ApiClient;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn definition() -> ServiceDefinition {
    ServiceDefinition {
        name: "sample",
        title: "Sample",
        description: "For tests.",
        routes,
        assemble,
        start_node: Arc::new(|_| Box::pin(async { Err("the sample has no node".into()) })),
    }
}

fn routes(config: &mut ServiceConfig) {
    config.service(write_note).service(count_notes).service(double).service(epcis_capture).service(fail);
}

fn assemble(_: &web::Data<Shared>, assembly: &mut Assembly) -> Result<(), BoxError> {
    let doubles =
        Coalescer::start("double", CoalesceLimits::DEFAULT, assembly.tasks(), |numbers: Vec<u32>| async {
            Ok(numbers.into_iter().map(|n| n.saturating_mul(2)).collect())
        });
    assembly.provide(doubles);
    Ok(())
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    pub text: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Noted {
    id: String,
}

/// Writes a note
#[utoipa::path(operation_id = "write_note", security(("api_key" = ["capture"])), params(IdempotencyHeader),
    request_body = Note, responses((status = 201, description = "Written", body = Noted)))]
#[post("/v1/notes")]
async fn write_note(
    client: Allowed<permission::Capture>,
    write: Write<Note>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    if write.body.text.is_empty() {
        return Err(Problem::invalid(vec![Fault::new("length", "is empty").at("/text")]));
    }
    let (id, note, now_ms) = (shared.new_id(), write.body, shared.now_ms());
    let hash = *ApiKey::generate(&shared.entropy).hash().as_bytes();
    once(&shared.pool, "write_note", (client.id, write.request), now_ms, move |conn| {
        let row = ApiClient {
            id,
            name: note.text.clone(),
            site_gln: None,
            permissions: Vec::new(),
            created_at: api::clock::moment(now_ms),
            revoked_at: None,
        };
        Box::pin(async move {
            store::api_client::insert(conn, &row, &hash).await?;
            if row.name == "refused" {
                return Answer::problem(Problem::new(ProblemType::StateConflict));
            }
            if row.name == "fails" {
                return Err(Problem::internal("after the insert"));
            }
            Ok(Answer::json(StatusCode::CREATED, &Noted { id: row.id.to_string() })?
                .at(format!("/v1/notes/{}", row.id)))
        })
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// The text.
    text: String,
}

/// Counts notes
#[utoipa::path(operation_id = "count_notes", security(("api_key" = ["query"])), params(Filter),
    responses((status = 200, description = "How many", body = u64)))]
#[get("/v1/notes")]
async fn count_notes(
    _: Allowed<permission::Query>,
    filter: web::Query<Filter>,
    shared: web::Data<Shared>,
) -> Result<web::Json<usize>, Problem> {
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let all = store::api_client::list(&mut conn).await?;
    Ok(web::Json(all.iter().filter(|c| c.name == filter.text).count()))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Number {
    n: u32,
}

/// Doubles a number
#[utoipa::path(operation_id = "double", security(("api_key" = ["authenticate"])), request_body = Number,
    responses((status = 200, description = "Twice", body = Number)))]
#[post("/v1/double")]
async fn double(
    _: Allowed<permission::Authenticate>,
    number: Json<Number>,
    doubles: web::Data<Coalescer<u32, u32>>,
) -> Result<web::Json<Number>, Problem> {
    Ok(web::Json(Number { n: doubles.submit(number.0.n).await? }))
}

/// Captures
#[utoipa::path(operation_id = "capture", security(("api_key" = ["capture"])), request_body(content = String, content_type = "application/xml"),
    responses((status = 202, description = "Taken")))]
#[post("/epcis/capture")]
async fn epcis_capture(
    _: Allowed<permission::Capture>,
    document: api::Document,
) -> Result<HttpResponse, Problem> {
    if document.media_type != "application/xml" {
        return Err(Problem::new(ProblemType::UnsupportedMediaType).detail("send `application/xml`"));
    }
    if document.bytes.starts_with(b"<!DOCTYPE") {
        return Err(Problem::new(ProblemType::XmlEntities));
    }
    Ok(HttpResponse::Accepted().finish())
}

/// Fails
#[utoipa::path(operation_id = "fail", security(("api_key" = ["alerts"])), params(("serial" = String, Path)),
    responses((status = 200, description = "Never")))]
#[get("/v1/fail/{serial}")]
async fn fail(_: Allowed<permission::Alerts>, serial: web::Path<u64>) -> Result<HttpResponse, Problem> {
    Err(Problem::internal(format!("secret {serial}")))
}
