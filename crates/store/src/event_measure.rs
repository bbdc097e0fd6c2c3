//! Table `event_measure`: numbers and times that events are compared by.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{column, column_i64};
use crate::error::Error;

/// One measure of one event.
#[derive(Debug, Clone, Copy)]
pub struct EventMeasure<'a> {
    /// The name, see [`epcis::query::EventIndex::measures`].
    pub name: &'a str,
    /// The number as text; a time in microseconds since 1970 UTC.
    pub value: &'a str,
    /// The event's sequence number.
    pub event_seq: u64,
    /// The event's time of capture.
    pub captured_at: OffsetDateTime,
}

/// Adds rows: all those of an event at once.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Sqlx`] for a text that is no number.
pub async fn insert(conn: &mut PgConnection, rows: &[EventMeasure<'_>]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO event_measure (name, value, event_seq, captured_at, several)
         SELECT name, value::numeric, event_seq, captured_at, count(*) OVER (PARTITION BY event_seq, name) > 1
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[])
                     AS r (name, value, event_seq, captured_at)",
        &column(rows, |row| row.name) as &[&str],
        &column(rows, |row| row.value) as &[&str],
        &column_i64("event_seq", rows, |row| row.event_seq)?,
        &column(rows, |row| row.captured_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}
