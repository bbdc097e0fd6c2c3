//! Events: captured once, found again, searched.

use store::event::{self, EventState};
use store::event_epc::{self, EpcRole, EventEpc};
use store::event_identity::{self, EventIdentity};
use store::testing::TestDatabase;
use store::tx;

use crate::support::{at, conn, event, key, pack, store_events};

#[tokio::test]
async fn an_event_is_read_back_as_it_was_written() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let seqs = store_events(&mut conn, &["urn:uuid:1", "urn:uuid:2"]).await;
    assert!(seqs[0] < seqs[1]);
    let found = event::find(&mut conn, "urn:uuid:2").await.unwrap().unwrap();
    let written = event(seqs[1], "urn:uuid:2");
    assert_eq!(found.body, written.body, "byte for byte, spaces and final zeros included");
    assert_eq!((found.seq, found.salt, found.commitment), (written.seq, written.salt, written.commitment));
    assert_eq!((found.captured_at, found.event_time), (written.captured_at, written.event_time));
    assert_eq!(found.state(), EventState::Captured);
    assert!(event::find(&mut conn, "urn:uuid:3").await.unwrap().is_none());
    assert_eq!(event::get(&mut conn, &[(seqs[1], at(0)), (seqs[0], at(0))]).await.unwrap()[0].seq, seqs[0]);
    assert_eq!(event::page(&mut conn, seqs[0], 10).await.unwrap(), [found]);
}

#[tokio::test]
async fn of_two_captures_of_one_event_at_the_same_instant_one_is_new() {
    let database = TestDatabase::new().await;
    let pool = database.pool();
    let identity = |seq| EventIdentity {
        event_id: "urn:uuid:same".to_owned(),
        event_hash: key(9),
        event_seq: seq,
        captured_at: at(0),
    };
    let claim = |seq| async move {
        tx(pool, "claim", |conn| {
            let identity = identity(seq);
            Box::pin(async move { event_identity::claim(conn, &[identity]).await })
        })
        .await
        .unwrap()
        .len()
    };
    let (one, two, three) = tokio::join!(claim(1), claim(2), claim(3));
    assert_eq!(one + two + three, 1);
    let known =
        event_identity::find(&mut *conn(pool).await, &["urn:uuid:same", "urn:uuid:other"]).await.unwrap();
    assert_eq!(known.len(), 1);
}

#[tokio::test]
async fn identifiers_are_copied_and_lead_to_their_events() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let seqs = store_events(&mut conn, &["urn:uuid:1", "urn:uuid:2"]).await;
    let names: Vec<String> = (0..5_000).map(pack).collect();
    let captured_at = at(0) + time::Duration::microseconds(123_456);
    let rows: Vec<EventEpc<'_>> = names
        .iter()
        .map(|epc| EventEpc { epc, role: EpcRole::Child, event_seq: seqs[0], captured_at })
        .chain([EventEpc { epc: &names[7], role: EpcRole::Epc, event_seq: seqs[1], captured_at: at(0) }])
        .collect();
    event_epc::insert(&mut conn, &rows).await.unwrap();
    event_epc::insert(&mut conn, &[]).await.unwrap();
    let found = event_epc::events_of(&mut conn, &pack(7), 10).await.unwrap();
    assert_eq!(
        found.iter().map(|row| (row.role, row.event_seq)).collect::<Vec<_>>(),
        [(EpcRole::Child, seqs[0]), (EpcRole::Epc, seqs[1])]
    );
    assert_eq!(found[0].captured_at, captured_at, "to the microsecond");
    assert_eq!(event_epc::events_of(&mut conn, &pack(4_999), 10).await.unwrap().len(), 1);
}
