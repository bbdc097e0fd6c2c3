//! The event query.

use reqwest::StatusCode;
use serde_json::Value;

use super::document::{commissioning, document, observed, pack, packing};
use super::{Site, events_of, problem, told};

#[tokio::test]
async fn an_event_is_found_by_every_spelling_of_its_identifiers_and_by_its_parts() {
    let site = Site::new().await;
    let case = "https://id.gs1.org/00/095212345678901235";
    let events =
        [commissioning(&[pack("Q1")]), packing(case, &[pack("Q1")]), observed("storing", &[pack("Q2")])];
    assert_eq!(site.capture(&document(&events)).await["success"], true);
    for (query, count) in [
        ("MATCH_anyEPC=urn:epc:id:sgtin:952156825.0120.Q1", 2),
        ("MATCH_epc=https://example.com/01/09521568251204/21/Q1", 2),
        ("MATCH_anyEPC=https://id.gs1.org/00/095212345678901235", 1),
        ("MATCH_parentID=https://id.gs1.org/00/095212345678901235", 1),
        ("MATCH_epc=https://id.gs1.org/00/095212345678901235", 0),
        ("EQ_bizStep=commissioning|storing", 2),
        ("EQ_bizStep=https://ref.gs1.org/cbv/BizStep-packing", 1),
        ("eventType=AggregationEvent&EQ_action=ADD", 1),
        ("GE_eventTime=2026-11-23T05:00:00Z&LT_eventTime=2026-11-23T05:00:01Z", 3),
        ("GE_recordTime=2026-11-23T06:00:00.001Z", 0),
        ("EQ_disposition=active", 0),
    ] {
        assert_eq!(site.events(&format!("?{query}")).await.len(), count, "{query}");
    }
    site.app.stop().await;
}

#[tokio::test]
async fn pages_hold_every_event_once() {
    let site = Site::new().await;
    let events: Vec<Value> = (0..7).map(|n| observed("storing", &[pack(&format!("R{n}"))])).collect();
    assert_eq!(site.capture(&document(&events)).await["success"], true);
    let (mut path, mut seen) = ("/epcis/events?EQ_bizStep=storing&perPage=3".to_owned(), Vec::new());
    loop {
        let answer = site.get(&path).send().await.unwrap();
        let next = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        assert_eq!(answer.headers().contains_key("gs1-next-page-token-expires"), next.is_some());
        seen.extend(events_of(&answer.json().await.unwrap()).iter().map(|event| event["eventID"].clone()));
        let Some(next) = next else { break };
        path = next.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    let all: std::collections::BTreeSet<String> = seen.iter().map(Value::to_string).collect();
    assert_eq!((seen.len(), all.len()), (7, 7));
    site.app.stop().await;
}

#[tokio::test]
async fn a_walk_through_the_pages_shows_what_was_there_when_it_began() {
    let site = Site::new().await;
    let events = |from: u32| {
        (from..from + 4).map(|n| observed("storing", &[pack(&format!("W{n}"))])).collect::<Vec<_>>()
    };
    assert_eq!(site.capture(&document(&events(0))).await["success"], true);
    let (mut path, mut pages) = ("/epcis/events?perPage=3".to_owned(), Vec::new());
    loop {
        let answer = site.get(&path).send().await.unwrap();
        let next = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        pages.push(events_of(&answer.json().await.unwrap()).len());
        // More comes while it is walked.
        let more = 4 * u32::try_from(pages.len()).unwrap();
        assert_eq!(site.capture(&document(&events(more))).await["success"], true);
        let Some(next) = next else { break };
        path = next.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(pages, [3, 1]);
    site.app.stop().await;
}

#[tokio::test]
async fn unknown_parameters_and_odd_values_are_refused_by_name() {
    let site = Site::new().await;
    for (query, name) in [
        ("EQ_bizstep=shipping", "EQ_bizstep"),
        ("GE_eventTime=yesterday", "GE_eventTime"),
        ("MATCH_epc=5Kx9", "MATCH_epc"),
        ("perPage=0", "perPage"),
        ("nextPageToken=00", "nextPageToken"),
    ] {
        let refused = problem(site.get(&format!("/epcis/events?{query}"))).await;
        assert_eq!(
            (told(&refused).0, told(&refused).1, told(&refused).3),
            ("QueryParameterException", 400, Some(name))
        );
    }
    let format = problem(site.get("/epcis/events").header("accept", "application/pdf")).await;
    assert_eq!(format.status, StatusCode::NOT_ACCEPTABLE.as_u16());
    let nothing = problem(site.get("/epcis/events/urn%3Auuid%3A019ab1f2-7a3c-7e55-9c1b-2f64a6d0c001")).await;
    assert_eq!(told(&nothing).0, "NoSuchResourceException");
    site.app.stop().await;
}
