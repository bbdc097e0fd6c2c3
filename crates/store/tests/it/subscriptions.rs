//! Subscriptions: who may deliver, and what becomes of a lease.

use serde_json::json;
use store::api_client::ApiClient;
use store::named_query::NamedQuery;
use store::subscription::{self, Due, NewSubscription, Pending};
use store::testing::TestDatabase;
use store::{PgConnection, PgPool};
use uuid::Uuid;

use crate::support::{at, conn, key};

const CLIENT: Uuid = Uuid::from_u128(1);
const QUERY: Uuid = Uuid::from_u128(2);

async fn with_query(pool: &PgPool) {
    let mut conn = conn(pool).await;
    let client = ApiClient {
        id: CLIENT,
        name: "ERP".to_owned(),
        site_gln: Some("4012345000054".to_owned()),
        permissions: vec!["query".to_owned(), "subscribe".to_owned()],
        created_at: at(0),
        revoked_at: None,
    };
    store::api_client::insert(&mut conn, &client, &key(1)).await.unwrap();
    let query = NamedQuery {
        id: QUERY,
        client_id: CLIENT,
        name: "shipped".to_owned(),
        query: json!({ "EQ_bizStep": ["shipping"] }),
        namespaces: json!({}),
        created_at: at(0),
    };
    store::named_query::insert(&mut conn, &query).await.unwrap();
}

async fn subscribe(conn: &mut PgConnection, id: u128, schedule: bool, secret: Option<&[u8]>) -> Uuid {
    let every = json!({ "second": "0" });
    let new = NewSubscription {
        id: Uuid::from_u128(id),
        query_id: QUERY,
        client_id: CLIENT,
        dest: "https://example.com/?token=of-theirs",
        schedule: schedule.then_some(&every),
        report_if_empty: false,
        epc_format: None,
        initial_record_time: None,
        sealed_secret: secret,
        created_at: at(0),
        after_seq: 5,
        events_max: 100,
        turn_at: schedule.then(|| at(60)),
    };
    subscription::insert(conn, &new).await.unwrap();
    new.id
}

/// Claims at a moment, for a minute.
async fn claim(conn: &mut PgConnection, lease: u128, seconds: i64, horizon: u64) -> Vec<Due> {
    let (lease, needed) = (Uuid::from_u128(lease), ["query".to_owned(), "subscribe".to_owned()]);
    subscription::claim(conn, lease, at(seconds), at(seconds + 60), horizon, &needed, true, 10).await.unwrap()
}

fn ids(due: &[Due]) -> Vec<Uuid> {
    due.iter().map(|due| due.id).collect()
}

#[tokio::test]
async fn a_stream_is_due_when_there_are_events_and_a_schedule_when_its_turn_has_come() {
    let database = TestDatabase::new().await;
    with_query(database.pool()).await;
    let mut conn = conn(database.pool()).await;
    let stream = subscribe(&mut conn, 10, false, None).await;
    let schedule = subscribe(&mut conn, 11, true, None).await;
    assert!(claim(&mut conn, 20, 1, 5).await.is_empty());
    let due = claim(&mut conn, 20, 1, 6).await;
    assert_eq!(ids(&due), [stream]);
    assert_eq!((due[0].query_name.as_str(), due[0].after_seq, due[0].pending), ("shipped", 5, None));
    assert!(!format!("{due:?}").contains("token"));
    assert_eq!(ids(&claim(&mut conn, 21, 60, 5).await), [schedule], "the other is leased until then");
    assert!(subscription::pass(&mut conn, schedule, Uuid::from_u128(21), 6, Some(at(120))).await.unwrap());
    assert_eq!(ids(&claim(&mut conn, 22, 61, 6).await), [stream], "its lease is over");
}

#[tokio::test]
async fn only_who_holds_the_lease_moves_the_watermark() {
    let database = TestDatabase::new().await;
    with_query(database.pool()).await;
    let mut conn = conn(database.pool()).await;
    let id = subscribe(&mut conn, 10, false, None).await;
    let (first, second) = (Uuid::from_u128(20), Uuid::from_u128(21));
    claim(&mut conn, 20, 0, 9).await;
    let pending = Pending { through_seq: 8, is_last: false };
    assert!(subscription::begin(&mut conn, id, first, pending).await.unwrap());
    let due = claim(&mut conn, 21, 60, 9).await;
    assert_eq!(due[0].pending, Some(pending), "what was begun is told to the next");
    assert!(!subscription::begin(&mut conn, id, first, pending).await.unwrap());
    assert!(!subscription::acknowledge(&mut conn, id, first, 8, at(61), None, None).await.unwrap());
    assert!(!subscription::postpone(&mut conn, id, first, None, at(99)).await.unwrap());
    assert!(subscription::acknowledge(&mut conn, id, second, 8, at(61), None, Some(at(3))).await.unwrap());
    let row = subscription::find(&mut conn, QUERY, id).await.unwrap().unwrap();
    assert_eq!((row.last_notified_at, row.min_record_time, row.attempts), (Some(at(61)), at(3), 0));
    let next = claim(&mut conn, 22, 61, 9).await;
    assert_eq!((next[0].after_seq, next[0].pending), (8, None));
    assert!(subscription::postpone(&mut conn, id, Uuid::from_u128(22), Some(500), at(70)).await.unwrap());
    assert!(claim(&mut conn, 23, 69, 9).await.is_empty());
    assert_eq!(claim(&mut conn, 23, 70, 9).await[0].attempts, 1);
    assert!(subscription::shrink(&mut conn, id, Uuid::from_u128(23)).await.unwrap());
    assert_eq!(claim(&mut conn, 24, 70, 9).await[0].events_max, 50);
    assert!(subscription::end(&mut conn, id, Uuid::from_u128(24), 410, at(71)).await.unwrap());
    assert!(claim(&mut conn, 25, 9_999, 99).await.is_empty());
}

#[tokio::test]
async fn subscriptions_rest_while_they_may_not_be_served_and_go_with_their_query() {
    let database = TestDatabase::new().await;
    with_query(database.pool()).await;
    let mut conn = conn(database.pool()).await;
    let id = subscribe(&mut conn, 10, false, Some(b"sealed")).await;
    let needed = ["query".to_owned(), "fly".to_owned()];
    let lease = Uuid::from_u128(20);
    let none = subscription::claim(&mut conn, lease, at(0), at(60), 9, &needed, true, 10).await.unwrap();
    assert!(none.is_empty(), "a permission is lacking");
    let none =
        subscription::claim(&mut conn, lease, at(0), at(60), 9, &needed[..1], false, 10).await.unwrap();
    assert!(none.is_empty(), "nobody here can read its secret");
    assert_eq!(ids(&claim(&mut conn, 20, 0, 9).await), [id]);
    assert!(subscription::release(&mut conn, id, lease).await.unwrap());
    assert_eq!(store::named_query::alive(&mut conn, &[QUERY, id], &needed[..1]).await.unwrap(), [QUERY]);
    store::api_client::revoke(&mut conn, CLIENT, at(1)).await.unwrap();
    assert!(claim(&mut conn, 21, 0, 9).await.is_empty(), "its key is void");
    assert!(store::named_query::alive(&mut conn, &[QUERY], &[]).await.unwrap().is_empty());
    assert_eq!(store::named_query::delete(&mut conn, CLIENT, "shipped").await.unwrap(), Some(QUERY));
    assert_eq!(subscription::count(&mut conn, CLIENT).await.unwrap(), 0);
}
