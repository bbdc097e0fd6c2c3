//! Making, reading and deleting named queries.

use actix_web::http::StatusCode;
use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::Deserialize;
use serde_json::Value;
use store::PgConnection;
use store::named_query::NamedQuery;
use utoipa::ToSchema;

use super::super::events::EventHeaders;
use super::super::{headers, write_once};
use super::document::NamedQueryDocument;
use super::{PER_PAGE, Page, engine, named};
use crate::auth::{Allowed, permission};
use crate::body::{Document, parse_object};
use crate::clock::moment;
use crate::cursor;
use crate::idempotency::Answer;
use crate::limits::{QUERIES_PER_CLIENT_MAX, QUERY_NAME_CHARS_MAX};
use crate::problem::{Fault, Problem, ProblemDocument, ProblemType};
use crate::shared::Shared;

/// Names that the standard gave away (EPCIS 2.0 section 8.2.7).
const PREDEFINED: [&str; 2] = ["SimpleEventQuery", "SimpleMasterDataQuery"];

/// A query to be named.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuery {
    /// Prefixes of extension fields in the query, as in an EPCIS document.
    #[serde(default, rename = "@context")]
    #[schema(value_type = Option<Vec<Value>>)]
    context: Option<Value>,
    /// Its name: letters, digits, `-`, `.`, `_` and `~`.
    #[schema(min_length = 1, max_length = 100, example = "shipped-today")]
    name: String,
    /// The parameters of SimpleEventQuery; those with several values are arrays.
    #[schema(value_type = Object, example = json!({ "EQ_bizStep": ["shipping"] }))]
    query: Value,
}

/// List named queries
///
/// Those of the calling client, by name.
#[utoipa::path(tag = "epcis", operation_id = "list_queries", security(("api_key" = ["query"])), params(Page),
    responses((status = 200, description = "The queries; `Link` leads to the next page", body = [NamedQueryDocument])))]
#[get("/epcis/queries")]
pub async fn list_queries(
    client: Allowed<permission::Query>,
    request: HttpRequest,
    page: web::Query<Page>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let limit = cursor::limit_from("perPage", page.per_page.unwrap_or(PER_PAGE))?;
    let after: Option<String> = cursor::read_from("nextPageToken", page.next_page_token.as_deref())?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let one_more = limit.saturating_add(1);
    let mut found = store::named_query::list(&mut conn, client.id, after.as_deref(), one_more).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let mut answer = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| more) {
        let token = cursor::write(&last.name)?;
        answer.insert_header((
            LINK,
            format!("</epcis/queries?perPage={limit}&nextPageToken={token}>; rel=\"next\""),
        ));
    }
    let documents: Vec<_> = found.into_iter().map(NamedQueryDocument::from).collect();
    Ok(headers::versioned(answer.json(documents)))
}

/// Name a query
///
/// It runs at `/epcis/queries/{name}/events`, for the client that made it alone.
#[utoipa::path(tag = "epcis", operation_id = "create_query", security(("api_key" = ["query"])),
    params(EventHeaders), request_body = NewQuery,
    responses((status = 201, description = "Made; it is at `Location`"),
    (status = 409, description = "There is one of this name, or as many as there may be", body = ProblemDocument, content_type = "application/problem+json")))]
#[post("/epcis/queries")]
pub async fn create_query(
    client: Allowed<permission::Query>,
    request: HttpRequest,
    document: Document,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let new: NewQuery = parse_object(document.json()?)?;
    check_name(&new.name)?;
    let namespaces = engine::check(&shared.pool, &request, &new.query, new.context.as_ref()).await?;
    let (id, now_ms) = (shared.new_id(), shared.now_ms());
    let (client_id, created_at) = (client.id, moment(now_ms));
    let query = NamedQuery { id, client_id, name: new.name, query: new.query, namespaces, created_at };
    let write = (client_id, document.key, document.fingerprint);
    let answer = write_once(&shared, "create_query", write, now_ms, move |conn| {
        let query = query.clone();
        Box::pin(async move { make(conn, &query).await })
    })
    .await?;
    Ok(headers::versioned(answer))
}

async fn make(conn: &mut PgConnection, query: &NamedQuery) -> Result<Answer, Problem> {
    store::named_query::lock_client(conn, query.client_id).await?;
    if store::named_query::find(conn, query.client_id, &query.name).await?.is_some() {
        return Answer::problem(exists());
    }
    if store::named_query::count(conn, query.client_id).await? >= QUERIES_PER_CLIENT_MAX {
        let detail = format_args!("a client has {QUERIES_PER_CLIENT_MAX} named queries at most");
        return Err(Problem::new(ProblemType::TooMany).detail(detail));
    }
    store::named_query::insert(conn, query).await?;
    Ok(Answer::empty(StatusCode::CREATED).at(format!("/epcis/queries/{}", query.name)))
}

fn exists() -> Problem {
    Problem::new(ProblemType::EpcisResourceAlreadyExists)
        .with_fault(Fault::new("query-name", "a query of this name is there").at("/name"))
}

/// A name is a segment of an address as it stands, of unreserved characters (RFC 3986 section 2.3).
fn check_name(name: &str) -> Result<(), Problem> {
    if PREDEFINED.contains(&name) {
        return Err(exists());
    }
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    if plain && (1..=QUERY_NAME_CHARS_MAX).contains(&name.len()) && name != "." && name != ".." {
        return Ok(());
    }
    let message = format_args!("1 to {QUERY_NAME_CHARS_MAX} letters, digits and -._~, and not only points");
    Err(Problem::invalid(vec![Fault::new("query-name", message).at("/name")]))
}

/// Get a named query
#[utoipa::path(tag = "epcis", operation_id = "get_query", security(("api_key" = ["query"])),
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The query", body = NamedQueryDocument)))]
#[get("/epcis/queries/{name}")]
pub async fn get_query(
    client: Allowed<permission::Query>,
    request: HttpRequest,
    name: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let query = named(&mut conn, client.id, &name).await?;
    Ok(headers::versioned(HttpResponse::Ok().json(NamedQueryDocument::from(query))))
}

/// Delete a named query
///
/// With its subscriptions; its WebSockets are closed.
#[utoipa::path(tag = "epcis", operation_id = "delete_query", security(("api_key" = ["query"])),
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is gone")))]
#[delete("/epcis/queries/{name}")]
pub async fn delete_query(
    client: Allowed<permission::Query>,
    request: HttpRequest,
    name: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let gone = store::named_query::delete(&mut conn, client.id, &name).await?;
    shared.subscriptions.sockets.end_query(gone.ok_or_else(Problem::not_found)?);
    Ok(headers::versioned(HttpResponse::NoContent().finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_bounded_and_not_the_standards_own() {
        for good in ["a", "shipped-today_2.0~x", &"n".repeat(QUERY_NAME_CHARS_MAX)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "ä", "%41", "a?b", &"n".repeat(QUERY_NAME_CHARS_MAX + 1)] {
            assert_eq!(check_name(bad).unwrap_err().kind(), ProblemType::InvalidField, "{bad}");
        }
        let taken = check_name("SimpleEventQuery").unwrap_err();
        assert_eq!(taken.kind(), ProblemType::EpcisResourceAlreadyExists);
    }
}
