//! The ledger's side: blocks, batches, records, history, directory, state.

use store::block::{self, StoredBlock};
use store::block_batch::{self, BlockBatch};
use store::directory_entry::{self, DirectoryEntry};
use store::node_state::{self, NodeState};
use store::pending_change::{self, PendingChange};
use store::status_history::{self, StatusChange};
use store::status_record::{self, StatusRow};
use store::testing::TestDatabase;

use crate::support::{at, conn, key};

fn stored(height: u64) -> StoredBlock {
    StoredBlock {
        height,
        hash: key(u32::try_from(height).unwrap()),
        time_ms: 1_794_700_800_000 + height,
        header: vec![1],
        certificate: vec![2; 301],
        results: vec![0; 10],
    }
}

#[tokio::test]
async fn blocks_and_batches_are_stored_once() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    assert_eq!(block::head(&mut conn).await.unwrap(), None);
    for height in 1..=3 {
        block::insert(&mut conn, &stored(height)).await.unwrap();
    }
    assert_eq!(block::insert(&mut conn, &stored(2)).await.unwrap_err().constraint(), Some("block_pkey"));
    assert_eq!(block::head(&mut conn).await.unwrap(), Some(stored(3)));
    assert_eq!(block::find(&mut conn, 2).await.unwrap(), Some(stored(2)));
    assert_eq!(block::range(&mut conn, 2, 9).await.unwrap(), [stored(2), stored(3)]);
    assert_eq!(block::get(&mut conn, &[3, 1, 7]).await.unwrap(), [stored(1), stored(3)]);

    let batch = |height, position, author, sequence| BlockBatch {
        height,
        position,
        author,
        sequence,
        hash: key(90),
        signed: vec![7; 5_000],
    };
    block_batch::insert(&mut conn, &[batch(2, 0, 1, 1), batch(2, 1, 4, 1), batch(3, 0, 4, 2)]).await.unwrap();
    assert_eq!(block_batch::of_block(&mut conn, 2).await.unwrap(), [batch(2, 0, 1, 1), batch(2, 1, 4, 1)]);
    assert_eq!(block_batch::find(&mut conn, 4, 2).await.unwrap(), Some(batch(3, 0, 4, 2)));
    assert_eq!(block_batch::last_of(&mut conn, 4).await.unwrap(), Some(batch(3, 0, 4, 2)));
    assert_eq!(block_batch::last_of(&mut conn, 5).await.unwrap(), None);
    let twice = block_batch::insert(&mut conn, &[batch(3, 1, 4, 2)]).await.unwrap_err();
    assert_eq!(twice.constraint(), Some("block_batch_author_sequence_key"));
}

#[tokio::test]
async fn records_are_copied_updated_and_looked_up_in_the_order_asked() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let row = |number: u32, version: u8| StatusRow { record_key: key(number), record: vec![version; 190] };
    let mut rows: Vec<StatusRow> = (0..5_000).map(|number| row(number, 0)).collect();
    rows.sort_by_key(|row| row.record_key);
    status_record::insert(&mut conn, &rows).await.unwrap();
    status_record::insert(&mut conn, &[]).await.unwrap();
    let twice = status_record::insert(&mut conn, &[row(17, 0)]).await.unwrap_err();
    assert_eq!(twice.constraint(), Some("status_record_pkey"));

    assert_eq!(status_record::update(&mut conn, &[row(17, 1), row(9_999, 1)]).await.unwrap(), 1);
    assert_eq!(status_record::find(&mut conn, &[key(17), key(9_999)]).await.unwrap(), [row(17, 1)]);
    let change =
        |number| PendingChange { record_key: key(number), event_seq: 1, transition: 2, created_at: at(0) };
    pending_change::insert(&mut conn, &[change(18), change(8_888)]).await.unwrap();
    let asked = [key(8_888), key(17), key(9_999), key(18), key(17)];
    let answers = status_record::look_up(&mut conn, &asked).await.unwrap();
    assert_eq!(answers.iter().map(|answer| answer.record_key).collect::<Vec<_>>(), asked);
    let told: Vec<_> = answers
        .iter()
        .map(|answer| (answer.record.as_ref().map(|record| record[0]), answer.pending))
        .collect();
    assert_eq!(told, [(None, Some(2)), (Some(1), None), (None, None), (Some(0), Some(2)), (Some(1), None)]);

    let page = status_record::page(&mut conn, &[], 3).await.unwrap();
    assert_eq!(
        page.iter().map(|row| row.record_key).collect::<Vec<_>>(),
        rows[..3].iter().map(|row| row.record_key).collect::<Vec<_>>()
    );
    let next = status_record::page(&mut conn, &page[2].record_key, 1).await.unwrap();
    assert_eq!(next[0].record_key, rows[3].record_key);
}

#[tokio::test]
async fn a_second_change_of_a_pack_is_refused_here_until_the_first_is_final() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let change = |number, seq| PendingChange {
        record_key: key(number),
        event_seq: seq,
        transition: 3,
        created_at: at(0),
    };
    assert_eq!(pending_change::insert(&mut conn, &[change(1, 1)]).await.unwrap(), [key(1)]);
    let taken = pending_change::insert(&mut conn, &[change(1, 2), change(2, 2)]).await.unwrap();
    assert_eq!(taken, [key(2)]);
    assert_eq!(pending_change::find(&mut conn, &[key(1), key(5)]).await.unwrap(), [change(1, 1)]);
    assert_eq!(pending_change::delete(&mut conn, &[key(1), key(2)]).await.unwrap(), 2);
    assert_eq!(pending_change::insert(&mut conn, &[change(1, 3)]).await.unwrap(), [key(1)]);
}

#[tokio::test]
async fn history_directory_and_state_are_read_back() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let change = |version| StatusChange {
        record_key: key(1),
        version,
        height: u64::from(version) * 10,
        batch: 0,
        item: 4,
    };
    status_history::insert(&mut conn, &[change(2), change(1)]).await.unwrap();
    assert_eq!(status_history::of_record(&mut conn, &key(1), 9).await.unwrap(), [change(1), change(2)]);

    let entry =
        |kind, key: &[u8], height| DirectoryEntry { kind, key: key.to_vec(), body: vec![1, 2], height };
    directory_entry::upsert(&mut conn, &[entry(2, b"p", 0), entry(1, b"o", 0)]).await.unwrap();
    directory_entry::upsert(&mut conn, &[entry(2, b"p", 5), entry(3, b"", 5)]).await.unwrap();
    assert_eq!(
        directory_entry::all(&mut conn).await.unwrap(),
        [entry(1, b"o", 0), entry(2, b"p", 5), entry(3, b"", 5)]
    );
    assert_eq!(
        directory_entry::changed_after(&mut conn, 0).await.unwrap(),
        [entry(2, b"p", 5), entry(3, b"", 5)]
    );
    assert_eq!(directory_entry::find(&mut conn, 2, b"p").await.unwrap(), Some(entry(2, b"p", 5)));

    let state = |height| NodeState {
        height,
        block_hash: key(1),
        results_root: key(2),
        status_root: key(3),
        directory_root: key(4),
        carry: vec![9],
    };
    assert_eq!(node_state::get(&mut conn).await.unwrap(), None);
    assert_eq!(node_state::lock(&mut conn).await.unwrap(), None);
    node_state::set(&mut conn, &state(1)).await.unwrap();
    node_state::set(&mut conn, &state(2)).await.unwrap();
    assert_eq!(node_state::get(&mut conn).await.unwrap(), Some(state(2)));
    assert_eq!(node_state::lock(&mut conn).await.unwrap(), Some(2));
}
