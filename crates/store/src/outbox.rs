//! Table `outbox`: what waits for the ledger, in order.
//!
//! The signer, in one transaction: [`take`], build and sign a batch, [`crate::batch::insert`], [`mark`], commit;
//! only then does it send. When the block is executed: [`of_batch`], [`crate::batch::set_final`], [`delete_batch`].

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{Bytes32, Place, column, column_i64, to_i32, to_i64};
use crate::error::Error;

/// Something for the ledger. An event with many updates has several rows, in order: `commitment` in the first,
/// `last` in the last.
#[derive(Debug, Clone)]
pub struct NewOutboxRow {
    /// The event and its time of capture; `None` for a directory change without one.
    pub event: Option<(u64, OffsetDateTime)>,
    /// The event's commitment.
    pub commitment: Option<Bytes32>,
    /// Status updates in canonical form, one after another.
    pub updates: Vec<u8>,
    /// How many updates those are.
    pub update_count: u32,
    /// Directory changes in canonical form.
    pub changes: Vec<u8>,
    /// Whether it is the event's last row.
    pub last: bool,
    /// When.
    pub created_at: OffsetDateTime,
}

/// A row that waits, or is in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Position in the outbox.
    pub id: u64,
    /// As in [`NewOutboxRow`].
    pub event: Option<(u64, OffsetDateTime)>,
    /// As in [`NewOutboxRow`].
    pub commitment: Option<Bytes32>,
    /// As in [`NewOutboxRow`].
    pub updates: Vec<u8>,
    /// As in [`NewOutboxRow`].
    pub update_count: u32,
    /// As in [`NewOutboxRow`].
    pub changes: Vec<u8>,
    /// As in [`NewOutboxRow`].
    pub last: bool,
    /// As in [`NewOutboxRow`].
    pub created_at: OffsetDateTime,
    /// Position of its commitment among the batch's events, once marked.
    pub leaf: Option<u64>,
}

/// Bounds of one batch.
#[derive(Debug, Clone, Copy)]
pub struct TakeLimits {
    /// Most rows.
    pub rows: u32,
    /// Most status updates.
    pub updates: u64,
    /// Most bytes of updates and changes.
    pub bytes: u64,
}

/// How much waits, up to a bound of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Rows.
    pub rows: u64,
    /// Status updates.
    pub updates: u64,
    /// When the oldest was written.
    pub oldest: Option<OffsetDateTime>,
}

/// Where a row of a batch went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The row.
    pub id: u64,
    /// Position of its commitment among the batch's events, for a row that has one.
    pub leaf: Option<u64>,
}

struct Row {
    id: i64,
    event_seq: Option<i64>,
    captured_at: Option<OffsetDateTime>,
    commitment: Option<Vec<u8>>,
    updates: Vec<u8>,
    update_count: i32,
    changes: Vec<u8>,
    last: bool,
    created_at: OffsetDateTime,
    leaf: Option<i64>,
}

impl TryFrom<Row> for OutboxRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("outbox", row.id);
        let seq = place.u64_or_none("event_seq", row.event_seq)?;
        Ok(OutboxRow {
            id: place.u64("id", row.id)?,
            event: seq.zip(row.captured_at),
            commitment: row.commitment.map(|bytes| place.bytes32("commitment", bytes)).transpose()?,
            updates: row.updates,
            update_count: place.u32("update_count", row.update_count)?,
            changes: row.changes,
            last: row.last,
            created_at: row.created_at,
            leaf: place.u64_or_none("leaf", row.leaf)?,
        })
    }
}

/// Adds rows, in the transaction of their events.
///
/// # Errors
/// [`Error::Conflict`] on a check of table `outbox`.
pub async fn insert(conn: &mut PgConnection, rows: &[NewOutboxRow]) -> Result<(), Error> {
    let seqs: Result<Vec<Option<i64>>, Error> =
        rows.iter().map(|row| row.event.map(|(seq, _)| to_i64("event_seq", seq)).transpose()).collect();
    let counts: Result<Vec<i32>, Error> =
        rows.iter().map(|row| to_i32("update_count", row.update_count)).collect();
    sqlx::query!(
        "INSERT INTO outbox (event_seq, captured_at, commitment, updates, update_count, changes, last, created_at)
         SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::bytea[], $4::bytea[], $5::integer[],
                              $6::bytea[], $7::boolean[], $8::timestamptz[])",
        &seqs? as &[Option<i64>],
        &column(rows, |row| row.event.map(|(_, at)| at)) as &[Option<OffsetDateTime>],
        &column(rows, |row| row.commitment) as &[Option<Bytes32>],
        &column(rows, |row| row.updates.as_slice()) as &[&[u8]],
        &counts?,
        &column(rows, |row| row.changes.as_slice()) as &[&[u8]],
        &column(rows, |row| row.last),
        &column(rows, |row| row.created_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How much waits, counting at most `rows_max` rows.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn waiting(conn: &mut PgConnection, rows_max: u32) -> Result<Waiting, Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "rows!", COALESCE(sum(update_count), 0)::bigint AS "updates!", min(created_at) AS oldest
           FROM (SELECT update_count, created_at FROM outbox WHERE batch_sequence IS NULL ORDER BY id LIMIT $1) AS w"#,
        i64::from(rows_max),
    )
    .fetch_one(conn)
    .await?;
    Ok(Waiting { rows: row.rows.unsigned_abs(), updates: row.updates.unsigned_abs(), oldest: row.oldest })
}

/// The oldest rows that wait, as many as fit the limits and at least one if any waits.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn take(conn: &mut PgConnection, limits: TakeLimits) -> Result<Vec<OutboxRow>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", event_seq, captured_at, commitment, updates AS "updates!",
                  update_count AS "update_count!", changes AS "changes!", last AS "last!",
                  created_at AS "created_at!", leaf
           FROM (SELECT w.*, row_number() OVER so_far AS place, sum(update_count) OVER so_far AS updates_so_far,
                        sum(octet_length(updates) + octet_length(changes)) OVER so_far AS bytes_so_far
                 FROM (SELECT * FROM outbox WHERE batch_sequence IS NULL ORDER BY id LIMIT $1) AS w
                 WINDOW so_far AS (ORDER BY id ROWS UNBOUNDED PRECEDING)) AS s
           WHERE place = 1 OR (updates_so_far <= $2 AND bytes_so_far <= $3)
           ORDER BY id"#,
        i64::from(limits.rows),
        to_i64("updates", limits.updates)?,
        to_i64("bytes", limits.bytes)?,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(OutboxRow::try_from).collect()
}

/// Puts rows into the batch `sequence`, and says so of their events, in the transaction that adds the batch.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn mark(conn: &mut PgConnection, sequence: u64, marks: &[Mark]) -> Result<(), Error> {
    let leaves: Result<Vec<Option<i64>>, Error> =
        marks.iter().map(|mark| mark.leaf.map(|leaf| to_i64("leaf", leaf)).transpose()).collect();
    sqlx::query!(
        "WITH marked AS (
             UPDATE outbox o SET batch_sequence = $1, leaf = m.leaf
             FROM unnest($2::bigint[], $3::bigint[]) AS m (id, leaf)
             WHERE o.id = m.id
             RETURNING o.event_seq, o.captured_at, o.leaf, o.last
         ), events AS (
             SELECT event_seq, captured_at, max(leaf) AS leaf, bool_or(last) AS last
             FROM marked WHERE event_seq IS NOT NULL GROUP BY event_seq, captured_at
         ), continued AS (
             UPDATE event_anchor a SET last_batch_sequence = $1
             FROM events e
             WHERE a.event_seq = e.event_seq AND a.captured_at = e.captured_at AND e.leaf IS NULL AND e.last
         )
         INSERT INTO event_anchor (event_seq, captured_at, batch_sequence, leaf, last_batch_sequence)
         SELECT event_seq, captured_at, $1, leaf, CASE WHEN last THEN $1 END
         FROM events WHERE leaf IS NOT NULL ORDER BY event_seq",
        to_i64("sequence", sequence)?,
        &column_i64("id", marks, |mark| mark.id)?,
        &leaves? as &[Option<i64>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The rows of a batch, in order, until they are deleted.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn of_batch(conn: &mut PgConnection, sequence: u64) -> Result<Vec<OutboxRow>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, event_seq, captured_at, commitment, updates, update_count, changes, last, created_at, leaf
         FROM outbox WHERE batch_sequence = $1 ORDER BY id",
        to_i64("sequence", sequence)?,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(OutboxRow::try_from).collect()
}

/// Deletes the rows of a batch that is final.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn delete_batch(conn: &mut PgConnection, sequence: u64) -> Result<u64, Error> {
    let done = sqlx::query!("DELETE FROM outbox WHERE batch_sequence = $1", to_i64("sequence", sequence)?)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Takes the rows of a batch back that lost its sequence on the chain: they wait again, in their old places.
/// Delete the batch itself with [`crate::batch::delete`].
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn return_batch(conn: &mut PgConnection, sequence: u64) -> Result<u64, Error> {
    let sequence = to_i64("sequence", sequence)?;
    sqlx::query!(
        "DELETE FROM event_anchor a USING outbox o
         WHERE o.batch_sequence = $1 AND o.leaf IS NOT NULL
           AND a.event_seq = o.event_seq AND a.captured_at = o.captured_at",
        sequence,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE event_anchor a SET last_batch_sequence = NULL FROM outbox o
         WHERE o.batch_sequence = $1 AND o.leaf IS NULL AND o.last
           AND a.event_seq = o.event_seq AND a.captured_at = o.captured_at",
        sequence,
    )
    .execute(&mut *conn)
    .await?;
    let returned = sqlx::query!(
        "UPDATE outbox SET batch_sequence = NULL, leaf = NULL WHERE batch_sequence = $1",
        sequence
    )
    .execute(conn)
    .await?;
    Ok(returned.rows_affected())
}
