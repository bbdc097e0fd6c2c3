//! Requests at the edges: forged, broken, silent, by strangers; and what the log says of failures.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use api::auth::Permission;
use api::testing::TestApp;
use ledger::testkit::{PHARMACY, REGULATOR};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::testing::TestDatabase;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::{command, configure, text};
use crate::packs::{Site, refused, told};
use crate::sample;

/// Longer than any deadline of these services.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);

/// Status, and where the first fault is.
async fn place(answer: reqwest::Response) -> (u16, String) {
    let (status, body) = told(answer).await;
    (status, body["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_failure_is_logged_with_its_kind_and_cause() {
    let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::new().await);
    configure(folder.path());
    let run = |arguments: &[&str]| text(&command(folder.path(), &database, arguments).output().unwrap());
    run(&["keys", "generate-signing", "--out", folder.path().join("signing.pem").to_str().unwrap()]);
    run(&["migrate"]);
    let key = run(&["keys", "create-client", "--name", "x", "--permissions", "alerts"]);
    let mut serve = command(folder.path(), &database, &["serve", "--no-node"]);
    let mut child = serve.stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut log = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let started = log.find(|line| line["message"] == "listening").unwrap();
    let url = format!("http://{}/v1/fail/17", started["http.address"].as_str().unwrap());
    let answer = reqwest::Client::new().get(url).bearer_auth(key).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let failed = log.find(|line| line["message"] == "request failed").unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(failed["problem.kind"], "urn:theriac:problem:internal");
    assert_eq!(failed["error"], "secret 17");
}

#[tokio::test]
async fn control_characters_and_broken_encodings_are_refused_with_their_place() {
    let site = Site::of(PHARMACY).await;
    for (path, name) in [
        ("/v1/receipts/%00", "path"),
        ("/epcis/events/%00", "path"),
        ("/epcis/events?EQ_eventID=%00", "EQ_eventID"),
        ("/epcis/events?EQ_bizStep=%00", "EQ_bizStep"),
        ("/epcis/events?MATCH_anyEPC=a:%00", "MATCH_anyEPC"),
        ("/v1/alerts?site=%00", "site"),
        ("/01/09521568251204/21/%", "path"),
        ("/01/09521568251204/21/%zz", "path"),
        ("/v1/ledger/head?x=1", "x"),
        ("/v1/ledger/hea%64?x=1", "x"),
        ("/epcis/capture?perPage=0", "perPage"),
        ("/epcis/capture?nextPageToken=00", "nextPageToken"),
    ] {
        assert_eq!(raw(&site, path).await, (400, name.to_owned()), "{path}");
    }
    let gln = refused(site.get("/v1/alerts?site=x").await).await;
    assert_eq!((gln.0, gln.1.as_str()), (422, "invalid-field"));
    let unknown = site.post("/v1/packs/dispense?x=1", &json!({})).await;
    assert_eq!(place(unknown).await, (400, "x".to_owned()));
    assert!(site.alerts().await.is_empty(), "none of it is a pack's fault");
}

/// Status, and where the first fault is, of a path just as it is written, which a client library would mend.
async fn raw(site: &Site, path: &str) -> (u16, String) {
    let key = site.client.key.expose();
    let head = format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {key}\r\nconnection: close\r\n");
    answered(&site.app, &head, "").await
}

/// Sends a head and the beginning of a body, and nothing more; waits until the service closes the connection.
async fn answered(app: &TestApp, head: &str, body: &str) -> (u16, String) {
    let host = app.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(format!("{head}host: {host}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    let closed = tokio::time::timeout(CLOSED_WITHIN, stream.read_to_string(&mut answer)).await;
    assert!(closed.is_ok(), "the connection stays open: {head}{body}, {answer}");
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let document = answer.split("\r\n\r\n").nth(1).unwrap();
    let document = serde_json::Deserializer::from_str(document).into_iter::<Value>().next();
    let document = document.unwrap().unwrap();
    (status, document["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up_and_its_connection_closed() {
    let change = |config: &mut api::config::Config| config.http.body_timeout_seconds = 1;
    let app = TestApp::start_with(&sample::definition(), change).await;
    let client = app.client(&[Permission::Authenticate]).await;
    let head = |with: &str| {
        let key = client.key.expose();
        format!(
            "POST /v1/double HTTP/1.1\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n{with}\r\n"
        )
    };
    assert_eq!(answered(&app, &head("content-length: 9"), "{").await.0, 408);
    assert_eq!(answered(&app, &head("transfer-encoding: chunked"), "1\r\n{\r\n").await.0, 408);
    assert_eq!(answered(&app, &head("transfer-encoding: chunked"), "1\r\n{\r\nZZ\r\n").await.0, 408);
    app.stop().await;
}

#[tokio::test]
async fn the_connection_of_a_stranger_ends_with_its_answer() {
    let app = TestApp::start(&sample::definition()).await;
    let host = app.base.trim_start_matches("http://").to_owned();
    for key in ["", "authorization: Bearer nobody\r\n"] {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let head = format!("GET /openapi.json HTTP/1.1\r\nhost: {host}\r\n{key}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(CLOSED_WITHIN, stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "the connection stays open");
    }
    app.stop().await;
}

#[tokio::test]
async fn strangers_are_not_told_what_is_wrong_with_their_request() {
    let site = Site::of(PHARMACY).await;
    let reader = site.app.client(&[Permission::Query]).await;
    let unknown = format!("thk_{}", "0".repeat(64));
    for path in [
        "/v1/packs/dispense",
        "/v1/packs/dispense?x=%00",
        "/v1/authenticate",
        "/epcis/capture",
        "/epcis/%63apture",
        "/v1/packs/%64ispense",
    ] {
        for (key, status) in [(unknown.as_str(), 401), (reader.key.expose(), 403)] {
            let request = site.app.anonymous(Method::POST, path).bearer_auth(key);
            let answer = request.header("content-type", "text/plain").body("{").send().await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}

#[tokio::test]
async fn a_link_that_contradicts_itself_is_ambiguous_and_an_array_is_no_label() {
    let mut site = Site::of(PHARMACY).await;
    site.commission(&["S1"]).await;
    let twice = refused(site.get("/01/09521568251204/10/A123/21/S1?10=OTHER").await).await;
    assert_eq!((twice.0, twice.1.as_str()), (422, "ambiguous-scan"));
    assert_eq!(site.get("/01/09521568251204/10/A123/21/S1?10=A123").await.status(), StatusCode::OK);
    let array = json!([null, "09521568251204", "S1", "A123", "280300"]);
    assert_eq!(refused(site.post("/v1/authenticate", &array).await).await.1, "invalid-field");
    let lost = json!({ "scan": "]d201095215682512041728030010A12321S1" });
    assert_eq!(refused(site.post("/v1/authenticate", &lost).await).await.1, "ambiguous-scan");
    assert!(site.alerts().await.is_empty());
}

#[tokio::test]
async fn cursors_that_were_made_up_are_refused() {
    let (pharmacy, regulator) = (Site::of(PHARMACY).await, Site::of(REGULATOR).await);
    let id = "01920000-0000-7000-8000-000000000000";
    for micros in ["9223372036854775807", "-9223372036854775808", "-377705116800000000"] {
        let cursor = hex::encode(format!("[{micros},\"{id}\"]"));
        let alerts = pharmacy.get(&format!("/v1/alerts?cursor={cursor}")).await;
        assert_eq!(place(alerts).await, (400, "cursor".to_owned()), "{micros}");
        let lookups = regulator.get(&format!("/v1/lookups?cursor={cursor}")).await;
        assert_eq!(place(lookups).await, (400, "cursor".to_owned()), "{micros}");
        let jobs = pharmacy.get(&format!("/epcis/capture?nextPageToken={cursor}")).await;
        assert_eq!(place(jobs).await, (400, "nextPageToken".to_owned()), "{micros}");
    }
    for (list, made_up) in [
        ("stock?parent=(00)095213210000000016&", "\"\\u0000\""),
        ("shipments?", "18446744073709551615"),
        ("deliveries?", "[0,\"\\u0000\"]"),
        ("deliveries?", "[9223372036854775807,\"a\"]"),
    ] {
        let path = format!("/v1/{list}cursor={}", hex::encode(made_up));
        assert_eq!(place(pharmacy.get(&path).await).await, (400, "cursor".to_owned()), "{list} {made_up}");
    }
}
