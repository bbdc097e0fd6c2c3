//! The top-level resources: what occurs in events, and the events of each (EPCIS 2.0 section 12.3).

use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse, delete, get, options, web};
use serde::{Deserialize, Serialize};
use store::event_value::{self, ValueKind};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::discovery::supported;
use super::page::{self, PageParameters, next_page};
use super::parameters::{self, SameParameters, wrong};
use super::{filter, headers};
use crate::auth::{Allowed, Client, permission};
use crate::cursor;
use crate::problem::{Problem, ProblemDocument};
use crate::shared::Shared;

/// The JSON-LD context of the standard.
pub(super) const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// Members on a page unless asked otherwise (EPCIS 2.0 REST binding).
const PER_PAGE: u32 = 30;

/// A collection of names.
#[derive(Debug, Serialize, ToSchema)]
pub struct Collection {
    /// The JSON-LD context of EPCIS 2.0.
    #[serde(rename = "@context")]
    context: &'static str,
    /// `Collection`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The names: of resources, or words, or URIs.
    member: Vec<String>,
}

impl Collection {
    pub(super) fn of(member: Vec<String>) -> Self {
        Self { context: CONTEXT, kind: "Collection", member }
    }
}

/// Which members are given.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MemberPage {
    /// How many members, 1 to 1000; 30 unless given.
    #[serde(rename = "perPage")]
    #[param(rename = "perPage")]
    pub per_page: Option<u32>,
    /// Where the page before ended, from its header `Link`.
    #[serde(rename = "nextPageToken")]
    #[param(rename = "nextPageToken")]
    pub next_page_token: Option<String>,
}

impl MemberPage {
    /// How many members, and after which.
    ///
    /// # Errors
    /// `QueryParameterException`.
    pub(super) fn read(&self) -> Result<(u32, String), Problem> {
        let limit = cursor::limit_from("perPage", self.per_page.unwrap_or(PER_PAGE))?;
        let token: Option<(String,)> = cursor::read_from("nextPageToken", self.next_page_token.as_deref())?;
        Ok((limit, token.map_or_else(String::new, |(after,)| after)))
    }
}

/// What is listed.
enum Members {
    Values(ValueKind),
    Epcs,
}

/// A resource: what it lists, and the parameter of the event query that it stands for.
struct Resource {
    members: Members,
    parameter: &'static str,
}

/// List the resources
///
/// What this interface has.
#[utoipa::path(tag = "epcis", operation_id = "list_resources", security(("api_key" = ["query"])),
    responses((status = 200, description = "The names", body = Collection)))]
#[get("/epcis")]
pub async fn list_resources(
    _: Allowed<permission::Query>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let names = [
        "bizLocations",
        "bizSteps",
        "capture",
        "dispositions",
        "epcs",
        "eventTypes",
        "events",
        "masterData",
        "nextPageToken",
        "queries",
        "readPoints",
    ];
    let names = names.map(str::to_owned).to_vec();
    Ok(headers::versioned(HttpResponse::Ok().json(Collection::of(names))))
}

/// Release a page token
///
/// Tokens hold nothing here: they go by themselves when they expire.
#[utoipa::path(tag = "epcis", operation_id = "release_token", security(("api_key" = ["query"])),
    params(("token" = String, Path, description = "nextPageToken of a page")),
    responses((status = 204, description = "Released")))]
#[delete("/epcis/nextPageToken/{token}")]
pub async fn release_token(
    _: Allowed<permission::Query>,
    request: HttpRequest,
    token: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    headers::check(&request)?;
    let of_members = cursor::read_from::<(String,)>("token", Some(&token)).is_ok();
    if !of_members && !page::is_token(&token, shared.now_ms()) {
        return Err(Problem::not_found());
    }
    Ok(headers::versioned(HttpResponse::NoContent().finish()))
}

impl Resource {
    async fn list(
        &self,
        shared: &Shared,
        request: &HttpRequest,
        client: &Client,
        page: &MemberPage,
    ) -> Result<HttpResponse, Problem> {
        headers::check(request)?;
        let (limit, after) = page.read()?;
        let members = self.members(shared, client, after, limit.saturating_add(1)).await?;
        let shown = members.get(..limit as usize).unwrap_or(&members);
        let mut answer = HttpResponse::Ok();
        if let Some(last) = shown.last().filter(|_| members.len() > shown.len()) {
            answer.insert_header((LINK, next_page(request, &cursor::write(&(last,))?)));
        }
        let named = shown.iter().map(|member| {
            // Keys are kept as paths of Digital Links.
            let key = gs1::EpcKey::parse(member).ok();
            key.map_or_else(|| member.clone(), |key| key.digital_link())
        });
        Ok(headers::versioned(answer.json(Collection::of(named.collect()))))
    }

    async fn members(
        &self,
        shared: &Shared,
        client: &Client,
        after: String,
        limit: u32,
    ) -> Result<Vec<String>, Problem> {
        let site = client.site.as_ref().map(|gln| gln.as_str().to_owned());
        let kind = match self.members {
            Members::Values(kind) => Some(kind),
            Members::Epcs => None,
        };
        if kind.is_some() {
            filter::values_listed(&shared.pool).await?;
        }
        let listed = store::tx(&shared.pool, "list_members", move |conn| {
            let (site, after) = (site.clone(), after.clone());
            Box::pin(async move {
                let Some(kind) = kind else {
                    return event_value::epcs(conn, site.as_deref(), &after, limit).await;
                };
                event_value::list(conn, kind, site.as_deref(), &after, limit).await
            })
        });
        Ok(listed.await?)
    }

    /// What there is under a value that occurs.
    async fn value(
        &self,
        shared: &Shared,
        request: &HttpRequest,
        client: &Client,
        value: String,
    ) -> Result<HttpResponse, Problem> {
        headers::check(request)?;
        let parameters = vec![(self.parameter.to_owned(), vec![value])];
        let query =
            filter::parsed(&parameters, &epcis::Namespaces::new()).map_err(|_| Problem::not_found())?;
        let site = client.site.as_ref().map(|gln| gln.as_str().to_owned());
        let found = store::tx(&shared.pool, "find_value", move |conn| {
            let (query, site) = (query.clone(), site.clone());
            Box::pin(async move {
                let through = store::event::newest(conn).await?;
                store::event::arrived(conn, &query, site.as_deref(), 0, through, 1).await
            })
        })
        .await?;
        if found.is_empty() {
            return Err(Problem::not_found());
        }
        Ok(headers::versioned(HttpResponse::Ok().json(Collection::of(vec!["events".to_owned()]))))
    }

    /// The events of a value.
    async fn events(
        &self,
        shared: &Shared,
        request: &HttpRequest,
        client: &Client,
        value: String,
    ) -> Result<HttpResponse, Problem> {
        let mut asked = parameters::of_query(request.query_string())?;
        if asked.iter().any(|(name, _)| name == self.parameter) {
            return Err(wrong(self.parameter, "the address says so already"));
        }
        let fixed = vec![(self.parameter.to_owned(), vec![value])];
        filter::parsed(&fixed, &epcis::Namespaces::new()).map_err(|_| Problem::not_found())?;
        asked.extend(fixed);
        let namespaces = parameters::namespaces(request, None)?;
        page::answer(shared, request, client, asked, namespaces, "SimpleEventQuery").await
    }
}

/// The three addresses of a resource, and what each supports.
macro_rules! resource {
    ($module:ident, $collection:literal, $value:literal, $events:literal, $resource:expr) => {
        mod $module {
            use super::*;

            const RESOURCE: Resource = $resource;

            /// List what occurs
            ///
            /// In events that the client may see, ordered.
            #[utoipa::path(tag = "epcis", operation_id = concat!("list_", stringify!($module)),
                security(("api_key" = ["query"])), params(MemberPage),
                responses((status = 200, description = "The members; `Link` leads to the next page", body = Collection)))]
            #[get($collection)]
            async fn list_members(
                client: Allowed<permission::Query>,
                request: HttpRequest,
                page: web::Query<MemberPage>,
                shared: web::Data<Shared>,
            ) -> Result<HttpResponse, Problem> {
                RESOURCE.list(&shared, &request, &client, &page).await
            }

            /// What there is of one that occurs
            #[utoipa::path(tag = "epcis", operation_id = concat!("get_", stringify!($module)),
                security(("api_key" = ["query"])),
                params(("value" = String, Path, description = "The member, percent-encoded")),
                responses((status = 200, description = "`events`", body = Collection)))]
            #[get($value)]
            async fn get_member(
                client: Allowed<permission::Query>,
                request: HttpRequest,
                value: web::Path<String>,
                shared: web::Data<Shared>,
            ) -> Result<HttpResponse, Problem> {
                RESOURCE.value(&shared, &request, &client, value.into_inner()).await
            }

            /// Query the events of one that occurs
            ///
            /// As the event query; the parameter that the address stands for is not given again.
            #[utoipa::path(tag = "epcis", operation_id = concat!("events_of_", stringify!($module)),
                security(("api_key" = ["query"])),
                params(("value" = String, Path, description = "The member, percent-encoded"), SameParameters, PageParameters),
                responses((status = 200, description = "An EPCISQueryDocument", content((Object = "application/json"), (String = "application/xml"))),
                (status = 413, description = "The query asks for too much", body = ProblemDocument, content_type = "application/problem+json")))]
            #[get($events)]
            async fn list_events(
                client: Allowed<permission::Query>,
                request: HttpRequest,
                value: web::Path<String>,
                shared: web::Data<Shared>,
            ) -> Result<HttpResponse, Problem> {
                RESOURCE.events(&shared, &request, &client, value.into_inner()).await
            }

            /// What the collection supports
            #[utoipa::path(tag = "epcis", operation_id = concat!(stringify!($module), "_options"), security(()),
                responses((status = 204, description = "In the headers")))]
            #[options($collection)]
            async fn list_options() -> HttpResponse {
                supported("GET, OPTIONS").finish()
            }

            /// What a member supports
            #[utoipa::path(tag = "epcis", operation_id = concat!(stringify!($module), "_value_options"), security(()),
                params(("value" = String, Path)), responses((status = 204, description = "In the headers")))]
            #[options($value)]
            async fn value_options() -> HttpResponse {
                supported("GET, OPTIONS").finish()
            }

            /// What the events of a member support
            #[utoipa::path(tag = "epcis", operation_id = concat!(stringify!($module), "_events_options"), security(()),
                params(("value" = String, Path)), responses((status = 204, description = "In the headers")))]
            #[options($events)]
            async fn events_options() -> HttpResponse {
                supported("GET, OPTIONS").finish()
            }

            pub(super) fn configure(config: &mut ServiceConfig) {
                config.service(list_members).service(get_member).service(list_events);
                config.service(list_options).service(value_options).service(events_options);
            }
        }
    };
}

resource!(
    event_types,
    "/epcis/eventTypes",
    "/epcis/eventTypes/{value}",
    "/epcis/eventTypes/{value}/events",
    Resource { members: Members::Values(ValueKind::EventType), parameter: "eventType" }
);
resource!(
    epcs,
    "/epcis/epcs",
    "/epcis/epcs/{value}",
    "/epcis/epcs/{value}/events",
    Resource { members: Members::Epcs, parameter: "MATCH_anyEPC" }
);
resource!(
    biz_steps,
    "/epcis/bizSteps",
    "/epcis/bizSteps/{value}",
    "/epcis/bizSteps/{value}/events",
    Resource { members: Members::Values(ValueKind::BizStep), parameter: "EQ_bizStep" }
);
resource!(
    biz_locations,
    "/epcis/bizLocations",
    "/epcis/bizLocations/{value}",
    "/epcis/bizLocations/{value}/events",
    Resource { members: Members::Values(ValueKind::BizLocation), parameter: "EQ_bizLocation" }
);
resource!(
    read_points,
    "/epcis/readPoints",
    "/epcis/readPoints/{value}",
    "/epcis/readPoints/{value}/events",
    Resource { members: Members::Values(ValueKind::ReadPoint), parameter: "EQ_readPoint" }
);
resource!(
    dispositions,
    "/epcis/dispositions",
    "/epcis/dispositions/{value}",
    "/epcis/dispositions/{value}/events",
    Resource { members: Members::Values(ValueKind::Disposition), parameter: "EQ_disposition" }
);

/// Registers the routes of the resources.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .configure(event_types::configure)
        .configure(epcs::configure)
        .configure(biz_steps::configure)
        .configure(biz_locations::configure)
        .configure(read_points::configure)
        .configure(dispositions::configure);
}
