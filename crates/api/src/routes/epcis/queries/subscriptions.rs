//! Reading and deleting webhook subscriptions.

use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse, delete, get, web};
use uuid::Uuid;

use super::super::headers;
use super::document::SubscriptionDocument;
use super::{PER_PAGE, Page, named};
use crate::auth::{Allowed, permission};
use crate::cursor;
use crate::problem::Problem;
use crate::shared::Shared;

/// List the subscriptions to a query
#[utoipa::path(tag = "epcis", operation_id = "list_subscriptions", security(("api_key" = ["subscribe"])),
    params(("name" = String, Path, description = "The query's name"), Page),
    responses((status = 200, description = "The subscriptions; `Link` leads to the next page", body = [SubscriptionDocument])))]
#[get("/epcis/queries/{name}/subscriptions")]
pub async fn list_subscriptions(
    client: Allowed<permission::Subscribe>,
    request: HttpRequest,
    name: web::Path<String>,
    page: web::Query<Page>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let limit = cursor::limit_from("perPage", page.per_page.unwrap_or(PER_PAGE))?;
    let after: Option<String> = cursor::read_from("nextPageToken", page.next_page_token.as_deref())?;
    let after = after.and_then(|after| after.parse().ok());
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let query = named(&mut conn, client.id, &name).await?;
    let mut found = store::subscription::list(&mut conn, query.id, after, limit.saturating_add(1)).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let mut answer = HttpResponse::Ok();
    if let Some(last) = found.last().filter(|_| more) {
        let (path, token) = (request.path(), cursor::write(&last.id.to_string())?);
        answer.insert_header((LINK, format!("<{path}?perPage={limit}&nextPageToken={token}>; rel=\"next\"")));
    }
    let documents: Result<Vec<_>, _> = found.into_iter().map(SubscriptionDocument::of).collect();
    Ok(headers::versioned(answer.json(documents?)))
}

/// An id out of an address: what is none is that of no subscription.
fn id_of(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Get a subscription
///
/// With how far it is. `GS1-Query-Min-Record-Time` tells that, too. Its secret is not told.
#[utoipa::path(tag = "epcis", operation_id = "get_subscription", security(("api_key" = ["subscribe"])),
    params(("name" = String, Path, description = "The query's name"), ("subscription_id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The subscription", body = SubscriptionDocument)))]
#[get("/epcis/queries/{name}/subscriptions/{subscription_id}")]
pub async fn get_subscription(
    client: Allowed<permission::Subscribe>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let (name, id) = path.into_inner();
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let query = named(&mut conn, client.id, &name).await?;
    let found = store::subscription::find(&mut conn, query.id, id_of(&id)?).await?;
    let document = SubscriptionDocument::of(found.ok_or_else(Problem::not_found)?)?;
    let watermark = (headers::MIN_RECORD_TIME, document.min_record_time.clone());
    Ok(headers::versioned(HttpResponse::Ok().insert_header(watermark).json(document)))
}

/// Delete a subscription
///
/// A delivery that is under way may still arrive.
#[utoipa::path(tag = "epcis", operation_id = "delete_subscription", security(("api_key" = ["subscribe"])),
    params(("name" = String, Path, description = "The query's name"), ("subscription_id" = String, Path, description = "Its id")),
    responses((status = 204, description = "It is gone")))]
#[delete("/epcis/queries/{name}/subscriptions/{subscription_id}")]
pub async fn delete_subscription(
    client: Allowed<permission::Subscribe>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let (name, id) = path.into_inner();
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let query = named(&mut conn, client.id, &name).await?;
    match store::subscription::delete(&mut conn, query.id, id_of(&id)?).await? {
        true => Ok(headers::versioned(HttpResponse::NoContent().finish())),
        false => Err(Problem::not_found()),
    }
}
