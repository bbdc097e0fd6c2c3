//! Documents become events: once, whole or in part, of any size.

use api::auth::Permission;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use store::custody::CustodyState;

use super::document::{
    alone, commissioning, destroying, document, named, observed, pack, packing, shipping, xml,
};
use super::{Site, problem, problem_of, told};

#[tokio::test]
async fn a_document_becomes_events_custody_and_updates_and_the_same_again_adds_nothing() {
    let site = Site::new().await;
    let (case, packs) = ("https://id.gs1.org/00/095212345678901235".to_owned(), [pack("A1"), pack("A2")]);
    let shipment =
        document(&[commissioning(&packs), packing(&case, &packs), shipping(std::slice::from_ref(&case))]);
    let job = site.capture(&shipment).await;
    assert_eq!((&job["success"], &job["errors"]), (&Value::Bool(true), &serde_json::json!([])), "{job}");
    let waiting = site.waiting().await;
    assert_eq!((waiting.rows, waiting.updates), (3, 2));
    let again = site.capture(&shipment).await;
    assert_eq!(again["success"], true, "{again}");
    assert_eq!(site.waiting().await.rows, 3);

    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let held = store::custody::tree(&mut conn, &["00/095212345678901235"], 10).await.unwrap();
    let states: Vec<_> = held.iter().map(|node| (node.depth, node.custody.state)).collect();
    let shipped = CustodyState::Shipped;
    assert_eq!(states, [(0, shipped), (1, shipped), (1, shipped)]);
    let lot = store::lot::find(&mut conn, "09521568251204", "A123").await.unwrap().unwrap();
    assert_eq!(lot.expiry.to_string(), "2028-03-31");
    site.app.stop().await;
}

#[tokio::test]
async fn xml_is_captured_as_json_is() {
    let site = Site::new().await;
    let post = |body: String| {
        let request = site.app.request(&site.client, Method::POST, "/epcis/capture");
        request.header("content-type", "application/xml").body(body)
    };
    let job = site.capture_by(post(xml("X1"))).await;
    assert_eq!(job["success"], true, "{job}");
    assert_eq!(site.events(&format!("?MATCH_epc={}", pack("X1"))).await.len(), 1);
    site.app.stop().await;
}

#[tokio::test]
async fn rollback_stores_nothing_and_proceed_stores_what_is_valid() {
    let site = Site::new().await;
    let mixed = document(&[
        commissioning(&[pack("B1")]),
        commissioning(&["https://id.gs1.org/01/09506000134352/21/B2".to_owned()]),
    ]);
    let job = site.capture(&mixed).await;
    assert_eq!(job["success"], false);
    assert_eq!(job["errors"][0]["type"], "urn:theriac:problem:unknown-gtin-owner", "{job}");
    assert_eq!(job["errors"][0]["errors"][0]["pointer"], "/epcisBody/eventList/1/epcList/0", "{job}");
    assert_eq!((site.events("").await.len(), site.waiting().await.rows), (0, 0));

    let proceeding =
        site.post("/epcis/capture", mixed.to_string()).header("GS1-Capture-Error-Behaviour", "proceed");
    let job = site.capture_by(proceeding).await;
    assert_eq!((&job["success"], &job["captureErrorBehaviour"]), (&false.into(), &"proceed".into()));
    assert_eq!(job["errors"].as_array().unwrap().len(), 1);
    assert_eq!(site.events("").await.len(), 1);
    site.app.stop().await;
}

#[tokio::test]
async fn a_pack_is_commissioned_once_and_what_the_rules_forbid_is_refused_with_its_place() {
    let mut site = Site::new().await;
    assert_eq!(site.capture(&document(&[commissioning(&[pack("C1"), pack("C2")])])).await["success"], true);
    // Not final yet: nothing can be done with it, and that is no reason for an alert.
    let early = site.capture(&document(&[destroying(&[pack("C1")])])).await;
    assert_eq!(early["errors"][0]["errors"][0]["code"], "not_final", "{early}");
    let twice = site
        .capture(&document(&[named(
            commissioning(&[pack("C3"), pack("C1")]),
            "urn:uuid:019ab1f2-7a3c-7e55-9c1b-2f64a6d0c0c1",
        )]))
        .await;
    assert_eq!(twice["errors"][0]["type"], "urn:theriac:problem:state-conflict", "{twice}");
    assert_eq!(twice["errors"][0]["errors"][0]["code"], "already_commissioned");
    assert_eq!(twice["errors"][0]["errors"][0]["pointer"], "/epcisBody/eventList/0/epcList/1");
    assert_eq!(site.events("").await.len(), 1, "nothing of a refused document is stored");
    site.chain.settle(&site.app).await;

    let unknown = site.capture(&document(&[destroying(&[pack("C9")])])).await;
    assert_eq!(unknown["errors"][0]["errors"][0]["code"], "unknown_pack", "{unknown}");
    let done = site.capture(&document(&[destroying(&[pack("C1")])])).await;
    assert_eq!(done["success"], true, "{done}");
    let pending = site
        .capture(&document(&[named(
            destroying(&[pack("C1")]),
            "urn:uuid:019ab1f2-7a3c-7e55-9c1b-2f64a6d0c0c2",
        )]))
        .await;
    assert_eq!(pending["errors"][0]["errors"][0]["code"], "already_in_state", "{pending}");
    site.chain.settle(&site.app).await;
    let last = site
        .capture(&document(&[named(
            destroying(&[pack("C1")]),
            "urn:uuid:019ab1f2-7a3c-7e55-9c1b-2f64a6d0c0c3",
        )]))
        .await;
    assert_eq!(last["errors"][0]["errors"][0]["code"], "already_in_state", "{last}");
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let alerts = store::alert::list(&mut conn, None, None, None, 10).await.unwrap();
    let mut codes: Vec<&str> = alerts.iter().map(|alert| alert.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["A3", "A7", "A7"]);
    site.app.stop().await;
}

#[tokio::test]
async fn an_event_with_a_hundred_thousand_serials_is_no_special_case() {
    let site = Site::new().await;
    let packs: Vec<String> = (0..100_000).map(|n| pack(&format!("{n:06}"))).collect();
    let job = site.capture(&document(&[commissioning(&packs), observed("storing", &[pack("000007")])])).await;
    assert_eq!(job["success"], true, "{job}");
    let waiting = site.waiting().await;
    assert_eq!((waiting.rows, waiting.updates), (49 + 1, 100_000));
    assert_eq!(site.events(&format!("?MATCH_epc={}", pack("000007"))).await.len(), 2);
    site.app.stop().await;
}

#[tokio::test]
async fn events_of_many_pages_are_all_captured_and_a_proceeding_job_names_each_fault() {
    let site = Site::new().await;
    let event = |n: u32| match n % 1_000 {
        999 => observed("storing", &["https://id.gs1.org/01/09521568251205/21/1".to_owned()]),
        _ => observed("storing", &[pack(&format!("P{n}"))]),
    };
    let events: Vec<Value> = (0..4_500).map(event).collect();
    let request = site.post("/epcis/capture", document(&events).to_string());
    let job = site.capture_by(request.header("GS1-Capture-Error-Behaviour", "proceed")).await;
    let errors = job["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert_eq!(errors[3]["errors"][0]["pointer"], "/epcisBody/eventList/3999/epcList/0");
    assert_eq!(errors[0]["type"], "urn:theriac:problem:check-digit", "{}", errors[0]);
    assert_eq!(site.waiting().await.rows, 4_496);
    site.app.stop().await;
}

#[tokio::test]
async fn one_event_is_captured_at_once_and_a_second_time_it_exists() {
    let site = Site::new().await;
    let event = alone(named(commissioning(&[pack("E1")]), "urn:uuid:019ab1f2-7a3c-7e55-9c1b-2f64a6d0c001"));
    let answer = site.post("/epcis/events", event.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let found = super::events_of(&site.get(&location).send().await.unwrap().json().await.unwrap());
    assert_eq!(found[0]["eventID"], "urn:uuid:019ab1f2-7a3c-7e55-9c1b-2f64a6d0c001");
    assert_eq!(found[0]["recordTime"], "2026-11-23T06:00:00.000Z");
    let again = problem(site.post("/epcis/events", event.to_string())).await;
    assert_eq!(told(&again), ("ResourceAlreadyExistsException", 409, "event-id", Some("/eventID")));
    let other = alone(named(commissioning(&[pack("E1")]), "urn:uuid:019ab1f2-7a3c-7e55-9c1b-2f64a6d0c002"));
    let refused = problem(site.post("/epcis/events", other.to_string())).await;
    assert_eq!(told(&refused), ("state-conflict", 409, "already_commissioned", Some("/epcList/0")));
    assert_eq!(site.events("").await.len(), 1);
    site.app.stop().await;
}

#[tokio::test]
async fn jobs_belong_to_their_client_and_speak_xml() {
    let site = Site::new().await;
    let job = site.capture(&document(&[observed("storing", &[pack("J1")])])).await;
    let path = format!("/epcis/capture/{}", job["captureID"].as_str().unwrap());
    let xml = site.get(&path).header("accept", "application/xml").send().await.unwrap();
    assert_eq!(xml.headers()["content-type"], "application/xml");
    assert!(xml.text().await.unwrap().contains("running=\"false\" success=\"true\""));
    site.app.clock.advance(1);
    site.capture(&document(&[observed("storing", &[pack("J2")])])).await;
    let page = site.get("/epcis/capture?perPage=1").send().await.unwrap();
    let next = page.headers()["link"].to_str().unwrap().to_owned();
    let next = next.trim_start_matches('<').split('>').next().unwrap();
    let last: Value = site.get(next).send().await.unwrap().json().await.unwrap();
    assert_eq!(last[0]["captureID"], job["captureID"]);
    let other = site.app.client(&[Permission::Capture]).await;
    let hidden = problem_of(site.app.request(&other, Method::GET, &path).send().await.unwrap()).await;
    assert_eq!(told(&hidden).0, "NoSuchResourceException");
    site.app.stop().await;
}
