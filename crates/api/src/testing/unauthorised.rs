//! Every operation of the OpenAPI document is called without a key, with a wrong one, and without its permission.

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use super::{TestApp, TestClient};
use crate::auth::Permission;
use crate::openapi::API_KEY;
use crate::problem::PROBLEM_JSON;

/// A request that would succeed, or at least be understood, with the right key.
#[derive(Debug, Clone)]
pub struct Case {
    /// The operation's `operationId`.
    pub operation: &'static str,
    /// Its address with all parts filled in.
    pub path: String,
    /// Its body, where it has one, with its media type.
    pub body: Option<(&'static str, String)>,
}

impl Case {
    /// A request without a body.
    pub fn bare(operation: &'static str, path: impl Into<String>) -> Self {
        Self { operation, path: path.into(), body: None }
    }

    /// A request with a JSON body.
    #[must_use]
    pub fn json(operation: &'static str, path: impl Into<String>, body: &Value) -> Self {
        Self { operation, path: path.into(), body: Some(("application/json", body.to_string())) }
    }
}

struct Operation {
    id: String,
    method: Method,
    /// `None`: public. Otherwise the permissions that the document names.
    needs: Option<Vec<String>>,
}

/// Checks that each operation of `document` states who may call it, has a case, and refuses everybody else: 401
/// without a key and with an unknown one, 403 with every permission but its own; and that it lets in a key with
/// just the permissions that the document names.
///
/// # Errors
/// A line for each fault.
pub async fn check_unauthorised(app: &TestApp, document: &Value, cases: &[Case]) -> Result<(), Vec<String>> {
    let mut faults = Vec::new();
    for operation in operations(document, &mut faults) {
        let Some(needs) = &operation.needs else { continue };
        let Some(case) = cases.iter().find(|case| case.operation == operation.id) else {
            faults.push(format!("{}: has no unauthorised case", operation.id));
            continue;
        };
        let needed: Vec<Permission> = needs.iter().filter_map(|name| name.parse().ok()).collect();
        if needed.is_empty() || needed.len() != needs.len() {
            faults.push(format!("{}: its security names no known permission: {needs:?}", operation.id));
            continue;
        }
        check(app, &operation, case, &needed, &mut faults).await;
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

async fn check(
    app: &TestApp,
    operation: &Operation,
    case: &Case,
    needed: &[Permission],
    faults: &mut Vec<String>,
) {
    let others: Vec<_> = Permission::ALL.iter().copied().filter(|p| !needed.contains(p)).collect();
    let (without, with) = (app.client(&others).await, app.client(needed).await);
    let unknown = format!("thk_{}", "0".repeat(64));
    for (who, key, expected) in [
        ("nobody", None, StatusCode::UNAUTHORIZED),
        ("an unknown key", Some(unknown.as_str()), StatusCode::UNAUTHORIZED),
        ("a key without its permission", Some(without.key.expose()), StatusCode::FORBIDDEN),
    ] {
        match send(app, operation, case, key).await {
            Ok(answer) if is_problem(&answer, expected) => {}
            Ok(answer) => faults.push(format!("{}: answers {who} with {}", operation.id, answer.status())),
            Err(error) => faults.push(format!("{}: no answer to {who}: {error}", operation.id)),
        }
    }
    if let Some(fault) = refused_though_allowed(app, operation, case, &with).await {
        faults.push(fault);
    }
}

/// A refusal of a key that has just the permissions of the document, told by the problem's type: other problems are
/// the case's own.
async fn refused_though_allowed(
    app: &TestApp,
    operation: &Operation,
    case: &Case,
    client: &TestClient,
) -> Option<String> {
    let answer = match send(app, operation, case, Some(client.key.expose())).await {
        Ok(answer) => answer,
        Err(error) => return Some(format!("{}: no answer to a right key: {error}", operation.id)),
    };
    let status = answer.status();
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return None;
    }
    let text = answer.text().await.unwrap_or_default();
    let refused = ["problem:unauthenticated", "problem:forbidden", "SecurityException"]
        .iter()
        .any(|t| text.contains(t));
    refused.then(|| format!("{}: answers a key with the documented permissions with {status}", operation.id))
}

async fn send(
    app: &TestApp,
    operation: &Operation,
    case: &Case,
    key: Option<&str>,
) -> Result<Response, reqwest::Error> {
    let mut request = app.anonymous(operation.method.clone(), &case.path);
    request = request.header(crate::idempotency::IDEMPOTENCY_KEY, app.shared.new_id().to_string());
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    if let Some((media_type, body)) = &case.body {
        request = request.header("content-type", *media_type).body(body.clone());
    }
    request.send().await
}

fn is_problem(answer: &Response, status: StatusCode) -> bool {
    let media_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
    answer.status() == status && media_type == Some(PROBLEM_JSON)
}

fn operations(document: &Value, faults: &mut Vec<String>) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (name, operation) in item.as_object().into_iter().flatten() {
            let Ok(method) = Method::from_bytes(name.to_uppercase().as_bytes()) else {
                continue;
            };
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else {
                faults.push(format!("{method} {path}: has no operationId"));
                continue;
            };
            let Some(security) = operation.get("security").and_then(Value::as_array) else {
                faults.push(format!("{id}: does not state who may call it"));
                continue;
            };
            let scopes = security.iter().filter_map(|needed| needed.get(API_KEY)?.as_array()).flatten();
            let scopes: Vec<_> = scopes.filter_map(|scope| scope.as_str().map(str::to_owned)).collect();
            let public =
                security.iter().all(|needed| needed.as_object().is_some_and(serde_json::Map::is_empty));
            operations.push(Operation { id: id.to_owned(), method, needs: (!public).then_some(scopes) });
        }
    }
    operations
}
