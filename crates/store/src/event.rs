//! Tables `event` and `event_anchor`: this organisation's EPCIS events, and where each is on the ledger.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Bytes32, Place, array_literal, column, column_i64, stored_enum, to_i64};
use crate::error::Error;

mod search;
pub use search::{Found, Position, Search, arrived, count, horizon, newest, search};
#[cfg(feature = "testing")]
pub use search::{each_way, explain};

stored_enum! {
    /// The five event types of EPCIS 2.0.
    EventType {
        /// ObjectEvent.
        Object = 1,
        /// AggregationEvent.
        Aggregation = 2,
        /// TransactionEvent.
        Transaction = 3,
        /// TransformationEvent.
        Transformation = 4,
        /// AssociationEvent.
        Association = 5,
    }
}

stored_enum! {
    /// The action of an event.
    EventAction {
        /// ADD.
        Add = 1,
        /// OBSERVE.
        Observe = 2,
        /// DELETE.
        Delete = 3,
    }
}

/// An event to be stored. Its identity is claimed before, with [`crate::event_identity::claim`].
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// From [`next_seqs`].
    pub seq: u64,
    /// recordTime.
    pub captured_at: OffsetDateTime,
    /// eventID, or the Event Hash ID when the document gave none.
    pub event_id: &'a str,
    /// Event Hash ID.
    pub hash_id: &'a str,
    /// Event type.
    pub event_type: EventType,
    /// Action, where the type has one.
    pub action: Option<EventAction>,
    /// eventTime.
    pub event_time: OffsetDateTime,
    /// bizStep.
    pub biz_step: Option<&'a str>,
    /// disposition.
    pub disposition: Option<&'a str>,
    /// readPoint.
    pub read_point: Option<&'a str>,
    /// bizLocation.
    pub biz_location: Option<&'a str>,
    /// Canonical EPCIS 2.0 JSON.
    pub body: &'a str,
    /// Salt of the commitment.
    pub salt: Bytes32,
    /// Commitment.
    pub commitment: Bytes32,
    /// The capture job it came with.
    pub capture_id: Option<Uuid>,
    /// What it is found by: the terms of its [`epcis::query::EventIndex`].
    pub terms: &'a [String],
}

/// Where an event is on the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The batch that holds the event's commitment.
    pub batch_sequence: u64,
    /// The leaf's position in that batch.
    pub leaf: u64,
    /// Height of the block that holds that batch.
    pub height: Option<u64>,
    /// The batch that holds the last of its updates; `None` while some wait.
    pub last_batch_sequence: Option<u64>,
    /// Height of the block that holds that one.
    pub last_height: Option<u64>,
}

/// An event's state: the same words in code, logs and API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    /// Waits in the outbox, wholly or in part.
    Captured,
    /// In signed batches that are not all in a block.
    Batched,
    /// In a decided and executed block, with all of its updates.
    Final {
        /// The block that made it so.
        height: u64,
    },
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Position in this organisation's capture order.
    pub seq: u64,
    /// recordTime.
    pub captured_at: OffsetDateTime,
    /// eventID, or the Event Hash ID.
    pub event_id: String,
    /// Event Hash ID.
    pub hash_id: String,
    /// Event type.
    pub event_type: EventType,
    /// eventTime.
    pub event_time: OffsetDateTime,
    /// Canonical EPCIS 2.0 JSON.
    pub body: String,
    /// Salt of the commitment.
    pub salt: Bytes32,
    /// Commitment.
    pub commitment: Bytes32,
    /// The capture job it came with.
    pub capture_id: Option<Uuid>,
    /// Where it is on the ledger; `None`: in the outbox only.
    pub anchor: Option<Anchor>,
}

impl StoredEvent {
    /// Its state.
    pub fn state(&self) -> EventState {
        match self.anchor {
            None | Some(Anchor { last_batch_sequence: None, .. }) => EventState::Captured,
            Some(Anchor { last_height: Some(height), .. }) => EventState::Final { height },
            Some(_) => EventState::Batched,
        }
    }
}

/// Takes `count` sequence numbers, ascending. Those of a transaction that rolls back are never used. Until the
/// transaction ends, [`horizon`] stays below them.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn next_seqs(conn: &mut PgConnection, count: u32) -> Result<Vec<u64>, Error> {
    let seqs =
        sqlx::query_scalar!(r#"SELECT seq AS "seq!" FROM take_event_seqs($1) AS seq"#, i64::from(count),)
            .fetch_all(conn)
            .await?;
    seqs.into_iter().map(|seq| Place::new("event", seq).u64("seq", seq)).collect()
}

/// Stores events.
///
/// # Errors
/// [`Error::Conflict`] on a check of table `event`.
pub async fn insert(conn: &mut PgConnection, events: &[NewEvent<'_>]) -> Result<(), Error> {
    sqlx::query!(
        "WITH new AS (
             SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::smallint[],
                                  $6::smallint[], $7::timestamptz[], $8::text[], $9::text[], $10::text[],
                                  $11::text[], $12::text[], $13::bytea[], $14::bytea[], $15::uuid[], $16::text[])
                       AS n (seq, captured_at, event_id, hash_id, event_type, action, event_time, biz_step,
                             disposition, read_point, biz_location, body, salt, commitment, capture_id, terms)
         ), found_by AS (
             INSERT INTO event_search (event_seq, captured_at, event_time, terms)
             SELECT seq, captured_at, event_time, terms::text[] FROM new
         )
         INSERT INTO event (seq, captured_at, event_id, hash_id, event_type, action, event_time, biz_step,
                            disposition, read_point, biz_location, body, salt, commitment, capture_id)
         SELECT seq, captured_at, event_id, hash_id, event_type, action, event_time, biz_step, disposition,
                read_point, biz_location, body, salt, commitment, capture_id FROM new",
        &column_i64("seq", events, |event| event.seq)?,
        &column(events, |event| event.captured_at),
        &column(events, |event| event.event_id) as &[&str],
        &column(events, |event| event.hash_id) as &[&str],
        &column(events, |event| event.event_type.code()),
        &column(events, |event| event.action.map(EventAction::code)) as &[Option<i16>],
        &column(events, |event| event.event_time),
        &column(events, |event| event.biz_step) as &[Option<&str>],
        &column(events, |event| event.disposition) as &[Option<&str>],
        &column(events, |event| event.read_point) as &[Option<&str>],
        &column(events, |event| event.biz_location) as &[Option<&str>],
        &column(events, |event| event.body) as &[&str],
        &column(events, |event| event.salt) as &[Bytes32],
        &column(events, |event| event.commitment) as &[Bytes32],
        &column(events, |event| event.capture_id) as &[Option<Uuid>],
        &column(events, |event| array_literal(event.terms)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One event by its eventID (or, where it has none, its Event Hash ID).
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, event_id: &str) -> Result<Option<StoredEvent>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT e.seq, e.captured_at, e.event_id, e.hash_id, e.event_type, e.event_time, e.body, e.salt,
                  e.commitment, e.capture_id, a.batch_sequence AS "batch_sequence?", a.leaf AS "leaf?",
                  a.last_batch_sequence, b.height AS "height?", l.height AS "last_height?"
           FROM event_identity i
           JOIN event e ON e.seq = i.event_seq AND e.captured_at = i.captured_at
           LEFT JOIN event_anchor a ON a.event_seq = e.seq AND a.captured_at = e.captured_at
           LEFT JOIN batch b ON b.sequence = a.batch_sequence
           LEFT JOIN batch l ON l.sequence = a.last_batch_sequence
           WHERE i.event_id = $1"#,
        event_id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(StoredEvent::try_from).transpose()
}

/// Events by sequence number and time of capture, in capture order.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn get(conn: &mut PgConnection, keys: &[(u64, OffsetDateTime)]) -> Result<Vec<StoredEvent>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT e.seq, e.captured_at, e.event_id, e.hash_id, e.event_type, e.event_time, e.body, e.salt,
                  e.commitment, e.capture_id, a.batch_sequence AS "batch_sequence?", a.leaf AS "leaf?",
                  a.last_batch_sequence, b.height AS "height?", l.height AS "last_height?"
           FROM unnest($1::bigint[], $2::timestamptz[]) AS k (seq, captured_at)
           JOIN event e ON e.seq = k.seq AND e.captured_at = k.captured_at
           LEFT JOIN event_anchor a ON a.event_seq = e.seq AND a.captured_at = e.captured_at
           LEFT JOIN batch b ON b.sequence = a.batch_sequence
           LEFT JOIN batch l ON l.sequence = a.last_batch_sequence
           ORDER BY e.seq"#,
        &column_i64("seq", keys, |key| key.0)?,
        &column(keys, |key| key.1),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(StoredEvent::try_from).collect()
}

/// Events in capture order after `after`, at most `limit`: for audits, which read everything.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn page(conn: &mut PgConnection, after: u64, limit: u32) -> Result<Vec<StoredEvent>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT e.seq, e.captured_at, e.event_id, e.hash_id, e.event_type, e.event_time, e.body, e.salt,
                  e.commitment, e.capture_id, a.batch_sequence AS "batch_sequence?", a.leaf AS "leaf?",
                  a.last_batch_sequence, b.height AS "height?", l.height AS "last_height?"
           FROM event e
           LEFT JOIN event_anchor a ON a.event_seq = e.seq AND a.captured_at = e.captured_at
           LEFT JOIN batch b ON b.sequence = a.batch_sequence
           LEFT JOIN batch l ON l.sequence = a.last_batch_sequence
           WHERE e.seq > $1 ORDER BY e.seq LIMIT $2"#,
        to_i64("seq", after)?,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(StoredEvent::try_from).collect()
}

struct Row {
    seq: i64,
    captured_at: OffsetDateTime,
    event_id: String,
    hash_id: String,
    event_type: i16,
    event_time: OffsetDateTime,
    body: String,
    salt: Vec<u8>,
    commitment: Vec<u8>,
    capture_id: Option<Uuid>,
    batch_sequence: Option<i64>,
    leaf: Option<i64>,
    last_batch_sequence: Option<i64>,
    height: Option<i64>,
    last_height: Option<i64>,
}

impl TryFrom<Row> for StoredEvent {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("event", row.seq);
        let anchored = Place::new("event_anchor", row.seq);
        let anchor = match (row.batch_sequence, row.leaf) {
            (Some(batch), Some(leaf)) => Some(Anchor {
                batch_sequence: anchored.u64("batch_sequence", batch)?,
                leaf: anchored.u64("leaf", leaf)?,
                height: anchored.u64_or_none("height", row.height)?,
                last_batch_sequence: anchored.u64_or_none("last_batch_sequence", row.last_batch_sequence)?,
                last_height: anchored.u64_or_none("height", row.last_height)?,
            }),
            _ => None,
        };
        Ok(StoredEvent {
            seq: place.u64("seq", row.seq)?,
            captured_at: row.captured_at,
            event_id: row.event_id,
            hash_id: row.hash_id,
            event_type: EventType::from_code(row.event_type)
                .ok_or_else(|| place.fault("event_type", "unknown code"))?,
            event_time: row.event_time,
            body: row.body,
            salt: place.bytes32("salt", row.salt)?,
            commitment: place.bytes32("commitment", row.commitment)?,
            capture_id: row.capture_id,
            anchor,
        })
    }
}
