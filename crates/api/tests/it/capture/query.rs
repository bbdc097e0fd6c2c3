//! The event query in full: families of parameters, order and bounds, forms of the answer, what a client may see.

use api::auth::Permission;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::document::{PLACE, commissioning, document, named, observed, pack, packing};
use super::{Site, events_of, problem, told};

const CASE: &str = "https://id.gs1.org/00/095212345678901235";
const LINES: &str = "https://ns.example.com/lines/";

/// A site with three events: a commissioning with extensions, a packing, and a measurement elsewhere.
async fn filled() -> Site {
    let site = Site::new().await;
    let mut begun =
        named(commissioning(&[pack("Q1"), pack("Q%252F2")]), "urn:uuid:00000000-0000-4000-8000-000000000001");
    begun["line:speed"] = json!(300);
    begun["line:operator"] = json!({ "line:name": "A_%" });
    let mut packed = named(packing(CASE, &[pack("Q1")]), "urn:uuid:00000000-0000-4000-8000-000000000002");
    packed["eventTime"] = json!("2026-11-23T05:10:00.000Z");
    let mut measured =
        named(observed("storing", &[CASE.to_owned()]), "urn:uuid:00000000-0000-4000-8000-000000000003");
    measured["eventTime"] = json!("2026-11-23T05:20:00.000Z");
    measured["readPoint"] = json!({ "id": "https://id.gs1.org/414/9521321000018/254/cold" });
    measured["sensorElementList"] =
        json!([{ "sensorReport": [{ "type": "Temperature", "value": 5.5, "uom": "CEL" }] }]);
    let mut whole = document(&[begun, packed, measured]);
    whole["@context"][1]["line"] = json!(LINES);
    assert_eq!(site.capture(&whole).await["success"], true);
    site
}

#[tokio::test]
async fn parameters_with_a_variable_part_select() {
    let site = filled().await;
    let place = PLACE.replace("https://id.gs1.org/414/9521321000018", "urn:epc:id:sgln:952132100001..0");
    for (query, count) in [
        ("EQ_value_KEL=278.65".to_owned(), 1),
        ("GT_value_FAH=42".to_owned(), 0),
        ("EXISTS_sensorElementList".to_owned(), 1),
        ("EQ_ILMD_cbvmda:lotNumber=A123".to_owned(), 1),
        ("GE_line:speed=299.5".to_owned(), 1),
        ("EQ_INNER_line:name=A_%25".to_owned(), 1),
        ("EQ_INNER_line:name=A__".to_owned(), 0),
        (format!("EQ_bizLocation={place}"), 3),
        (format!("EQ_readPoint={place}&eventType=ObjectEvent%7CAggregationEvent"), 2),
        ("MATCH_epc=urn:epc:idpat:sgtin:952156825.*.*".to_owned(), 2),
        ("MATCH_epc=https://id.gs1.org/01/09521568251204/21/%2525".to_owned(), 0),
        (format!("MATCH_epc={}&MATCH_parentID={CASE}", pack("Q1")), 1),
        ("EXISTS_errorDeclaration=true".to_owned(), 0),
    ] {
        assert_eq!(site.events(&format!("?{query}")).await.len(), count, "{query}");
    }
    let bound = site.get("/epcis/events?GE_mine:speed=1").header("gs1-extensions", format!("mine={LINES}"));
    assert_eq!(events_of(&bound.send().await.unwrap().json().await.unwrap()).len(), 1);
    let unbound = problem(site.get("/epcis/events?EQ_mine:speed=300")).await;
    assert_eq!(told(&unbound), ("QueryParameterException", 400, "invalid-parameter", Some("EQ_mine:speed")));
    site.app.stop().await;
}

#[tokio::test]
async fn events_are_ordered_cut_off_and_counted() {
    let site = filled().await;
    let ids = |events: Vec<Value>| {
        events
            .iter()
            .map(|event| event["eventID"].as_str().unwrap().chars().last().unwrap())
            .collect::<String>()
    };
    assert_eq!(ids(site.events("?orderBy=eventTime").await), "321");
    assert_eq!(ids(site.events("?orderBy=eventTime&orderDirection=ASC").await), "123");
    assert_eq!(ids(site.events("?orderBy=line:speed").await), "132");
    assert_eq!(ids(site.events("?orderBy=eventTime&eventCountLimit=2").await), "32");
    let (mut path, mut walked) =
        ("/epcis/events?orderBy=eventTime&eventCountLimit=2&perPage=1".to_owned(), String::new());
    loop {
        let answer = site.get(&path).send().await.unwrap();
        let next = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        walked.push_str(&ids(events_of(&answer.json().await.unwrap())));
        let Some(next) = next else { break };
        path = next.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(walked, "32");
    assert_eq!(site.events("?maxEventCount=3").await.len(), 3);
    let many = problem(site.get("/epcis/events?maxEventCount=2")).await;
    assert_eq!((told(&many).0, told(&many).1), ("QueryTooLargeException", 413));
    let both = problem(site.get("/epcis/events?maxEventCount=2&eventCountLimit=2&orderBy=eventTime")).await;
    assert_eq!(told(&both).0, "QueryParameterException");
    site.app.stop().await;
}

#[tokio::test]
async fn a_token_expires_and_can_be_released() {
    let site = filled().await;
    let answer = site.get("/epcis/events?perPage=1").send().await.unwrap();
    let link = answer.headers()["link"].to_str().unwrap().to_owned();
    let path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    let token = path.split("nextPageToken=").nth(1).unwrap().to_owned();
    let release = |token: &str| {
        site.app.request(&site.client, Method::DELETE, &format!("/epcis/nextPageToken/{token}"))
    };
    assert_eq!(release(&token).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(told(&problem(release("00")).await).0, "NoSuchResourceException");
    assert_eq!(site.get(&path).send().await.unwrap().status(), StatusCode::OK);
    site.app.clock.advance(25 * 60 * 60 * 1_000);
    let late = problem(site.get(&path)).await;
    assert_eq!(told(&late), ("QueryParameterException", 400, "invalid-parameter", Some("nextPageToken")));
    site.app.stop().await;
}

#[tokio::test]
async fn answers_come_in_the_form_asked_for() {
    let site = filled().await;
    let text = |accept: &'static str, headers: &'static [(&str, &str)]| {
        let mut request = site.get("/epcis/events?EQ_bizStep=commissioning").header("accept", accept);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async move { request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap() }
    };
    let json: Value = serde_json::from_str(&text("application/json", &[]).await).unwrap();
    assert_eq!(json["@context"][1]["line"], LINES, "the context covers what is returned");
    assert_eq!(events_of(&json)[0]["epcList"][0], pack("Q1"));
    let urns: Value =
        serde_json::from_str(&text("application/ld+json", &[("gs1-epc-format", "Always_EPC_URN")]).await)
            .unwrap();
    let urn = events_of(&urns)[0]["epcList"][0].as_str().unwrap().to_owned();
    assert!(urn.starts_with("urn:epc:id:sgtin:") && urn.ends_with(".Q1"), "{urn}");
    let xml = text("application/xml", &[("gs1-cbv-xml-format", "Always_Web_URI")]).await;
    assert!(
        xml.contains("QueryResults") && xml.contains("https://ref.gs1.org/cbv/BizStep-commissioning"),
        "{xml}"
    );
    assert!(text("application/xml", &[]).await.contains("urn:epcglobal:cbv:bizstep:commissioning"));
    site.app.stop().await;
}

#[tokio::test]
async fn an_error_declaration_leaves_the_event_and_comes_with_it() {
    let site = filled().await;
    let id = "urn:uuid:00000000-0000-4000-8000-000000000003";
    let mut declared = named(observed("storing", &[CASE.to_owned()]), id);
    declared["errorDeclaration"] =
        json!({ "declarationTime": "2026-11-23T05:30:00.000Z", "reason": "incorrect_data" });
    assert_eq!(site.capture(&document(&[declared])).await["success"], true);
    let path = format!("/epcis/events/{}", id.replace(':', "%3A"));
    let both = events_of(&site.get(&path).send().await.unwrap().json().await.unwrap());
    assert_eq!(both.len(), 2);
    assert!(
        both[0]["errorDeclaration"].is_null() && both[0]["sensorElementList"].is_array(),
        "as it was captured"
    );
    assert_eq!(both[1]["errorDeclaration"]["reason"], "incorrect_data");
    assert_eq!(site.events("?EXISTS_errorDeclaration=true").await.len(), 1);
    site.app.stop().await;
}

#[tokio::test]
async fn resources_list_what_occurs_and_lead_to_its_events() {
    let site = filled().await;
    let members = |path: String| {
        let request = site.get(&path);
        async move {
            let answer = request.send().await.unwrap().error_for_status().unwrap();
            let next = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            let document: Value = answer.json().await.unwrap();
            assert_eq!(document["type"], "Collection");
            let names =
                document["member"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned());
            (names.collect::<Vec<_>>(), next)
        }
    };
    assert!(members("/epcis".to_owned()).await.0.contains(&"bizSteps".to_owned()));
    assert_eq!(members("/epcis/bizSteps".to_owned()).await.0, ["commissioning", "packing", "storing"]);
    assert_eq!(members("/epcis/eventTypes".to_owned()).await.0, ["AggregationEvent", "ObjectEvent"]);
    assert_eq!(members("/epcis/bizLocations".to_owned()).await.0, [PLACE]);
    assert_eq!(members("/epcis/dispositions".to_owned()).await.0, [""; 0]);
    let (first, next) = members("/epcis/epcs?perPage=2".to_owned()).await;
    let next = next.unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
    let (rest, end) = members(next).await;
    assert_eq!((first.len(), rest.len(), end), (2, 1, None));
    assert!(first.contains(&CASE.to_owned()), "{first:?}");

    let encoded = CASE.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(members(format!("/epcis/epcs/{encoded}")).await.0, ["events"]);
    let events = site.get(&format!("/epcis/epcs/{encoded}/events?EQ_bizStep=packing"));
    assert_eq!(events_of(&events.send().await.unwrap().json().await.unwrap()).len(), 1);
    let word = site.get("/epcis/bizSteps/urn%3Aepcglobal%3Acbv%3Abizstep%3Apacking/events");
    assert_eq!(events_of(&word.send().await.unwrap().json().await.unwrap()).len(), 1);
    let twice = problem(site.get("/epcis/bizSteps/packing/events?EQ_bizStep=storing")).await;
    assert_eq!(told(&twice), ("QueryParameterException", 400, "invalid-parameter", Some("EQ_bizStep")));
    for path in [
        "/epcis/bizSteps/destroying",
        "/epcis/eventTypes/SomeEvent/events",
        "/epcis/epcs/urn%3Aepc%3Aid%3Asgtin%3A1",
    ] {
        assert_eq!(told(&problem(site.get(path)).await).0, "NoSuchResourceException", "{path}");
    }
    let options =
        site.app.request(&site.client, Method::OPTIONS, "/epcis/bizSteps/packing").send().await.unwrap();
    assert_eq!(
        (options.status(), &options.headers()["allow"]),
        (StatusCode::NO_CONTENT, &"GET, OPTIONS".parse().unwrap())
    );
    site.app.stop().await;
}

#[tokio::test]
async fn a_client_of_a_site_sees_the_events_of_that_site() {
    let site = filled().await;
    let at = |gln: &'static str| site.app.client_at(&[Permission::Query], Some(gln));
    let (here, elsewhere) = (at("9521321000018").await, at("9521321000025").await);
    for (client, count) in [(&here, 3), (&elsewhere, 0)] {
        let answer = site.app.request(client, Method::GET, "/epcis/events").send().await.unwrap();
        assert_eq!(events_of(&answer.json().await.unwrap()).len(), count);
        let steps = site.app.request(client, Method::GET, "/epcis/bizSteps").send().await.unwrap();
        assert_eq!(steps.json::<Value>().await.unwrap()["member"].as_array().unwrap().len(), count);
        let epcs = site.app.request(client, Method::GET, "/epcis/epcs").send().await.unwrap();
        assert_eq!(epcs.json::<Value>().await.unwrap()["member"].as_array().unwrap().len(), count);
    }
    let hidden = "/epcis/events/urn%3Auuid%3A00000000-0000-4000-8000-000000000001";
    assert_eq!(
        told(&problem(site.app.request(&elsewhere, Method::GET, hidden)).await).0,
        "NoSuchResourceException"
    );
    site.app.stop().await;
}

#[tokio::test]
async fn master_data_of_documents_are_kept_and_lead_to_events() {
    let site = filled().await;
    let place = |id: &str, city: &str, children: Value| json!({ "id": id, "attributes": [{ "id": "urn:epcglobal:cbv:mda#city", "attribute": city }], "children": children });
    let hall = "urn:epc:id:sgln:952132100009..0";
    let mut whole = document(&[]);
    whole["epcisHeader"] = json!({ "epcisMasterData": { "vocabularyList": [{
        "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
        "vocabularyElementList": [place(PLACE, "Basel", json!([])), place(hall, "Berne", json!([PLACE]))],
    }] } });
    assert_eq!(site.capture(&whole).await["success"], true);
    assert_eq!(site.events("?EQATTR_bizLocation_cbvmda:city=Basel").await.len(), 3);
    assert_eq!(site.events("?EQATTR_bizLocation_urn:epcglobal:cbv:mda:city=Berne").await.len(), 0);
    assert_eq!(site.events("?HASATTR_bizLocation=cbvmda:city").await.len(), 3);
    assert_eq!(site.events(&format!("?WD_bizLocation={hall}")).await.len(), 3);
    assert_eq!(site.events("?WD_bizLocation=https://id.gs1.org/414/9521321000032").await.len(), 0);

    let asked = |query: &str| {
        let request = site.get(&format!("/epcis/masterData{query}"));
        async move { request.send().await.unwrap().error_for_status().unwrap().json::<Value>().await.unwrap() }
    };
    let elements = |document: &Value| {
        document["epcisHeader"]["epcisMasterData"]["vocabularyList"][0]["vocabularyElementList"].clone()
    };
    let all = asked("").await;
    assert_eq!(elements(&all).as_array().unwrap().len(), 2);
    let basel = elements(&asked("?EQATTR_cbvmda:city=Basel").await);
    assert_eq!((basel.as_array().unwrap().len(), &basel[0]["id"]), (1, &json!(PLACE)));
    let bare =
        elements(&asked(&format!("?EQ_name={hall}&includeAttributes=false&includeChildren=false")).await);
    assert_eq!(bare, json!([{ "id": hall }]));
    let many = problem(site.get("/epcis/masterData?maxElementCount=1")).await;
    assert_eq!(told(&many).0, "QueryTooLargeException");
    let unknown = problem(site.get("/epcis/masterData?EQ_nothing=1")).await;
    assert_eq!(told(&unknown).0, "QueryParameterException");
    site.app.stop().await;
}

#[tokio::test]
async fn long_texts_are_stored_and_found_and_those_that_cannot_be_are_refused() {
    let site = Site::new().await;
    let long = |length: usize| (0..length).map(|n| char::from(b'a' + (n * n % 25) as u8)).collect::<String>();
    let (namespace, private) =
        (format!("https://e.example/{}/", long(3_000)), format!("urn:x:{}", long(3_000)));
    let mut event = observed("storing", &[pack("L0")]);
    event["far:field"] = json!(long(5_000));
    let mut whole = document(&[event]);
    whole["@context"][1]["far"] = json!(namespace);
    let city = json!({ "id": "urn:epcglobal:cbv:mda#city", "attribute": long(8_000) });
    whole["epcisHeader"] = json!({ "epcisMasterData": { "vocabularyList": [{
        "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
        "vocabularyElementList": [{ "id": PLACE, "attributes": [city] }, { "id": private, "attributes": [] }],
    }] } });
    let job = site.capture(&whole).await;
    assert_eq!(job["success"], true, "{job}");
    let bound =
        site.get("/epcis/events?EXISTS_far:field").header("gs1-extensions", format!("far={namespace}"));
    assert_eq!(events_of(&bound.send().await.unwrap().json().await.unwrap()).len(), 1);
    assert_eq!(site.events(&format!("?MATCH_epc={private}")).await.len(), 0);
    assert_eq!(site.events(&format!("?EQATTR_bizLocation_cbvmda:city={}", long(8_000))).await.len(), 1);

    let named_so = named(observed("storing", &[pack("L1")]), &format!("urn:uuid:{}", long(1_200)));
    let refused = site.capture(&document(&[named_so])).await;
    assert_eq!(refused["errors"][0]["errors"][0]["pointer"], "/epcisBody/eventList/0/eventID", "{refused}");
    for query in [json!({ "EQ_eventID": ["\u{0}"] }), json!({ "EQ_x\u{0}y:z": "1" })] {
        let refused =
            problem(site.post("/epcis/queries", json!({ "name": "nul", "query": query }).to_string())).await;
        assert_eq!((told(&refused).0, told(&refused).1), ("QueryValidationException", 400));
    }
    site.app.stop().await;
}

#[tokio::test]
async fn what_one_document_calls_a_standard_prefix_changes_no_other_query() {
    let site = filled().await;
    let mut strange = document(&[observed("storing", &[pack("P1")])]);
    strange["@context"][1]["cbvmda"] = json!("http://aaa.example/");
    assert_eq!(site.capture(&strange).await["success"], true);
    assert_eq!(site.events("?EQ_ILMD_cbvmda:lotNumber=A123").await.len(), 1);
    site.app.stop().await;
}
