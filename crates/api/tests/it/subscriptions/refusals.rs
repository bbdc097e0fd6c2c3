//! Subscriptions that are not made, and why.

use api::auth::Permission;
use api::testing::TestApp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::subscription::NewSubscription;
use uuid::Uuid;

use super::{ALL, SITE, Subscriber};
use crate::capture::{definition, problem, told};

const PATH: &str = "/epcis/queries/storing/subscriptions";

#[tokio::test]
async fn destinations_are_public_and_encrypted_unless_configured() {
    let app = TestApp::start(&definition()).await;
    let client = app.client_at(ALL, Some(SITE)).await;
    let post = |path: &str, body: &Value| app.request(&client, Method::POST, path).json(body);
    let named = json!({ "name": "storing", "query": {} });
    assert_eq!(post("/epcis/queries", &named).send().await.unwrap().status(), StatusCode::CREATED);
    let mut messages = std::collections::BTreeSet::new();
    for dest in [
        "https://127.0.0.1/x",
        "https://2130706433/",
        "https://10.0.0.1",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://localhost/",
        "https://no-such-host.invalid/",
    ] {
        let refused = problem(post(PATH, &json!({ "dest": dest, "stream": true }))).await;
        assert_eq!(
            told(&refused),
            ("SubscriptionControlsException", 400, "destination", Some("/dest")),
            "{dest}"
        );
        messages.insert(refused.errors[0].message.clone());
    }
    assert_eq!(messages.len(), 1, "what is not there and what is not allowed look alike: {messages:?}");
    for dest in ["http://example.com/", "ftp://example.com/", "x", "", "https://me:pass@example.com/"] {
        let refused = problem(post(PATH, &json!({ "dest": dest, "stream": true }))).await;
        assert_eq!(told(&refused).3, Some("/dest"), "{dest}");
        assert!(!refused.errors[0].message.contains("pass@"));
    }
    let secret = json!({ "dest": "https://8.8.8.8/", "stream": true, "signatureToken": "sixteen letters!" });
    let refused = problem(post(PATH, &secret)).await;
    assert_eq!(told(&refused).3, Some("/signatureToken"), "there is no key to keep it with");
    let public = post(PATH, &json!({ "dest": "https://8.8.8.8/", "schedule": { "month": "1" } }));
    assert_eq!(public.send().await.unwrap().status(), StatusCode::CREATED);
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_subscription_is_told_with_its_place() {
    let site = Subscriber::new().await;
    site.name("storing", json!({})).await;
    site.name("latest", json!({ "orderBy": "eventTime", "eventCountLimit": 3 })).await;
    let dest = "http://127.0.0.1:9/";
    for (body, kind, place) in [
        (json!({ "dest": dest }), "SubscriptionControlsException", "/stream"),
        (
            json!({ "dest": dest, "stream": true, "schedule": { "hour": "1" } }),
            "SubscriptionControlsException",
            "/stream",
        ),
        (json!({ "dest": dest, "schedule": {} }), "SubscriptionControlsException", "/schedule"),
        (
            json!({ "dest": dest, "schedule": { "second": "61" } }),
            "SubscriptionControlsException",
            "/schedule/second",
        ),
        (json!({ "dest": dest, "schedule": { "year": "1" } }), "ValidationException", "/schedule/year"),
        (
            json!({ "dest": dest, "stream": true, "initialRecordTime": "now" }),
            "SubscriptionControlsException",
            "/initialRecordTime",
        ),
        (
            json!({ "dest": dest, "stream": true, "signatureToken": "short" }),
            "SubscriptionControlsException",
            "/signatureToken",
        ),
        (
            json!({ "dest": dest, "stream": true, "secret": "short" }),
            "SubscriptionControlsException",
            "/secret",
        ),
        (json!({ "dest": dest, "stream": "yes" }), "ValidationException", "/stream"),
        (json!({ "dest": dest, "stream": true, "retries": 3 }), "ValidationException", "/retries"),
        (json!({ "stream": true }), "ValidationException", ""),
        (
            json!({ "dest": format!("{dest}{}", "x".repeat(3_000)), "stream": true }),
            "SubscriptionControlsException",
            "/dest",
        ),
    ] {
        let refused = problem(site.post(PATH, &body)).await;
        assert_eq!(
            (told(&refused).0, told(&refused).1, told(&refused).3),
            (kind, 400, Some(place)),
            "{body}"
        );
    }
    let fine = json!({ "dest": dest, "stream": true });
    let ordered = problem(site.post("/epcis/queries/latest/subscriptions", &fine)).await;
    assert_eq!((told(&ordered).0, ordered.status), ("SubscribeNotPermittedException", 400));
    assert_eq!(problem(site.post("/epcis/queries/nothing/subscriptions", &fine)).await.status, 404);
    let lacking = site.app.client_at(&[Permission::Query], Some(SITE)).await;
    let refused = problem(site.app.request(&lacking, Method::POST, PATH).json(&fine)).await;
    assert_eq!((told(&refused).0, refused.status), ("SecurityException", 403));
    assert_eq!(site.get(PATH).await, json!([]), "nothing of it was made");
    site.app.stop().await;
}

#[tokio::test]
async fn subscriptions_are_bounded_in_number_listed_in_pages_and_made_once() {
    let site = Subscriber::new().await;
    site.name("storing", json!({})).await;
    let fine = json!({ "dest": "http://127.0.0.1:9/", "stream": true });
    let made = || site.post(PATH, &fine).header("idempotency-key", "the-same").send();
    let (first, again) = (made().await.unwrap(), made().await.unwrap());
    assert_eq!(first.headers()["location"], again.headers()["location"]);
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let query = store::named_query::find(&mut conn, site.client.id, "storing").await.unwrap().unwrap();
    let now = api::clock::moment(api::testing::TEST_START_MS);
    for number in 1..100_u128 {
        let new = NewSubscription {
            id: Uuid::from_u128(number),
            query_id: query.id,
            client_id: site.client.id,
            dest: "http://127.0.0.1:9/",
            schedule: None,
            report_if_empty: false,
            epc_format: None,
            initial_record_time: None,
            sealed_secret: None,
            created_at: now,
            after_seq: 0,
            events_max: 1,
            turn_at: None,
        };
        store::subscription::insert(&mut conn, &new).await.unwrap();
    }
    let more = problem(site.post(PATH, &fine)).await;
    assert_eq!((told(&more).0, more.status), ("too-many", 409));
    let page = site.request(Method::GET, &format!("{PATH}?perPage=60")).send().await.unwrap();
    let next = page.headers()["link"].to_str().unwrap().to_owned();
    assert_eq!(page.json::<Vec<Value>>().await.unwrap().len(), 60);
    let rest = site.get(next.trim_start_matches('<').split('>').next().unwrap()).await;
    assert_eq!(rest.as_array().unwrap().len(), 40);
    site.app.stop().await;
}
