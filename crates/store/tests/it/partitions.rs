//! Partitions made ahead, and rows that came before theirs.

use store::event;
use store::event_epc::{self, EpcRole, EventEpc};
use store::partition;
use store::testing::TestDatabase;

use crate::support::{at, conn, store_events};

async fn rows_in(conn: &mut store::PgConnection, table: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
        .fetch_one(conn)
        .await
        .unwrap()
}

#[tokio::test]
async fn rows_caught_by_the_default_partition_move_into_their_month() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let seqs = store_events(&mut conn, &["early"]).await;
    let epc = EventEpc { epc: "00/x", role: EpcRole::Epc, event_seq: seqs[0], captured_at: at(0) };
    event_epc::insert(&mut conn, &[epc]).await.unwrap();
    assert_eq!(rows_in(&mut conn, "event_default").await, 1);

    assert_eq!(partition::ensure_events(&mut conn, at(0), 2).await.unwrap(), 15);
    assert_eq!(partition::ensure_events(&mut conn, at(0), 2).await.unwrap(), 0);
    assert_eq!(rows_in(&mut conn, "event_default").await, 0);
    assert_eq!(rows_in(&mut conn, "event_2026_11").await, 1);
    assert_eq!(rows_in(&mut conn, "event_epc_2026_11").await, 1);
    assert_eq!(rows_in(&mut conn, "event_search_2026_11").await, 1);
    assert!(event::find(&mut conn, "early").await.unwrap().is_some());
    store_events(&mut conn, &["late"]).await;
    assert_eq!(rows_in(&mut conn, "event_2026_11").await, 2);
    assert_eq!(
        partition::ensure_events(&mut conn, at(31 * 86_400), 2).await.unwrap(),
        5,
        "a month later, one more"
    );
}

#[tokio::test]
async fn history_is_split_by_ten_million_blocks() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    assert_eq!(partition::ensure_history(&mut conn, 0).await.unwrap(), 2);
    assert_eq!(partition::ensure_history(&mut conn, 9_999_999).await.unwrap(), 0);
    assert_eq!(partition::ensure_history(&mut conn, 10_000_000).await.unwrap(), 1);
}

#[tokio::test]
async fn services_that_start_at_once_make_each_partition_once() {
    let database = TestDatabase::new().await;
    let ensure =
        || async { partition::ensure_events(&mut *conn(database.pool()).await, at(0), 1).await.unwrap() };
    let (one, two, three) = tokio::join!(ensure(), ensure(), ensure());
    assert_eq!(one + two + three, 10);
}
