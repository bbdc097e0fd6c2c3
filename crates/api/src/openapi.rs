//! The OpenAPI 3.1 document, built from the same registration that makes the routes, without binding a port.

pub(crate) mod labels;
pub(crate) mod texts;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::App;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::response::Response;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, License, ObjectBuilder, OpenApi, OpenApiBuilder, OpenApiVersion, Ref,
    RefOr, Schema, Server, Type,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_actix_web::AppExt as _;

use crate::auth::{Permission, Permissions};
use crate::idempotency::IDEMPOTENCY_KEY;
use crate::observe::EPCIS_PREFIX;
use crate::problem::{PROBLEM_JSON, ProblemDocument, ProblemType};
use crate::routes;
use crate::server::ServiceDefinition;

/// Name of the security scheme in the document, for `#[utoipa::path(security(("api_key" = ["capture"])))]`.
pub const API_KEY: &str = "api_key";

/// The header that every answer has.
const REQUEST_ID: &str = "X-Request-Id";

/// The document of a service.
#[must_use]
pub fn document(definition: &ServiceDefinition) -> OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(base(definition))
        .configure(routes::configure)
        .configure(definition.routes)
        .split_for_parts();
    for (path, item) in &mut document.paths.paths {
        add_problems(item, path.starts_with(EPCIS_PREFIX));
        for (_, operation) in operations_mut(item) {
            complete(operation);
        }
    }
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
    let id = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9._-]{1,128}$"));
    let mut id = Header::new(id.build());
    id.description =
        Some("The request in the service's log: the caller's own id where it gave one".to_owned());
    components.headers.insert(REQUEST_ID.to_owned(), RefOr::T(id));
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
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let mut header = Header::new(seconds.build());
        header.description = Some("Seconds after which to come back".to_owned());
        response.headers.insert("Retry-After".to_owned(), RefOr::T(header));
    }
    add_request_id(&mut response);
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

/// Adds to each operation the problems that the base gives, one under `/epcis` those of GS1's interface: what it
/// documents itself stays.
fn add_problems(item: &mut PathItem, epcis: bool) {
    for (_, operation) in operations_mut(item) {
        // Every operation refuses query parameters that it does not know, and the head of a request may come too late.
        let mut statuses = vec![400, 408, 500];
        if is_secured(operation) {
            statuses.extend([401, 403, 429, 503]);
        }
        if operation.request_body.is_some() {
            statuses.extend([413, 415, 422]);
        }
        if epcis {
            statuses.push(406);
        }
        for parameter in operation.parameters.iter().flatten() {
            let RefOr::T(parameter) = parameter else { continue };
            if matches!(parameter.parameter_in, ParameterIn::Path) {
                statuses.push(404);
            }
            if !epcis {
                // A value that is none of its kind, such as a GTIN whose check digit is wrong. GS1 has 400 for that.
                statuses.push(422);
            }
            if parameter.name.eq_ignore_ascii_case(IDEMPOTENCY_KEY) {
                statuses.push(409);
            }
        }
        for status in statuses {
            let reference = RefOr::Ref(Ref::from_response_name(response_name(status)));
            operation.responses.responses.entry(status.to_string()).or_insert(reference);
        }
    }
}

/// Adds what holds of every operation: the texts that an address may have, and the request's id in the answer.
fn complete(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            bound_text(parameter);
        }
    }
    for answer in operation.responses.responses.values_mut() {
        if let RefOr::T(answer) = answer {
            add_request_id(answer);
        }
    }
}

/// What [`parameters`](crate::parameters) refuses in any text of an address.
fn bound_text(parameter: &mut Parameter) {
    let in_path = matches!(parameter.parameter_in, ParameterIn::Path);
    let in_address = in_path || matches!(parameter.parameter_in, ParameterIn::Query);
    let Some(RefOr::T(Schema::Object(text))) = parameter.schema.as_mut().filter(|_| in_address) else {
        return;
    };
    let free = text.pattern.is_none() && text.format.is_none() && text.enum_values.is_none();
    if free && text.schema_type == Type::String.into() {
        text.pattern = Some(texts::NO_CONTROL.to_owned());
        text.min_length = text.min_length.or(in_path.then_some(1));
    }
}

fn add_request_id(answer: &mut Response) {
    let reference = RefOr::Ref(Ref::new(format!("#/components/headers/{REQUEST_ID}")));
    answer.headers.insert(REQUEST_ID.to_owned(), reference);
}

/// Whether the operation asks for a key. `security(())` makes one public.
fn is_secured(operation: &Operation) -> bool {
    let public = utoipa::openapi::security::SecurityRequirement::default();
    operation.security.as_ref().is_some_and(|needed| !needed.is_empty() && !needed.contains(&public))
}

/// The permissions that an operation asks for, all of them; none for a public one.
fn needs(operation: &Operation) -> Option<Permissions> {
    let named = serde_json::to_value(&operation.security).unwrap_or_default();
    let scopes = named.as_array().into_iter().flatten().filter_map(|one| one.get(API_KEY)?.as_array());
    let names = scopes.flatten().filter_map(|name| name.as_str()?.parse::<Permission>().ok());
    is_secured(operation).then(|| names.collect())
}

/// What must be known of an operation before its handler is asked.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The permissions that it asks for; `None`: it is public.
    pub(crate) needs: Option<Permissions>,
    /// The names of its query parameters; `None`: it knows more than can be listed, and refuses others itself.
    pub(crate) parameters: Option<BTreeSet<String>>,
    /// The statuses that it says it answers with.
    #[cfg(feature = "testing")]
    pub(crate) statuses: BTreeSet<String>,
}

/// The operations that there are, by pattern and method.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operations(BTreeMap<String, BTreeMap<&'static str, Rule>>);

impl Operations {
    /// Reads them off the document.
    pub(crate) fn of(mut document: OpenApi) -> Self {
        let operations = document.paths.paths.iter_mut().map(|(pattern, item)| {
            let rules = operations_mut(item).map(|(method, operation)| (method, Rule::of(operation)));
            (pattern.clone(), rules.collect())
        });
        Self(operations.collect())
    }

    /// The value of `Allow` for an address of this pattern.
    pub(crate) fn allow(&self, pattern: &str) -> Option<String> {
        // In the order of the document, which is not that of the alphabet.
        const ORDER: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
        let methods = self.0.get(pattern)?;
        let there = ORDER.into_iter().filter(|method| methods.contains_key(method));
        Some(there.collect::<Vec<_>>().join(", "))
    }

    /// Whether this is the pattern of an operation.
    pub(crate) fn has(&self, pattern: &str) -> bool {
        self.0.contains_key(pattern)
    }

    /// The operation of this method at an address of this pattern.
    pub(crate) fn of_request(&self, pattern: &str, method: &str) -> Option<&Rule> {
        self.0.get(pattern)?.get(method)
    }
}

impl Rule {
    fn of(operation: &Operation) -> Self {
        let of_query = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(one) if matches!(one.parameter_in, ParameterIn::Query) => Some(one),
            _ => None,
        });
        // An exploded object stands for parameters of any name.
        let is_open = of_query.clone().any(|one| {
            let object = matches!(&one.schema, Some(RefOr::T(Schema::Object(object))) if object.additional_properties.is_some());
            object && one.explode == Some(true)
        });
        Self {
            needs: needs(operation),
            parameters: (!is_open).then(|| of_query.map(|one| one.name.clone()).collect()),
            #[cfg(feature = "testing")]
            statuses: operation.responses.responses.keys().cloned().collect(),
        }
    }
}
