//! `tx`: commits, rolls back, does interrupted work again, and says when the database is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use store::limits::TX_ATTEMPTS_MAX;
use store::testing::TestDatabase;
use store::{Error, lookup_log, node_state, tx};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::support::{at, conn, key};

fn lookup(number: u128) -> lookup_log::Lookup {
    lookup_log::Lookup {
        id: Uuid::from_u128(number),
        client_id: Uuid::nil(),
        at: at(0),
        reason: "r".to_owned(),
        case_number: "c".to_owned(),
        subject: "s".to_owned(),
        result: "r".to_owned(),
    }
}

#[tokio::test]
async fn an_error_leaves_nothing_behind() {
    let database = TestDatabase::new().await;
    let failed: Result<(), Error> = tx(database.pool(), "fails", |conn| {
        Box::pin(async move {
            lookup_log::insert(conn, &lookup(1)).await?;
            lookup_log::insert(conn, &lookup(1)).await
        })
    })
    .await;
    assert_eq!(failed.unwrap_err().constraint(), Some("lookup_log_pkey"));
    assert!(lookup_log::list(&mut *conn(database.pool()).await, None, 9).await.unwrap().is_empty());
}

/// Locks two rows in an order; two of these in opposite orders deadlock.
async fn cross(database: &TestDatabase, barrier: Arc<Barrier>, order: [i64; 2], attempts: &AtomicU32) {
    tx(database.pool(), "cross", |conn| {
        let barrier = barrier.clone();
        let first = attempts.fetch_add(1, Ordering::SeqCst) < 2;
        Box::pin(async move {
            for (place, number) in order.into_iter().enumerate() {
                if place == 1 && first {
                    barrier.wait().await;
                }
                sqlx::query("UPDATE block SET time_ms = time_ms + 1 WHERE height = $1")
                    .bind(number)
                    .execute(&mut *conn)
                    .await?;
            }
            Ok::<(), Error>(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn two_transactions_that_wait_for_each_other_both_succeed() {
    let database = TestDatabase::new().await;
    for number in [1_u32, 2] {
        let block = store::block::StoredBlock {
            height: u64::from(number),
            hash: key(number),
            time_ms: 0,
            header: Vec::new(),
            certificate: Vec::new(),
            results: Vec::new(),
        };
        store::block::insert(&mut *conn(database.pool()).await, &block).await.unwrap();
    }
    let (barrier, attempts) = (Arc::new(Barrier::new(2)), AtomicU32::new(0));
    tokio::join!(
        cross(&database, barrier.clone(), [1, 2], &attempts),
        cross(&database, barrier.clone(), [2, 1], &attempts)
    );
    // The victim, done again, may take its first row before the other one wakes, and meet it once more.
    assert!(attempts.load(Ordering::SeqCst) >= 3, "one of the two was done again");
    let blocks = store::block::range(&mut *conn(database.pool()).await, 0, 9).await.unwrap();
    assert_eq!(blocks.iter().map(|block| block.time_ms).collect::<Vec<_>>(), [2, 2]);
}

#[tokio::test]
async fn work_that_is_always_interrupted_is_given_up() {
    let database = TestDatabase::new().await;
    let attempts = AtomicU32::new(0);
    let given_up: Result<(), Error> = tx(database.pool(), "never", |conn| {
        attempts.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            sqlx::query("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
                .execute(conn)
                .await?;
            Ok(())
        })
    })
    .await;
    assert!(matches!(given_up, Err(Error::Interrupted(_))));
    assert_eq!(attempts.load(Ordering::SeqCst), TX_ATTEMPTS_MAX);
}

#[tokio::test]
async fn a_connection_that_breaks_is_unavailable_and_the_pool_recovers() {
    let database = TestDatabase::new().await;
    let broken: Result<(), Error> = tx(database.pool(), "breaks", |conn| {
        Box::pin(async move {
            let killed =
                sqlx::query("SELECT pg_terminate_backend(pg_backend_pid())").execute(&mut *conn).await;
            killed.map(|_| ()).map_err(Error::from)
        })
    })
    .await;
    assert!(broken.unwrap_err().is_transient());
    let state =
        tx(database.pool(), "again", |conn| Box::pin(async move { node_state::get(conn).await })).await;
    assert_eq!(state.unwrap(), None);
}
