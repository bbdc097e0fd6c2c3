//! Tables `known_event` and `known_event_epc`: events of other organisations, received with a checked receipt.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{Bytes32, Place, column};
use crate::copy::CopyRows;
use crate::error::Error;
use crate::event_epc::EpcRole;

/// An event of another organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEvent {
    /// Organisation that anchored it.
    pub author: u32,
    /// eventID, or the Event Hash ID.
    pub event_id: String,
    /// Commitment, as the receipt proves it.
    pub commitment: Bytes32,
    /// What was disclosed of the commitment's leaves, as received.
    pub disclosure: Vec<u8>,
    /// Receipt, as received.
    pub receipt: Vec<u8>,
    /// EPCIS 2.0 JSON.
    pub body: String,
    /// When it was received.
    pub received_at: OffsetDateTime,
}

struct Row {
    seq: i64,
    author: i64,
    event_id: String,
    commitment: Vec<u8>,
    disclosure: Vec<u8>,
    receipt: Vec<u8>,
    body: String,
    received_at: OffsetDateTime,
}

impl TryFrom<Row> for KnownEvent {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("known_event", row.seq);
        Ok(KnownEvent {
            author: place.u32("author", row.author)?,
            commitment: place.bytes32("commitment", row.commitment)?,
            event_id: row.event_id,
            disclosure: row.disclosure,
            receipt: row.receipt,
            body: row.body,
            received_at: row.received_at,
        })
    }
}

/// Stores events with the identifiers that occur in them. One that is known is left as it is. Returns, in the
/// order given, whether each was new.
///
/// # Errors
/// [`Error::Inconsistent`]; [`Error::Interrupted`].
pub async fn insert(
    conn: &mut PgConnection,
    events: &[(KnownEvent, Vec<(String, EpcRole)>)],
) -> Result<Vec<bool>, Error> {
    let added = sqlx::query!(
        "INSERT INTO known_event (author, event_id, commitment, disclosure, receipt, body, received_at)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[],
                              $7::timestamptz[])
                       AS r (author, event_id, commitment, disclosure, receipt, body, received_at)
         ORDER BY author, event_id
         ON CONFLICT ON CONSTRAINT known_event_author_event_id_key DO NOTHING
         RETURNING seq, author, event_id",
        &column(events, |(event, _)| i64::from(event.author)),
        &column(events, |(event, _)| event.event_id.as_str()) as &[&str],
        &column(events, |(event, _)| event.commitment) as &[Bytes32],
        &column(events, |(event, _)| event.disclosure.as_slice()) as &[&[u8]],
        &column(events, |(event, _)| event.receipt.as_slice()) as &[&[u8]],
        &column(events, |(event, _)| event.body.as_str()) as &[&str],
        &column(events, |(event, _)| event.received_at),
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut new = vec![false; events.len()];
    let mut copy = CopyRows::new(3, events.len(), 64);
    for row in added {
        let same =
            |event: &KnownEvent| i64::from(event.author) == row.author && event.event_id == row.event_id;
        let Some(position) = events.iter().position(|(event, _)| same(event)) else {
            continue;
        };
        new[position] = true;
        for (epc, role) in &events[position].1 {
            copy.row().bytes(epc.as_bytes()).i16(role.code()).i64(row.seq);
        }
    }
    copy.send(conn, "COPY known_event_epc (epc, role, known_seq) FROM STDIN (FORMAT BINARY)").await?;
    Ok(new)
}

/// One event.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, author: u32, event_id: &str) -> Result<Option<KnownEvent>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT seq, author, event_id, commitment, disclosure, receipt, body, received_at FROM known_event
         WHERE author = $1 AND event_id = $2",
        i64::from(author),
        event_id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(KnownEvent::try_from).transpose()
}

/// The events in which any of `epcs` occurs, in the order received, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn of_epcs(conn: &mut PgConnection, epcs: &[&str], limit: u32) -> Result<Vec<KnownEvent>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT e.seq, e.author, e.event_id, e.commitment, e.disclosure, e.receipt, e.body, e.received_at
           FROM (SELECT DISTINCT x.known_seq FROM unnest($1::text[]) AS k (epc)
                 JOIN known_event_epc x ON x.epc = k.epc ORDER BY x.known_seq LIMIT $2) AS s
           JOIN known_event e ON e.seq = s.known_seq ORDER BY e.seq"#,
        epcs as &[&str],
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(KnownEvent::try_from).collect()
}
