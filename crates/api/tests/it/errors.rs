//! Every error is a problem document.

use api::auth::Permission;
use api::problem::{PROBLEM_JSON, ProblemDocument};
use api::testing::TestApp;
use reqwest::{Method, RequestBuilder, StatusCode};

use crate::sample::definition;

async fn problem(request: RequestBuilder) -> ProblemDocument {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers().get("content-type").unwrap(), PROBLEM_JSON);
    assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
    let (status, id) = (answer.status(), answer.headers().get("x-request-id").unwrap().clone());
    let document: ProblemDocument = answer.json().await.unwrap();
    assert_eq!(document.status, status.as_u16());
    assert_eq!(
        document.instance.as_deref().unwrap(),
        format!("urn:theriac:request:{}", id.to_str().unwrap())
    );
    document
}

fn place(document: &ProblemDocument) -> (&str, u16, Option<&str>) {
    let kind = document.kind.trim_start_matches("urn:theriac:problem:");
    (kind, document.status, document.errors.first().and_then(|fault| fault.pointer.as_deref()))
}

#[tokio::test]
async fn bad_bodies_and_parameters_say_where() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Authenticate, Permission::Query, Permission::Alerts]).await;
    let double = |body: &'static str| {
        app.request(&client, Method::POST, "/v1/double").header("content-type", "application/json").body(body)
    };
    let malformed = problem(double("{\n\"n\": }")).await;
    assert_eq!(place(&malformed), ("malformed-json", 400, None));
    assert_eq!(malformed.errors.first().unwrap().line, Some(2));
    assert_eq!(place(&problem(double("{\"n\": \"x\"}")).await), ("invalid-field", 422, Some("/n")));
    let text =
        app.request(&client, Method::POST, "/v1/double").header("content-type", "text/plain").body("{}");
    assert_eq!(place(&problem(text).await), ("unsupported-media-type", 415, None));
    let zipped = double("{}").header("content-encoding", "gzip");
    assert_eq!(place(&problem(zipped).await), ("unsupported-media-type", 415, None));
    let query = app.request(&client, Method::GET, "/v1/notes?test=x");
    assert_eq!(place(&problem(query).await), ("invalid-parameter", 400, Some("test")));
    let path = app.request(&client, Method::GET, "/v1/fail/x");
    assert_eq!(place(&problem(path).await), ("invalid-parameter", 400, Some("path")));
    app.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let app = TestApp::start_with(&definition(), |config| config.http.body_bytes_max = 1_024).await;
    let client = app.client(&[Permission::Capture]).await;
    let post = |path, media_type| app.request(&client, Method::POST, path).header("content-type", media_type);
    let announced =
        post("/v1/notes", "application/json").header("idempotency-key", "k").body("x".repeat(2_000));
    assert_eq!(place(&problem(announced).await), ("body-too-large", 413, None));
    let epcis = problem(post("/epcis/capture", "application/xml").body("x".repeat(2_000))).await;
    assert_eq!(place(&epcis), ("epcisException:CaptureLimitExceededException", 413, None));
    let entities =
        problem(post("/epcis/capture", "application/xml").body("<!DOCTYPE x [<!ENTITY a 'b'>]><x/>")).await;
    assert_eq!(place(&entities), ("epcisException:ValidationException", 400, None));
    assert_eq!(entities.errors.first().unwrap().code, "xml-entities");
    app.stop().await;
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told_apart() {
    let app = TestApp::start(&definition()).await;
    assert_eq!(place(&problem(app.anonymous(Method::GET, "/v1/nothing")).await), ("not-found", 404, None));
    let epcis = problem(app.anonymous(Method::GET, "/epcis/nothing")).await;
    assert_eq!(place(&epcis), ("epcisException:NoSuchResourceException", 404, None));
    let method = app.anonymous(Method::DELETE, "/v1/notes");
    assert_eq!(
        method.try_clone().unwrap().send().await.unwrap().headers().get("allow").unwrap(),
        "GET, POST"
    );
    assert_eq!(place(&problem(method).await), ("method-not-allowed", 405, None));
    app.stop().await;
}

#[tokio::test]
async fn a_failure_tells_nothing_of_its_cause() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Alerts]).await;
    let request = app.request(&client, Method::GET, "/v1/fail/17").header("x-request-id", "erp-42");
    let document = problem(request).await;
    assert_eq!(place(&document), ("internal", 500, None));
    assert_eq!(document.instance.as_deref(), Some("urn:theriac:request:erp-42"));
    assert!(!serde_json::to_string(&document).unwrap().contains("secret"));
    app.stop().await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_503_with_a_time_to_come_back() {
    let app = TestApp::start(&definition()).await;
    let client = app.client(&[Permission::Capture, Permission::Query]).await;
    app.shared.pool.close().await;
    let lost = app.request(&client, Method::GET, "/v1/notes?text=a").send().await.unwrap();
    assert_eq!(lost.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(lost.headers().contains_key("retry-after"));
    let unready = problem(app.anonymous(Method::GET, "/readyz")).await;
    assert_eq!((place(&unready).0, unready.errors.first().unwrap().code.as_str()), ("not-ready", "database"));
    assert!(app.anonymous(Method::GET, "/healthz").send().await.unwrap().status().is_success());
    app.stop().await;
}
