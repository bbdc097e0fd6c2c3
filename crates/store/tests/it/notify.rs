//! Signals between processes.

use std::time::Duration;

use store::notify::{Listener, Signal, Waker, final_height};
use store::testing::TestDatabase;

use crate::support::conn;

/// The next signal, or a failure instead of a test that hangs.
async fn next(listener: &mut Listener) -> Signal {
    tokio::time::timeout(Duration::from_secs(30), listener.next()).await.expect("a signal comes").unwrap()
}

#[tokio::test]
async fn a_final_height_is_heard_when_its_transaction_commits() {
    let database = TestDatabase::new().await;
    let mut listener = Listener::connect(database.pool()).await.unwrap();
    let mut lost = database.pool().begin().await.unwrap();
    final_height(&mut lost, 6).await.unwrap();
    lost.rollback().await.unwrap();
    let mut kept = database.pool().begin().await.unwrap();
    final_height(&mut kept, 7).await.unwrap();
    kept.commit().await.unwrap();
    assert_eq!(next(&mut listener).await, Signal::Final { height: 7 });
}

#[tokio::test]
async fn many_wake_ups_become_few_and_none_is_lost() {
    let database = TestDatabase::new().await;
    let mut listener = Listener::connect(database.pool()).await.unwrap();
    let waker = Waker::start(database.pool().clone());
    for _ in 0..1_000 {
        waker.wake();
    }
    assert_eq!(next(&mut listener).await, Signal::Wake);
    waker.wake();
    assert_eq!(next(&mut listener).await, Signal::Wake);
    let mut kept = database.pool().begin().await.unwrap();
    final_height(&mut kept, 1).await.unwrap();
    kept.commit().await.unwrap();
    let mut more = 0;
    while next(&mut listener).await == Signal::Wake {
        more += 1;
    }
    assert!(more < 10, "{more}");
}

#[tokio::test]
async fn a_listener_says_that_it_may_have_missed_something() {
    let database = TestDatabase::new().await;
    let mut listener = Listener::connect(database.pool()).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'")
        .execute(&mut *conn(database.pool()).await)
        .await
        .unwrap();
    assert_eq!(next(&mut listener).await, Signal::Reconnected);
}
