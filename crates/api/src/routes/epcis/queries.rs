//! `/epcis/queries`: named queries, and subscriptions to them (EPCIS 2.0 sections 8.2.5 and 12).
//!
//! A query belongs to the client that made it; to all others it does not exist.

mod document;
pub(crate) mod engine;
mod named;
mod options;
mod run;
mod subscribe;
mod subscriptions;

use serde::Deserialize;
use store::PgConnection;
use store::named_query::NamedQuery;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::problem::Problem;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(named::list_queries)
        .service(named::create_query)
        .service(named::get_query)
        .service(named::delete_query)
        .service(run::run_query)
        .service(subscriptions::list_subscriptions)
        .service(subscribe::create_subscription)
        .service(subscriptions::get_subscription)
        .service(subscriptions::delete_subscription)
        .service(options::queries_options)
        .service(options::query_options)
        .service(options::query_events_options)
        .service(options::subscriptions_options)
        .service(options::subscription_options);
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// How many, 1 to 1000; 30 unless given.
    #[serde(rename = "perPage")]
    #[param(rename = "perPage")]
    per_page: Option<u32>,
    /// Where the page before ended, from its header `Link`.
    #[serde(rename = "nextPageToken")]
    #[param(rename = "nextPageToken")]
    next_page_token: Option<String>,
}

/// Things on a page unless asked otherwise (EPCIS 2.0 REST binding).
const PER_PAGE: u32 = 30;

/// A client's query of this name.
async fn named(conn: &mut PgConnection, client_id: Uuid, name: &str) -> Result<NamedQuery, Problem> {
    store::named_query::find(conn, client_id, name).await?.ok_or_else(Problem::not_found)
}
