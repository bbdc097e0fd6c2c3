//! Deliveries in the turns of a schedule.

use serde_json::json;

use super::Subscriber;
use super::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_schedule_collects_events_until_its_turn() {
    let (site, mut receiver) = (Subscriber::new().await, Receiver::with(&[Reply(500, None)], 99));
    site.name("storing", json!({ "EQ_bizStep": ["storing"] })).await;
    // A stream beside it shows that the worker had looked.
    let mut stream = Receiver::start();
    site.subscribe(json!({ "dest": stream.url, "stream": true })).await;
    let schedule = json!({ "second": "0", "minute": "0,[30-31]" });
    let location = site.subscribe(json!({ "dest": receiver.url, "schedule": schedule })).await;
    assert_eq!(site.get(&location).await["schedule"], schedule);
    for serial in ["T1", "T2"] {
        site.capture("storing", serial).await;
        assert_eq!(stream.next().await.serials(), [serial]);
    }
    assert!(!receiver.has_more(), "it is not its turn");
    site.app.clock.advance(30 * 60_000);
    let first = receiver.next().await;
    site.until(&location, |row| row.attempts == 1).await;
    site.app.clock.advance(1_000);
    let again = receiver.next().await;
    assert_eq!(
        (first.serials(), again.serials()),
        (vec!["T1".into(), "T2".into()], vec!["T1".into(), "T2".into()])
    );
    assert_eq!(first.header("webhook-id"), again.header("webhook-id"));
    let row = site.until(&location, |row| row.last_notified_at.is_some()).await;
    assert_eq!(api::clock::rfc3339_of(row.next_attempt_at), "2026-11-23T06:31:00.000Z");
    // The next turn has nothing, and is not told.
    site.app.clock.advance(60_000);
    let passed =
        site.until(&location, |row| api::clock::rfc3339_of(row.next_attempt_at).contains("T07:00")).await;
    assert_eq!(passed.last_notified_at, row.last_notified_at);
    assert!(!receiver.has_more());
    site.app.stop().await;
}

#[tokio::test]
async fn a_turn_without_events_is_told_where_that_is_wanted() {
    let (site, mut receiver) = (Subscriber::new().await, Receiver::start());
    site.name("storing", json!({ "EQ_bizStep": ["storing"] })).await;
    let body = json!({ "dest": receiver.url, "schedule": { "hour": "7" }, "reportIfEmpty": true });
    let location = site.subscribe(body).await;
    site.app.clock.advance(60 * 60_000);
    let empty = receiver.next().await;
    assert!(empty.serials().is_empty());
    site.until(&location, |row| row.last_notified_at.is_some()).await;
    site.capture("storing", "E1").await;
    site.app.clock.advance(24 * 60 * 60_000);
    let next = receiver.next().await;
    assert_eq!(next.serials(), ["E1"]);
    assert_ne!(next.header("webhook-id"), empty.header("webhook-id"));
    site.until(&location, |row| api::clock::rfc3339_of(row.next_attempt_at).contains("11-25T07")).await;
    assert!(!receiver.has_more(), "a turn with events is told once");
    site.app.stop().await;
}
