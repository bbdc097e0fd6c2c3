//! The outbox and the chain of batches: every row in exactly one batch, whatever happens to the batch.

use std::time::Duration;

use store::event::{self, EventState};
use store::outbox::{self, Mark, NewOutboxRow, TakeLimits};
use store::signer_lock::SignerLock;
use store::testing::TestDatabase;
use store::{PgConnection, batch};

use crate::support::{at, conn, key, store_events};

const ALL: TakeLimits = TakeLimits { rows: 100, updates: 1_000, bytes: 100_000 };

fn row(event: Option<u64>, first: bool, last: bool, update_count: u32) -> NewOutboxRow {
    NewOutboxRow {
        event: event.map(|seq| (seq, at(0))),
        commitment: (first && event.is_some()).then(|| key(5)),
        updates: vec![1; 10 * usize::try_from(update_count).unwrap()],
        update_count,
        changes: Vec::new(),
        last,
        created_at: at(1),
    }
}

async fn state(conn: &mut PgConnection, event_id: &str) -> EventState {
    event::find(conn, event_id).await.unwrap().unwrap().state()
}

#[tokio::test]
async fn rows_are_taken_in_order_up_to_each_limit_and_at_least_one() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let rows: Vec<_> = (0..5).map(|_| row(None, true, true, 100)).collect();
    outbox::insert(&mut conn, &rows).await.unwrap();
    let mut taken = Vec::new();
    for limits in [
        ALL,
        TakeLimits { rows: 3, ..ALL },
        TakeLimits { updates: 250, ..ALL },
        TakeLimits { bytes: 4_999, ..ALL },
        TakeLimits { updates: 1, bytes: 1, ..ALL },
    ] {
        taken.push(outbox::take(&mut conn, limits).await.unwrap().len());
    }
    assert_eq!(taken, [5, 3, 2, 4, 1]);
    let waiting = outbox::waiting(&mut conn, 4).await.unwrap();
    assert_eq!((waiting.rows, waiting.updates, waiting.oldest), (4, 400, Some(at(1))));
}

#[tokio::test]
async fn an_event_is_captured_then_batched_then_final_with_its_last_update() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let seqs = store_events(&mut conn, &["long", "short"]).await;
    let rows = [
        row(Some(seqs[0]), true, false, 3),
        row(Some(seqs[0]), false, true, 3),
        row(Some(seqs[1]), true, true, 1),
    ];
    outbox::insert(&mut conn, &rows).await.unwrap();
    let taken = outbox::take(&mut conn, ALL).await.unwrap();
    assert_eq!(taken[0].event, Some((seqs[0], at(0))));
    assert_eq!((taken[0].commitment, taken[1].commitment), (Some(key(5)), None));

    batch::insert(&mut conn, 1, &key(11), b"signed one", at(2)).await.unwrap();
    outbox::mark(&mut conn, 1, &[Mark { id: taken[0].id, leaf: Some(0) }]).await.unwrap();
    assert_eq!(state(&mut conn, "long").await, EventState::Captured, "half of it waits");
    batch::insert(&mut conn, 2, &key(12), b"signed two", at(3)).await.unwrap();
    let marks = [Mark { id: taken[1].id, leaf: None }, Mark { id: taken[2].id, leaf: Some(0) }];
    outbox::mark(&mut conn, 2, &marks).await.unwrap();
    assert_eq!(state(&mut conn, "long").await, EventState::Batched);
    assert!(outbox::take(&mut conn, ALL).await.unwrap().is_empty());
    assert_eq!(batch::unfinished(&mut conn, 9).await.unwrap().len(), 2);
    let twice = batch::insert(&mut conn, 2, &key(13), b"another", at(4)).await.unwrap_err();
    assert_eq!(twice.constraint(), Some("batch_pkey"));

    assert!(batch::set_final(&mut conn, 1, 40).await.unwrap());
    assert!(!batch::set_final(&mut conn, 1, 41).await.unwrap());
    assert_eq!(outbox::delete_batch(&mut conn, 1).await.unwrap(), 1);
    assert_eq!(
        state(&mut conn, "long").await,
        EventState::Batched,
        "its leaf is final, its last update is not"
    );
    assert_eq!(outbox::of_batch(&mut conn, 2).await.unwrap()[1].leaf, Some(0));
    assert!(batch::set_final(&mut conn, 2, 41).await.unwrap());
    assert_eq!(state(&mut conn, "long").await, EventState::Final { height: 41 });
    let anchor = event::find(&mut conn, "long").await.unwrap().unwrap().anchor.unwrap();
    assert_eq!((anchor.batch_sequence, anchor.leaf, anchor.height), (1, 0, Some(40)));
    assert_eq!(batch::find(&mut conn, 2).await.unwrap().unwrap().signed, b"", "block_batch has the bytes");
}

#[tokio::test]
async fn rows_of_a_batch_that_lost_its_sequence_wait_again_in_their_places() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let seqs = store_events(&mut conn, &["one", "two"]).await;
    let rows = [
        row(Some(seqs[0]), true, false, 1),
        row(Some(seqs[0]), false, true, 1),
        row(Some(seqs[1]), true, true, 1),
    ];
    outbox::insert(&mut conn, &rows).await.unwrap();
    let before = outbox::take(&mut conn, ALL).await.unwrap();
    batch::insert(&mut conn, 1, &key(1), b"kept", at(2)).await.unwrap();
    outbox::mark(&mut conn, 1, &[Mark { id: before[0].id, leaf: Some(0) }]).await.unwrap();
    batch::insert(&mut conn, 2, &key(2), b"lost", at(2)).await.unwrap();
    let marks = [Mark { id: before[1].id, leaf: None }, Mark { id: before[2].id, leaf: Some(0) }];
    outbox::mark(&mut conn, 2, &marks).await.unwrap();

    assert_eq!(outbox::return_batch(&mut conn, 2).await.unwrap(), 2);
    assert!(batch::delete(&mut conn, 2).await.unwrap());
    assert!(batch::replace_signed(&mut conn, 1, b"signed by the new key").await.unwrap());
    assert_eq!(outbox::take(&mut conn, ALL).await.unwrap(), before[1..]);
    assert_eq!(state(&mut conn, "one").await, EventState::Captured);
    assert_eq!(state(&mut conn, "two").await, EventState::Captured);
    assert_eq!(batch::find(&mut conn, 1).await.unwrap().unwrap().signed, b"signed by the new key");
}

#[tokio::test]
async fn there_is_one_signer_and_the_next_follows_when_it_is_gone() {
    let database = TestDatabase::new().await;
    let mut first = SignerLock::try_acquire(database.pool()).await.unwrap().unwrap();
    assert!(SignerLock::try_acquire(database.pool()).await.unwrap().is_none());
    assert!(SignerLock::acquire(database.pool(), Duration::ZERO).await.unwrap().is_none());
    first.check().await.unwrap();
    let patient = SignerLock::acquire(database.pool(), Duration::from_secs(60));
    let (second, released) = tokio::join!(patient, first.release());
    released.unwrap();
    let mut second = second.unwrap().unwrap();

    sqlx::query("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
        .execute(database.pool())
        .await
        .unwrap();
    assert!(second.check().await.is_err(), "a signer whose connection is gone learns it");
    assert!(SignerLock::try_acquire(database.pool()).await.unwrap().is_some());
}
