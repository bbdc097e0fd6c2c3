//! Bad input: each kind has its own type, status and place.

use api::problem::ProblemDocument;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::document::{alone, commissioning, document, observed, pack, xml};
use super::{Site, problem, told};
use crate::chain::FOREIGN_GTIN;

fn post_xml(site: &Site, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = site.app.request(&site.client, Method::POST, "/epcis/capture");
    request.header("content-type", "application/xml").body(body)
}

/// Type of the problem, its status, and own type and place of the first fault.
fn each(document: &ProblemDocument) -> (&str, u16, &str, Option<&str>) {
    let (kind, status, _, place) = told(document);
    let own = document.errors.first().and_then(|fault| fault.kind.as_deref()).unwrap_or(&document.kind);
    (kind, status, own.trim_start_matches("urn:theriac:problem:"), place)
}

#[tokio::test]
async fn each_kind_of_bad_input_has_a_type_of_its_own_a_status_and_a_place() {
    let site = Site::with(|config| config.http.capture_bytes_max = 4_096).await;
    let capture = |body: String| site.post("/epcis/capture", body);
    let epc = |gtin: &str| format!("https://id.gs1.org/01/{gtin}/21/1");
    let one = |gtin: &str| alone(commissioning(&[epc(gtin)])).to_string();
    let event = |gtin: &str| site.post("/epcis/events", one(gtin));

    let json = problem(capture("{\n\"type\": }".to_owned())).await;
    assert_eq!(each(&json), ("ValidationException", 400, "malformed-json", None));
    assert_eq!(json.errors[0].line, Some(2));
    let broken = problem(post_xml(&site, xml("F1").replace("</epcList>", ""))).await;
    assert_eq!(
        (each(&broken).0, each(&broken).1, each(&broken).2),
        ("ValidationException", 400, "malformed-xml")
    );
    assert!(broken.errors[0].line.is_some() && broken.errors[0].column.is_some());
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
    let bomb = problem(post_xml(&site, bomb)).await;
    assert_eq!((each(&bomb).0, each(&bomb).1, each(&bomb).2), ("ValidationException", 400, "xml-entities"));
    assert!(bomb.errors[0].line.is_some());
    for (gtin, kind, status, own) in [
        ("09521568251205", "ValidationException", 400, "check-digit"),
        ("09506000134352", "unknown-gtin-owner", 422, "unknown-gtin-owner"),
        (FOREIGN_GTIN, "foreign-product", 403, "foreign-product"),
    ] {
        let refused = problem(event(gtin)).await;
        assert_eq!(each(&refused), (kind, status, own, Some("/epcList/0")), "{gtin}");
    }
    let large = problem(capture(" ".repeat(5_000))).await;
    assert_eq!(each(&large), ("CaptureLimitExceededException", 413, "body-too-large", None));
    let keyed = |serial| {
        capture(document(&[observed("storing", &[pack(serial)])]).to_string()).header("idempotency-key", "k")
    };
    assert!(keyed("K1").send().await.unwrap().status().is_success());
    let reused = problem(keyed("K2")).await;
    assert_eq!(
        each(&reused),
        ("idempotency-key-reuse", 422, "idempotency-key-reuse", Some("Idempotency-Key"))
    );
    site.app.stop().await;
}

#[tokio::test]
async fn an_event_of_the_future_is_refused_and_one_of_the_past_is_not() {
    let site = Site::new().await;
    let at = |serial: &str, time: &str| {
        let mut event = observed("storing", &[pack(serial)]);
        event["eventTime"] = time.into();
        site.post("/epcis/events", alone(event).to_string())
    };
    // It is 2026-11-23 06:00 UTC.
    let future = problem(at("T1", "2099-01-01T00:00:00.000Z")).await;
    assert_eq!(each(&future), ("ValidationException", 400, "invalid-field", Some("/eventTime")));
    assert_eq!(future.errors[0].code, "future_event");
    assert_eq!(each(&problem(at("T2", "2026-11-24T06:00:00.001Z")).await).3, Some("/eventTime"));
    for (serial, time) in [("T3", "2026-11-24T06:00:00.000Z"), ("T4", "1999-01-01T00:00:00.000Z")] {
        assert_eq!(at(serial, time).send().await.unwrap().status(), 201, "{time}");
    }
    let mut event = commissioning(&[pack("T5")]);
    event["eventTime"] = "2099-01-01T00:00:00.000Z".into();
    let job = site.capture(&document(&[event])).await;
    assert_eq!(job["success"], false, "{job}");
    assert!(job["errors"].to_string().contains("/epcisBody/eventList/0/eventTime"), "{job}");
    site.app.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_before_there_is_a_job() {
    let site = Site::new().await;
    let json = problem(site.post("/epcis/capture", "{\n\"type\": }")).await;
    assert_eq!((told(&json).0, told(&json).1, told(&json).2), ("ValidationException", 400, "malformed-json"));
    assert_eq!(json.errors[0].line, Some(2));
    let broken = problem(post_xml(&site, xml("F1").replace("</epcList>", ""))).await;
    assert_eq!((told(&broken).1, told(&broken).2), (400, "malformed-xml"));
    assert!(broken.errors[0].line.is_some());
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><x>&b;</x>";
    let bomb = problem(post_xml(&site, bomb)).await;
    assert_eq!((told(&bomb).1, told(&bomb).2), (400, "xml-entities"));
    let mut without = document(&[observed("storing", &[pack("F1")])]);
    without["epcisBody"]["eventList"][0].as_object_mut().unwrap().remove("eventTimeZoneOffset");
    let missing = problem(site.post("/epcis/capture", without.to_string())).await;
    assert_eq!((told(&missing).1, told(&missing).2), (400, "missing_field"));
    assert!(told(&missing).3.unwrap().starts_with("/epcisBody/eventList/0"), "{missing:?}");
    let jobs: Value = site.get("/epcis/capture").send().await.unwrap().json().await.unwrap();
    assert_eq!(jobs, serde_json::json!([]));
    site.app.stop().await;
}

#[tokio::test]
async fn media_types_headers_and_sizes_are_checked() {
    let site = Site::with(|config| config.http.capture_bytes_max = 4_096).await;
    let text =
        site.app.request(&site.client, Method::POST, "/epcis/capture").header("content-type", "text/plain");
    assert_eq!(told(&problem(text.body("x")).await).0, "UnsupportedMediaTypeException");
    let large = problem(site.post("/epcis/capture", " ".repeat(5_000))).await;
    assert_eq!((told(&large).0, told(&large).1), ("CaptureLimitExceededException", 413));
    let body = document(&[]).to_string();
    let odd = site.post("/epcis/capture", body.clone()).header("GS1-Capture-Error-Behaviour", "hope");
    assert_eq!(told(&problem(odd).await).1, 406);
    let future = site.post("/epcis/capture", body).header("GS1-EPCIS-Version", "3.0.0");
    assert_eq!(told(&problem(future).await).0, "NotAcceptableException");
    let options = site.app.anonymous(Method::OPTIONS, "/epcis/capture").send().await.unwrap();
    assert_eq!(options.status().as_u16(), 204);
    assert_eq!(options.headers()["gs1-capture-error-behaviour"], "all");
    assert_eq!(options.headers()["gs1-epcis-capture-file-size-limit"], "4096");
    site.app.stop().await;
}

#[tokio::test]
async fn a_repeated_key_gives_the_first_answer_and_another_body_is_refused() {
    let site = Site::new().await;
    let body = document(&[observed("storing", &[pack("K1")])]).to_string();
    let send = |body: String| site.post("/epcis/capture", body).header("idempotency-key", "k1").send();
    let (first, second) = (send(body.clone()).await.unwrap(), send(body).await.unwrap());
    assert_eq!(first.headers()["location"], second.headers()["location"]);
    let other = document(&[observed("storing", &[pack("K2")])]).to_string();
    let reused = problem(site.post("/epcis/capture", other).header("idempotency-key", "k1")).await;
    assert_eq!((told(&reused).0, told(&reused).1), ("idempotency-key-reuse", 422));
    site.app.stop().await;
}

#[tokio::test]
async fn what_means_nothing_here_is_told_by_the_job_with_type_and_place() {
    let site = Site::new().await;
    let foreign = format!("https://id.gs1.org/01/{FOREIGN_GTIN}/21/1");
    let cases = [
        ("https://id.gs1.org/01/09521568251205/21/1", "check-digit", "INCORRECT_CHECK_DIGIT"),
        ("https://id.gs1.org/01/09506000134352/21/1", "unknown-gtin-owner", "unknown-gtin-owner"),
        (foreign.as_str(), "foreign-product", "foreign-product"),
    ];
    for (epc, kind, code) in cases {
        let job = site.capture(&document(&[commissioning(&[pack("G1"), epc.to_owned()])])).await;
        let error = &job["errors"][0];
        assert_eq!(error["type"], format!("urn:theriac:problem:{kind}"), "{job}");
        assert_eq!(error["errors"][0]["code"], code);
        assert_eq!(error["errors"][0]["pointer"], "/epcisBody/eventList/0/epcList/1");
    }
    assert_eq!((site.events("").await.len(), site.waiting().await.rows), (0, 0));
    site.app.stop().await;
}
