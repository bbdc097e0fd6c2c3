//! Named queries: made, read, run, listed and deleted by their own client alone.

use api::testing::TestApp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::named_query::NamedQuery;
use uuid::Uuid;

use super::{ALL, SITE, Subscriber, serials};
use crate::capture::{problem, problem_of, told};

#[tokio::test]
async fn a_query_is_named_read_run_and_deleted() {
    let site = Subscriber::new().await;
    site.capture("storing", "N1").await;
    site.capture("inspecting", "N2").await;
    let body = json!({
        "name": "storing",
        "query": { "EQ_bizStep": ["storing"], "EQ_example:batch": ["7", "8"] },
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", { "example": "https://example.com/" }],
    });
    let made = site.post("/epcis/queries", &body).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(made.headers()["location"], "/epcis/queries/storing");
    assert_eq!(site.get("/epcis/queries/storing").await, body);
    site.name("steps", json!({ "EQ_bizStep": ["storing"] })).await;
    assert_eq!(serials(&site.get("/epcis/queries/steps/events").await), ["N1"]);
    let document = site.get("/epcis/queries/steps/events").await;
    assert_eq!(document["epcisBody"]["queryResults"]["queryName"], "steps");
    let twice = problem(site.post("/epcis/queries", &body)).await;
    assert_eq!(told(&twice), ("ResourceAlreadyExistsException", 409, "query-name", Some("/name")));
    let gone = site.request(Method::DELETE, "/epcis/queries/steps").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    for (method, path) in [
        (Method::GET, "/epcis/queries/steps"),
        (Method::DELETE, "/epcis/queries/steps"),
        (Method::GET, "/epcis/queries/steps/events"),
        (Method::GET, "/epcis/queries/steps/subscriptions"),
    ] {
        assert_eq!(told(&problem(site.request(method, path)).await).0, "NoSuchResourceException", "{path}");
    }
    site.app.stop().await;
}

#[tokio::test]
async fn what_cannot_be_named_is_refused_with_its_place() {
    let site = Subscriber::new().await;
    for (body, kind, place) in [
        (json!({ "name": "a/b", "query": {} }), "ValidationException", "/name"),
        (json!({ "name": "x", "query": {}, "title": 1 }), "ValidationException", "/title"),
        (json!({ "name": "x" }), "ValidationException", ""),
        (json!({ "name": 7, "query": {} }), "ValidationException", "/name"),
        (json!({ "name": "SimpleEventQuery", "query": {} }), "ResourceAlreadyExistsException", "/name"),
        (json!({ "name": "x", "query": { "perPage": 3 } }), "QueryParameterException", "/query/perPage"),
    ] {
        let refused = problem(site.post("/epcis/queries", &body)).await;
        assert_eq!((told(&refused).0, told(&refused).3), (kind, Some(place)), "{body}");
    }
    let large = json!({ "name": "x", "query": { "EQ_eventID": vec!["urn:x:1"; 10_000] } });
    assert_eq!(told(&problem(site.post("/epcis/queries", &large)).await).0, "QueryValidationException");
    let unknown =
        problem(site.post("/epcis/queries", &json!({ "name": "x", "query": { "EQ_bizstep": ["a"] } }))).await;
    assert_eq!(unknown.status, 400, "{unknown:?}");
    let xml =
        site.request(Method::POST, "/epcis/queries").header("content-type", "application/xml").body("<a/>");
    assert_eq!(problem(xml).await.status, 415);
    site.app.stop().await;
}

#[tokio::test]
async fn clients_do_not_know_of_each_others_queries() {
    let site = Subscriber::new().await;
    site.name("storing", json!({ "EQ_bizStep": ["storing"] })).await;
    let other = site.app.client_at(ALL, Some(SITE)).await;
    for path in ["", "/events", "/subscriptions", "/subscriptions/019ab1f2-7a3c-7e55-9c1b-2f64a6d0c001"] {
        let of = |name: &str| site.app.request(&other, Method::GET, &format!("/epcis/queries/{name}{path}"));
        let (hidden, absent) = (problem(of("storing")).await, problem(of("nothing")).await);
        assert_eq!(hidden.status, 404, "{path}");
        assert_eq!(
            (hidden.title, hidden.errors, hidden.detail),
            (absent.title, absent.errors, absent.detail)
        );
    }
    let list = site.app.request(&other, Method::GET, "/epcis/queries").send().await.unwrap();
    assert_eq!(list.json::<Value>().await.unwrap(), json!([]));
    let deleted = site.app.request(&other, Method::DELETE, "/epcis/queries/storing");
    assert_eq!(problem_of(deleted.send().await.unwrap()).await.status, 404);
    let own = site.app.request(&other, Method::POST, "/epcis/queries");
    let own = own.json(&json!({ "name": "storing", "query": {} })).send().await.unwrap();
    assert_eq!(own.status(), StatusCode::CREATED, "names are each client's own");
    assert_eq!(site.get("/epcis/queries/storing").await["query"]["EQ_bizStep"], json!(["storing"]));
    site.app.stop().await;
}

/// Stores queries as if the client had made them.
async fn store_queries(app: &TestApp, client_id: Uuid, count: u32) {
    let mut conn = app.database.pool().acquire().await.unwrap();
    for number in 0..count {
        let query = NamedQuery {
            id: Uuid::now_v7(),
            client_id,
            name: format!("q{number:03}"),
            query: json!({}),
            namespaces: json!({}),
            created_at: api::clock::moment(api::testing::TEST_START_MS),
        };
        store::named_query::insert(&mut conn, &query).await.unwrap();
    }
}

#[tokio::test]
async fn queries_are_listed_in_pages_and_bounded_in_number() {
    let site = Subscriber::new().await;
    store_queries(&site.app, site.client.id, 100).await;
    let (mut path, mut names) = ("/epcis/queries?perPage=40".to_owned(), Vec::new());
    loop {
        let page = site.request(Method::GET, &path).send().await.unwrap();
        let next = page.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let queries: Vec<Value> = page.json().await.unwrap();
        names.extend(queries.iter().map(|query| query["name"].as_str().unwrap().to_owned()));
        let Some(next) = next else { break };
        path = next.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(names, (0..100).map(|number| format!("q{number:03}")).collect::<Vec<_>>());
    let more = problem(site.post("/epcis/queries", &json!({ "name": "more", "query": {} }))).await;
    assert_eq!((told(&more).0, more.status), ("too-many", 409));
    site.app.stop().await;
}

#[tokio::test]
async fn options_tell_what_there_is() {
    let site = Subscriber::new().await;
    for (path, allow) in [
        ("/epcis/queries", "GET, OPTIONS, POST"),
        ("/epcis/queries/any", "GET, OPTIONS, DELETE"),
        ("/epcis/queries/any/events", "GET, OPTIONS"),
        ("/epcis/queries/any/subscriptions", "GET, OPTIONS, POST"),
        ("/epcis/queries/any/subscriptions/any", "GET, OPTIONS, DELETE"),
    ] {
        let answer = site.app.anonymous(Method::OPTIONS, path).send().await.unwrap();
        assert_eq!(
            (answer.status(), answer.headers()["allow"].to_str().unwrap()),
            (StatusCode::NO_CONTENT, allow)
        );
        assert_eq!(answer.headers()["gs1-epcis-version"], "2.0.0");
    }
    site.app.stop().await;
}
