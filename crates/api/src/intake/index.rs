//! The index of events, kept up besides capture: events that are older than the index, and the values that occur.

use epcis::query::EventIndex;
use epcis::{Document, Format, Limits};
use store::event::StoredEvent;
use store::event_measure::EventMeasure;
use store::{PgConnection, PgPool, event_value};
use tokio_util::sync::CancellationToken;

use crate::problem::Problem;

/// Events indexed in one transaction: some milliseconds each where they are large.
const EVENTS_AT_ONCE: u32 = 200;

/// Brings the index up to date, until told to stop.
///
/// # Errors
/// What the store fails with; `internal` for an event that does not read back.
pub(crate) async fn index(pool: &PgPool, stop: &CancellationToken) -> Result<(), Problem> {
    while !stop.is_cancelled() && !store::tx(pool, "index_events", |conn| Box::pin(older(conn))).await? {}
    while !stop.is_cancelled()
        && !store::tx(pool, "list_values", |conn| Box::pin(event_value::catch_up(conn))).await?
    {}
    Ok(())
}

/// Adds some events that were captured before there was an index. Says whether those were the last.
async fn older(conn: &mut PgConnection) -> Result<bool, Problem> {
    let Some((from, until)) = event_value::not_indexed(conn).await? else { return Ok(true) };
    let events = store::event::page(conn, from.saturating_sub(1), EVENTS_AT_ONCE).await?;
    let older: Vec<&StoredEvent> = events.iter().filter(|event| event.seq <= until).collect();
    for event in &older {
        add(conn, event).await?;
    }
    let next = older.last().map_or(until, |event| event.seq).saturating_add(1);
    event_value::indexed(conn, next).await?;
    tracing::info!(event.seq = next, "events of before are indexed up to here");
    Ok(next > until)
}

async fn add(conn: &mut PgConnection, stored: &StoredEvent) -> Result<(), Problem> {
    let bytes = stored.body.as_bytes();
    let limits = Limits { document_bytes_max: bytes.len(), ..Limits::default() };
    let read = Document::parse(bytes, Format::Json, &limits).ok();
    let event = read.and_then(|mut document| document.events.pop());
    let event = event.ok_or_else(|| Problem::internal(format!("event {} does not read back", stored.seq)))?;
    let (terms, measures) = EventIndex::of(&event).into_texts();
    event_value::index(conn, stored, &terms).await?;
    let rows: Vec<EventMeasure<'_>> = measures
        .iter()
        .map(|(name, value)| EventMeasure {
            name,
            value,
            event_seq: stored.seq,
            captured_at: stored.captured_at,
        })
        .collect();
    Ok(store::event_measure::insert(conn, &rows).await?)
}
