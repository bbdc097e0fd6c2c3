//! What several tests need: fixed times, keys that tell where they come from.

use store::event::{EventAction, EventType, NewEvent};
use store::{Bytes32, PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

/// A moment, so many seconds after the 15th of November 2026.
pub fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_794_700_800).unwrap() + Duration::seconds(seconds)
}

/// 32 bytes that differ for different numbers, in no order.
pub fn key(number: u32) -> Bytes32 {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte =
            number.wrapping_mul(2_654_435_761).rotate_left(u32::try_from(place).unwrap()).to_be_bytes()[0];
    }
    bytes[28..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The canonical key of a pack.
pub fn pack(number: u32) -> String {
    format!("01/09521568251204/21/S{number:06}")
}

/// An event as a test needs it.
pub fn event(seq: u64, event_id: &str) -> NewEvent<'_> {
    NewEvent {
        seq,
        captured_at: at(0),
        event_id,
        hash_id: "ni:///sha-256;00?ver=CBV2.0",
        event_type: EventType::Object,
        action: Some(EventAction::Observe),
        event_time: at(-60),
        biz_step: Some("shipping"),
        disposition: None,
        read_point: None,
        biz_location: None,
        body: "{\"type\": \"ObjectEvent\", \"n\": 1.10}",
        salt: key(1),
        commitment: key(2),
        capture_id: None,
        terms: &[],
    }
}

/// A connection of the pool, for statements outside a transaction.
pub async fn conn(pool: &PgPool) -> sqlx::pool::PoolConnection<sqlx::Postgres> {
    pool.acquire().await.unwrap()
}

/// Stores events with new sequence numbers and their identities; returns the numbers.
pub async fn store_events(conn: &mut PgConnection, ids: &[&str]) -> Vec<u64> {
    let seqs = store::event::next_seqs(conn, u32::try_from(ids.len()).unwrap()).await.unwrap();
    let events: Vec<_> = seqs.iter().zip(ids).map(|(seq, id)| event(*seq, id)).collect();
    let identities: Vec<_> = events
        .iter()
        .map(|event| store::event_identity::EventIdentity {
            event_id: event.event_id.to_owned(),
            event_hash: key(9),
            event_seq: event.seq,
            captured_at: event.captured_at,
        })
        .collect();
    store::event_identity::claim(conn, &identities).await.unwrap();
    store::event::insert(conn, &events).await.unwrap();
    seqs
}
