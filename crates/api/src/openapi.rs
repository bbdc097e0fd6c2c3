//! The OpenAPI 3.1 document, built from the same registration that makes the routes, without binding a port.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::App;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::response::Response;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, License, ObjectBuilder, OpenApi, OpenApiBuilder, OpenApiVersion, Ref,
    RefOr, Server, Type,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_actix_web::AppExt as _;

use crate::problem::{PROBLEM_JSON, ProblemDocument, ProblemType};
use crate::routes;
use crate::server::ServiceDefinition;

/// Name of the security scheme in the document, for `#[utoipa::path(security(("api_key" = ["capture"])))]`.
pub const API_KEY: &str = "api_key";

/// The document of a service.
#[must_use]
pub fn document(definition: &ServiceDefinition) -> OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(base(definition))
        .configure(routes::configure)
        .configure(definition.routes)
        .split_for_parts();
    document.paths.paths.values_mut().for_each(add_problems);
    document
}

/// The document as it is committed: indented JSON with a line break at its end.
///
/// # Errors
/// When it does not serialise.
pub fn text(definition: &ServiceDefinition) -> Result<String, serde_json::Error> {
    let mut text = document(definition).to_pretty_json()?;
    text.push('\n');
    Ok(text)
}

fn base(definition: &ServiceDefinition) -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title(definition.title)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(definition.description))
        .license(Some(license))
        .build();
    let mut key = Http::new(HttpAuthScheme::Bearer);
    key.bearer_format = Some("thk_ and 64 hexadecimal digits".to_owned());
    key.description =
        Some("An API key. The scopes of an operation are the permissions that the key must have.".to_owned());
    let mut components = Components::new();
    components.add_security_scheme(API_KEY, SecurityScheme::Http(key));
    let mut schemas = vec![("Problem".to_owned(), ProblemDocument::schema())];
    ProblemDocument::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.responses.extend(problem_responses());
    OpenApiBuilder::new()
        .openapi(OpenApiVersion::Version31)
        .info(info)
        .servers(Some([Server::new("/")]))
        .components(Some(components))
        .build()
}

/// One response for each status that problems have, listing the types it may carry.
fn problem_responses() -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    for kind in ProblemType::ALL {
        by_status.entry(kind.status().as_u16()).or_default().insert(kind.uri());
    }
    by_status
        .into_iter()
        .map(|(status, uris)| (response_name(status), RefOr::T(problem_response(status, &uris))))
        .collect()
}

fn problem_response(status: u16, uris: &BTreeSet<&str>) -> Response {
    let list: Vec<String> = uris.iter().map(|uri| format!("`{uri}`")).collect();
    let mut response = Response::new(format!("A problem of one of the types {}", list.join(", ")));
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    response.content.insert(PROBLEM_JSON.to_owned(), RefOr::T(content));
    if matches!(status, 409 | 429 | 503) {
        let mut header = Header::new(ObjectBuilder::new().schema_type(Type::Integer).build());
        header.description = Some("Seconds after which to come back".to_owned());
        response.headers.insert("Retry-After".to_owned(), RefOr::T(header));
    }
    response
}

fn response_name(status: u16) -> String {
    format!("Problem{status}")
}

/// The operations of one address.
pub(crate) fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("HEAD", &mut item.head),
        ("OPTIONS", &mut item.options),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Adds to each operation the problems that the base gives: what it documents itself stays.
fn add_problems(item: &mut PathItem) {
    for (_, operation) in operations_mut(item) {
        let mut statuses = vec![500];
        if is_secured(operation) {
            statuses.extend([401, 403, 429, 503]);
        }
        if operation.request_body.is_some() {
            statuses.extend([400, 408, 413, 415, 422]);
        }
        for parameter in operation.parameters.iter().flatten() {
            let RefOr::T(parameter) = parameter else { continue };
            statuses.push(400);
            if matches!(parameter.parameter_in, ParameterIn::Path) {
                statuses.push(404);
            }
        }
        for status in statuses {
            let reference = RefOr::Ref(Ref::from_response_name(response_name(status)));
            operation.responses.responses.entry(status.to_string()).or_insert(reference);
        }
    }
}

/// Whether the operation asks for a key. `security(())` makes one public.
fn is_secured(operation: &Operation) -> bool {
    let public = utoipa::openapi::security::SecurityRequirement::default();
    operation.security.as_ref().is_some_and(|needed| !needed.is_empty() && !needed.contains(&public))
}

/// Which methods each address has, by its pattern.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operations(BTreeMap<String, String>);

impl Operations {
    /// Reads them off the document.
    pub(crate) fn of(mut document: OpenApi) -> Self {
        let methods = document.paths.paths.iter_mut().map(|(pattern, item)| {
            let names: Vec<_> = operations_mut(item).map(|(method, _)| method).collect();
            (pattern.clone(), names.join(", "))
        });
        Self(methods.collect())
    }

    /// The value of `Allow` for an address of this pattern.
    pub(crate) fn allow(&self, pattern: &str) -> Option<String> {
        self.0.get(pattern).cloned()
    }
}
