//! Named queries as the query engine takes them.

use actix_web::{HttpRequest, HttpResponse};
use epcis::Namespaces;
use epcis::query::{Clause, EventQuery};
use serde_json::{Map, Value};
use store::PgPool;
use store::named_query::NamedQuery;
use time::OffsetDateTime;

use super::super::answer::Form;
use super::super::{filter, headers, page, parameters};
use crate::auth::Client;
use crate::limits::QUERY_BYTES_MAX;
use crate::problem::{Fault, Problem, ProblemType};
use crate::shared::Shared;

pub(crate) use super::super::headers::VERSION;

/// Parameters that belong to the request for a page, and not to a query.
const OF_PAGES: [&str; 2] = ["perPage", "nextPageToken"];

/// Checks a query that is to be named, and gives the prefixes of its extension fields as they are stored: those that the
/// request binds, and others as captured documents bind them.
///
/// # Errors
/// `QueryValidationException` or `QueryParameterException` with the place of each fault.
pub async fn check(
    pool: &PgPool,
    request: &HttpRequest,
    query: &Value,
    context: Option<&Value>,
) -> Result<Value, Problem> {
    if query.to_string().len() > QUERY_BYTES_MAX {
        let fault = Fault::new("too-long", format_args!("at most {QUERY_BYTES_MAX} bytes")).at("/query");
        return Err(Problem::new(ProblemType::EpcisQueryValidation).with_fault(fault));
    }
    if holds_nul(query) || context.is_some_and(holds_nul) {
        let fault = Fault::new("nul", "the character U+0000 is not taken").at("/query");
        return Err(Problem::new(ProblemType::EpcisQueryValidation).with_fault(fault));
    }
    let given = parameters::of_json(query)?;
    if let Some((name, _)) = given.iter().find(|(name, _)| OF_PAGES.contains(&name.as_str())) {
        return Err(in_query(&parameters::wrong(name, "pages are asked for when the query runs")));
    }
    let namespaces = parameters::namespaces(request, context)?;
    let namespaces = filter::with_captured(pool, &given, namespaces).await?;
    filter::parsed(&given, &namespaces).map_err(|problem| in_query(&problem))?;
    let bound = |(prefix, namespace): (&str, &str)| (prefix.to_owned(), namespace.into());
    Ok(Value::Object(namespaces.iter().map(bound).collect::<Map<_, _>>()))
}

/// Whether a name or text in a JSON value has the one character that PostgreSQL does not store.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The same problem, with parameters as members of `query`.
fn in_query(problem: &Problem) -> Problem {
    let faults = problem.faults().iter().map(|fault| {
        let name = fault.pointer.as_deref().unwrap_or_default();
        fault.clone().at(format!("/query/{}", name.replace('~', "~0").replace('/', "~1")))
    });
    Problem::new(problem.kind()).with_faults(faults)
}

fn namespaces(stored: &Value) -> Namespaces {
    let mut namespaces = Namespaces::new();
    for (prefix, namespace) in stored.as_object().into_iter().flatten() {
        namespaces.bind(prefix, namespace.as_str().unwrap_or_default());
    }
    namespaces
}

/// The prefixes as `GS1-Extensions` declares them, where there are some that a header can hold.
pub fn extensions(stored: &Value) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    let declared: Vec<String> = namespaces(stored)
        .iter()
        .filter(|(prefix, namespace)| plain(prefix) && plain(namespace))
        .map(|(prefix, namespace)| format!("{prefix}={namespace}"))
        .collect();
    (!declared.is_empty()).then(|| declared.join(","))
}

/// A stored query, of events recorded from this moment on.
///
/// # Errors
/// Those of [`check`], for a query that a program before this one took.
pub fn stored(
    query: &Value,
    prefixes: &Value,
    recorded_from: Option<OffsetDateTime>,
) -> Result<EventQuery, Problem> {
    let mut parsed = filter::parsed(&parameters::of_json(query)?, &namespaces(prefixes))?;
    if let Some(from) = recorded_from {
        let micros = i64::try_from(from.unix_timestamp_nanos() / 1_000).map_err(Problem::internal)?;
        parsed.clauses.push(Clause::RecordTime(Some(micros), None));
    }
    Ok(parsed)
}

/// A query that can be subscribed to.
///
/// # Errors
/// `SubscribeNotPermittedException` for one that counts, cuts off or orders events: a subscriber has each as it comes.
pub fn subscribable(query: &NamedQuery) -> Result<EventQuery, Problem> {
    let parsed = stored(&query.query, &query.namespaces, None)?;
    if parsed.is_ordered_or_bounded() {
        let detail = "a query with orderBy, eventCountLimit or maxEventCount cannot be subscribed to";
        return Err(Problem::new(ProblemType::EpcisSubscribeNotPermitted).detail(detail));
    }
    Ok(parsed)
}

/// One page of a named query. Paging alone is asked for in the address.
///
/// # Errors
/// Those of the query.
pub async fn run(
    shared: &Shared,
    request: &HttpRequest,
    client: &Client,
    query: &NamedQuery,
) -> Result<HttpResponse, Problem> {
    let mut all = parameters::of_json(&query.query)?;
    let asked = parameters::of_query(request.query_string())?.into_iter();
    all.extend(asked.filter(|(name, _)| OF_PAGES.contains(&name.as_str())));
    page::answer(shared, request, client, all, namespaces(&query.namespaces), &query.name).await
}

/// How a subscription's documents are written: as JSON, with identifiers as its `GS1-EPC-Format` has them.
///
/// # Errors
/// `internal` for a format that a program before this one took.
pub fn form(epc_format: Option<&str>) -> Result<Form, Problem> {
    let Some(name) = epc_format else { return Ok(Form::default()) };
    let epcs =
        headers::epc_format_named(name).ok_or_else(|| Problem::internal("a format of EPCs that is none"))?;
    Ok(Form { epcs, ..Form::default() })
}

/// The `GS1-EPC-Format` that a request asks for, checked.
///
/// # Errors
/// `ValidationException` for one that there is not; `NotAcceptableException` for versions that are not given.
pub fn epc_format(request: &HttpRequest) -> Result<Option<String>, Problem> {
    headers::check(request)?;
    headers::epc_format(request)?;
    Ok(headers::text(request, &headers::EPC_FORMAT).map(str::to_owned))
}
